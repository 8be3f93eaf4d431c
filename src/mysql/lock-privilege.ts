// LOCK TABLES, which a table without a key needs for a moment. The privilege is tried, not read from SHOW GRANTS: roles,
// wildcards and partial revokes make that text lie.

import type {Connection} from 'mysql2/promise'
import {tableIdText, type TableId} from '../core/table-id.ts'
import {TidemarkError} from '../core/tidemark-error.ts'
import {queryRows} from './connections.ts'
import type {MysqlConnection} from './connections.ts'
import {accountLiteral, quoteIdentifier} from './identifiers.ts'
import {mysqlErrorNumber} from './mysql-error.ts'

/** ER_DBACCESS_DENIED_ERROR, ER_TABLEACCESS_DENIED_ERROR */
export const ER_LOCK_TABLES_DENIED: ReadonlySet<number> = new Set([1044, 1142])
const ER_NO_SUCH_TABLE = 1146
/** No table has this name, so that nothing is locked by the try. */
const NO_TABLE = 'tidemark_no_such_table'

/** Whether the account may lock tables of the database. Locks nothing. */
export async function mayLockTables(connection: Connection, database: string): Promise<boolean> {
  const name = `${quoteIdentifier(database)}.${quoteIdentifier(NO_TABLE)}`
  try {
    await connection.query(`LOCK TABLES ${name} READ`)
    await connection.query('UNLOCK TABLES')
    return true
  } catch (error) {
    const number = mysqlErrorNumber(error)
    if (number === ER_NO_SUCH_TABLE) return true
    if (number !== null && ER_LOCK_TABLES_DENIED.has(number)) return false
    throw error
  }
}

export function lockTablesStatement(account: string, database: string): string {
  return `GRANT LOCK TABLES, SELECT ON ${quoteIdentifier(database)}.* TO ${account};`
}

/** The refusal, with the statement that mends it. */
export async function lockTablesGrant(
  connection: MysqlConnection,
  id: TableId,
  cause?: unknown,
): Promise<TidemarkError> {
  const [row] = await queryRows<{account: string}>(connection, 'SELECT CURRENT_USER() AS account')
  return new TidemarkError(
    'TIDEMARK_SNAPSHOT_LOCK_GRANT',
    `cannot copy ${tableIdText(id)} by a read view: the account may not lock the table for the moment that this begins; ` +
      lockTablesStatement(accountLiteral(row!.account), id.database),
    cause === undefined ? {} : {cause},
  )
}

/** Throws TIDEMARK_SNAPSHOT_LOCK_GRANT where the account may not lock the table. */
export async function assertMayLock(connection: MysqlConnection, id: TableId): Promise<void> {
  if (!(await mayLockTables(connection, id.database))) throw await lockTablesGrant(connection, id)
}
