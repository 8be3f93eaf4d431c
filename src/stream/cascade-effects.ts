// What a change of a parent's rows does to the tables below it, by their foreign keys. Pure.

import type {CascadingKey} from '../core/cascading-key.ts'
import {tableIdText, type TableId} from '../core/table-id.ts'

/** Rows of a table were deleted (`columns` null), or these columns of them changed. */
export interface ParentChange {
  readonly table: TableId
  readonly columns: ReadonlySet<string> | null
}

export interface CascadeEffect {
  readonly child: TableId
  /** Columns that may have changed; null: rows may be gone. */
  readonly columns: readonly string[] | null
  /** The child's primary key. */
  readonly key: readonly string[]
}

/** Names are the same whatever their case: a table more costs a warning, one that was overlooked its truth. */
export function foldedText(table: TableId): string {
  return tableIdText(table).toLowerCase()
}

/** Tables whose rows may have changed with it, at any depth; whether a row referred to what was changed is not known. */
export function cascadeEffects(keys: Iterable<CascadingKey>, change: ParentChange): CascadeEffect[] {
  const all = [...keys]
  const effects: CascadeEffect[] = []
  const seen = new Set<string>()
  const follow = ({table, columns}: ParentChange): void => {
    for (const key of all) {
      if (foldedText(key.parent) !== foldedText(table)) continue
      const isChanged =
        columns === null
          ? key.onDelete === 'changed'
          : key.changesOnUpdate && key.parentColumns.some(({name}) => columns.has(name))
      const isRemoved = columns === null && key.onDelete === 'removed'
      const id = `${key.name} ${foldedText(key.child)} ${isRemoved ? 'removed' : 'changed'}`
      if ((!isChanged && !isRemoved) || seen.has(id)) continue
      seen.add(id)
      effects.push({child: key.child, columns: isRemoved ? null : key.columns, key: key.childKey})
      follow({table: key.child, columns: isRemoved ? null : new Set(key.columns)})
    }
  }
  follow(change)
  return effects
}
