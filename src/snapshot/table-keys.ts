// Which columns key a table: the message key that consumers see, the row key by which a streamed event supersedes a row
// that was read, and the chunk key that orders reading.

import type {EventSettings} from '../config/settings.ts'
import {tableIdText} from '../core/table-id.ts'
import type {TableId} from '../core/table-id.ts'
import type {TableShape} from '../core/table-shape.ts'
import {TidemarkError} from '../core/tidemark-error.ts'

/** What information_schema knows of keys. */
export interface KeyReader {
  /** Column names of the first unique index on NOT NULL columns without prefix or expression; null where there is none. */
  uniqueKey(table: TableId): Promise<readonly string[] | null>
  /** True where a unique index on NOT NULL columns covers exactly these columns or a part of them. */
  isUnique(table: TableId, columns: readonly string[]): Promise<boolean>
}

export interface TableKeys {
  readonly messageKey: readonly number[]
  /** Primary key, else the unique NOT NULL key; empty where there is neither. */
  readonly rowKey: readonly number[]
}

/** Asks the server only where the table has no primary key. */
export function keysOf(shape: TableShape, events: EventSettings, keys: KeyReader): TableKeys | Promise<TableKeys> {
  const configured = configuredKey(shape, events)
  if (shape.primaryKey.length > 0) {
    return {messageKey: configured ?? shape.primaryKey, rowKey: shape.primaryKey}
  }
  return keys.uniqueKey(shape.id).then(names => {
    const rowKey = names === null ? [] : indexesOf(shape, names)
    return {messageKey: configured ?? rowKey, rowKey}
  })
}

/** Columns that order chunks. Throws TIDEMARK_SNAPSHOT_NO_KEY and TIDEMARK_SNAPSHOT_SURROGATE_KEY. */
export async function chunkKeyColumns(
  shape: TableShape,
  surrogateKey: readonly string[] | null,
  keys: TableKeys,
  reader: KeyReader,
): Promise<readonly number[]> {
  if (surrogateKey === null) {
    if (keys.rowKey.length > 0) return keys.rowKey
    throw new TidemarkError(
      'TIDEMARK_SNAPSHOT_NO_KEY',
      `cannot snapshot ${tableIdText(shape.id)}: it has no PRIMARY KEY and no unique index on NOT NULL columns; ` +
        `add one, or name a unique NOT NULL column in the signal's "surrogate-key"`,
    )
  }
  const columns = indexesOf(shape, surrogateKey)
  const nullable = columns.find(column => shape.columns[column]!.nullable)
  if (nullable !== undefined) throw surrogateError(shape, `column ${shape.columns[nullable]!.name} may be NULL`)
  if (await reader.isUnique(shape.id, surrogateKey)) return columns
  // Rows with equal values must be read whole. Ordering by the row key behind them makes the chunk key unique, and
  // InnoDB's secondary indexes end with the primary key, so an index on the surrogate key still serves.
  const rest = keys.rowKey.filter(column => !columns.includes(column))
  if (keys.rowKey.length === 0) throw surrogateError(shape, 'it is not unique and the table has no other key beside it')
  return [...columns, ...rest]
}

function configuredKey(shape: TableShape, events: EventSettings): readonly number[] | null {
  const text = tableIdText(shape.id)
  const rule = events.messageKeyColumns.find(candidate => candidate.table.test(text))
  return rule === undefined ? null : indexesOf(shape, rule.columns)
}

function indexesOf(shape: TableShape, names: readonly string[]): number[] {
  return names.map(name => {
    const index = shape.columns.findIndex(column => column.name.toLowerCase() === name.toLowerCase())
    if (index >= 0) return index
    throw new TidemarkError(
      'TIDEMARK_SNAPSHOT_UNKNOWN_COLUMN',
      `${tableIdText(shape.id)} has no column ${name}, which was named as a key; it has ${shape.columns.map(c => c.name).join(', ')}`,
    )
  })
}

function surrogateError(shape: TableShape, reason: string): TidemarkError {
  return new TidemarkError(
    'TIDEMARK_SNAPSHOT_SURROGATE_KEY',
    `cannot snapshot ${tableIdText(shape.id)} by the signal's surrogate-key: ${reason}; name unique NOT NULL columns, or leave it out`,
  )
}
