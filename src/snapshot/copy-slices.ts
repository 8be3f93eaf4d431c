// One copy by a read view as the coordinator has it: slices of the table's rows, for which bytes and rows are granted
// one by one, and which may leave as soon as they are read: nothing in the stream supersedes them.

import type {ChunkBudget} from './chunk-budget.ts'
import {chunkBytes} from './chunk-lane.ts'
import type {ReadChunk} from './chunk-lane.ts'
import type {WindowOutlet} from './coordinator-options.ts'
import type {ReadTarget} from './prepared-table.ts'
import type {SnapshotObserver} from './snapshot-observer.ts'
import {newChunkRun} from './table-run.ts'
import type {ChunkRun, RangeRun, TableRun} from './table-run.ts'
import type {Admission, SnapshotThrottle} from './throttle.ts'

/** A slice as the read view hands it over. */
export type ReadSlice = Pick<ReadChunk, 'rows' | 'bytes' | 'ends' | 'last' | 'granted' | 'milliseconds'>

export interface CopySlicesOptions {
  readonly run: TableRun
  /** Rows of one slice at most. */
  readonly rows: number
  readonly budget: ChunkBudget
  readonly throttle: SnapshotThrottle
  readonly outlet: WindowOutlet
  readonly observer: Required<SnapshotObserver>
  readonly isPaused: () => boolean
  /** A slice without rows needs no acknowledgement. */
  readonly acknowledged: (chunk: ChunkRun) => void
}

/** Rows of a read view wait for no watermark and have no notes: a low watermark that nothing comes behind. */
const NO_NOTES = Number.MAX_SAFE_INTEGER

export class CopySlices {
  readonly #options: CopySlicesOptions
  readonly #range: RangeRun
  /** Of the slice being read, and of the one asked for ahead. */
  readonly #admitted: Admission[] = []
  /** Bytes granted for slices that have not come. */
  #unused = 0
  /** What a pause holds up. */
  #held: (() => void)[] = []
  #isOver = false
  #sequence = 0
  readonly #done: Promise<void>
  #settle: () => void = () => undefined

  constructor(options: CopySlicesOptions) {
    const {run} = options
    this.#options = options
    // A copy that was cut off counts for nothing: this one begins with the first row.
    Object.assign(run.plan, {ranges: [{after: null, upTo: [], done: false}], keyColumns: []})
    Object.assign(run.plan, {rowsDone: 0, superseded: 0, chunksDone: 0})
    run.firstRowSent = false
    run.openRanges(options.rows)
    this.#range = run.ranges[0]!
    this.#done = new Promise(resolve => (this.#settle = resolve))
  }

  /** Rows of one slice at most. */
  get rows(): number {
    return this.#options.run.snapshot.chunkRows ?? this.#options.rows
  }

  /** Calls `grant` when a slice of so many rows, or fewer, may be read; not while snapshots are paused. */
  request(bytes: number, rows: number, grant: (bytes: number, rows: number) => void): void {
    const {run, budget, throttle, isPaused} = this.#options
    if (isPaused()) {
      this.#held.push(() => this.request(bytes, rows, grant))
      return
    }
    const isWanted = (): boolean => !this.#isOver && run.active
    const admit = (admission: Admission): void => {
      const granted = (bytesGranted: number): void => {
        if (isPaused()) {
          // What was let in before the pause is not read during it.
          budget.release(bytesGranted)
          throttle.correct(admission, 0)
          this.request(bytes, rows, grant)
          return
        }
        this.#unused += bytesGranted
        this.#admitted.push(admission)
        grant(bytesGranted, admission.rows)
      }
      budget.request(bytes, granted, isWanted)
    }
    throttle.request({snapshot: run.snapshot, rank: run.rank, rows, admit, isWanted})
  }

  /** The pause is over. */
  resume(): void {
    for (const ask of this.#held.splice(0)) ask()
  }

  /** The next rows, in the order of reading. An empty slice is the last one. */
  take(slice: ReadSlice, target: ReadTarget): void {
    const {run, budget, throttle, outlet, observer, acknowledged} = this.#options
    const chunk: ReadChunk = {...slice, jobId: 0, sequence: this.#sequence++, low: NO_NOTES, end: null}
    const bytes = chunkBytes(chunk)
    this.#unused -= slice.granted
    budget.correct(slice.granted, bytes)
    const admission = this.#admitted.shift()
    if (admission !== undefined) throttle.correct(admission, slice.rows)
    if (this.#isOver || !run.active) {
      budget.release(bytes)
      return
    }
    Object.assign(run, {attempts: 0, problem: null, problemCode: null})
    this.#range.target = target
    this.#range.readToEnd = slice.last
    const item = newChunkRun(this.#range, chunk, 0)
    this.#range.chunks.push(item)
    if (slice.rows === 0) {
      budget.release(bytes)
      acknowledged(item)
      return
    }
    item.state = 'closed'
    observer.chunkRead(item)
    outlet.enqueue(item)
    outlet.pump()
  }

  /** Resolves when all rows are acknowledged. */
  get done(): Promise<void> {
    return this.#done
  }

  /** Rows were acknowledged. */
  advanced(): void {
    if (this.#range.plan.done) this.#settle()
  }

  get range(): RangeRun {
    return this.#range
  }

  /** Nothing more comes; what has not left leaves no more. Returns the chunks that are dropped. */
  close(): ChunkRun[] {
    if (this.#isOver) return []
    this.#isOver = true
    this.#held = []
    const {budget, throttle} = this.#options
    budget.release(this.#unused)
    this.#unused = 0
    for (const admission of this.#admitted.splice(0)) throttle.correct(admission, 0)
    // Also what has left and is not acknowledged: the copy counts as a whole or not at all.
    const dropped = this.#range.chunks.splice(0)
    for (const chunk of dropped) {
      if (chunk.state === 'closed') budget.release(chunkBytes(chunk.chunk))
      chunk.state = 'dropped'
    }
    return dropped
  }
}
