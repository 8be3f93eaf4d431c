// Foreign keys whose actions change rows without the binlog having events of them.

import type {Connection} from 'mysql2/promise'
import type {CascadingKey} from '../core/cascading-key.ts'
import {tableIdText, type TableId} from '../core/table-id.ts'
import {queryRows} from './connections.ts'
import {rowsOfTables, type OfTable} from './schema-reader.ts'
import {readVariables} from './server-reader.ts'

/** The condition on information_schema.REFERENTIAL_CONSTRAINTS. */
export const CASCADES =
  "DELETE_RULE IN ('CASCADE', 'SET NULL', 'SET DEFAULT') OR UPDATE_RULE IN ('CASCADE', 'SET NULL', 'SET DEFAULT')"
const DOING = 'look for cascading foreign keys'

interface ConstraintRow {
  readonly database: string
  readonly table: string
  readonly name: string
  readonly onDelete: string
  readonly onUpdate: string
}

interface UsageRow extends OfTable {
  readonly name: string
  readonly column: string
  readonly parentDatabase: string
  readonly parentTable: string
  readonly parentColumn: string
}

interface ColumnRow extends OfTable {
  readonly column: string
  readonly place: string | number
  readonly key: string
}

/** Whether the server itself carries cascades out, and logs them: MySQL 9.6 and newer do, unless told otherwise. */
export function logsCascades(variables: ReadonlyMap<string, string>): boolean {
  return variables.get('innodb_native_foreign_keys') === 'OFF'
}

/** Those of the tables that `isWanted` lets through; null where the server logs what they do. */
export async function readCascadingKeys(
  connection: Connection,
  isWanted: (child: TableId) => boolean,
): Promise<CascadingKey[] | null> {
  if (logsCascades(await readVariables(connection, ['innodb_native_foreign_keys']))) return null
  const constraints = await queryRows<ConstraintRow>(
    connection,
    `SELECT CONSTRAINT_SCHEMA AS \`database\`, TABLE_NAME AS \`table\`, CONSTRAINT_NAME AS name, DELETE_RULE AS onDelete,
      UPDATE_RULE AS onUpdate FROM information_schema.REFERENTIAL_CONSTRAINTS WHERE ${CASCADES}`,
    [],
    DOING,
  )
  // Rows of a table that nobody captures may be what those of a captured one depend on.
  if (!constraints.some(isWanted)) return []
  const children = distinct(constraints)
  const usages = await rowsOfTables<UsageRow>(connection, {
    ids: children,
    sql: `SELECT TABLE_SCHEMA AS inDatabase, TABLE_NAME AS inTable, CONSTRAINT_NAME AS name, COLUMN_NAME AS \`column\`,
      REFERENCED_TABLE_SCHEMA AS parentDatabase, REFERENCED_TABLE_NAME AS parentTable,
      REFERENCED_COLUMN_NAME AS parentColumn FROM information_schema.KEY_COLUMN_USAGE`,
    order: 'AND REFERENCED_TABLE_NAME IS NOT NULL ORDER BY CONSTRAINT_NAME, ORDINAL_POSITION',
    doing: DOING,
  })
  const used = new Map(children.map((child, i) => [tableIdText(child), usages[i]!]))
  const parents = distinct(usages.flat().map(row => ({database: row.parentDatabase, table: row.parentTable})))
  const columns = await readColumns(connection, distinct([...children, ...parents]))
  return constraints.flatMap(({database, table, name, onDelete, onUpdate}) => {
    const child = {database, table}
    const rows = (used.get(tableIdText(child)) ?? []).filter(row => row.name === name)
    if (rows.length === 0) return []
    const parent = {database: rows[0]!.parentDatabase, table: rows[0]!.parentTable}
    const ofParent = columns.get(tableIdText(parent)) ?? []
    const ofChild = columns.get(tableIdText(child)) ?? []
    return {
      ...{name, parent, child},
      onDelete: onDelete === 'CASCADE' ? 'removed' : onDelete.startsWith('SET') ? 'changed' : null,
      changesOnUpdate: onUpdate === 'CASCADE' || onUpdate.startsWith('SET'),
      columns: rows.map(row => row.column),
      parentColumns: rows.map(({parentColumn}) => ({
        name: parentColumn,
        index: Number(ofParent.find(({column}) => column === parentColumn)?.place ?? 0) - 1,
      })),
      childKey: ofChild.filter(({key}) => key === 'PRI').map(({column}) => column),
    } satisfies CascadingKey
  })
}

async function readColumns(connection: Connection, ids: readonly TableId[]): Promise<Map<string, ColumnRow[]>> {
  const found = await rowsOfTables<ColumnRow>(connection, {
    ids,
    sql: `SELECT TABLE_SCHEMA AS inDatabase, TABLE_NAME AS inTable, COLUMN_NAME AS \`column\`, ORDINAL_POSITION AS place,
      COLUMN_KEY AS \`key\` FROM information_schema.COLUMNS`,
    doing: DOING,
  })
  return new Map(ids.map((id, i) => [tableIdText(id), found[i]!]))
}

function distinct(ids: readonly TableId[]): TableId[] {
  return [...new Map(ids.map(({database, table}) => [tableIdText({database, table}), {database, table}])).values()]
}
