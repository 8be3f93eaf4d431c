import assert from 'node:assert/strict'
import {test} from 'node:test'
import {kafkaSignalRecord} from '../../../src/signals/kafka-signal-record.ts'
import type {SignalRecord} from '../../../src/signals/signal.ts'
import {parseSignal} from '../../../src/signals/signal.ts'

const place = {topic: 'shop-signal', partition: 2, offset: 5_000_000_000n}

function read(value: string | null, key: string | null = 'shop'): SignalRecord | null {
  return kafkaSignalRecord({...place, key, value}, 'shop')
}

function reasonOf(value: string | null, key: string | null = 'shop'): string {
  const parsed = parseSignal(read(value, key)!)
  return parsed.ok ? 'taken' : parsed.reason
}

test('a record as in Debezium’s tutorials is a signal with its id and its data', () => {
  const value = '{"id":"a","type":"execute-snapshot","data":{"data-collections":["shop.orders"],"type":"INCREMENTAL"}}'
  assert.deepEqual(read(value), {
    channel: 'kafka',
    occurrence: 'shop-signal-2-5000000000',
    id: 'a',
    type: 'execute-snapshot',
    data: '{"data-collections":["shop.orders"],"type":"INCREMENTAL"}',
  })
  assert.equal(reasonOf(value), 'taken')
})

test('a record without an id has its place for one, the same at each reading', () => {
  assert.equal(read('{"type":"pause-snapshot"}')!.id, 'shop-signal-2-5000000000')
  assert.equal(read('{"id":null,"type":"pause-snapshot"}')!.id, 'shop-signal-2-5000000000')
})

test('data may be a JSON text, as in the signal table', () => {
  assert.equal(read('{"type":"log","data":"{\\"message\\":\\"m\\"}"}')!.data, '{"message":"m"}')
})

test('a record with another connector’s key is not for us', () => {
  assert.equal(read('{"type":"log"}', 'Shop'), null)
  assert.equal(read('not JSON', 'other'), null)
})

for (const [what, value, reason] of [
  ['without a value', null, /has no value/],
  ['with an empty value', ' ', /has no value/],
  ['that is no JSON', '{"type":\n "log",}', /not JSON: unexpected text at line 2, column 8/],
  ['that is a list', '[]', /must be a JSON object/],
  ['without a type', '{"id":"x","data":{}}', /"type" is missing/],
  ['with a number for an id', '{"id":7,"type":"log"}', /"id" must be a text/],
  ['of an unknown type', '{"type":"snapshot"}', /unknown signal type "snapshot"; known are execute-snapshot/],
  ['with a list for data', '{"type":"log","data":[1]}', /data must be a JSON object/],
  ['without data', '{"type":"execute-snapshot"}', /"data-collections" must be a list/],
] as const) {
  test(`a record ${what} is rejected with the reason`, () => {
    assert.match(reasonOf(value), reason)
  })
}

test('a record without a key is rejected, and the reason says how to send one', () => {
  assert.match(reasonOf('{"type":"log"}', null), /no key; wanted "shop" \(topic\.prefix\).*parse\.key=true/)
})

test('what was wrong keeps the id that the sender gave', () => {
  assert.equal(read('{"id":"mine"}')!.id, 'mine')
})
