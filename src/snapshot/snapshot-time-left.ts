// How long until everything that is asked for is copied. Tables follow one another at the pace of all that was acknowledged
// lately, in bytes: rows of one table may be a hundred times as wide as those of another.

import {RecentRate} from './recent-rate.ts'
import type {SnapshotObserver} from './snapshot-observer.ts'
import type {TableRun} from './table-run.ts'

/** Of an event beside its row: a row of ten bytes costs hardly less than one of fifty. */
const EVENT_BYTES = 400
/** Of a table whose rows nothing is known of yet. */
const USUAL_ROW_BYTES = 200

export class SnapshotTimeLeft implements SnapshotObserver {
  readonly #rate = new RecentRate()
  readonly #now: () => number
  /** Rows counted and the width of one. */
  readonly #tables = new WeakMap<TableRun, {rows: number; rowBytes: number}>()
  #bytes = 0

  constructor(now = () => performance.now()) {
    this.#now = now
  }

  tableStarted(run: TableRun): void {
    if (!this.#tables.has(run)) this.#tables.set(run, {rows: run.plan.rowsDone, rowBytes: rowBytes(run)})
    if (this.#bytes === 0) this.#rate.begin(this.#now(), 0)
  }

  progressed(run: TableRun): void {
    const known = this.#tables.get(run) ?? {rows: run.plan.rowsDone, rowBytes: rowBytes(run)}
    this.#bytes += Math.max(0, run.plan.rowsDone - known.rows) * known.rowBytes
    this.#tables.set(run, {...known, rows: run.plan.rowsDone})
    this.#rate.note(this.#now(), this.#bytes)
  }

  paused(): void {
    this.#rate.begin(this.#now(), this.#bytes)
  }

  /** Begins anew where all is done: the next snapshot comes after a time that says nothing. */
  snapshotEnded(): void {
    this.#rate.begin(this.#now(), this.#bytes)
  }

  /** Null where nothing runs, nothing came yet, or a table's size is not known. */
  seconds(runs: readonly TableRun[]): number | null {
    const active = runs.filter(run => run.active)
    const perSecond = this.#rate.perSecond(this.#now())
    if (active.length === 0 || perSecond <= 0) return null
    let bytes = 0
    for (const run of active) {
      const rows = run.rowsLeft
      if (rows === null) return null
      bytes += rows * (this.#tables.get(run)?.rowBytes ?? rowBytes(run))
    }
    return Math.round((bytes / perSecond) * 10) / 10
  }
}

function rowBytes({prepared}: TableRun): number {
  return EVENT_BYTES + (prepared?.rowBytes ?? USUAL_ROW_BYTES)
}
