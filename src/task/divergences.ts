// Tables whose topic may no longer equal them, because something changed rows without row events: said in the log and
// the status until a whole copy, begun later, has ended (I1).

import {tableIdText} from '../core/table-id.ts'
import type {TableId} from '../core/table-id.ts'
import type {Log} from '../core/log.ts'
import type {TablePlan} from '../snapshot/snapshot-plan.ts'
import type {Divergence} from '../state/checkpoint.ts'

/** No copy ends it, only a reset of the topic. A number that JSON keeps. */
const FOR_EVER = Number.MAX_SAFE_INTEGER
const LEFT_OUT = 'rows left out: '

export class Divergences {
  list: readonly Divergence[]
  readonly #watched = new Map<string, TableId>()
  readonly #log: Log

  constructor(stored: readonly Divergence[], log: Log) {
    this.list = stored
    this.#log = log
  }

  /** Captured tables that are known so far. */
  get watched(): Iterable<TableId> {
    return this.#watched.values()
  }

  watch(table: TableId): void {
    this.#watched.set(tableIdText(table), table)
  }

  /** `removesRows`: rows may have gone without an event, which no copy takes out of the topic. */
  diverged(table: TableId, since: string, reason: string, {removesRows = false} = {}): void {
    const text = tableIdText(table)
    this.#log.warn({table: text, since, reason}, `diverged since ${since}: snapshot again`)
    this.#enter(text, {since, reason, removesRows})
  }

  /** Rows of the stream were left out, for want of a way to show them. Logged once, until a copy has mended it. */
  leftOut(table: TableId, since: string, {code, removesRows}: {code: string; removesRows: boolean}): void {
    const text = tableIdText(table)
    const reason = `${LEFT_OUT}${code}`
    const isTold = this.list.some(known => known.table === text && isLeftOut(known))
    if (isTold) this.#enter(text, {since, reason, removesRows})
    else this.diverged(table, since, reason, {removesRows})
  }

  #enter(text: string, {since, reason, removesRows}: {since: string; reason: string; removesRows: boolean}): void {
    const before = this.list.find(known => known.table === text)
    if (before?.atMs === FOR_EVER) return
    const removed = before?.removesRows === true
    const entry = {
      table: text,
      since: before?.since ?? since,
      reason: removed && !removesRows ? before.reason : reason,
      atMs: Date.now(),
      removesRows: removesRows || removed,
    }
    this.list = [...this.list.filter(known => known.table !== text), entry]
  }

  /** Something changed rows without an event, and nobody can say of which tables. */
  allDiverged({file, pos}: {readonly file: string; readonly pos: number}, reason: string): void {
    for (const table of this.watched) this.diverged(table, `${file}:${pos}`, reason, {removesRows: true})
  }

  /** Rows deleted while the stream was broken may still stand in the table's topic. */
  ghostsPossible(table: TableId, since: string): void {
    this.#ghosts(table, since, 'rows deleted meanwhile')
  }

  #ghosts(table: TableId, since: string, why: string): void {
    const text = tableIdText(table)
    const reason = `ghosts possible: ${why}`
    this.#log.warn({table: text, since, reason}, 'rows that are gone from the table may still be in the topic')
    this.list = [...this.list.filter(known => known.table !== text), {table: text, since, reason, atMs: FOR_EVER}]
  }

  /** A truncate event is in the topic: whatever it held before, it now holds no row, and neither did the table. */
  emptied(table: TableId, since: string): void {
    const text = tableIdText(table)
    this.#log.info({table: text, since}, 'table truncated, its topic has a truncate event')
    this.list = this.list.filter(known => known.table !== text)
  }

  copied(plan: TablePlan): void {
    const text = tableIdText(plan.table)
    if (plan.condition !== null || plan.startedAtMs === null) return
    const mended = this.list.find(known => known.table === text && known.atMs < plan.startedAtMs!)
    if (mended === undefined) return
    this.list = this.list.filter(known => known !== mended)
    if (mended.removesRows === true)
      this.#ghosts(plan.table, mended.since, `${mended.reason} removed rows without events`)
  }
}

/** Or what no copy ends, which the status goes on saying instead. */
function isLeftOut({reason, atMs}: Divergence): boolean {
  return atMs === FOR_EVER || reason.startsWith(LEFT_OUT)
}
