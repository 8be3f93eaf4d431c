// Everything that must be so before the binlog can be read and tables copied: each point with what was found, what is
// wanted and the statement that mends it.

import type {Connection} from 'mysql2/promise'
import type {Settings} from '../config/settings.ts'
import {TidemarkError} from '../core/tidemark-error.ts'
import {queryRows} from './connections.ts'
import {accountLiteral} from './identifiers.ts'
import {accessPrerequisites} from './prerequisites-access.ts'
import type {PrerequisiteResult, PrerequisiteScope, StoredOffset} from './prerequisite.ts'
import {positionPrerequisites} from './prerequisites-position.ts'
import {serverPrerequisites} from './prerequisites-server.ts'
import {signalTablePrerequisites} from './prerequisites-signal-table.ts'
import {tablePrerequisites} from './prerequisites-tables.ts'
import {readVariables} from './server-reader.ts'

const VARIABLES: readonly string[] = [
  ...['version', 'server_id', 'server_uuid', 'log_bin', 'binlog_format', 'binlog_row_image', 'binlog_row_metadata'],
  ...['binlog_rows_query_log_events', 'gtid_mode', 'enforce_gtid_consistency'],
  ...['binlog_order_commits', 'sync_binlog', 'binlog_expire_logs_seconds', 'binlog_expire_logs_auto_purge'],
  ...['expire_logs_days', 'log_replica_updates', 'log_slave_updates', 'replica_parallel_workers'],
  ...['slave_parallel_workers', 'replica_preserve_commit_order', 'slave_preserve_commit_order'],
  ...['read_only', 'super_read_only', 'innodb_native_foreign_keys', 'innodb_read_only'],
]

/** Checks everything, also where something failed. Changes nothing. Throws only where the connection itself fails. */
export async function checkPrerequisites(
  connection: Connection,
  settings: Settings,
  {storedOffset = null}: {readonly storedOffset?: StoredOffset | null} = {},
): Promise<PrerequisiteResult[]> {
  const variables = await readVariables(connection, VARIABLES)
  const account = await readAccount(connection)
  const scope: PrerequisiteScope = {connection, settings, variables, account, storedOffset}
  return [
    ...serverPrerequisites(scope),
    ...(await accessPrerequisites(scope)),
    ...(await positionPrerequisites(scope)),
    ...(await tablePrerequisites(scope)),
    ...(await signalTablePrerequisites(scope)),
  ]
}

/** Throws one TidemarkError of the kind `prerequisite` that lists all that failed; warnings are the caller's to log. */
export function assertPrerequisites(results: readonly PrerequisiteResult[]): void {
  const failed = results.filter(result => result.ok === 'failed')
  if (failed.length === 0) return
  const headline = failed.length === 1 ? 'a prerequisite is not met' : `${failed.length} prerequisites are not met`
  throw new TidemarkError(
    'TIDEMARK_PREREQUISITE_NOT_MET',
    [`${headline}; run the statements above and start again:`, ...failed.map(prerequisiteText)].join('\n'),
    {kind: 'prerequisite'},
  )
}

/** `ok name: found`, or what is wrong and the statement that mends it. */
export function prerequisiteText(result: PrerequisiteResult): string {
  const {name, ok, found, wanted, statement, rds} = result
  if (ok === 'ok') return `ok       ${name}: ${found}`
  const lines = [`${ok.padEnd(8)} ${name}: found ${found}, wanted ${wanted}; ${statement}`]
  if (rds !== undefined) lines.push(`         on RDS and Aurora: ${rds}`)
  return lines.join('\n')
}

/** Our account's name as it is granted to, e.g. 'tidemark'@'%'. */
async function readAccount(connection: Connection): Promise<string> {
  const [row] = await queryRows<{account: string}>(connection, 'SELECT CURRENT_USER() AS account')
  return accountLiteral(row!.account)
}
