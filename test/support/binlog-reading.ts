// Reading a server's binlog in a test: from a place, until something has been seen.

import type {BinlogEvents, StreamStart} from '../../src/binlog/binlog-events.ts'
import type {BinlogReader} from '../../src/binlog/binlog-reader.ts'
import type {DatabaseSettings} from '../../src/config/settings.ts'
import type {Connection} from 'mysql2/promise'
import type {MysqlAddress} from '../../tools/servers/mysql-server.ts'

let lastServerId = 5000 + (process.pid % 50_000) * 10

export function readerSettings(
  {host, port, user, password}: MysqlAddress,
  overrides: Partial<DatabaseSettings> = {},
): DatabaseSettings {
  return {
    hostname: host,
    port,
    user,
    password,
    serverId: ++lastServerId,
    tls: {mode: 'disabled', caFile: null, certFile: null, keyFile: null},
    connectTimeoutMs: 10_000,
    queryTimeoutMs: 0,
    keepAliveIntervalMs: 60_000,
    ...overrides,
  }
}

/** Behind everything that is committed now. */
export async function gtidPlace(connection: Connection): Promise<StreamStart> {
  const [rows] = await connection.query('SELECT @@GLOBAL.gtid_executed AS gtids')
  return {type: 'gtid', executed: (rows as {gtids: string}[])[0]!.gtids.replaceAll('\n', '')}
}

export async function binlogPlace(connection: Connection): Promise<StreamStart & {type: 'position'}> {
  const [rows] = await connection.query('SHOW BINARY LOG STATUS')
  const [row] = rows as {File: string; Position: number}[]
  return {type: 'position', file: row!.File, pos: Number(row!.Position)}
}

/** Reads from `start` and calls `onEvent` for each event until it returns true. */
export async function readBinlog(
  reader: BinlogReader,
  start: StreamStart,
  onEvent: (events: BinlogEvents) => boolean,
): Promise<void> {
  const abort = new AbortController()
  for await (const events of reader.events(start, abort.signal)) {
    while (events.next()) {
      if (!onEvent(events)) continue
      abort.abort()
      return
    }
  }
}
