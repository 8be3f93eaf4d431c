// The plan of one table: its size, its key, a few of its chunks, and what follows from them.

import type {Settings} from '../config/settings.ts'
import {tableIdText, type TableId} from '../core/table-id.ts'
import {TidemarkError} from '../core/tidemark-error.ts'
import {compileRowEncoder} from '../encode/compile-row-encoder.ts'
import {encoderOptions} from '../encode/encoder-options.ts'
import {queryRows, type MysqlConnection} from '../mysql/connections.ts'
import {accountLiteral, quoteTable} from '../mysql/identifiers.ts'
import {lockTablesStatement, mayLockTables} from '../mysql/lock-privilege.ts'
import {readTableSizes} from '../mysql/schema-reader.ts'
import type {MysqlPlanningSource} from '../snapshot/mysql-planning-source.ts'
import type {TableDescription} from '../snapshot/prepared-table.ts'
import {sampleChunks} from './chunk-samples.ts'
import type {SnapshotPace} from './duration.ts'
import {measureEvents} from './event-cost.ts'
import type {PlannedTable} from './plan-report.ts'
import {plannedTable, rowsOfChunk} from './planned-table.ts'

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

export async function planTable(planning: TablePlanning, id: TableId): Promise<PlannedTable> {
  const {connection, settings, signal} = planning
  const [size] = await readTableSizes(connection, [id])
  const {description, isKeyless} = await describe(planning, id)
  const {shape, messageKey, rowKey, chunkKey} = description
  const encoder = compileRowEncoder({shape, messageKey, rowKey, options: encoderOptions(settings.events)})
  const chunkRows = rowsOfChunk(planning.chunkRows, description.rowBytes)
  const sampled = await sampleChunks(connection, {id, key: chunkKey, encoder, chunkRows}, signal)
  const events = await measureEvents({encoder, rows: sampled.rows}, settings)
  const rowsCounted = planning.exact ? await countRows(connection, id) : null
  const found = {size: size!, chunkKey, isKeyless, sampled, events, rowsCounted, chunkRows}
  const planned = plannedTable(tableIdText(id), found, planning)
  return isKeyless ? {...planned, notes: [...planned.notes, ...(await keylessNotes(planning, id))]} : planned
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

async function countRows(connection: MysqlConnection, id: TableId): Promise<number> {
  const sql = `SELECT COUNT(*) AS n FROM ${quoteTable(id)}`
  const [row] = await queryRows<{n: string | number}>(connection, sql, [], `count the rows of ${tableIdText(id)}`)
  return Number(row!.n)
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
