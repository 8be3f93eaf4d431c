// The peer itself as the judge of transaction metadata: Debezium's connector streams the same transactions, and its
// transaction topic, the block of every change event, their schemas, and the statements must be Tidemark's.

import assert from 'node:assert/strict'
import {after, before, test} from 'node:test'
import {ConnectWorker} from '../../bench/debezium/connect-worker.ts'
import {connectorConfig} from '../../bench/debezium/connector-config.ts'
import {eventually} from '../../tools/servers/eventually.ts'
import {startKafka, type KafkaServer} from '../../tools/servers/kafka-server.ts'
import {startMysql, type MysqlServer} from '../../tools/servers/mysql-server.ts'
import {consumeTopic} from '../support/consume-topic.ts'
import {freshDatabase, type FreshDatabase} from '../support/fresh-database.ts'
import {readJsonLines, type ObservedEvent} from '../support/observed-events.ts'
import {tempFolder} from '../support/temp-folder.ts'
import {eventsFile, tidemarkConfig, type Config} from '../support/tidemark-config.ts'
import {runTidemark} from '../support/tidemark-process.ts'

let kafka: KafkaServer
before(async () => {
  kafka = await startKafka()
})
after(async () => {
  await kafka.stop()
})

const SCHEMAS = {'key.converter.schemas.enable': 'true', 'value.converter.schemas.enable': 'true'} as const
const OPTIONS = {...SCHEMAS, 'provide.transaction.metadata': 'true', 'include.query': 'true'}
const END = 'the_end'

const TABLES = `
  CREATE TABLE debezium_signal (id VARCHAR(36) PRIMARY KEY, type VARCHAR(32) NOT NULL, data TEXT NULL);
  CREATE TABLE orders (id INT PRIMARY KEY, note VARCHAR(200) NOT NULL);
  CREATE TABLE items (id INT PRIMARY KEY, note VARCHAR(200) NOT NULL);
  CREATE TABLE keyless (v INT);
  CREATE TABLE hidden (id INT PRIMARY KEY);
  CREATE TABLE plain (id INT PRIMARY KEY) ENGINE = MyISAM;
  CREATE TABLE ${END} (id INT PRIMARY KEY);`

const TRANSACTIONS = [
  `BEGIN; INSERT INTO orders VALUES (1, 'a'), (2, 'b'); INSERT INTO items VALUES (1, 'x'), (2, 'y');
   UPDATE orders SET note = 'c'; UPDATE orders SET id = id + 10; DELETE FROM items WHERE id = 1; COMMIT`,
  `INSERT INTO orders VALUES (3, 'ä "quoted" 𝄞')`,
  'INSERT INTO hidden VALUES (1)',
  `BEGIN; INSERT INTO hidden VALUES (2); INSERT INTO keyless VALUES (1), (1); UPDATE keyless SET v = 2; COMMIT`,
  `BEGIN; INSERT INTO orders VALUES (4, 'd'); ROLLBACK`,
  `BEGIN; INSERT INTO orders VALUES (5, 'e'); SAVEPOINT s; INSERT INTO items VALUES (5, 'e'); COMMIT`,
  'BEGIN; INSERT INTO plain VALUES (1); INSERT INTO orders VALUES (6, "f"); ROLLBACK',
  'ALTER TABLE items ADD more INT',
  'INSERT INTO items VALUES (7, "g", 7)',
  'TRUNCATE items',
  `INSERT INTO debezium_signal VALUES ('a', 'log', '{"message": "seen"}')`,
  `SET SESSION binlog_transaction_compression = ON; BEGIN; INSERT INTO orders VALUES (8, 'h'), (9, 'i');
   DELETE FROM orders WHERE id > 7; COMMIT; SET SESSION binlog_transaction_compression = OFF`,
  `SET SESSION binlog_rows_query_log_events = OFF; INSERT INTO orders VALUES (20, 'j')`,
  `INSERT INTO ${END} VALUES (1)`,
]

for (const mode of ['ON', 'OFF'] as const) {
  test(`gtid_mode=${mode}: transaction events, blocks and statements are the peer's`, async t => {
    const options = [`--gtid-mode=${mode}`, `--enforce-gtid-consistency=${mode}`, '--binlog-rows-query-log-events=ON']
    const server = await startMysql({options})
    try {
      await compare(t, server, `tx-${mode.toLowerCase()}`)
    } finally {
      await server.stop()
    }
  })
}

async function compare(t: Parameters<typeof freshDatabase>[0], server: MysqlServer, prefix: string): Promise<void> {
  const database = await freshDatabase(t, 'tx', server)
  const {connection} = database
  await connection.query(TABLES)
  const folder = await tempFolder(t)
  const {signal} = new AbortController()
  await ConnectWorker.within({kafka, folder, signal}, async worker => {
    await worker.create(prefix, peerConfig(database, prefix), null)
    await worker.waitForLine(0, text => text.includes('Connected to binlog at'), 120_000)
    const own = {'topic.prefix': prefix, 'snapshot.mode': 'no_data', 'table.exclude.list': `${database.name}.hidden`}
    const signals = {'signal.data.collection': `${database.name}.debezium_signal`}
    const config = await tidemarkConfig({database, folder, config: {...OPTIONS, ...own, ...signals}})
    const tidemark = await runTidemark(t, {folder, config})
    await tidemark.waitForStreaming()
    for (const statements of TRANSACTIONS) await connection.query(statements)
    const pointless = (): string | undefined => worker.failureSince(0)
    const theirs = await eventually(
      {what: 'the peer to come to the end', timeoutMs: 120_000, intervalMs: 1000, pointless},
      async () => seenOf(await consumeTopic(kafka.bootstrap, `${prefix}-all`)),
    )
    const ours = await eventually({what: 'Tidemark to come to the end', timeoutMs: 60_000}, async () =>
      seenOf(await readJsonLines(eventsFile(folder))),
    )
    assert.deepEqual(ours.transactions, theirs.transactions)
    assert.deepEqual(ours.changes, theirs.changes)
  })
}

function peerConfig(database: FreshDatabase, prefix: string): Config {
  const config = connectorConfig({
    ...{tuning: 'tuned', prefix, mysql: database.server, serverId: 5_000_001, database: database.name},
    ...{tables: ['(?!hidden).*'], chunkRows: null, compression: 'none', headers: true, hasOffset: false},
  })
  return {
    ...config,
    ...OPTIONS,
    'key.converter': 'org.apache.kafka.connect.json.JsonConverter',
    'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
    transforms: 'one',
    'transforms.one.type': 'org.apache.kafka.connect.transforms.RegexRouter',
    'transforms.one.regex': '.*',
    'transforms.one.replacement': `${prefix}-all`,
  }
}

interface Framed {
  readonly schema: {readonly name: string; readonly fields: readonly {readonly field: string}[]}
  readonly payload: Payload
}

interface Payload {
  readonly status?: string
  readonly id?: string
  readonly data_collections?: readonly {readonly data_collection: string}[] | null
  readonly op?: string
  readonly source?: Readonly<Record<string, unknown>>
  readonly transaction?: unknown
}

interface Seen {
  /** By status and id: key, value, headers. */
  readonly transactions: Readonly<Record<string, unknown>>
  /** By place and operation: block, statement, and their schemas. */
  readonly changes: Readonly<Record<string, unknown>>
}

/** Undefined until the last transaction has ended. */
function seenOf(events: readonly ObservedEvent[]): Seen | undefined {
  const transactions: [string, unknown][] = []
  const changes: [string, unknown][] = []
  let hasEnded = false
  for (const {keyText, valueText, headers} of events) {
    if (valueText === null) continue
    const {schema, payload} = JSON.parse(valueText) as Framed
    const {status, source, op} = payload
    if (status !== undefined) {
      const tables = payload.data_collections ?? null
      hasEnded ||= tables?.some(each => each.data_collection.endsWith(`.${END}`)) === true
      // Theirs come in the order of a hash.
      const sorted = tables?.toSorted((a, b) => (a.data_collection < b.data_collection ? -1 : 1)) ?? null
      // Without GTIDs theirs are whole seconds, of the event before.
      const time = payload.id!.startsWith('file=') ? {ts_ms: null} : {}
      const value = {schema, payload: {...payload, ...time, data_collections: sorted}, order: Object.keys(payload)}
      transactions.push([`${status} ${payload.id}`, {key: JSON.parse(keyText!) as unknown, value, headers}])
    } else if (source !== undefined) {
      const field = (name: string): unknown => schema.fields.find(each => each.field === name)
      const {table, file, pos, row, query} = source
      const place = [table, file, pos, row, op].join(' ')
      changes.push([place, {transaction: payload.transaction, query, schema: field('transaction')}])
    }
  }
  if (!hasEnded) return undefined
  return {transactions: Object.fromEntries(transactions.sort()), changes: Object.fromEntries(changes.sort())}
}
