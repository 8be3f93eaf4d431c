// Notifications on real servers: a topic of the sink, and the log; what a crash around an end leaves of them.

import assert from 'node:assert/strict'
import {test} from 'node:test'
import {setTimeout as sleep} from 'node:timers/promises'
import type {Notification} from '../../src/notifications/notification.ts'
import {eventually} from '../../tools/servers/eventually.ts'
import {numberedTable, prepareCapture, receipt, snapshotEnded, type Capture} from '../support/capture.ts'
import {consumeTopic} from '../support/consume-topic.ts'
import {sharedKafka} from '../support/integration-servers.ts'
import {eventsOfTopic, readJsonLines, type ObservedEvent} from '../support/observed-events.ts'
import {eventsFile, type Config} from '../support/tidemark-config.ts'
import type {TidemarkProcess} from '../support/tidemark-process.ts'

const TOPIC = 'notifications.of.this'
const ENDINGS = new Set(['COMPLETED', 'ABORTED', 'FAILED'])
/** Chunks of ten rows take a moment, so that signals find the snapshot under way. */
const SLOWLY = 'SLEEP(0.01) = 0'

const CONFIG: Config = {
  'incremental.snapshot.chunk.size': '10',
  'notification.enabled.channels': 'sink,log',
  'notification.sink.topic.name': TOPIC,
}

function parsed(events: readonly ObservedEvent[]): Notification[] {
  return events.map(event => JSON.parse(event.valueText!) as Notification)
}

/** From the file sink. */
async function notifications(capture: Capture): Promise<Notification[]> {
  return parsed(eventsOfTopic(await readJsonLines(eventsFile(capture.folder)), TOPIC))
}

/** All so far, as soon as there is one that `wanted` is true of. */
async function until(capture: Capture, wanted: (one: Notification) => boolean): Promise<Notification[]> {
  return await eventually({what: 'a notification', timeoutMs: 60_000}, async () => {
    const all = await notifications(capture)
    return all.some(wanted) ? all : undefined
  })
}

function ends(id: string): (one: Notification) => boolean {
  return one => one.id === id && ENDINGS.has(one.type)
}

function typesOf(all: readonly Notification[], id: string): string[] {
  const types = all.filter(one => one.id === id && one.aggregate_type !== 'Signal').map(({type}) => type)
  return types.filter((type, index) => type !== 'IN_PROGRESS' || types[index - 1] !== 'IN_PROGRESS')
}

async function slowly(capture: Capture, tables: readonly string[]): Promise<string> {
  const conditions = tables.map(table => ({
    'data-collection': `${capture.database.name}.${table}`,
    filter: SLOWLY,
  }))
  return await capture.snapshot(tables, {'additional-conditions': conditions})
}

async function answered(capture: Capture, tidemark: TidemarkProcess, id: string, result: string): Promise<void> {
  assert.equal((await receipt(tidemark, id)).result, result)
  const [answer, ...others] = (await until(capture, one => one.id === id && one.aggregate_type === 'Signal')).filter(
    one => one.id === id && one.aggregate_type === 'Signal',
  )
  assert.deepEqual([answer!.type, others], [result.toUpperCase(), []])
}

test('overlapping signals keep their ids to the end, through a pause and a partial stop, and every answer is told once', async t => {
  const capture = await prepareCapture(t, {prefix: 'notes', config: CONFIG})
  const {name} = capture.database
  await capture.connection.query(
    numberedTable('a', 100) + numberedTable('b', 100) + 'CREATE TABLE c (id INT PRIMARY KEY)',
  )
  const tidemark = await capture.run(t)
  await tidemark.waitForStreaming()
  const first = await slowly(capture, ['a', 'b'])
  const second = await capture.snapshot(['a', 'c'])
  await answered(capture, tidemark, first, 'accepted')
  await answered(capture, tidemark, second, 'accepted')
  await until(capture, one => one.id === first && one.type === 'IN_PROGRESS')
  const pause = await capture.signal('pause-snapshot', null)
  await answered(capture, tidemark, pause, 'accepted')
  const resume = await capture.signal('resume-snapshot', null)
  await answered(capture, tidemark, resume, 'accepted')
  const stop = await capture.signal('stop-snapshot', {'data-collections': [`${name}.b`]})
  await answered(capture, tidemark, stop, 'accepted')
  const unknown = await capture.snapshot(['aa'])
  await answered(capture, tidemark, unknown, 'rejected')
  const nothing = await capture.signal('resume-snapshot', null)
  await answered(capture, tidemark, nothing, 'ignored')
  await until(capture, ends(first))
  const all = await until(capture, ends(second))

  assert.deepEqual(typesOf(all, first), [
    ...['STARTED', 'IN_PROGRESS', 'PAUSED', 'RESUMED', 'IN_PROGRESS', 'TABLE_SCAN_COMPLETED', 'COMPLETED'],
  ])
  // The empty table needs no reading, so it may be told of early.
  const ofEmpty = (one: Notification): boolean => one.additional_data['scanned_collection'] === `${name}.c`
  assert.deepEqual(
    typesOf(
      all.filter(one => !ofEmpty(one)),
      second,
    ),
    ['STARTED', 'PAUSED', 'RESUMED', 'IN_PROGRESS', 'TABLE_SCAN_COMPLETED', 'COMPLETED'],
  )
  const scans = all.filter(({type}) => type === 'TABLE_SCAN_COMPLETED').map(({additional_data: data}) => data)
  assert.deepEqual(scans.map(data => [data['scanned_collection'], data['status'], data['total_rows_scanned']]).sort(), [
    [`${name}.a`, 'SUCCEEDED', '100'],
    [`${name}.a`, 'SUCCEEDED', '100'],
    [`${name}.c`, 'EMPTY', '0'],
  ])
  const rejected = all.find(({id}) => id === unknown)!
  assert.deepEqual(rejected.additional_data, {
    connector_name: name,
    signal_type: 'execute-snapshot',
    channel: 'source',
    reason: `no captured table matches "${name}.aa"; did you mean ${name}.a?`,
  })
  assert.equal((await tidemark.stop()).code, 0)
  const logged = tidemark.log.filter(({msg}) => msg === 'notification').map(({fields}) => fields)
  assert.deepEqual(
    logged.map(({id, type, aggregate_type, additional_data, timestamp}) => ({
      id,
      type,
      aggregate_type,
      additional_data,
      timestamp,
    })),
    await notifications(capture),
  )
})

test('stop-snapshot for everything is one ABORTED with the tables it took', async t => {
  const capture = await prepareCapture(t, {prefix: 'notes', config: CONFIG})
  const {name} = capture.database
  await capture.connection.query(numberedTable('a', 30) + numberedTable('b', 100) + numberedTable('c', 10))
  const tidemark = await capture.run(t)
  await tidemark.waitForStreaming()
  const id = await slowly(capture, ['a', 'b', 'c'])
  await until(capture, one => one.type === 'TABLE_SCAN_COMPLETED')
  await capture.signal('stop-snapshot', null)
  const all = await until(capture, ends(id))
  const endings = all.filter(ends(id))
  assert.deepEqual(
    endings.map(({type, additional_data}) => [type, additional_data]),
    [['ABORTED', {connector_name: name, data_collections: `${name}.b,${name}.c`}]],
  )
  await snapshotEnded(tidemark, id, {end: 'snapshot stopped'})
})

test('an initial snapshot has its own sequence, and a later start that copies nothing says SKIPPED', async t => {
  const capture = await prepareCapture(t, {prefix: 'notes', config: {...CONFIG, 'snapshot.mode': 'initial_only'}})
  await capture.connection.query(numberedTable('a', 25))
  const first = await capture.run(t)
  assert.deepEqual(await first.ended, {code: 0, signal: null}, first.stderr)
  const before = await notifications(capture)
  const {id} = before[0]!
  assert.match(id, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
  assert.deepEqual(typesOf(before, id), ['STARTED', 'IN_PROGRESS', 'TABLE_SCAN_COMPLETED', 'COMPLETED'])
  assert.deepEqual([...new Set(before.map(one => one.aggregate_type))], ['Initial Snapshot'])
  const second = await capture.run(t, {'snapshot.mode': 'initial'})
  await second.waitForStreaming()
  const after = await until(capture, ({type}) => type === 'SKIPPED')
  assert.equal(after.length, before.length + 1)
})

test('Kafka gets them in the frame of Debezium’s schemas, one partition for one id', async t => {
  const kafka = await sharedKafka()
  const capture = await prepareCapture(t, {
    prefix: 'notes',
    bootstrap: kafka.bootstrap,
    config: {
      ...CONFIG,
      'connector.class': 'io.debezium.connector.mysql.MySqlConnector',
      'topic.creation.default.partitions': '4',
      'topic.creation.default.replication.factor': '1',
    },
  })
  const topic = `${capture.database.name}.notes`
  await capture.connection.query(numberedTable('a', 30))
  const tidemark = await capture.run(t, {'notification.sink.topic.name': topic})
  await tidemark.waitForStreaming()
  const ids = [await capture.snapshot(['a']), await capture.snapshot(['a']), await capture.snapshot(['a'])]
  for (const id of ids) await snapshotEnded(tidemark, id)
  assert.equal((await tidemark.stop()).code, 0)
  const events = await consumeTopic(kafka.bootstrap, topic)
  for (const id of ids) {
    const mine = events.filter(({keyText}) => (JSON.parse(keyText!) as {payload: {id: string}}).payload.id === id)
    assert.equal(new Set(mine.map(({partition}) => partition)).size, 1)
    const framed = mine.map(({valueText}) => JSON.parse(valueText!) as {schema: {name: string}; payload: Notification})
    assert.ok(framed.every(({schema}) => schema.name === 'io.debezium.connector.common.Notification'))
    assert.deepEqual(
      framed.map(({payload}) => payload.type),
      [...['ACCEPTED', 'STARTED', 'IN_PROGRESS', 'IN_PROGRESS', 'IN_PROGRESS', 'TABLE_SCAN_COMPLETED', 'COMPLETED']],
    )
  }
})

test('I6: killed at any instant around its end, every snapshot has one ending, repeated at most word for word', async t => {
  const capture = await prepareCapture(t, {prefix: 'notes', config: CONFIG})
  await capture.connection.query(numberedTable('a', 40))
  const ids: string[] = []
  for (let kill = 0; kill < 8; kill++) {
    const tidemark = await capture.run(t)
    await tidemark.waitForStreaming()
    const id = await capture.snapshot(['a'])
    ids.push(id)
    // A stop that races with the end: whichever is first decides, for good.
    if (kill % 2 === 1) await capture.signal('stop-snapshot', null)
    await tidemark.waitForLog(({fields}) => fields['snapshot'] === id)
    await sleep(kill * 30)
    await tidemark.kill()
  }
  const last = await capture.run(t)
  await last.waitForStreaming()
  await receipt(last, await capture.signal('log', {message: 'the end'}))
  await last.waitForStatus(({snapshot}) => snapshot.state === 'idle', 60_000)
  assert.equal((await last.stop()).code, 0)
  const all = await notifications(capture)
  for (const id of ids) {
    const endings = new Set(all.filter(ends(id)).map(one => JSON.stringify(one)))
    assert.equal(endings.size, 1, `${id}: ${[...endings].join(' ')}`)
    const answers = new Set(all.filter(one => one.id === id && one.type === 'ACCEPTED').map(one => JSON.stringify(one)))
    assert.equal(answers.size, 1, `${id}: ${[...answers].join(' ')}`)
  }
})
