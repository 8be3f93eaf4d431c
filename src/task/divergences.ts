// Tables whose topic may no longer equal them, because something changed rows without row events: said in the log and
// the status until a whole copy, begun later, has ended (I1). What no copy takes out of a topic stays beside it as
// possible ghosts, until a truncate event has reset the topic.

import {tableIdText} from '../core/table-id.ts'
import type {TableId} from '../core/table-id.ts'
import type {Log} from '../core/log.ts'
import type {TablePlan} from '../snapshot/snapshot-plan.ts'
import type {Divergence} from '../state/checkpoint.ts'

/** No copy ends it, only a reset of the topic. A number that JSON keeps. */
const FOR_EVER = Number.MAX_SAFE_INTEGER
const CASCADE = 'a foreign key’s cascade from '
const LEFT_OUT = 'rows left out: '

export interface DivergenceKind {
  /** Rows may have gone without an event, which no copy takes out of the topic. */
  readonly removesRows?: boolean
}

export interface DivergenceWatch {
  /** The topic of `database.table` is not known to be the table any more. */
  diverged(table: string): void
  /** It is, from `file:pos` on: neither has a row there. */
  emptied(table: string, since: string): void
}

export class Divergences {
  /** At most two for a table: that it has diverged, and ghosts of before. */
  list: readonly Divergence[]
  readonly #watched = new Map<string, TableId>()
  /** Since when tables have diverged of which it is told that cascades change them. */
  readonly #cascaded = new Map<string, string>()
  readonly #log: Log
  /** Truncate events are let through, so that a copy may begin with one. */
  readonly resets: boolean

  readonly #watch: DivergenceWatch | null

  constructor(
    stored: readonly Divergence[],
    log: Log,
    {resets = false, watch = null}: {resets?: boolean; watch?: DivergenceWatch | null} = {},
  ) {
    this.list = stored
    this.#log = log
    this.resets = resets
    this.#watch = watch
  }

  /** Captured tables that are known so far. */
  get watched(): Iterable<TableId> {
    return this.#watched.values()
  }

  /** Tables that are there and differ from their topics. */
  get count(): number {
    return new Set(this.list.filter(({gone}) => gone !== true).map(({table}) => table)).size
  }

  /** The table is there. */
  watch(table: TableId): void {
    const text = tableIdText(table)
    this.#watched.set(text, table)
    if (!this.list.some(known => known.table === text && known.gone === true)) return
    this.list = this.list.map(known => (known.table === text ? withoutGone(known) : known))
  }

  /** The table was there when the state was stored: the stream may yet show what became of it. */
  watchKnown(table: TableId): void {
    this.#watched.set(tableIdText(table), table)
  }

  /** A table of this name, however it is spelled, was created anew: where it had been dropped, its topic has rows of before. */
  returned({database, table}: TableId): void {
    for (const known of this.#watched.values()) {
      const isSame = known.table.toLowerCase() === table.toLowerCase()
      if (isSame && known.database.toLowerCase() === database.toLowerCase()) this.watch(known)
    }
  }

  diverged(table: TableId, since: string, reason: string, {removesRows = false}: DivergenceKind = {}): void {
    const text = tableIdText(table)
    this.#log.warn({table: text, since, reason}, `diverged since ${since}: snapshot again`)
    this.#enter(text, {since, reason, removesRows})
  }

  /** Its events have another key than before. Where its copy shows that first, the statement may have been said already. */
  keyChanged(table: TableId, {file, pos}: {readonly file: string; readonly pos: number}, {byCopy = false} = {}): void {
    if (byCopy && this.mayHaveGhosts(table)) return
    this.diverged(table, `${file}:${pos}`, 'the message key changed', {removesRows: true})
  }

  /** The table was dropped or has another name now: its rows stay in its topic, and there is nothing to copy. */
  gone(table: TableId, since: string, reason: string): void {
    const text = tableIdText(table)
    this.#log.warn({table: text, since, reason}, 'table is gone, its rows stay in its topic')
    this.list = this.list.filter(known => known.table !== text || known.atMs !== FOR_EVER)
    this.#enter(text, {since, reason, removesRows: true, gone: true})
  }

  /** Rows of the stream were left out, for want of a way to show them. Logged once, until a copy has mended it. */
  leftOut(table: TableId, since: string, {code, removesRows}: {code: string; removesRows: boolean}): void {
    const text = tableIdText(table)
    const reason = `${LEFT_OUT}${code}`
    const isTold = this.list.some(known => known.table === text && known.reason.startsWith(LEFT_OUT))
    if (isTold) this.#enter(text, {since, reason, removesRows})
    else this.diverged(table, since, reason, {removesRows})
  }

  /** Rows of the parent were changed, and a foreign key may have changed the table's without row events. Logged once, too. */
  cascaded(table: TableId, since: string, {parent, removesRows}: {parent: string; removesRows: boolean}): void {
    const text = tableIdText(table)
    const reason = `${CASCADE}${parent}`
    const before = this.#before(text)
    if (before !== undefined && this.#cascaded.get(text) === before.since) {
      this.#enter(text, {since, reason, removesRows})
      return
    }
    this.diverged(table, since, reason, {removesRows})
    this.#cascaded.set(text, before?.since ?? since)
  }

  #before(text: string): Divergence | undefined {
    return this.list.find(known => known.table === text && known.atMs !== FOR_EVER)
  }

  #enter(text: string, entry: {since: string; reason: string; removesRows: boolean; gone?: boolean}): void {
    const before = this.#before(text)
    const removed = before?.removesRows === true
    this.#replace(before, {
      table: text,
      since: before?.since ?? entry.since,
      reason: removed && !entry.removesRows ? before.reason : entry.reason,
      atMs: Date.now(),
      removesRows: entry.removesRows || removed,
      ...(entry.gone === true ? {gone: true} : {}),
    })
  }

  #replace(before: Divergence | undefined, after: Divergence): void {
    this.list = [...this.list.filter(known => known !== before), after]
    this.#watch?.diverged(after.table)
  }

  /** Something changed rows without an event, and nobody can say of which tables. */
  allDiverged({file, pos}: {readonly file: string; readonly pos: number}, reason: string): void {
    for (const table of this.watched) this.diverged(table, `${file}:${pos}`, reason, {removesRows: true})
  }

  /** Rows deleted while the stream was broken may still stand in the table's topic. */
  ghostsPossible(table: TableId, since: string): void {
    this.#ghosts(tableIdText(table), since, 'rows deleted meanwhile')
  }

  #ghosts(text: string, since: string, why: string): void {
    const reason = `ghosts possible: ${why}`
    this.#log.warn({table: text, since, reason}, 'rows that are gone from the table may still be in the topic')
    const before = this.list.find(known => known.table === text && known.atMs === FOR_EVER)
    this.#replace(before, {table: text, since: before?.since ?? since, reason, atMs: FOR_EVER})
  }

  /** Rows that the table does not have may be in its topic. */
  mayHaveGhosts(table: TableId): boolean {
    const text = tableIdText(table)
    return this.list.some(known => known.table === text && (known.removesRows === true || known.atMs === FOR_EVER))
  }

  /** A table that is gone for so long that nobody is told of it any more. */
  forget(text: string): void {
    this.#watched.delete(text)
    this.#cascaded.delete(text)
    this.list = this.list.filter(known => known.table !== text)
  }

  /** A truncate event is in the topic: whatever it held before, it now holds no row, and neither did the table. */
  emptied(table: TableId, since: string): void {
    const text = tableIdText(table)
    this.#log.info({table: text, since}, 'table truncated, its topic has a truncate event')
    this.list = this.list.filter(known => known.table !== text)
    this.#watch?.emptied(text, since)
  }

  /** A truncate event is in the topic, and all rows of the table come behind it, with a copy that begins now. */
  reset(table: TableId, since: string): void {
    const text = tableIdText(table)
    this.#log.info({table: text, since}, 'a truncate event resets the topic before the table is copied')
    const [before] = this.list.filter(known => known.table === text && known.atMs !== FOR_EVER)
    const left = {reason: 'reset for a copy that has not ended', since, atMs: Date.now() - 1}
    this.list = this.list.filter(known => known.table !== text)
    this.#replace(undefined, {...left, ...before, table: text, removesRows: false})
  }

  /** Nothing of a table of this name was ever in its topic. */
  neverCaptured(table: TableId): void {
    const text = tableIdText(table)
    this.list = this.list.filter(known => known.table !== text)
  }

  /**
   * A copy begun at a place of its own is in the topic: whatever had happened before that place is mended, unless rows of
   * before may still be there.
   */
  copiedAt(table: TableId, {isReset}: {readonly isReset: boolean}): void {
    const text = tableIdText(table)
    const mended = this.list.filter(known => known.table === text && (isReset || known.atMs !== FOR_EVER))
    this.list = this.list.filter(known => !mended.includes(known))
    if (isReset) return
    const removed = mended.find(({removesRows}) => removesRows === true)
    if (removed !== undefined) this.#ghosts(text, removed.since, `${removed.reason} removed rows without events`)
  }

  copied(plan: TablePlan): void {
    const text = tableIdText(plan.table)
    if (plan.condition !== null || plan.startedAtMs === null) return
    const mended = this.list.find(known => known.table === text && known.atMs < plan.startedAtMs!)
    if (mended === undefined || mended.gone === true) return
    this.list = this.list.filter(known => known !== mended)
    if (mended.removesRows === true) this.#ghosts(text, mended.since, `${mended.reason} removed rows without events`)
  }

  /** What an operator does about it. */
  remedyOf({gone, atMs, removesRows}: Divergence): string {
    if (gone === true) return 'none while the table is gone; its topic may be deleted'
    if (removesRows !== true && atMs !== FOR_EVER) return 'snapshot again'
    if (this.resets) return 'snapshot again: a truncate event resets the topic first'
    const whole = 'a snapshot with skipped.operations=none, which resets the topic with a truncate event'
    return atMs === FOR_EVER ? whole : `snapshot again; for a topic without ghosts, ${whole}`
  }
}

function withoutGone({gone: _, ...known}: Divergence): Divergence {
  return known
}
