// What a task knows of every table that it has ever captured: since which position its topic is complete, or since when it
// is no longer captured. Part of the stored state.

import type {Checkpoint, KnownTable} from '../state/checkpoint.ts'

export type DepartureReason = NonNullable<KnownTable['left']>['why']

/**
 * Of tables that are captured no longer so many are remembered, the newest, or a server that makes and drops tables all
 * day would have the state grow for ever. Those that the filter left out are still there and may come back any day.
 */
export const MOST_LEFT: Readonly<Record<DepartureReason, number>> = {dropped: 1_000, filter: 10_000}

export class KnownTables {
  /** Those that left stand in the order in which they did. */
  readonly #tables: Map<string, KnownTable>
  readonly #left: Readonly<Record<DepartureReason, Set<string>>> = {dropped: new Set(), filter: new Set()}

  constructor(stored: readonly KnownTable[]) {
    this.#tables = new Map(stored.map(known => [known.table, known]))
    for (const {table, left} of stored) if (left !== undefined) this.#left[left.why].add(table)
  }

  get list(): readonly KnownTable[] {
    return [...this.#tables.values()]
  }

  /** As the state has them: those that are captured also as it had them before there was more to say. */
  get stored(): Pick<Checkpoint, 'knownTables' | 'tables'> {
    const tables = this.list
    return {knownTables: tables.filter(({left}) => left === undefined).map(({table}) => table), tables}
  }

  /** Null where it was never captured. */
  get(table: string): KnownTable | null {
    return this.#tables.get(table) ?? null
  }

  /** Captured from now on; `completeSince` where everything of it will be in its topic from there. */
  enter(table: string, completeSince: string | null): void {
    this.#set({table, completeSince})
  }

  /** Its topic has all of it from `since` on. What was complete before stays so. */
  complete(table: string, since: string): void {
    const known = this.#tables.get(table)
    if (known?.completeSince === null && known.left === undefined)
      this.#tables.set(table, {table, completeSince: since})
  }

  incomplete(table: string): void {
    const known = this.#tables.get(table)
    if (known !== undefined) this.#tables.set(table, {...known, completeSince: null})
  }

  /** Returns the tables that are forgotten for it: nobody knows any more that they were ever captured. */
  leave(table: string, since: string, why: DepartureReason): string[] {
    this.forget(table)
    this.#set({table, completeSince: null, left: {since, why}})
    const forgotten = [...this.#left[why]].slice(0, -MOST_LEFT[why])
    for (const old of forgotten) this.forget(old)
    return forgotten
  }

  forget(table: string): void {
    for (const left of Object.values(this.#left)) left.delete(table)
    this.#tables.delete(table)
  }

  #set(known: KnownTable): void {
    const {table, left} = known
    for (const others of Object.values(this.#left)) others.delete(table)
    if (left !== undefined) this.#left[left.why].add(table)
    this.#tables.set(table, known)
  }
}

/**
 * Of a stored state. One from before there was a word of it is taken for complete at its offset as far as a copy that ended
 * says so.
 */
export function storedTables(checkpoint: Checkpoint | null): readonly KnownTable[] {
  if (checkpoint === null) return []
  if (checkpoint.tables !== undefined) return checkpoint.tables
  const {offset, snapshots, knownTables, initialSnapshotQueued} = checkpoint
  const plans = snapshots.flatMap(({tables}) => tables)
  const isOf = (table: string): ((plan: (typeof plans)[number]) => boolean) => {
    return plan => `${plan.table.database}.${plan.table.table}` === table && plan.condition === null
  }
  return knownTables.map(table => {
    const last = plans.findLast(isOf(table))
    const isCopied = last === undefined ? initialSnapshotQueued : last.state === 'done'
    return {table, completeSince: isCopied ? `${offset.file}:${offset.pos}` : null}
  })
}
