// Kafka Connect's REST interface of a real task: pause, resume and restart lose and repeat nothing, and a pause survives the process.

import assert from 'node:assert/strict'
import {test, type TestContext} from 'node:test'
import {packageVersion} from '../../src/cli/package-version.ts'
import {eventually} from '../../tools/servers/eventually.ts'
import {caughtUp, numberedTable, prepareCapture, readIds, snapshotEnded, type Capture} from '../support/capture.ts'
import {consumeTopic} from '../support/consume-topic.ts'
import {prepareExactlyOnce} from '../support/exactly-once-scenario.ts'
import {integrationServers} from '../support/integration-servers.ts'
import {changeOf, type ObservedEvent} from '../support/observed-events.ts'
import type {TidemarkProcess} from '../support/tidemark-process.ts'

interface ConnectorStatus {
  readonly name: string
  readonly connector: {readonly state: string; readonly worker_id: string}
  readonly tasks: readonly {readonly id: number; readonly state: string}[]
  readonly type: string
}

async function start(t: TestContext): Promise<{capture: Capture; tidemark: TidemarkProcess; connector: string}> {
  const capture = await prepareCapture(t, {prefix: 'rest', config: {'incremental.snapshot.chunk.size': '20'}})
  await capture.connection.query(numberedTable('a', 200) + 'CREATE TABLE b (id INT PRIMARY KEY);')
  const tidemark = await capture.run(t)
  await tidemark.waitForStreaming()
  return {capture, tidemark, connector: `${tidemark.url}/connectors/${capture.database.name}`}
}

async function ask(url: string, method = 'GET'): Promise<[number, unknown]> {
  const response = await fetch(url, {method, headers: {accept: 'application/json'}})
  const text = await response.text()
  return [response.status, text === '' ? null : JSON.parse(text)]
}

async function waitForState(connector: string, wanted: string): Promise<void> {
  await eventually({what: `the state ${wanted} of ${connector}`, timeoutMs: 60_000}, async () => {
    const [status, body] = await ask(`${connector}/status`)
    assert.equal(status, 200)
    const {connector: ours, tasks} = body as ConnectorStatus
    return ours.state === wanted && tasks.every(({state}) => state === wanted) ? true : undefined
  })
}

/** The ids of the rows, all of them created, in the order of their events. */
async function createdIds(capture: Capture, table: string): Promise<number[]> {
  return (await capture.tableEvents(table)).map(createdId)
}

function createdId(event: ObservedEvent): number {
  const change = changeOf(event)
  assert.equal(change?.op, 'c')
  return (JSON.parse(change.after!) as {id: number}).id
}

const insert = async ({connection}: Capture, from: number, to: number): Promise<void> => {
  for (let id = from; id <= to; id++) await connection.query('INSERT INTO b VALUES (?)', [id])
}

const upTo = (last: number): number[] => Array.from({length: last}, (_, index) => index + 1)

test('what is written while the connector is paused comes after the resume, once and in order', async t => {
  const {capture, tidemark, connector} = await start(t)
  await insert(capture, 1, 5)
  await caughtUp(tidemark, capture.connection)
  assert.deepEqual(await ask(`${connector}/pause`, 'PUT'), [202, null])
  await waitForState(connector, 'PAUSED')
  assert.deepEqual((await ask(`${connector}/pause`, 'PUT'))[0], 202, 'again')
  await insert(capture, 6, 20)
  const {state, streaming} = await tidemark.status()
  assert.deepEqual([state, streaming], ['paused', false])
  assert.equal((await fetch(`${tidemark.url}/health/live`)).status, 200)
  assert.equal((await fetch(`${tidemark.url}/health/ready`)).status, 503)
  assert.deepEqual(await createdIds(capture, 'b'), upTo(5))
  assert.deepEqual(await ask(`${connector}/resume`, 'PUT'), [202, null])
  await waitForState(connector, 'RUNNING')
  await tidemark.waitForStreaming()
  await insert(capture, 21, 25)
  await caughtUp(tidemark, capture.connection)
  await tidemark.waitForStatus(({sink}) => sink.bytesInFlight === 0)
  assert.deepEqual(await createdIds(capture, 'b'), upTo(25))
})

test('a paused connector stays paused over a restart of the process, until it is resumed', async t => {
  const {capture, tidemark, connector} = await start(t)
  await ask(`${connector}/pause`, 'PUT')
  await waitForState(connector, 'PAUSED')
  await insert(capture, 1, 3)
  assert.deepEqual(await tidemark.stop(), {code: 0, signal: null})
  const second = await capture.run(t)
  await second.waitForStatus(({state}) => state === 'paused')
  assert.deepEqual((await ask(`${connector}/restart?includeTasks=true`, 'POST'))[0], 202)
  await waitForState(connector, 'PAUSED')
  assert.deepEqual(await createdIds(capture, 'b'), [])
  await ask(`${connector}/resume`, 'PUT')
  await second.waitForStreaming()
  await caughtUp(second, capture.connection)
  await second.waitForStatus(({sink}) => sink.bytesInFlight === 0)
  assert.deepEqual(await createdIds(capture, 'b'), upTo(3))
  await second.stop()
  const third = await capture.run(t)
  await third.waitForStreaming()
})

test('a snapshot that is paused with its connector goes on behind the last confirmed chunk', async t => {
  const {capture, tidemark, connector} = await start(t)
  await fetch(`${tidemark.url}/snapshot/throttle`, {
    method: 'PUT',
    headers: {'content-type': 'application/json'},
    body: '{"maxRowsPerSecond": 50}',
  })
  const id = await capture.snapshot(['a'])
  await tidemark.waitForStatus(({snapshot}) => (snapshot.tables[0]?.rowsDone ?? 0) >= 40)
  await ask(`${connector}/pause`, 'PUT')
  await waitForState(connector, 'PAUSED')
  const before = (await readIds(capture, 'a')).length
  assert.ok(before >= 40 && before < 200, String(before))
  await ask(`${connector}/resume`, 'PUT')
  await snapshotEnded(tidemark, id)
  await tidemark.waitForStatus(({sink}) => sink.bytesInFlight === 0)
  assert.deepEqual(await readIds(capture, 'a'), upTo(200))
})

test('a restart ends the task in good order and begins it again, with nothing lost or repeated', async t => {
  const {capture, tidemark, connector} = await start(t)
  let isDone = false
  const writing = (async () => {
    for (let id = 1; !isDone || id <= 50; id++) await insert(capture, id, id)
  })()
  for (let round = 1; round <= 3; round++) {
    assert.deepEqual(await ask(`${connector}/restart`, 'POST'), [204, null])
    await eventually({what: `start ${round}`, timeoutMs: 60_000}, () =>
      tidemark.log.filter(({msg}) => msg === 'starting').length > round ? true : undefined,
    )
    await tidemark.waitForStreaming()
  }
  isDone = true
  await writing
  await caughtUp(tidemark, capture.connection)
  await tidemark.waitForStatus(({sink}) => sink.bytesInFlight === 0)
  const ids = await createdIds(capture, 'b')
  assert.ok(ids.length >= 50)
  assert.deepEqual(ids, upTo(ids.length))
})

test('the connector is shown as Connect shows one, and its configuration is changed as there', async t => {
  const {capture, tidemark, connector} = await start(t)
  const {name} = capture.database
  const worker = new URL(tidemark.url).host
  const state = {state: 'RUNNING', worker_id: worker, version: packageVersion()}
  const status = {name, connector: state, tasks: [{id: 0, ...state}], type: 'source'}
  assert.deepEqual(await ask(`${connector}/status`), [200, status])
  assert.deepEqual(await ask(`${tidemark.url}/connectors`), [200, [name]])
  const [, root] = await ask(`${tidemark.url}/`)
  assert.equal((root as {kafka_cluster_id: null}).kafka_cluster_id, null, 'events go to a file')
  const [, unknown] = await ask(`${connector}/nothing`)
  assert.equal((unknown as {error_code: number}).error_code, 404)
  const [, expanded] = await ask(`${tidemark.url}/connectors?expand=status&expand=info`)
  const config = {...capture.config, 'database.password': capture.config['database.password'] === '' ? '' : '***'}
  const info = {name, config, tasks: [{connector: name, task: 0}], type: 'source'}
  assert.deepEqual(expanded, {[name]: {status, info}})
  const topics = ['a', 'b', 'debezium_signal'].map(table => capture.topic(table))
  const [, shown] = await ask(`${connector}/topics`)
  assert.deepEqual(
    (shown as Record<string, {topics: string[]}>)[name]!.topics.filter(topic => topics.includes(topic)),
    topics.filter(topic => (shown as Record<string, {topics: string[]}>)[name]!.topics.includes(topic)),
  )
  assert.ok((shown as Record<string, {topics: string[]}>)[name]!.topics.includes(capture.topic('a')))
  const put = await fetch(`${connector}/config`, {
    method: 'PUT',
    headers: {'content-type': 'application/json'},
    body: JSON.stringify({...config, 'table.include.list': `${name}.a`}),
  })
  assert.equal(put.status, 200)
  const changed = (await put.json()) as {name: string; config: Record<string, string>}
  assert.deepEqual([changed.name, changed.config['table.include.list']], [name, `${name}.a`])
  const validated = await fetch(`${tidemark.url}/connector-plugins/MySqlConnector/config/validate`, {
    method: 'PUT',
    headers: {'content-type': 'application/json'},
    body: JSON.stringify({...config, 'incremental.snapshot.chunk.size': 'many'}),
  })
  const {error_count: count, configs} = (await validated.json()) as {
    error_count: number
    configs: {value: {name: string; errors: string[]}}[]
  }
  assert.equal(count, 1)
  assert.deepEqual(
    configs.flatMap(({value}) => (value.errors.length > 0 ? [value.name] : [])),
    ['incremental.snapshot.chunk.size'],
  )
})

test('with exactly once delivery a pause holds, too, and what comes after it is committed once', async t => {
  const {kafka} = await integrationServers()
  const capture = await prepareExactlyOnce(t, kafka.bootstrap)
  await capture.connection.query('CREATE TABLE b (id INT PRIMARY KEY)')
  const first = await capture.run(t)
  await first.waitForStreaming()
  const connector = `${first.url}/connectors/${capture.database.name}`
  await insert(capture, 1, 3)
  await ask(`${connector}/pause`, 'PUT')
  await waitForState(connector, 'PAUSED')
  await insert(capture, 4, 6)
  const [, root] = await ask(first.url)
  assert.match((root as {kafka_cluster_id: string}).kafka_cluster_id, /^[\w-]{22}$/)
  await first.stop()
  const second = await capture.run(t)
  await second.waitForStatus(({state}) => state === 'paused')
  await ask(`${connector}/resume`, 'PUT')
  await second.waitForStreaming()
  await caughtUp(second, capture.connection)
  await second.stop()
  const events = await consumeTopic(kafka.bootstrap, capture.topic('b'))
  // In two partitions.
  assert.deepEqual(
    events.map(createdId).sort((a, b) => a - b),
    upTo(6),
  )
})
