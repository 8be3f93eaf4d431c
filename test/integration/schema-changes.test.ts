// Schema change events on real servers: what a consumer of the topic named by topic.prefix sees of statements, of the
// tables at the start, and of restarts.

import assert from 'node:assert/strict'
import {test, type TestContext} from 'node:test'
import {caughtUp, prepareCapture, type Capture} from '../support/capture.ts'
import {eventsInKafka} from '../support/consume-topic.ts'
import {sharedKafka} from '../support/integration-servers.ts'
import type {ObservedEvent} from '../support/observed-events.ts'
import type {Config} from '../support/tidemark-config.ts'
import type {TidemarkProcess} from '../support/tidemark-process.ts'

interface Value {
  readonly source: {readonly snapshot: string; readonly gtid: string | null; readonly pos: number}
  readonly databaseName: string
  readonly ddl: string
  readonly tableChanges: readonly {
    readonly type: string
    readonly id: string
    readonly table: {readonly primaryKeyColumnNames: string[]; readonly columns: {readonly name: string}[]} | null
  }[]
}

async function prepare(t: TestContext, config: Config, bootstrap?: string): Promise<Capture> {
  // Other tests write to the same server, and statements of all databases are told by default.
  const own = {'schema.history.internal.store.only.captured.databases.ddl': 'true'}
  const wanted = {'include.schema.changes': 'true', ...own, ...config}
  return await prepareCapture(t, {prefix: 'schemas', config: wanted, ...(bootstrap === undefined ? {} : {bootstrap})})
}

function valueOf({valueText}: ObservedEvent): Value {
  return JSON.parse(valueText!) as Value
}

/** `ddl | type table (columns; key)`. */
function textOf(event: ObservedEvent): string {
  const {ddl, tableChanges} = valueOf(event)
  const changes = tableChanges.map(({type, id, table}) => {
    const definition =
      table === null ? '' : ` (${table.columns.map(({name}) => name).join()}; ${table.primaryKeyColumnNames.join()})`
    return ` | ${type} ${id.split('.')[1]!}${definition}`
  })
  return ddl + changes.join('')
}

async function schemaEvents(capture: Capture): Promise<ObservedEvent[]> {
  return (await capture.events()).filter(({topic}) => topic === capture.database.name)
}

/** Of the stream, without those that a new task begins with. */
async function streamed(capture: Capture): Promise<string[]> {
  return (await schemaEvents(capture)).filter(event => valueOf(event).source.snapshot === 'false').map(textOf)
}

/** One by one, so that the server still has each table as its statement left it. */
async function execute(tidemark: TidemarkProcess, capture: Capture, statements: readonly string[]): Promise<void> {
  for (const sql of statements) {
    await capture.connection.query(sql)
    await caughtUp(tidemark, capture.connection)
  }
}

test('statements become events with what they made of the tables, and a restart repeats none', async t => {
  const capture = await prepare(t, {})
  const tidemark = await capture.run(t)
  await tidemark.waitForStreaming()
  const {name} = capture.database
  await execute(tidemark, capture, [
    'CREATE TABLE a (id INT PRIMARY KEY, v INT)',
    'ALTER TABLE a ADD w INT FIRST',
    'RENAME TABLE a TO b',
    'CREATE TABLE c AS SELECT 1 AS one',
    'TRUNCATE TABLE b',
  ])
  await tidemark.stop()
  const again = await capture.run(t)
  await again.waitForStreaming()
  await execute(again, capture, ['ALTER TABLE b DROP v', 'DROP TABLE b, c'])
  await again.stop()
  const events = await streamed(capture)
  assert.match(events[3]!, /^CREATE TABLE `c` \(/, 'as the server logs it')
  assert.deepEqual(events.toSpliced(3, 1), [
    'CREATE TABLE a (id INT PRIMARY KEY, v INT) | CREATE "a" (id,v; id)',
    'ALTER TABLE a ADD w INT FIRST | ALTER "a" (w,id,v; id)',
    'RENAME TABLE a TO b | ALTER "b" (w,id,v; id)',
    'ALTER TABLE b DROP v | ALTER "b" (w,id; id)',
    `DROP TABLE \`${name}\`.\`b\` | DROP "b"`,
    `DROP TABLE \`${name}\`.\`c\` | DROP "c"`,
  ])
})

test('a new task begins with the definitions of its tables, once', async t => {
  const capture = await prepare(t, {})
  await capture.connection.query('CREATE TABLE a (id INT PRIMARY KEY); CREATE TABLE b (x INT)')
  for (let run = 0; run < 2; run++) {
    const tidemark = await capture.run(t)
    await tidemark.waitForStreaming()
    await tidemark.stop()
  }
  const events = await schemaEvents(capture)
  const {name} = capture.database
  assert.deepEqual(
    events.map(textOf).map(text => text.replace(/ \(\n[^|]*/, ' … ').replace(/utf8mb4\S*/g, 'x')),
    [
      'SET character_set_server=x collation_server=x',
      `DROP TABLE IF EXISTS \`${name}\`.\`a\` | DROP "a"`,
      `DROP TABLE IF EXISTS \`${name}\`.\`b\` | DROP "b"`,
      `DROP DATABASE IF EXISTS \`${name}\``,
      `CREATE DATABASE \`${name}\` CHARSET x COLLATE x`,
      `USE \`${name}\``,
      'CREATE TABLE `a` … | CREATE "a" (id; id)',
      'CREATE TABLE `b` … | CREATE "b" (x; )',
    ],
  )
  const markers = events.map(event => valueOf(event).source.snapshot)
  assert.deepEqual(markers, [...markers.slice(1).map(() => 'true'), 'last'])
})

test('statements come in their order in partition 0 of a topic with more, also where the server is far ahead', async t => {
  const {bootstrap} = await sharedKafka()
  const topics = {'topic.creation.default.partitions': '3', 'topic.creation.default.replication.factor': '1'}
  const capture = await prepare(t, topics, bootstrap)
  const first = await capture.run(t)
  await first.waitForStreaming()
  await first.stop()
  await capture.connection.query('CREATE TABLE a (id INT PRIMARY KEY); CREATE TABLE gone (id INT)')
  for (let i = 0; i < 20; i++) await capture.connection.query(`ALTER TABLE a ADD c${i} INT`)
  await capture.connection.query('DROP TABLE gone')
  const tidemark = await capture.run(t)
  await tidemark.waitForStreaming()
  await caughtUp(tidemark, capture.connection)
  await tidemark.stop()
  const all = await eventsInKafka(bootstrap, capture.database.name)
  assert.deepEqual(new Set(all.map(({partition}) => partition)), new Set([0]))
  const events = all.filter(event => valueOf(event).source.snapshot === 'false').map(valueOf)
  assert.deepEqual(
    events.slice(2, -1).map(({ddl}) => ddl),
    Array.from({length: 20}, (_, i) => `ALTER TABLE a ADD c${i} INT`),
  )
  assert.equal(events[2]!.tableChanges[0]!.table!.columns.length, 21, 'as the table is when the event is written')
  assert.deepEqual(events[1]!.tableChanges, [], 'a table that is gone by then')
  assert.equal(events.at(-1)!.tableChanges[0]!.type, 'DROP')
  const positions = events.map(({source}) => source.pos)
  assert.deepEqual(
    positions,
    positions.toSorted((a, b) => a - b),
  )
})

test('killed between statements, it loses none', async t => {
  const capture = await prepare(t, {})
  await capture.connection.query('CREATE TABLE a (id INT PRIMARY KEY)')
  let tidemark = await capture.run(t)
  await tidemark.waitForStreaming()
  const statements: string[] = []
  for (let round = 0; round < 4; round++) {
    for (let i = 0; i < 5; i++) {
      statements.push(`ALTER TABLE a ADD c${round}_${i} INT`)
      await capture.connection.query(statements.at(-1)!)
    }
    await tidemark.stop('SIGKILL')
    tidemark = await capture.run(t)
    await tidemark.waitForStreaming()
  }
  await caughtUp(tidemark, capture.connection)
  await tidemark.stop()
  const told = (await schemaEvents(capture)).map(event => valueOf(event).ddl)
  assert.deepEqual(
    statements.filter(sql => !told.includes(sql)),
    [],
  )
})
