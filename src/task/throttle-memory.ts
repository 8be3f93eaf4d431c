// The limits that were set by PUT /snapshot/throttle, for a task that begins again in the same process: they hold until the
// configuration's own limits change.

import type {SnapshotThrottle, ThrottleLimits} from '../snapshot/throttle.ts'

export class ThrottleMemory {
  #set: {readonly limits: ThrottleLimits; readonly configured: ThrottleLimits} | null = null

  /** Set while these were the configuration's. */
  set(limits: ThrottleLimits, configured: ThrottleLimits): void {
    this.#set = {limits, configured}
  }

  /** What holds where the configuration says this. A start that may yet be gone back on changes nothing. */
  limitsBeside(configured: ThrottleLimits): ThrottleLimits {
    return this.#set !== null && isSame(this.#set.configured, configured) ? this.#set.limits : configured
  }

  /** To a throttle that was made with what the configuration says; absent where nothing can be copied. */
  apply(throttle: SnapshotThrottle | undefined, configured: ThrottleLimits): void {
    throttle?.change(this.limitsBeside(configured))
  }

  /** A task has begun with this configuration, for good: where it says something new about limits, that counts. */
  begun(configured: ThrottleLimits): void {
    if (this.#set !== null && !isSame(this.#set.configured, configured)) this.#set = null
  }
}

function isSame(a: ThrottleLimits, b: ThrottleLimits): boolean {
  return a.maxRowsPerSecond === b.maxRowsPerSecond && a.query === b.query
}
