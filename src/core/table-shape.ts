// What a table looks like at one moment, as far as it decides how its rows are read, encoded and keyed.
// The same shape comes from information_schema (snapshot side) and from a TABLE_MAP event with full metadata
// (stream side); `shapeFingerprint` is equal where the two sides would encode rows the same way.

import type {TableId} from './table-id.ts'

/** information_schema.columns.data_type in lower case; `geometry` stands for all its subtypes but `point`. */
export type ColumnType =
  | 'tinyint'
  | 'smallint'
  | 'mediumint'
  | 'int'
  | 'bigint'
  | 'decimal'
  | 'float'
  | 'double'
  | 'bit'
  | 'char'
  | 'varchar'
  | 'tinytext'
  | 'text'
  | 'mediumtext'
  | 'longtext'
  | 'binary'
  | 'varbinary'
  | 'tinyblob'
  | 'blob'
  | 'mediumblob'
  | 'longblob'
  | 'date'
  | 'time'
  | 'datetime'
  | 'timestamp'
  | 'year'
  | 'enum'
  | 'set'
  | 'json'
  | 'point'
  | 'geometry'
  | 'vector'

/** What only the definition says of a column, and no event of the binlog. */
export interface DeclaredColumn {
  /** information_schema.columns.column_type, e.g. `int(6) unsigned zerofill`. */
  readonly type: string
  readonly default: DeclaredDefault
  readonly comment: string
}

/** `constant`: its text as the server shows it. `now`: CURRENT_TIMESTAMP. `none`: NULL, an expression, or nothing. */
export type DeclaredDefault =
  {readonly type: 'none'} | {readonly type: 'now'} | {readonly type: 'constant'; readonly text: string}

export interface ColumnShape {
  readonly name: string
  readonly type: ColumnType
  readonly unsigned: boolean
  readonly nullable: boolean
  /** char, varchar: characters; binary, varbinary: bytes; bit: bits; else null. */
  readonly length: number | null
  /** decimal only. */
  readonly precision: number | null
  /** decimal only. */
  readonly scale: number | null
  /** Fractional second digits of time, datetime, timestamp: 0 to 6; else 0. */
  readonly fraction: number
  /** MySQL's character set name, e.g. `utf8mb4`; null for columns without text (binary types too). */
  readonly charset: string | null
  /** Labels of an enum or set in definition order; else null. */
  readonly labels: readonly string[] | null
  /** Only where somebody asked for it, and the server still knows the column. */
  readonly declared?: DeclaredColumn
}

export interface TableShape {
  readonly id: TableId
  /** All columns in table order, invisible ones too. */
  readonly columns: readonly ColumnShape[]
  /** Indexes into `columns` of the PRIMARY KEY in key order; empty where there is none. */
  readonly primaryKey: readonly number[]
}

/** Equal for two shapes exactly when rows of both are encoded to the same bytes, as far as events tell. */
export function shapeFingerprint(shape: TableShape): string {
  const columns = shape.columns.map(c => [
    c.name,
    c.type,
    c.unsigned ? 1 : 0,
    c.nullable ? 1 : 0,
    c.type === 'binary' || c.type === 'bit' ? c.length : 0,
    c.precision ?? 0,
    c.scale ?? 0,
    c.fraction,
    c.charset ?? '',
    c.labels ?? 0,
  ])
  return JSON.stringify([columns, shape.primaryKey])
}
