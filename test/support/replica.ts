// A replica of another server, by GTID, with its changes in a binlog of its own.

import type {Connection, RowDataPacket} from 'mysql2/promise'
import {createConnection} from 'mysql2/promise'
import {eventually} from '../../tools/servers/eventually.ts'
import type {MysqlAddress, MysqlServer} from '../../tools/servers/mysql-server.ts'
import {startReplicaServer, type ReplicaOptions} from '../../tools/servers/replica-server.ts'
import {onCleanUp, type CleanUpContext} from './clean-up.ts'

export interface Replica {
  readonly server: MysqlServer
  /** As root. */
  readonly connection: Connection
  /** Until it has executed everything that the source has by now. */
  caughtUp(): Promise<void>
}

/** See startReplicaServer; stopped after the test, and caught up with the source when this resolves. */
export async function startReplica(
  t: CleanUpContext,
  source: MysqlAddress,
  options: ReplicaOptions = {},
): Promise<Replica> {
  const server = await startReplicaServer(source, options)
  onCleanUp(t, () => server.stop())
  const connection = await open(t, server)
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
