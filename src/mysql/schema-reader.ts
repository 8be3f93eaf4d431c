// Table shapes and keys, as information_schema and SHOW INDEX tell them.

import type {Connection} from 'mysql2/promise'
import type {ColumnShape, ColumnType, TableShape} from '../core/table-shape.ts'
import {tableIdText, type TableId} from '../core/table-id.ts'
import {TidemarkError} from '../core/tidemark-error.ts'
import {parseLabels} from './column-labels.ts'
import {queryRows} from './connections.ts'
import {quoteTable} from './identifiers.ts'

/** The names of a row that belongs to one of several tables. */
export interface OfTable {
  readonly inDatabase: string
  readonly inTable: string
}

interface ColumnRow extends OfTable {
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
  ...(['date', 'time', 'datetime', 'timestamp', 'year', 'enum', 'set', 'json', 'point', 'geometry', 'vector'] as const),
])
const GEOMETRY_TYPES: ReadonlySet<string> = new Set([
  ...['linestring', 'polygon', 'multipoint', 'multilinestring', 'multipolygon'],
  ...['geomcollection', 'geometrycollection'],
])
/** information_schema.columns.data_type of every type that rows are encoded of. */
export const knownTypes: readonly string[] = [...TYPES, ...GEOMETRY_TYPES]

const WITH_LENGTH: ReadonlySet<string> = new Set(['char', 'varchar', 'binary', 'varbinary'])
const WITH_FRACTION: ReadonlySet<string> = new Set(['time', 'datetime', 'timestamp'])
const WITH_SIGN: ReadonlySet<string> = new Set([
  ...['tinyint', 'smallint', 'mediumint', 'int', 'bigint', 'decimal', 'float', 'double'],
])

// The aliases matter: MySQL 8 gives information_schema's column names in upper case, older servers as written.
const OF_TABLE = 'TABLE_SCHEMA AS inDatabase, TABLE_NAME AS inTable'
const TYPES_SQL = `SELECT ${OF_TABLE}, TABLE_TYPE AS type FROM information_schema.TABLES`
const SIZES_SQL = `SELECT ${OF_TABLE}, TABLE_ROWS AS n, AVG_ROW_LENGTH AS bytes FROM information_schema.TABLES`
const COLUMNS_SQL = `SELECT ${OF_TABLE}, COLUMN_NAME AS name, DATA_TYPE AS dataType, COLUMN_TYPE AS columnType,
  IS_NULLABLE AS nullable, CHARACTER_MAXIMUM_LENGTH AS length, NUMERIC_PRECISION AS numericPrecision,
  NUMERIC_SCALE AS numericScale, DATETIME_PRECISION AS fraction, CHARACTER_SET_NAME AS charset
  FROM information_schema.COLUMNS`
const PRIMARY_KEYS_SQL = `SELECT ${OF_TABLE}, COLUMN_NAME AS name FROM information_schema.STATISTICS`

/**
 * The table as it is now, or null where there is none, it is a view, or the account may not see it. Throws
 * TIDEMARK_MYSQL_COLUMN_TYPE for a type that this program has never heard of.
 */
export async function readTableShape(connection: Connection, id: TableId): Promise<TableShape | null> {
  const shape = (await readTableShapes(connection, [id]))[0]!
  if (shape instanceof TidemarkError) throw shape
  return shape
}

/** The same for many tables with a few queries; the error of one is in its place. */
export async function readTableShapes(
  connection: Connection,
  ids: readonly TableId[],
): Promise<(TableShape | TidemarkError | null)[]> {
  const doing = `read the columns of ${names(ids)}`
  const types = await rowsOfTables<OfTable & {type: string}>(connection, {ids, sql: TYPES_SQL, doing})
  const columns = await rowsOfTables<ColumnRow>(connection, {
    ...{ids, doing, sql: COLUMNS_SQL},
    order: 'ORDER BY TABLE_SCHEMA, TABLE_NAME, ORDINAL_POSITION',
  })
  const keys = await rowsOfTables<OfTable & {name: string}>(connection, {
    ...{ids, doing, sql: PRIMARY_KEYS_SQL},
    order: "AND INDEX_NAME = 'PRIMARY' ORDER BY TABLE_SCHEMA, TABLE_NAME, SEQ_IN_INDEX",
  })
  return ids.map((id, i) => {
    if (types[i]![0]?.type !== 'BASE TABLE' || columns[i]!.length === 0) return null
    try {
      const shapes = columns[i]!.map(row => columnShape(id, row))
      return {id, columns: shapes, primaryKey: keys[i]!.map(key => shapes.findIndex(({name}) => name === key.name))}
    } catch (error) {
      if (error instanceof TidemarkError) return error
      throw error
    }
  })
}

/** As events with full metadata show them: where there is no primary key, the unique key that the server promotes is one. */
export async function readStreamShapes(
  connection: Connection,
  ids: readonly TableId[],
): Promise<(TableShape | TidemarkError | null)[]> {
  if (ids.length === 0) return []
  const shapes = await readTableShapes(connection, ids)
  for (const [i, shape] of shapes.entries()) {
    if (shape === null || shape instanceof TidemarkError || shape.primaryKey.length > 0) continue
    const key = (await readKeys(connection, shape.id))[0]?.columns ?? []
    shapes[i] = {...shape, primaryKey: key.map(name => shape.columns.findIndex(column => column.name === name))}
  }
  return shapes
}

/** Rows and bytes of a row as the server estimates them now; zeros where there is no such table. */
export interface TableSize {
  readonly rows: number
  readonly rowBytes: number
}

export async function readTableSizes(connection: Connection, ids: readonly TableId[]): Promise<TableSize[]> {
  const doing = `read the size of ${names(ids)}`
  // The statistics are cached for a day unless asked otherwise, and a table filled a minute ago would count as empty.
  await queryRows(connection, 'SET SESSION information_schema_stats_expiry = 0', [], doing)
  type Size = OfTable & {n: string | number | null; bytes: string | number | null}
  const sizes = await rowsOfTables<Size>(connection, {ids, sql: SIZES_SQL, doing})
  return sizes.map(([size]) => ({rows: Number(size?.n ?? 0), rowBytes: Number(size?.bytes ?? 0)}))
}

export interface TablesQuery {
  readonly ids: readonly TableId[]
  readonly sql: string
  /** What stands behind the condition that names the tables. */
  readonly order?: string
  readonly doing: string
}

/** A row of information_schema belongs to the table of its name; on servers that fold names, whatever its case. */
export async function rowsOfTables<T extends OfTable>(
  connection: Connection,
  {ids, sql, order = '', doing}: TablesQuery,
): Promise<T[][]> {
  const places = new Map<string, T[]>()
  const found = ids.map(id => {
    const rows: T[] = []
    places.set(foldedText(id), rows)
    return rows
  })
  ids.forEach((id, i) => places.set(tableIdText(id), found[i]!))
  for (const database of new Set(ids.map(id => id.database))) {
    const tables = ids.filter(id => id.database === database).map(id => id.table)
    const text = `${sql} WHERE TABLE_SCHEMA = ? AND TABLE_NAME IN (?) ${order}`
    for (const row of await queryRows<T>(connection, text, [database, tables], doing)) {
      const id = {database: row.inDatabase, table: row.inTable}
      ;(places.get(tableIdText(id)) ?? places.get(foldedText(id)))?.push(row)
    }
  }
  return found
}

/** Cannot be a table's own text. */
function foldedText(id: TableId): string {
  return `\0${tableIdText(id).toLowerCase()}`
}

function names(ids: readonly TableId[]): string {
  const [first] = ids
  return `${first === undefined ? 'no table' : tableIdText(first)}${ids.length > 1 ? ` and ${ids.length - 1} more` : ''}`
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

/** True where names of tables that differ in case only are the same name. */
export async function readFoldsNames(connection: Connection): Promise<boolean> {
  const sql = 'SELECT @@lower_case_table_names AS folding'
  const [row] = await queryRows<{folding: string | number}>(connection, sql, [], 'read lower_case_table_names')
  return Number(row?.folding ?? 0) !== 0
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
