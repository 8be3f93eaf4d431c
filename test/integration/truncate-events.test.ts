// TRUNCATE as an event, on real servers: each partition of a topic, folded with it, equals the table, while rows are
// streamed and copied before and behind it; nothing is said to have diverged, and verify agrees.

import assert from 'node:assert/strict'
import {test, type TestContext} from 'node:test'
import type {RowDataPacket} from 'mysql2/promise'
import {caughtUp, numberedTable, prepareCapture, snapshotEnded, type Capture} from '../support/capture.ts'
import {eventsInKafka} from '../support/consume-topic.ts'
import {sharedKafka} from '../support/integration-servers.ts'
import {changeOf, foldEvents, type ObservedEvent} from '../support/observed-events.ts'
import {runTidemark, type TidemarkProcess} from '../support/tidemark-process.ts'

const TRUNCATES = {'skipped.operations': 'none', 'incremental.snapshot.chunk.size': '20'} as const

async function divergedTables(tidemark: TidemarkProcess): Promise<unknown[]> {
  return ((await tidemark.status()) as unknown as {diverged: unknown[]}).diverged
}

async function assertVerified(t: TestContext, capture: Capture): Promise<void> {
  const {config, folder} = capture
  const run = await runTidemark(t, {config, folder, command: 'verify', args: []})
  const {code} = await run.ended
  assert.equal(code, 0, run.stdout + run.stderr)
}

/** Of what each partition holds. */
function foldPartitions(events: readonly ObservedEvent[]): Record<string, unknown>[] {
  const partitions = new Set(events.map(({partition}) => partition))
  return [...partitions]
    .flatMap(partition => [...foldEvents(events.filter(event => event.partition === partition)).values()])
    .map(text => JSON.parse(text) as Record<string, unknown>)
    .sort((a, b) => Number(a['id']) - Number(b['id']))
}

async function stored(capture: Capture, table: string): Promise<Record<string, unknown>[]> {
  const [rows] = await capture.connection.query<RowDataPacket[]>(`SELECT * FROM ${table} ORDER BY id`)
  return rows.map(row => ({...row}))
}

function operations(events: readonly ObservedEvent[]): string[] {
  return events.map(event => `${changeOf(event)?.op ?? '-'} ${event.keyText ?? 'null'}`)
}

test('TRUNCATE stands between the rows before and behind it, and a restart repeats none of them', async t => {
  const capture = await prepareCapture(t, {prefix: 'truncate', config: TRUNCATES})
  const {connection} = capture
  await connection.query(
    'CREATE TABLE a (id INT PRIMARY KEY, note VARCHAR(20)); CREATE TABLE other (id INT PRIMARY KEY)',
  )
  const tidemark = await capture.run(t)
  await tidemark.waitForStreaming()
  await connection.query('INSERT INTO a VALUES (1, NULL); INSERT INTO other VALUES (1); TRUNCATE TABLE a; TRUNCATE a')
  await connection.query('INSERT INTO a VALUES (1, NULL); ALTER TABLE a TRUNCATE PARTITION ALL').catch(() => undefined)
  await caughtUp(tidemark, connection)
  await tidemark.stop()
  const again = await capture.run(t)
  await again.waitForStreaming()
  await connection.query(`INSERT INTO a VALUES (2, NULL); TRUNCATE TABLE \`${capture.database.name}\` . a -- so`)
  await caughtUp(again, connection)
  assert.deepEqual(await divergedTables(again), [])
  await again.stop()
  const row = (id: number): string => `c {"id":${id}}`
  const wanted = [row(1), 't null', 't null', row(1), row(2), 't null']
  assert.deepEqual(operations(await capture.tableEvents('a')), wanted)
  assert.deepEqual(operations(await capture.tableEvents('other')), [row(1)])
  const event = (await capture.tableEvents('a')).find(each => changeOf(each)?.op === 't')!
  assert.equal(event.headers['__debezium.context.taskId'], '0')
  assert.deepEqual(
    [changeOf(event)!.before, changeOf(event)!.after, changeOf(event)!.source['table']],
    [null, null, 'a'],
  )
})

test('TRUNCATE in the middle of a copy: its event stands before every row of after, and nothing diverges', async t => {
  const capture = await prepareCapture(t, {prefix: 'truncate', config: TRUNCATES})
  const {connection} = capture
  await connection.query(numberedTable('a', 600))
  const tidemark = await capture.run(t)
  await tidemark.waitForStreaming()
  const slow = {'data-collection': `${capture.database.name}.a`, filter: 'SLEEP(0.004) = 0'}
  const id = await capture.snapshot(['a'], {'additional-conditions': [slow]})
  await tidemark.waitForStatus(({snapshot}) => snapshot.tables.some(({rowsDone}) => rowsDone >= 50))
  await connection.query('TRUNCATE a')
  await connection.query("INSERT INTO a VALUES (5, 'new'), (590, 'new'), (700, 'new')")
  await snapshotEnded(tidemark, id)
  await caughtUp(tidemark, connection)
  assert.deepEqual(await divergedTables(tidemark), [])
  await assertVerified(t, capture)
  await tidemark.stop()
  const events = await capture.tableEvents('a')
  const at = events.findIndex(event => changeOf(event)?.op === 't')
  assert.ok(at > 0)
  const behind = events
    .slice(at + 1)
    .filter(event => !['{"id":5}', '{"id":590}', '{"id":700}'].includes(event.keyText!))
  assert.deepEqual(operations(behind), [], 'no row of before comes behind it')
  assert.deepEqual(foldPartitions(events), await stored(capture, 'a'))
})

test('a topic of three partitions, filled and truncated under copies: each partition folds to its part of the table', async t => {
  const {bootstrap} = await sharedKafka()
  const topics = {'topic.creation.default.partitions': '3', 'topic.creation.default.replication.factor': '1'}
  const config = {...TRUNCATES, ...topics, 'value.converter.schemas.enable': 'true'}
  const capture = await prepareCapture(t, {prefix: 'truncate', bootstrap, config})
  const {connection} = capture
  await connection.query(numberedTable('a', 500))
  const tidemark = await capture.run(t)
  await tidemark.waitForStreaming()
  const ids: string[] = []
  for (let round = 0; round < 4; round++) {
    ids.push(await capture.snapshot(['a']))
    await connection.query('UPDATE a SET note = UUID_SHORT() WHERE id % 3 = 0')
    await connection.query('TRUNCATE TABLE a')
    await connection.query(`INSERT INTO a WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)
      SELECT i * 2, 'round ${round}' FROM n`)
    await connection.query('DELETE FROM a WHERE id % 5 = 0')
  }
  for (const id of ids) await snapshotEnded(tidemark, id)
  await caughtUp(tidemark, connection)
  assert.deepEqual(await divergedTables(tidemark), [])
  await assertVerified(t, capture)
  await tidemark.stop()
  const events = await eventsInKafka(bootstrap, capture.topic('a'))
  const truncates = events.filter(event => changeOf(event)?.op === 't')
  assert.deepEqual(
    truncates.map(({partition}) => partition),
    [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2],
  )
  assert.deepEqual(foldPartitions(events), await stored(capture, 'a'))
})
