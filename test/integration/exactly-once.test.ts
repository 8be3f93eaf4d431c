// exactly.once.support=required on real servers: one process at a time, transactions that the coordinator ends, the topic of the state.

import assert from 'node:assert/strict'
import {test} from 'node:test'
import {setTimeout as delay} from 'node:timers/promises'
import kafkajs, {type Admin} from 'kafkajs'
import {eventually} from '../../tools/servers/eventually.ts'
import {freePort} from '../../tools/servers/free-port.ts'
import {runKafkaTool} from '../../tools/servers/kafka-package.ts'
import {startKafka} from '../../tools/servers/kafka-server.ts'
import {caughtUp, numberedTable} from '../support/capture.ts'
import {onCleanUp, type CleanUpContext} from '../support/clean-up.ts'
import {exactlyOnceUnderWrites, prepareExactlyOnce} from '../support/exactly-once-scenario.ts'
import {integrationServers} from '../support/integration-servers.ts'
import {runTidemark} from '../support/tidemark-process.ts'

const RESTARTED = 'the transaction was lost, beginning again from the committed state'

test('a second process shuts the first one out, which says so and ends', async t => {
  const {kafka} = await integrationServers()
  const scenario = await exactlyOnceUnderWrites(t, {bootstrap: kafka.bootstrap, size: 300, kinds: 2})
  const older = await scenario.run()
  const newer = await scenario.capture.run(t, {
    'http.listen': `127.0.0.1:${await freePort()}`,
    'database.server.id': String(1_000_000_000 + Math.floor(Math.random() * 1_000_000)),
  })
  await newer.waitForStreaming(60_000)
  const end = await older.ended
  assert.equal(end.code, 1, older.stderr)
  assert.match(older.log.at(-1)?.text ?? '', /another process has taken over transactional id tidemark-once/)
  assert.ok(!older.log.some(({msg}) => msg === RESTARTED), 'it must not fight for the transactional id')
  assert.equal((await newer.status()).state, 'running')
  assert.deepEqual(await newer.stop(), {code: 0, signal: null}, newer.stderr)
  await scenario.judge()
})

test('a transaction that the coordinator timed out is begun again inside the process', async t => {
  const kafka = await startKafka({config: {'transaction.abort.timed.out.transaction.cleanup.interval.ms': '100'}})
  onCleanUp(t, async () => {
    await kafka.stop()
  })
  const scenario = await exactlyOnceUnderWrites(t, {
    bootstrap: kafka.bootstrap,
    size: 300,
    kinds: 2,
    config: {'producer.override.transaction.timeout.ms': '1000'},
  })
  const tidemark = await scenario.run()
  // Where it is stopped between two transactions, nothing times out.
  await eventually({what: 'a transaction to be lost', timeoutMs: 60_000}, async () => {
    process.kill(tidemark.pid, 'SIGSTOP')
    await delay(2500)
    process.kill(tidemark.pid, 'SIGCONT')
    await delay(500)
    return tidemark.log.some(({msg}) => msg === RESTARTED) ? true : undefined
  })
  await tidemark.waitForStreaming(60_000)
  assert.deepEqual(await tidemark.stop(), {code: 0, signal: null}, tidemark.stderr)
  await scenario.judge()
})

test('an idle task has no transaction open, and its state is in a compacted topic', async t => {
  const {kafka} = await integrationServers()
  const capture = await prepareExactlyOnce(t, kafka.bootstrap)
  await capture.connection.query(numberedTable('orders', 10))
  const tidemark = await capture.run(t)
  await tidemark.waitForStreaming()
  await capture.connection.query(`INSERT INTO orders VALUES (11, 'streamed')`)
  await caughtUp(tidemark, capture.connection)
  const {name} = capture.database
  await eventually({what: 'no transaction to be open', timeoutMs: 20_000}, async () => {
    const args = ['--bootstrap-server', kafka.bootstrap, 'describe', '--transactional-id', `tidemark-${name}`]
    const text = await runKafkaTool('org.apache.kafka.tools.TransactionsCommand', args)
    return /\b(CompleteCommit|Empty)\b/.test(text) ? true : undefined
  })
  const admin = await openAdmin(t, kafka.bootstrap)
  const topic = `tidemark-state.${name}`
  const {resources} = await admin.describeConfigs({
    resources: [{type: kafkajs.ConfigResourceTypes.TOPIC, name: topic, configNames: ['cleanup.policy']}],
    includeSynonyms: false,
  })
  assert.equal(resources[0]?.configEntries[0]?.configValue, 'compact')
  await tidemark.stop()
})

test('a topic for the state that is not compacted is refused, with the command that mends it', async t => {
  const {kafka} = await integrationServers()
  const capture = await prepareExactlyOnce(t, kafka.bootstrap)
  const topic = `state-of-${capture.database.name}`
  const admin = await openAdmin(t, kafka.bootstrap)
  await admin.createTopics({topics: [{topic, numPartitions: 3, replicationFactor: 1}]})
  const settings = {...capture.config, 'offset.storage.topic': topic}
  const checked = await runTidemark(t, {config: settings, command: 'check', folder: capture.folder})
  assert.equal((await checked.ended).code, 3)
  assert.match(checked.stdout, /state topic.*cleanup\.policy=delete/)
  const refused = await capture.run(t, {'offset.storage.topic': topic})
  assert.equal((await refused.ended).code, 3)
  assert.match(refused.stderr, /cleanup\.policy=delete, wanted compact.*--add-config cleanup\.policy=compact/)
})

test('the state goes on from a topic without exactly once support, too', async t => {
  const {kafka} = await integrationServers()
  const capture = await prepareExactlyOnce(t, kafka.bootstrap, {'exactly.once.support': 'requested'})
  const config = {'offset.storage.topic': `state-of-${capture.database.name}`}
  await capture.connection.query(numberedTable('orders', 10))
  const first = await capture.run(t, config)
  await first.waitForStreaming()
  await caughtUp(first, capture.connection)
  const {position} = await first.status()
  assert.deepEqual(await first.stop(), {code: 0, signal: null}, first.stderr)
  await capture.connection.query(`INSERT INTO orders VALUES (11, 'while it was away')`)
  const second = await capture.run(t, config)
  const {fields} = await second.waitForLog('starting')
  assert.equal((fields['offset'] as {gtidSet: string}).gtidSet, position?.gtidSet)
  await caughtUp(second, capture.connection)
  await second.stop()
})

async function openAdmin(t: CleanUpContext, bootstrap: string): Promise<Admin> {
  const admin = new kafkajs.Kafka({brokers: [bootstrap], logLevel: kafkajs.logLevel.NOTHING}).admin()
  await admin.connect()
  onCleanUp(t, () => admin.disconnect())
  return admin
}
