// The numbers of watermarks: which is wanted, which is on its way, which is known to be committed. How a mark is made is
// the caller's business (a row in the signal table, or a look at the executed GTIDs).

export interface MarkSequenceOptions {
  /** Makes mark `number`; resolves when whatever was committed before it was asked for is visible to later SELECTs. */
  readonly issue: (number: number, signal: AbortSignal) => Promise<void>
  /** True for errors that time heals (a lost connection, a lock wait time-out). */
  readonly isRetryable: (error: unknown) => boolean
  readonly delay: (ms: number, signal: AbortSignal) => Promise<void>
  /** `attempt` counts from 1. */
  readonly onProblem: (problem: string, attempt: number) => void
  /** A mark is issued no sooner than this after the one before, unless it is wanted promptly. Default 0. */
  readonly spacingMs?: number
}

/** A mark waits this long for the one before it to come by in the stream, so that an undisturbed stream has few of them. */
const PACE_MS = 20

/** See `Watermarks`, whose numbers these are. */
export class MarkSequence {
  readonly shared = new Int32Array(new SharedArrayBuffer(4))
  problem: string | null = null
  #issued = 0
  #issuedAt = -Infinity
  #wanted = 0
  /** The last mark that is to be issued without regard to the spacing. */
  #prompt = 0
  #seen = 0
  /** When the oldest mark that has not come by was committed, or the last one came by before it. */
  #unseenSince: number | null = null
  #wake: (() => void) | null = null
  #committedWaiters: {number: number; resolve: () => void}[] = []
  readonly #options: MarkSequenceOptions

  constructor(options: MarkSequenceOptions) {
    this.#options = options
  }

  get committed(): number {
    return this.shared[0]!
  }

  /** The last mark that is on its way or committed. */
  get issued(): number {
    return this.#issued
  }

  request(promptly = false): number {
    // A mark that is issued but not yet committed may lie before what the caller has just done, so it does not count.
    this.#wanted = Math.max(this.#wanted, this.#issued + 1)
    if (promptly) this.#prompt = this.#wanted
    this.#wakeUp()
    return this.#wanted
  }

  whenCommitted(number: number, signal: AbortSignal): Promise<void> {
    if (this.committed >= number) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        reject(abortReason(signal))
      }
      if (signal.aborted) {
        abort()
        return
      }
      signal.addEventListener('abort', abort, {once: true})
      this.#committedWaiters.push({
        number,
        resolve: () => {
          signal.removeEventListener('abort', abort)
          resolve()
        },
      })
    })
  }

  seen(number: number): void {
    if (number > this.#seen) this.#seen = number
    this.#unseenSince = this.#seen >= this.committed ? null : performance.now()
    this.#wakeUp()
  }

  /** How long a committed mark has been waiting to come by in the stream, ms; 0 while none is. */
  get unseenMs(): number {
    return this.#unseenSince === null ? 0 : performance.now() - this.#unseenSince
  }

  async run(signal: AbortSignal): Promise<void> {
    let attempt = 0
    while (!signal.aborted) {
      if (this.#wanted <= this.#issued) {
        await this.#sleep(null, signal)
        continue
      }
      await this.#pace(signal)
      if (signal.aborted) return
      const number = ++this.#issued
      this.#issuedAt = performance.now()
      try {
        await this.#options.issue(number, signal)
        attempt = 0
        this.problem = null
        this.#commit(number)
      } catch (error) {
        if (signal.aborted) return
        if (!this.#options.isRetryable(error)) throw error
        // Whether it took effect is unknown, so the mark is given up and the next number takes its place. Should it come
        // by, it still is a mark that was issued after the chunks that wait for it.
        this.#wanted = Math.max(this.#wanted, number + 1)
        this.problem = error instanceof Error ? error.message : String(error)
        this.#options.onProblem(this.problem, attempt + 1)
        await this.#options.delay(Math.min(5_000, 100 * 2 ** attempt++), signal).catch(() => undefined)
      }
    }
  }

  // Lets the mark before come by in the stream, but not for long: a stream that is behind must not hold up reading.
  async #pace(signal: AbortSignal): Promise<void> {
    // Chunks and tables that are finished within one spacing share a mark; reading never waits for it.
    const due = this.#issuedAt + (this.#options.spacingMs ?? 0)
    for (let left = due - performance.now(); left > 0 && !signal.aborted; left = due - performance.now()) {
      if (this.#prompt > this.#issued) break
      await this.#sleep(left, signal)
    }
    const deadline = performance.now() + PACE_MS
    while (this.#seen < this.#issued && !signal.aborted) {
      const left = deadline - performance.now()
      if (left <= 0) return
      await this.#sleep(left, signal)
    }
  }

  #commit(number: number): void {
    if (this.#seen < number) this.#unseenSince ??= performance.now()
    Atomics.store(this.shared, 0, number)
    const due = this.#committedWaiters.filter(waiter => waiter.number <= number)
    this.#committedWaiters = this.#committedWaiters.filter(waiter => waiter.number > number)
    for (const waiter of due) waiter.resolve()
  }

  #wakeUp(): void {
    const wake = this.#wake
    this.#wake = null
    wake?.()
  }

  #sleep(ms: number | null, signal: AbortSignal): Promise<void> {
    return new Promise(resolve => {
      const done = (): void => {
        clearTimeout(timer)
        signal.removeEventListener('abort', done)
        if (this.#wake === done) this.#wake = null
        resolve()
      }
      const timer = ms === null ? undefined : setTimeout(done, ms)
      this.#wake = done
      signal.addEventListener('abort', done, {once: true})
      if (signal.aborted) done()
    })
  }
}

function abortReason(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error('aborted')
}
