// A real Debezium connector, stopped in the middle of a transaction and of an incremental snapshot: Tidemark goes on at the
// very row and behind the very key, into the same topics.

import assert from 'node:assert/strict'
import {after, before, test} from 'node:test'
import kafkajs from 'kafkajs'
import {ConnectWorker} from '../../bench/debezium/connect-worker.ts'
import {connectorConfig} from '../../bench/debezium/connector-config.ts'
import {eventually} from '../../tools/servers/eventually.ts'
import {startKafka, type KafkaServer} from '../../tools/servers/kafka-server.ts'
import {caughtUp, prepareCapture, type Capture} from '../support/capture.ts'
import {eventsInKafka} from '../support/consume-topic.ts'
import {changeOf} from '../support/observed-events.ts'
import {runTidemark} from '../support/tidemark-process.ts'

const ORDERS = 40_000
const BULK = 200_000
const CHUNK_ROWS = 500

let kafka: KafkaServer
before(async () => {
  kafka = await startKafka()
})
after(async () => {
  await kafka.stop()
})

for (const key of ['INT', 'VARCHAR(20)'] as const) {
  test(`stopped in the middle of both, with a key of type ${key}`, async t => {
    const capture = await prepareCapture(t, {
      prefix: 'import',
      // Debezium's own marks are longer than ours.
      signalTable: 'id VARCHAR(64) PRIMARY KEY, type VARCHAR(32) NOT NULL, data TEXT NULL',
      bootstrap: kafka.bootstrap,
      config: {
        'topic.creation.default.partitions': '1',
        'topic.creation.default.replication.factor': '1',
        'exactly.once.support': 'required',
      },
    })
    const {connection, database, folder} = capture
    const {'offset.storage.file.filename': _file, ...config} = capture.config
    await fill(capture, key)
    const offset = await ConnectWorker.within({kafka, folder, signal: new AbortController().signal}, async worker => {
      const prefix = database.name
      const choice = {
        ...({tuning: 'default', prefix, mysql: database.server, serverId: 5_000_001, database: prefix} as const),
        ...({tables: ['.*'], chunkRows: CHUNK_ROWS, compression: 'none', headers: false, hasOffset: false} as const),
      }
      await worker.create(prefix, connectorConfig(choice), null)
      await worker.waitForLine(0, text => text.includes('Connected to binlog at'), 120_000)
      const mark = worker.mark
      await capture.snapshot(['orders', 'more'])
      await worker.waitForLine(mark, text => text.includes("type='IN_PROGRESS'"), 60_000)
      await connection.query(`INSERT INTO bulk ${numbers(BULK)} SELECT i, 'x' FROM n`)
      await eventually({what: 'the transaction to be under way', timeoutMs: 60_000, intervalMs: 20}, async () =>
        (await endOf(capture.topic('bulk'))) > BULK / 50 ? true : undefined,
      )
      return await worker.stop(prefix)
    })
    t.diagnostic(JSON.stringify({...offset, gtids: '…'}).slice(0, 600))
    assert.ok(Number(offset['event'] ?? 0) > 0, 'it stopped inside of the transaction')
    assert.match(
      String(offset['incremental_snapshot_collections']),
      /orders.*more/,
      'it stopped inside of the snapshot',
    )

    const importing = {config, command: 'state import', args: ['--debezium-offset', JSON.stringify(offset)], folder}
    const imported = await runTidemark(t, importing)
    assert.deepEqual(await imported.ended, {code: 0, signal: null}, imported.stderr)
    assert.doesNotMatch(imported.stderr, /first row again/)
    const tidemark = await runTidemark(t, {config, folder})
    await tidemark.waitForStreaming(60_000)
    await connection.query(`INSERT INTO more VALUES ('later', 'streamed')`)
    await tidemark.waitForStatus(({snapshot}) => snapshot.state === 'idle', 120_000)
    await caughtUp(tidemark, connection, 120_000)
    assert.deepEqual(await tidemark.stop(), {code: 0, signal: null}, tidemark.stderr)

    await assertOnce(capture.topic('bulk'), {rows: BULK, op: 'c'})
    await assertOnce(capture.topic('orders'), {rows: ORDERS, op: 'r'})
    const more = await eventsInKafka(kafka.bootstrap, capture.topic('more'))
    const opsOf = (k: string) =>
      more.filter(event => event.keyText === JSON.stringify({k})).map(event => changeOf(event)?.op)
    assert.deepEqual([opsOf('a'), opsOf('b')], [['r'], ['r']])
    // It may have been there when its table was read.
    assert.equal(opsOf('later')[0], 'c')
  })
}

async function fill({connection}: Capture, key: string): Promise<void> {
  const value = key === 'INT' ? 'i' : `CONCAT('ö', LPAD(i, 8, '0'))`
  await connection.query(`SET SESSION cte_max_recursion_depth = 10000000;
    CREATE TABLE orders (k ${key} PRIMARY KEY, note VARCHAR(20) NOT NULL);
    INSERT INTO orders ${numbers(ORDERS)} SELECT ${value}, 'copied' FROM n;
    CREATE TABLE more (k VARCHAR(20) PRIMARY KEY, note VARCHAR(20) NOT NULL);
    INSERT INTO more VALUES ('a', 'copied'), ('b', 'copied');
    CREATE TABLE bulk (id INT PRIMARY KEY, note VARCHAR(20) NOT NULL);`)
}

function numbers(count: number): string {
  return `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})`
}

async function endOf(topic: string): Promise<number> {
  const admin = new kafkajs.Kafka({brokers: [kafka.bootstrap], logLevel: kafkajs.logLevel.NOTHING}).admin()
  await admin.connect()
  try {
    const [partition] = await admin.fetchTopicOffsets(topic)
    return Number(partition?.high ?? 0)
  } catch {
    return 0
  } finally {
    await admin.disconnect()
  }
}

/** Every row has one event of this kind, whoever wrote it. */
async function assertOnce(topic: string, {rows, op}: {readonly rows: number; readonly op: string}): Promise<void> {
  const counts = new Map<string, number>()
  for (const event of await eventsInKafka(kafka.bootstrap, topic)) {
    assert.equal(changeOf(event)?.op, op)
    counts.set(event.keyText ?? '', (counts.get(event.keyText ?? '') ?? 0) + 1)
  }
  const twice = [...counts].filter(([, count]) => count !== 1)
  assert.deepEqual(twice.slice(0, 5), [], `${twice.length} rows of ${topic} came more than once`)
  assert.equal(counts.size, rows, topic)
}
