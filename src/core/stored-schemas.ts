// The definitions of tables as they are stored, for binlogs that hold no column names: for each table the one at the
// stored offset, and those of statements behind it that the stream has passed.

import type {TableId} from './table-id.ts'
import type {ColumnShape, TableShape} from './table-shape.ts'

export interface StoredVersion {
  /** The statement that this definition begins with, by its GTID or `file:pos`; null: it held at the stored offset. */
  readonly since: string | null
  /** Null where it is not known. */
  readonly shape: StoredShape | null
}

/** Without the table's name, and with columns that leave out what most have. */
export interface StoredShape {
  readonly columns: readonly StoredColumn[]
  readonly primaryKey: readonly number[]
}

export type StoredColumn = Pick<ColumnShape, 'name' | 'type'> & Partial<ColumnShape>

export interface StoredSchema {
  readonly table: TableId
  readonly versions: readonly StoredVersion[]
}

type Optional = Omit<ColumnShape, 'name' | 'type'>

const USUAL: Optional = {
  unsigned: false,
  nullable: false,
  length: null,
  precision: null,
  scale: null,
  fraction: 0,
  charset: null,
  labels: null,
}
const OPTIONAL = Object.keys(USUAL) as (keyof Optional)[]

export function storedShape({columns, primaryKey}: TableShape): StoredShape {
  return {
    primaryKey,
    columns: columns.map(column => ({
      name: column.name,
      type: column.type,
      ...Object.fromEntries(OPTIONAL.flatMap(key => (column[key] === USUAL[key] ? [] : [[key, column[key]]]))),
    })),
  }
}

export function restoredShape(id: TableId, {columns, primaryKey}: StoredShape): TableShape {
  return {id, columns: columns.map(column => ({...USUAL, ...column})), primaryKey}
}
