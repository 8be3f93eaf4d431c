import {randomBytes} from 'node:crypto'
import {createConnection, type Connection} from 'mysql2/promise'
import type {MysqlAddress} from '../../tools/servers/mysql-server.ts'
import {onCleanUp, type CleanUpContext} from './clean-up.ts'
import {sharedMysql} from './integration-servers.ts'

export interface FreshDatabase {
  readonly name: string
  readonly server: MysqlAddress
  /** In the new database, as root; several statements in one query are allowed; 64-bit integers and decimals as text. */
  readonly connection: Connection
  /** Another connection of the same kind, closed after the test. */
  connect(): Promise<Connection>
}

/** A new database whose name begins with `prefix`, on the shared server or the given one; dropped after the test. */
export async function freshDatabase(t: CleanUpContext, prefix: string, server?: MysqlAddress): Promise<FreshDatabase> {
  const address = server ?? (await sharedMysql())
  const name = `${prefix}_${randomBytes(4).toString('hex')}`
  const admin = await openConnection(address)
  await admin.query(`CREATE DATABASE \`${name}\``)
  await admin.end()
  onCleanUp(t, async () => {
    // A server of the test's own may be gone by now, and its data with it.
    const last = await openConnection(address).catch(() => null)
    await last?.query(`DROP DATABASE IF EXISTS \`${name}\``)
    await last?.end()
  })
  const connect = async (): Promise<Connection> => {
    const connection = await openConnection(address, name)
    onCleanUp(t, async () => {
      connection.destroy()
      await Promise.resolve()
    })
    return connection
  }
  return {name, server: address, connection: await connect(), connect}
}

async function openConnection({host, port, user, password}: MysqlAddress, database?: string): Promise<Connection> {
  return await createConnection({
    host,
    port,
    user,
    password,
    ...(database === undefined ? {} : {database}),
    multipleStatements: true,
    supportBigNumbers: true,
    bigNumberStrings: true,
    dateStrings: true,
    timezone: 'Z',
    // A disk that is busy with another test's files is no failure of this one.
    connectTimeout: 60_000,
  })
}
