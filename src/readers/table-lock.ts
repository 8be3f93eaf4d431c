// The short lock that gives a read view its place: while a table is locked against writes, the view begins and the
// binlog's place is read. Whoever writes the table never waits long: the lock is asked for one second at a time.

import {setTimeout as delay} from 'node:timers/promises'
import type {DatabaseSettings} from '../config/settings.ts'
import type {Log} from '../core/log.ts'
import type {StoredOffset} from '../core/stored-offset.ts'
import {tableIdText} from '../core/table-id.ts'
import type {TableId} from '../core/table-id.ts'
import type {TableShape} from '../core/table-shape.ts'
import {TidemarkError} from '../core/tidemark-error.ts'
import {openConnection, queryRows} from '../mysql/connections.ts'
import type {MysqlConnection} from '../mysql/connections.ts'
import {quoteTable} from '../mysql/identifiers.ts'
import {ER_LOCK_TABLES_DENIED, lockTablesGrant} from '../mysql/lock-privilege.ts'
import {mysqlErrorNumber, toMysqlError} from '../mysql/mysql-error.ts'
import {rawConnection} from '../mysql/mysql2-internals.ts'
import {assertSameServer} from '../mysql/same-server.ts'
import {readStreamShapes} from '../mysql/schema-reader.ts'
import {readBinlogEndOf} from '../mysql/server-reader.ts'
import type {ServerIdentity} from '../mysql/server-reader.ts'
import type {LockedPlace} from './table-copy.ts'

const ER_LOCK_WAIT_TIMEOUT = 1205
const ER_NO_SUCH_TABLE = 1146
/** What is done under the lock takes milliseconds. Longer than this only a connection that hangs takes: the lock goes. */
const LONGEST_HOLD_MS = 5_000
/** The server itself ends a locking connection that says nothing any more. */
const IDLE_SECONDS = 10
const LONGEST_REST_MS = 15_000

export interface TableLockOptions {
  readonly database: DatabaseSettings
  readonly serverUuid: string
  readonly table: TableId
  readonly log: Log
  /** What the lock waits for, for the status; null: nothing any more. */
  readonly onWait: (problem: string | null) => void
}

/** What happens while the table is locked. */
export interface UnderLock {
  /** May be called again where the lock was not got. */
  readonly begin: () => Promise<void>
  /** Last; what it throws is told. */
  readonly atPlace?: ((locked: LockedPlace) => void) | undefined
  /** The definition is read as well: nobody can change it while the table is locked. */
  readonly readsShape?: boolean | undefined
  readonly signal: AbortSignal
}

export class TableLock {
  readonly connection: MysqlConnection
  readonly #options: TableLockOptions
  readonly #identity: ServerIdentity

  private constructor(options: TableLockOptions, connection: MysqlConnection, identity: ServerIdentity) {
    this.#options = options
    this.connection = connection
    this.#identity = identity
  }

  /** Connects, and locks nothing yet. Rejects (retryable) where the connection is to another server. */
  static async open(options: TableLockOptions): Promise<TableLock> {
    const connection = await openConnection(options.database, 'lock')
    try {
      const identity = await assertSameServer(connection, options.database, options.serverUuid)
      await queryRows(connection, `SET SESSION lock_wait_timeout = 1, SESSION wait_timeout = ${IDLE_SECONDS}`)
      return new TableLock(options, connection, identity)
    } catch (error) {
      connection.destroy()
      throw error
    }
  }

  /**
   * Runs `begin` while the table is locked, and resolves with the binlog's place of that moment. Every transaction that
   * has changed the table is committed and lies before the place; no other is. Tries until it gets the lock.
   */
  async place({signal, ...held}: UnderLock): Promise<StoredOffset> {
    for (let attempt = 1; ; attempt++) {
      signal.throwIfAborted()
      try {
        const place = await this.#locked(held)
        this.#options.onWait(null)
        // It locks nothing any more, and may be silent for as long as the copy takes.
        await queryRows(this.connection, 'SET SESSION wait_timeout = 31536000')
        return place
      } catch (error) {
        if (mysqlErrorNumber(error) !== ER_LOCK_WAIT_TIMEOUT) throw await this.#told(error)
        await this.#rest(attempt, signal)
      }
    }
  }

  close(): void {
    this.connection.destroy()
  }

  async #locked({begin, atPlace, readsShape}: Omit<UnderLock, 'signal'>): Promise<StoredOffset> {
    const {connection} = this
    const {table, log} = this.#options
    await connection.query(`LOCK TABLES ${quoteTable(table)} READ`)
    const began = performance.now()
    const hold = setTimeout(() => connection.destroy(), LONGEST_HOLD_MS)
    try {
      const shape = readsShape === true ? this.#readShape() : null
      const told = await unlessClosed(connection, Promise.all([this.#readPlace(), shape, begin()]))
      const [place] = told
      atPlace?.({place, shape: told[1]})
      return place
    } finally {
      clearTimeout(hold)
      // A lost connection has unlocked the table, too; what went wrong before is what is told.
      await unlessClosed(connection, connection.query('UNLOCK TABLES')).catch(() => undefined)
      const lockedMs = Math.ceil(performance.now() - began)
      log.info({table: tableIdText(table), lockedMs}, 'table was locked against writes for a moment')
    }
  }

  async #readPlace(): Promise<StoredOffset> {
    const {version, gtidMode} = this.#identity
    const end = await readBinlogEndOf(this.connection, version)
    if (end === null) {
      throw new TidemarkError(
        'TIDEMARK_PREREQUISITE_LOG_BIN',
        'the server writes no binary log: log_bin is OFF, wanted ON',
        {
          kind: 'prerequisite',
        },
      )
    }
    const {file, pos, gtidSet} = end
    return {file, pos, gtidSet: gtidMode === 'ON' ? gtidSet : null, rows: 0, sid: '', gno: 0}
  }

  async #readShape(): Promise<TableShape | null> {
    const [shape] = await readStreamShapes(this.connection, [this.#options.table])
    if (shape instanceof TidemarkError) throw shape
    return shape ?? null
  }

  async #rest(attempt: number, signal: AbortSignal): Promise<void> {
    const {table, log, onWait} = this.#options
    const retryInMs = Math.min(LONGEST_REST_MS, 500 * 2 ** attempt)
    const problem =
      `waits for a lock on ${tableIdText(table)}: a transaction that has changed the table, or a statement on it, has not ended; ` +
      `tried ${attempt} times for a second, again in ${Math.round(retryInMs / 1000)} s (see performance_schema.metadata_locks)`
    onWait(problem)
    log[attempt < 4 ? 'info' : 'warn'](
      {table: tableIdText(table), attempt, retryInMs},
      'cannot lock the table yet, will try again',
    )
    await this.#keepAlive(retryInMs, signal)
  }

  // The server would end a connection that is silent for longer than IDLE_SECONDS.
  async #keepAlive(ms: number, signal: AbortSignal): Promise<void> {
    for (let left = ms; left > 0; left -= (IDLE_SECONDS / 2) * 1000) {
      await delay(Math.min(left, (IDLE_SECONDS / 2) * 1000), undefined, {signal})
      await queryRows(this.connection, 'DO 0')
    }
  }

  async #told(error: unknown): Promise<TidemarkError> {
    const {table} = this.#options
    const text = tableIdText(table)
    const number = mysqlErrorNumber(error)
    if (number === ER_NO_SUCH_TABLE) {
      return new TidemarkError(
        'TIDEMARK_SNAPSHOT_UNKNOWN_TABLE',
        `cannot snapshot ${text}: the server has no such table`,
        {
          cause: error,
        },
      )
    }
    if (number !== null && ER_LOCK_TABLES_DENIED.has(number))
      return await lockTablesGrant(this.connection, table, error)
    return toMysqlError(error, `copy ${text} by a read view`)
  }
}

// mysql2 never answers what is queued on a connection that was destroyed.
async function unlessClosed<T>(connection: MysqlConnection, work: Promise<T>): Promise<T> {
  const {stream} = rawConnection(connection)
  let lost = (): void => undefined
  const loss = new Promise<never>((_resolve, reject) => {
    lost = () => {
      const text = 'the connection that locks the table was lost'
      reject(new TidemarkError('TIDEMARK_MYSQL_CONNECTION_LOST', text, {kind: 'retryable'}))
    }
    if (stream.destroyed) lost()
    stream.once('close', lost)
  })
  try {
    return await Promise.race([work, loss])
  } finally {
    stream.removeListener('close', lost)
  }
}
