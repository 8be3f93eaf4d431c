// What a plan says of a table, from what was found out about it; pure.

import type {TableSize} from '../mysql/schema-reader.ts'
import type {ChunkKey} from '../snapshot/chunk-key.ts'
import type {ChunkAccess} from '../snapshot/mysql-planning-source.ts'
import {adviseChunk} from './chunk-advice.ts'
import type {SampledChunks} from './chunk-samples.ts'
import {tableDuration, usual, type SnapshotPace, type TableCost} from './duration.ts'
import type {EventCost} from './event-cost.ts'
import type {ChunkSample, PlannedKey, PlannedTable} from './plan-report.ts'

/** A chunk is cut where it grows beyond this, whatever its rows: task/snapshot-side.ts. */
export const MOST_CHUNK_MB = 8

export interface FoundTable {
  readonly size: TableSize
  /** Empty where there is none. */
  readonly chunkKey: ChunkKey
  readonly isKeyless: boolean
  readonly sampled: SampledChunks
  readonly events: EventCost
  /** Null: the server's estimate counts. */
  readonly rowsCounted: number | null
  /** Of a chunk, as they are read. */
  readonly chunkRows: number
}

export interface PlanningTerms {
  readonly pace: SnapshotPace
  /** Rows of a chunk, as configured or asked for. */
  readonly chunkRows: number
  readonly chunkMemoryMb: number
}

/** `wanted`, or fewer where that many would be too large. */
export function rowsOfChunk(wanted: number, rowBytes: number): number {
  return Math.min(wanted, Math.max(1, Math.floor((MOST_CHUNK_MB * 1024 * 1024) / rowBytes)))
}

export function plannedTable(table: string, found: FoundTable, terms: PlanningTerms): PlannedTable {
  const {size, chunkKey, isKeyless, sampled, events, rowsCounted, chunkRows} = found
  const {samples} = sampled
  const rows = rowsCounted ?? estimatedRows(size, samples, chunkRows)
  const cost = tableCost({rows, isKeyless}, samples, events)
  const duration = rows > 0 && samples.length === 0 ? null : tableDuration(cost, terms.pace)
  const key = isKeyless ? null : plannedKey(chunkKey, sampled.access)
  // Of a table that is less than a chunk, the time of its rows: what four rows took says nothing of two thousand.
  const chunkMs = cost.readSecondsPerRow * Math.min(chunkRows, rows) * 1000
  return {
    table,
    rows,
    rowsExact: rowsCounted !== null,
    rowBytes: size.rowBytes,
    eventBytes: sampled.rows.length === 0 ? null : Math.round(events.eventBytes),
    reader: isKeyless ? 'parallel' : 'chunks',
    key,
    chunkRows,
    chunks: isKeyless ? 0 : Math.ceil(rows / chunkRows),
    samples: samples.map(sample => ({...sample, milliseconds: tenth(sample.milliseconds)})),
    chunkMilliseconds: samples.length === 0 ? null : tenth(chunkMs),
    durationSeconds: duration === null ? null : tenth(duration.seconds),
    bottleneck: duration?.bottleneck ?? null,
    advisedChunkRows: adviseChunk(terms.chunkMemoryMb, Math.max(size.rowBytes, events.heldBytes)).rows,
    notes: keyNotes(key, {rows, chunkRows, wanted: terms.chunkRows}),
  }
}

/** The server's estimate, unless the sample has seen the whole table or more than that. */
function estimatedRows({rows}: TableSize, samples: readonly ChunkSample[], chunkRows: number): number {
  const [first] = samples
  if (first === undefined) return 0
  return first.rows < chunkRows ? first.rows : Math.max(rows, first.rows)
}

function tableCost(
  {rows, isKeyless}: {readonly rows: number; readonly isKeyless: boolean},
  samples: readonly ChunkSample[],
  events: EventCost,
): TableCost {
  const selectSeconds = samples.map(({rows: read, milliseconds}) => milliseconds / 1000 / read)
  return {
    rows,
    readSecondsPerRow: usual(selectSeconds) + events.encodeSecondsPerRow,
    buildSecondsPerRow: events.buildSecondsPerRow,
    sinkBytesPerRow: events.sinkBytes,
    isOneRead: isKeyless,
  }
}

function plannedKey(chunkKey: ChunkKey, found: ChunkAccess | null): PlannedKey {
  const {access = null, index = null} = found ?? {}
  // A constant table or an impossible condition is read without a scan, too.
  const isRange = access === null || ['range', 'const', 'ref', 'eq_ref', 'system'].includes(access)
  return {columns: chunkKey.map(({name}) => name), access, index, isRange}
}

function keyNotes(
  key: PlannedKey | null,
  {rows, chunkRows, wanted}: {readonly rows: number; readonly chunkRows: number; readonly wanted: number},
): string[] {
  const notes = []
  // A table of one chunk is read as a whole in any case.
  if (key?.isRange === false && rows > chunkRows) {
    const by = key.index === null ? 'no index' : `the index ${key.index}`
    notes.push(
      `a chunk is not read as a range of its key (EXPLAIN: ${key.access}, ${by}), so that each may scan far: ` +
        `a visible index on (${key.columns.join(', ')}) mends it`,
    )
  }
  if (chunkRows < wanted) {
    notes.push(`its chunks end at ${MOST_CHUNK_MB} MB, which is about ${chunkRows} rows instead of ${wanted}`)
  }
  return notes
}

function tenth(value: number): number {
  return Math.round(value * 10) / 10
}
