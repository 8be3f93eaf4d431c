// Puts ranges on lanes, in plan order: the first table's ranges first, and as many side by side as there are lanes.

import type {ChunkBudget} from './chunk-budget.ts'
import type {Lane, ReadChunk} from './chunk-lane.ts'
import type {RangeRun, TableRun} from './table-run.ts'
import type {Admission, SnapshotThrottle} from './throttle.ts'

export interface RangeSchedulerOptions {
  readonly lanes: readonly Lane[]
  readonly budget: ChunkBudget
  readonly throttle: SnapshotThrottle
  /** The last mark known to be committed. */
  readonly committed: () => number
  readonly chunkBytes: number
  /** The first or another range of the table is read from now on. */
  readonly onStart: (run: TableRun) => void
  /** The server whose binlog is read. */
  readonly serverUuid: () => string
}

interface Job {
  readonly lane: Lane
  readonly range: RangeRun
  /** Bytes granted for chunks that have not come. */
  unused: number
  /** Of those chunks. */
  readonly admitted: Admission[]
  /** Gives its lane to a snapshot of a higher priority, and is granted nothing more. */
  yielding: boolean
}

export class RangeScheduler {
  readonly #options: RangeSchedulerOptions
  readonly #jobs = new Map<number, Job>()
  readonly #idle: Lane[]
  #nextJob = 1

  constructor(options: RangeSchedulerOptions) {
    this.#options = options
    this.#idle = [...options.lanes]
  }

  get laneCount(): number {
    return this.#options.lanes.length
  }

  rangeOf(jobId: number): RangeRun | null {
    return this.#jobs.get(jobId)?.range ?? null
  }

  /**
   * Starts jobs for ranges that are ready while there are idle lanes. For those of a higher rank than what is being read
   * others are asked to yield, after the chunks that they were granted.
   */
  fill(runs: readonly TableRun[]): void {
    const now = performance.now()
    let coming = [...this.#jobs.values()].filter(job => job.yielding).length
    for (const run of runs) {
      if (run.prepared === null || !run.active) continue
      for (const range of run.ranges) {
        if (range.jobId !== null || range.readToEnd || range.plan.done || range.notBefore > now) continue
        if (this.#idle.length > 0) this.#start(range)
        else if (coming > 0) coming--
        else if (!this.#askToYield(run.rank)) return
      }
    }
  }

  wants(jobId: number, bytes: number, rows: number): void {
    const job = this.#jobs.get(jobId)
    if (job === undefined) return
    const {run} = job.range
    const isWanted = (): boolean => this.#jobs.has(jobId) && !job.yielding && !job.range.restart && run.active
    const admit = (admission: Admission): void => {
      const grant = (granted: number): void => {
        job.unused += granted
        job.admitted.push(admission)
        job.lane.grant(jobId, granted, admission.rows)
      }
      this.#options.budget.request(bytes, grant, isWanted)
    }
    this.#options.throttle.request({snapshot: run.snapshot, rank: run.rank, rows, admit, isWanted})
  }

  /** A chunk came for which bytes and rows had been granted. */
  used({jobId, granted, rows}: Pick<ReadChunk, 'jobId' | 'granted' | 'rows'>): void {
    const job = this.#jobs.get(jobId)
    if (job === undefined) return
    job.unused -= granted
    const admission = job.admitted.shift()
    if (admission !== undefined) this.#options.throttle.correct(admission, rows)
  }

  /** A job that is to yield does so once nothing more is granted to it: no SELECT runs then, and nothing is read twice. */
  yieldIfAsked(jobId: number): void {
    const job = this.#jobs.get(jobId)
    if (job?.yielding === true && job.unused === 0) job.lane.cancel(jobId)
  }

  cancel(range: RangeRun): void {
    if (range.jobId !== null) this.#jobs.get(range.jobId)?.lane.cancel(range.jobId)
  }

  /** The job is over; its lane is free. Returns its range, ready to be started again where something is left. */
  finished(jobId: number): RangeRun | null {
    const job = this.#jobs.get(jobId)
    if (job === undefined) return null
    this.#jobs.delete(jobId)
    this.#idle.push(job.lane)
    this.#options.budget.release(job.unused)
    // Each chunk is asked for while the one before is read, so also behind the last one. A SELECT that was cut off has
    // cost the server what it was let in for.
    if (job.range.readToEnd) for (const admission of job.admitted) this.#options.throttle.correct(admission, 0)
    job.range.jobId = null
    job.range.restart = false
    return job.range
  }

  async close(): Promise<void> {
    await Promise.all(this.#options.lanes.map(lane => lane.close()))
  }

  /** The job of the lowest rank, where that is below `rank`. */
  #askToYield(rank: number): boolean {
    let lowest: Job | null = null
    for (const job of this.#jobs.values()) {
      if (!job.yielding && (lowest === null || job.range.run.rank < lowest.range.run.rank)) lowest = job
    }
    if (lowest === null || lowest.range.run.rank >= rank) return false
    lowest.yielding = true
    this.yieldIfAsked(lowest.range.jobId!)
    return true
  }

  #start(range: RangeRun): void {
    const lane = this.#idle.shift()!
    const {run} = range
    const prepared = run.prepared!
    const jobId = this.#nextJob++
    range.jobId = jobId
    this.#options.onStart(run)
    range.target = prepared.target
    range.lowBound = this.#options.committed()
    this.#jobs.set(jobId, {lane, range, unused: 0, admitted: [], yielding: false})
    lane.start({
      jobId,
      serverUuid: this.#options.serverUuid(),
      shape: prepared.shape,
      messageKey: prepared.messageKey,
      rowKey: prepared.rowKey,
      chunkKey: prepared.chunkKey,
      condition: run.plan.condition,
      after: range.readAfter,
      upTo: range.plan.upTo,
      chunkRows: range.chunkRows,
      chunkBytes: this.#options.chunkBytes,
      rowBytes: prepared.rowBytes,
    })
  }
}
