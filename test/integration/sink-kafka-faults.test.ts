// The Kafka sink while the network and the broker fail. Each topic must hold every event once and in order.

import assert from 'node:assert/strict'
import {randomUUID} from 'node:crypto'
import {after, before, test, type TestContext} from 'node:test'
import kafkajs, {type Admin} from 'kafkajs'
import type {KafkaSinkSettings} from '../../src/config/settings.ts'
import {KafkaSink} from '../../src/sinks/kafka/kafka-sink.ts'
import type {SinkTopic} from '../../src/sinks/sink.ts'
import {eventually} from '../../tools/servers/eventually.ts'
import {runKafkaTool} from '../../tools/servers/kafka-package.ts'
import {startKafka, type KafkaServer} from '../../tools/servers/kafka-server.ts'
import {addEvent} from '../contract/sink-contract.ts'
import {onCleanUp} from '../support/clean-up.ts'
import {consumeTopic} from '../support/consume-topic.ts'
import {kafkaSinkSettings} from '../support/kafka-sink-settings.ts'
import {quietLog} from '../support/quiet-log.ts'
import {TcpProxy} from '../support/tcp-proxy.ts'

/** Kafka's API key of a produce request. */
const PRODUCE = 0

let kafka: KafkaServer
before(async () => {
  kafka = await startKafka({config: {'producer.id.expiration.check.interval.ms': '200'}})
})
after(() => kafka.stop())

interface Behind {
  readonly sink: KafkaSink
  readonly proxy: TcpProxy
  readonly topic: SinkTopic
}

/** A sink that reaches the broker through a proxy only, and a topic of its own. */
async function behindProxy(t: TestContext, change: Partial<KafkaSinkSettings> = {}): Promise<Behind> {
  const [host = '', port = ''] = kafka.bootstrap.split(':')
  const proxy = await TcpProxy.start(t, {host, port: Number(port)}, {protocol: 'kafka'})
  const route = () => ({host: '127.0.0.1', port: proxy.port})
  const sink = new KafkaSink({settings: kafkaSinkSettings(kafka.bootstrap, change), log: quietLog, route})
  await sink.open(AbortSignal.timeout(30_000))
  onCleanUp(t, () => sink.close(AbortSignal.timeout(1000)))
  const topic = await sink.topic(`faults.${randomUUID()}`)
  return {sink, proxy, topic}
}

async function openAdmin(t: TestContext): Promise<Admin> {
  const admin = new kafkajs.Kafka({brokers: [kafka.bootstrap], logLevel: kafkajs.logLevel.NOTHING}).admin()
  await admin.connect()
  onCleanUp(t, () => admin.disconnect())
  return admin
}

class Numbers {
  readonly #sink: KafkaSink
  readonly #topic: SinkTopic
  #next = 0

  constructor(sink: KafkaSink, topic: SinkTopic) {
    this.#sink = sink
    this.#topic = topic
  }

  /** Sends the next `count` numbers, `size` to a batch, without waiting in between. */
  async send(count: number, size: number): Promise<void> {
    const sends: Promise<void>[] = []
    for (const end = this.#next + count; this.#next < end;) {
      const batch = this.#topic.newBatch(0)
      for (let i = 0; i < size && this.#next < end; i++) {
        const n = this.#next++
        addEvent(this.#topic, batch, {key: String(n), value: `{"n":${n},"text":"${'x'.repeat(200)}"}`})
      }
      sends.push(this.#sink.send(batch))
    }
    await Promise.all(sends)
  }

  async assertAllThereOnce(): Promise<void> {
    const events = await consumeTopic(kafka.bootstrap, this.#topic.name)
    assert.deepEqual(
      events.map(event => Number(event.keyText)),
      Array.from({length: this.#next}, (_, n) => n),
    )
  }
}

const untilWaiting = (sink: KafkaSink): Promise<string> =>
  eventually({what: 'the sink to say that it waits', timeoutMs: 20_000, intervalMs: 5}, () => {
    const status = sink.status()
    return status.state === 'waiting' ? (status.reason ?? '') : undefined
  })

test('connections cut in the middle of requests lose nothing and double nothing', async t => {
  const {sink, proxy, topic} = await behindProxy(t, {compression: 'lz4'})
  const numbers = new Numbers(sink, topic)
  const before = proxy.connections
  proxy.cutEvery(30_000)
  await numbers.send(6000, 50)
  proxy.cutEvery(null)
  assert.ok(proxy.connections - before >= 3, `the proxy saw ${proxy.connections - before} new connections`)
  await numbers.assertAllThereOnce()
})

test('a time-out after the append does not double what was appended', async t => {
  const {sink, proxy, topic} = await behindProxy(t, {requestTimeoutMs: 1000})
  const numbers = new Numbers(sink, topic)
  await numbers.send(10, 1)
  proxy.deafen()
  await numbers.send(40, 2)
  assert.ok(proxy.swallowed > 0, 'an answer was lost on the way')
  await numbers.assertAllThereOnce()
})

test('a new partition whose first batch is lost does not take the second before it', async t => {
  const {sink, proxy, topic} = await behindProxy(t, {requestTimeoutMs: 1000})
  const numbers = new Numbers(sink, topic)
  proxy.loseNext(PRODUCE)
  await numbers.send(40, 2)
  assert.equal(proxy.lost, 1)
  await numbers.assertAllThereOnce()
})

test('a broker that cannot be reached for a while is waited for, and the status says why', async t => {
  const {sink, proxy, topic} = await behindProxy(t)
  const numbers = new Numbers(sink, topic)
  await numbers.send(5, 1)
  proxy.refuse(true)
  const sending = numbers.send(2000, 20)
  assert.match(await untilWaiting(sink), new RegExp(`topic ${topic.name} partition 0: `))
  proxy.refuse(false)
  await sending
  assert.equal(sink.status().state, 'open')
  await numbers.assertAllThereOnce()
})

test('a new topic is waited for, too, while the broker is away', async t => {
  const {sink, proxy} = await behindProxy(t)
  proxy.refuse(true)
  const wanted = sink.topic(`faults.${randomUUID()}`)
  assert.match(await untilWaiting(sink), /no metadata from Kafka/)
  proxy.refuse(false)
  const numbers = new Numbers(sink, await wanted)
  await numbers.send(10, 3)
  assert.equal(sink.status().state, 'open')
  await numbers.assertAllThereOnce()
})

test('closing while the broker is away ends with the patience of whoever closes', async t => {
  const {sink, proxy, topic} = await behindProxy(t)
  proxy.refuse(true)
  const sending = assert.rejects(new Numbers(sink, topic).send(10, 1), {code: 'TIDEMARK_SINK_CLOSED'})
  await untilWaiting(sink)
  await sink.close(AbortSignal.timeout(50))
  await sending
  assert.equal(sink.status().state, 'closed')
})

test('a producer id that the broker has let expire goes on without loss', async t => {
  const {sink, topic} = await behindProxy(t)
  const numbers = new Numbers(sink, topic)
  const letExpire = async (ms: number): Promise<void> => {
    const alter = [
      '--alter',
      '--entity-type',
      'brokers',
      '--entity-default',
      '--add-config',
      `producer.id.expiration.ms=${ms}`,
    ]
    await runKafkaTool('kafka.admin.ConfigCommand', ['--bootstrap-server', kafka.bootstrap, ...alter])
  }
  await numbers.send(20, 3)
  await letExpire(1000)
  onCleanUp(t, () => letExpire(86_400_000))
  const producers = async (): Promise<string> => {
    const describe = ['describe-producers', '--topic', topic.name, '--partition', '0']
    return await runKafkaTool('org.apache.kafka.tools.TransactionsCommand', [
      '--bootstrap-server',
      kafka.bootstrap,
      ...describe,
    ])
  }
  await eventually({what: 'the broker to forget the producer', timeoutMs: 30_000}, async () =>
    (await producers()).trimEnd().split('\n').length === 1 ? true : undefined,
  )
  await numbers.send(20, 3)
  await numbers.assertAllThereOnce()
})

for (const end of ['pause', 'kill'] as const) {
  test(`a broker that ends under load (${end}) and comes back after a while has every event once`, async t => {
    const {sink, topic} = await behindProxy(t)
    const numbers = new Numbers(sink, topic)
    await numbers.send(100, 10)
    const running = numbers.send(3000, 10)
    await kafka[end]()
    const more = numbers.send(500, 10)
    await untilWaiting(sink)
    await kafka.start()
    await Promise.all([running, more])
    await numbers.assertAllThereOnce()
  })
}

test('a topic deleted under the sink is waited for and named', async t => {
  const {sink, topic} = await behindProxy(t)
  const numbers = new Numbers(sink, topic)
  await numbers.send(5, 1)
  const admin = await openAdmin(t)
  await admin.deleteTopics({topics: [topic.name]})
  const sending = numbers.send(5, 1)
  assert.match(
    await untilWaiting(sink),
    new RegExp(`${topic.name} partition 0: .*(UNKNOWN_TOPIC_OR_PARTITION|NOT_LEADER)`),
  )
  // kafkajs would ask for the leaders at once, and a broker may not know the topic yet.
  await admin.createTopics({topics: [{topic: topic.name}], waitForLeaders: false})
  await sending
  const events = await consumeTopic(kafka.bootstrap, topic.name)
  assert.deepEqual(
    events.map(event => event.keyText),
    ['5', '6', '7', '8', '9'],
  )
})
