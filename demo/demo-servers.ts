// The demo's servers, and connections to its database. What the environment names is used and left as it was found.

import {setTimeout as delay} from 'node:timers/promises'
import {Kafka, logLevel} from 'kafkajs'
import {createConnection, type Connection} from 'mysql2/promise'
import {provideKafka, type KafkaServer} from '../tools/servers/kafka-server.ts'
import {provideMysql, type MysqlServer} from '../tools/servers/mysql-server.ts'
import {startTogether} from '../tools/servers/start-together.ts'
import {DemoError} from './demo-error.ts'
import type {UndoStack} from './undo-stack.ts'

export const DATABASE = 'shop'
export const ACCOUNT = {user: 'tidemark_demo', password: 'only-for-the-demo'}

const STARTING_PATIENCE_MS = 3000

export interface DemoServers {
  readonly mysql: MysqlServer
  readonly kafka: KafkaServer | null
}

export async function startServers(withKafka: boolean, undo: UndoStack): Promise<DemoServers> {
  const starting = withKafka
    ? startTogether(provideMysql(), provideKafka())
    : provideMysql().then(mysql => [mysql] as const)
  undo.add(async () => {
    // A server that is about to be up is ended in good order; one that is still being downloaded is not waited for.
    const servers = await Promise.race([starting.catch(() => []), delay(STARTING_PATIENCE_MS, [])])
    await Promise.all(servers.map(server => server.stop()))
  })
  const [mysql, kafka = null] = await starting
  return {mysql, kafka}
}

/** An empty database, removed at the end. */
export async function createDatabase(mysql: MysqlServer, undo: UndoStack): Promise<Connection> {
  const admin = await connect(mysql)
  const [rows] = await admin.query('SHOW DATABASES LIKE ?', [DATABASE])
  if ((rows as unknown[]).length > 0) {
    throw new DemoError(`the server has a database ${DATABASE} already; drop it, or name another server`)
  }
  undo.add(async () => {
    // Our own server goes with all its data; asking it would only take time.
    if (mysql.way === 'given') {
      await admin.query(`DROP DATABASE IF EXISTS ${DATABASE}`)
      await admin.query(`DROP USER IF EXISTS '${ACCOUNT.user}'@'%'`)
    }
    admin.destroy()
  })
  await admin.query(`CREATE DATABASE ${DATABASE} CHARACTER SET utf8mb4`)
  await admin.changeUser({database: DATABASE})
  return admin
}

/** A connection to the shop, closed at the end. */
export async function connectToShop(mysql: MysqlServer, undo: UndoStack): Promise<Connection> {
  const connection = await connect(mysql, DATABASE)
  undo.add(async () => {
    connection.destroy()
  })
  return connection
}

/** For a broker that is not ours: ours goes with all its data. */
export async function removeTopics(bootstrap: string, prefix: string): Promise<void> {
  const admin = new Kafka({brokers: [bootstrap], logLevel: logLevel.NOTHING}).admin()
  await admin.connect()
  try {
    const topics = (await admin.listTopics()).filter(topic => topic.startsWith(prefix))
    if (topics.length > 0) await admin.deleteTopics({topics})
  } finally {
    await admin.disconnect()
  }
}

async function connect({host, port, user, password}: MysqlServer, database?: string): Promise<Connection> {
  const options = {host, port, user, password, multipleStatements: true}
  const connection = await createConnection(database === undefined ? options : {...options, database})
  // Statements under way reject by themselves; without a listener an idle connection's end would be an uncaught error.
  connection.on('error', () => undefined)
  return connection
}
