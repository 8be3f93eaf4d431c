// A read view on a connection of its own. It waits for grants with its SELECT open: the session's net_write_timeout lets
// it (mysql/connections.ts), and database.query.timeout.ms, which is a chunk's, does not end it.

import type {DatabaseSettings} from '../config/settings.ts'
import type {TableId} from '../core/table-id.ts'
import {TidemarkError} from '../core/tidemark-error.ts'
import {compileRowEncoder} from '../encode/compile-row-encoder.ts'
import type {EncoderOptions} from '../encode/encoder-options.ts'
import {openConnection} from '../mysql/connections.ts'
import type {MysqlConnection} from '../mysql/connections.ts'
import {quoteTable} from '../mysql/identifiers.ts'
import {selectRows} from '../mysql/row-query.ts'
import {assertSameServer} from '../mysql/same-server.ts'
import type {ReadJob, ReadView} from './read-view.ts'
import {SliceWriter} from './slice-writer.ts'
import type {SliceEvents} from './slice-writer.ts'

export interface MysqlReadViewOptions {
  readonly database: DatabaseSettings
  /** The server whose binlog is read. */
  readonly serverUuid: string
  readonly table: TableId
  readonly encoderOptions: EncoderOptions
}

export class MysqlReadView implements ReadView {
  readonly #options: MysqlReadViewOptions
  #connection: MysqlConnection | null = null
  #slices: SliceWriter | null = null
  #isClosed = false

  constructor(options: MysqlReadViewOptions) {
    this.#options = options
  }

  async open(): Promise<void> {
    const {database, serverUuid} = this.#options
    const connection = await openConnection(database, 'copy')
    try {
      await assertSameServer(connection, database, serverUuid)
      // A statement that waits for the table's metadata lock waits with the table locked.
      await connection.query('SET SESSION lock_wait_timeout = 1')
    } catch (error) {
      connection.destroy()
      throw error
    }
    this.#connection = connection
    if (this.#isClosed) this.#drop()
  }

  async begin(): Promise<void> {
    const connection = this.#opened()
    await connection.query('START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY')
    // Whoever wants to change the definition waits from now on until the transaction has ended.
    await connection.query(`SELECT 1 FROM ${quoteTable(this.#options.table)} LIMIT 0`)
  }

  async read(job: ReadJob, events: SliceEvents): Promise<void> {
    const {shape, messageKey, condition} = job
    const encoder = compileRowEncoder({shape, messageKey, rowKey: [], options: this.#options.encoderOptions})
    const slices = (this.#slices = new SliceWriter(encoder, job, events))
    slices.begin()
    const where = condition === null ? '' : ` WHERE (${condition})`
    const sql = `SELECT ${encoder.selectList.join(', ')} FROM ${quoteTable(shape.id)}${where}`
    await selectRows(this.#opened(), sql, (packet, start, end) => slices.row(packet, start, end), {
      pauseWhen: () => slices.pause,
    })
    // Nothing more is asked of the server: what is left of the last rows waits for its grant without a transaction.
    this.#drop()
    await slices.end()
  }

  grant(bytes: number, rows: number): void {
    this.#slices?.grant(bytes, rows)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#drop()
    await Promise.resolve()
  }

  // The server ends the transaction with the connection; a SELECT that runs ends with its next row.
  #drop(): void {
    this.#connection?.destroy()
    this.#connection = null
  }

  #opened(): MysqlConnection {
    if (this.#connection !== null) return this.#connection
    throw new TidemarkError('TIDEMARK_MYSQL_CONNECTION_LOST', 'the copying connection is closed', {kind: 'retryable'})
  }
}
