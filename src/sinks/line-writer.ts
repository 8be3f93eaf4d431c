// The ordered way of line batches into a file or a pipe: one at a time, whole, with a wait where there is no room.

import {setTimeout as delay} from 'node:timers/promises'
import {TidemarkError} from '../core/tidemark-error.ts'
import type {JsonLinesBatch} from './json-lines-batch.ts'
import type {Log} from '../core/log.ts'

/** Where the bytes go. `write` may take fewer bytes than it was given and says how many. */
export interface LineTarget {
  write(bytes: Buffer): Promise<number>
}

export interface LineWriterOptions {
  readonly target: LineTarget
  /** What the operator knows it by: `file /data/out.jsonl`, `stdout`. */
  readonly name: string
  readonly log: Log
  /** True for errors that pass by themselves or by an operator's hand, like a full disk. */
  readonly isWaitedFor: (error: unknown) => boolean
  /** What ends the sink. */
  readonly fatal: (error: unknown) => TidemarkError
  readonly firstDelayMs?: number
  readonly longestDelayMs?: number
}

interface Queued {
  readonly batch: JsonLinesBatch
  readonly resolve: () => void
  readonly reject: (error: TidemarkError) => void
}

export class LineWriter {
  readonly #options: LineWriterOptions
  readonly #queue: Queued[] = []
  readonly #stopped = new AbortController()
  #running: Promise<void> | null = null
  #failure: TidemarkError | null = null
  #waitingFor: string | null = null

  constructor(options: LineWriterOptions) {
    this.#options = options
  }

  /** Why nothing goes on at the moment, or null. */
  get waitingFor(): string | null {
    return this.#waitingFor
  }

  get failure(): TidemarkError | null {
    return this.#failure
  }

  /** Resolves when all bytes of the batch are written. Batches are written in the order of the calls. */
  async send(batch: JsonLinesBatch): Promise<void> {
    if (this.#failure !== null) throw this.#failure
    if (batch.count === 0) return
    await new Promise<void>((resolve, reject) => {
      this.#queue.push({batch, resolve, reject})
      this.#running ??= this.#run()
    })
  }

  /** Resolves when nothing is queued; with an aborted `signal`, gives up on what is left. */
  async drain(signal?: AbortSignal): Promise<void> {
    const giveUp = () => this.#stopped.abort()
    if (signal?.aborted === true) giveUp()
    signal?.addEventListener('abort', giveUp, {once: true})
    try {
      await this.#running
    } finally {
      signal?.removeEventListener('abort', giveUp)
    }
  }

  /** Every batch still queued and every later one rejects with `error`. */
  fail(error: TidemarkError): void {
    this.#failure ??= error
    for (const queued of this.#queue.splice(0)) queued.reject(this.#failure)
  }

  async #run(): Promise<void> {
    try {
      for (;;) {
        const next = this.#queue[0]
        if (next === undefined) return
        await this.#writeAll(next.batch.view())
        // A failure from outside has rejected it already.
        if (this.#queue[0] !== next) return
        this.#queue.shift()
        next.batch.release()
        next.resolve()
      }
    } catch (error) {
      this.fail(error instanceof TidemarkError ? error : this.#options.fatal(error))
    } finally {
      this.#running = null
    }
  }

  /** A write that stopped half way goes on at the very next byte, so a line is never torn or doubled. */
  async #writeAll(bytes: Buffer): Promise<void> {
    const {target, isWaitedFor, firstDelayMs = 100, longestDelayMs = 5000} = this.#options
    let written = 0
    let delayMs = firstDelayMs
    while (written < bytes.length) {
      try {
        written += await target.write(bytes.subarray(written))
        this.#goOn()
        delayMs = firstDelayMs
      } catch (error) {
        if (!isWaitedFor(error)) throw error
        this.#wait(error, delayMs)
        await delay(delayMs, undefined, {signal: this.#stopped.signal}).catch(() => {
          throw this.#options.fatal(error)
        })
        delayMs = Math.min(2 * delayMs, longestDelayMs)
      }
    }
  }

  #wait(error: unknown, delayMs: number): void {
    const reason = `${this.#options.name}: ${(error as Error).message}`
    if (this.#waitingFor === null) this.#options.log.warn({reason, delayMs}, 'sink waits')
    this.#waitingFor = reason
  }

  #goOn(): void {
    if (this.#waitingFor === null) return
    this.#options.log.info({sink: this.#options.name}, 'sink goes on')
    this.#waitingFor = null
  }
}
