// A replica of another server, by GTID, with its changes in a binlog of its own.

import {createConnection} from 'mysql2/promise'
import {startMysql, type MysqlAddress, type MysqlServer} from './mysql-server.ts'

export interface ReplicaOptions {
  /** More options of mysqld; they win over the defaults. */
  readonly options?: readonly string[]
  readonly serverId?: number
}

/** Applies with four workers that keep the commit order, and takes writes from nobody but its source. */
export async function startReplicaServer(
  source: MysqlAddress,
  {options = [], serverId = 2}: ReplicaOptions = {},
): Promise<MysqlServer> {
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
  try {
    const {host, port, user, password} = server
    const connection = await createConnection({host, port, user, password})
    try {
      await connection.query(
        `CHANGE REPLICATION SOURCE TO SOURCE_HOST = ?, SOURCE_PORT = ?, SOURCE_USER = ?, SOURCE_PASSWORD = ?,
           SOURCE_AUTO_POSITION = 1, GET_SOURCE_PUBLIC_KEY = 1, SOURCE_CONNECT_RETRY = 1`,
        [source.host, source.port, source.user, source.password],
      )
      await connection.query('START REPLICA')
    } finally {
      await connection.end()
    }
  } catch (error) {
    await server.stop()
    throw error
  }
  return server
}
