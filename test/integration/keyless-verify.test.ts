// Tables without a key as a multiset of full rows, on real servers: `tidemark verify` while a writer changes rows of which
// many are equal, and after kills, whose repeated stretches must count once.

import assert from 'node:assert/strict'
import {test, type TestContext} from 'node:test'
import {setTimeout as delay} from 'node:timers/promises'
import type {VerifyReport} from '../../src/verify/verify-report.ts'
import {caughtUp, prepareCapture, type Capture} from '../support/capture.ts'
import {eventsInKafka} from '../support/consume-topic.ts'
import {sharedKafka} from '../support/integration-servers.ts'
import {assertKeyless} from '../support/keyless-oracle.ts'
import {KeylessTable, KeylessWriter, storedRowCounts} from '../support/keyless-writer.ts'
import {randomFor, type SeededRandom} from '../support/seeded-random.ts'
import {runTidemark} from '../support/tidemark-process.ts'

const KILLS = 3
/** Of the writer, behind each transaction. */
const REST_MS = 3

async function verify(t: TestContext, {config, folder}: Capture, ...args: string[]): Promise<VerifyReport> {
  const run = await runTidemark(t, {config, folder, command: 'verify', args: [...args, '--json']})
  await run.ended
  assert.notEqual(run.stdout, '', run.stderr)
  return JSON.parse(run.stdout) as VerifyReport
}

/** An empty table that is captured from its first row on, and a writer for it. */
async function written(capture: Capture, random: SeededRandom, t: TestContext): Promise<KeylessWriter> {
  const table = new KeylessTable('clicks', random)
  for (const statement of table.setUp(0)) await capture.connection.query(statement)
  const first = await capture.run(t)
  await first.waitForStreaming()
  await first.stop()
  return new KeylessWriter(await capture.database.connect(), table, random)
}

async function killed(t: TestContext, capture: Capture, random: SeededRandom): Promise<void> {
  for (let kill = 0; kill < KILLS; kill++) {
    const tidemark = await capture.run(t)
    await tidemark.waitForStreaming()
    await delay(random.integer(50, 700))
    await tidemark.kill()
  }
}

test('a table without a key equals its file while it is written to, and repeated stretches count once', async t => {
  const random = randomFor(t)
  const capture = await prepareCapture(t, {prefix: 'keyless'})
  const writer = await written(capture, random, t)
  writer.start(REST_MS)
  await killed(t, capture, random)
  const tidemark = await capture.run(t)
  await tidemark.waitForStreaming()
  for (let round = 0; round < 3; round++) {
    const {equal, tables} = await verify(t, capture)
    assert.ok(equal, JSON.stringify(tables))
  }
  await writer.stop()
  await caughtUp(tidemark, capture.connection)
  const table = await storedRowCounts(capture.connection, 'clicks')
  const {initial, history} = writer.table
  const events = await capture.tableEvents('clicks')
  const counts = assertKeyless({name: 'clicks', events, initial, history, table, exactlyOnce: false, fromStart: true})
  t.diagnostic(`${writer.transactions} transactions, ${JSON.stringify(counts)}`)
  await capture.connection.query(`SET sql_log_bin = 0; SET @n = (SELECT COUNT(*) FROM clicks);
    INSERT INTO clicks (n, s) VALUES (99, 'secret'), (99, 'secret'); SET sql_log_bin = 1`)
  const {equal, tables} = await verify(t, capture)
  assert.equal(equal, false)
  assert.deepEqual([tables[0]!.isKeyless, tables[0]!.missing, tables[0]!.ghosts, tables[0]!.different], [true, 2, 0, 0])
  assert.deepEqual(tables[0]!.differences[0]!.counts, {table: 2, events: 0})
  assert.doesNotMatch(JSON.stringify(tables), /secret/)
})

test('in a topic of several partitions, compressed transactions and columns that are left out and masked fold all the same', async t => {
  const {bootstrap} = await sharedKafka()
  const capture = await prepareCapture(t, {
    prefix: 'keyless',
    bootstrap,
    config: {
      'topic.creation.default.partitions': '3',
      'topic.creation.default.replication.factor': '1',
      'column.exclude.list': '.*\\.clicks\\.d',
      'column.mask.with.3.chars': '.*\\.clicks\\.s',
      'value.converter.schemas.enable': 'true',
    },
  })
  const random = randomFor(t)
  const writer = await written(capture, random, t)
  const connection = await capture.database.connect()
  await connection.query('SET SESSION binlog_transaction_compression = ON')
  const compressed = new KeylessWriter(connection, writer.table, random)
  for (let count = 0; count < 60; count++) await (count % 2 === 0 ? compressed : writer).transaction()
  const tidemark = await capture.run(t)
  await caughtUp(tidemark, capture.connection)
  const {equal, tables} = await verify(t, capture)
  assert.ok(equal, JSON.stringify(tables))
  assert.equal(tables[0]!.rows, writer.table.size)
  await capture.connection.query('SET sql_log_bin = 0; UPDATE clicks SET n = 12345 LIMIT 1; SET sql_log_bin = 1')
  const after = await verify(t, capture)
  assert.deepEqual([after.tables[0]!.missing, after.tables[0]!.ghosts], [1, 1])
  const partitions = new Set((await eventsInKafka(bootstrap, capture.topic('clicks'))).map(({partition}) => partition))
  assert.equal(partitions.size, 1)
})

test('with message.key.columns, whose values repeat, the rows of all partitions are one multiset', async t => {
  const {bootstrap} = await sharedKafka()
  const config = {
    'topic.creation.default.partitions': '3',
    'topic.creation.default.replication.factor': '1',
    'message.key.columns': '.*\\.clicks:n,s',
  }
  const random = randomFor(t)
  const capture = await prepareCapture(t, {prefix: 'keyless', bootstrap, config})
  const writer = await written(capture, random, t)
  writer.start(REST_MS)
  await killed(t, capture, random)
  const tidemark = await capture.run(t)
  await tidemark.waitForStreaming()
  const {equal, tables} = await verify(t, capture)
  assert.ok(equal, JSON.stringify(tables))
  await writer.stop()
  const events = await eventsInKafka(bootstrap, capture.topic('clicks'))
  assert.equal(new Set(events.map(({partition}) => partition)).size, 3)
  assert.ok(
    events.some(({valueText}) => valueText === null),
    'no key was changed or deleted',
  )
})
