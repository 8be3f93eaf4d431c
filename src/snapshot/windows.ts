// What was read by windows and has not left: windows that wait for their high watermark, and those that are dropped and
// read again.

import type {Log} from '../core/log.ts'
import type {ChunkBudget} from './chunk-budget.ts'
import {chunkBytes} from './chunk-lane.ts'
import {forgetNotes} from './notes.ts'
import type {Notes} from './notes.ts'
import {rewind} from './table-run.ts'
import type {ChunkRun, RangeRun, TableRun} from './table-run.ts'
import type {Watermarks} from './watermarks.ts'

export interface WindowsOptions {
  readonly watermarks: Watermarks
  readonly notes: Notes
  readonly budget: ChunkBudget
  readonly outlet: {enqueue(chunk: ChunkRun): void}
  readonly log: Log
  /** Ends the job that reads the range. */
  readonly cancel: (range: RangeRun) => void
  readonly runs: () => readonly TableRun[]
}

export class Windows {
  readonly #options: WindowsOptions
  #waiting: ChunkRun[] = []

  constructor(options: WindowsOptions) {
    this.#options = options
  }

  /** Windows that wait for their high watermark. */
  get waiting(): number {
    return this.#waiting.length
  }

  /** A chunk with rows was read. */
  add(chunk: ChunkRun): void {
    this.#waiting.push(chunk)
  }

  /** The stream has passed mark `number`: windows whose high watermark that reaches close. True where some were lost instead. */
  markSeen(number: number): boolean {
    const {watermarks, notes, outlet} = this.#options
    watermarks.seen(number)
    notes.place = Math.max(notes.place, number)
    let lost = false
    const due = this.#waiting.filter(chunk => chunk.high <= number)
    this.#waiting = this.#waiting.filter(chunk => chunk.high > number)
    for (const chunk of due) {
      // Reading one window again drops those behind it, too.
      if (chunk.state !== 'waiting') continue
      if (notes.of(chunk.run.text)?.lostSince(chunk.chunk.low) === true) {
        lost = true
        this.readAgain(chunk.range, 'notes overflowed')
      } else {
        chunk.state = 'closed'
        outlet.enqueue(chunk)
      }
    }
    this.forgetNotes()
    return lost
  }

  readAgain(range: RangeRun, reason: string): void {
    range.goodChunks = 0
    range.chunkRows = Math.max(1, Math.floor(range.chunkRows / 2))
    this.#options.log.warn(
      {table: range.run.text, reason, chunkRows: range.chunkRows},
      'reading windows again with smaller chunks',
    )
    this.drop(range)
    // What was noted since the last mark is lost, too: the next window may only begin at a mark issued from now on.
    range.run.prepareAgain(this.#options.watermarks.request())
  }

  dropAll({ranges}: TableRun): void {
    for (const range of ranges) this.drop(range)
  }

  /** Whatever of the range has not left is forgotten, to be read again. */
  drop(range: RangeRun): void {
    const dropped = rewind(range)
    for (const chunk of dropped) this.#options.budget.release(chunkBytes(chunk.chunk))
    if (dropped.length > 0) this.#waiting = this.#waiting.filter(chunk => chunk.state === 'waiting')
    if (range.restart) this.#options.cancel(range)
  }

  /** All rows of the chunk have left. */
  left(chunk: ChunkRun): void {
    chunk.state = 'left'
    this.#options.budget.release(chunkBytes(chunk.chunk))
    this.forgetNotes()
  }

  forgetNotes(): void {
    const {notes, runs, watermarks} = this.#options
    forgetNotes(notes, runs(), watermarks.committed)
  }
}
