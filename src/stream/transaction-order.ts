// Counts the events of the open transaction, altogether and by table. Rows that are passed over after a restart count as
// they did when they were emitted, so the counts need no place in the stored state.

import type {EventOrder} from '../encode/envelope.ts'

export class TransactionOrder implements EventOrder {
  id = ''
  total = 0
  inTable = 0
  #table = ''
  readonly #counts = new Map<string, number>()

  begin(id: string): void {
    this.id = id
    this.total = 0
    this.inTable = 0
    this.#table = ''
    this.#counts.clear()
  }

  /** The events that follow are of this table. */
  enter(table: string): void {
    if (table === this.#table) return
    this.#keep()
    this.#table = table
    this.inTable = this.#counts.get(table) ?? 0
  }

  next(): void {
    this.total++
    this.inTable++
  }

  pass(events: number): void {
    this.total += events
    this.inTable += events
  }

  /** Events by table, in the order in which the tables came; only those with an event. */
  counts(): ReadonlyMap<string, number> {
    this.#keep()
    return this.#counts
  }

  #keep(): void {
    if (this.inTable > 0) this.#counts.set(this.#table, this.inTable)
  }
}
