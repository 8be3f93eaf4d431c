// The signal table: that it is there, has the shape, can be written, and that its rows reach the binlog.

import {randomUUID} from 'node:crypto'
import type {Connection} from 'mysql2/promise'
import type {ColumnShape, TableShape} from '../core/table-shape.ts'
import {tableIdText, type TableId} from '../core/table-id.ts'
import {queryRows} from './connections.ts'
import {quoteTable} from './identifiers.ts'
import {mysqlErrorNumber} from './mysql-error.ts'
import {passed, type PrerequisiteResult, type PrerequisiteScope} from './prerequisite.ts'
import {readTableShape} from './schema-reader.ts'
import {readBinlogEnd} from './server-reader.ts'
import {signalTableDdl} from './signal-table-ddl.ts'

const NAME = 'signal table'
/** The longest of the types that Tidemark writes itself. */
const LONGEST_TYPE = 'snapshot-window-close'
const ID_LENGTH = 36
const TYPE_LENGTH = 32
const TEXT_TYPES: ReadonlySet<string> = new Set(['char', 'varchar', 'tinytext', 'text', 'mediumtext', 'longtext'])

const ER_TABLE_ACCESS_DENIED = 1142
const ER_OPTION_PREVENTS_STATEMENT = 1290
const ER_SPECIFIC_ACCESS_DENIED = 1227

/** Nothing where no signal table is configured. */
export async function signalTablePrerequisites(scope: PrerequisiteScope): Promise<PrerequisiteResult[]> {
  const id = scope.settings.signals.dataCollection
  if (id === null) return []
  const shape = await readTableShape(scope.connection, id)
  if (shape === null) return [missing(scope, id)]
  const spelled = await spellingProblem(scope, id)
  if (spelled !== null) return [spelled]
  const wrong = shapeProblem(shape)
  if (wrong !== null) return [wrong]
  const writable =
    scope.settings.snapshot.watermarks === 'signal-table'
      ? await checkWrite(scope, shape)
      : passed('signal table writable', 'not tried: read.only writes nothing')
  return [passed(NAME, tableIdText(id)), writable, ...(await checkServerFilter(scope, id))]
}

function missing({account}: PrerequisiteScope, id: TableId): PrerequisiteResult {
  return {
    name: NAME,
    ok: 'failed',
    found: `no table ${tableIdText(id)} that the account can see`,
    wanted: `${tableIdText(id)} with the columns id, type, data`,
    statement: `${signalTableDdl(id)} GRANT SELECT, INSERT, DELETE ON ${quoteTable(id)} TO ${account};`,
  }
}

/**
 * Where the server folds the case of names (lower_case_table_names), a table is found under any spelling, but its events
 * come under the stored one, and marks would never be recognized.
 */
async function spellingProblem({connection}: PrerequisiteScope, id: TableId): Promise<PrerequisiteResult | null> {
  const rows = await queryRows<{database: string; name: string}>(
    connection,
    'SELECT TABLE_SCHEMA AS `database`, TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?',
    [id.database, id.table],
    'read how the signal table is spelled',
  )
  const stored = rows[0]
  if (stored === undefined || (stored.database === id.database && stored.name === id.table)) return null
  const spelled = tableIdText({database: stored.database, table: stored.name})
  return {
    name: NAME,
    ok: 'failed',
    found: `signal.data.collection=${tableIdText(id)}, while the server spells it ${spelled}`,
    wanted: 'the same spelling, since the table’s events come under it',
    statement: `set signal.data.collection=${spelled}`,
  }
}

/** Signals are read by position, so names and order must be these; marks must fit, or MySQL would refuse them later. */
function shapeProblem(shape: TableShape): PrerequisiteResult | null {
  const {id, columns, primaryKey} = shape
  const table = quoteTable(id)
  const failed = (found: string, wanted: string, statement: string): PrerequisiteResult => ({
    name: NAME,
    ok: 'failed',
    found: `${tableIdText(id)} with ${found}`,
    wanted,
    statement,
  })
  const names = columns.map(column => column.name)
  if (names.map(name => name.toLowerCase()).join() !== 'id,type,data') {
    const statement = `DROP TABLE ${table}; ${signalTableDdl(id)}`
    return failed(`the columns ${names.join(', ')}`, 'exactly the columns id, type, data in that order', statement)
  }
  const notText = columns.find(column => !TEXT_TYPES.has(column.type))
  if (notText !== undefined) {
    const statement = `DROP TABLE ${table}; ${signalTableDdl(id)}`
    return failed(`${notText.name} of the type ${notText.type}`, 'three text columns', statement)
  }
  const tooShort = shortColumn(columns[0]!, ID_LENGTH) ?? shortColumn(columns[1]!, TYPE_LENGTH)
  if (tooShort !== null) {
    const statement = `ALTER TABLE ${table} MODIFY ${tooShort.name} VARCHAR(${tooShort.wanted}) NOT NULL;`
    return failed(`${tooShort.name} of ${tooShort.found} characters`, `at least ${tooShort.wanted}`, statement)
  }
  if (primaryKey.length !== 1 || primaryKey[0] !== 0) {
    const drop = primaryKey.length > 0 ? 'DROP PRIMARY KEY, ' : ''
    const found = primaryKey.length > 0 ? 'a primary key other than id' : 'no primary key'
    return failed(found, 'a primary key on id', `ALTER TABLE ${table} ${drop}ADD PRIMARY KEY (id);`)
  }
  return null
}

function shortColumn(column: ColumnShape, wanted: number): {name: string; found: number; wanted: number} | null {
  if (column.length === null || column.length >= wanted) return null
  return {name: column.name, found: column.length, wanted}
}

/**
 * Writes a mark for real and rolls back: nothing else proves grants through roles, triggers, widths and a server that is
 * not read-only at once. A transaction that is rolled back leaves nothing in the binlog and takes no GTID. An engine
 * without transactions would keep the row, so there only the grants are tried, by EXPLAIN.
 */
async function checkWrite(scope: PrerequisiteScope, {id}: TableShape): Promise<PrerequisiteResult> {
  const name = 'signal table writable'
  const [row] = await queryRows<{engine: string}>(
    scope.connection,
    'SELECT ENGINE AS engine FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?',
    [id.database, id.table],
  )
  const isTransactional = row?.engine.toLowerCase() === 'innodb'
  const deletes = scope.settings.snapshot.watermarking === 'insert_delete'
  try {
    await tryWrite(scope.connection, id, {isTransactional, deletes})
    return passed(name, isTransactional ? 'a row was written and rolled back' : 'granted')
  } catch (error) {
    const number = mysqlErrorNumber(error)
    if (number === null) throw error
    return {name, ok: 'failed', ...writeProblem(number, scope.account, id)}
  }
}

async function tryWrite(
  connection: Connection,
  id: TableId,
  {isTransactional, deletes}: {readonly isTransactional: boolean; readonly deletes: boolean},
): Promise<void> {
  const markId = randomUUID()
  const prefix = isTransactional ? '' : 'EXPLAIN '
  await queryRows(connection, 'START TRANSACTION')
  try {
    await queryRows(connection, `${prefix}INSERT INTO ${quoteTable(id)} VALUES (?, ?, ?)`, [markId, LONGEST_TYPE, '{}'])
    if (deletes) await queryRows(connection, `${prefix}DELETE FROM ${quoteTable(id)} WHERE id = ?`, [markId])
  } finally {
    await queryRows(connection, 'ROLLBACK')
  }
}

function writeProblem(
  number: number,
  account: string,
  id: TableId,
): Pick<PrerequisiteResult, 'found' | 'wanted' | 'statement' | 'rds'> {
  const wanted = 'INSERT (and DELETE for insert_delete) into it'
  if (number === ER_TABLE_ACCESS_DENIED || number === ER_SPECIFIC_ACCESS_DENIED) {
    const statement = `GRANT SELECT, INSERT, DELETE ON ${quoteTable(id)} TO ${account};`
    return {found: `not granted (error ${number})`, wanted, statement}
  }
  if (number === ER_OPTION_PREVENTS_STATEMENT) {
    return {
      found: `the server is read-only (error ${number})`,
      wanted,
      statement: 'SET PERSIST read_only = OFF; or capture from the server that takes writes',
      rds: 'connect to the writer instance',
    }
  }
  return {
    found: `MySQL refuses the row (error ${number})`,
    wanted,
    statement: `try INSERT INTO ${quoteTable(id)} VALUES (UUID(), '${LONGEST_TYPE}', '{}'); as this account, and mend what it says`,
  }
}

async function checkServerFilter(scope: PrerequisiteScope, id: TableId): Promise<PrerequisiteResult[]> {
  const name = 'signal table in the binlog'
  const end = await readBinlogEnd(scope.connection).catch((error: unknown) => {
    // Without the grant there is nothing to ask; the grant's own check has said so.
    if (mysqlErrorNumber(error) === ER_SPECIFIC_ACCESS_DENIED) return undefined
    throw error
  })
  if (end === undefined || end === null) return []
  const only = databases(end.doDatabases)
  const without = databases(end.ignoreDatabases)
  const isCutOff = without.includes(id.database) || (only.length > 0 && !only.includes(id.database))
  if (!isCutOff) return [passed(name, 'not filtered')]
  const filter = only.length > 0 ? `binlog_do_db=${end.doDatabases}` : `binlog_ignore_db=${end.ignoreDatabases}`
  return [
    {
      name,
      ok: 'failed',
      found: `the server leaves ${id.database} out of its binlog (${filter})`,
      wanted: 'a signal table whose rows are logged',
      statement:
        `start the server with another binlog_do_db or binlog_ignore_db, ` +
        'or name a table of a database that is logged in signal.data.collection',
    },
  ]
}

function databases(list: string): string[] {
  return list
    .split(',')
    .map(each => each.trim())
    .filter(each => each !== '')
}
