// The table's side of the comparison: all rows at one place, in one read view, without a lock.

import {ByteWriter} from '../core/byte-writer.ts'
import {GtidSet} from '../core/gtid-set.ts'
import {TidemarkError} from '../core/tidemark-error.ts'
import {queryRows, type MysqlConnection} from '../mysql/connections.ts'
import {quoteTable} from '../mysql/identifiers.ts'
import {toMysqlError} from '../mysql/mysql-error.ts'
import {selectRows} from '../mysql/row-query.ts'
import {
  readBinlogEnd,
  readExecutedGtidSet,
  readPurgedGtidSet,
  readServerIdentity,
  type BinlogEnd,
} from '../mysql/server-reader.ts'
import {FrameSkipper} from './change-scanner.ts'
import {ROW} from './record-kinds.ts'
import type {ByteRange, SpillStore} from './spill-store.ts'
import type {VerifiedTable} from './verified-table.ts'
import type {VerifyPlace} from './verify-place.ts'
import type {StreamGoal} from './wait-for-task.ts'

/**
 * Without GTIDs nothing tells when a transaction that is in the binlog becomes visible; it is given this long. Normally
 * it takes microseconds, with semi-synchronous AFTER_SYNC as long as the replica needs.
 */
const VISIBLE_MS = 1_000
/** A transaction becomes visible microseconds before its GTID shows as executed. */
const EXECUTED_MS = 250

export interface ReadView {
  readonly place: VerifyPlace
  readonly goal: Omit<StreamGoal, 'tables'>
}

/** Opens a transaction whose read view is the place to compare at. */
export async function openReadView(
  connection: MysqlConnection,
  delay: (ms: number) => Promise<void>,
): Promise<ReadView> {
  const {serverUuid, gtidMode} = await readServerIdentity(connection)
  const hasGtids = gtidMode === 'ON'
  const executed = hasGtids ? GtidSet.parse(await readExecutedGtidSet(connection)) : null
  const from = await binlogEnd(connection)
  if (!hasGtids) await delay(VISIBLE_MS)
  await queryRows(connection, 'START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY', [], 'open a read view')
  const to = await binlogEnd(connection)
  if (hasGtids) await delay(EXECUTED_MS)
  return {
    place: {executed, from, to},
    goal: {serverUuid, to, executed: hasGtids ? await executedInStream(connection) : null},
  }
}

/** Asks MySQL whether it takes the condition. Throws TIDEMARK_VERIFY_CONDITION_REFUSED with MySQL's own words. */
export async function assertCondition(
  connection: MysqlConnection,
  table: VerifiedTable,
  condition: string,
): Promise<void> {
  try {
    await connection.query(`EXPLAIN SELECT 1 FROM ${quoteTable(table.id)} WHERE (${condition}\n)`)
  } catch (error) {
    const told = toMysqlError(error, `try the condition on ${table.text}`)
    if (told.kind === 'retryable') throw told
    throw new TidemarkError(
      'TIDEMARK_VERIFY_CONDITION_REFUSED',
      `MySQL refuses the condition of --where for ${table.text}: ${(error as Error).message}`,
      {kind: 'configuration', cause: error},
    )
  }
}

export interface RowsToRead {
  readonly table: VerifiedTable
  /** Its index in records. */
  readonly index: number
  readonly condition: string | null
  readonly signal: AbortSignal
}

/** Puts the table's rows into the store and returns how many there are. */
export async function readRows(connection: MysqlConnection, read: RowsToRead, store: SpillStore): Promise<number> {
  const {table, index, condition, signal} = read
  const {encoder} = table
  const out = new ByteWriter(64 * 1024)
  const frame = new FrameSkipper()
  const head = {kind: ROW, table: index, file: 0, pos: 0}
  const key: ByteRange = {bytes: out.bytes, start: 0, end: 0}
  const row: ByteRange = {bytes: out.bytes, start: 0, end: 0}
  const where = condition === null ? '' : ` WHERE (${condition}\n)`
  const sql = `SELECT ${encoder.selectList.join(', ')} FROM ${quoteTable(table.id)}${where}`
  const onRow = (packet: Buffer, start: number, end: number): void => {
    out.clear()
    encoder.encodeText(packet, start, end, out)
    row.end = out.length
    if (table.isKeyless) {
      // The row is its own key.
      row.bytes = out.bytes
      store.append(head, row, null)
      return
    }
    encoder.writeMessageKey(out)
    key.start = frame.payloadStart(out.bytes, row.end, out.length)
    key.end = key.start === row.end ? out.length : out.length - 1
    key.bytes = row.bytes = out.bytes
    store.append(head, key, row)
  }
  try {
    return (await selectRows(connection, sql, onRow, {signal})).rows
  } catch (error) {
    if (signal.aborted) throw error
    throw toMysqlError(error, `read ${table.text}`)
  }
}

async function binlogEnd(connection: MysqlConnection): Promise<BinlogEnd> {
  const end = await readBinlogEnd(connection)
  if (end !== null) return end
  throw new TidemarkError(
    'TIDEMARK_PREREQUISITE_LOG_BIN',
    'the server writes no binary log, so a table and its topic have no place in common; run `tidemark check`',
    {kind: 'prerequisite'},
  )
}

/** What was executed and still comes through a stream. */
async function executedInStream(connection: MysqlConnection): Promise<GtidSet> {
  const executed = GtidSet.parse(await readExecutedGtidSet(connection))
  return executed.subtract(GtidSet.parse(await readPurgedGtidSet(connection)))
}
