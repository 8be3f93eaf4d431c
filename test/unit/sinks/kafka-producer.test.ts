import assert from 'node:assert/strict'
import {test} from 'node:test'
import fc from 'fast-check'
import {KafkaProducer} from '../../../src/sinks/kafka/kafka-producer.ts'
import {WaitReasons} from '../../../src/sinks/kafka/wait-reasons.ts'
import {RecordBatch, type Compression} from '../../../src/sinks/record-batch.ts'
import type {SinkTopic} from '../../../src/sinks/sink.ts'
import {WriterPool} from '../../../src/sinks/writer-pool.ts'
import {quietLog} from '../../support/quiet-log.ts'
import {SimulatedKafka, type Fault} from '../../support/simulated-kafka.ts'

const pool = new WriterPool(1024)

function producerOf(kafka: SimulatedKafka, compression: Compression = 'none', maxRequestBytes = 1024): KafkaProducer {
  return new KafkaProducer({
    cluster: {link: node => kafka.link(node), initProducerId: () => Promise.resolve({producerId: 9n, epoch: 0})},
    catalog: {leader: (topic, partition) => kafka.leader(topic, partition), refresh: () => Promise.resolve()},
    identity: {producerId: 8n, epoch: 0},
    compression,
    maxRequestBytes,
    brokerTimeoutMs: 1000,
    brokers: 'simulated',
    log: quietLog,
    waits: new WaitReasons(quietLog),
    restMs: () => 0,
  })
}

function batchOf(topicName: string, partition: number, values: readonly string[]): RecordBatch {
  const topic: SinkTopic = {name: topicName, partitions: 8, batchBytes: 1024, newBatch: () => assert.fail()}
  const batch = new RecordBatch({topic, partition, mostBytes: 300, pool})
  for (const value of values) {
    batch.begin(null, 0, 0, value.length, null)
    batch.writer.writeAscii(value)
    batch.end()
  }
  return batch
}

const fault: fc.Arbitrary<Fault> = fc.oneof(
  {weight: 3, arbitrary: fc.constant<Fault>({type: 'none'})},
  fc
    .record({
      type: fc.constant('code' as const),
      code: fc.constantFrom(-1, 2, 3, 5, 6, 7, 9, 19, 20, 46, 56),
      appended: fc.boolean(),
    })
    .map(
      // A broker says DUPLICATE_SEQUENCE_NUMBER only of what is in its log.
      f => (f.code === 46 ? {...f, appended: true} : f),
    ),
  fc.record({type: fc.constant('cut' as const), appended: fc.boolean()}),
  fc.constant<Fault>({type: 'move'}),
  fc.constant<Fault>({type: 'refuse'}),
)

const send = fc.record({
  topic: fc.constantFrom('a', 'b'),
  partition: fc.nat(2),
  count: fc.integer({min: 1, max: 4}),
  pause: fc.boolean(),
})

test('whatever fails, every event stands in its partition once and in the order of the sends', () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(send, {minLength: 1, maxLength: 40}),
      fc.array(fault, {maxLength: 25}),
      fc.constantFrom<Compression>('none', 'gzip'),
      async (sends, faults, compression) => {
        const kafka = new SimulatedKafka(3, faults)
        const producer = producerOf(kafka, compression)
        const wanted = new Map<string, string[]>()
        const acknowledged: Promise<void>[] = []
        let n = 0
        for (const {topic, partition, count, pause} of sends) {
          const values = Array.from({length: count}, () => String(n++))
          const list = wanted.get(`${topic} ${partition}`) ?? []
          wanted.set(`${topic} ${partition}`, list)
          list.push(...values)
          const upTo = list.length
          const sent = producer.send(batchOf(topic, partition, values))
          // What is acknowledged is in the log, with all before it.
          acknowledged.push(
            sent.then(() => assert.deepEqual(kafka.values(topic, partition).slice(0, upTo), list.slice(0, upTo))),
          )
          if (pause) await new Promise(resolve => setImmediate(resolve))
        }
        await Promise.all(acknowledged)
        await producer.idle()
        for (const [key, values] of wanted) {
          const [topic, partition] = key.split(' ') as [string, string]
          assert.deepEqual(kafka.values(topic, Number(partition)), values)
        }
        assert.ok(kafka.mostInFlight <= 5)
        assert.equal(producer.failure, null)
      },
    ),
    {numRuns: 300},
  ))

test('partitions that are ready together share a request', async () => {
  const kafka = new SimulatedKafka(1, [])
  const producer = producerOf(kafka, 'none', 1024 * 1024)
  await Promise.all(Array.from({length: 100}, (_, i) => producer.send(batchOf(`t${i}`, 0, ['x']))))
  assert.equal(kafka.requests, 1)
})

test('a request is not filled beyond max.request.size', async () => {
  const kafka = new SimulatedKafka(1, [])
  const producer = producerOf(kafka, 'none', 1000)
  await Promise.all(Array.from({length: 6}, (_, i) => producer.send(batchOf(`t${i}`, 0, ['x'.repeat(300)]))))
  assert.equal(kafka.requests, 3)
})

test('a producer that the broker has lost track of goes on under a new epoch', async () => {
  const kafka = new SimulatedKafka(1, [])
  const producer = producerOf(kafka)
  for (const value of ['1', '2', '3']) await producer.send(batchOf('t', 0, [value]))
  kafka.truncate('t', 0, 1, 1)
  await Promise.all(['4', '5', '6'].map(value => producer.send(batchOf('t', 0, [value]))))
  assert.deepEqual(kafka.values('t', 0), ['1', '2', '4', '5', '6'])
})

test('what the broker took out of turn, having lost track in between, comes again behind what it follows', async () => {
  const kafka = new SimulatedKafka(1, [{type: 'none'}, {type: 'recreate'}])
  const producer = producerOf(kafka)
  await producer.send(batchOf('t', 0, ['1']))
  await Promise.all(['2', '3', '4'].map(value => producer.send(batchOf('t', 0, [value]))))
  assert.deepEqual(kafka.values('t', 0), ['3', '4', '2', '3', '4'])
})

test('a refusal that an operator must mend ends everything, with the topic and what to do', async () => {
  const kafka = new SimulatedKafka(1, [{type: 'code', code: 29, appended: false}])
  const producer = producerOf(kafka)
  const wanted = {
    code: 'TIDEMARK_KAFKA_TOPIC_AUTHORIZATION_FAILED',
    message: /topic shop\.orders partition 1: .*kafka-acls/,
  }
  const sends = ['1', '2', '3'].map(value => producer.send(batchOf('shop.orders', 1, [value])))
  for (const sent of sends) await assert.rejects(sent, wanted)
  await assert.rejects(producer.send(batchOf('other', 0, ['4'])), wanted)
  await producer.idle()
})

test('an event above max.request.size is refused with the setting that lets it through', async () => {
  const producer = producerOf(new SimulatedKafka(1, []))
  await assert.rejects(producer.send(batchOf('shop.docs', 0, ['x'.repeat(2000)])), {
    code: 'TIDEMARK_KAFKA_MESSAGE_TOO_LARGE',
    message:
      /an event of 20\d\d bytes to topic shop\.docs: max\.request\.size is 1024; set producer\.override\.max\.request\.size=4096 .*--entity-name shop\.docs/,
  })
})
