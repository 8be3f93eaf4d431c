// A connection that is opened when it is needed and opened again after a loss; every one of them must be to the same
// server, because marks, chunks and the dump belong together.

import {TidemarkError} from '../core/tidemark-error.ts'
import type {MysqlConnection} from './connections.ts'
import {toMysqlError} from './mysql-error.ts'

export interface ReopeningConnectionOptions {
  readonly open: () => Promise<MysqlConnection>
  /** Rejects where the connection is to another server than the stream's. */
  readonly verify: (connection: MysqlConnection) => Promise<void>
}

export class ReopeningConnection {
  readonly #options: ReopeningConnectionOptions
  #connection: Promise<MysqlConnection> | null = null
  #closed = false

  constructor(options: ReopeningConnectionOptions) {
    this.#options = options
  }

  /** The open connection, or a new one. Rejects (retryable) where the server is away. */
  get(): Promise<MysqlConnection> {
    if (this.#closed) {
      return Promise.reject(new TidemarkError('TIDEMARK_MYSQL_CLOSED', 'the task is stopping', {kind: 'retryable'}))
    }
    this.#connection ??= this.#open()
    return this.#connection
  }

  /** Runs `work` with the connection. After an error that ends connections, the next call gets a new one. */
  async use<T>(doing: string, work: (connection: MysqlConnection) => Promise<T>): Promise<T> {
    const connection = await this.get()
    try {
      return await work(connection)
    } catch (error) {
      const told = toMysqlError(error, doing)
      if (told.kind === 'retryable') this.drop()
      throw told
    }
  }

  /** Gives the connection up; the next call opens a new one. */
  drop(): void {
    const connection = this.#connection
    this.#connection = null
    connection?.then(
      open => {
        open.destroy()
      },
      () => undefined,
    )
  }

  close(): void {
    this.#closed = true
    this.drop()
  }

  async #open(): Promise<MysqlConnection> {
    try {
      const connection = await this.#options.open()
      try {
        await this.#options.verify(connection)
      } catch (error) {
        connection.destroy()
        throw error
      }
      connection.connection.once('end', () => this.#forget(connection))
      connection.connection.once('error', () => this.#forget(connection))
      return connection
    } catch (error) {
      this.#connection = null
      throw error
    }
  }

  #forget(lost: MysqlConnection): void {
    const current = this.#connection
    current?.then(
      connection => {
        if (connection === lost && this.#connection === current) this.#connection = null
      },
      () => undefined,
    )
  }
}
