// A limit on rows a second, as a debt: who takes rows owes them, time pays back, and nobody takes any before the debt is
// paid. Nothing is saved up while nothing is taken. Pure; the caller says what time it is.

export class Pace {
  /** Null: none. */
  #rowsPerSecond: number | null
  #owed = 0
  #at: number

  constructor(rowsPerSecond: number | null, now: number) {
    this.#rowsPerSecond = rowsPerSecond
    this.#at = now
  }

  /** What is owed stays owed, and is paid back at the new rate. */
  change(rowsPerSecond: number | null, now: number): void {
    this.#pay(now)
    this.#rowsPerSecond = rowsPerSecond
    if (rowsPerSecond === null) this.#owed = 0
  }

  /** The most that may be taken at once. */
  get rowsOfASecond(): number {
    return this.#rowsPerSecond ?? Infinity
  }

  /** 0: rows may be taken now. Whole milliseconds, so that a timer does not come a moment too early. */
  waitMs(now: number): number {
    if (this.#rowsPerSecond === null) return 0
    this.#pay(now)
    return Math.max(0, Math.ceil((this.#owed / this.#rowsPerSecond) * 1000 - 1e-6))
  }

  take(rows: number, now: number): void {
    if (this.#rowsPerSecond === null) return
    this.#pay(now)
    this.#owed += rows
  }

  /** Rows that were taken and not used. */
  giveBack(rows: number, now: number): void {
    this.#pay(now)
    this.#owed = Math.max(0, this.#owed - rows)
  }

  #pay(now: number): void {
    const paid = ((now - this.#at) / 1000) * (this.#rowsPerSecond ?? 0)
    this.#owed = Math.max(0, this.#owed - paid)
    this.#at = now
  }
}
