// How long the server keeps its binlog files, and which one it writes now.

import type {Connection} from 'mysql2/promise'
import {queryRows} from './connections.ts'
import {readBinlogEnd, readVariables} from './server-reader.ts'

export interface BinlogRetention {
  /** The file that the server writes now; '' where it writes none. */
  readonly file: string
  /** How long a file that has ended is kept; null where it is kept for ever, or where nobody may know. */
  readonly seconds: number | null
}

const VARIABLES = ['binlog_expire_logs_auto_purge', 'binlog_expire_logs_seconds', 'expire_logs_days', 'basedir']
const SECONDS_PER_DAY = 24 * 3600

/** Rejects where the server is away. */
export async function readBinlogRetention(connection: Connection): Promise<BinlogRetention> {
  const end = await readBinlogEnd(connection)
  const variables = await readVariables(connection, VARIABLES)
  // RDS and Aurora purge by a setting of their own; the server's variable says nothing there.
  const isManaged = variables.get('basedir')?.startsWith('/rdsdbbin') === true
  const seconds = isManaged ? await managedSeconds(connection) : retentionSeconds(variables)
  return {file: end?.file ?? '', seconds: seconds > 0 ? seconds : null}
}

/** 0: never. binlog_expire_logs_seconds wins over the older variable in days wherever both are set. */
export function retentionSeconds(variables: ReadonlyMap<string, string>): number {
  if (variables.get('binlog_expire_logs_auto_purge') === 'OFF') return 0
  const seconds = Number(variables.get('binlog_expire_logs_seconds') ?? 0)
  return seconds > 0 ? seconds : Number(variables.get('expire_logs_days') ?? 0) * SECONDS_PER_DAY
}

// 0 where it is not set, which purges as soon as the service likes, and where the user may not read it.
async function managedSeconds(connection: Connection): Promise<number> {
  const sql = "SELECT value FROM mysql.rds_configuration WHERE name = 'binlog retention hours'"
  try {
    const [row] = await queryRows<{value: string | number | null}>(connection, sql, [], 'read the binlog retention')
    return Number(row?.value ?? 0) * 3600
  } catch {
    return 0
  }
}
