// Table shapes and keys, as information_schema and SHOW INDEX tell them.

import type {Connection} from 'mysql2/promise'
import type {ColumnShape, ColumnType, TableShape} from '../core/table-shape.ts'
import {tableIdText, type TableId} from '../core/table-id.ts'
import {TidemarkError} from '../core/tidemark-error.ts'
import {parseLabels} from './column-labels.ts'
import {queryRows} from './connections.ts'
import {quoteTable} from './identifiers.ts'

interface ColumnRow {
  readonly name: string
  readonly dataType: string
  readonly columnType: string
  readonly nullable: string
  readonly length: string | number | null
  readonly numericPrecision: string | number | null
  readonly numericScale: string | number | null
  readonly fraction: string | number | null
  readonly charset: string | null
}

/** A unique key whose columns are all NOT NULL and indexed whole: one value, one row. */
export interface TableKey {
  readonly name: string
  readonly columns: readonly string[]
  /** False: the optimizer does not use the index, so it proves uniqueness but cannot serve a chunk's range. */
  readonly visible: boolean
}

const TYPES: ReadonlySet<string> = new Set<ColumnType>([
  ...(['tinyint', 'smallint', 'mediumint', 'int', 'bigint', 'decimal', 'float', 'double', 'bit'] as const),
  ...(['char', 'varchar', 'tinytext', 'text', 'mediumtext', 'longtext'] as const),
  ...(['binary', 'varbinary', 'tinyblob', 'blob', 'mediumblob', 'longblob'] as const),
  ...(['date', 'time', 'datetime', 'timestamp', 'year', 'enum', 'set', 'json', 'geometry', 'vector'] as const),
])
const GEOMETRY_TYPES: ReadonlySet<string> = new Set([
  ...['point', 'linestring', 'polygon', 'multipoint', 'multilinestring', 'multipolygon'],
  ...['geomcollection', 'geometrycollection'],
])
const WITH_LENGTH: ReadonlySet<string> = new Set(['char', 'varchar', 'binary', 'varbinary'])
const WITH_FRACTION: ReadonlySet<string> = new Set(['time', 'datetime', 'timestamp'])
const WITH_SIGN: ReadonlySet<string> = new Set([
  ...['tinyint', 'smallint', 'mediumint', 'int', 'bigint', 'decimal', 'float', 'double'],
])

// The aliases matter: MySQL 8 gives information_schema's column names in upper case, older servers as written.
const COLUMNS_SQL = `SELECT COLUMN_NAME AS name, DATA_TYPE AS dataType, COLUMN_TYPE AS columnType, IS_NULLABLE AS nullable,
  CHARACTER_MAXIMUM_LENGTH AS length, NUMERIC_PRECISION AS numericPrecision, NUMERIC_SCALE AS numericScale,
  DATETIME_PRECISION AS fraction, CHARACTER_SET_NAME AS charset
  FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? ORDER BY ORDINAL_POSITION`

/**
 * The table as it is now, or null where there is none, it is a view, or the account may not see it. Throws
 * TIDEMARK_MYSQL_COLUMN_TYPE for a type that this program has never heard of.
 */
export async function readTableShape(connection: Connection, id: TableId): Promise<TableShape | null> {
  const doing = `read the columns of ${tableIdText(id)}`
  const rows = await queryRows<ColumnRow>(connection, COLUMNS_SQL, [id.database, id.table], doing)
  if (rows.length === 0) return null
  const tables = await queryRows<{type: string}>(
    connection,
    'SELECT TABLE_TYPE AS type FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?',
    [id.database, id.table],
    doing,
  )
  if (tables[0]?.type !== 'BASE TABLE') return null
  const keyRows = await queryRows<{name: string}>(
    connection,
    `SELECT COLUMN_NAME AS name FROM information_schema.STATISTICS
      WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? AND INDEX_NAME = 'PRIMARY' ORDER BY SEQ_IN_INDEX`,
    [id.database, id.table],
    doing,
  )
  const columns = rows.map(row => columnShape(id, row))
  const primaryKey = keyRows.map(row => columns.findIndex(column => column.name === row.name))
  return {id, columns, primaryKey}
}

/** Base tables that the account may see and `wanted` lets through, by name in the server's order. */
export async function readTables(connection: Connection, wanted: (id: TableId) => boolean): Promise<TableId[]> {
  const rows = await queryRows<{database: string; table: string}>(
    connection,
    `SELECT TABLE_SCHEMA AS \`database\`, TABLE_NAME AS \`table\` FROM information_schema.TABLES
      WHERE TABLE_TYPE = 'BASE TABLE' ORDER BY TABLE_SCHEMA, TABLE_NAME`,
    [],
    'list the tables',
  )
  return rows.map(({database, table}) => ({database, table})).filter(wanted)
}

interface IndexRow {
  readonly Key_name: string
  readonly Non_unique: string | number
  readonly Column_name: string | null
  readonly Sub_part: string | number | null
  readonly Null: string | null
  readonly Visible?: string
}

/**
 * Unique keys by which rows can be told apart, the best first: PRIMARY, then visible ones in the server's own order, then
 * invisible ones. Keys with a prefix, an expression or a nullable column are left out. Empty: no such key.
 */
export async function readKeys(connection: Connection, id: TableId): Promise<TableKey[]> {
  const rows = await queryRows<IndexRow>(
    connection,
    `SHOW INDEX FROM ${quoteTable(id)}`,
    [],
    `read the indexes of ${tableIdText(id)}`,
  )
  const parts = new Map<string, IndexRow[]>()
  for (const row of rows) {
    if (Number(row.Non_unique) !== 0) continue
    const known = parts.get(row.Key_name)
    if (known === undefined) parts.set(row.Key_name, [row])
    else known.push(row)
  }
  const keys: TableKey[] = []
  for (const [name, columns] of parts) {
    const whole = columns.every(row => row.Column_name !== null && row.Sub_part === null && row.Null !== 'YES')
    if (!whole) continue
    keys.push({name, columns: columns.map(row => row.Column_name!), visible: columns[0]!.Visible !== 'NO'})
  }
  const rank = (key: TableKey): number => (key.name === 'PRIMARY' ? 0 : key.visible ? 1 : 2)
  return keys.sort((a, b) => rank(a) - rank(b))
}

/** True where `columns` hold all columns of some key, so that no two rows agree in them. Names compare as MySQL's do. */
export function isUnique(keys: readonly TableKey[], columns: readonly string[]): boolean {
  const given = new Set(columns.map(name => name.toLowerCase()))
  return keys.some(key => key.columns.every(name => given.has(name.toLowerCase())))
}

export interface UnsupportedColumn {
  readonly column: string
  readonly type: ColumnType
}

/** Columns whose type is not encoded yet. Such a table is refused by name, never passed on wrong. */
export function unsupportedColumns(shape: TableShape): UnsupportedColumn[] {
  return shape.columns
    .filter(column => column.type === 'geometry' || column.type === 'vector')
    .map(column => ({column: column.name, type: column.type}))
}

function columnShape(id: TableId, row: ColumnRow): ColumnShape {
  const type = columnType(id, row)
  const isDecimal = type === 'decimal'
  return {
    name: row.name,
    type,
    unsigned: WITH_SIGN.has(type) && /\bunsigned\b/.test(row.columnType),
    nullable: row.nullable === 'YES',
    length: type === 'bit' ? Number(row.numericPrecision) : WITH_LENGTH.has(type) ? Number(row.length) : null,
    precision: isDecimal ? Number(row.numericPrecision) : null,
    scale: isDecimal ? Number(row.numericScale) : null,
    fraction: WITH_FRACTION.has(type) ? Number(row.fraction ?? 0) : 0,
    charset: row.charset,
    labels: type === 'enum' || type === 'set' ? parseLabels(row.columnType) : null,
  }
}

function columnType(id: TableId, row: ColumnRow): ColumnType {
  const type = row.dataType.toLowerCase()
  if (TYPES.has(type)) return type as ColumnType
  if (GEOMETRY_TYPES.has(type)) return 'geometry'
  throw new TidemarkError(
    'TIDEMARK_MYSQL_COLUMN_TYPE',
    `cannot capture ${tableIdText(id)}: column ${row.name} has the type ${type}, which is not supported; ` +
      'leave the table out of table.include.list',
  )
}
