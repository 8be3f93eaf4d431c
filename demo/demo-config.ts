// The configuration that the demo's Tidemark runs with, as a user would write it.

import {writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {freePort} from '../tools/servers/free-port.ts'
import {ACCOUNT, DATABASE, type DemoServers} from './demo-servers.ts'

export const SIGNAL_TABLE = `${DATABASE}.debezium_signal`

export interface DemoConfig {
  readonly path: string
  readonly topicPrefix: string
  /** host:port of the HTTP interface. */
  readonly listen: string
  /** Null where events go to Kafka. */
  readonly eventsFile: string | null
  readonly logFile: string
}

export async function writeDemoConfig(folder: string, {mysql, kafka}: DemoServers): Promise<DemoConfig> {
  const path = join(folder, 'shop.json')
  const listen = `127.0.0.1:${await freePort()}`
  // A broker that is not ours may know the shop's topics from an earlier demo.
  const topicPrefix = kafka?.way === 'given' ? `demo-${Date.now().toString(36)}` : 'demo'
  const eventsFile = kafka === null ? join(folder, 'events.jsonl') : null
  const sink =
    kafka === null
      ? {'sink.type': 'file', 'sink.file.path': eventsFile}
      : {'bootstrap.servers': kafka.bootstrap, 'compression.type': 'lz4'}
  const config = {
    name: 'demo',
    'topic.prefix': topicPrefix,
    'database.hostname': mysql.host,
    'database.port': mysql.port,
    'database.user': ACCOUNT.user,
    'database.password': ACCOUNT.password,
    'database.server.id': 1_000_000 + Math.floor(Math.random() * 4_000_000_000),
    'database.include.list': DATABASE,
    'signal.data.collection': SIGNAL_TABLE,
    'snapshot.mode': 'no_data',
    'offset.storage.file.filename': join(folder, 'demo.state'),
    'http.listen': listen,
    ...sink,
  }
  writeFileSync(path, `${JSON.stringify(config, null, 2)}\n`)
  return {path, topicPrefix, listen, eventsFile, logFile: join(folder, 'tidemark.log')}
}
