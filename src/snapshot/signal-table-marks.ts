// Watermarks as our own committed rows in the signal table. `insert_insert` writes one row a mark; `insert_delete`
// alternates inserting a row and deleting it again, so that the table does not grow.

import {randomBytes} from 'node:crypto'
import {quoteTable} from '../mysql/identifiers.ts'
import type {TableId} from '../core/table-id.ts'
import {MarkSequence} from './mark-sequence.ts'
import type {MarkSequenceOptions} from './mark-sequence.ts'
import type {Watermarks} from './watermarks.ts'

/** Runs one statement with values; commits by itself; rejects with the server's error. */
export type ExecuteStatement = (sql: string, values: readonly string[]) => Promise<void>

export interface SignalTableMarksOptions extends Omit<MarkSequenceOptions, 'issue'> {
  readonly signalTable: TableId
  readonly strategy: 'insert_insert' | 'insert_delete'
  /** Statements on a connection of its own, reopened by the caller after a loss. */
  readonly execute: ExecuteStatement
  /** Tells this run's marks from those of earlier runs, which are ignored. 8 hexadecimal digits. */
  readonly runId?: string
}

const OPEN_TYPE = 'snapshot-window-open'
const CLOSE_TYPE = 'snapshot-window-close'
/** After so long without coming by, a mark is worth a word. */
const OVERDUE_MS = 30_000

export class SignalTableMarks implements Watermarks {
  readonly runId: string
  /** The mark whose row stands in the table and waits to be deleted (insert_delete). */
  #openRow: number | null = null
  readonly #sequence: MarkSequence
  readonly #options: SignalTableMarksOptions

  constructor(options: SignalTableMarksOptions) {
    this.#options = options
    this.runId = options.runId ?? randomBytes(4).toString('hex')
    this.#sequence = new MarkSequence({...options, issue: number => this.#write(number)})
  }

  get committed(): number {
    return this.#sequence.committed
  }

  get shared(): Int32Array {
    return this.#sequence.shared
  }

  get problem(): string | null {
    const {problem, unseenMs, committed} = this.#sequence
    if (problem !== null || unseenMs < OVERDUE_MS) return problem
    const seconds = Math.round(unseenMs / 1000)
    return `watermark ${committed} was written, but has not come by in the binlog for ${seconds} s: the stream is behind, or rows of the signal table do not reach it`
  }

  get unseenMs(): number {
    return this.#sequence.unseenMs
  }

  request(promptly = false): number {
    return this.#sequence.request(promptly)
  }

  whenCommitted(number: number, signal: AbortSignal): Promise<void> {
    return this.#sequence.whenCommitted(number, signal)
  }

  seen(number: number): void {
    this.#sequence.seen(number)
  }

  async run(signal: AbortSignal): Promise<void> {
    await this.#sequence.run(signal)
  }

  /** The number of the mark that an event of the signal table stands for, or null for any other row. */
  markOf(operation: 'c' | 'd', id: string): number | null {
    const prefix = this.#idPrefix()
    if (!id.startsWith(prefix) || !/^[0-9]{1,15}$/.test(id.slice(prefix.length))) return null
    const number = Number(id.slice(prefix.length))
    if (operation === 'c') return number
    return this.#options.strategy === 'insert_delete' ? number + 1 : null
  }

  async #write(number: number): Promise<void> {
    const table = quoteTable(this.#options.signalTable)
    const time = new Date().toISOString()
    const open = this.#openRow
    this.#openRow = null // Until the server has answered nobody knows whether it is there.
    if (this.#options.strategy === 'insert_delete' && open === number - 1) {
      await this.#options.execute(`DELETE FROM ${table} WHERE \`id\` = ?`, [this.#id(number - 1)])
      return
    }
    const closes = number % 2 === 0
    const data = JSON.stringify({[closes ? 'closeWindowTimestamp' : 'openWindowTimestamp']: time})
    const type = closes ? CLOSE_TYPE : OPEN_TYPE
    await this.#options.execute(`INSERT INTO ${table} VALUES (?, ?, ?)`, [this.#id(number), type, data])
    this.#openRow = number
  }

  #id(number: number): string {
    return `${this.#idPrefix()}${number}`
  }

  // `tidemark-` 9, run id 8, `-` 1: leaves 18 digits within VARCHAR(36).
  #idPrefix(): string {
    return `tidemark-${this.runId}-`
  }
}
