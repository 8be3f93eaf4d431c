// One table of a running snapshot: its ranges, the chunks between reading and acknowledgement, and its progress.
// Pure bookkeeping: what is read, closed, left and acknowledged is told to it; it says what may be stored.

import {tableIdText} from '../core/table-id.ts'
import type {ReadChunk} from './chunk-lane.ts'
import type {KeyValues} from './chunk-key.ts'
import type {PreparedTable, ReadTarget} from './prepared-table.ts'
import {RecentRate} from './recent-rate.ts'
import {RowsLeft} from './rows-left.ts'
import type {RangePlan, SnapshotPlan, TablePlan} from './snapshot-plan.ts'

/**
 * - `waiting`: for its high watermark; `closed`: rows may leave; `left`: all rows have their place in the sink
 * - `dropped`: is read again, or nobody wants it any more
 */
export type ChunkState = 'waiting' | 'closed' | 'left' | 'dropped'

export interface ChunkRun {
  readonly run: TableRun
  readonly range: RangeRun
  readonly chunk: ReadChunk
  readonly target: ReadTarget
  /** The number of the mark that closes its window. */
  readonly high: number
  state: ChunkState
  /** Rows before this one have left or were superseded. */
  nextRow: number
  superseded: number
  piecesInFlight: number
}

export interface RangeRun {
  readonly run: TableRun
  readonly plan: RangePlan
  /** Reading begins behind this key: the end of the last chunk that has left or is on its way out. */
  readAfter: KeyValues | null
  jobId: number | null
  /** Where the rows of the running job go; set with the job. */
  target: ReadTarget | null
  /** The job is to be cancelled and begun again from `readAfter`. */
  restart: boolean
  /** The last chunk of the range was read. */
  readToEnd: boolean
  chunkRows: number
  /** Chunks read since the last one that was lost. */
  goodChunks: number
  /** A lower bound of the low watermark that the chunk being read has. */
  lowBound: number
  /** In reading order, from the oldest that is not acknowledged. */
  chunks: ChunkRun[]
  attempts: number
  /** Not to be tried again before this time. */
  notBefore: number
}

export class TableRun {
  readonly text: string
  readonly plan: TablePlan
  readonly snapshot: SnapshotPlan
  /** Counts the runs of this process in the order of their acceptance. */
  readonly ordinal: number
  /** Its snapshot's priority, or that of a later one that waits for this; see reading-order.ts. */
  rank = 0
  /** The mark that must be committed before the maximum key and the first chunk are read. */
  needsMark: number
  prepared: PreparedTable | null = null
  preparing = false
  /** The stream has shown a statement that drops or renames the table. */
  removed = false
  /** Counts what makes a preparation that is under way worthless, so that it is begun again. */
  invalidations = 0
  ranges: RangeRun[] = []
  /** For the speed and the time left that are shown. */
  readonly #rate = new RecentRate()
  readonly #rowsLeft = new RowsLeft()
  #isTimed = false
  lastKey: KeyValues | null = null
  /** Bytes of one encoded row, estimated; null: nothing is known of the table yet. */
  rowBytes: number | null = null
  /** Pieces of its chunks that have left and are not acknowledged. */
  piecesInFlight = 0
  /** For an initial snapshot: a row of this table has left already. */
  firstRowSent = false
  /** Names the copy by a read view that its rows belong to; null: by windows. */
  copyId: string | null = null
  lastLoggedAt = 0
  attempts = 0
  notBefore = 0
  problem: string | null = null
  /** The error code of `problem`. */
  problemCode: string | null = null

  constructor(options: {plan: TablePlan; snapshot: SnapshotPlan; needsMark: number; ordinal: number}) {
    this.ordinal = options.ordinal
    this.plan = options.plan
    this.snapshot = options.snapshot
    this.needsMark = options.needsMark
    this.text = tableIdText(options.plan.table)
  }

  get active(): boolean {
    return this.plan.state === 'waiting' || this.plan.state === 'running'
  }

  /** True while something of it is still to be read, as far as is known. */
  get unread(): boolean {
    return this.prepared === null || this.ranges.some(range => !range.readToEnd)
  }

  /** True where no row of the table will leave any more. */
  get hasLeft(): boolean {
    return !this.active || (this.ranges.length > 0 && this.ranges.every(hasLeft))
  }

  /** Takes the plan's ranges up for reading, from where they were acknowledged. */
  openRanges(byDefault: number): void {
    const chunkRows = this.snapshot.chunkRows ?? byDefault
    this.ranges = (this.plan.ranges ?? [])
      .filter(plan => !plan.done)
      .map(plan => ({
        run: this,
        plan,
        readAfter: plan.after,
        jobId: null,
        target: null,
        restart: false,
        readToEnd: false,
        chunkRows,
        goodChunks: 0,
        lowBound: 0,
        chunks: [],
        attempts: 0,
        notBefore: 0,
      }))
  }

  /** The lowest low watermark that a chunk of this table has or may get, given that new ones begin at `committed`. */
  oldestLow(committed: number): number {
    let low = committed
    for (const range of this.ranges) {
      if (range.jobId !== null) low = Math.min(low, range.lowBound)
      for (const chunk of range.chunks) {
        if (chunk.state === 'waiting' || chunk.state === 'closed') low = Math.min(low, chunk.chunk.low)
      }
    }
    return low
  }

  /** Reading begins, or goes on. */
  begin(now = performance.now()): void {
    this.plan.state = 'running'
    if (this.#isTimed) return
    this.#isTimed = true
    this.#rate.begin(now, this.plan.rowsDone)
  }

  /** Nothing is read for a while: the time until the next `begin` says nothing of the speed. */
  rest(): void {
    this.#isTimed = false
  }

  /** Rows were acknowledged. */
  noteProgress(): void {
    this.#rowsLeft.note(this.plan)
    this.#rate.note(performance.now(), this.plan.rowsDone)
  }

  /** Has the table looked at again, behind mark `needsMark`, before anything more is read of it. */
  prepareAgain(needsMark: number): void {
    this.needsMark = needsMark
    this.prepared = null
    this.invalidations++
  }

  get rowsPerSecond(): number {
    return this.#isTimed ? this.#rate.perSecond(performance.now()) : 0
  }

  /** Rows still to be copied, as far as can be told; null: not at all. */
  get rowsLeft(): number | null {
    return this.#rowsLeft.of(this.plan)
  }

  /** Rows that were read and are not acknowledged. */
  get rowsAhead(): number {
    let rows = 0
    for (const {chunks} of this.ranges) for (const {chunk} of chunks) rows += chunk.rows
    return rows
  }

  /** Nothing more is copied of it. What is known of its size now is kept in the place of the server's estimate. */
  end(state: TablePlan['state']): void {
    const {plan, rowsLeft} = this
    if (state === 'done') plan.rowsEstimated = plan.rowsDone
    else if (plan.rowsDone > 0) plan.rowsEstimated = rowsLeft === null ? 0 : Math.round(plan.rowsDone + rowsLeft)
    plan.state = state
  }
}

/** After so many chunks without a loss, a range whose chunks were made smaller has them grow again. */
const CHUNKS_TO_GROW = 20

/** Reading has come as far as the end of this chunk. */
export function noteRead(range: RangeRun, chunk: ReadChunk, mostRows: number): void {
  const {run} = range
  range.attempts = 0
  run.attempts = 0
  run.problem = null
  run.problemCode = null
  range.lowBound = chunk.low
  range.readAfter = chunk.end ?? range.readAfter
  range.readToEnd = chunk.last
  if (++range.goodChunks % CHUNKS_TO_GROW === 0) range.chunkRows = Math.min(mostRows, range.chunkRows * 2)
}

/** A chunk that was read, before its window. An empty one has nothing to wait for. */
export function newChunkRun(range: RangeRun, chunk: ReadChunk, high: number): ChunkRun {
  return {
    run: range.run,
    range,
    chunk,
    target: range.target!,
    high,
    state: chunk.rows === 0 ? 'left' : 'waiting',
    nextRow: 0,
    superseded: 0,
    piecesInFlight: 0,
  }
}

/** True where every row of the range has left, be it acknowledged or not. */
export function hasLeft(range: RangeRun): boolean {
  return range.plan.done || (range.readToEnd && range.chunks.every(chunk => chunk.state === 'left'))
}

/**
 * Advances what may be stored over the chunks at the front that have left and are acknowledged. Returns them.
 * Only the unbroken prefix counts: a chunk behind one that is still on its way must be read again after a crash.
 */
export function advance(range: RangeRun): ChunkRun[] {
  const done: ChunkRun[] = []
  while (range.chunks.length > 0) {
    const first = range.chunks[0]!
    if (first.state !== 'left' || first.piecesInFlight > 0) break
    range.chunks.shift()
    done.push(first)
    if (first.chunk.end !== null) range.plan.after = first.chunk.end
    const plan = range.run.plan
    plan.rowsDone += first.chunk.rows
    plan.superseded += first.superseded
    plan.chunksDone++
    if (first.chunk.last) range.plan.done = true
  }
  if (done.length > 0) range.run.noteProgress()
  return done
}

/**
 * Drops the chunks from the first that has not left on, and has reading begin again behind those before it. Returns the
 * dropped ones that still hold rows.
 */
export function rewind(range: RangeRun): ChunkRun[] {
  const first = range.chunks.findIndex(chunk => chunk.state !== 'left')
  // An empty last chunk counts as left when it arrives; behind a dropped one it must not end the range.
  const dropped = first < 0 ? [] : range.chunks.splice(first)
  if (dropped.length === 0 && range.readToEnd) return []
  const holding = dropped.filter(chunk => chunk.state !== 'left')
  for (const chunk of dropped) chunk.state = 'dropped'
  range.readAfter = range.chunks.at(-1)?.chunk.end ?? range.plan.after
  range.readToEnd = false
  range.restart = range.jobId !== null
  return holding
}
