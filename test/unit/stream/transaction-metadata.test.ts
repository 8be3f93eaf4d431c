// Transaction events and the orders in change events, on the real dispatcher and writer.

import assert from 'node:assert/strict'
import {test} from 'node:test'
import {nameRewrite} from '../../../src/config/java-replacement.ts'
import type {Transform} from '../../../src/config/transforms/transform.ts'
import type {MemoryEvent} from '../../support/memory-sink.ts'
import {MemorySink} from '../../support/memory-sink.ts'
import {
  BinlogScript,
  settled,
  SID,
  signalTable,
  streamTable,
  StreamParts,
  textImage,
} from '../../support/stream-parts.ts'
import type {StreamPartsOptions} from '../../support/stream-parts.ts'

const T = streamTable('t')
const U = streamTable('u')
const UNCAPTURED = streamTable('no')

function image(id: number, v: string): Buffer {
  return Buffer.from([0, id, 0, 0, 0, v.length, ...Buffer.from(v)])
}

async function open(options: StreamPartsOptions = {}): Promise<StreamParts> {
  return await new StreamParts({transactions: true, isCaptured: table => table !== 'no', ...options}).open()
}

interface Value {
  readonly status?: string
  readonly id?: string
  readonly event_count?: number | null
  readonly data_collections?: readonly {readonly data_collection: string; readonly event_count: number}[] | null
  readonly op?: string
  readonly source?: {readonly table: string; readonly query: string | null}
  readonly transaction?: {
    readonly id: string
    readonly total_order: number
    readonly data_collection_order: number
  } | null
}

function shown({value}: MemoryEvent): string {
  if (value === null) return '-'
  const {status, id, event_count: count, data_collections: tables, op, source, transaction} = JSON.parse(value) as Value
  const number = (gtid: string): string => gtid.replace(`${SID}:`, '')
  if (status !== undefined) {
    const counts = (tables ?? []).map(table => `${table.data_collection}=${table.event_count}`)
    return [status, number(id!), ...(count === null ? [] : [count]), ...counts].join(' ')
  }
  const at = transaction == null ? 'none' : `${number(transaction.id)}/${transaction.total_order}`
  return [op, source!.table, at, ...(transaction == null ? [] : [transaction.data_collection_order])].join(' ')
}

function transactionEvents(parts: StreamParts): string[] {
  parts.emitter.flush()
  return parts.sink.sent.filter(({topic}) => topic === 'p.transaction').map(shown)
}

function changeEvents(parts: StreamParts): string[] {
  parts.emitter.flush()
  return parts.sink.sent.filter(({topic}) => topic !== 'p.transaction').map(shown)
}

test('every transaction begins and ends, also one without a captured row, and its events are counted', async () => {
  const parts = await open({sink: new MemorySink({batchBytes: 1})})
  const script = new BinlogScript()
  script.begin(1).rows('c', T, image(1, 'a'), image(2, 'b')).rows('c', U, image(1, 'x')).rows('d', T, image(1, 'a'))
  script.commit()
  script.begin(2).commit()
  script.begin(3).rows('c', UNCAPTURED, image(1, 'a')).commit()
  script.begin(4).rows('c', U, image(2, 'x')).commit()
  await parts.dispatcher.dispatch(script.read())
  parts.emitter.flush()
  assert.deepEqual(parts.sink.sent.map(shown), [
    'BEGIN 1',
    ...['c t 1/1 1', 'c t 1/2 2', 'c u 1/3 1', 'd t 1/4 3', '-'],
    'END 1 4 d.t=3 d.u=1',
    'BEGIN 2',
    'END 2 0',
    'BEGIN 3',
    'END 3 0',
    ...['BEGIN 4', 'c u 4/1 1', 'END 4 1 d.u=1'],
  ])
})

test('begin and end share key and partition, and have no headers', async () => {
  const parts = await open({sink: new MemorySink({partitions: 7})})
  await parts.dispatcher.dispatch(new BinlogScript().begin(1).commit().begin(2).commit().read())
  parts.emitter.flush()
  const found = parts.sink.sent.map(({key, partition, headers}) => ({key, partition, headers}))
  const [one, two] = [1, 2].map(gno => found.filter(({key}) => key === `{"id":"${SID}:${gno}"}`))
  for (const both of [one!, two!]) {
    assert.equal(both.length, 2)
    assert.deepEqual(both[0], both[1])
    assert.deepEqual(both[0]!.headers, {})
  }
})

test('a change of the key counts as two events, tombstones and what is left out as none', async () => {
  const parts = await open({settings: {skippedOperations: new Set(['c']), skipsUnchanged: true}})
  const script = new BinlogScript().begin(1).rows('c', T, image(1, 'a'))
  script.rows('u', T, image(1, 'a'), image(1, 'a'), image(1, 'a'), image(2, 'a'), image(3, 'a'), image(3, 'b')).commit()
  await parts.dispatcher.dispatch(script.read())
  assert.deepEqual(changeEvents(parts), ['d t 1/1 1', '-', 'c t 1/2 2', 'u t 1/3 3'])
  assert.deepEqual(transactionEvents(parts), ['BEGIN 1', 'END 1 3 d.t=3'])
})

test('rows of the signal table count where they are emitted', async () => {
  for (const signalTableEvents of [true, false]) {
    const parts = await open({signalTableEvents})
    const script = new BinlogScript().begin(1).rows('c', signalTable(), textImage('a', 'log', '{}'))
    await parts.dispatcher.dispatch(script.commit().read())
    const end = signalTableEvents ? 'END 1 1 d.signal=1' : 'END 1 0'
    assert.deepEqual(transactionEvents(parts), ['BEGIN 1', end])
  }
})

test('resumed inside a transaction the orders go on, the end counts all, and the begin does not come again', async () => {
  const resume = {sid: SID, gno: 5, rows: 4}
  const parts = await open({resume})
  const script = new BinlogScript().begin(5).rows('c', UNCAPTURED, image(9, 'a')).rows('c', U, image(1, 'a'))
  script.rows('u', T, image(1, 'a'), image(2, 'a'), image(3, 'a'), image(3, 'b'), image(4, 'a'), image(4, 'b'))
  await parts.dispatcher.dispatch(script.commit().begin(6).commit().read())
  assert.deepEqual(changeEvents(parts), ['u t 5/5 4'])
  assert.deepEqual(transactionEvents(parts), ['END 5 5 d.u=1 d.t=4', 'BEGIN 6', 'END 6 0'])
})

test('a connection that is lost inside a transaction does not repeat its begin', async () => {
  for (const rows of [0, 1]) {
    const parts = await open()
    const script = new BinlogScript().begin(1)
    if (rows > 0) script.rows('c', T, image(1, 'a'))
    await parts.dispatcher.dispatch(script.read())
    const {place} = parts.dispatcher
    parts.dispatcher.reconnected(place, place.rows > 0 ? place : null)
    const again = new BinlogScript().begin(1).rows('c', T, image(1, 'a'), image(2, 'b')).commit()
    await parts.dispatcher.dispatch(again.read())
    assert.deepEqual(changeEvents(parts), ['c t 1/1 1', 'c t 1/2 2'])
    assert.deepEqual(transactionEvents(parts), ['BEGIN 1', 'END 1 2 d.t=2'])
  }
})

test('an end that has not arrived keeps the offset inside its transaction', async () => {
  const sink = new MemorySink({acks: 'held', batchBytes: 1})
  const parts = await open({sink})
  await parts.dispatcher.dispatch(new BinlogScript().begin(1).rows('c', T, image(1, 'a')).commit().read())
  const safe = (): unknown => {
    const {rows, gno, gtidCount} = parts.tracker.safePlace(parts.dispatcher.place)
    return {rows, gno, gtidCount}
  }
  assert.deepEqual(safe(), {rows: 0, gno: 1, gtidCount: 0}, 'the begin')
  sink.acknowledge(2)
  await settled()
  assert.deepEqual(safe(), {rows: 1, gno: 1, gtidCount: 0}, 'the end')
  sink.acknowledge(1)
  await settled()
  assert.deepEqual(safe(), {rows: 0, gno: 0, gtidCount: 1})
})

test('without GTIDs a transaction is named by the file and the place of its BEGIN', async () => {
  const parts = await open()
  const script = new BinlogScript().add({kind: 'gtid', sid: '', gno: 0})
  const {file, pos} = script
  await parts.dispatcher.dispatch(script.begin().rows('c', T, image(1, 'a')).commit().read())
  const id = `file=${file},pos=${pos}`
  assert.deepEqual(transactionEvents(parts), [`BEGIN ${id}`, `END ${id} 1 d.t=1`])
  assert.deepEqual(changeEvents(parts), [`c t ${id}/1 1`])
})

test('DDL is no transaction, CREATE TABLE … SELECT is one, and what is rolled back in the binlog ends', async () => {
  const parts = await open()
  const script = new BinlogScript().gtid(1).query('ALTER TABLE t ADD c INT')
  script.begin(2).query('CREATE TABLE t (id INT)').rows('c', T, image(1, 'a')).commit()
  script.begin(3).rows('c', T, image(2, 'a')).add({kind: 'rollback'})
  await parts.dispatcher.dispatch(script.read())
  assert.deepEqual(transactionEvents(parts), ['BEGIN 2', 'END 2 1 d.t=1', 'BEGIN 3', 'END 3 1 d.t=1'])
})

test('transaction events go where transforms send their topic', async () => {
  const transform: Transform = {
    type: 'regex-router',
    name: 'r',
    choice: null,
    topic: nameRewrite('(.*)\\.transaction', '$1-tx'),
  }
  const parts = await open({settings: {transforms: [transform]}})
  await parts.dispatcher.dispatch(new BinlogScript().begin(1).commit().read())
  parts.emitter.flush()
  assert.deepEqual(
    parts.sink.sent.map(({topic}) => topic),
    ['p-tx', 'p-tx'],
  )
})

test('switched off, nothing is told and events have no transaction', async () => {
  const parts = await open({transactions: false})
  await parts.dispatcher.dispatch(new BinlogScript().begin(1).rows('c', T, image(1, 'a')).commit().read())
  assert.deepEqual(transactionEvents(parts), [])
  assert.deepEqual(changeEvents(parts), ['c t none'])
})

test('rows have the statement that was logged before them, up to the next one or the end', async () => {
  for (const includesQuery of [true, false]) {
    const parts = await open({transactions: false, includesQuery})
    const script = new BinlogScript().begin(1).add({kind: 'rows-query', sql: 'INSERT 1'}).rows('c', T, image(1, 'a'))
    script.add({kind: 'rows-query', sql: 'INSERT 2'}).rows('c', T, image(2, 'a')).rows('c', U, image(2, 'a')).commit()
    script.begin(2).rows('c', T, image(3, 'a')).commit()
    await parts.dispatcher.dispatch(script.read())
    parts.emitter.flush()
    const found = parts.sink.sent.map(({value}) => (JSON.parse(value!) as Value).source!)
    const queries = (table: string): unknown[] => found.filter(each => each.table === table).map(({query}) => query)
    const [one, two] = includesQuery ? ['INSERT 1', 'INSERT 2'] : [null, null]
    assert.deepEqual(queries('t'), [one, two, null])
    assert.deepEqual(queries('u'), [two])
  }
})
