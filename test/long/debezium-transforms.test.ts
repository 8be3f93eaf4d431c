// The peer itself as the judge of transforms: Debezium in Connect and Tidemark stream the same changes through the same
// transforms, and every record must be the same: topic, key, value, headers.

import assert from 'node:assert/strict'
import {after, before, test} from 'node:test'
import kafkajs from 'kafkajs'
import {ConnectWorker} from '../../bench/debezium/connect-worker.ts'
import {connectorConfig} from '../../bench/debezium/connector-config.ts'
import {eventually} from '../../tools/servers/eventually.ts'
import {startKafka, type KafkaServer} from '../../tools/servers/kafka-server.ts'
import {consumeTopic} from '../support/consume-topic.ts'
import {freshDatabase, type FreshDatabase} from '../support/fresh-database.ts'
import type {ObservedEvent} from '../support/observed-events.ts'
import {tempFolder} from '../support/temp-folder.ts'
import {tidemarkConfig, type Config} from '../support/tidemark-config.ts'
import {runTidemark} from '../support/tidemark-process.ts'

let kafka: KafkaServer
before(async () => {
  kafka = await startKafka()
})
after(async () => {
  await kafka.stop()
})

const UNWRAP = {transforms: 'unwrap', 'transforms.unwrap.type': 'io.debezium.transforms.ExtractNewRecordState'}
const SCHEMAS = {'key.converter.schemas.enable': 'true', 'value.converter.schemas.enable': 'true'}
const mode = (value: string): Config => ({'transforms.unwrap.delete.tombstone.handling.mode': value})
const ONLY_OUTBOX = {
  predicates: 'isOutbox',
  'predicates.isOutbox.type': 'org.apache.kafka.connect.transforms.predicates.TopicNameMatches',
  'predicates.isOutbox.pattern': '.*\\.outbox',
}
/** `PREFIX` stands for the topics' prefix. */
const OUTBOX = {
  ...ONLY_OUTBOX,
  transforms: 'outbox',
  'transforms.outbox.type': 'io.debezium.transforms.outbox.EventRouter',
  'transforms.outbox.predicate': 'isOutbox',
  'transforms.outbox.route.topic.replacement': 'PREFIX.event.${routedByValue}',
}
const SCENARIOS: Readonly<Record<string, Config>> = {
  unwrap: UNWRAP,
  rewrite: {
    ...UNWRAP,
    ...mode('rewrite-with-tombstone'),
    ...SCHEMAS,
    'transforms.unwrap.add.fields':
      'op,table,source.db,source.file,source.gtid:gtid,snapshot,connector,name,server_id,source.row,thread,query,id,total_order',
    'transforms.unwrap.add.headers': 'op,source.table:of,pos,transaction.id,snapshot,db',
    'transforms.unwrap.add.fields.prefix': 'x_',
    'transforms.unwrap.add.headers.prefix': 'h.',
  },
  nulls: {...UNWRAP, ...SCHEMAS, ...mode('tombstone'), 'transforms.unwrap.add.headers': 'op'},
  tombstones: {...UNWRAP, ...mode('delete-to-tombstone'), 'transforms.unwrap.add.headers': 'op,db'},
  dropped: {
    ...UNWRAP,
    ...SCHEMAS,
    ...mode('drop'),
    transforms: 'route,unwrap,again',
    'transforms.route.type': 'org.apache.kafka.connect.transforms.RegexRouter',
    'transforms.route.regex': '(.*)\\.orders',
    'transforms.route.replacement': '$1.first',
    'transforms.again.type': 'RegexRouter',
    'transforms.again.regex': '(.*)first',
    'transforms.again.replacement': '$1second',
  },
  byField: {
    ...UNWRAP,
    ...mode('rewrite'),
    transforms: 'unwrap,route',
    'transforms.unwrap.predicate': 'isOrder',
    'transforms.unwrap.route.by.field': 'kind',
    'transforms.unwrap.add.fields': 'op',
    'transforms.route.type': 'RegexRouter',
    'transforms.route.regex': '(big|small)',
    'transforms.route.replacement': 'PREFIX.$1',
    predicates: 'isOrder',
    'predicates.isOrder.type': 'TopicNameMatches',
    'predicates.isOrder.pattern': '.*\\.orders',
  },
  outbox: OUTBOX,
  outboxEnvelope: {
    ...OUTBOX,
    ...SCHEMAS,
    'transforms.outbox.table.fields.additional.placement':
      'type:header,type:envelope:eventType,extra:envelope,part:partition,n:header',
    'transforms.outbox.table.field.event.schema.version': 'version',
  },
  outboxExpanded: {
    ...OUTBOX,
    'transforms.outbox.table.expand.json.payload': 'true',
    'transforms.outbox.table.json.payload.null.behavior': 'optional_bytes',
    'transforms.outbox.route.tombstone.on.empty.payload': 'true',
    'transforms.outbox.table.field.event.key': 'n',
  },
  filtered: {
    ...ONLY_OUTBOX,
    transforms: 'drop,deaf',
    'transforms.drop.type': 'org.apache.kafka.connect.transforms.Filter',
    'transforms.drop.predicate': 'isOutbox',
    'transforms.deaf.type': 'org.apache.kafka.connect.transforms.Filter',
    'transforms.deaf.predicate': 'isTombstone',
    predicates: 'isOutbox,isTombstone',
    'predicates.isTombstone.type': 'org.apache.kafka.connect.transforms.predicates.RecordIsTombstone',
  },
}

const LAST_ID = 999
const CHANGES = `
  CREATE TABLE orders (id INT PRIMARY KEY, kind VARCHAR(10) NULL, name VARCHAR(40) NOT NULL,
    price DECIMAL(10,2) NULL, at DATETIME(3) NULL, doc JSON NULL, amount INT NULL);
  CREATE TABLE keyless (a INT NULL, b VARCHAR(10) NULL);
  CREATE TABLE outbox (id CHAR(36) PRIMARY KEY, aggregatetype VARCHAR(20) NOT NULL, aggregateid VARCHAR(20) NULL,
    type VARCHAR(20) NOT NULL, payload TEXT NULL, version INT NULL, part INT NULL, extra VARCHAR(20) NULL, n BIGINT NULL);
  INSERT INTO orders VALUES (1, 'big', 'Ünï "q" 😀', 1.50, '2024-01-02 03:04:05.678', '1', 3),
    (2, 'small', 'two', NULL, NULL, NULL, NULL), (3, NULL, 'three', 3, NULL, 'null', 1);
  UPDATE orders SET kind = 'small' WHERE id = 1;
  UPDATE orders SET id = 4 WHERE id = 2;
  DELETE FROM orders WHERE id = 1;
  DELETE FROM orders WHERE id = 3;
  INSERT INTO keyless VALUES (1, 'x'), (NULL, NULL);
  UPDATE keyless SET b = 'y' WHERE a = 1;
  DELETE FROM keyless WHERE a = 1;
  INSERT INTO outbox VALUES
    ('8f1c1a0e-0000-0000-0000-000000000001', 'order', 'k1', 'Created',
      '{"id": 1, "big": 12345678901, "f": 1.5, "name": "Ü\\\\n😀", "no": null, "list": [1, 2], "deep": {"yes": true}}', 1, 0, 'e', 12),
    ('8f1c1a0e-0000-0000-0000-000000000002', 'order', 'k2', 'Changed', 'no json', 1, NULL, NULL, NULL),
    ('8f1c1a0e-0000-0000-0000-000000000003', 'customer', NULL, 'Gone', NULL, 1, 0, NULL, 7),
    ('8f1c1a0e-0000-0000-0000-000000000004', 'customer', 'k4', 'Rows', '{"rows": [{"a": 1}, {"a": 2}]}', 1, 0, 'z', -1),
    ('8f1c1a0e-0000-0000-0000-000000000005', 'customer', 'k5', 'Blank', '  ', 1, 0, 'z', 5);
  UPDATE outbox SET extra = 'changed';
  DELETE FROM outbox WHERE aggregatetype = 'order';
  INSERT INTO orders (id, kind, name) VALUES (${LAST_ID}, 'big', 'last');`

test('the records behind every transform are those of the peer', async t => {
  const database = await freshDatabase(t, 'transforms')
  const folder = await tempFolder(t)
  await ConnectWorker.within({kafka, folder, signal: new AbortController().signal}, async worker => {
    for (const [name, config] of Object.entries(SCENARIOS)) {
      const mark = worker.mark
      await worker.create(`peer-${name}`, peerConfig(database, `peer-${name}`, config), null)
      await worker.waitForLine(mark, text => text.includes('Connected to binlog at'), 120_000)
      await startTidemark(t, {database, prefix: `tide-${name}`, config})
    }
    for (const statement of CHANGES.split(';')) {
      if (statement.trim() !== '') await database.connection.query(statement)
    }
    const differences: object[] = []
    for (const name of Object.keys(SCENARIOS)) {
      const pointless = (): string | undefined => worker.failureSince(0)
      const theirs = await recordsOf(`peer-${name}`, pointless)
      const ours = await recordsOf(`tide-${name}`, () => undefined)
      differences.push(...differing(name, ours, theirs))
    }
    assert.deepEqual(differences, [])
  })
})

type Records = Record<string, string[]>

function differing(scenario: string, ours: Records, theirs: Records): object[] {
  return [...new Set([...Object.keys(ours), ...Object.keys(theirs)])].flatMap(topic => {
    const [own, peer] = [ours[topic] ?? [], theirs[topic] ?? []]
    return Array.from({length: Math.max(own.length, peer.length)}, (_, at) => at)
      .filter(at => own[at] !== peer[at])
      .map(at => ({scenario, topic, at, own: own[at], peer: peer[at]}))
  })
}

function withPrefix(config: Config, prefix: string): Config {
  return Object.fromEntries(Object.entries(config).map(([key, value]) => [key, value.replaceAll('PREFIX', prefix)]))
}

function peerConfig(database: FreshDatabase, prefix: string, config: Config): Config {
  return {
    ...connectorConfig({
      ...{tuning: 'tuned', prefix, mysql: database.server, serverId: 5_000_000 + Math.floor(Math.random() * 1e6)},
      ...{
        database: database.name,
        tables: ['.*'],
        chunkRows: null,
        compression: 'none',
        headers: true,
        hasOffset: false,
      },
    }),
    'key.converter': 'org.apache.kafka.connect.json.JsonConverter',
    'key.converter.schemas.enable': 'false',
    'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
    'value.converter.schemas.enable': 'false',
    ...withPrefix(config, prefix),
  }
}

async function startTidemark(
  t: Parameters<typeof runTidemark>[0],
  {database, prefix, config}: {database: FreshDatabase; prefix: string; config: Config},
): Promise<void> {
  const folder = await tempFolder(t)
  const own = await tidemarkConfig({
    ...{database, folder, bootstrap: kafka.bootstrap},
    config: {...withPrefix(config, prefix), 'topic.prefix': prefix, 'snapshot.mode': 'no_data'},
  })
  const tidemark = await runTidemark(t, {folder, config: own})
  await tidemark.waitForLog('streaming')
}

/** By topic; complete once the last row was there before they were read, since topics know nothing of each other. */
async function recordsOf(prefix: string, pointless: () => string | undefined): Promise<Records> {
  let wasComplete = false
  return await eventually(
    {what: `the last record of ${prefix}`, timeoutMs: 180_000, intervalMs: 1000, pointless},
    async () => {
      const found: Records = {}
      let isComplete = false
      for (const topic of await topicsOf(prefix)) {
        const events = await consumeTopic(kafka.bootstrap, topic)
        if (events.length === 0) continue
        isComplete ||= events.some(({valueText}) => valueText?.includes(`"id":${LAST_ID},`) === true)
        found[topic.replace(prefix, 'PREFIX')] = events.filter(isCompared).map(event => recordText(event, prefix))
      }
      if (wasComplete) return found
      wasComplete = isComplete
      return undefined
    },
  )
}

/** A tombstone without a key says nothing, and Tidemark writes none. */
function isCompared({keyText, valueText}: ObservedEvent): boolean {
  return keyText !== null || valueText !== null
}

async function topicsOf(prefix: string): Promise<string[]> {
  const client = new kafkajs.Kafka({brokers: [kafka.bootstrap], logLevel: kafkajs.logLevel.NOTHING})
  const admin = client.admin()
  await admin.connect()
  try {
    return (await admin.listTopics()).filter(topic => topic.startsWith(`${prefix}.`)).sort()
  } finally {
    await admin.disconnect()
  }
}

/**
 * Without what differs from run to run: times, the version, the worker's own headers; and without the topic in the name of
 * an outbox event's schema, which in the peer is that of the first event.
 */
function recordText({partition, keyText, valueText, headers}: ObservedEvent, prefix: string): string {
  const shown = Object.entries(headers).filter(([name]) => !name.startsWith('__debezium.context.'))
  return [String(partition), keyText ?? 'no key', valueText ?? 'no value', JSON.stringify(shown)]
    .join('\n')
    .replaceAll(prefix, 'PREFIX')
    .replaceAll(/("(?:ts_ms|ts_us|ts_ns)":)\d+/g, '$1TIME')
    .replaceAll(/("version":)"[^"]*"/g, '$1"VERSION"')
    .replaceAll(/\.outbox\.(?:order|customer)\.Value/g, '.outbox.ANY.Value')
}
