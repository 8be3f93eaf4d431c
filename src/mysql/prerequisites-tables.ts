// The captured tables: that there are some, that they can be read, that their types and foreign keys do.

import {CASCADES, logsCascades} from './cascading-keys.ts'
import {createTableFilter, isSignalTable} from '../config/table-filter.ts'
import {tableIdText, type TableId} from '../core/table-id.ts'
import {queryRows} from './connections.ts'
import {quoteIdentifier, quoteTable} from './identifiers.ts'
import {lockTablesStatement, mayLockTables} from './lock-privilege.ts'
import {mysqlErrorNumber} from './mysql-error.ts'
import {passed, type PrerequisiteResult, type PrerequisiteScope} from './prerequisite.ts'
import {knownTypes, readTables} from './schema-reader.ts'

const ER_TABLE_ACCESS_DENIED = 1142
const ER_COLUMN_ACCESS_DENIED = 1143
const SHOWN = 5

export async function tablePrerequisites(scope: PrerequisiteScope): Promise<PrerequisiteResult[]> {
  const passes = createTableFilter(scope.settings)
  const isCaptured = (id: TableId): boolean => passes(id) && !isSignalTable(scope.settings, id)
  const tables = await readTables(scope.connection, isCaptured)
  return [
    checkCount(tables),
    await checkSelect(scope, tables),
    await checkTypes(scope, isCaptured),
    await checkKeys(scope, tables),
    await checkForeignKeys(scope, isCaptured),
  ]
}

/** A warning only: the tables may be created later. */
function checkCount(tables: readonly TableId[]): PrerequisiteResult {
  const name = 'captured tables'
  if (tables.length > 0) return passed(name, `${tables.length}: ${some(tables.map(tableIdText))}`)
  return {
    name,
    ok: 'warning',
    found: 'none that the account can see',
    wanted: 'at least one',
    statement: 'check database.include.list and table.include.list, and the SELECT grants of the account',
  }
}

async function checkSelect(scope: PrerequisiteScope, tables: readonly TableId[]): Promise<PrerequisiteResult> {
  const name = 'grant SELECT'
  const denied: TableId[] = []
  for (const id of tables) {
    try {
      await queryRows(scope.connection, `SELECT * FROM ${quoteTable(id)} LIMIT 0`)
    } catch (error) {
      const number = mysqlErrorNumber(error)
      if (number === ER_TABLE_ACCESS_DENIED || number === ER_COLUMN_ACCESS_DENIED) denied.push(id)
      // A table that went away since it was listed, or a broken one, is the snapshot's to report.
      else if (number === null) throw error
    }
  }
  if (denied.length === 0) return passed(name, tables.length === 0 ? 'no table to read' : 'granted')
  const databases = [...new Set(denied.map(id => id.database))]
  return {
    name,
    ok: 'failed',
    found: `not granted on ${some(denied.map(tableIdText))}`,
    wanted: 'SELECT on every captured table',
    statement: databases.map(each => `GRANT SELECT ON ${quoteIdentifier(each)}.* TO ${scope.account};`).join(' '),
  }
}

async function checkTypes(
  {connection}: PrerequisiteScope,
  isCaptured: (id: TableId) => boolean,
): Promise<PrerequisiteResult> {
  const name = 'column types'
  const rows = await queryRows<{database: string; table: string; name: string; type: string}>(
    connection,
    `SELECT TABLE_SCHEMA AS \`database\`, TABLE_NAME AS \`table\`, COLUMN_NAME AS name, DATA_TYPE AS type
      FROM information_schema.COLUMNS WHERE DATA_TYPE NOT IN (?) ORDER BY 1, 2, ORDINAL_POSITION`,
    [knownTypes],
    'look for column types that are not supported',
  )
  const found = rows.filter(isCaptured)
  if (found.length === 0) return passed(name, 'all supported')
  return {
    name,
    ok: 'failed',
    found: some(found.map(row => `${tableIdText(row)}.${row.name} (${row.type})`)),
    wanted: 'only types of MySQL up to 9.7',
    statement: `leave these tables out with table.exclude.list or table.include.list`,
  }
}

/** A warning only: such tables are streamed all the same, and may never be copied. */
async function checkKeys(
  {connection, account, settings}: PrerequisiteScope,
  tables: readonly TableId[],
): Promise<PrerequisiteResult> {
  const name = 'tables without a key'
  const keyed = new Set<string>()
  const rows = await queryRows<{database: string; table: string}>(
    connection,
    `SELECT TABLE_SCHEMA AS \`database\`, TABLE_NAME AS \`table\` FROM information_schema.STATISTICS
      WHERE NON_UNIQUE = 0 GROUP BY TABLE_SCHEMA, TABLE_NAME, INDEX_NAME
      HAVING SUM(NULLABLE = 'YES' OR SUB_PART IS NOT NULL OR COLUMN_NAME IS NULL) = 0`,
    [],
    'look for tables without a key',
  )
  for (const row of rows) keyed.add(tableIdText(row))
  const keyless = tables.filter(id => !keyed.has(tableIdText(id)))
  const allByReadView = settings.snapshot.newTables === 'parallel'
  if (keyless.length === 0 && !allByReadView) return passed(name, 'none')
  const copied = keyless.length === 0 ? 'none, but new tables are' : `${some(keyless.map(tableIdText))},`
  const found = `${copied} copied whole by a read view behind a short lock`
  const denied: string[] = []
  for (const database of new Set((allByReadView ? tables : keyless).map(id => id.database)))
    if (!(await mayLockTables(connection, database))) denied.push(database)
  if (denied.length === 0) return passed(name, `${found}; LOCK TABLES is granted`)
  return {
    name,
    ok: 'warning',
    found: `${found}, and LOCK TABLES is not granted`,
    wanted: 'LOCK TABLES, without which such a table is streamed and never copied',
    statement: denied.map(database => lockTablesStatement(account, database)).join(' '),
  }
}

/**
 * Up to MySQL 9.5 InnoDB carries cascades out below the binlog, so that the rows they change are missing there. Since
 * then the server does it itself, unless innodb_native_foreign_keys is on.
 */
async function checkForeignKeys(
  {connection, variables}: PrerequisiteScope,
  isCaptured: (id: TableId) => boolean,
): Promise<PrerequisiteResult> {
  const name = 'cascading foreign keys'
  if (logsCascades(variables)) return passed(name, 'logged by this server')
  const rows = await queryRows<{database: string; table: string; name: string}>(
    connection,
    `SELECT CONSTRAINT_SCHEMA AS \`database\`, TABLE_NAME AS \`table\`, CONSTRAINT_NAME AS name
      FROM information_schema.REFERENTIAL_CONSTRAINTS
      WHERE ${CASCADES}`,
    [],
    'look for cascading foreign keys',
  )
  const found = rows.filter(isCaptured)
  if (found.length === 0) return passed(name, 'none')
  return {
    name,
    ok: 'warning',
    found: `${some(found.map(row => `${tableIdText(row)} (${row.name})`))}, which this server does not log`,
    wanted: 'changes that the binlog has (after a cascade the events of such a table differ from it)',
    statement:
      'change the rows with statements of your own, snapshot these tables again after cascades, or use MySQL 9.6 or newer',
  }
}

function some(names: readonly string[]): string {
  const rest = names.length - SHOWN
  return names.slice(0, SHOWN).join(', ') + (rest > 0 ? ` and ${rest} more` : '')
}
