import assert from 'node:assert/strict'
import {test} from 'node:test'
import {NO_COLUMN_RULES} from '../../../../src/config/column-rules.ts'
import {DEFAULT_VALUE_MODES} from '../../../../src/config/value-modes.ts'
import type {SchemaSettings} from '../../../../src/config/schema-settings.ts'
import type {ColumnShape, ColumnType, DeclaredDefault} from '../../../../src/core/table-shape.ts'
import {envelopeSchemaText, type SchemaContext} from '../../../../src/encode/schemas/schema-frame.ts'
import {columnShape, tableShape} from '../../../support/encode-value.ts'
import {AS_THEY_ARE} from '../../../../src/encode/output-columns.ts'

interface Schema {
  readonly type: string
  readonly optional: boolean
  readonly name?: string
  readonly version?: number
  readonly parameters?: Record<string, string>
  readonly field?: string
  readonly fields?: readonly Schema[]
}

function envelope(columns: readonly ColumnShape[], more: Partial<SchemaContext> = {}): Schema {
  const settings = {valueModes: DEFAULT_VALUE_MODES, columns: NO_COLUMN_RULES, ...AS_THEY_ARE, ...more}
  return JSON.parse(envelopeSchemaText(tableShape(columns), 'p.shop.orders', settings)) as Schema
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

/** The field of a column with a definition. */
function declaredField(
  type: ColumnType,
  [definition, value]: readonly [definition: string, value: DeclaredDefault | string | null],
  {more = {}, schemas = {}}: {more?: Partial<ColumnShape>; schemas?: Partial<SchemaSettings>} = {},
): string {
  const fallback: DeclaredDefault =
    value === null ? {type: 'none'} : typeof value === 'string' ? {type: 'constant', text: value} : value
  const declared = {type: definition, default: fallback, comment: 'why'}
  const column = columnShape(type, {...more, declared})
  const settings = {valueModes: DEFAULT_VALUE_MODES, columns: NO_COLUMN_RULES, ...AS_THEY_ARE}
  const schemaSettings = {...settings, schemas: {...settings.schemas, ...schemas}}
  const text = envelopeSchemaText(tableShape([column]), 'p', schemaSettings)
  return text.slice(text.indexOf('[', text.indexOf('[') + 1) + 1, text.indexOf('],"optional":true'))
}

for (const [type, definition, value, wanted, more] of [
  ['int', 'int', '-5', '"default":-5'],
  ['bigint', 'bigint', '9223372036854775807', '"default":9223372036854775807'],
  ['decimal', 'decimal(10,2)', '1.50', '"default":"AJY="', {precision: 10, scale: 2}],
  ['varchar', 'varchar(9)', `x'y"`, '"default":"x\'y\\""', {charset: 'utf8mb4'}],
  ['bit', 'bit(1)', `b'1'`, '"default":true', {length: 1}],
  ['bit', 'bit(20)', `b'10000000011'`, '"default":"AwQA"', {length: 20}],
  ['enum', `enum('a','b')`, 'b', '"default":"b"', {labels: ['a', 'b']}],
  ['set', `set('a','b','c')`, 'a,c', '"default":"a,c"', {labels: ['a', 'b', 'c']}],
  ['varbinary', 'varbinary(5)', '0x00FF', '"default":"AP8="'],
  ['date', 'date', '2020-01-02', '"default":18263'],
  ['date', 'date', '0000-00-00', '"default":0', {nullable: false}],
  ['datetime', 'datetime(3)', '2020-01-02 03:04:05.123', '"default":1577934245123', {fraction: 3}],
  ['datetime', 'datetime', {type: 'now'}, '"default":0'],
  ['timestamp', 'timestamp', {type: 'now'}, '"default":"1970-01-01T00:00:00Z"', {nullable: false}],
] as const) {
  test(`the default of ${definition} ${JSON.stringify(value)} is ${wanted}`, () => {
    const field = declaredField(type, [definition, value], {more: more as Partial<ColumnShape>})
    assert.ok(field.includes(`${wanted},"field":"v"}`), field)
  })
}

test('no default: an expression, a zero date that is NULL, CURRENT_TIMESTAMP that may be NULL', () => {
  assert.ok(!declaredField('int', ['int', null]).includes('default'))
  assert.ok(!declaredField('date', ['date', '0000-00-00']).includes('default'))
  assert.ok(!declaredField('timestamp', ['timestamp', {type: 'now'}]).includes('default'))
})

test('source types are propagated by column or by type, with comments where wanted', () => {
  const parameters = (definition: string, schemas: Partial<SchemaSettings>, type: ColumnType = 'int'): unknown =>
    (JSON.parse(declaredField(type, [definition, null], {schemas})) as Schema).parameters
  const named = (type: string, more: object = {}): object => ({
    '__debezium.source.column.type': type,
    ...more,
    '__debezium.source.column.name': 'v',
  })
  const all = {sourceTypeColumns: [/^shop\.orders\.v$/]}
  assert.deepEqual(parameters('int', all), named('INT'))
  const six = {'__debezium.source.column.length': '6'}
  assert.deepEqual(parameters('int(6) unsigned zerofill', all), named('INT UNSIGNED ZEROFILL', six))
  assert.deepEqual(
    parameters('int', {...all, comments: true}),
    named('INT', {'__debezium.source.column.comment': 'why'}),
  )
  assert.deepEqual(
    parameters('int unsigned', {sourceTypeNames: [/^shop\.orders\.INT UNSIGNED$/]}),
    named('INT UNSIGNED'),
  )
  assert.equal(parameters('int', {sourceTypeNames: [/^shop\.orders\.INT UNSIGNED$/]}), undefined)
})
