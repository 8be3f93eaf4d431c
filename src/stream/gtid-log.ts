// The GTIDs of the transactions that the stream has finished, in stream order, run-length coded, from the last
// checkpoint on. A place in the stream names its executed set by a count into this log, which costs a number instead of
// a copy of the set for every batch in flight.

import type {GtidSet} from '../core/gtid-set.ts'

interface Run {
  readonly sid: string
  readonly from: number
  to: number
  /** Number of GTIDs in the log before this run. */
  readonly before: number
}

export class GtidLog {
  readonly #base: GtidSet
  #baseCount = 0
  #count = 0
  #runs: Run[] = []

  /** `base` is the executed set at the start; the log owns it from here on. */
  constructor(base: GtidSet) {
    this.#base = base
  }

  /** Number of GTIDs that were ever appended. */
  get count(): number {
    return this.#count
  }

  append(sid: string, gno: number): void {
    const last = this.#runs.at(-1)
    if (last !== undefined && last.sid === sid && last.to + 1 === gno) last.to = gno
    else this.#runs.push({sid, from: gno, to: gno, before: this.#count})
    this.#count++
  }

  /** The executed set after the first `count` GTIDs. Forgets how it came about: later calls must not name a smaller count. */
  setAt(count: number): GtidSet {
    const finished = this.#addTo(this.#base, count)
    this.#runs.splice(0, finished)
    this.#baseCount = Math.max(this.#baseCount, count)
    return this.#base
  }

  /** The same as a copy, without forgetting anything. */
  copyAt(count: number): GtidSet {
    const copy = this.#base.clone()
    this.#addTo(copy, count)
    return copy
  }

  #addTo(set: GtidSet, count: number): number {
    let finished = 0
    for (const run of this.#runs) {
      if (run.before >= count) break
      const end = run.before + (run.to - run.from + 1)
      const first = run.from + (Math.max(this.#baseCount, run.before) - run.before)
      const last = run.from + (Math.min(count, end) - run.before) - 1
      if (first <= last) set.addRange(run.sid, first, last)
      if (end <= count) finished++
    }
    return finished
  }
}
