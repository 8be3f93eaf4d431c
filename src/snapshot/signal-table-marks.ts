// Watermarks as our own committed rows in the signal table. `insert_insert` writes one row a mark; `insert_delete`
// alternates inserting a row and deleting it again, so that the table does not grow.

import {randomBytes} from 'node:crypto'
import {quoteTable} from '../mysql/identifiers.ts'
import type {TableId} from '../core/table-id.ts'
import type {Watermarks} from './watermarks.ts'

/** Runs one statement with values; commits by itself; rejects with the server's error. */
export type ExecuteStatement = (sql: string, values: readonly string[]) => Promise<void>

export interface SignalTableMarksOptions {
  readonly signalTable: TableId
  readonly strategy: 'insert_insert' | 'insert_delete'
  /** Statements on a connection of its own, reopened by the caller after a loss. */
  readonly execute: ExecuteStatement
  /** True for errors that time heals (a lost connection, a lock wait time-out). */
  readonly isRetryable: (error: unknown) => boolean
  readonly delay: (ms: number, signal: AbortSignal) => Promise<void>
  /** `attempt` counts from 1. */
  readonly onProblem: (problem: string, attempt: number) => void
  /** A mark is issued no sooner than this after the one before, unless it is wanted promptly. Default 0. */
  readonly spacingMs?: number
  /** Tells this run's marks from those of earlier runs, which are ignored. 8 hexadecimal digits. */
  readonly runId?: string
}

/** A mark waits this long for the one before it to come by in the stream, so that an undisturbed stream has few of them. */
const PACE_MS = 20
const OPEN_TYPE = 'snapshot-window-open'
const CLOSE_TYPE = 'snapshot-window-close'

export class SignalTableMarks implements Watermarks {
  readonly shared = new Int32Array(new SharedArrayBuffer(4))
  readonly runId: string
  problem: string | null = null
  #issued = 0
  #issuedAt = -Infinity
  #wanted = 0
  /** The last mark that is to be issued without regard to the spacing. */
  #prompt = 0
  #seen = 0
  /** When the oldest mark that has not come by was committed, or the last one came by before it. */
  #unseenSince: number | null = null
  /** The mark whose row stands in the table and waits to be deleted (insert_delete). */
  #openRow: number | null = null
  #wake: (() => void) | null = null
  #committedWaiters: {number: number; resolve: () => void}[] = []
  readonly #options: SignalTableMarksOptions

  constructor(options: SignalTableMarksOptions) {
    this.#options = options
    this.runId = options.runId ?? randomBytes(4).toString('hex')
  }

  get committed(): number {
    return this.shared[0]!
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

  /** The number of the mark that an event of the signal table stands for, or null for any other row. */
  markOf(operation: 'c' | 'd', id: string): number | null {
    const prefix = this.#idPrefix()
    if (!id.startsWith(prefix) || !/^[0-9]{1,15}$/.test(id.slice(prefix.length))) return null
    const number = Number(id.slice(prefix.length))
    if (operation === 'c') return number
    return this.#options.strategy === 'insert_delete' ? number + 1 : null
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
        await this.#write(number)
        attempt = 0
        this.problem = null
        this.#commit(number)
      } catch (error) {
        if (signal.aborted) return
        if (!this.#options.isRetryable(error)) throw error
        // Whether the row was committed is unknown, so the mark is given up and the next number takes its place. Its
        // event, should it come, still is a mark that was issued after the chunks that wait for it.
        this.#openRow = null
        this.#wanted = Math.max(this.#wanted, number + 1)
        this.problem = error instanceof Error ? error.message : String(error)
        this.#options.onProblem(this.problem, attempt + 1)
        await this.#options.delay(Math.min(5_000, 100 * 2 ** attempt++), signal).catch(() => undefined)
      }
    }
  }

  async #write(number: number): Promise<void> {
    const table = quoteTable(this.#options.signalTable)
    const time = new Date().toISOString()
    if (this.#options.strategy === 'insert_delete' && this.#openRow === number - 1) {
      await this.#options.execute(`DELETE FROM ${table} WHERE \`id\` = ?`, [this.#id(number - 1)])
      this.#openRow = null
      return
    }
    const closes = number % 2 === 0
    const data = JSON.stringify({[closes ? 'closeWindowTimestamp' : 'openWindowTimestamp']: time})
    const type = closes ? CLOSE_TYPE : OPEN_TYPE
    await this.#options.execute(`INSERT INTO ${table} VALUES (?, ?, ?)`, [this.#id(number), type, data])
    this.#openRow = number
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

  /** How long a committed mark has been waiting to come by in the stream, ms; 0 while none is. */
  get unseenMs(): number {
    return this.#unseenSince === null ? 0 : performance.now() - this.#unseenSince
  }

  #commit(number: number): void {
    if (this.#seen < number) this.#unseenSince ??= performance.now()
    Atomics.store(this.shared, 0, number)
    const due = this.#committedWaiters.filter(waiter => waiter.number <= number)
    this.#committedWaiters = this.#committedWaiters.filter(waiter => waiter.number > number)
    for (const waiter of due) waiter.resolve()
  }

  #id(number: number): string {
    return `${this.#idPrefix()}${number}`
  }

  // `tidemark-` 9, run id 8, `-` 1: leaves 18 digits within VARCHAR(36).
  #idPrefix(): string {
    return `tidemark-${this.runId}-`
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
