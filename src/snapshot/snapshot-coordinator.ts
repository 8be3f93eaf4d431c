// Runs snapshots beside the stream: takes plans in, has tables prepared and read ahead, gives each chunk its window, and
// keeps what may be stored. It never waits for the stream, and the stream never waits for it (I4).

import {tableIdText} from '../core/table-id.ts'
import type {TableId} from '../core/table-id.ts'
import {describeError} from '../core/tidemark-error.ts'
import {ChunkBudget} from './chunk-budget.ts'
import type {SnapshotCoordinatorOptions} from './coordinator-options.ts'
import {chunkBytes} from './chunk-lane.ts'
import type {LaneEvents, ReadChunk} from './chunk-lane.ts'
import {RangeScheduler} from './range-scheduler.ts'
import {SnapshotProgressLog} from './snapshot-progress-log.ts'
import {forgetOldPlans, isActive, newSnapshotPlan} from './snapshot-plan.ts'
import type {SnapshotPlan, TablePlan, TableRequest} from './snapshot-plan.ts'
import {TablePreparer} from './table-preparer.ts'
import {advance, rewind, TableRun} from './table-run.ts'
import type {ChunkRun, RangeRun} from './table-run.ts'

/** A table's SELECT is tried this often before its snapshot is `failed` (connection losses do not count). */
const MAX_ATTEMPTS = 6
/** After so many chunks without a loss, a range whose chunks were made smaller has them grow again. */
const CHUNKS_TO_GROW = 20

export class SnapshotCoordinator {
  /** Stored with the checkpoint; order is reading order. */
  readonly plans: SnapshotPlan[] = []
  readonly budget: ChunkBudget
  readonly #options: SnapshotCoordinatorOptions
  readonly #scheduler: RangeScheduler
  readonly #preparer: TablePreparer
  readonly #progress: SnapshotProgressLog
  #runs: TableRun[] = []
  #waiting: ChunkRun[] = []
  #begun = false

  constructor(options: SnapshotCoordinatorOptions) {
    this.#options = options
    this.budget = new ChunkBudget(options.memoryBytes)
    this.#progress = new SnapshotProgressLog(options.log)
    const events: LaneEvents = {
      wants: (jobId, bytes) => this.#scheduler.wants(jobId, bytes),
      chunk: chunk => this.#onChunk(chunk),
      ended: jobId => this.#onEnded(jobId),
      failed: (jobId, error) => this.#onFailed(jobId, error),
    }
    this.#scheduler = new RangeScheduler({
      lanes: options.openLanes(events),
      budget: this.budget,
      committed: () => options.watermarks.committed,
      chunkBytes: options.chunkBytes,
      serverUuid: options.serverUuid,
      onStart: run => this.#started(run),
    })
    this.#preparer = new TablePreparer({
      watermarks: options.watermarks,
      planning: options.planning,
      openTarget: options.openTarget,
      chunkRows: options.chunkRows,
      lanes: this.#scheduler.laneCount,
      signal: options.signal,
    })
  }

  /** Takes stored plans up again. Call before the stream begins, so that noting begins with it. */
  restore(plans: readonly SnapshotPlan[]): void {
    for (const plan of plans) {
      this.plans.push(plan)
      if (isActive(plan)) this.#takeUp(plan)
    }
  }

  /** Reading may begin: the stream is on its way. */
  begin(): void {
    this.#begun = true
    this.#advance()
  }

  /** Queues a snapshot behind those that run. Noting begins at once, reading as soon as it can. */
  accept(request: {id: string; kind: SnapshotPlan['kind']; tables: readonly TableRequest[]}): SnapshotPlan {
    const plan = newSnapshotPlan(request.id, request.kind, request.tables)
    this.plans.push(plan)
    forgetOldPlans(this.plans)
    this.#options.log.info(
      {snapshot: plan.id, tables: plan.tables.map(t => tableIdText(t.table)), kind: plan.kind},
      'snapshot accepted',
    )
    this.#takeUp(plan)
    this.#options.onChange()
    this.#advance()
    return plan
  }

  /** Stops the tables for which `matches` holds: ends running SELECTs and drops what has not left. Returns those stopped. */
  stop(matches: (table: TableId) => boolean): TableId[] {
    const stopped: TableId[] = []
    for (const run of this.#runs) {
      if (!run.active || !matches(run.plan.table)) continue
      stopped.push(run.plan.table)
      if (run.preparing) this.#options.onStoppedWhilePreparing()
      this.#end(run, 'stopped')
    }
    for (const plan of this.plans) this.#settle(plan)
    this.#options.onChange()
    return stopped
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
    if (lost) this.#advance()
  }

  /** A chunk of closed windows lost its notes before all rows had left. */
  windowLost(chunk: ChunkRun): void {
    this.#readAgain(chunk.range, 'notes overflowed')
    this.#advance()
  }

  /**
   * The table's definition changed in the stream, by DDL or by row events with other columns. What was read with another
   * definition and has not left is read again.
   */
  schemaChanged(table: TableId, fingerprint: string | null): void {
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
      run.definitions++
      run.needsMark = this.#options.watermarks.request()
      run.prepared = null
      for (const range of run.ranges) this.#dropWindows(range)
    }
    this.#advance()
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

  /** True while read events leave or may leave. */
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
    await this.#scheduler.close()
  }

  /** Prepares and reads whatever can be. Cheap; called after every change and by a timer for what waits for a retry. */
  advance(): void {
    this.#advance()
  }

  #takeUp(plan: SnapshotPlan): void {
    const tables = plan.tables.filter(table => table.state === 'waiting' || table.state === 'running')
    for (const table of tables) this.#options.notes.begin(tableIdText(table.table))
    const needsMark = this.#options.watermarks.request()
    for (const table of tables) this.#runs.push(new TableRun({plan: table, snapshot: plan, needsMark}))
    if (tables.length === 0) this.#settle(plan)
  }

  #advance(): void {
    if (!this.#begun || this.#options.signal.aborted) return
    this.#preparer.prepare(this.#runs, {
      prepared: run => {
        if (!run.active) return
        if (run.snapshot.state === 'queued') run.snapshot.state = 'running'
        if (run.ranges.length === 0) this.#tableDone(run)
        this.#advance()
      },
      failed: (run, error) => this.#retryOrFail(run, run, error),
    })
    this.#scheduler.fill(this.#runs)
    this.#options.outlet.pump()
  }

  #started(run: TableRun): void {
    run.plan.state = 'running'
    if (run.startedAt === 0) {
      run.startedAt = performance.now()
      run.rowsAtStart = run.plan.rowsDone
    }
    this.#progress.started(run)
  }

  #onChunk(chunk: ReadChunk): void {
    const range = this.#scheduler.rangeOf(chunk.jobId)
    const bytes = chunkBytes(chunk)
    this.#scheduler.used(chunk.jobId, chunk.granted)
    this.budget.correct(chunk.granted, bytes)
    if (range === null || range.restart || !range.run.active) {
      this.budget.release(bytes)
      return
    }
    const {run} = range
    range.attempts = 0
    run.attempts = 0
    run.problem = null
    range.lowBound = chunk.low
    range.readAfter = chunk.end ?? range.readAfter
    range.readToEnd = chunk.last
    if (++range.goodChunks % CHUNKS_TO_GROW === 0)
      range.chunkRows = Math.min(this.#options.chunkRows, range.chunkRows * 2)
    const empty = chunk.rows === 0
    const high = empty ? 0 : this.#options.watermarks.request()
    const item: ChunkRun = {
      run,
      range,
      chunk,
      target: range.target!,
      high,
      state: empty ? 'left' : 'waiting',
      nextRow: 0,
      superseded: 0,
      piecesInFlight: 0,
    }
    range.chunks.push(item)
    if (empty) {
      this.budget.release(bytes)
      this.#acknowledged(item)
    } else {
      run.lastKey = chunk.end ?? range.plan.upTo
      this.#waiting.push(item)
    }
  }

  #onEnded(jobId: number): void {
    this.#scheduler.finished(jobId)
    this.#advance()
  }

  #onFailed(jobId: number, error: unknown): void {
    const range = this.#scheduler.finished(jobId)
    if (range !== null && range.run.active && !range.readToEnd) this.#retryOrFail(range.run, range, error)
    this.#advance()
  }

  // A chunk that fails is read again from the same key, on a new connection, after a backoff. It is never skipped.
  #retryOrFail(run: TableRun, what: {attempts: number; notBefore: number}, error: unknown): void {
    const {code, message} = describeError(error)
    run.problem = message
    if (this.#options.signal.aborted || !run.active) return
    if (code === 'TIDEMARK_SNAPSHOT_UNKNOWN_TABLE' && run.definitions > 0) {
      // Dropped since it was accepted, as the stream has shown: there is nothing left to read. Without DDL in the stream
      // it is still there, and hidden from us (a grant was taken away).
      run.plan.error = message
      this.#options.log.warn(
        {table: run.text, snapshot: run.snapshot.id, reason: message},
        'table is gone, nothing left to copy',
      )
      this.#tableDone(run)
      return
    }
    const lost = this.#options.isConnectionLoss(error)
    if (!lost && ++what.attempts >= MAX_ATTEMPTS) {
      run.plan.error = message
      this.#options.log.error(
        {table: run.text, snapshot: run.snapshot.id, code, reason: message},
        'table scan failed; its progress is kept',
      )
      this.#end(run, 'failed')
      this.#settle(run.snapshot)
      this.#options.onChange()
      return
    }
    const delay = Math.min(10_000, 100 * 2 ** (lost ? 4 : what.attempts))
    what.notBefore = performance.now() + delay
    // The reason may be a definition that is newer than what the stream has shown: look at the table again.
    // What was read with the older one must not leave behind the DDL.
    if (!this.#options.isTransient(error)) {
      run.prepared = null
      for (const range of run.ranges) this.#dropWindows(range)
    }
    this.#options.log.warn(
      {table: run.text, code, reason: message, retryInMs: delay},
      'reading a chunk failed, will try again',
    )
    setTimeout(() => this.#advance(), delay + 1).unref()
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
    range.run.needsMark = this.#options.watermarks.request()
    range.run.prepared = null
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
    this.#progress.progressed(run)
    if (run.active && run.ranges.length > 0 && run.ranges.every(r => r.plan.done)) this.#tableDone(run)
    this.#options.onChange()
  }

  #tableDone(run: TableRun): void {
    this.#end(run, 'done')
    // The estimate has served: a table that is done has as many rows as were read.
    run.plan.rowsEstimated = run.plan.rowsDone
    this.#progress.done(run)
    this.#options.onTableDone(run)
    this.#settle(run.snapshot)
    this.#options.onChange()
  }

  #end(run: TableRun, state: TablePlan['state']): void {
    run.plan.state = state
    for (const range of run.ranges) this.#dropWindows(range)
    this.#runs = this.#runs.filter(other => other !== run)
    if (!this.#runs.some(other => other.text === run.text)) this.#options.notes.end(run.text)
    queueMicrotask(() => this.#advance()) // A later snapshot of the same table waits for this.
  }

  #settle(plan: SnapshotPlan): void {
    if (!isActive(plan) || plan.tables.some(t => t.state === 'waiting' || t.state === 'running')) return
    if (plan.tables.some(t => t.state === 'failed')) plan.state = 'failed'
    else if (plan.tables.length > 0 && plan.tables.every(t => t.state === 'stopped')) plan.state = 'stopped'
    else plan.state = 'completed'
    this.#progress.snapshotEnded(plan)
  }

  // Snapshots of one table share its notes: the oldest window of any of them keeps them.
  #forgetNotes(): void {
    const {committed} = this.#options.watermarks
    const oldest = new Map<string, number>()
    for (const run of this.#runs) {
      oldest.set(run.text, Math.min(oldest.get(run.text) ?? committed, run.oldestLow(committed)))
    }
    for (const [text, low] of oldest) {
      const notes = this.#options.notes.of(text)
      if (notes !== null && notes.size > 0) notes.forgetBefore(low)
    }
  }
}
