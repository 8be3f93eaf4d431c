// Snapshot bookkeeping by hand: plans, runs and chunks of `d.<table>` (id, v), for unit tests.

import type {TableId} from '../../src/core/table-id.ts'
import {shapeFingerprint} from '../../src/core/table-shape.ts'
import type {ReadChunk} from '../../src/snapshot/chunk-lane.ts'
import type {ReadTarget, TableDescription} from '../../src/snapshot/prepared-table.ts'
import {newSnapshotPlan} from '../../src/snapshot/snapshot-plan.ts'
import type {RangePlan, SnapshotPlan, SnapshotTerms} from '../../src/snapshot/snapshot-plan.ts'
import {TableRun} from '../../src/snapshot/table-run.ts'
import type {ChunkRun, ChunkState, RangeRun} from '../../src/snapshot/table-run.ts'
import {streamTable} from './stream-parts.ts'

let nextOrdinal = 0

export function tableId(table: string): TableId {
  return {database: 'd', table}
}

export function plan(
  tables: readonly string[],
  {id = 's', kind = 'incremental', terms = {}}: {id?: string; kind?: SnapshotPlan['kind']; terms?: SnapshotTerms} = {},
): SnapshotPlan {
  return newSnapshotPlan({
    id,
    kind,
    ...(terms === undefined ? {} : {terms}),
    tables: tables.map(table => ({table: tableId(table), condition: null, surrogateKey: null})),
  })
}

/** A chunk as a lane hands it over: `ids` are its rows; `end` null and `last` unless `more`. */
export function readChunk(
  ids: readonly number[],
  {low = 0, more = false, granted = 0, jobId = 1, sequence = 0}: ReadChunkOptions = {},
): ReadChunk {
  const parts: string[] = []
  const ends: number[] = []
  let at = 0
  for (const id of ids) {
    for (const text of [`{"id":${id},"v":"r"}`, `{"id":${id}}`, String(id)]) {
      parts.push(text)
      at += text.length
      ends.push(at)
    }
  }
  const bytes = new Uint8Array(Buffer.from(parts.join('')))
  const end = more ? [String(ids.at(-1) ?? 0)] : null
  return {
    jobId,
    sequence,
    low,
    rows: ids.length,
    bytes,
    ends: Uint32Array.from(ends),
    end,
    last: !more,
    granted,
    milliseconds: 1,
  }
}

export interface ReadChunkOptions {
  readonly low?: number
  readonly more?: boolean
  readonly granted?: number
  readonly jobId?: number
  readonly sequence?: number
}

/** A run of the plan's table number `index`, with these ranges open. */
export function tableRun(
  snapshot: SnapshotPlan,
  {ranges = [{after: null, upTo: ['99'], done: false}], index = 0}: {ranges?: RangePlan[]; index?: number} = {},
): TableRun {
  const table = snapshot.tables[index]!
  table.ranges = ranges
  table.state = 'running'
  const run = new TableRun({plan: table, snapshot, needsMark: 0, ordinal: nextOrdinal++})
  run.openRanges(10)
  return run
}

export function chunkRun(
  range: RangeRun,
  chunk: ReadChunk,
  {state = 'waiting', target = {shape: streamTable('t').shape}, high = 1}: ChunkRunOptions = {},
): ChunkRun {
  const item: ChunkRun = {
    run: range.run,
    range,
    chunk,
    target,
    high,
    state,
    nextRow: 0,
    superseded: 0,
    piecesInFlight: 0,
  }
  range.chunks.push(item)
  range.readAfter = chunk.end ?? range.readAfter
  range.readToEnd = chunk.last
  return item
}

export interface ChunkRunOptions {
  readonly state?: ChunkState
  readonly target?: ReadTarget
  readonly high?: number
}

export function description(
  table: string,
  {rowsEstimated = 1_000, keyColumn = 'id'}: {rowsEstimated?: number; keyColumn?: string} = {},
): TableDescription {
  return {
    shape: streamTable(table).shape,
    messageKey: [0],
    rowKey: [0],
    chunkKey: [{column: 0, name: keyColumn, literal: 'plain', expression: null}],
    rowsEstimated,
    rowBytes: 10,
  }
}

export function fingerprint(table: string): string {
  return shapeFingerprint(streamTable(table).shape)
}
