// Puts ranges on lanes, in plan order: the first table's ranges first, and as many side by side as there are lanes.

import type {ChunkBudget} from './chunk-budget.ts'
import type {Lane} from './chunk-lane.ts'
import type {RangeRun, TableRun} from './table-run.ts'

export interface RangeSchedulerOptions {
  readonly lanes: readonly Lane[]
  readonly budget: ChunkBudget
  /** The last mark known to be committed. */
  readonly committed: () => number
  readonly chunkBytes: number
  /** The first or another range of the table is read from now on. */
  readonly onStart: (run: TableRun) => void
  /** The server whose binlog is read. */
  readonly serverUuid: () => string
}

export class RangeScheduler {
  readonly #options: RangeSchedulerOptions
  readonly #jobs = new Map<number, {lane: Lane; range: RangeRun; unused: number}>()
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

  /** Starts jobs for ranges that are ready while there are idle lanes. */
  fill(runs: readonly TableRun[]): void {
    const now = performance.now()
    for (const run of runs) {
      if (run.prepared === null || !run.active) continue
      for (const range of run.ranges) {
        if (this.#idle.length === 0) return
        if (range.jobId === null && !range.readToEnd && !range.plan.done && range.notBefore <= now) this.#start(range)
      }
    }
  }

  wants(jobId: number, bytes: number): void {
    const job = this.#jobs.get(jobId)
    if (job === undefined) return
    this.#options.budget.request(
      bytes,
      granted => {
        job.unused += granted
        job.lane.grant(jobId, granted)
      },
      () => this.#jobs.has(jobId) && !job.range.restart && job.range.run.active,
    )
  }

  /** A chunk came for which bytes had been granted. */
  used(jobId: number, granted: number): void {
    const job = this.#jobs.get(jobId)
    if (job !== undefined) job.unused -= granted
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
    job.range.jobId = null
    job.range.restart = false
    return job.range
  }

  async close(): Promise<void> {
    await Promise.all(this.#options.lanes.map(lane => lane.close()))
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
    this.#jobs.set(jobId, {lane, range, unused: 0})
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
