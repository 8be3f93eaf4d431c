// Signals typed into a Kafka topic: all partitions, broken records, the place in the stored state, and kill -9.

import assert from 'node:assert/strict'
import {randomUUID} from 'node:crypto'
import {readFile} from 'node:fs/promises'
import {test} from 'node:test'
import {setTimeout as sleep} from 'node:timers/promises'
import kafkajs from 'kafkajs'
import {runKafkaTool} from '../../tools/servers/kafka-package.ts'
import {numberedTable, readIds, receipt, snapshotEnded, type Capture} from '../support/capture.ts'
import {integrationServers} from '../support/integration-servers.ts'
import {randomFor} from '../support/seeded-random.ts'
import {steering} from '../support/signal-topic.ts'

async function storedState(capture: Capture): Promise<{
  readonly snapshots: readonly {readonly id: string; readonly state: string}[]
  readonly signals: {readonly pending: readonly unknown[]; readonly kafka?: {readonly next: Record<string, string>}}
}> {
  return JSON.parse(await readFile(capture.config['offset.storage.file.filename'] ?? '', 'utf8')) as Awaited<
    ReturnType<typeof storedState>
  >
}

test('a signal typed into kafka-console-producer as in Debezium’s tutorials is acted on', async t => {
  const {kafka} = await integrationServers()
  const {capture, topic} = await steering(t)
  const {name} = capture.database
  await capture.connection.query(numberedTable('a', 30))
  const tidemark = await capture.run(t)
  await tidemark.waitForStreaming()
  const line = `${name}:{"id":"typed","type":"execute-snapshot","data":{"data-collections":["${name}.a"],"type":"INCREMENTAL"}}\n`
  await runKafkaTool(
    'org.apache.kafka.tools.ConsoleProducer',
    [
      ...['--bootstrap-server', kafka.bootstrap, '--topic', topic],
      ...['--property', 'parse.key=true', '--property', 'key.separator=:'],
    ],
    line,
  )
  assert.deepEqual(await receipt(tidemark, 'typed'), {result: 'accepted', reason: null})
  await snapshotEnded(tidemark, 'typed')
  assert.equal((await readIds(capture, 'a')).length, 30)
})

test('all partitions are read; broken records are answered and passed, another connector’s is left alone', async t => {
  const {capture, topic, send, execute} = await steering(t)
  await capture.connection.query(numberedTable('a', 5) + numberedTable('b', 5) + numberedTable('c', 5))
  const tidemark = await capture.run(t)
  await tidemark.waitForStreaming()
  await send('{"type":', {partition: 1})
  await send('{"id":"keyless","type":"log","data":{"message":"x"}}', {key: null, partition: 1})
  await send('{"id":"other","type":"log","data":{"message":"x"}}', {key: 'another-connector', partition: 1})
  await send(null, {partition: 2})
  await send('{"id":"nearly","type":"execute-snapshot","data":{"data-collections":["x.y"]}}', {partition: 2})
  for (const [partition, table] of ['a', 'b', 'c'].entries()) await execute(`copy-${table}`, table, partition)
  for (const table of ['a', 'b', 'c']) await snapshotEnded(tidemark, `copy-${table}`)
  const {signals} = await tidemark.status()
  const answers = new Map((signals as {id: string; result: string; reason: string | null}[]).map(s => [s.id, s]))
  assert.match(answers.get(`${topic}-1-0`)?.reason ?? '', /not JSON: unexpected text at line 1, column 9/)
  assert.match(answers.get(`${topic}-1-1`)?.reason ?? '', /the record has no key/)
  assert.match(answers.get(`${topic}-2-0`)?.reason ?? '', /the record has no value/)
  assert.match(answers.get('nearly')?.reason ?? '', /no captured table matches "x\.y"/)
  assert.equal(answers.has('other'), false)
  assert.equal(answers.size, 7)
  assert.ok([...answers.values()].every(({result}) => result !== 'ignored'))
})

test('a signal is acted on once: the offset of the last one taken is part of the state', async t => {
  const {capture, execute} = await steering(t)
  await capture.connection.query(numberedTable('a', 10))
  const first = await capture.run(t)
  await first.waitForStreaming()
  await execute('one', 'a')
  await snapshotEnded(first, 'one')
  await first.stop()
  await execute('two', 'a')
  const second = await capture.run(t)
  await snapshotEnded(second, 'two')
  await second.stop('SIGKILL')
  const third = await capture.run(t)
  await third.waitForLog(({msg}) => msg === 'reading signals from the signal topic')
  await execute('three', 'a')
  await snapshotEnded(third, 'three')
  await third.stop()
  assert.deepEqual(
    second.log.filter(({fields}) => fields['signal'] === 'one').length +
      third.log.filter(({fields}) => fields['signal'] === 'one').length,
    0,
    'the retained history is not acted on again',
  )
})

test('a first start passes what the consumer group of Debezium’s channel has read, and reads the rest', async t => {
  const {kafka} = await integrationServers()
  const groupId = `group-${randomUUID()}`
  const {capture, topic, execute} = await steering(t, {'signal.kafka.groupId': groupId})
  await capture.connection.query(numberedTable('a', 5))
  await execute('read-0', 'a', 0)
  await execute('read-1', 'a', 1)
  await execute('unread-1', 'a', 1)
  await execute('unread-2', 'a', 2)
  const admin = new kafkajs.Kafka({brokers: [kafka.bootstrap], logLevel: kafkajs.logLevel.NOTHING}).admin()
  await admin.connect()
  t.after(async () => await admin.disconnect())
  const partitions = [0, 1].map(partition => ({partition, offset: '1'}))
  await admin.setOffsets({groupId, topic, partitions})
  const tidemark = await capture.run(t)
  for (const id of ['unread-1', 'unread-2']) await snapshotEnded(tidemark, id)
  const {signals} = await tidemark.status()
  assert.deepEqual(signals.map(({id}) => id).sort(), ['unread-1', 'unread-2'])
  const [group] = await admin.fetchOffsets({groupId, topics: [topic]})
  const left = group!.partitions
    .filter(({offset}) => offset !== '-1')
    .map(({partition, offset}) => ({partition, offset}))
  assert.deepEqual(left, partitions, 'the group is left as it is')
})

test('kill -9 between receiving a signal and starting its snapshot: it is acted on, and only once', async t => {
  const {capture, execute} = await steering(t)
  await capture.connection.query(numberedTable('a', 20))
  const random = randomFor(t)
  const ids: string[] = []
  for (let round = 0; round < 6; round++) {
    const tidemark = await capture.run(t)
    await tidemark.waitForStreaming()
    const id = `round-${round}`
    ids.push(id)
    await execute(id, 'a')
    await sleep(random.integer(0, 400))
    await tidemark.stop('SIGKILL')
  }
  const last = await capture.run(t)
  await execute('last', 'a')
  await snapshotEnded(last, 'last')
  await last.stop()
  const {snapshots, signals} = await storedState(capture)
  assert.deepEqual(signals.pending, [])
  assert.deepEqual(
    snapshots.map(({id, state}) => `${id} ${state}`),
    [...ids, 'last'].map(id => `${id} completed`),
    'each signal became one snapshot, in order of arrival',
  )
})

test('a topic that does not exist yet, and brokers that are away, are waited for; the stream does not wait', async t => {
  const {capture} = await steering(t, {'signal.kafka.bootstrap.servers': '127.0.0.1:9'})
  await capture.connection.query(numberedTable('a', 5))
  const tidemark = await capture.run(t)
  await tidemark.waitForStreaming()
  await tidemark.waitForLog(({msg}) => msg === 'cannot read the signal topic, will try again')
  await snapshotEnded(tidemark, await capture.snapshot(['a']))
  const {signalChannels} = (await tidemark.status()) as unknown as {signalChannels: {state: string; reason: string}[]}
  assert.equal(signalChannels[0]!.state, 'waiting')
  assert.match(signalChannels[0]!.reason, /ECONNREFUSED|closed|connect/i)
  const {code} = await tidemark.stop()
  assert.equal(code, 0)
})

test('a row in the signal table is refused with an answer where that channel is not enabled', async t => {
  const {capture, execute} = await steering(t, {'signal.enabled.channels': 'kafka'})
  await capture.connection.query(numberedTable('a', 5))
  const tidemark = await capture.run(t)
  await tidemark.waitForStreaming()
  const id = await capture.snapshot(['a'])
  const {result, reason} = await receipt(tidemark, id)
  assert.deepEqual([result, reason], ['ignored', 'the channel source is not enabled (signal.enabled.channels)'])
  await execute('over-kafka', 'a')
  await snapshotEnded(tidemark, 'over-kafka')
})
