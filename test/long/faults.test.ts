// Faults that take their time, and more repetitions of those in the integration tests.

import {after, before, test} from 'node:test'
import {startKafka, type KafkaServer} from '../../tools/servers/kafka-server.ts'
import {outlastBroker} from '../support/broker-outage.ts'
import {stoppedAgainAndAgain, stoppedInside} from '../support/stop-scenario.ts'

let kafka: KafkaServer
before(async () => {
  kafka = await startKafka()
})
after(async () => {
  await kafka.stop()
})

test('a broker away for two minutes loses and doubles nothing, and the memory stays bounded', async t => {
  await outlastBroker(t, kafka, {awayMs: 120_000, bulkRows: 150_000})
})

test('stopped twenty times in the middle of a snapshot under writes, no line comes twice', async t => {
  await stoppedAgainAndAgain(t, {stops: 20})
})

test('stopped ten times in the middle of a snapshot under writes, no record comes twice', async t => {
  await stoppedAgainAndAgain(t, {stops: 10, bootstrap: kafka.bootstrap})
})

test('stopped inside a long transaction and inside wide chunks, the file has every row once and in order', async t => {
  await stoppedInside(t, {})
})
