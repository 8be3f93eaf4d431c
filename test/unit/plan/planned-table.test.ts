import assert from 'node:assert/strict'
import {test} from 'node:test'
import type {RowPacket} from '../../../src/plan/chunk-samples.ts'
import type {SnapshotPace} from '../../../src/plan/duration.ts'
import {plannedTable, rowsOfChunk, type FoundTable, type PlanningTerms} from '../../../src/plan/planned-table.ts'
import type {PlannedTable} from '../../../src/plan/plan-report.ts'

const pace: SnapshotPace = {
  ...{lanes: 1, sinkBytesPerSecond: null, sinkRowsPerSecond: null},
  ...{maxRowsPerSecond: null, sharedProcessors: null},
}
const terms: PlanningTerms = {pace, chunkRows: 2_048, chunkMemoryMb: 8}

/** A million rows, 2,048 of them read in 20.48 ms: 10 µs a row, and 2 µs more to encode it. */
const orders: FoundTable = {
  size: {rows: 1_000_000, rowBytes: 100},
  chunkKey: [{column: 0, name: 'id', literal: 'plain', expression: null}],
  isKeyless: false,
  sampled: {
    samples: [{place: 'first', rows: 2_048, milliseconds: 20.48}],
    rows: [{} as RowPacket],
    access: {access: 'range', index: 'PRIMARY', extra: null},
  },
  events: {
    ...{encodeSecondsPerRow: 2e-6, buildSecondsPerRow: 3e-6},
    ...{heldBytes: 120, eventBytes: 600.4, sinkBytes: 700},
  },
  rowsCounted: null,
  chunkRows: 2_048,
}

function planned(change: Partial<FoundTable> = {}, of: Partial<PlanningTerms> = {}): PlannedTable {
  return plannedTable('shop.orders', {...orders, ...change}, {...terms, ...of})
}

function withAccess(access: string | null, index: string | null = null): FoundTable {
  return {...orders, sampled: {...orders.sampled, access: {access, index, extra: null}}}
}

test('duration is the rows by what the SELECT and the encoding of a chunk take, and the last chunk counts as one', () => {
  const {rows, rowsExact, chunks, chunkMilliseconds, durationSeconds, bottleneck, eventBytes} = planned()
  assert.deepEqual([rows, rowsExact, chunks], [1_000_000, false, 489])
  assert.deepEqual([chunkMilliseconds, durationSeconds, bottleneck, eventBytes], [24.6, 12, 'reading', 600])
  assert.equal(planned({}, {pace: {...pace, lanes: 2}}).durationSeconds, 6)
})

test('what was counted wins over the estimate, and a sample that saw more, or all of the table, too', () => {
  const counted = planned({rowsCounted: 500})
  assert.deepEqual([counted.rows, counted.rowsExact], [500, true])
  const wrong = (rows: number, seen: number): number =>
    planned({
      size: {rows, rowBytes: 100},
      sampled: {...orders.sampled, samples: [{place: 'first', rows: seen, milliseconds: 1}]},
    }).rows
  assert.deepEqual([wrong(900, 2_048), wrong(900, 4), wrong(0, 4)], [2_048, 4, 4])
})

test('a table of four rows has the time of four rows as that of its chunk', () => {
  const samples = [{place: 'first', rows: 4, milliseconds: 6}] as const
  const {chunkMilliseconds, chunks} = planned({sampled: {...orders.sampled, samples}})
  assert.deepEqual([chunkMilliseconds, chunks], [6, 1])
})

test('of a table without rows there is nothing to time, of one whose sample saw none nothing is known', () => {
  const sampled = {samples: [], rows: [], access: null}
  const empty = planned({size: {rows: 0, rowBytes: 0}, sampled})
  const {rows, durationSeconds, chunkMilliseconds, eventBytes} = empty
  assert.deepEqual([rows, durationSeconds, chunkMilliseconds, eventBytes], [0, 0, null, null])
  assert.equal(empty.key!.isRange, true)
  assert.equal(planned({rowsCounted: 7, sampled}).durationSeconds, null)
})

test('an access that goes to the rows of a chunk is a range, any other scans, and is told with the index that mends it', () => {
  for (const access of ['range', 'const', 'ref', 'eq_ref', 'system']) {
    assert.equal(planned(withAccess(access, 'PRIMARY')).key!.isRange, true, access)
  }
  for (const access of ['ALL', 'index', 'index_merge', 'fulltext']) {
    assert.equal(planned(withAccess(access)).key!.isRange, false, access)
  }
  assert.deepEqual(planned(withAccess('index', 'x')).notes, [
    'a chunk is not read as a range of its key (EXPLAIN: index, the index x), so that each may scan far: a visible index on (id) mends it',
  ])
  // One chunk is the whole table.
  assert.deepEqual(planned({...withAccess('ALL'), rowsCounted: 2_048}).notes, [])
})

test('a table without a key is one read, whatever the lanes, and has no chunks', () => {
  const {reader, key, chunks, durationSeconds} = planned({isKeyless: true, chunkKey: []}, {pace: {...pace, lanes: 4}})
  assert.deepEqual([reader, key, chunks, durationSeconds], ['parallel', null, 0, 12.5])
})

test('the advised chunk goes by the row in the table or in memory, whichever is larger', () => {
  const advised = (rowBytes: number, heldBytes: number): number =>
    planned({size: {rows: 1_000_000, rowBytes}, events: {...orders.events, heldBytes}}).advisedChunkRows
  assert.deepEqual([advised(2_048, 100), advised(100, 2_048), advised(100, 100)], [4_096, 4_096, 8_192])
})

test('chunks end at 8 MB, and a plan says so', () => {
  assert.deepEqual(
    [rowsOfChunk(2_048, 100), rowsOfChunk(2_048, 8_192), rowsOfChunk(2_048, 99_999_999)],
    [2_048, 1_024, 1],
  )
  assert.deepEqual(planned({chunkRows: 1_024}).notes, [
    'its chunks end at 8 MB, which is about 1024 rows instead of 2048',
  ])
})
