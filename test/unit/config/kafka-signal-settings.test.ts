import assert from 'node:assert/strict'
import {writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {test, type TestContext} from 'node:test'
import {rootCertificates} from 'node:tls'
import type {KafkaSignalSettings} from '../../../src/config/settings.ts'
import {loadKeys, problemsOf, type ConfigKeys} from '../../support/config-file.ts'
import {tempFolder} from '../../support/temp-folder.ts'

async function signalSettings(t: TestContext, keys: ConfigKeys): Promise<KafkaSignalSettings> {
  const {settings} = await loadKeys(t, {'signal.enabled.channels': 'source,kafka', ...keys})
  assert.ok(settings.signals.kafka !== null)
  return settings.signals.kafka
}

test('the topic is <topic.prefix>-signal on the sink’s brokers, read from its beginning at first', async t => {
  const kafka = await signalSettings(t, {'bootstrap.servers': 'a:9092'})
  assert.deepEqual(kafka, {
    topic: 'shop-signal',
    bootstrapServers: ['a:9092'],
    clientId: 'tidemark-shop-signals',
    security: {tls: null, sasl: null},
    requestTimeoutMs: 30_000,
    groupId: 'kafka-signal',
    startFrom: 'earliest',
  })
})

test('without the channel there is no topic, whatever else is set', async t => {
  const {settings} = await loadKeys(t, {'bootstrap.servers': 'a:9092', 'signal.kafka.topic': 'x'})
  assert.equal(settings.signals.kafka, null)
})

test('signal.kafka.* and signal.consumer.* are the reader’s own', async t => {
  const kafka = await signalSettings(t, {
    'bootstrap.servers': 'a:9092',
    'signal.kafka.topic': 'steer',
    'signal.kafka.bootstrap.servers': 'PLAINTEXT://b:9093',
    'signal.consumer.auto.offset.reset': 'latest',
    'signal.consumer.client.id': 'me',
  })
  assert.deepEqual(
    [kafka.topic, kafka.bootstrapServers, kafka.startFrom, kafka.clientId],
    ['steer', ['b:9093'], 'latest', 'me'],
  )
})

test('each key of signal.consumer.* that is left out is the producer’s', async t => {
  const kafka = await signalSettings(t, {
    'bootstrap.servers': 'a:9092',
    'producer.override.security.protocol': 'SASL_PLAINTEXT',
    'producer.override.sasl.mechanism': 'PLAIN',
    'producer.override.sasl.username': 'writer',
    'producer.override.sasl.password': 'hidden-one',
    'signal.consumer.sasl.username': 'reader',
    'signal.consumer.sasl.password': 'hidden-two',
  })
  assert.deepEqual(kafka.security.sasl, {mechanism: 'plain', username: 'reader', password: 'hidden-two'})
})

test('a login of the reader’s own replaces the producer’s, however each is written; so do stores', async t => {
  const [ca, otherCa] = rootCertificates
  const kafka = await signalSettings(t, {
    'bootstrap.servers': 'a:9092',
    'producer.override.security.protocol': 'SASL_SSL',
    'producer.override.sasl.mechanism': 'SCRAM-SHA-512',
    'producer.override.sasl.jaas.config': 'ScramLoginModule required username="writer" password="hidden-one";',
    'producer.override.ssl.truststore.certificates': ca!,
    'signal.consumer.sasl.username': 'reader',
    'signal.consumer.sasl.password': 'hidden-two',
    'signal.consumer.ssl.truststore.location': await pemFile(t, otherCa!),
  })
  assert.deepEqual(kafka.security.sasl, {mechanism: 'scram-sha-512', username: 'reader', password: 'hidden-two'})
  assert.equal(kafka.security.tls?.ca, otherCa)
})

async function pemFile(t: TestContext, text: string): Promise<string> {
  const file = join(await tempFolder(t), 'ca.pem')
  await writeFile(file, text)
  return file
}

test('a password of the reader’s is a secret', async t => {
  const {settings} = await loadKeys(t, {
    'signal.enabled.channels': 'kafka',
    'bootstrap.servers': 'a:9092',
    'signal.consumer.security.protocol': 'SASL_PLAINTEXT',
    'signal.consumer.sasl.mechanism': 'PLAIN',
    'signal.consumer.sasl.jaas.config': 'PlainLoginModule required username="u" password="very-hidden";',
  })
  assert.ok(settings.secrets.includes('very-hidden'))
})

test('what is wrong is told by the key that was typed', async t => {
  const problems = await problemsOf(
    loadKeys(t, {
      'sink.type': 'stdout',
      'signal.enabled.channels': 'kafka',
      'signal.kafka.bootstrap.servers': 'nowhere',
      'signal.consumer.security.protocol': 'SASL_SSL',
      'signal.consumer.auto.offset.reset': 'none',
    }),
  )
  assert.deepEqual(problems.map(problem => problem.split(':')[0]).sort(), [
    'sasl.mechanism',
    'signal.consumer.auto.offset.reset',
    'signal.kafka.bootstrap.servers',
  ])
})

test('the channel needs brokers, be they the sink’s or its own', async t => {
  const problems = await problemsOf(loadKeys(t, {'sink.type': 'stdout', 'signal.enabled.channels': 'kafka'}))
  assert.match(
    problems[0]!,
    /^signal\.kafka\.bootstrap\.servers: it is missing; the signal channel kafka needs brokers/,
  )
})

test('keys of a consumer that have no meaning here are warned of, Debezium’s own are only noted', async t => {
  const {warnings, notes} = await loadKeys(t, {
    'signal.enabled.channels': 'kafka',
    'bootstrap.servers': 'a:9092',
    'signal.consumer.session.timeout.ms': '10000',
    'signal.kafka.poll.timeout.ms': '100',
    'signal.poll.interval.ms': '5000',
  })
  assert.deepEqual(warnings, [
    'signal.consumer.session.timeout.ms has no meaning here and is ignored: signals are read without a consumer group',
  ])
  assert.equal(
    notes.filter(note => /^signal\.(kafka\.poll\.timeout\.ms|poll\.interval\.ms) has no meaning/.test(note)).length,
    2,
  )
})
