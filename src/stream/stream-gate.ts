// What a stream asks between two transactions: whether it goes on, waits, or is to end there.

import {setTimeout as delay} from 'node:timers/promises'

export interface StreamGate {
  /** Asked wherever the stream is between two transactions. Null: it goes on; `end`: nothing behind here is dispatched. */
  between(): Promise<void> | 'end' | null
}

/** Has a stream wait at the end of a transaction, for a moment. */
export class HoldGate implements StreamGate {
  #wanted: {readonly reached: () => void; readonly released: Promise<void>; readonly release: () => void} | null = null
  #isHeld = false
  /** Whether the stream is between two transactions now. Set by whoever knows the stream. */
  isBetween: () => boolean = () => false

  between(): Promise<void> | null {
    const wanted = this.#wanted
    if (wanted === null) return null
    this.#isHeld = true
    wanted.reached()
    return wanted.released
  }

  /**
   * Resolves as true when the stream stands at the end of a transaction, where it stays until `release`; as false where
   * it came to none within `ms`, and goes on.
   */
  async hold(ms: number): Promise<boolean> {
    let reached: () => void = () => undefined
    let release: () => void = () => undefined
    const standing = new Promise<void>(resolve => (reached = resolve))
    const released = new Promise<void>(resolve => (release = resolve))
    this.#wanted = {reached, released, release}
    if (this.isBetween()) {
      this.#isHeld = true
      return true
    }
    const patience = new AbortController()
    await Promise.race([standing, delay(ms, undefined, {signal: patience.signal}).catch(() => undefined)])
    patience.abort()
    if (!this.#isHeld) this.release()
    return this.#isHeld
  }

  release(): void {
    this.#wanted?.release()
    this.#wanted = null
    this.#isHeld = false
  }
}

/** Ends a stream at the first end of a transaction at which the predicate says so. */
export class StopGate implements StreamGate {
  readonly #isReached: () => boolean
  /** Since `reset`: what comes behind in the same read of the socket was passed over, so the stream must be begun again. */
  hasStopped = false

  constructor(isReached: () => boolean) {
    this.#isReached = isReached
  }

  between(): 'end' | null {
    this.hasStopped ||= this.#isReached()
    return this.hasStopped ? 'end' : null
  }

  reset(): void {
    this.hasStopped = false
  }
}
