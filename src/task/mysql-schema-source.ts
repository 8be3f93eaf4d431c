// MySQL's definitions of tables at known places of its binlog, and the statements between two places.

import {BinlogReader} from '../binlog/binlog-reader.ts'
import {compareBinlogPositions} from '../core/binlog-position.ts'
import type {BinlogPosition} from '../core/binlog-position.ts'
import type {DatabaseSettings} from '../config/settings.ts'
import type {Log} from '../core/log.ts'
import {tableIdText} from '../core/table-id.ts'
import type {TableId} from '../core/table-id.ts'
import {TidemarkError} from '../core/tidemark-error.ts'
import type {MysqlConnection} from '../mysql/connections.ts'
import {quoteTable} from '../mysql/identifiers.ts'
import {mysqlErrorNumber, toMysqlError} from '../mysql/mysql-error.ts'
import type {ReopeningConnection} from '../mysql/reopening-connection.ts'
import {readStreamShapes} from '../mysql/schema-reader.ts'
import {readBinlogEnd, readVariables} from '../mysql/server-reader.ts'
import type {BinlogStatement, SchemaReading, SchemaSource} from '../stream/schema-source.ts'
import {untilAnswered} from './until-answered.ts'

export interface MysqlSchemaSourceOptions {
  readonly database: DatabaseSettings
  readonly connection: ReopeningConnection
  /** Of the server that the stream comes from. */
  readonly serverUuid: () => string
  readonly log: Log
  /** The task stops. */
  readonly signal: AbortSignal
}

/** Tables that are held against DDL at once, for the milliseconds that reading them takes. */
const TABLES_AT_ONCE = 50
/** Somebody's LOCK TABLES: no use in keeping DDL waiting behind us. */
const LOCK_WAIT_SECONDS = 2
const LOCK_WAIT_TIMEOUT = 1205
/** No such table, no such database, a view over what is gone. */
const GONE: ReadonlySet<number | null> = new Set([1146, 1049, 1356])
/** Text of statements that is kept of one stretch of the binlog. */
const MOST_STATEMENT_BYTES = 32 * 1024 * 1024

export class MysqlSchemaSource implements SchemaSource {
  readonly #options: MysqlSchemaSourceOptions

  constructor(options: MysqlSchemaSourceOptions) {
    this.#options = options
  }

  isMinimal(): Promise<boolean> {
    return this.#ask('read binlog_row_metadata', async connection => {
      const variables = await readVariables(connection, ['binlog_row_metadata'])
      return variables.get('binlog_row_metadata')?.toUpperCase() !== 'FULL'
    })
  }

  async read(tables: readonly TableId[], {patient}: {readonly patient: boolean}): Promise<SchemaReading[]> {
    const readings: SchemaReading[] = []
    for (let i = 0; i < tables.length; i += TABLES_AT_ONCE) {
      const some = tables.slice(i, i + TABLES_AT_ONCE)
      const doing = `read the columns of ${tableIdText(some[0]!)} at a place of the binlog`
      readings.push(
        ...(await this.#ask(doing, connection => readAtOnePlace(connection, {tables: some, doing, patient}))),
      )
    }
    return readings
  }

  async statements(
    from: BinlogPosition,
    to: BinlogPosition,
    wanted: (sql: string) => boolean,
  ): Promise<readonly BinlogStatement[]> {
    const {log, signal} = this.#options
    log.info({from, to}, 'searching the binlog for changes of tables')
    const found = await untilAnswered(() => this.#statements(from, to, wanted), {signal, log})
    if (found === null) throw stopping()
    return found
  }

  async #statements(
    from: BinlogPosition,
    to: BinlogPosition,
    wanted: (sql: string) => boolean,
  ): Promise<readonly BinlogStatement[]> {
    const {database, serverUuid, signal} = this.#options
    const reader = new BinlogReader(database)
    const statements: BinlogStatement[] = []
    let bytes = 0
    let reached = from
    for await (const events of reader.events({type: 'position', file: from.file, pos: from.pos}, signal)) {
      if (reader.identity()?.serverUuid !== serverUuid()) throw otherServer()
      while (events.next()) {
        if (events.kind === 'query' && wanted(events.sql)) {
          const {file, startPos, database: inDatabase, sql} = events
          statements.push({file, pos: startPos, database: inDatabase, sql})
          bytes += sql.length
          if (bytes > MOST_STATEMENT_BYTES) throw tooMany(from, reached)
        }
        reached = {file: events.file, pos: events.endPos > 0 ? events.endPos : reached.pos}
        if (compareBinlogPositions(reached, to) >= 0) return statements
      }
    }
    throw stopping()
  }

  async #ask<T>(doing: string, question: (connection: MysqlConnection) => Promise<T>): Promise<T> {
    const {connection, signal, log} = this.#options
    const answer = await untilAnswered(async () => ({value: await connection.use(doing, question)}), {signal, log})
    if (answer === null) throw stopping()
    return answer.value
  }
}

// The end of the binlog alone would not do: a statement stands there before the data dictionary shows what it did. But
// it holds its tables exclusively from before the one until after the other, and so it cannot be between them while a
// transaction of ours has used its tables.
async function readAtOnePlace(
  connection: MysqlConnection,
  {tables, doing, patient}: {readonly tables: readonly TableId[]; readonly doing: string; readonly patient: boolean},
): Promise<SchemaReading[]> {
  await connection.query(`SET SESSION lock_wait_timeout = ${LOCK_WAIT_SECONDS}`)
  // The data dictionary is read as it is now, not as it was when the transaction began.
  await connection.query('SET TRANSACTION ISOLATION LEVEL READ COMMITTED')
  await connection.query('START TRANSACTION READ ONLY')
  try {
    const held: TableId[] = []
    for (const table of tables) if (await hold(connection, table, {doing, patient})) held.push(table)
    const end = await readBinlogEnd(connection)
    if (end === null) throw new TidemarkError('TIDEMARK_MYSQL_NO_BINLOG', `cannot ${doing}: log_bin is OFF, wanted ON`)
    const {file, pos} = end
    const shapes = await readStreamShapes(connection, held)
    const byTable = new Map(held.map((table, i) => [table, shapes[i]!]))
    return tables.map(table => ({place: {file, pos}, shape: byTable.get(table) ?? null}))
  } finally {
    await connection.query('ROLLBACK').catch(() => undefined)
  }
}

/** False where there is no such table. */
async function hold(
  connection: MysqlConnection,
  table: TableId,
  {doing, patient}: {readonly doing: string; readonly patient: boolean},
): Promise<boolean> {
  try {
    await connection.query(`SELECT 1 FROM ${quoteTable(table)} LIMIT 0`)
    return true
  } catch (error) {
    const number = mysqlErrorNumber(error)
    if (GONE.has(number) || (!patient && number === LOCK_WAIT_TIMEOUT)) return false
    throw toMysqlError(error, doing)
  }
}

function stopping(): TidemarkError {
  return new TidemarkError('TIDEMARK_TASK_STOPPING', 'the task is stopping', {kind: 'retryable'})
}

function otherServer(): TidemarkError {
  return new TidemarkError(
    'TIDEMARK_BINLOG_SERVER_DIFFERS',
    'a second connection to the binlog came to another server than the first; name one server in database.hostname',
    {kind: 'retryable'},
  )
}

function tooMany(from: BinlogPosition, reached: BinlogPosition): TidemarkError {
  return new TidemarkError(
    'TIDEMARK_SCHEMA_TOO_MANY_STATEMENTS',
    `from ${from.file}:${from.pos} to ${reached.file}:${reached.pos} there are more than ` +
      `${MOST_STATEMENT_BYTES / 1024 / 1024} MB of statements that may change tables`,
  )
}
