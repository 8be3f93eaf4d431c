// A replica of another server, by GTID, with its changes in a binlog of its own.

import type {Connection, RowDataPacket} from 'mysql2/promise'
import {createConnection} from 'mysql2/promise'
import {eventually} from '../../tools/servers/eventually.ts'
import {startMysql, type MysqlAddress, type MysqlServer} from '../../tools/servers/mysql-server.ts'
import {onCleanUp, type CleanUpContext} from './clean-up.ts'

export interface Replica {
  readonly server: MysqlServer
  /** As root. */
  readonly connection: Connection
  /** Until it has executed everything that the source has by now. */
  caughtUp(): Promise<void>
}

/** Applies with four workers that keep the commit order, and takes writes from nobody but its source. */
export async function startReplica(
  t: CleanUpContext,
  source: MysqlAddress,
  {options = [], serverId = 2}: {options?: readonly string[]; serverId?: number} = {},
): Promise<Replica> {
  const server = await startMysql({
    options: [
      `--server-id=${serverId}`,
      '--replica-parallel-workers=4',
      '--replica-preserve-commit-order=ON',
      '--log-replica-updates=ON',
      '--read-only=ON',
      '--super-read-only=ON',
      '--skip-replica-start=OFF',
      ...options,
    ],
  })
  onCleanUp(t, () => server.stop())
  const connection = await open(t, server)
  await connection.query(
    `CHANGE REPLICATION SOURCE TO SOURCE_HOST = ?, SOURCE_PORT = ?, SOURCE_USER = ?, SOURCE_PASSWORD = ?,
       SOURCE_AUTO_POSITION = 1, GET_SOURCE_PUBLIC_KEY = 1, SOURCE_CONNECT_RETRY = 1`,
    [source.host, source.port, source.user, source.password],
  )
  await connection.query('START REPLICA')
  const upstream = await open(t, source)
  const caughtUp = async (): Promise<void> => {
    const [[row]] = await upstream.query<RowDataPacket[]>('SELECT @@GLOBAL.gtid_executed AS executed')
    const executed = String(row?.['executed']).replaceAll(/\s/g, '')
    await eventually({what: 'the replica to catch up', timeoutMs: 60_000}, async () => {
      const [[answer]] = await connection.query<RowDataPacket[]>(
        'SELECT GTID_SUBSET(?, @@GLOBAL.gtid_executed) AS yes',
        [executed],
      )
      return Number(answer?.['yes']) === 1 ? true : undefined
    })
  }
  await caughtUp()
  return {server, connection, caughtUp}
}

async function open(t: CleanUpContext, {host, port, user, password}: MysqlAddress): Promise<Connection> {
  const connection = await createConnection({host, port, user, password, multipleStatements: true, dateStrings: true})
  onCleanUp(t, async () => {
    connection.destroy()
    await Promise.resolve()
  })
  return connection
}
