// What a task knows of every table that it has ever captured: since which position its topic is complete, or since when it
// is no longer captured. Part of the stored state.

import type {Checkpoint, KnownTable} from '../state/checkpoint.ts'

export type DepartureReason = NonNullable<KnownTable['left']>['why']

export class KnownTables {
  readonly #tables: Map<string, KnownTable>

  constructor(stored: readonly KnownTable[]) {
    this.#tables = new Map(stored.map(known => [known.table, known]))
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
    this.#tables.set(table, {table, completeSince})
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

  leave(table: string, since: string, why: DepartureReason): void {
    this.#tables.set(table, {table, completeSince: null, left: {since, why}})
  }

  forget(table: string): void {
    this.#tables.delete(table)
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
