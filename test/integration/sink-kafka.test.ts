import assert from 'node:assert/strict'
import {randomUUID} from 'node:crypto'
import {test, type TestContext} from 'node:test'
import kafkajs, {type Admin} from 'kafkajs'
import type {KafkaSinkSettings} from '../../src/config/settings.ts'
import {KafkaSink} from '../../src/sinks/kafka/kafka-sink.ts'
import type {SinkTopic} from '../../src/sinks/sink.ts'
import {runKafkaTool} from '../../tools/servers/kafka-package.ts'
import {addEvent, sinkContract, type ReadEvent} from '../contract/sink-contract.ts'
import {onCleanUp} from '../support/clean-up.ts'
import {consumeTopic} from '../support/consume-topic.ts'
import {sharedKafka} from '../support/integration-servers.ts'
import {kafkaSinkSettings} from '../support/kafka-sink-settings.ts'
import {quietLog, rememberingLog} from '../support/quiet-log.ts'

const freshTopic = (): string => `sink-test.${randomUUID()}`

async function openSink(t: TestContext, change: Partial<KafkaSinkSettings> = {}): Promise<KafkaSink> {
  const {bootstrap} = await sharedKafka()
  const sink = new KafkaSink({settings: kafkaSinkSettings(bootstrap, change), log: quietLog})
  await sink.open(AbortSignal.timeout(30_000))
  onCleanUp(t, () => sink.close(AbortSignal.timeout(5000)))
  return sink
}

async function openAdmin(t: TestContext): Promise<Admin> {
  const {bootstrap} = await sharedKafka()
  const admin = new kafkajs.Kafka({brokers: [bootstrap], logLevel: kafkajs.logLevel.NOTHING}).admin()
  await admin.connect()
  onCleanUp(t, () => admin.disconnect())
  return admin
}

interface Load {
  readonly partition?: number
  readonly count: number
  readonly size: number
}

/** Sends `count` numbered events in batches of `size`, all at once. */
async function sendNumbers(sink: KafkaSink, topic: SinkTopic, {partition = 0, count, size}: Load): Promise<void> {
  const sends: Promise<void>[] = []
  for (let n = 0; n < count;) {
    const batch = topic.newBatch(partition)
    for (let i = 0; i < size && n < count; i++, n++)
      addEvent(topic, batch, {key: `{"id":${n}}`, value: `{"n":${n},"text":"${'tide '.repeat(20)}"}`})
    sends.push(sink.send(batch))
  }
  await Promise.all(sends)
}

async function numbers(topicName: string, partition: number): Promise<number[]> {
  const {bootstrap} = await sharedKafka()
  const events = await consumeTopic(bootstrap, topicName)
  return events.filter(e => e.partition === partition).map(e => (JSON.parse(e.valueText ?? '') as {n: number}).n)
}

const upTo = (count: number): number[] => Array.from({length: count}, (_, n) => n)

sinkContract('kafka', async () => {
  const {bootstrap} = await sharedKafka()
  const parse = (text: string | null): unknown => (text === null ? null : JSON.parse(text))
  const read = async (topicName: string, partition: number): Promise<ReadEvent[]> => {
    const events = await consumeTopic(bootstrap, topicName)
    return events
      .filter(event => event.partition === partition)
      .map(({keyText, valueText, headers}) => ({
        key: parse(keyText),
        value: parse(valueText),
        ...(Object.keys(headers).length === 0
          ? {}
          : {headers: Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, parse(text)]))}),
      }))
  }
  return {sink: new KafkaSink({settings: kafkaSinkSettings(bootstrap), log: quietLog}), topicName: freshTopic(), read}
})

for (const compression of ['none', 'lz4', 'gzip'] as const) {
  test(`kafka: the broker takes batches with compression ${compression}, and kafkajs and Kafka's own consumer read them`, async t => {
    const {bootstrap} = await sharedKafka()
    const sink = await openSink(t, {compression})
    const topic = await sink.topic(freshTopic())
    await sendNumbers(sink, topic, {count: 5000, size: 1000})
    await sendNumbers(sink, topic, {count: 3, size: 1})
    assert.deepEqual(await numbers(topic.name, 0), [...upTo(5000), ...upTo(3)])
    const arrays = [
      '--bootstrap-server',
      bootstrap,
      '--topic',
      topic.name,
      '--from-beginning',
      '--max-messages',
      '5003',
    ]
    const text = await runKafkaTool('org.apache.kafka.tools.consumer.ConsoleConsumer', [
      ...arrays,
      '--timeout-ms',
      '20000',
    ])
    const seen = text
      .trimEnd()
      .split('\n')
      .map(line => (JSON.parse(line) as {n: number}).n)
    assert.deepEqual(seen, [...upTo(5000), ...upTo(3)])
  })
}

test('kafka: the partitions of a topic keep an order each', async t => {
  const groups = [{name: 'default', include: [], exclude: [], replicationFactor: 1, partitions: 3, configEntries: {}}]
  const sink = await openSink(t, {topicCreation: {enabled: true, groups}})
  const topic = await sink.topic(freshTopic())
  assert.equal(topic.partitions, 3)
  await Promise.all([0, 1, 2].map(partition => sendNumbers(sink, topic, {partition, count: 300 + partition, size: 7})))
  for (const partition of [0, 1, 2]) assert.deepEqual(await numbers(topic.name, partition), upTo(300 + partition))
})

test('kafka: a missing topic is created with the settings of the first group that matches', async t => {
  const name = freshTopic()
  const compacted = {
    name: 'compacted',
    include: [/^sink-test\..*$/],
    exclude: [/^.*x-excluded$/],
    replicationFactor: -1,
    partitions: 2,
  }
  const fallback = {name: 'default', include: [], exclude: [], replicationFactor: 1, partitions: -1, configEntries: {}}
  const groups = [fallback, {...compacted, configEntries: {'cleanup.policy': 'compact'}}]
  const sink = await openSink(t, {topicCreation: {enabled: true, groups}})
  const [matching, excluded] = await Promise.all([sink.topic(name), sink.topic(`${name}.x-excluded`)])
  assert.deepEqual([matching.partitions, excluded.partitions], [2, 1])
  const admin = await openAdmin(t)
  const policies = await Promise.all(
    [matching, excluded].map(async topic => {
      const resources = [{type: kafkajs.ConfigResourceTypes.TOPIC, name: topic.name, configNames: ['cleanup.policy']}]
      const answer = await admin.describeConfigs({resources, includeSynonyms: false})
      return answer.resources[0]?.configEntries[0]?.configValue
    }),
  )
  assert.deepEqual(policies, ['compact', 'delete'])
})

test('kafka: a hundred topics wanted at once are all made and written to', async t => {
  const {bootstrap} = await sharedKafka()
  const log = rememberingLog()
  const sink = new KafkaSink({settings: kafkaSinkSettings(bootstrap), log})
  await sink.open(AbortSignal.timeout(30_000))
  onCleanUp(t, () => sink.close())
  const names = Array.from({length: 100}, freshTopic)
  const topics = await Promise.all(names.map(name => sink.topic(name)))
  assert.equal(log.lines.filter(line => line.sentence === 'topic created').length, 100)
  await Promise.all(topics.map(topic => sendNumbers(sink, topic, {count: 2, size: 1})))
  const admin = await openAdmin(t)
  for (const name of names) assert.equal((await admin.fetchTopicOffsets(name))[0]?.high, '2')
})

test('kafka: a topic that takes only small batches gets small batches', async t => {
  const name = freshTopic()
  const admin = await openAdmin(t)
  await admin.createTopics({topics: [{topic: name, configEntries: [{name: 'max.message.bytes', value: '20000'}]}]})
  const sink = await openSink(t)
  const topic = await sink.topic(name)
  assert.ok(topic.batchBytes <= 20_000)
  await sendNumbers(sink, topic, {count: 1000, size: 100})
  assert.deepEqual(await numbers(name, 0), upTo(1000))
})

test('kafka: events that only together are above the limit of the topic go through', async t => {
  const name = freshTopic()
  const admin = await openAdmin(t)
  await admin.createTopics({topics: [{topic: name, configEntries: [{name: 'max.message.bytes', value: '20000'}]}]})
  const sink = await openSink(t)
  const topic = await sink.topic(name)
  const batch = topic.newBatch(0)
  const sizes = [10, 15_000, 10, 15_000, 19_000, 5]
  sizes.forEach((size, n) =>
    addEvent(topic, batch, {key: `{"id":${n}}`, value: `{"n":${n},"text":"${'x'.repeat(size)}"}`}),
  )
  await sink.send(batch)
  assert.deepEqual(await numbers(name, 0), upTo(sizes.length))
})

test("kafka: an event above the topic's max.message.bytes ends the sink with the command that mends it", async t => {
  const name = freshTopic()
  const admin = await openAdmin(t)
  await admin.createTopics({topics: [{topic: name, configEntries: [{name: 'max.message.bytes', value: '20000'}]}]})
  const sink = await openSink(t)
  const topic = await sink.topic(name)
  const batch = topic.newBatch(0)
  addEvent(topic, batch, {key: '1', value: `"${'x'.repeat(30_000)}"`})
  await assert.rejects(sink.send(batch), {
    code: 'TIDEMARK_KAFKA_MESSAGE_TOO_LARGE',
    message: new RegExp(`an event of 30\\d+ bytes .*--entity-name ${name} --add-config max.message.bytes=32768`),
  })
  assert.equal(sink.status().state, 'closed')
})

test('kafka: an event without a key into a compacted topic is refused in words', async t => {
  const name = freshTopic()
  const admin = await openAdmin(t)
  await admin.createTopics({topics: [{topic: name, configEntries: [{name: 'cleanup.policy', value: 'compact'}]}]})
  const sink = await openSink(t)
  const topic = await sink.topic(name)
  const batch = topic.newBatch(0)
  addEvent(topic, batch, {key: null, value: '1'})
  await assert.rejects(sink.send(batch), {code: 'TIDEMARK_KAFKA_INVALID_RECORD', message: /compacted topic/})
})

test('kafka: a topic name that Kafka does not take is refused and leaves the others alone', async t => {
  const sink = await openSink(t)
  const good = freshTopic()
  const [bad, fine] = await Promise.allSettled([sink.topic('a b/c'), sink.topic(good)])
  assert.equal(fine.status, 'fulfilled')
  assert.equal(bad.status, 'rejected')
  await assert.rejects(sink.topic('a b/c'), {code: 'TIDEMARK_KAFKA_INVALID_TOPIC_EXCEPTION'})
})

test('kafka: more replicas than brokers are refused with what to set', async t => {
  const groups = [{name: 'default', include: [], exclude: [], replicationFactor: 99, partitions: 1, configEntries: {}}]
  const sink = await openSink(t, {topicCreation: {enabled: true, groups}})
  await assert.rejects(sink.topic(freshTopic()), {
    code: 'TIDEMARK_KAFKA_INVALID_REPLICATION_FACTOR',
    message: /replication\.factor/,
  })
})

test('kafka: where nobody listens, open waits, says so, and gives up with its signal', async () => {
  const log = rememberingLog()
  const sink = new KafkaSink({settings: kafkaSinkSettings('127.0.0.1:1'), log})
  const opening = sink.open(AbortSignal.timeout(300))
  await assert.rejects(opening, {code: 'TIDEMARK_KAFKA_UNREACHABLE', message: /127\.0\.0\.1:1 .*bootstrap\.servers/})
  assert.equal(log.lines.filter(line => line.sentence === 'sink waits').length, 1)
  assert.equal(sink.status().state, 'waiting')
  await sink.close()
})

test('kafka: a compression that cannot be written is refused by name', () => {
  const make = () => new KafkaSink({settings: kafkaSinkSettings('127.0.0.1:1', {compression: 'zstd'}), log: quietLog})
  assert.throws(make, {code: 'TIDEMARK_CONFIG_INVALID', message: /found zstd.*none, gzip, lz4/})
})
