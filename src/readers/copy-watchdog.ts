// While a table is copied by a read view, whoever wants to change its definition waits, and everybody who wants to write
// it waits behind them. So the copy is given up where somebody waits, and begins again later.

import type {Log} from '../core/log.ts'
import {describeError, TidemarkError} from '../core/tidemark-error.ts'
import {tableIdText} from '../core/table-id.ts'
import type {TableId} from '../core/table-id.ts'
import {queryRows} from '../mysql/connections.ts'
import type {MysqlConnection} from '../mysql/connections.ts'

const LOOK_EVERY_MS = 2_000
const PENDING = `SELECT COUNT(*) AS waiting FROM performance_schema.metadata_locks
  WHERE OBJECT_TYPE = 'TABLE' AND OBJECT_SCHEMA = ? AND OBJECT_NAME = ? AND LOCK_STATUS = 'PENDING'
    AND LOCK_TYPE IN ('EXCLUSIVE', 'SHARED_NO_READ_WRITE')`

export interface CopyWatchdogOptions {
  /** Whose use it has until `close`. */
  readonly connection: MysqlConnection
  readonly table: TableId
  readonly log: Log
  readonly everyMs?: number
}

export class CopyWatchdog {
  /** Rejects (retryable) when somebody waits for the table; never resolves. */
  readonly barking: Promise<never>
  readonly #options: CopyWatchdogOptions
  #timer: NodeJS.Timeout | undefined
  #isClosed = false
  #bark: (error: Error) => void = () => undefined

  constructor(options: CopyWatchdogOptions) {
    this.#options = options
    this.barking = new Promise((_resolve, reject) => (this.#bark = reject))
    this.barking.catch(() => undefined)
    this.#wait()
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
  }

  #wait(): void {
    this.#timer = setTimeout(() => {
      void this.#look()
    }, this.#options.everyMs ?? LOOK_EVERY_MS)
  }

  async #look(): Promise<void> {
    const {connection, table, log} = this.#options
    const text = tableIdText(table)
    try {
      const [row] = await queryRows<{waiting: string | number}>(connection, PENDING, [table.database, table.table])
      if (this.#isClosed) return
      if (Number(row!.waiting) === 0) {
        this.#wait()
        return
      }
    } catch (error) {
      // Not readable, or the connection is lost: the copy goes on without being watched.
      if (!this.#isClosed)
        log.info({table: text, reason: describeError(error).message}, 'cannot see who waits for the table')
      return
    }
    log.warn({table: text}, 'somebody waits to change the table: its copy is given up, and begins again later')
    this.#bark(
      new TidemarkError(
        'TIDEMARK_SNAPSHOT_COPY_YIELDED',
        `the copy of ${text} was given up for a statement that waits for the table (an ALTER TABLE, say); it begins again`,
        {kind: 'retryable'},
      ),
    )
  }
}
