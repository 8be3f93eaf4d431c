import assert from 'node:assert/strict'
import {test} from 'node:test'
import {readDebeziumOffset} from '../../../src/state/debezium-offset.ts'

const WRONG = 'TIDEMARK_STATE_DEBEZIUM_OFFSET'

test('an offset inside of a transaction', () => {
  const text = JSON.stringify({file: 'binlog.000003', pos: 412, gtids: 'a-b:1-5,\nc-d:1', event: 3, row: 2, ts_sec: 1})
  assert.deepEqual(readDebeziumOffset(text, 'shop'), {
    ...{file: 'binlog.000003', pos: 412, gtids: 'a-b:1-5,c-d:1', event: 3, row: 2},
    snapshot: null,
  })
})

test('the answer of Connect’s interface gives the offset of our server', () => {
  const offsets = ['other', 'shop'].map(server => ({partition: {server}, offset: {file: `${server}.1`, pos: 4}}))
  assert.equal(readDebeziumOffset(JSON.stringify({offsets}), 'shop').file, 'shop.1')
  assert.throws(() => readDebeziumOffset(JSON.stringify({offsets}), 'none'), {code: WRONG, message: /"none"/})
})

test('a running incremental snapshot, its conditions and the key that it has not begun', () => {
  const item = (id: string, more: object = {}): object => ({incremental_snapshot_collections_id: id, ...more})
  const text = JSON.stringify({
    ...{file: 'b.1', pos: 4, incremental_snapshot_correlation_id: 'sig-1'},
    incremental_snapshot_primary_key: 'aced000570',
    incremental_snapshot_collections: JSON.stringify([
      item('shop.orders', {incremental_snapshot_collections_additional_condition: '(id > 5)'}),
      item('shop.lines', {incremental_snapshot_collections_surrogate_key: 'nr'}),
    ]),
  })
  assert.deepEqual(readDebeziumOffset(text, 'shop').snapshot, {
    id: 'sig-1',
    tables: [
      {database: 'shop', table: 'orders', condition: '(id > 5)', surrogateKey: null},
      {database: 'shop', table: 'lines', condition: null, surrogateKey: 'nr'},
    ],
    ...{lastKey: null, maximumKey: null},
  })
})

test('an initial snapshot that had not ended is refused, and so is what is no offset', () => {
  const initial = JSON.stringify({file: 'b.1', pos: 4, snapshot: 'INITIAL'})
  assert.throws(() => readDebeziumOffset(initial, 'shop'), {code: WRONG, message: /had not ended/})
  for (const text of ['', '[]', '{"pos":4}', '{"file":"b.1","pos":-1}'])
    assert.throws(() => readDebeziumOffset(text, 'shop'), {code: WRONG})
})
