// What only a table's definition says of its columns: declared types, defaults, comments. Schemas and some converters
// need it; row events do not carry it.

import type {Connection} from 'mysql2/promise'
import {tableIdText, type TableId} from '../core/table-id.ts'
import type {DeclaredColumns} from '../core/declared-columns.ts'
import type {DeclaredDefault} from '../core/table-shape.ts'
import {rowsOfTables, type OfTable} from './schema-reader.ts'

interface DeclaredRow extends OfTable {
  readonly name: string
  readonly type: string
  readonly value: string | null
  readonly extra: string
  readonly charset: string | null
  readonly comment: string
}

const SQL = `SELECT TABLE_SCHEMA AS inDatabase, TABLE_NAME AS inTable, COLUMN_NAME AS name, COLUMN_TYPE AS type, COLUMN_DEFAULT AS value, EXTRA AS extra,
  CHARACTER_SET_NAME AS charset,
  COLUMN_COMMENT AS comment FROM information_schema.COLUMNS`
const BEYOND_UTF8MB3: ReadonlySet<string> = new Set(['utf8mb4', 'utf16', 'utf16le', 'utf32', 'gb18030'])
const NOW = /^(?:current_timestamp|now)(?:\(\d?\))?$/i

/** As the tables are now, in the order of `ids`; empty for one that is gone. */
export async function readDeclaredColumns(connection: Connection, ids: readonly TableId[]): Promise<DeclaredColumns[]> {
  const [first] = ids
  if (first === undefined) return []
  const doing = `read the column definitions of ${tableIdText(first)}${ids.length > 1 ? ` and ${ids.length - 1} more` : ''}`
  const tables = await rowsOfTables<DeclaredRow>(connection, {ids, sql: SQL, doing})
  return tables.map(
    rows =>
      new Map(
        rows.map(row => [text(row.name), {type: text(row.type), default: defaultOf(row), comment: text(row.comment)}]),
      ),
  )
}

function defaultOf({type, value, extra, charset}: DeclaredRow): DeclaredDefault {
  if (value === null) return {type: 'none'}
  const constant = text(value)
  if (/^(?:datetime|timestamp)/i.test(text(type)) && NOW.test(constant)) return {type: 'now'}
  if (/\bDEFAULT_GENERATED\b/i.test(text(extra))) return {type: 'none'}
  // The server shows a question mark for what its own utf8mb3 does not have: better none than a wrong one.
  if (constant.includes('?') && BEYOND_UTF8MB3.has(text(charset ?? ''))) return {type: 'none'}
  return {type: 'constant', text: constant}
}

/** Some servers give texts of information_schema as bytes. */
function text(value: string | Buffer): string {
  return value.toString()
}
