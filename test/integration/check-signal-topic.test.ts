// `tidemark check` on the signal topic: there, missing, and out of reach.

import assert from 'node:assert/strict'
import {randomUUID} from 'node:crypto'
import {test, type TestContext} from 'node:test'
import kafkajs from 'kafkajs'
import {checkSinkAndState} from '../../src/cli/check-sink.ts'
import type {PrerequisiteResult} from '../../src/mysql/prerequisite.ts'
import {loadKeys} from '../support/config-file.ts'
import {sharedKafka} from '../support/integration-servers.ts'

async function checked(t: TestContext, bootstrap: string, topic: string): Promise<PrerequisiteResult> {
  const {settings} = await loadKeys(t, {
    'sink.type': 'stdout',
    'signal.enabled.channels': 'kafka',
    'signal.kafka.topic': topic,
    'signal.kafka.bootstrap.servers': bootstrap,
  })
  const result = (await checkSinkAndState(settings)).find(({name}) => name === 'signal topic')
  assert.ok(result !== undefined)
  return result
}

test('a signal topic that can be read is ok, with its partitions', async t => {
  const {bootstrap} = await sharedKafka()
  const topic = `signals-${randomUUID()}`
  const admin = new kafkajs.Kafka({brokers: [bootstrap], logLevel: kafkajs.logLevel.NOTHING}).admin()
  await admin.connect()
  await admin.createTopics({waitForLeaders: true, topics: [{topic, numPartitions: 3}]})
  await admin.disconnect()
  const result = await checked(t, bootstrap, topic)
  assert.equal(result.ok, 'ok', JSON.stringify(result))
  assert.match(JSON.stringify(result), /\(3 partitions\).*can be read/)
})

test('a signal topic that does not exist is a warning with the command that creates it, and is not created', async t => {
  const {bootstrap} = await sharedKafka()
  const topic = `signals-${randomUUID()}`
  for (let i = 0; i < 2; i++) {
    const result = await checked(t, bootstrap, topic)
    assert.ok(result.ok === 'warning')
    assert.match(JSON.stringify(result), new RegExp(`--create --topic ${topic}`))
  }
})

test('brokers of the signal topic that are away are a failure that names the keys', async t => {
  const result = await checked(t, '127.0.0.1:9', 'any')
  assert.ok(result.ok === 'failed')
  assert.match(JSON.stringify(result), /signal\.kafka\.bootstrap\.servers and signal\.consumer/)
})
