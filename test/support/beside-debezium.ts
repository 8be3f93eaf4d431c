// Debezium's connector and Tidemark on the same database, with the same configuration: what each of them streams.

import type {Connection} from 'mysql2/promise'
import {ConnectWorker} from '../../bench/debezium/connect-worker.ts'
import {connectorConfig} from '../../bench/debezium/connector-config.ts'
import {eventually} from '../../tools/servers/eventually.ts'
import type {KafkaServer} from '../../tools/servers/kafka-server.ts'
import type {CleanUpContext} from './clean-up.ts'
import {consumeTopic} from './consume-topic.ts'
import {freshDatabase, type FreshDatabase} from './fresh-database.ts'
import {readJsonLines, type ObservedEvent} from './observed-events.ts'
import {tempFolder} from './temp-folder.ts'
import {eventsFile, tidemarkConfig, type Config} from './tidemark-config.ts'
import {runTidemark} from './tidemark-process.ts'

export interface SideBySide {
  readonly name: string
  readonly kafka: KafkaServer
  /** Of both. */
  readonly config: Config
  readonly fill: (connection: Connection) => Promise<void>
}

export interface BothStreams {
  readonly peer: readonly ObservedEvent[]
  readonly own: readonly ObservedEvent[]
}

const SCHEMAS = {'key.converter.schemas.enable': 'true', 'value.converter.schemas.enable': 'true'} as const
/** The last table's; its row ends the wait. */
const END = 'end_of_values'

export async function streamBoth(t: CleanUpContext, {name, kafka, config, fill}: SideBySide): Promise<BothStreams> {
  const database = await freshDatabase(t, `peer-${name}`)
  const folder = await tempFolder(t)
  const signal = new AbortController().signal
  return await ConnectWorker.within({kafka, folder, signal}, async worker => {
    const prefix = `peer-${name}`
    await worker.create(prefix, peerConfig(database, prefix, config), null)
    await worker.waitForLine(0, text => text.includes('Connected to binlog at'), 120_000)
    const own = {...config, ...SCHEMAS, 'topic.prefix': prefix, 'snapshot.mode': 'no_data'}
    const tidemark = await runTidemark(t, {folder, config: await tidemarkConfig({database, folder, config: own})})
    await tidemark.waitForLog('streaming')
    await fill(database.connection)
    await database.connection.query(`CREATE TABLE ${END} (id INT PRIMARY KEY, v INT)`)
    await database.connection.query(`INSERT INTO ${END} VALUES (1, 1)`)
    const toTheEnd = async (read: () => Promise<ObservedEvent[]>): Promise<ObservedEvent[] | undefined> => {
      const events = await read()
      return events.some(event => event.valueText?.includes(`"table":"${END}"`) === true) ? events : undefined
    }
    return {
      peer: await eventually(
        {
          ...{what: 'the peer to come to the end', timeoutMs: 240_000, intervalMs: 1000},
          pointless: () => worker.failureSince(0),
        },
        () => toTheEnd(async () => await consumeTopic(kafka.bootstrap, allTopic(prefix))),
      ),
      own: await eventually({what: 'Tidemark to come to the end', timeoutMs: 120_000}, () =>
        toTheEnd(async () => await readJsonLines(eventsFile(folder))),
      ),
    }
  })
}

function allTopic(prefix: string): string {
  return `${prefix}-all`
}

function peerConfig(database: FreshDatabase, prefix: string, config: Config): Config {
  const common = connectorConfig({
    ...{tuning: 'tuned', prefix, mysql: database.server, serverId: 5_000_000, database: database.name},
    ...{tables: ['.*'], chunkRows: null, compression: 'none', headers: false, hasOffset: false},
  })
  return {
    ...common,
    ...config,
    'signal.data.collection': `${database.name}.debezium_signal`,
    'key.converter': 'org.apache.kafka.connect.json.JsonConverter',
    'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
    ...SCHEMAS,
    // It stops at some of the values; those have nothing to be compared with.
    ...{'event.processing.failure.handling.mode': 'skip', 'inconsistent.schema.handling.mode': 'skip'},
    'schema.history.internal.skip.unparseable.ddl': 'true',
    // Hundreds of topics would say no more than one.
    transforms: 'one',
    'transforms.one.type': 'org.apache.kafka.connect.transforms.RegexRouter',
    'transforms.one.regex': '.*',
    'transforms.one.replacement': allTopic(prefix),
  }
}
