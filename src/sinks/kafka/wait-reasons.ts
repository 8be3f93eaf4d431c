// What the sink waits for at the moment, for its status and for the log: one line when it begins, a warning while it
// lasts, one line when it is over, however many partitions wait.

import type {Log} from '../../core/log.ts'

/** Longer than a leader election; a wait that lasts deserves a look. */
const WARN_AFTER_MS = 5000
const WARN_AGAIN_MS = 30_000

export class WaitReasons {
  readonly #log: Log
  readonly #now: () => number
  readonly #reasons = new Map<string, string>()
  #since = 0
  #nextWarning = 0

  constructor(log: Log, now: () => number = Date.now) {
    this.#log = log
    this.#now = now
  }

  /** The reason that has lasted longest, or null. */
  get first(): string | null {
    for (const reason of this.#reasons.values()) return reason
    return null
  }

  set(what: string, reason: string): void {
    const now = this.#now()
    if (this.#reasons.size === 0) {
      this.#since = now
      this.#nextWarning = now + WARN_AFTER_MS
      this.#log.info({reason}, 'sink waits')
    } else if (now >= this.#nextWarning) {
      this.#nextWarning = now + WARN_AGAIN_MS
      this.#log.warn({reason, seconds: Math.round((now - this.#since) / 1000)}, 'sink still waits')
    }
    this.#reasons.set(what, reason)
  }

  clear(what: string): void {
    if (!this.#reasons.delete(what) || this.#reasons.size > 0) return
    this.#log.info({seconds: Math.round((this.#now() - this.#since) / 1000)}, 'sink goes on')
  }
}
