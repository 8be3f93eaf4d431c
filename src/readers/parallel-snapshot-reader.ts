// The branch beside the main stream: one table at a time is copied by a read view and streamed by a reader of its own
// until both streams are at one place, from where on the table is the main stream's. What of it is stored says where a
// restart goes on.

import {isPurged} from '../binlog/dump-end.ts'
import {StreamExtent} from '../core/stream-extent.ts'
import type {StoredOffset} from '../core/stored-offset.ts'
import {tableIdText} from '../core/table-id.ts'
import type {TableId} from '../core/table-id.ts'
import {invariant, TidemarkError} from '../core/tidemark-error.ts'
import type {ParallelEvents, ParallelTables} from '../snapshot/parallel-tables.ts'
import type {TablePlan} from '../snapshot/snapshot-plan.ts'
import type {TableRun} from '../snapshot/table-run.ts'
import {BinlogReader} from './binlog-reader.ts'
import type {BinlogReaderOptions} from './binlog-reader.ts'
import {branchAfter} from './branch-state.ts'
import type {BranchEvent, BranchState, Copying, Following} from './branch-state.ts'
import type {BranchSource, BranchStream, BranchStreamOptions, MainStream} from './branch-stream.ts'
import {ChainedReader} from './chained-reader.ts'
import {CopyingReader, type CopyPlace} from './copying-reader.ts'
import {MainStreamReader} from './main-stream-reader.ts'
import {readToEnd} from './reader.ts'
import type {Reader} from './reader.ts'
import {ReconciledEnd, ReconcilingBinlogReader} from './reconciling-binlog-reader.ts'
import type {TableCopy} from './table-copy.ts'
import {TableShares} from './table-shares.ts'

export interface ParallelSnapshotOptions extends Pick<
  BinlogReaderOptions,
  'log' | 'delay' | 'backoffMs' | 'isConnectionLoss'
> {
  readonly stored: BranchState | null
  readonly main: MainStream
  readonly openSource: () => BranchSource
  readonly openStream: (options: BranchStreamOptions) => BranchStream
  readonly openCopy: (run: TableRun) => TableCopy
  readonly newCopyId: () => string
  /** Whether events of the table may be in its topic. */
  readonly isCaptured: (table: TableId) => boolean
  readonly isKeyless: (table: TableId) => Promise<boolean>
  /** Whether a truncate event must and may go before the copy, whatever key the table has. */
  readonly clearsGhosts: (plan: TablePlan) => boolean
  readonly namesColumns: () => Promise<boolean>
  /** Whether a copy of the table is still wanted. */
  readonly hasRun: (table: TableId) => boolean
  readonly store: () => Promise<void>
  /** The copy is in the topic, and nothing that was there before counts where it was reset. */
  readonly onCopied: (plan: TablePlan, since: StoredOffset, resets: boolean) => void
  /** A part of a copy is in the topic, and its rest will not come. */
  readonly onAbandoned: (table: TableId, since: StoredOffset) => void
  /**
   * Changes of the table from `since` on are gone from the server's binlog and in no topic; `isCopied`: a whole copy comes
   * behind them.
   */
  readonly onPurged: (
    table: TableId,
    since: StoredOffset,
    purged: {readonly isCopied: boolean; readonly error: unknown},
  ) => void
  /** Nothing is left of the branch. */
  readonly onFree: () => void
  readonly onFailure: (error: unknown) => void
  readonly now: () => number
}

/** What the branch is doing, for the status. */
export interface BranchStatus {
  readonly table: string
  readonly state: BranchState['state']
  /** `file:pos` where its stream goes on, or what it has emitted. */
  readonly from: string
  readonly waitsFor: string | null
}

export class ParallelSnapshotReader implements ParallelTables {
  readonly shares = new TableShares()
  readonly #options: ParallelSnapshotOptions
  #state: BranchState | null
  #stream: BranchStream | null = null
  #reader: Reader | null = null
  /** Ends before another begins. */
  #ending: Promise<void> = Promise.resolve()
  #run: TableRun | null = null
  /** Of the run; null before it begins. */
  #tableCopy: TableCopy | null = null
  #told: ParallelEvents | null = null
  #waitsFor: string | null = null
  #hasBegun = false
  #isClosed = false

  constructor(options: ParallelSnapshotOptions) {
    this.#options = options
    this.#state = options.stored
    this.shares.follow(this.#state)
  }

  get busy(): boolean {
    return this.#run !== null || (this.#state !== null && this.#state.state !== 'copying') || !this.#hasBegun
  }

  /** The stream is on its way: what the stored state says goes on. Tables that wait are started by whoever has them. */
  begin(): void {
    if (this.#hasBegun || this.#isClosed) return
    this.#hasBegun = true
    const state = this.#state
    if (state?.state === 'copying' && !this.#options.hasRun(state.table)) this.#abandon(null)
    else if (state?.state === 'following') this.#follow()
  }

  start(run: TableRun, told: ParallelEvents): void {
    const {table} = run.plan
    const state = this.#state
    if (state !== null && (state.state !== 'copying' || !isSame(state.table, table))) {
      if (state.state === 'copying' && this.#run === null) this.#abandon(null)
      told.failed(busyWith(state.table))
      return
    }
    invariant(this.#run === null, 'one table is copied by a read view at a time')
    this.#run = run
    this.#tableCopy = null
    this.#told = told
    this.#afterwards(() => {
      if (this.#run === run) this.#copy(run)
    })
  }

  stop(run: TableRun): void {
    const isCopying = this.#state?.state === 'copying' && isSame(this.#state.table, run.plan.table)
    if (this.#run !== run && !isCopying) return
    if (this.#state !== null && !isCopying) return
    this.#run = null
    this.#end()
    this.shares.follow(this.#state)
    if (isCopying) this.#abandon(this.#tableCopy)
    else this.#free()
  }

  /** The main stream comes from another server: a read view of the old one has no place there. */
  serverChanged(): void {
    if (this.#run === null || (this.#state !== null && this.#state.state !== 'copying')) return
    this.#end()
    this.#failed(otherServer(this.#run.plan.table))
  }

  /** For the state that is stored with a main stream that has acknowledged `safe`. */
  stored(safe: () => StreamExtent): BranchState | null {
    if (this.#state?.state === 'adopted' && safe().covers(StreamExtent.parse(this.#state.until))) {
      this.#apply({type: 'covered'})
      queueMicrotask(() => this.#free())
    }
    this.#advance()
    return this.#state
  }

  get status(): BranchStatus | null {
    const state = this.#state
    const table = state?.table ?? this.#run?.plan.table
    if (table === undefined) return null
    const {file, pos} = this.#stream?.position ?? (state?.state === 'adopted' ? state.until : state?.from) ?? NOWHERE
    return {
      table: tableIdText(table),
      state: state?.state ?? 'copying',
      from: file === '' ? '' : `${file}:${pos}`,
      waitsFor: this.#waitsFor,
    }
  }

  /** What is in flight may still be acknowledged and stored. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#stream?.stop()
    await this.#reader?.stop()
  }

  #copy(run: TableRun): void {
    const copy = (this.#tableCopy = this.#options.openCopy(run))
    const {main, isKeyless, namesColumns, store, delay, isCaptured, clearsGhosts, onCopied} = this.#options
    const {table} = run.plan
    const reader = new CopyingReader({
      ...{table, main, isKeyless, namesColumns, store, delay, shares: this.shares, copy},
      clearsGhosts: () => clearsGhosts(run.plan),
      onLocked: locked => {
        const copyId = this.#options.newCopyId()
        this.#apply({type: 'locked', table, ...locked, copyId, isCaptured: isCaptured(table)})
      },
      state: () => this.#state as Copying,
      readTo: (locked, signal) => this.#readTo(locked, signal),
      onCopied: (copied, resets) => {
        this.#apply({type: 'copied', ...copied})
        onCopied(run.plan, copied.place, resets)
      },
      onWait: reason => (this.#waitsFor = reason),
    })
    reader.uponCompletion({
      completed: () => {
        this.#run = null
        this.#reader = null
        this.#follow()
        this.#told?.copied()
      },
      failed: error => {
        this.#end()
        this.#failed(error)
      },
    })
    this.#reader = reader
    reader.start()
  }

  /** The attempt is over. What the branch has emitted meanwhile counts, and the table may be started again. */
  #failed(error: unknown): void {
    this.shares.follow(this.#state)
    this.#run = null
    this.#waitsFor = 'the table to be copied again'
    const told = this.#told
    this.#told = null
    told?.failed(error)
  }

  // Of a table that was locked before: the stretch from where the branch was, without what lies behind the new lock.
  async #readTo({place, schemas}: CopyPlace, signal: AbortSignal): Promise<void> {
    const lock = StreamExtent.parse(place)
    const isReached = (stream: BranchStream): boolean => stream.extent().covers(lock)
    const stream = this.#open({has: transaction => lock.has(transaction), isReached})
    this.#waitsFor = 'the changes up to the lock'
    let lost: {readonly error: unknown} | null = null
    try {
      await readToEnd(new BinlogReader(this.#reading(stream, this.#options.openSource())), signal)
    } catch (error) {
      if (!isPurged(error)) throw error
      lost = {error}
    }
    if (signal.aborted) return
    await stream.drain()
    if (signal.aborted) return
    this.#closeStream()
    if (lost === null) return
    // The rows that come now are whole without them.
    const {table, from} = this.#state as Copying
    this.#apply({type: 'skipped', to: place, schemas})
    this.#options.onPurged(table, from, {isCopied: true, ...lost})
  }

  /** Until both streams are at one place. */
  #follow(): void {
    const {main, now, openSource, delay} = this.#options
    const {mainUntil} = this.#state as Following
    const source = openSource()
    const isSameServer = (): boolean => (source.identity()?.serverUuid ?? '') === main.serverUuid
    const end = new ReconciledEnd(main, isSameServer)
    let isNear = false
    const stream = this.#open({
      has: () => true,
      isReached: branch => (isNear ? end.isReached(branch) : end.isNear(branch)),
    })
    const reading = this.#reading(stream, source)
    const reader = new ChainedReader([
      ...(mainUntil === undefined ? [] : [() => new MainStreamReader({main, delay, until: mainUntil})]),
      () => new BinlogReader(reading),
      () => {
        isNear = true
        const onReconciled = (until: StreamExtent): void => {
          this.#apply({type: 'reconciled', until: until.text})
        }
        return new ReconcilingBinlogReader({main, reading, end, now, onReconciled})
      },
    ])
    this.#waitsFor = 'its stream to come to the place of the main one'
    reader.uponCompletion({
      completed: () => {
        this.#reader = null
        this.#waitsFor = 'the main stream to be acknowledged beyond it'
        this.#closeStream()
      },
      failed: error => {
        if (isPurged(error)) this.#giveUp(error)
        else this.#options.onFailure(error)
      },
    })
    this.#reader = reader
    reader.start()
  }

  // Whatever it was to stream will never come: the main stream takes the table from where that is now.
  #giveUp(error: unknown): void {
    this.#end()
    this.#afterwards(() => {
      const {table, from} = this.#state as Following
      this.#apply({type: 'lost'})
      this.#options.onPurged(table, from, {isCopied: false, error})
      this.#free()
    })
  }

  #open(options: Pick<BranchStreamOptions, 'has' | 'isReached'>): BranchStream {
    const state = this.#state
    invariant(state !== null && state.state !== 'adopted', 'a branch streams a table that is not adopted')
    const at = {from: state.from, prepared: state.prepared ?? [], schemas: state.schemas ?? []}
    this.#stream = this.#options.openStream({...options, at, table: state.table})
    return this.#stream
  }

  #closeStream(): void {
    this.#advance()
    this.#stream?.close()
    this.#stream = null
  }

  #reading(stream: BranchStream, source: BranchSource): BinlogReaderOptions {
    const {log, delay, backoffMs, isConnectionLoss, main} = this.#options
    const serverUuid = (): string => main.serverUuid
    return {stream, source, serverUuid, log, delay, backoffMs, isConnectionLoss}
  }

  // A table whose copy nobody wants any more is streamed on all the same: its events have been left out so far. Of a copy
  // of another process, null, nobody knows how far it came.
  #abandon(copy: TableCopy | null): void {
    const {table, from, isAgain} = this.#state as Copying
    this.#apply({type: 'abandoned'})
    if (isAgain || copy?.hasSent !== false) this.#options.onAbandoned(table, from)
    if (this.#hasBegun) this.#afterwards(() => this.#follow())
  }

  /** What it has emitted counts: whatever begins next goes on behind that, once it is acknowledged. */
  #end(): void {
    const reader = this.#reader
    const stream = this.#stream
    this.#reader = null
    stream?.stop()
    this.#ending = (async () => {
      await reader?.stop()
      if (stream === null) return
      await stream.drain()
      if (!this.#isClosed) this.#closeStream()
    })()
    this.#ending.catch(() => undefined)
  }

  /** Where the sink has failed, the task ends. */
  #afterwards(begin: () => void): void {
    this.#ending.then(
      () => {
        if (!this.#isClosed) begin()
      },
      () => undefined,
    )
  }

  #free(): void {
    const told = this.#told
    this.#told = null
    this.#waitsFor = null
    told?.free()
    this.#options.onFree()
  }

  #advance(): void {
    if (this.#stream === null || this.#state === null || this.#state.state === 'adopted') return
    this.#apply({type: 'advanced', at: this.#stream.stored()})
  }

  #apply(event: BranchEvent): void {
    const before = this.#state?.state
    this.#state = branchAfter(this.#state, event)
    const after = this.#state
    if (event.type === 'advanced') return
    this.shares.follow(after)
    const table = after === null ? undefined : tableIdText(after.table)
    this.#options.log.info({table, from: before ?? 'none', to: after?.state ?? 'none'}, 'parallel reader goes on')
  }
}

const NOWHERE = {file: '', pos: 0}

function isSame(a: TableId, b: TableId): boolean {
  return a.table === b.table && a.database === b.database
}

function busyWith(table: TableId): TidemarkError {
  return new TidemarkError(
    'TIDEMARK_READER_BUSY',
    `the parallel reader still has ${tableIdText(table)}; another table waits until the stream has taken that over`,
    {kind: 'retryable'},
  )
}

function otherServer(table: TableId): TidemarkError {
  return new TidemarkError(
    'TIDEMARK_MYSQL_OTHER_SERVER',
    `the stream goes on from another server, and so does the copy of ${tableIdText(table)}, from its beginning`,
    {kind: 'retryable'},
  )
}
