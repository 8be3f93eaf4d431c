// RegexRouter and ByLogicalTableRouter on real servers: shards of one table in one topic, copied and streamed, with keys
// and schemas as Debezium's transforms leave them; and `verify`, which tells the tables of a topic apart.

import assert from 'node:assert/strict'
import {test, type TestContext} from 'node:test'
import type {VerifyReport} from '../../src/verify/verify-report.ts'
import {eventually} from '../../tools/servers/eventually.ts'
import {caughtUp, prepareCapture, snapshotEnded, type Capture} from '../support/capture.ts'
import {consumeTopic} from '../support/consume-topic.ts'
import {sharedKafka} from '../support/integration-servers.ts'
import {changeOf, eventsOfTopic, foldEvents, type ObservedEvent} from '../support/observed-events.ts'
import {runTidemark} from '../support/tidemark-process.ts'

const LOGICAL_ROUTER = {
  'transforms.shards.type': 'io.debezium.transforms.ByLogicalTableRouter',
  'transforms.shards.topic.regex': '(.*)\\.orders_\\d+',
  'transforms.shards.topic.replacement': '$1.orders',
}
const REGEX_ROUTER = {'transforms.route.type': 'org.apache.kafka.connect.transforms.RegexRouter'}
const SHARDS = `
  CREATE TABLE orders_1 (id INT PRIMARY KEY, note VARCHAR(20) NOT NULL);
  CREATE TABLE orders_2 LIKE orders_1;
  CREATE TABLE parts (id INT PRIMARY KEY, note VARCHAR(20) NOT NULL);
  INSERT INTO orders_1 VALUES (1, 'one'), (2, 'two'), (3, 'three');
  INSERT INTO orders_2 VALUES (1, 'eins'), (2, 'zwei'), (4, 'vier');
  INSERT INTO parts VALUES (1, 'part');`
const CHANGES = `
  UPDATE orders_1 SET note = 'uno' WHERE id = 1;
  DELETE FROM orders_2 WHERE id = 2;
  UPDATE orders_2 SET id = 5 WHERE id = 4;
  INSERT INTO orders_1 VALUES (4, 'four');
  UPDATE parts SET note = 'piece';`

interface Frame {
  readonly schema: {
    readonly name: string
    readonly fields: readonly {readonly field: string; readonly type: string; readonly name?: string}[]
  }
  readonly payload: Readonly<Record<string, unknown>>
}

/** Copies the tables, streams changes, and stops when everything is in the sink. */
async function copyAndStream(
  t: TestContext,
  capture: Capture,
  isThere: (events: readonly ObservedEvent[]) => boolean = () => true,
): Promise<void> {
  await capture.connection.query(SHARDS)
  const tidemark = await capture.run(t)
  await tidemark.waitForStreaming()
  await snapshotEnded(tidemark, await capture.snapshot(['orders_1', 'orders_2', 'parts']))
  await capture.connection.query(CHANGES)
  await caughtUp(tidemark, capture.connection)
  await eventually(
    {what: 'the last event', timeoutMs: 30_000},
    async () => isThere(await capture.events()) || undefined,
  )
  assert.equal((await tidemark.stop()).code, 0)
}

async function verified(t: TestContext, capture: Capture, ...args: string[]): Promise<VerifyReport> {
  const {config, folder} = capture
  const run = await runTidemark(t, {config, folder, command: 'verify', args: [...args, '--json']})
  await run.ended
  assert.notEqual(run.stdout, '', run.stderr)
  return JSON.parse(run.stdout) as VerifyReport
}

function frame(text: string | null): Frame {
  return JSON.parse(text!) as Frame
}

/** What a consumer of a topic has in the end: the rows by their keys, without the frames. */
function rowsOf(events: readonly ObservedEvent[]): Map<string, unknown> {
  const rows = [...foldEvents(events)].map(
    ([key, row]) => [JSON.stringify(frame(key).payload), (JSON.parse(row) as {note: string}).note] as const,
  )
  return new Map(rows)
}

test('shards come out in one topic with keys that tell them apart, and a RegexRouter behind moves every topic', async t => {
  const capture = await prepareCapture(t, {
    prefix: 'shards',
    config: {
      ...LOGICAL_ROUTER,
      ...REGEX_ROUTER,
      transforms: 'shards,route',
      'transforms.shards.key.field.name': 'shard',
      'transforms.shards.key.field.regex': '.*_(\\d+)',
      'transforms.shards.key.field.replacement': 'no $1',
      'transforms.route.regex': '(.*)',
      'transforms.route.replacement': 'routed.$1',
      'key.converter.schemas.enable': 'true',
      'value.converter.schemas.enable': 'true',
      'heartbeat.interval.ms': '100',
      'notification.enabled.channels': 'sink',
      'notification.sink.topic.name': 'notes',
    },
  })
  const {name} = capture.database
  const heartbeats = `routed.__debezium-heartbeat.${name}`
  await copyAndStream(t, capture, found => found.some(({topic}) => topic === heartbeats))
  const events = await capture.events()
  const prefix = `${name}.${name}`
  const topics = ['.orders', '.parts', '.debezium_signal'].map(end => `routed.${prefix}${end}`)
  assert.deepEqual([...new Set(events.map(({topic}) => topic))].sort(), [...topics, 'routed.notes', heartbeats].sort())

  const orders = eventsOfTopic(events, topics[0]!)
  assert.deepEqual(
    rowsOf(orders),
    new Map([
      ['{"id":1,"shard":"no 1"}', 'uno'],
      ['{"id":2,"shard":"no 1"}', 'two'],
      ['{"id":3,"shard":"no 1"}', 'three'],
      ['{"id":4,"shard":"no 1"}', 'four'],
      ['{"id":1,"shard":"no 2"}', 'eins'],
      ['{"id":5,"shard":"no 2"}', 'vier'],
    ]),
  )
  for (const {keyText, valueText} of orders) {
    const key = frame(keyText).schema
    assert.equal(key.name, `${prefix}.orders.Key`)
    assert.deepEqual(key.fields.at(-1), {type: 'string', optional: false, field: 'shard'})
    if (valueText === null) continue
    const value = frame(valueText).schema
    assert.equal(value.name, `${prefix}.orders.Envelope`)
    assert.equal(value.fields[0]!.name, `${prefix}.orders.Value`)
  }
  const [part] = eventsOfTopic(events, topics[1]!)
  assert.equal(frame(part!.keyText).schema.name, `${prefix}.parts.Key`)
  assert.equal(frame(part!.valueText).schema.name, `${prefix}.parts.Envelope`)
})

test('a tombstone follows its delete, and the headers of a changed key have it without the added field', async t => {
  const capture = await prepareCapture(t, {prefix: 'shards', config: {...LOGICAL_ROUTER, transforms: 'shards'}})
  await copyAndStream(t, capture)
  const {name} = capture.database
  const former = `${name}.${name}.orders_2`
  const deleted = (await capture.tableEvents('orders'))
    .filter(event => event.keyText!.includes(former))
    .map(event => [changeOf(event)?.op ?? 'tombstone', event.keyText, event.headers['__debezium.newkey']])
    .filter(([op]) => op === 'd' || op === 'tombstone')
  const key = (id: number): string => JSON.stringify({id, __dbz__physicalTableIdentifier: former})
  assert.deepEqual(deleted, [
    ['d', key(2), undefined],
    ['tombstone', key(2), undefined],
    ['d', key(4), '{"id":5}'],
    ['tombstone', key(4), '{"id":5}'],
  ])
})

test('in Kafka all tables and heartbeats may share a topic: keys keep their partitions, and verify tells tables apart', async t => {
  const kafka = await sharedKafka()
  const config = {
    ...LOGICAL_ROUTER,
    ...REGEX_ROUTER,
    transforms: 'shards,route',
    'transforms.route.regex': '(.*)',
    'heartbeat.interval.ms': '100',
    'topic.creation.default.partitions': '3',
    'topic.creation.default.replication.factor': '1',
  }
  const prepared = await prepareCapture(t, {prefix: 'shards', bootstrap: kafka.bootstrap, config})
  const topic = `${prepared.database.name}.everything`
  const capture = {...prepared, config: {...prepared.config, 'transforms.route.replacement': topic}}
  await capture.connection.query(SHARDS)
  const tidemark = await prepared.run(t, capture.config)
  await tidemark.waitForStreaming()
  await snapshotEnded(tidemark, await prepared.snapshot(['orders_1', 'orders_2', 'parts']))
  await capture.connection.query(CHANGES)
  await caughtUp(tidemark, capture.connection)
  await eventually({what: 'a heartbeat', timeoutMs: 30_000}, async () =>
    (await consumeTopic(kafka.bootstrap, topic)).find(({keyText}) => keyText!.startsWith('{"serverName"')),
  )

  const partitions = new Map<string, Set<number | null>>()
  for (const {keyText, partition} of await consumeTopic(kafka.bootstrap, topic)) {
    partitions.set(keyText!, (partitions.get(keyText!) ?? new Set()).add(partition))
  }
  assert.deepEqual(
    [...partitions].filter(([, found]) => found.size > 1),
    [],
  )

  const tables = ['orders_1', 'orders_2', 'parts'].map(table => `${capture.database.name}.${table}`)
  const equal = await verified(t, capture)
  assert.deepEqual(
    equal.tables.map(({table, topic: found, rows, equal: isEqual}) => [table, found, rows, isEqual]),
    tables.map((table, index) => [table, topic, [4, 2, 1][index], true]),
  )
  assert.match(equal.tables[0]!.notes.join(), /the topic also has \S+orders_2, \S+parts; .*apart$/)

  await capture.connection.query('SET sql_log_bin = 0; DELETE FROM orders_2 WHERE id = 1; SET sql_log_bin = 1')
  const {tables: reports} = await verified(t, capture)
  assert.deepEqual(
    reports.map(({ghosts, missing, different}) => [ghosts, missing, different]),
    [
      [0, 0, 0],
      [1, 0, 0],
      [0, 0, 0],
    ],
  )
  assert.equal((await tidemark.stop()).code, 0)
})

test('a replacement that gives no topic’s name is refused at the start, and stops the task where the table comes later', async t => {
  const config = {
    ...REGEX_ROUTER,
    transforms: 'route',
    'transforms.route.regex': '.*parts',
    'transforms.route.replacement': 'spare parts',
  }
  const told = /"spare parts\\?".*mend the replacement of transforms\.route/
  const capture = await prepareCapture(t, {prefix: 'shards', config})
  const tidemark = await capture.run(t)
  await tidemark.waitForStreaming()
  await capture.connection.query(SHARDS)
  await capture.connection.query(CHANGES)
  assert.equal((await tidemark.ended).code, 2)
  assert.match(tidemark.stderr, told)
  const again = await capture.run(t)
  assert.equal((await again.ended).code, 3)
  assert.match(again.stderr, told)
})
