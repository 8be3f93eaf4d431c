import assert from 'node:assert/strict'
import {generateKeyPairSync} from 'node:crypto'
import {writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {test, type TestContext} from 'node:test'
import {rootCertificates} from 'node:tls'
import type {KafkaSinkSettings} from '../../../src/config/settings.ts'
import {loadKeys, problemsOf, type ConfigKeys} from '../../support/config-file.ts'
import {tempFolder} from '../../support/temp-folder.ts'

async function kafkaSettings(t: TestContext, keys: ConfigKeys): Promise<KafkaSinkSettings> {
  const {settings} = await loadKeys(t, {'bootstrap.servers': 'a:9092', ...keys})
  assert.ok(settings.sink.type === 'kafka')
  return settings.sink
}

test('brokers alone give plain connections, no compression and topics by the broker’s defaults', async t => {
  const sink = await kafkaSettings(t, {'bootstrap.servers': 'a:9092,PLAINTEXT://b:9093,[::1]:9094'})
  assert.deepEqual(sink.bootstrapServers, ['a:9092', 'b:9093', '[::1]:9094'])
  assert.deepEqual(sink.security, {tls: null, sasl: null})
  assert.equal(sink.compression, 'none')
  assert.equal(sink.clientId, 'tidemark-shop')
  assert.equal(sink.maxRequestBytes, 1_048_576)
  const [group] = sink.topicCreation.groups
  assert.equal(sink.topicCreation.enabled, true)
  assert.equal(group!.replicationFactor, -1)
  assert.equal(group!.partitions, -1)
  assert.ok(group!.include[0]!.test('shop.shop.orders'))
})

test('producer.override goes before producer, which goes before the plain key', async t => {
  const sink = await kafkaSettings(t, {
    'compression.type': 'gzip',
    'producer.compression.type': 'snappy',
    'producer.override.compression.type': 'LZ4',
    'request.timeout.ms': 1000,
    'producer.request.timeout.ms': '2000',
  })
  assert.equal(sink.compression, 'lz4')
  assert.equal(sink.requestTimeoutMs, 2000)
})

test('a problem of a producer key is told by the key that was typed', async t => {
  const problems = await problemsOf(
    loadKeys(t, {'bootstrap.servers': 'a:9092', 'producer.override.compression.type': 'brotli'}),
  )
  assert.match(problems[0]!, /^producer\.override\.compression\.type: found "brotli", wanted one of none, gzip/)
})

test('producer keys that are not supported are warned of, the usual guarantees are not', async t => {
  const {warnings} = await loadKeys(t, {
    'bootstrap.servers': 'a:9092',
    'producer.acks': 'all',
    'producer.override.acks': '1',
    'producer.linger.ms': 5,
    'producer.interceptor.classes': 'x',
  })
  assert.deepEqual(warnings, [
    'producer.interceptor.classes is not supported and is ignored',
    'producer.override.acks is ignored: events are always written with acks=all',
  ])
})

test('SASL user and password come from a JAAS text or from keys of their own', async t => {
  const jaas = `org.apache.kafka.common.security.scram.ScramLoginModule required username="u" password="a\\"b;c" ;`
  const scram = await kafkaSettings(t, {
    'security.protocol': 'SASL_PLAINTEXT',
    'sasl.mechanism': 'SCRAM-SHA-512',
    'sasl.jaas.config': jaas,
  })
  assert.deepEqual(scram.security, {
    tls: null,
    sasl: {mechanism: 'scram-sha-512', username: 'u', password: 'a"b;c'},
  })
  const plain = await kafkaSettings(t, {
    'security.protocol': 'SASL_SSL',
    'sasl.mechanism': 'PLAIN',
    'sasl.username': 'u',
    'sasl.password': 'p4ss',
  })
  assert.deepEqual(plain.security.sasl, {mechanism: 'plain', username: 'u', password: 'p4ss'})
  assert.deepEqual(plain.security.tls, {ca: null, cert: null, key: null, passphrase: null, verifyHostname: true})
})

test('SASL without a mechanism or a user is refused', async t => {
  const base = {'bootstrap.servers': 'a:9092', 'security.protocol': 'SASL_SSL'}
  assert.match((await problemsOf(loadKeys(t, base)))[0]!, /^sasl\.mechanism: it is missing/)
  const problems = await problemsOf(loadKeys(t, {...base, 'sasl.mechanism': 'PLAIN'}))
  assert.match(problems[0]!, /^sasl\.jaas\.config: found no user and password/)
})

test('TLS takes PEM files and texts, and nothing else', async t => {
  const folder = await tempFolder(t)
  const [ca] = rootCertificates
  assert.ok(ca !== undefined)
  await writeFile(join(folder, 'ca.pem'), ca)
  await writeFile(join(folder, 'store.jks'), Buffer.from([0xfe, 0xed]))
  const sink = await kafkaSettings(t, {
    'security.protocol': 'SSL',
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': join(folder, 'ca.pem'),
    'ssl.endpoint.identification.algorithm': '',
  })
  assert.deepEqual(sink.security.tls, {ca, cert: null, key: null, passphrase: null, verifyHostname: false})
  const problems = await problemsOf(
    loadKeys(t, {
      'bootstrap.servers': 'a:9092',
      'security.protocol': 'SSL',
      'ssl.truststore.location': join(folder, 'store.jks'),
      'ssl.keystore.location': join(folder, 'gone.pem'),
    }),
  )
  assert.deepEqual(problems.map(problem => problem.slice(0, problem.indexOf(':'))).sort(), [
    'ssl.keystore.location',
    'ssl.truststore.location',
  ])
  assert.match(
    problems.join('\n'),
    /store\.jks is no PEM file; .*`keytool -list -rfc -keystore \S*store\.jks > \S*store\.pem`/,
  )
  const types = await problemsOf(loadKeys(t, {'bootstrap.servers': 'a:9092', 'ssl.keystore.type': 'JKS'}))
  assert.match(types[0]!, /^ssl\.keystore\.type: JKS is not supported yet; make PEM of it \(openssl pkcs12 /)
})

test('certificates and keys that TLS could not use are refused with their key, and nothing of them is shown', async t => {
  const tls = {'bootstrap.servers': 'a:9092', 'security.protocol': 'SSL'}
  const {privateKey} = generateKeyPairSync('ec', {namedCurve: 'P-256'})
  const key = String(privateKey.export({type: 'pkcs8', format: 'pem'}))
  const locked = String(
    privateKey.export({type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'opensesame'}),
  )
  const [certificate] = rootCertificates
  const of = async (keys: ConfigKeys): Promise<string[]> => await problemsOf(loadKeys(t, {...tls, ...keys}))
  const own = {'ssl.keystore.certificate.chain': certificate!}
  const found = [
    ...(await of({'ssl.truststore.certificates': key})),
    ...(await of({'ssl.truststore.certificates': certificate!.replace(/M/g, '!')})),
    ...(await of(own)),
    ...(await of({...own, 'ssl.keystore.key': key})),
    ...(await of({...own, 'ssl.keystore.key': locked})),
    ...(await of({...own, 'ssl.keystore.key': locked, 'ssl.key.password': 'wrong-one'})),
  ]
  assert.deepEqual(
    found.map(problem => problem.slice(0, problem.indexOf(':'))),
    [
      ...['ssl.truststore.certificates', 'ssl.truststore.certificates', 'ssl.keystore.key', 'ssl.keystore.key'],
      ...['ssl.key.password', 'ssl.keystore.key'],
    ],
  )
  assert.doesNotMatch(found.join('\n'), /wrong-one|PRIVATE KEY-|[A-Za-z0-9+/]{60}/)
})

test('topic.creation groups are matched in order, and take what they leave out from the default group', async t => {
  const {topicCreation} = await kafkaSettings(t, {
    'topic.creation.groups': 'small,big',
    'topic.creation.default.replication.factor': 3,
    'topic.creation.default.partitions': 10,
    'topic.creation.default.cleanup.policy': 'compact',
    'topic.creation.small.include': 'shop\\.shop\\.(a|b)',
    'topic.creation.small.partitions': 1,
    'topic.creation.big.include': 'shop.*',
    'topic.creation.big.exclude': '.*log',
    'topic.creation.big.retention.ms': '-1',
  })
  assert.deepEqual(
    topicCreation.groups.map(({name, replicationFactor, partitions, configEntries}) => ({
      name,
      replicationFactor,
      partitions,
      configEntries,
    })),
    [
      {name: 'small', replicationFactor: 3, partitions: 1, configEntries: {}},
      {name: 'big', replicationFactor: 3, partitions: 10, configEntries: {'retention.ms': '-1'}},
      {name: 'default', replicationFactor: 3, partitions: 10, configEntries: {'cleanup.policy': 'compact'}},
    ],
  )
  assert.ok(!topicCreation.groups[0]!.include[0]!.test('SHOP.shop.a'), 'topic names have their case')
})

test('a group without patterns, an unknown group and a wrong count are refused', async t => {
  const problems = await problemsOf(
    loadKeys(t, {
      'bootstrap.servers': 'a:9092',
      'topic.creation.groups': 'g',
      'topic.creation.h.partitions': 1,
      'topic.creation.default.partitions': 0,
    }),
  )
  assert.deepEqual(problems.map(problem => problem.slice(0, problem.indexOf(':'))).sort(), [
    'topic.creation.default.partitions',
    'topic.creation.g.include',
    'topic.creation.h.partitions',
  ])
})
