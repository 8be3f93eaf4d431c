// The MySQL and the Kafka that all integration tests share. Tests that stop or kill a server start one of their own
// (tools/servers/mysql-server.ts, kafka-server.ts).

import {provideKafka, type KafkaServer} from '../../tools/servers/kafka-server.ts'
import {provideMysql, type MysqlServer} from '../../tools/servers/mysql-server.ts'

export interface IntegrationServers {
  readonly mysql: MysqlServer
  readonly kafka: KafkaServer
}

let mysql: Promise<MysqlServer> | undefined
let kafka: Promise<KafkaServer> | undefined

/** Those of the test run, which names them in the environment; where a file runs alone, started once for it. */
export async function integrationServers(): Promise<IntegrationServers> {
  const [ourMysql, ourKafka] = await Promise.all([sharedMysql(), sharedKafka()])
  return {mysql: ourMysql, kafka: ourKafka}
}

/** For tests that need no Kafka. */
export async function sharedMysql(): Promise<MysqlServer> {
  mysql ??= provideMysql({unref: true})
  return await mysql
}

export async function sharedKafka(): Promise<KafkaServer> {
  kafka ??= provideKafka({unref: true})
  return await kafka
}
