// A broker that asks for passwords and certificates: every way in, for events and signals, and what is said where there is none.

import assert from 'node:assert/strict'
import {randomUUID} from 'node:crypto'
import {join} from 'node:path'
import {after, before, test, type TestContext} from 'node:test'
import kafkajs, {type KafkaConfig} from 'kafkajs'
import {runCommand} from '../../tools/servers/run-command.ts'
import {numberedTable, prepareCapture, receipt, snapshotEnded, type Capture} from '../support/capture.ts'
import {eventsInKafka} from '../support/consume-topic.ts'
import {changeOf} from '../support/observed-events.ts'
import {securedKafka, type SecuredKafka, type SecuredListener} from '../support/secured-kafka.ts'
import {tempFolder} from '../support/temp-folder.ts'
import type {Config} from '../support/tidemark-config.ts'
import {runTidemark, type TidemarkProcess} from '../support/tidemark-process.ts'

let kafka: SecuredKafka

before(async () => {
  kafka = await securedKafka()
})
after(async () => await kafka.stop())

interface Way {
  readonly listener: SecuredListener
  /** Kafka's keys, without a prefix. */
  readonly keys: () => Config
  readonly client: () => Pick<KafkaConfig, 'ssl' | 'sasl'>
}

const login = (): {username: string; password: string} => ({username: kafka.user.name, password: kafka.user.password})
const jaas = (password: string): Config => ({
  'sasl.jaas.config': `org.apache.kafka.common.security.plain.PlainLoginModule required username="${kafka.user.name}" password="${password}";`,
})

const WAYS: Readonly<Record<string, Way>> = {
  'SASL PLAIN': {
    listener: 'password',
    keys: () => ({
      'security.protocol': 'SASL_PLAINTEXT',
      'sasl.mechanism': 'PLAIN',
      ...jaas(kafka.user.password),
    }),
    client: () => ({sasl: {mechanism: 'plain', ...login()}}),
  },
  'SCRAM-SHA-256': {
    listener: 'password',
    keys: () => ({
      'security.protocol': 'SASL_PLAINTEXT',
      'sasl.mechanism': 'SCRAM-SHA-256',
      ...jaas(kafka.user.password),
    }),
    client: () => ({sasl: {mechanism: 'scram-sha-256', ...login()}}),
  },
  TLS: {
    listener: 'tls',
    keys: () => ({'security.protocol': 'SSL', 'ssl.truststore.location': kafka.authority.file}),
    client: () => ({ssl: {ca: kafka.authority.pem}}),
  },
  'TLS with a client certificate': {
    listener: 'certificate',
    keys: () => ({
      'security.protocol': 'SSL',
      'ssl.truststore.certificates': kafka.authority.pem,
      'ssl.keystore.type': 'PEM',
      'ssl.keystore.location': kafka.client.file,
    }),
    client: () => ({
      ssl: {ca: kafka.authority.pem, cert: kafka.client.certificate, key: kafka.client.key},
    }),
  },
  'SCRAM-SHA-512 over TLS': {
    listener: 'both',
    keys: () => ({
      'security.protocol': 'SASL_SSL',
      'sasl.mechanism': 'SCRAM-SHA-512',
      'sasl.username': kafka.user.name,
      'sasl.password': kafka.user.password,
      'ssl.truststore.location': kafka.authority.file,
    }),
    client: () => ({ssl: {ca: kafka.authority.pem}, sasl: {mechanism: 'scram-sha-512', ...login()}}),
  },
}

const prefixed = (prefix: string, keys: Config): Config =>
  Object.fromEntries(Object.entries(keys).map(([key, value]) => [`${prefix}${key}`, value]))

async function capturing(t: TestContext, config: Config): Promise<Capture> {
  const capture = await prepareCapture(t, {prefix: 'secured', config: {'sink.type': 'kafka', ...config}})
  await capture.connection.query(numberedTable('orders', 20))
  return capture
}

async function command(t: TestContext, capture: Capture, name: string, args: readonly string[] = []) {
  const folder = await tempFolder(t)
  const tidemark = await runTidemark(t, {command: name, config: capture.config, folder, args})
  const {code} = await tidemark.ended
  const out = tidemark.stdout + tidemark.stderr
  assertNoSecret(out)
  return {code, out}
}

function assertNoSecret(text: string): void {
  const keyLine = kafka.client.key.split('\n')[1]!
  for (const secret of [kafka.user.password, 'not-the-word', keyLine]) {
    assert.ok(!text.includes(secret), 'a secret is shown')
  }
}

async function typeSignal(way: Way, topic: string, key: string, value: object): Promise<void> {
  const brokers = [kafka.at(way.listener)]
  const producer = new kafkajs.Kafka({brokers, logLevel: kafkajs.logLevel.NOTHING, ...way.client()}).producer()
  await producer.connect()
  await producer.send({topic, messages: [{key, value: JSON.stringify(value)}]})
  await producer.disconnect()
}

for (const [name, way] of Object.entries(WAYS)) {
  test(`${name}: events arrive, and a signal of the topic is answered, with the producer’s settings`, async t => {
    const topic = `signals-${randomUUID()}`
    const capture = await capturing(t, {
      'bootstrap.servers': kafka.at(way.listener),
      ...way.keys(),
      'signal.enabled.channels': 'kafka',
      'signal.kafka.topic': topic,
    })
    const database = capture.database.name
    const tidemark = await capture.run(t)
    await tidemark.waitForStreaming()
    await capture.connection.query("INSERT INTO orders VALUES (21, 'streamed')")
    const data = {'data-collections': [`${database}.orders`]}
    await typeSignal(way, topic, database, {id: 'typed', type: 'execute-snapshot', data})
    assert.deepEqual(await receipt(tidemark, 'typed'), {result: 'accepted', reason: null})
    await snapshotEnded(tidemark, 'typed')
    assert.equal((await tidemark.stop()).code, 0)
    assertNoSecret(tidemark.stderr)
    const events = await eventsInKafka(kafka.at(way.listener), capture.topic('orders'), way.client())
    assert.deepEqual(
      events
        .map(event => changeOf(event)?.op)
        .sort()
        .join(''),
      `c${'r'.repeat(21)}`,
    )
  })
}

test('the signal topic has its own security, and check, signal and verify go both ways in', async t => {
  const events = WAYS['SCRAM-SHA-512 over TLS']!
  const signals = WAYS['SASL PLAIN']!
  const capture = await capturing(t, {
    'bootstrap.servers': kafka.at(events.listener),
    ...prefixed('producer.override.', events.keys()),
    'signal.enabled.channels': 'kafka',
    'signal.kafka.topic': `signals-${randomUUID()}`,
    'signal.kafka.bootstrap.servers': kafka.at(signals.listener),
    ...prefixed('signal.consumer.', signals.keys()),
  })
  const tidemark = await capture.run(t)
  await tidemark.waitForStreaming()
  const sent = await command(t, capture, 'signal', [
    ...['execute-snapshot', `${capture.database.name}.orders`],
    ...['--channel', 'kafka', '--id', 'sent'],
  ])
  assert.equal(sent.code, 0, sent.out)
  await snapshotEnded(tidemark, 'sent')
  const checked = await command(t, capture, 'check')
  assert.equal(checked.code, 0, checked.out)
  assert.match(checked.out, /answers, and takes the account/)
  assert.match(checked.out, /signal topic.*can be read/)
  const verified = await command(t, capture, 'verify')
  assert.equal(verified.code, 0, verified.out)
  await tidemark.stop()
  assertNoSecret(tidemark.stderr)
})

interface Refusal {
  readonly listener: SecuredListener
  readonly keys: () => Config
  /** With the keys to mend; PREFIX is where those of the signal topic have theirs. */
  readonly says: string
}

const REFUSALS: Readonly<Record<string, Refusal>> = {
  'a wrong password (PLAIN)': {
    listener: 'password',
    keys: () => ({...WAYS['SASL PLAIN']!.keys(), ...jaas('not-the-word')}),
    says: 'refuses the login: .*; mend the user and password of PREFIXsasl.jaas.config, or PREFIXsasl.mechanism',
  },
  'a wrong password (SCRAM)': {
    listener: 'password',
    keys: () => ({...WAYS['SCRAM-SHA-256']!.keys(), ...jaas('not-the-word')}),
    says: 'refuses the login: .*; mend the user and password of PREFIXsasl.jaas.config, or PREFIXsasl.mechanism',
  },
  'a mechanism that is not offered': {
    listener: 'both',
    keys: () => ({...WAYS['SCRAM-SHA-512 over TLS']!.keys(), 'sasl.mechanism': 'PLAIN'}),
    says: 'mechanism.*; set PREFIXsasl.mechanism to one that the brokers offer',
  },
  'an unknown authority': {
    listener: 'tls',
    keys: () => ({'security.protocol': 'SSL', 'ssl.truststore.location': kafka.stranger.file}),
    says: 'no trusted TLS connection .*; mend PREFIXssl.truststore.location .*the authority that signed',
  },
  'no client certificate': {
    listener: 'certificate',
    keys: () => ({'security.protocol': 'SSL', 'ssl.truststore.location': kafka.authority.file}),
    says: 'alert .*certificate.*; the brokers want a client certificate that they trust: mend PREFIXssl.keystore.location',
  },
  'a certificate for another host': {
    listener: 'elsewhere',
    keys: () => ({'security.protocol': 'SSL', 'ssl.truststore.location': kafka.authority.file}),
    says: "127.0.0.1 is not in the cert's list.*set PREFIXssl.endpoint.identification.algorithm to an empty text",
  },
}

for (const [name, {listener, keys, says}] of Object.entries(REFUSALS)) {
  test(
    `${name} ends the start with the key to mend, for events and for signals; check says the same`,
    {timeout: 90_000},
    async t => {
      const channel = {'signal.enabled.channels': 'kafka', 'signal.kafka.topic': `signals-${randomUUID()}`}
      const events = await capturing(t, {'bootstrap.servers': kafka.at(listener), ...keys()})
      const signals = await capturing(t, {
        ...{'sink.type': 'file', 'sink.file.path': join(await tempFolder(t), 'events.jsonl')},
        ...{...channel, 'signal.kafka.bootstrap.servers': kafka.at(listener)},
        ...prefixed('signal.consumer.', keys()),
      })
      const wanted = (prefix: string): RegExp =>
        new RegExp(says.replaceAll('PREFIX', prefix).replaceAll('.sasl', '\\.sasl'))
      for (const [capture, prefix] of [
        [events, ''],
        [signals, 'signal.consumer.'],
      ] as const) {
        const [checked, run] = await Promise.all([command(t, capture, 'check'), command(t, capture, 'run')])
        assert.equal(checked.code, 3, checked.out)
        assert.match(checked.out, wanted(prefix))
        assert.equal(run.code, 3, run.out)
        assert.match(run.out, wanted(prefix))
      }
    },
  )
}

test('a listener that speaks another protocol is waited for, and the reason names security.protocol', async t => {
  const capture = await capturing(t, {'bootstrap.servers': kafka.at('tls')})
  const tidemark: TidemarkProcess = await capture.run(t)
  const {fields} = await tidemark.waitForLog('sink waits')
  assert.match(String(fields['reason']), /security\.protocol is not what this listener of the brokers speaks/)
  await tidemark.stop()
})

test('the name of the host goes unchecked where the algorithm is empty', async t => {
  const capture = await capturing(t, {
    'bootstrap.servers': kafka.at('elsewhere'),
    ...REFUSALS['a certificate for another host']!.keys(),
    'ssl.endpoint.identification.algorithm': '',
  })
  const {code, out} = await command(t, capture, 'check')
  assert.equal(code, 0, out)
})

test('a Java store is refused with the command that makes PEM of it, and that PEM does', async t => {
  const folder = await tempFolder(t)
  const store = join(folder, 'trust.jks')
  const password = ['-storepass', 'changeit']
  await runCommand('keytool', [
    ...['-importcert', '-noprompt', '-alias', 'ca', '-file', kafka.authority.file],
    ...['-keystore', store, '-storetype', 'JKS', ...password],
  ])
  const keys = {'bootstrap.servers': kafka.at('tls'), 'security.protocol': 'SSL'}
  const refused = await capturing(t, {...keys, 'ssl.truststore.location': store, 'ssl.truststore.password': 'changeit'})
  const {code, out} = await command(t, refused, 'check')
  assert.equal(code, 2, out)
  const [, tool = ''] = /ssl\.truststore\.location: .*is no PEM file; .*`keytool ([^`]*) > [^`]*`/.exec(out) ?? []
  assert.notEqual(tool, '', out)
  const pem = await runCommand('keytool', [...tool.split(' '), ...password])
  const capture = await capturing(t, {...keys, 'ssl.truststore.certificates': pem})
  const checked = await command(t, capture, 'check')
  assert.equal(checked.code, 0, checked.out)
})
