// The plan of one table: its size, its key, a few of its chunks, and what follows from them.

import type {Settings} from '../config/settings.ts'
import {tableIdText, type TableId} from '../core/table-id.ts'
import {TidemarkError} from '../core/tidemark-error.ts'
import {compileRowEncoder} from '../encode/compile-row-encoder.ts'
import {encoderOptions} from '../encode/encoder-options.ts'
import {queryRows, type MysqlConnection} from '../mysql/connections.ts'
import {accountLiteral, quoteTable} from '../mysql/identifiers.ts'
import {lockTablesStatement, mayLockTables} from '../mysql/lock-privilege.ts'
import {readTableSizes, type TableSize} from '../mysql/schema-reader.ts'
import type {ChunkAccess, MysqlPlanningSource} from '../snapshot/mysql-planning-source.ts'
import type {TableDescription} from '../snapshot/prepared-table.ts'
import {adviseChunk} from './chunk-advice.ts'
import {sampleChunks} from './chunk-samples.ts'
import {tableDuration, usual, type SnapshotPace, type TableCost} from './duration.ts'
import {measureEvents, type EventCost} from './event-cost.ts'
import type {ChunkSample, PlannedKey, PlannedTable} from './plan-report.ts'

export interface TablePlanning {
  readonly connection: MysqlConnection
  readonly source: MysqlPlanningSource
  readonly settings: Settings
  readonly pace: SnapshotPace
  /** Rows of a chunk, as configured or asked for. */
  readonly chunkRows: number
  readonly surrogateKey: readonly string[] | null
  /** Rows are counted. */
  readonly exact: boolean
  readonly chunkMemoryMb: number
  readonly signal: AbortSignal
}

/** A chunk is cut where it grows beyond this, whatever its rows: task/snapshot-side.ts. */
export const MOST_CHUNK_MB = 8

export async function planTable(planning: TablePlanning, id: TableId): Promise<PlannedTable> {
  const {connection, settings, pace, signal} = planning
  const [size] = await readTableSizes(connection, [id])
  const {description, isKeyless} = await describe(planning, id)
  const {shape, messageKey, rowKey, chunkKey} = description
  const encoder = compileRowEncoder({shape, messageKey, rowKey, options: encoderOptions(settings.events)})
  const mostRows = Math.max(1, Math.floor((MOST_CHUNK_MB * 1024 * 1024) / description.rowBytes))
  const chunkRows = Math.min(planning.chunkRows, mostRows)
  const sampled = await sampleChunks(connection, {id, key: chunkKey, encoder, chunkRows}, signal)
  const events = await measureEvents({encoder, rows: sampled.rows}, settings)
  const rows = planning.exact ? await countRows(connection, id) : estimated(size!, sampled.samples, chunkRows)
  const cost = tableCost({rows, isKeyless}, sampled.samples, events)
  const duration = rows > 0 && sampled.samples.length === 0 ? null : tableDuration(cost, pace)
  const key = isKeyless ? null : plannedKey(description, sampled.access)
  return {
    table: tableIdText(id),
    rows,
    rowsExact: planning.exact,
    rowBytes: size!.rowBytes,
    eventBytes: sampled.rows.length === 0 ? null : Math.round(events.eventBytes),
    reader: isKeyless ? 'parallel' : 'chunks',
    key,
    chunkRows,
    chunks: isKeyless ? 0 : Math.ceil(rows / chunkRows),
    samples: sampled.samples.map(sample => ({...sample, milliseconds: tenth(sample.milliseconds)})),
    // Of a table that is less than a chunk, the time of its rows: what four rows took says nothing of two thousand.
    chunkMilliseconds:
      sampled.samples.length === 0 ? null : tenth(cost.readSecondsPerRow * Math.min(chunkRows, rows) * 1000),
    durationSeconds: duration === null ? null : tenth(duration.seconds),
    bottleneck: duration?.bottleneck ?? null,
    advisedChunkRows: adviseChunk(planning.chunkMemoryMb, Math.max(size!.rowBytes, events.heldBytes)).rows,
    notes: [
      ...keyNotes(key, {rows, chunkRows, wanted: planning.chunkRows}),
      ...(isKeyless ? await keylessNotes(planning, id) : []),
    ],
  }
}

async function describe(
  {source, surrogateKey}: TablePlanning,
  table: TableId,
): Promise<{description: TableDescription; isKeyless: boolean}> {
  const [found] = await source.describeAll([{table, surrogateKey}])
  if (!(found instanceof TidemarkError)) return {description: found!, isKeyless: false}
  if (found.code !== 'TIDEMARK_SNAPSHOT_NO_KEY') throw found
  return {description: await source.describeWhole(table), isKeyless: true}
}

/** The server's estimate, unless the sample has seen the whole table or more than that. */
function estimated({rows}: TableSize, samples: readonly ChunkSample[], chunkRows: number): number {
  const [first] = samples
  if (first === undefined) return 0
  return first.rows < chunkRows ? first.rows : Math.max(rows, first.rows)
}

async function countRows(connection: MysqlConnection, id: TableId): Promise<number> {
  const sql = `SELECT COUNT(*) AS n FROM ${quoteTable(id)}`
  const [row] = await queryRows<{n: string | number}>(connection, sql, [], `count the rows of ${tableIdText(id)}`)
  return Number(row!.n)
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

function plannedKey({chunkKey}: TableDescription, found: ChunkAccess | null): PlannedKey {
  const {access = null, index = null} = found ?? {}
  // A constant table or an impossible condition is read without a scan, too.
  const isRange = access === null || ['range', 'const', 'ref', 'eq_ref', 'system'].includes(access)
  return {columns: chunkKey.map(({name}) => name), access, index, isRange}
}

/** Exported for its test. */
export function keyNotes(
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

async function keylessNotes({connection}: TablePlanning, id: TableId): Promise<string[]> {
  const notes = [
    'it has no key, so the parallel reader copies it: LOCK TABLES for a moment, one SELECT of the whole table in one ' +
      'read view, a stream of its own meanwhile; cut off, it begins again',
  ]
  if (!(await mayLockTables(connection, id.database))) {
    const [row] = await queryRows<{account: string}>(connection, 'SELECT CURRENT_USER() AS account')
    notes.push(`it will be refused: ${lockTablesStatement(accountLiteral(row!.account), id.database)}`)
  }
  return notes
}

function tenth(value: number): number {
  return Math.round(value * 10) / 10
}
