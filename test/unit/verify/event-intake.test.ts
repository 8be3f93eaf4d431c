import assert from 'node:assert/strict'
import {test} from 'node:test'
import {GtidSet} from '../../../src/core/gtid-set.ts'
import {EventIntake, type BufferRange, type IntakeScope} from '../../../src/verify/event-intake.ts'
import {
  DELETE_OPEN,
  DELETE_SHOWN,
  TOMBSTONE,
  TRUNCATE_SHOWN,
  UPSERT_OPEN,
  UPSERT_SHOWN,
} from '../../../src/verify/record-kinds.ts'
import {SpillStore} from '../../../src/verify/spill-store.ts'

const sid = '2d27e3f2-e590-11f1-ac5b-02fc00000001'
const place = {
  executed: GtidSet.parse(`${sid}:1-10`),
  from: {file: 'b.000001', pos: 1000},
  to: {file: 'b.000001', pos: 2000},
}

interface Given {
  readonly key: string | null
  /** Null: a tombstone. */
  readonly op: string | null
  readonly gno?: number
  readonly pos?: number
  readonly after?: string
  readonly table?: number
}

function range(text: string): BufferRange {
  // In the middle of a larger buffer, as events come.
  const bytes = Buffer.from(`<<${text}>>`)
  return {bytes, start: 2, end: bytes.length - 2}
}

const own: IntakeScope = {
  tables: 2,
  topics: [
    {type: 'own', table: 0},
    {type: 'own', table: 1},
  ],
}

function taken(events: readonly Given[], scope = own): {records: [number, string, string][]; intake: EventIntake} {
  const store = new SpillStore({buckets: 1, memoryBytes: 1e9})
  const intake = new EventIntake(store, place, scope)
  for (const {key, op, gno = 1, pos = 4, after = '{"id":1}', table = 0} of events) {
    const image = op === 'd' || op === 't' ? 'null' : after
    const source = `{"file":"b.000001","pos":${pos},"gtid":"${sid.toUpperCase()}:${gno}"}`
    const value = op === null ? null : range(`{"before":null,"after":${image},"source":${source},"op":"${op}"}`)
    intake.take(table, key === null ? null : range(key), value)
  }
  const records: [number, string, string][] = []
  store.buckets[0]!.read(({kind, bytes, keyStart, keyEnd, rowEnd}) => {
    records.push([kind, bytes.toString('utf8', keyStart, keyEnd), bytes.toString('utf8', keyEnd, rowEnd)])
  })
  return {records, intake}
}

test('events are kept with what they leave behind and whether the read view shows them', () => {
  const {records} = taken([
    {key: '{"id":1}', op: 'c', after: '{"id":1,"v":9007199254740993}'},
    {key: '{"id":1}', op: 'u', gno: 11, pos: 1500, after: '{"id":1,"v":2}'},
    {key: '{"id":1}', op: 'd', gno: 12, pos: 1600},
    {key: '{"id":1}', op: 'r', gno: 12, pos: 1700},
    {key: '{"id":2}', op: 'd'},
    {key: null, op: 't'},
  ])
  assert.deepEqual(records, [
    [UPSERT_SHOWN, '{"id":1}', '{"id":1,"v":9007199254740993}'],
    [UPSERT_OPEN, '{"id":1}', '{"id":1,"v":2}'],
    [DELETE_OPEN, '{"id":1}', ''],
    [UPSERT_OPEN, '{"id":1}', '{"id":1}'],
    [DELETE_SHOWN, '{"id":2}', ''],
    [TRUNCATE_SHOWN, '', ''],
  ])
})

test('an event behind the place is counted and left out, and so is the tombstone of its delete', () => {
  const {records, intake} = taken([
    {key: '{"id":1}', op: 'c'},
    {key: '{"id":1}', op: 'd', gno: 20, pos: 2000},
    {key: '{"id":1}', op: null},
  ])
  assert.deepEqual(
    records.map(([kind]) => kind),
    [UPSERT_SHOWN],
  )
  assert.deepEqual([intake.counts[0]!.events, intake.counts[0]!.behind], [3, 1])
})

test('a tombstone is kept where the event before it was not the delete of its key', () => {
  const {records} = taken([
    {key: '{"id":1}', op: 'd'},
    {key: '{"id":2}', op: null},
    {key: '{"id":2}', op: null},
    {key: '{"id":2}', op: 'c'},
    {key: '{"id":2}', op: null},
  ])
  const kinds = records.map(([kind]) => kind)
  assert.deepEqual(kinds, [DELETE_SHOWN, TOMBSTONE, TOMBSTONE, UPSERT_SHOWN, TOMBSTONE])
})

test('the events of another table do not come between a delete and its tombstone', () => {
  const {records} = taken([
    {key: '{"id":1}', op: 'd'},
    {key: '{"id":1}', op: 'c', table: 1},
    {key: '{"id":1}', op: null},
  ])
  assert.equal(
    records.some(([kind]) => kind === TOMBSTONE),
    false,
  )
})

/** One topic with the tables a and b of the database s; events name theirs, or somebody else's. */
function takenOfShared(records: readonly {key: string | null; op: string | null; table?: string}[]) {
  const shared = {tables: new Map([['s"a', 0], ['s"b', 1]])} // prettier-ignore
  const store = new SpillStore({buckets: 1, memoryBytes: 1e9})
  const intake = new EventIntake(store, place, {tables: 2, topics: [{type: 'shared', ...shared}]})
  for (const {key, op, table = ''} of records) {
    const source = `{"db":"s","table":"${table}","file":"b.000001","pos":4,"gtid":null}`
    const change = `{"before":null,"after":${op === 'd' ? 'null' : '{}'},"source":${source},"op":"${op}"}`
    const value = op === null ? null : range(op === 'heartbeat' ? '{"ts_ms":1}' : change)
    intake.take(0, key === null ? null : range(key), value)
  }
  const taken: [number, number, string][] = []
  store.buckets[0]!.read(({kind, table, bytes, keyStart, keyEnd}) => {
    taken.push([table, kind, bytes.toString('utf8', keyStart, keyEnd)])
  })
  return {taken, counts: intake.counts.map(({events}) => events)}
}

test('in a shared topic an event belongs to the table that its source names, and other records to none', () => {
  const {taken, counts} = takenOfShared([
    {key: '1', op: 'c', table: 'a'},
    {key: '1', op: 'c', table: 'b'},
    {key: '1', op: 'c', table: 'other'},
    {key: 'x', op: 'heartbeat'},
    {key: '2', op: 'd', table: 'b'},
    {key: '2', op: null},
    {key: '3', op: 'd', table: 'other'},
    {key: '3', op: null},
  ])
  assert.deepEqual(taken, [
    [0, UPSERT_SHOWN, '1'],
    [1, UPSERT_SHOWN, '1'],
    [1, DELETE_SHOWN, '2'],
  ])
  assert.deepEqual(counts, [1, 3])
})

test('in a shared topic a tombstone without its delete may belong to each of the tables', () => {
  const {taken} = takenOfShared([{key: '1', op: null}])
  assert.deepEqual(taken, [
    [0, TOMBSTONE, '1'],
    [1, TOMBSTONE, '1'],
  ])
})

test('a key is the same with its schema frame and without, and after its schema changed', () => {
  const {records} = taken([
    {key: '{"schema":{"type":"struct","fields":[{"type":"int32"}]},"payload":{"id":1}}', op: 'c'},
    {key: '{"schema":{"type":"struct","fields":[{"type":"int64"}]},"payload":{"id":1}}', op: 'c'},
    {key: '{"id":1}', op: 'c'},
  ])
  assert.deepEqual(
    records.map(([, key]) => key),
    ['{"id":1}', '{"id":1}', '{"id":1}'],
  )
})

test('events without a key and read events are counted', () => {
  const {intake, records} = taken([
    {key: null, op: 'c'},
    {key: '{"id":1}', op: 'r'},
  ])
  assert.deepEqual([intake.counts[0]!.withoutKey, intake.counts[0]!.reads, records.length], [1, 1, 1])
})

test('places of two partitions are told apart, though they are in the same file', () => {
  const store = new SpillStore({buckets: 1, memoryBytes: 1e9})
  const intake = new EventIntake(store, place, own)
  const value = '{"before":null,"after":{"id":1},"source":{"file":"b.000001","pos":4},"op":"c"}'
  for (const partition of [0, 2, 0]) intake.take(0, range('{"id":1}'), range(value), {partition, copyId: null})
  const files: number[] = []
  store.buckets[0]!.read(({file}) => files.push(file))
  assert.deepEqual(files, [0, 1, 0])
  assert.deepEqual(
    [intake.files, intake.partitions],
    [
      ['b.000001', 'b.000001'],
      [0, 2],
    ],
  )
})
