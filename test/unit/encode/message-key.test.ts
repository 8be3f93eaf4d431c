import assert from 'node:assert/strict'
import {test} from 'node:test'
import type {ColumnShape} from '../../../src/core/table-shape.ts'
import {compileRowEncoder} from '../../../src/encode/compile-row-encoder.ts'
import type {EncoderOptions} from '../../../src/encode/encoder-options.ts'
import {columnShape, ENCODER_SETTINGS, tableShape, textField, written} from '../../support/encode-value.ts'

const columns: ColumnShape[] = [
  columnShape('bigint', {name: 'id', nullable: false}),
  columnShape('varchar', {name: 'name', length: 60, charset: 'utf8mb4'}),
  columnShape('decimal', {name: 'price', precision: 20, scale: 10}),
  columnShape('date', {name: 'day'}),
]

function key(settings: Partial<EncoderOptions['settings']>, fields: readonly (string | null)[]): string {
  const encoder = compileRowEncoder({
    shape: tableShape(columns),
    messageKey: columns.map((_, i) => i),
    rowKey: [0],
    options: {settings: {...ENCODER_SETTINGS, ...settings}},
  })
  const packet = Buffer.concat(fields.map(textField))
  written(out => encoder.encodeText(packet, 0, packet.length, out))
  return written(out => encoder.writeMessageKey(out))
}

test('the JSON key has the key columns in key order', () => {
  assert.equal(
    key({}, ['9007199254740993', 'a"b', null, '1970-01-02']),
    '{"id":9007199254740993,"name":"a\\"b","price":null,"day":1}',
  )
})

test("the key's frame is the one that Connect writes", () => {
  const framed = key({keySchemasEnabled: true}, ['1', 'x', '1.0000000000', null])
  assert.equal(
    framed,
    '{"schema":{"type":"struct","fields":[' +
      '{"type":"int64","optional":false,"field":"id"},' +
      '{"type":"string","optional":true,"field":"name"},' +
      '{"type":"bytes","optional":true,"name":"org.apache.kafka.connect.data.Decimal","version":1,' +
      '"parameters":{"scale":"10","connect.decimal.precision":"20"},"field":"price"},' +
      '{"type":"int32","optional":true,"name":"io.debezium.time.Date","version":1,"field":"day"}],' +
      '"optional":false,"name":"p.shop.orders.Key"},' +
      '"payload":{"id":1,"name":"x","price":"AlQL5AA=","day":null}}',
  )
})

test("the StringConverter's key is the struct's text, without its nulls", () => {
  assert.equal(
    key({keyConverter: 'string'}, ['9007199254740993', 'a"b,é', '-12.5000000000', null]),
    'Struct{id=9007199254740993,name=a"b,é,price=-12.5000000000}',
  )
  assert.equal(
    key({keyConverter: 'string'}, ['1', null, '0.0000000001', '1970-01-02']),
    'Struct{id=1,price=1E-10,day=1}',
  )
  assert.equal(key({keyConverter: 'string'}, ['1', 'null', null, null]), 'Struct{id=1,name=null}')
})

test('the StringConverter refuses a binary key by name', () => {
  const source = {
    shape: tableShape([columnShape('varbinary', {name: 'raw', length: 10})]),
    messageKey: [0],
    rowKey: [0],
    options: {settings: {...ENCODER_SETTINGS, keyConverter: 'string' as const}},
  }
  assert.throws(() => compileRowEncoder(source), {
    code: 'TIDEMARK_VALUE_UNSUPPORTED_KEY',
    message: /column raw.*varbinary/,
  })
})
