// How long the server keeps its binlogs now, and who decides it: the server's variables, or RDS.

import type {Connection} from 'mysql2/promise'
import {queryRows} from '../mysql/connections.ts'
import {readVariables} from '../mysql/server-reader.ts'
import {DAY_SECONDS, type ServerRetention} from './retention-advice.ts'

const VARIABLES = [
  ...['binlog_expire_logs_seconds', 'binlog_expire_logs_auto_purge', 'expire_logs_days'],
  ...['version', 'aurora_version', 'aurora_server_id', 'basedir', 'datadir'],
] as const
const RDS_SETTING = "mysql.rds_configuration 'binlog retention hours'"
const RDS_PATHS = /^\/rdsdb(?:bin|data)\b/

export async function readServerRetention(connection: Connection): Promise<ServerRetention> {
  const variables = await readVariables(connection, VARIABLES)
  const hours = await readRdsHours(connection)
  return serverRetention(variables, hours)
}

/** `rdsHours` undefined: there is no such table, or it may not be read. Null: RDS purges as soon as it can. */
export function serverRetention(
  variables: ReadonlyMap<string, string>,
  rdsHours: number | null | undefined,
): ServerRetention {
  const isAurora =
    variables.has('aurora_version') ||
    variables.has('aurora_server_id') ||
    /aurora/i.test(variables.get('version') ?? '')
  const isRds =
    isAurora || rdsHours !== undefined || ['basedir', 'datadir'].some(name => RDS_PATHS.test(variables.get(name) ?? ''))
  if (!isRds) return {platform: 'mysql', ...variableRetention(variables)}
  const setting =
    rdsHours === undefined
      ? `${RDS_SETTING}, which this account may not read: CALL mysql.rds_show_configuration;`
      : `${RDS_SETTING} = ${rdsHours ?? 'NULL'}`
  return {platform: isAurora ? 'aurora' : 'rds', keepsSeconds: (rdsHours ?? 0) * 3_600, setting}
}

/** binlog_expire_logs_seconds wins over the older variable in days wherever both are set. */
function variableRetention(variables: ReadonlyMap<string, string>): Omit<ServerRetention, 'platform'> {
  if (variables.get('binlog_expire_logs_auto_purge') === 'OFF') {
    return {keepsSeconds: null, setting: 'binlog_expire_logs_auto_purge = OFF'}
  }
  const seconds = Number(variables.get('binlog_expire_logs_seconds') ?? 0)
  if (seconds > 0) return {keepsSeconds: seconds, setting: `binlog_expire_logs_seconds = ${seconds}`}
  const days = Number(variables.get('expire_logs_days') ?? 0)
  if (days > 0) return {keepsSeconds: days * DAY_SECONDS, setting: `expire_logs_days = ${days}`}
  return {keepsSeconds: null, setting: 'binlog_expire_logs_seconds = 0'}
}

/** The table exists on RDS and Aurora only. Whoever may not read it is told the same as whoever does not have it. */
async function readRdsHours(connection: Connection): Promise<number | null | undefined> {
  const sql = "SELECT value FROM mysql.rds_configuration WHERE name = 'binlog retention hours'"
  try {
    const [row] = await queryRows<{value: string | number | null}>(connection, sql)
    return row?.value == null ? null : Number(row.value)
  } catch {
    // No such table or no right to it; a connection that is lost fails the next query.
    return undefined
  }
}
