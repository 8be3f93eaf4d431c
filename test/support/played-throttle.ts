// The real throttle with its clock, its timers and the answers to its query in the hands of a test.

import type {SnapshotPlan} from '../../src/snapshot/snapshot-plan.ts'
import {SnapshotThrottle} from '../../src/snapshot/throttle.ts'
import type {Admission, ThrottleLimits} from '../../src/snapshot/throttle.ts'
import {rememberingLog} from './quiet-log.ts'
import {settled} from './stream-parts.ts'

interface Asked {
  readonly query: string
  answer(reason: string | null): Promise<void>
  fail(error: Error): Promise<void>
}

export class PlayedThrottle {
  nowMs = 0
  readonly log = rememberingLog()
  /** Questions that have not been answered. */
  readonly asked: Asked[] = []
  readonly #timers = new Set<{readonly at: number; readonly run: () => void}>()
  readonly throttle: SnapshotThrottle

  constructor(limits: Partial<ThrottleLimits> = {}) {
    this.throttle = new SnapshotThrottle({
      limits: {maxRowsPerSecond: null, query: null, ...limits},
      ask: query =>
        new Promise((resolve, reject) => {
          const settle = (finish: () => void): Promise<void> => {
            this.asked.splice(this.asked.indexOf(asked), 1)
            finish()
            return settled()
          }
          const asked: Asked = {
            query,
            answer: reason => settle(() => resolve(reason)),
            fail: error => settle(() => reject(error)),
          }
          this.asked.push(asked)
        }),
      log: this.log,
      now: () => this.nowMs,
      setTimer: (run, ms) => {
        const timer = {at: this.nowMs + ms, run}
        this.#timers.add(timer)
        return () => this.#timers.delete(timer)
      },
    })
  }

  get timers(): number {
    return this.#timers.size
  }

  /** Time goes on by so much; timers fire when they are due, in order. */
  pass(ms: number): void {
    const end = this.nowMs + ms
    for (;;) {
      const [next] = [...this.#timers].filter(({at}) => at <= end).sort((a, b) => a.at - b.at)
      if (next === undefined) break
      this.#timers.delete(next)
      this.nowMs = Math.max(this.nowMs, next.at)
      next.run()
    }
    this.nowMs = end
  }

  /** A chunk that wants to be read; what comes of it. */
  want(snapshot: SnapshotPlan, rows: number, {rank = 0}: {rank?: number} = {}): Wanted {
    const wanted: Wanted = {admission: null, at: null, isWanted: true}
    this.throttle.request({
      snapshot,
      rank,
      rows,
      admit: admission => Object.assign(wanted, {admission, at: this.nowMs}),
      isWanted: () => wanted.isWanted,
    })
    return wanted
  }
}

export interface Wanted {
  admission: Admission | null
  /** When it was let in. */
  at: number | null
  isWanted: boolean
}
