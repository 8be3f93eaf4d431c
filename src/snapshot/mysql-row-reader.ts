// A lane's connection to MySQL: SELECTs whose rows come as bytes. A SELECT that is ended before its time is killed from
// a second connection, and its own connection is given up at once: it may hang in a network that is gone, and a KILL
// that arrives late must not hit the next statement.

import type {DatabaseSettings} from '../config/settings.ts'
import {TidemarkError} from '../core/tidemark-error.ts'
import {openConnection} from '../mysql/connections.ts'
import type {MysqlConnection} from '../mysql/connections.ts'
import {selectRows} from '../mysql/row-query.ts'
import {assertSameServer} from '../mysql/same-server.ts'
import type {RowReader} from './chunk-lane.ts'

/** Rejects (retryable) where the connection is to another server than `serverUuid`, whose binlog is read. */
export async function openRowReader(settings: DatabaseSettings, serverUuid: string): Promise<RowReader> {
  return new MysqlRowReader(settings, serverUuid, await openSameServer(settings, serverUuid, 'chunks'))
}

class MysqlRowReader implements RowReader {
  readonly serverUuid: string
  readonly #settings: DatabaseSettings
  readonly #connection: MysqlConnection
  #ended: 'no' | 'enough' | 'timeout' | 'cancelled' = 'no'

  constructor(settings: DatabaseSettings, serverUuid: string, connection: MysqlConnection) {
    this.serverUuid = serverUuid
    this.#settings = settings
    this.#connection = connection
  }

  async read(sql: string, onRow: (packet: Buffer, start: number, end: number) => boolean): Promise<void> {
    const timeout = this.#settings.queryTimeoutMs
    const timer = timeout > 0 ? setTimeout(() => this.#end('timeout'), timeout) : undefined
    try {
      await selectRows(this.#connection, sql, (packet, start, end) => {
        if (this.#ended === 'no' && !onRow(packet, start, end)) this.#end('enough')
      })
    } catch (cause) {
      // The rest of a chunk that grew too large was not wanted.
      if (this.#ended === 'enough') return
      if (this.#ended !== 'timeout') throw cause
      throw new TidemarkError(
        'TIDEMARK_MYSQL_INTERRUPTED',
        `a chunk's SELECT took longer than database.query.timeout.ms (${timeout} ms) and was ended; ` +
          `raise it, or lower incremental.snapshot.chunk.size`,
        {kind: 'retryable', cause},
      )
    } finally {
      clearTimeout(timer)
    }
  }

  cancel(): void {
    this.#end('cancelled')
  }

  async close(): Promise<void> {
    this.#connection.destroy()
    await Promise.resolve()
  }

  #end(why: 'enough' | 'timeout' | 'cancelled'): void {
    if (this.#ended !== 'no') return
    this.#ended = why
    const {threadId} = this.#connection
    this.#connection.destroy()
    // The server would notice only when it writes to the connection; a scan that finds nothing goes on until then.
    this.#kill(threadId).catch(() => undefined)
  }

  async #kill(threadId: number): Promise<void> {
    const killer = await openSameServer(this.#settings, this.serverUuid, 'kill')
    try {
      await killer.query(`KILL ${threadId}`)
    } finally {
      killer.destroy()
    }
  }
}

async function openSameServer(
  settings: DatabaseSettings,
  serverUuid: string,
  purpose: string,
): Promise<MysqlConnection> {
  const connection = await openConnection(settings, purpose)
  try {
    await assertSameServer(connection, settings, serverUuid)
    return connection
  } catch (error) {
    connection.destroy()
    throw error
  }
}
