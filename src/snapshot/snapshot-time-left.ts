// How long until everything that is asked for is copied. All tables share one speed, in bytes: rows of one may be a hundred
// times as wide as those of another, and several may be under way at once.

import {WorkRate} from './work-rate.ts'
import type {SnapshotObserver} from './snapshot-observer.ts'
import type {ChunkRun, TableRun} from './table-run.ts'

/** Of an event beside its row: a row of ten bytes costs hardly less than one of fifty. */
const EVENT_BYTES = 400
/** Of a table whose rows nothing is known of yet. */
const USUAL_ROW_BYTES = 200

/** Of a row's work, where reading takes the processor from what leaves: once all is read, the rest leaves faster. */
const READ_SHARE = 0.5
/** Where reading waits for what leaves: then it costs little, and the rest leaves no faster without it. */
const READ_SHARE_HELD_UP = 0.3
/** So many chunks tell whether reading is held up. */
const CHUNKS_REMEMBERED = 16

export class SnapshotTimeLeft implements SnapshotObserver {
  readonly #rate = new WorkRate()
  readonly #now: () => number
  /** Tables under way, with the rows that were counted. */
  readonly #rows = new Map<TableRun, number>()
  readonly #isHeldUp: () => boolean
  #bytesLeft = 0
  /** From 0 to 1: how much of late reading waited for room. It stays as it was once all is read. */
  #heldUp = 0

  /** `isHeldUp`: a chunk waits to be read until others have left. */
  constructor(isHeldUp: () => boolean, now = () => performance.now()) {
    this.#isHeldUp = isHeldUp
    this.#now = now
  }

  tableStarted(run: TableRun): void {
    if (!this.#rows.has(run)) this.#rows.set(run, run.plan.rowsDone)
  }

  chunkRead({run}: ChunkRun): void {
    this.tableStarted(run)
    this.#heldUp += ((this.#isHeldUp() ? 1 : 0) - this.#heldUp) / CHUNKS_REMEMBERED
    this.#note()
  }

  progressed(run: TableRun): void {
    const {rowsDone} = run.plan
    // A copy that begins anew counts its rows from the first one again; they are work again, too.
    this.#bytesLeft += Math.max(0, rowsDone - (this.#rows.get(run) ?? rowsDone)) * bytesOf(run)
    this.#rows.set(run, rowsDone)
    this.#note()
  }

  tableEnded(run: TableRun): void {
    this.#rows.delete(run)
  }

  paused(): void {
    this.#rate.begin()
  }

  /** Begins anew where all is done: the next snapshot comes after a time that says nothing. */
  snapshotEnded(): void {
    if (this.#rows.size > 0) return
    this.#rate.begin()
    this.#heldUp = 0
  }

  /** Null where nothing runs, nothing came yet, or a table's size is not known. */
  seconds(runs: readonly TableRun[]): number | null {
    const active = runs.filter(run => run.active)
    const readShare = READ_SHARE + (READ_SHARE_HELD_UP - READ_SHARE) * this.#heldUp
    const perSecond = this.#rate.perSecond(this.#now(), readShare)
    if (active.length === 0 || perSecond <= 0) return null
    let work = 0
    for (const run of active) {
      // Of a table that waits and whose size was asked for, the server estimates none.
      const rows = run.rowsLeft ?? (run.plan.state === 'waiting' && run.rowBytes !== null ? 0 : null)
      if (rows === null) return null
      work += (rows - readShare * Math.min(rows, run.rowsAhead)) * bytesOf(run)
    }
    return Math.round((work / perSecond) * 10) / 10
  }

  #note(): void {
    const now = this.#now()
    if (!this.#rate.isDue(now)) return
    let ahead = 0
    for (const run of this.#rows.keys()) ahead += run.rowsAhead * bytesOf(run)
    this.#rate.note(now, this.#bytesLeft + ahead, this.#bytesLeft)
  }
}

function bytesOf(run: TableRun): number {
  return EVENT_BYTES + (run.rowBytes ?? USUAL_ROW_BYTES)
}
