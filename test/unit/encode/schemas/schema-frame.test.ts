import assert from 'node:assert/strict'
import {test} from 'node:test'
import {NO_COLUMN_RULES} from '../../../../src/config/column-rules.ts'
import {DEFAULT_VALUE_MODES} from '../../../../src/config/value-modes.ts'
import type {ColumnShape, ColumnType} from '../../../../src/core/table-shape.ts'
import {envelopeSchemaText} from '../../../../src/encode/schemas/schema-frame.ts'
import {columnShape, tableShape} from '../../../support/encode-value.ts'

interface Schema {
  readonly type: string
  readonly optional: boolean
  readonly name?: string
  readonly version?: number
  readonly parameters?: Record<string, string>
  readonly field?: string
  readonly fields?: readonly Schema[]
}

function envelope(columns: readonly ColumnShape[]): Schema {
  const options = {topic: 'p.shop.orders', modes: DEFAULT_VALUE_MODES, columns: NO_COLUMN_RULES}
  return JSON.parse(envelopeSchemaText(tableShape(columns), options)) as Schema
}

function fieldOf(type: ColumnType, more: Partial<ColumnShape> = {}): string {
  const schema = envelope([columnShape(type, more)])
  const {type: connect, name, parameters} = schema.fields![1]!.fields![0]!
  return [connect, name, ...(parameters === undefined ? [] : [JSON.stringify(parameters)])].filter(Boolean).join(' ')
}

test("the envelope's schema has Debezium's names and versions", () => {
  const schema = envelope([columnShape('int', {name: 'id', nullable: false})])
  assert.deepEqual(
    [schema.name, schema.version, schema.optional, schema.type],
    ['p.shop.orders.Envelope', 2, false, 'struct'],
  )
  assert.deepEqual(
    schema.fields!.map(({field, name, version, optional}) => [field, name, version, optional]),
    [
      ['before', 'p.shop.orders.Value', undefined, true],
      ['after', 'p.shop.orders.Value', undefined, true],
      ['source', 'io.debezium.connector.mysql.Source', 1, false],
      ['transaction', 'event.block', 1, true],
      ['op', undefined, undefined, false],
      ['ts_ms', undefined, undefined, true],
      ['ts_us', undefined, undefined, true],
      ['ts_ns', undefined, undefined, true],
    ],
  )
})

test('every type has the Connect type and the semantic name of Debezium', () => {
  assert.equal(fieldOf('tinyint'), 'int8')
  assert.equal(fieldOf('tinyint', {unsigned: true}), 'int16')
  assert.equal(fieldOf('smallint'), 'int16')
  assert.equal(fieldOf('smallint', {unsigned: true}), 'int32')
  assert.equal(fieldOf('mediumint', {unsigned: true}), 'int32')
  assert.equal(fieldOf('int'), 'int32')
  assert.equal(fieldOf('int', {unsigned: true}), 'int64')
  assert.equal(fieldOf('bigint', {unsigned: true}), 'int64')
  assert.equal(
    fieldOf('decimal', {precision: 10, scale: 2}),
    'bytes org.apache.kafka.connect.data.Decimal {"scale":"2","connect.decimal.precision":"10"}',
  )
  assert.equal(fieldOf('float'), 'float')
  assert.equal(fieldOf('double'), 'double')
  assert.equal(fieldOf('bit', {length: 1}), 'boolean')
  assert.equal(fieldOf('bit', {length: 9}), 'bytes io.debezium.data.Bits {"length":"9"}')
  assert.equal(fieldOf('mediumtext', {charset: 'latin1'}), 'string')
  assert.equal(fieldOf('binary', {length: 3}), 'bytes')
  assert.equal(fieldOf('date'), 'int32 io.debezium.time.Date')
  assert.equal(fieldOf('time'), 'int64 io.debezium.time.MicroTime')
  assert.equal(fieldOf('datetime', {fraction: 3}), 'int64 io.debezium.time.Timestamp')
  assert.equal(fieldOf('datetime', {fraction: 4}), 'int64 io.debezium.time.MicroTimestamp')
  assert.equal(fieldOf('timestamp'), 'string io.debezium.time.ZonedTimestamp')
  assert.equal(fieldOf('year'), 'int32 io.debezium.time.Year')
  assert.equal(fieldOf('enum', {labels: ['a', 'b']}), 'string io.debezium.data.Enum {"allowed":"a,b"}')
  assert.equal(fieldOf('set', {labels: ['a', 'b']}), 'string io.debezium.data.EnumSet {"allowed":"a,b"}')
  assert.equal(fieldOf('json'), 'string io.debezium.data.Json')
})
