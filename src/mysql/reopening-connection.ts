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

/** A connection that is open or being opened; `users` are told when it is given up. */
interface Held {
  readonly connection: Promise<MysqlConnection>
  readonly users: Set<() => void>
}

export class ReopeningConnection {
  readonly #options: ReopeningConnectionOptions
  #held: Held | null = null
  #closed = false

  constructor(options: ReopeningConnectionOptions) {
    this.#options = options
  }

  /** The open connection, or a new one. Rejects (retryable) where the server is away. */
  get(): Promise<MysqlConnection> {
    return this.#hold().connection
  }

  /**
   * Runs `work` with the connection. After an error that ends connections, the next call gets a new one, and whatever
   * else was running on this one rejects (retryable), too.
   */
  async use<T>(doing: string, work: (connection: MysqlConnection) => Promise<T>): Promise<T> {
    const held = this.#hold()
    try {
      return await unlessDropped(held, doing, held.connection.then(work))
    } catch (error) {
      const told = toMysqlError(error, doing)
      if (told.kind === 'retryable' && this.#held === held) this.drop()
      throw told
    }
  }

  /** Gives the connection up; the next call opens a new one. What runs on it rejects. */
  drop(): void {
    const held = this.#held
    this.#held = null
    for (const lost of held?.users ?? []) lost()
    held?.connection.then(
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

  #hold(): Held {
    if (this.#closed) {
      const closed = new TidemarkError('TIDEMARK_MYSQL_CLOSED', 'the task is stopping', {kind: 'retryable'})
      return {connection: Promise.reject(closed), users: new Set()}
    }
    if (this.#held === null) {
      const held: Held = {connection: this.#open(), users: new Set()}
      this.#held = held
      held.connection.then(
        ({connection}) => {
          for (const event of ['end', 'error']) connection.once(event, () => this.#forget(held))
        },
        () => this.#forget(held),
      )
    }
    return this.#held
  }

  async #open(): Promise<MysqlConnection> {
    const connection = await this.#options.open()
    try {
      await this.#options.verify(connection)
    } catch (error) {
      connection.destroy()
      throw error
    }
    return connection
  }

  #forget(lost: Held): void {
    if (this.#held === lost) this.#held = null
  }
}

// A connection that is destroyed answers nothing of what was queued on it, not even with an error: whoever shares it
// would wait for ever.
async function unlessDropped<T>({users}: Held, doing: string, work: Promise<T>): Promise<T> {
  let lost = (): void => undefined
  const loss = new Promise<never>((_resolve, reject) => {
    lost = () => {
      const message = `cannot ${doing}: the connection it ran on was given up; it is tried again on a new one`
      reject(new TidemarkError('TIDEMARK_MYSQL_CONNECTION_LOST', message, {kind: 'retryable'}))
    }
    users.add(lost)
  })
  try {
    return await Promise.race([work, loss])
  } finally {
    users.delete(lost)
  }
}
