// Definitions of tables and databases for schema change events. All but the statements come from information_schema,
// which waits for no lock of a table.

import type {Connection} from 'mysql2/promise'
import type {ColumnDefinition, TableDefinition} from '../core/table-definition.ts'
import {tableIdText, type TableId} from '../core/table-id.ts'
import {queryRows} from './connections.ts'
import {quoteTable} from './identifiers.ts'

const TABLE_SQL = `SELECT t.TABLE_COMMENT AS comment, c.CHARACTER_SET_NAME AS charset
  FROM information_schema.TABLES t LEFT JOIN information_schema.COLLATION_CHARACTER_SET_APPLICABILITY c
    ON c.COLLATION_NAME = t.TABLE_COLLATION
  WHERE t.TABLE_SCHEMA = ? AND t.TABLE_NAME = ? AND t.TABLE_TYPE = 'BASE TABLE'`
const COLUMNS_SQL = `SELECT COLUMN_NAME AS name, COLUMN_TYPE AS type, IS_NULLABLE AS nullable, CHARACTER_SET_NAME AS charset,
    COLUMN_DEFAULT AS defaultValue, EXTRA AS extra, COLUMN_COMMENT AS comment
  FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? ORDER BY ORDINAL_POSITION`
const PRIMARY_KEY_SQL = `SELECT COLUMN_NAME AS name FROM information_schema.STATISTICS
  WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? AND INDEX_NAME = 'PRIMARY' ORDER BY SEQ_IN_INDEX`

/** ER_NO_SUCH_TABLE */
const NO_SUCH_TABLE = 1146

type ColumnRow = Omit<ColumnDefinition, 'nullable'> & {readonly nullable: string}

/** The table as it is now; null where there is none, or the account may not see it. */
export async function readTableDefinition(connection: Connection, id: TableId): Promise<TableDefinition | null> {
  const doing = `read the definition of ${tableIdText(id)}`
  const names = [id.database, id.table]
  type TableRow = Pick<TableDefinition, 'charset' | 'comment'>
  const [table] = await queryRows<TableRow>(connection, TABLE_SQL, names, doing)
  const columns = await queryRows<ColumnRow>(connection, COLUMNS_SQL, names, doing)
  const key = await queryRows<{name: string}>(connection, PRIMARY_KEY_SQL, names, doing)
  if (table === undefined || columns.length === 0) return null
  return {
    id,
    charset: table.charset,
    comment: table.comment,
    columns: columns.map(column => ({...column, nullable: column.nullable === 'YES'})),
    primaryKey: key.map(({name}) => name),
  }
}

/** SHOW CREATE TABLE's; null where there is no such table. */
export async function readCreateStatement(connection: Connection, id: TableId): Promise<string | null> {
  const doing = `read the statement that creates ${tableIdText(id)}`
  try {
    const sql = `SHOW CREATE TABLE ${quoteTable(id)}`
    const [row] = await queryRows<Record<string, string>>(connection, sql, [], doing)
    return row?.['Create Table'] ?? null
  } catch (error) {
    if ((error as {cause?: {errno?: number}}).cause?.errno === NO_SUCH_TABLE) return null
    throw error
  }
}

/** What a database, or the server, gives a table that says nothing itself. */
export interface CharsetDefault {
  readonly charset: string
  readonly collation: string
}

export async function readServerCharset(connection: Connection): Promise<CharsetDefault> {
  const sql = 'SELECT @@GLOBAL.character_set_server AS charset, @@GLOBAL.collation_server AS collation'
  const [row] = await queryRows<CharsetDefault>(connection, sql, [], 'read character_set_server')
  return row!
}

/** Null where there is no such database. */
export async function readDatabaseCharset(connection: Connection, database: string): Promise<CharsetDefault | null> {
  const sql = `SELECT DEFAULT_CHARACTER_SET_NAME AS charset, DEFAULT_COLLATION_NAME AS collation
    FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ?`
  const [row] = await queryRows<CharsetDefault>(connection, sql, [database], `read the character set of ${database}`)
  return row ?? null
}
