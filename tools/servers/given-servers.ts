// Servers whose addresses the environment names: somebody else's, to be used and left alone.

import type {KafkaServer} from './kafka-server.ts'
import {localMysqlClient} from './mysql-package.ts'
import type {MysqlAddress, MysqlServer} from './mysql-server.ts'
import {ServersError} from './servers-error.ts'

const names = {MySQL: 'TIDEMARK_TEST_MYSQL', Kafka: 'TIDEMARK_TEST_KAFKA'} as const

export function environmentName(what: 'MySQL' | 'Kafka'): string {
  return names[what]
}

/** What a child process needs in its environment to use these servers. */
export function serversEnvironment(mysql: MysqlServer, kafka: KafkaServer): Record<string, string> {
  return {[names.MySQL]: mysqlUrl(mysql), [names.Kafka]: kafka.bootstrap}
}

/** For the scripts of examples/ that need one; tests start their own. */
export const replicaEnvironmentName = 'TIDEMARK_TEST_REPLICA'

export function mysqlUrl({user, password, host, port}: MysqlAddress): string {
  return `mysql://${encodeURIComponent(user)}:${encodeURIComponent(password)}@${host}:${String(port)}`
}

export function givenMysql(): MysqlServer | null {
  const text = process.env[names.MySQL]
  if (text === undefined || text === '') return null
  const url = URL.canParse(text) ? new URL(text) : null
  if (url?.protocol !== 'mysql:' || url.hostname === '' || url.username === '') {
    throw new ServersError(`${names.MySQL} is not of the form mysql://user:password@host:port`)
  }
  const address = {
    host: url.hostname,
    port: url.port === '' ? 3306 : Number(url.port),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
  }
  const clientCommand = localMysqlClient(address)
  return {way: 'given', ...address, pid: null, dataDir: null, clientCommand, ...foreignLifecycle(names.MySQL)}
}

export function givenKafka(): KafkaServer | null {
  const bootstrap = process.env[names.Kafka]
  if (bootstrap === undefined || bootstrap === '') return null
  if (!/^[^:,/]+:\d+$/.test(bootstrap)) throw new ServersError(`${names.Kafka} is not of the form host:port`)
  return {way: 'given', bootstrap, pid: null, ...foreignLifecycle(names.Kafka)}
}

function foreignLifecycle(name: string) {
  const refuse = async (): Promise<never> =>
    await Promise.reject(new ServersError(`the server of ${name} is not ours to stop; start one of your own`))
  return {stop: async () => await Promise.resolve(), kill: refuse, start: refuse, pause: refuse}
}
