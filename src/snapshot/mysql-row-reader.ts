// A lane's connection to MySQL: SELECTs whose rows come as bytes, and KILL QUERY from a second connection to end one.

import type {DatabaseSettings} from '../config/settings.ts'
import {openConnection} from '../mysql/connections.ts'
import type {MysqlConnection} from '../mysql/connections.ts'
import {selectRows} from '../mysql/row-query.ts'
import type {RowReader} from './chunk-lane.ts'

/** ER_QUERY_INTERRUPTED: what a query that we killed answers. */
const QUERY_INTERRUPTED = 1317

export async function openRowReader(settings: DatabaseSettings): Promise<RowReader> {
  const connection = await openConnection(settings, 'chunks')
  return new MysqlRowReader(settings, connection)
}

class MysqlRowReader implements RowReader {
  readonly #settings: DatabaseSettings
  readonly #connection: MysqlConnection
  #killed = false

  constructor(settings: DatabaseSettings, connection: MysqlConnection) {
    this.#settings = settings
    this.#connection = connection
  }

  async read(sql: string, onRow: (packet: Buffer, start: number, end: number) => boolean): Promise<void> {
    let enough = false
    const timeout = this.#settings.queryTimeoutMs
    const timer = timeout > 0 ? setTimeout(() => this.cancel(), timeout) : undefined
    try {
      await selectRows(this.#connection, sql, (packet, start, end) => {
        if (enough) return
        if (!onRow(packet, start, end)) {
          enough = true
          this.cancel()
        }
      })
    } catch (error) {
      // The rest of a chunk that grew too large was not wanted: its query was killed by us.
      if (!(enough && (error as {errno?: unknown}).errno === QUERY_INTERRUPTED)) throw error
    } finally {
      clearTimeout(timer)
    }
    if (enough) await this.#settleKill()
  }

  cancel(): void {
    if (this.#killed) return
    this.#killed = true
    this.#kill().catch(() => {
      // No second connection to be had: the query ends with this one.
      this.#connection.destroy()
    })
  }

  async close(): Promise<void> {
    this.#connection.destroy()
    await Promise.resolve()
  }

  async #kill(): Promise<void> {
    const killer = await openConnection(this.#settings, 'kill')
    try {
      await killer.query(`KILL QUERY ${this.#connection.threadId}`)
    } finally {
      killer.destroy()
    }
  }

  // A KILL that arrives after its query has ended hits the connection's next statement. It is given one to hit.
  async #settleKill(): Promise<void> {
    await this.#connection.query('DO SLEEP(0.05)').catch(() => undefined)
    this.#killed = false
  }
}
