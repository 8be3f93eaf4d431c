// One copy of one table by a read view: a short lock gives the view its place in the binlog, then its rows leave slice by
// slice, while the table is written to as ever. What makes a copy exact without a key is the lock: it waits for the end
// of every transaction that has changed the table, so one lies before the place exactly when the view shows it.

import type {EventSettings, DatabaseSettings} from '../config/settings.ts'
import type {Log} from '../core/log.ts'
import type {StoredOffset} from '../core/stored-offset.ts'
import {tableIdText} from '../core/table-id.ts'
import {invariant, TidemarkError} from '../core/tidemark-error.ts'
import type {MysqlConnection} from '../mysql/connections.ts'
import {isUnique, readKeys} from '../mysql/schema-reader.ts'
import type {CopySlices} from '../snapshot/copy-slices.ts'
import {MysqlPlanningSource} from '../snapshot/mysql-planning-source.ts'
import type {OpenTarget, ReadTarget, TableDescription} from '../snapshot/prepared-table.ts'
import type {TableRun} from '../snapshot/table-run.ts'
import {CopyWatchdog} from './copy-watchdog.ts'
import type {ReadView} from './read-view.ts'
import type {CopyOptions, LockOptions, TableCopy} from './table-copy.ts'
import {TableLock} from './table-lock.ts'

export interface SnapshotReaderOptions {
  readonly run: TableRun
  readonly database: DatabaseSettings
  readonly events: EventSettings
  /** The server whose binlog is read. */
  readonly serverUuid: string
  readonly view: ReadView
  readonly openTarget: OpenTarget
  /** Emits a truncate event with the run's copy id; resolves when it is acknowledged. Null: truncates go nowhere. */
  readonly resetTopic: (run: TableRun, target: ReadTarget) => Promise<unknown> | null
  /** The snapshot takes the rows of a new copy in. */
  readonly openSlices: (run: TableRun) => CopySlices
  readonly sliceBytes: number
  readonly log: Log
}

/** What `lock` has found. */
interface Locked {
  readonly lock: TableLock
  readonly description: TableDescription
  readonly watchdog: CopyWatchdog
}

export class SnapshotReader implements TableCopy {
  readonly #options: SnapshotReaderOptions
  #lock: TableLock | null = null
  #locked: Locked | null = null
  #slices: CopySlices | null = null
  /** The truncate event on its way. */
  #reset: Promise<unknown> | null = null
  #hasReset = false

  constructor(options: SnapshotReaderOptions) {
    this.#options = options
  }

  async lock(signal: AbortSignal, {atPlace, readsShape}: LockOptions = {}): Promise<StoredOffset> {
    const {run, view, database, serverUuid, log} = this.#options
    const {table} = run.plan
    await this.#cutOffBy(signal, view.open())
    const onWait = (problem: string | null): void => {
      run.problem = problem
    }
    const lock = (this.#lock = await TableLock.open({database, serverUuid, table, log, onWait}))
    const place = await this.#cutOffBy(signal, lock.place({begin: () => view.begin(), atPlace, readsShape, signal}))
    // The view holds the definition still.
    const description = await this.#describe(lock.connection)
    const watchdog = new CopyWatchdog({connection: lock.connection, table, log})
    // Whoever waits for the table waits no longer, whatever the copy itself is waiting for.
    watchdog.barking.catch(() => view.close())
    this.#locked = {lock, description, watchdog}
    return place
  }

  async copy({copyId, resets, signal}: CopyOptions): Promise<void> {
    const {run, view, openTarget, resetTopic, openSlices, log} = this.#options
    invariant(this.#locked !== null, 'a copy begins with its lock')
    const {lock, description, watchdog} = this.#locked
    const target = await this.#cutOffBy(signal, openTarget(description))
    run.copyId = copyId
    const slices = (this.#slices = openSlices(run))
    run.plan.rowsEstimated = description.rowsEstimated
    run.rowBytes = description.rowBytes
    log.info({table: run.text, snapshot: run.snapshot.id, copy: copyId, resets}, 'copying a table by a read view')
    const reading = view.read(this.#job(description, slices), {
      wants: (bytes, rows) => slices.request(bytes, rows, (granted, most) => view.grant(granted, most)),
      slice: slice => {
        // The topic is whole until rows take the place of what it holds: a copy that is stopped before has done nothing.
        if (resets && !this.#hasReset && !signal.aborted) {
          this.#hasReset = true
          this.#reset = resetTopic(run, target)
        }
        slices.take(slice, target)
      },
    })
    try {
      await this.#cutOffBy(signal, Promise.race([watchdog.barking, reading]))
      watchdog.close()
      lock.close()
      await view.close()
      await this.#cutOffBy(signal, Promise.all([this.#reset, slices.done]))
    } finally {
      watchdog.close()
      slices.close()
    }
  }

  get hasSent(): boolean {
    return this.#hasReset || this.#options.run.firstRowSent
  }

  async close(): Promise<void> {
    this.#slices?.close()
    this.#locked?.watchdog.close()
    this.#lock?.close()
    await this.#options.view.close()
  }

  #job({shape, messageKey, rowBytes}: TableDescription, slices: CopySlices): Parameters<ReadView['read']>[0] {
    const {run, sliceBytes} = this.#options
    return {shape, messageKey, condition: run.plan.condition, sliceRows: slices.rows, sliceBytes, rowBytes}
  }

  async #describe(connection: MysqlConnection): Promise<TableDescription> {
    const {run, events, log} = this.#options
    const source = new MysqlPlanningSource({
      connection: () => Promise.resolve(connection),
      keys: {
        uniqueKey: async table => (await readKeys(connection, table))[0]?.columns ?? null,
        isUnique: async (table, columns) => isUnique(await readKeys(connection, table), columns),
      },
      events,
      log,
    })
    return await source.describeWhole(run.plan.table)
  }

  async #cutOffBy<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
    let abort = (): void => undefined
    const aborted = new Promise<never>((_resolve, reject) => {
      abort = () => {
        const text = `the copy of ${tableIdText(this.#options.run.plan.table)} was cut off`
        reject(new TidemarkError('TIDEMARK_SNAPSHOT_COPY_CUT_OFF', text, {kind: 'retryable'}))
      }
    })
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, {once: true})
    try {
      return await Promise.race([work, aborted])
    } finally {
      signal.removeEventListener('abort', abort)
    }
  }
}
