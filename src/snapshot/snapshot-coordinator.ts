// Runs snapshots beside the stream: takes plans in, has tables prepared and read ahead, gives each chunk its window, and
// keeps what may be stored. It never waits for the stream, and the stream never waits for it (I4).

import {tableIdText} from '../core/table-id.ts'
import type {TableId} from '../core/table-id.ts'
import {ChunkBudget} from './chunk-budget.ts'
import type {SnapshotCoordinatorOptions} from './coordinator-options.ts'
import {chunkBytes} from './chunk-lane.ts'
import type {LaneEvents, ReadChunk} from './chunk-lane.ts'
import {forgetNotes} from './notes.ts'
import {RangeScheduler} from './range-scheduler.ts'
import {ReadFailures} from './read-failures.ts'
import {readingOrder} from './reading-order.ts'
import {tellAll} from './snapshot-observer.ts'
import type {SnapshotObserver} from './snapshot-observer.ts'
import {endedState, forgetOldPlans, isActive, newSnapshotPlan, reopenFailed} from './snapshot-plan.ts'
import type {SnapshotPlan, SnapshotRequest, StoredSnapshots, TablePlan} from './snapshot-plan.ts'
import {TablePreparer} from './table-preparer.ts'
import type {SnapshotThrottle} from './throttle.ts'
import {advance, newChunkRun, rewind, TableRun} from './table-run.ts'
import type {ChunkRun, RangeRun} from './table-run.ts'

/** After so many chunks without a loss, a range whose chunks were made smaller has them grow again. */
const CHUNKS_TO_GROW = 20

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
  /** In reading order. */
  #runs: TableRun[] = []
  #nextOrdinal = 1
  #waiting: ChunkRun[] = []
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
      onGone: run => this.#tableDone(run),
      onGivenUp: run => {
        this.#end(run, 'failed')
        this.#settle(run.snapshot)
        options.onChange()
      },
      dropWindows: run => {
        for (const range of run.ranges) this.#dropWindows(range)
      },
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
      for (const range of run.ranges) this.#dropWindows(range)
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
      this.#options.notes.begin(run.text)
      run.prepareAgain(this.#options.watermarks.request())
    }
    for (const plan of failed) this.#takeUp(reopenFailed(plan))
    this.#observer.resumed(this.plans.filter(plan => waited.includes(plan) || failed.includes(plan)))
    this.#options.onChange()
    this.advance()
    return true
  }

  /** The stream has passed mark `number`: windows whose high watermark that reaches close, in reading order. */
  markSeen(number: number): void {
    this.#options.watermarks.seen(number)
    this.#options.notes.place = Math.max(this.#options.notes.place, number)
    let lost = false
    const due = this.#waiting.filter(chunk => chunk.high <= number)
    this.#waiting = this.#waiting.filter(chunk => chunk.high > number)
    for (const chunk of due) {
      // Reading one window again drops those behind it, too.
      if (chunk.state !== 'waiting') continue
      const notes = this.#options.notes.of(chunk.run.text)
      if (notes?.lostSince(chunk.chunk.low) === true) {
        lost = true
        this.#readAgain(chunk.range, 'notes overflowed')
      } else {
        chunk.state = 'closed'
        this.#options.outlet.enqueue(chunk)
      }
    }
    this.#forgetNotes()
    if (lost) this.advance()
  }

  /** A chunk of closed windows lost its notes before all rows had left. */
  windowLost(chunk: ChunkRun): void {
    this.#readAgain(chunk.range, 'notes overflowed')
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
      this.#options.log.info(
        {table: text, snapshot: run.snapshot.id},
        'table definition changed, reading windows again',
      )
      // What is being prepared now may have been looked at before the change: it is begun again, too, behind a mark,
      // since the change may be streamed before the server shows it.
      run.removed ||= removed
      run.prepareAgain(this.#options.watermarks.request())
      for (const range of run.ranges) this.#dropWindows(range)
    }
    this.advance()
  }

  /** A piece of the chunk's rows has left; called with `left` true when it was the last. */
  pieceSent(chunk: ChunkRun, left: boolean): void {
    chunk.piecesInFlight++
    if (left) this.#left(chunk)
  }

  /** All rows that were left of the chunk had been superseded, or the rest has: nothing more to send. */
  finishedWithoutPiece(chunk: ChunkRun): void {
    this.#left(chunk)
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

  get runs(): readonly TableRun[] {
    return this.#runs
  }

  get waitingWindows(): number {
    return this.#waiting.length
  }

  async close(): Promise<void> {
    this.throttle.close()
    await this.#scheduler.close()
  }

  #takeUp(plan: SnapshotPlan): void {
    const tables = plan.tables.filter(table => table.state === 'waiting' || table.state === 'running')
    if (!this.paused) for (const table of tables) this.#options.notes.begin(tableIdText(table.table))
    const needsMark = this.#options.watermarks.request(this.#runs.length === 0)
    for (const table of tables)
      this.#runs.push(new TableRun({plan: table, snapshot: plan, needsMark, ordinal: this.#nextOrdinal++}))
    this.#runs = readingOrder(this.#runs)
    if (tables.length === 0) this.#settle(plan)
  }

  /** Prepares and reads whatever can be. Cheap; called after every change and by a timer for what waits for a retry. */
  advance(): void {
    if (!this.#begun || this.paused || this.#options.signal.aborted) return
    this.#preparer.prepare(this.#runs, {
      prepared: run => {
        if (!run.active) return
        if (run.snapshot.state === 'queued') run.snapshot.state = 'running'
        if (run.ranges.length === 0) this.#tableDone(run)
        this.advance()
      },
      failed: (run, error) => this.#failures.failed(run, run, error),
    })
    this.#scheduler.fill(this.#runs)
    this.#options.outlet.pump()
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
    range.attempts = 0
    run.attempts = 0
    run.problem = null
    run.problemCode = null
    range.lowBound = chunk.low
    range.readAfter = chunk.end ?? range.readAfter
    range.readToEnd = chunk.last
    if (++range.goodChunks % CHUNKS_TO_GROW === 0)
      range.chunkRows = Math.min(run.snapshot.chunkRows ?? this.#options.chunkRows, range.chunkRows * 2)
    const empty = chunk.rows === 0
    const high = empty ? 0 : this.#options.watermarks.request(chunk.last && !this.#runs.some(({unread}) => unread))
    const item = newChunkRun(range, chunk, high)
    range.chunks.push(item)
    if (empty) {
      this.budget.release(bytes)
      this.#acknowledged(item)
    } else {
      run.lastKey = chunk.end ?? range.plan.upTo
      this.#waiting.push(item)
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

  #readAgain(range: RangeRun, reason: string): void {
    range.goodChunks = 0
    range.chunkRows = Math.max(1, Math.floor(range.chunkRows / 2))
    this.#options.log.warn(
      {table: range.run.text, reason, chunkRows: range.chunkRows},
      'reading windows again with smaller chunks',
    )
    this.#dropWindows(range)
    // What was noted since the last mark is lost, too: the next window may only begin at a mark issued from now on.
    range.run.prepareAgain(this.#options.watermarks.request())
  }

  #dropWindows(range: RangeRun): void {
    const dropped = rewind(range)
    for (const chunk of dropped) this.budget.release(chunkBytes(chunk.chunk))
    if (dropped.length > 0) this.#waiting = this.#waiting.filter(chunk => chunk.state === 'waiting')
    if (range.restart) this.#scheduler.cancel(range)
  }

  #left(chunk: ChunkRun): void {
    chunk.state = 'left'
    this.budget.release(chunkBytes(chunk.chunk))
    this.#forgetNotes()
  }

  #acknowledged(chunk: ChunkRun): void {
    const {run, range} = chunk
    if (advance(range).length === 0) return
    this.#observer.progressed(run)
    if (run.active && run.ranges.length > 0 && run.ranges.every(r => r.plan.done)) this.#tableDone(run)
    this.#options.onChange()
  }

  #tableDone(run: TableRun): void {
    // The estimate has served: a table that is done has as many rows as were read.
    run.plan.rowsEstimated = run.plan.rowsDone
    this.#end(run, 'done')
    this.#settle(run.snapshot)
    this.#options.onChange()
  }

  #end(run: TableRun, state: TablePlan['state']): void {
    run.plan.state = state
    for (const range of run.ranges) this.#dropWindows(range)
    this.#runs = readingOrder(this.#runs.filter(other => other !== run))
    this.#observer.tableEnded(run)
    if (this.#runs.length === 0) this.paused = false
    if (!this.#runs.some(other => other.text === run.text)) this.#options.notes.end(run.text)
    queueMicrotask(() => this.advance()) // A later snapshot of the same table waits for this.
  }

  #settle(plan: SnapshotPlan, {byStop = false} = {}): void {
    if (!isActive(plan) || plan.tables.some(t => t.state === 'waiting' || t.state === 'running')) return
    plan.state = byStop && !plan.tables.some(table => table.state === 'failed') ? 'stopped' : endedState(plan)
    this.#observer.snapshotEnded(plan)
  }

  #forgetNotes(): void {
    forgetNotes(this.#options.notes, this.#runs, this.#options.watermarks.committed)
  }
}
