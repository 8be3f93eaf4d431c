// Runs snapshots beside the stream: takes plans in, has tables prepared and read ahead, gives each chunk its window, and
// keeps what may be stored. It never waits for the stream, and the stream never waits for it (I4).

import {tableIdText} from '../core/table-id.ts'
import type {TableId} from '../core/table-id.ts'
import {describeError} from '../core/tidemark-error.ts'
import {ChunkBudget} from './chunk-budget.ts'
import type {SnapshotCoordinatorOptions} from './coordinator-options.ts'
import {chunkBytes} from './chunk-lane.ts'
import type {LaneEvents, ReadChunk} from './chunk-lane.ts'
import type {CopySlices} from './copy-slices.ts'
import {isParallel, ParallelRuns} from './parallel-runs.ts'
import type {ParallelTables} from './parallel-tables.ts'
import {RangeScheduler} from './range-scheduler.ts'
import {ReadFailures} from './read-failures.ts'
import {readingOrder} from './reading-order.ts'
import {tellAll} from './snapshot-observer.ts'
import type {SnapshotObserver} from './snapshot-observer.ts'
import {endedState, forgetOldPlans, isActive, newSnapshotPlan, reopenFailed} from './snapshot-plan.ts'
import type {SnapshotPlan, SnapshotRequest, StoredSnapshots, TablePlan} from './snapshot-plan.ts'
import {TablePreparer} from './table-preparer.ts'
import type {SnapshotThrottle} from './throttle.ts'
import {advance, newChunkRun, noteRead, TableRun} from './table-run.ts'
import type {ChunkRun} from './table-run.ts'
import {Windows} from './windows.ts'

export class SnapshotCoordinator {
  /** Stored with the checkpoint; order is reading order. */
  readonly plans: SnapshotPlan[] = []
  /** Nothing is read and nothing leaves until `resume`; stored with the plans. */
  paused = false
  readonly budget: ChunkBudget
  readonly throttle: SnapshotThrottle
  readonly #options: SnapshotCoordinatorOptions
  readonly #scheduler: RangeScheduler
  readonly #preparer: TablePreparer
  readonly #failures: ReadFailures
  readonly #observer: Required<SnapshotObserver>
  readonly #windows: Windows
  readonly #parallel: ParallelRuns
  /** In reading order. */
  #runs: TableRun[] = []
  #nextOrdinal = 1
  #begun = false

  constructor(options: SnapshotCoordinatorOptions) {
    this.#options = options
    this.budget = new ChunkBudget(options.memoryBytes)
    this.throttle = options.throttle
    this.#observer = tellAll(options.observers)
    const events: LaneEvents = {
      wants: (jobId, bytes, rows) => this.#scheduler.wants(jobId, bytes, rows),
      chunk: chunk => this.#onChunk(chunk),
      ended: jobId => this.#onEnded(jobId),
      failed: (jobId, error) => this.#onFailed(jobId, error),
    }
    this.#scheduler = new RangeScheduler({
      lanes: options.openLanes(events),
      budget: this.budget,
      throttle: options.throttle,
      committed: () => options.watermarks.committed,
      chunkBytes: options.chunkBytes,
      serverUuid: options.serverUuid,
      onStart: run => {
        run.begin()
        this.#observer.tableStarted(run)
      },
    })
    this.#windows = new Windows({
      ...options,
      budget: this.budget,
      cancel: range => this.#scheduler.cancel(range),
      runs: () => this.#runs,
    })
    this.#parallel = this.#createParallel(options)
    this.#preparer = new TablePreparer({
      watermarks: options.watermarks,
      planning: options.planning,
      openTarget: options.openTarget,
      resetTopic: options.resetTopic,
      chunkRows: options.chunkRows,
      lanes: this.#scheduler.laneCount,
      signal: options.signal,
    })
    this.#failures = new ReadFailures({
      ...options,
      onGone: run => {
        this.#parallel.stop(run)
        this.#tableDone(run)
      },
      onGivenUp: run => {
        this.#parallel.stop(run)
        this.#end(run, 'failed')
        this.#settle(run.snapshot)
        options.onChange()
      },
      dropWindows: run => this.#windows.dropAll(run),
      onRetry: () => this.advance(),
    })
  }

  /** Takes stored plans up again. Call before the stream begins, so that noting begins with it. */
  restore({snapshots, snapshotsPaused}: StoredSnapshots): void {
    this.paused = snapshotsPaused === true
    for (const plan of snapshots) {
      this.plans.push(plan)
      if (isActive(plan)) this.#takeUp(plan)
    }
  }

  /** Reading may begin: the stream is on its way. */
  begin(): void {
    this.#begun = true
    void this.#preparer.size(this.#runs)
    this.advance()
  }

  /** Queues a snapshot behind those that run and have no lower priority. Noting begins at once, reading as soon as it can. */
  accept(request: SnapshotRequest): SnapshotPlan {
    const plan = newSnapshotPlan(request)
    this.plans.push(plan)
    forgetOldPlans(this.plans)
    this.#observer.accepted(plan)
    this.#takeUp(plan)
    this.#options.onChange()
    this.advance()
    return plan
  }

  /** Stops the tables for which `matches` holds: ends running SELECTs and drops what has not left. Returns those stopped. */
  stop(matches: (table: TableId) => boolean): TableId[] {
    const stopped = this.#runs.filter(run => run.active && matches(run.plan.table))
    for (const run of stopped) {
      if (run.preparing) this.#options.onStoppedWhilePreparing()
      this.#parallel.stop(run)
      this.#end(run, 'stopped')
    }
    for (const plan of new Set(stopped.map(run => run.snapshot))) {
      const tables = stopped.filter(run => run.snapshot === plan).map(run => run.plan.table)
      this.#observer.stopped(plan, tables)
      this.#settle(plan, {byStop: true})
    }
    this.#options.onChange()
    return stopped.map(run => run.plan.table)
  }

  /** Nothing more is read or leaves until `resume`: running SELECTs end, and what has not left is read again then. */
  pause(): boolean {
    if (this.paused || this.#runs.length === 0) return false
    this.paused = true
    for (const run of this.#runs) {
      run.rest()
      // A read view is held where it is: what was read of it leaves, and nothing more is read.
      if (isParallel(run)) continue
      this.#windows.dropAll(run)
      this.#options.notes.end(run.text) // A long pause must not fill the memory with notes for windows that are gone.
    }
    this.#observer.paused(this.plans.filter(isActive))
    this.#options.onChange()
    return true
  }

  /** Goes on after `pause`, and with tables that failed, from where they were acknowledged. */
  resume(): boolean {
    const failed = this.plans.filter(plan => plan.state === 'failed')
    if (!this.paused && failed.length === 0) return false
    const waited = this.paused ? this.plans.filter(isActive) : []
    this.paused = false
    for (const run of this.#runs) {
      if (isParallel(run)) continue
      this.#options.notes.begin(run.text)
      run.prepareAgain(this.#options.watermarks.request())
    }
    this.#parallel.resume()
    for (const plan of failed) this.#takeUp(reopenFailed(plan))
    this.#observer.resumed(this.plans.filter(plan => waited.includes(plan) || failed.includes(plan)))
    this.#options.onChange()
    this.advance()
    return true
  }

  /** The stream has passed mark `number`: windows whose high watermark that reaches close, in reading order. */
  markSeen(number: number): void {
    if (this.#windows.markSeen(number)) this.advance()
  }

  /** A chunk of closed windows lost its notes before all rows had left. */
  windowLost(chunk: ChunkRun): void {
    this.#windows.readAgain(chunk.range, 'notes overflowed')
    this.advance()
  }

  /**
   * The table's definition changed in the stream, by DDL or by row events with other columns. What was read with another
   * definition and has not left is read again. `removed`: the table may not be there any more.
   */
  schemaChanged(table: TableId, fingerprint: string | null, removed = false): void {
    const text = tableIdText(table)
    for (const run of this.#runs) {
      if (run.text !== text || !run.active) continue
      if (fingerprint !== null && run.prepared?.fingerprint === fingerprint) continue
      run.removed ||= removed
      // Under a read view the table keeps its definition, which is newer than what the stream shows.
      if (isParallel(run)) continue
      this.#options.log.info(
        {table: text, snapshot: run.snapshot.id},
        'table definition changed, reading windows again',
      )
      // What is being prepared now may have been looked at before the change: it is begun again, too, behind a mark,
      // since the change may be streamed before the server shows it.
      run.prepareAgain(this.#options.watermarks.request())
      this.#windows.dropAll(run)
    }
    this.advance()
  }

  /** A piece of the chunk's rows has left; called with `left` true when it was the last. */
  pieceSent(chunk: ChunkRun, left: boolean): void {
    chunk.piecesInFlight++
    if (left) this.#windows.left(chunk)
  }

  /** All rows that were left of the chunk had been superseded, or the rest has: nothing more to send. */
  finishedWithoutPiece(chunk: ChunkRun): void {
    this.#windows.left(chunk)
    this.#acknowledged(chunk)
  }

  pieceAcknowledged(chunk: ChunkRun): void {
    chunk.piecesInFlight--
    if (chunk.state === 'left') this.#acknowledged(chunk)
  }

  /** True while there is something to copy, paused or not. */
  get active(): boolean {
    return this.#runs.length > 0
  }

  /** The parallel reader, which the stream's side makes. */
  set parallelTables(tables: ParallelTables) {
    this.#parallel.tables = tables
  }

  /** A copy by a read view begins, with the first row of the run's table. */
  openSlices(run: TableRun): CopySlices {
    return this.#parallel.slices(run)
  }

  get runs(): readonly TableRun[] {
    return this.#runs
  }

  get waitingWindows(): number {
    return this.#windows.waiting
  }

  async close(): Promise<void> {
    this.throttle.close()
    await this.#scheduler.close()
  }

  #createParallel(options: SnapshotCoordinatorOptions): ParallelRuns {
    return new ParallelRuns({
      rows: options.chunkRows,
      budget: this.budget,
      throttle: options.throttle,
      outlet: options.outlet,
      observer: this.#observer,
      isPaused: () => this.paused,
      acknowledged: chunk => this.#acknowledged(chunk),
      onStart: run => {
        if (run.snapshot.state === 'queued') run.snapshot.state = 'running'
        run.plan.startedAtMs = Date.now()
        run.begin()
        this.#observer.tableStarted(run)
        options.onChange()
      },
      onCopied: run => this.#tableDone(run),
      onFailed: (run, error) => this.#failures.failed(run, run, error),
      onFree: () => this.advance(),
    })
  }

  #takeUp(plan: SnapshotPlan): void {
    const tables = plan.tables.filter(table => table.state === 'waiting' || table.state === 'running')
    const byWindows = tables.filter(table => table.reader !== 'parallel')
    if (!this.paused) for (const {table} of byWindows) this.#options.notes.begin(tableIdText(table))
    const taken = {snapshot: plan, needsMark: this.#options.watermarks.request(this.#runs.length === 0)}
    const runs = tables.map(table => new TableRun({...taken, plan: table, ordinal: this.#nextOrdinal++}))
    this.#runs = readingOrder([...this.#runs, ...runs])
    if (this.#begun) void this.#preparer.size(runs)
    if (tables.length === 0) this.#settle(plan)
  }

  /** Prepares and reads whatever can be. Cheap; called after every change and by a timer for what waits for a retry. */
  advance(): void {
    if (!this.#begun || this.paused || this.#options.signal.aborted) return
    const byWindows = this.#parallel.byWindows(this.#runs)
    this.#preparer.prepare(byWindows, {
      prepared: run => {
        if (!run.active) return
        if (run.snapshot.state === 'queued') run.snapshot.state = 'running'
        if (run.ranges.length === 0) this.#tableDone(run)
        this.advance()
      },
      failed: (run, error) => this.#notPrepared(run, error),
    })
    this.#scheduler.fill(byWindows)
    this.#parallel.advance(this.#runs)
    this.#options.outlet.pump()
  }

  // A table without a key has no chunks; as a whole it can be copied by a read view.
  #notPrepared(run: TableRun, error: unknown): void {
    const {plan} = run
    const isKeyless = describeError(error).code === 'TIDEMARK_SNAPSHOT_NO_KEY'
    if (!isKeyless || plan.condition !== null || this.#parallel.tables === null) {
      this.#failures.failed(run, run, error)
      return
    }
    this.#windows.dropAll(run)
    plan.reader = 'parallel'
    this.#endNotes(run)
    this.#options.onChange()
    this.advance()
  }

  #onChunk(chunk: ReadChunk): void {
    const range = this.#scheduler.rangeOf(chunk.jobId)
    const bytes = chunkBytes(chunk)
    this.#scheduler.used(chunk)
    this.budget.correct(chunk.granted, bytes)
    if (range === null || range.restart || !range.run.active) {
      this.budget.release(bytes)
      return
    }
    const {run} = range
    noteRead(range, chunk, run.snapshot.chunkRows ?? this.#options.chunkRows)
    const empty = chunk.rows === 0
    const high = empty ? 0 : this.#options.watermarks.request(chunk.last && !this.#runs.some(({unread}) => unread))
    const item = newChunkRun(range, chunk, high)
    range.chunks.push(item)
    if (empty) {
      this.budget.release(bytes)
      this.#acknowledged(item)
    } else {
      run.lastKey = chunk.end ?? range.plan.upTo
      this.#windows.add(item)
      this.#observer.chunkRead(item)
    }
    this.#scheduler.yieldIfAsked(chunk.jobId)
  }

  #onEnded(jobId: number): void {
    this.#scheduler.finished(jobId)
    this.advance()
  }

  #onFailed(jobId: number, error: unknown): void {
    const range = this.#scheduler.finished(jobId)
    if (range !== null && range.run.active && !range.readToEnd) this.#failures.failed(range.run, range, error)
    this.advance()
  }

  #acknowledged(chunk: ChunkRun): void {
    const {run, range} = chunk
    if (advance(range).length === 0) return
    this.#observer.progressed(run)
    if (isParallel(run)) this.#parallel.advanced(run)
    else if (run.active && run.ranges.length > 0 && run.ranges.every(r => r.plan.done)) this.#tableDone(run)
    this.#options.onChange()
  }

  #tableDone(run: TableRun): void {
    this.#end(run, 'done')
    this.#settle(run.snapshot)
    this.#options.onChange()
  }

  #end(run: TableRun, state: TablePlan['state']): void {
    run.end(state)
    this.#windows.dropAll(run)
    this.#runs = readingOrder(this.#runs.filter(other => other !== run))
    this.#observer.tableEnded(run)
    if (this.#runs.length === 0) this.paused = false
    this.#endNotes(run)
    queueMicrotask(() => this.advance()) // A later snapshot of the same table waits for this.
  }

  #endNotes({text}: TableRun): void {
    if (!this.#runs.some(run => run.text === text && !isParallel(run))) this.#options.notes.end(text)
  }

  #settle(plan: SnapshotPlan, {byStop = false} = {}): void {
    if (!isActive(plan) || plan.tables.some(t => t.state === 'waiting' || t.state === 'running')) return
    plan.state = byStop && !plan.tables.some(table => table.state === 'failed') ? 'stopped' : endedState(plan)
    this.#observer.snapshotEnded(plan)
  }
}
