// What one server says of itself: identity, variables, binary logs, executed and purged GTIDs.

import type {Connection} from 'mysql2/promise'
import type {BinlogPosition} from '../core/binlog-position.ts'
import {TidemarkError} from '../core/tidemark-error.ts'
import {queryRows} from './connections.ts'

export interface ServerIdentity {
  readonly serverUuid: string
  readonly serverId: number
  /** As the server spells it, e.g. `8.4.6` or `8.0.mysql_aurora.3.08.0`. */
  readonly version: string
  /** OFF, OFF_PERMISSIVE, ON_PERMISSIVE or ON. */
  readonly gtidMode: string
  /** Aurora only: the instance's name; server_uuid is shared by a whole Aurora cluster. */
  readonly auroraServerId: string | null
}

/** Throws a TidemarkError where the connection fails. */
export async function readServerIdentity(connection: Connection): Promise<ServerIdentity> {
  const names = ['server_uuid', 'server_id', 'version', 'gtid_mode', 'aurora_server_id']
  const variables = await readVariables(connection, names)
  return {
    serverUuid: variables.get('server_uuid') ?? '',
    serverId: Number(variables.get('server_id') ?? 0),
    version: variables.get('version') ?? '',
    gtidMode: variables.get('gtid_mode') ?? 'OFF',
    auroraServerId: variables.get('aurora_server_id') ?? null,
  }
}

/** Global variables by lower-case name; those that this server does not have are missing from the map. */
export async function readVariables(
  connection: Connection,
  names: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const rows = await queryRows<{Variable_name: string; Value: string}>(
    connection,
    'SHOW GLOBAL VARIABLES WHERE Variable_name IN (?)',
    [names],
    "read the server's variables",
  )
  return new Map(rows.map(row => [row.Variable_name.toLowerCase(), row.Value]))
}

/** `@@GLOBAL.gtid_executed` without line breaks; '' where GTIDs are off. */
export async function readExecutedGtidSet(connection: Connection): Promise<string> {
  return readGtidVariable(connection, 'gtid_executed')
}

/** `@@GLOBAL.gtid_purged` without line breaks. */
export async function readPurgedGtidSet(connection: Connection): Promise<string> {
  return readGtidVariable(connection, 'gtid_purged')
}

async function readGtidVariable(connection: Connection, name: string): Promise<string> {
  const rows = await queryRows<{value: string}>(connection, `SELECT @@GLOBAL.${name} AS value`, [], `read ${name}`)
  return rows[0]!.value.replaceAll(/\s/g, '')
}

export interface BinlogEnd extends BinlogPosition {
  /** The executed set at this place, '' where GTIDs are off. */
  readonly gtidSet: string
  /** binlog_do_db and binlog_ignore_db, '' where there is no filter. */
  readonly doDatabases: string
  readonly ignoreDatabases: string
}

/** The end of the binlog. Null where the server writes none. Needs REPLICATION CLIENT. */
export async function readBinlogEnd(connection: Connection): Promise<BinlogEnd | null> {
  return await readBinlogEndOf(connection, (await readServerIdentity(connection)).version)
}

/** The same of a server whose version is known, in one round trip. */
export async function readBinlogEndOf(connection: Connection, version: string): Promise<BinlogEnd | null> {
  const sql = isAtLeast(version, 8, 2) ? 'SHOW BINARY LOG STATUS' : 'SHOW MASTER STATUS'
  interface Row {
    readonly File: string
    readonly Position: string | number
    readonly Binlog_Do_DB: string
    readonly Binlog_Ignore_DB: string
    readonly Executed_Gtid_Set?: string
  }
  const [row] = await queryRows<Row>(connection, sql, [], "read the binlog's end")
  if (row === undefined) return null
  return {
    file: row.File,
    pos: Number(row.Position),
    gtidSet: (row.Executed_Gtid_Set ?? '').replaceAll(/\s/g, ''),
    doDatabases: row.Binlog_Do_DB,
    ignoreDatabases: row.Binlog_Ignore_DB,
  }
}

export interface BinlogFile {
  readonly name: string
  readonly sizeBytes: number
}

/** The binlog files that are still there, oldest first. Needs REPLICATION CLIENT; throws where the binlog is off. */
export async function readBinlogFiles(connection: Connection): Promise<BinlogFile[]> {
  const rows = await queryRows<{Log_name: string; File_size: string | number}>(
    connection,
    'SHOW BINARY LOGS',
    [],
    'list the binlog files',
  )
  return rows.map(row => ({name: row.Log_name, sizeBytes: Number(row.File_size)}))
}

/** The oldest place that can still be read. Every binlog file's events begin behind its 4 magic bytes. */
export async function readBinlogStart(connection: Connection): Promise<BinlogPosition> {
  const [oldest] = await readBinlogFiles(connection)
  if (oldest === undefined) {
    throw new TidemarkError(
      'TIDEMARK_MYSQL_NO_BINLOG',
      'the server lists no binlog files; start it with log_bin set, see `tidemark check`',
    )
  }
  return {file: oldest.name, pos: 4}
}

/** Whether a version text, e.g. `8.0.36-log`, is at least `major`.`minor`.`patch`. */
export function isAtLeast(version: string, major: number, minor: number, patch = 0): boolean {
  const found = version.split(/[.-]/, 3).map(part => Number.parseInt(part, 10) || 0)
  const wanted = [major, minor, patch]
  for (let i = 0; i < wanted.length; i++) {
    const difference = (found[i] ?? 0) - wanted[i]!
    if (difference !== 0) return difference > 0
  }
  return true
}
