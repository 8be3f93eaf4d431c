// The Kafka broker is stopped and started, or killed and started, while writers write and a snapshot runs; and it is away
// for a while with more changes than fit into memory. Nobody touches Tidemark, but in the last test, which pauses it meanwhile.

import assert from 'node:assert/strict'
import {after, before, test} from 'node:test'
import {startKafka, type KafkaServer} from '../../tools/servers/kafka-server.ts'
import {caughtUp, prepareCapture} from '../support/capture.ts'
import {eventsInKafka} from '../support/consume-topic.ts'
import {GOES_ON_WITHIN_MS, rowsDone, untilCopying} from '../support/outages.ts'
import {outlastBroker} from '../support/broker-outage.ts'
import {judge, snapshotUnderWrites} from '../support/snapshot-scenario.ts'

const topics = {'topic.creation.default.partitions': '2', 'topic.creation.default.replication.factor': '1'}

let kafka: KafkaServer
before(async () => {
  kafka = await startKafka()
})
after(async () => {
  await kafka.stop()
})

test('the stream and a snapshot under writes go on by themselves when the broker was stopped, and when it was killed', async t => {
  const outcome = await snapshotUnderWrites(t, {
    bootstrap: kafka.bootstrap,
    config: {'incremental.snapshot.chunk.size': '40', 'snapshot.max.threads': '2', ...topics},
    snapshots: 1,
    kinds: 6,
    size: 600,
    restMs: 5,
    secondsPerRow: 0.02,
    meanwhile: async (_capture, tidemark) => {
      for (const end of ['pause', 'kill'] as const) {
        await untilCopying(tidemark)
        await kafka[end]()
        const away = await tidemark.waitForStatus(({sink}) => sink.state === 'waiting')
        assert.equal(away.snapshot.state, 'running', 'the snapshot was over before the outage')
        assert.notEqual(away.sink.reason, undefined)
        await kafka.start()
        await tidemark.waitForStatus(({sink}) => sink.state === 'open', GOES_ON_WITHIN_MS)
        await tidemark.waitForStatus(
          page => rowsDone(page) > rowsDone(away) || page.snapshot.state === 'idle',
          GOES_ON_WITHIN_MS,
        )
      }
    },
  })
  await judge(outcome, async table => await eventsInKafka(kafka.bootstrap, outcome.capture.topic(table)))
})

test('a broker away for ten seconds loses and doubles nothing, and the memory stays bounded', async t => {
  await outlastBroker(t, kafka, {awayMs: 10_000, bulkRows: 70_000})
})

test('a task is paused while the broker is away with events in flight, and all of them arrive after the resume', async t => {
  const capture = await prepareCapture(t, {prefix: 'pause', bootstrap: kafka.bootstrap, config: topics})
  await capture.connection.query('CREATE TABLE b (id INT PRIMARY KEY)')
  const tidemark = await capture.run(t)
  await tidemark.waitForStreaming()
  await capture.connection.query('INSERT INTO b VALUES (1), (2)')
  await tidemark.waitForStatus(({sink}) => sink.eventsEmitted >= 2 && sink.bytesInFlight === 0)
  await kafka.kill()
  await capture.connection.query('INSERT INTO b VALUES (3), (4)')
  await tidemark.waitForStatus(({sink}) => sink.state === 'waiting')
  const connector = `${tidemark.url}/connectors/${capture.database.name}`
  assert.equal((await fetch(`${connector}/pause`, {method: 'PUT'})).status, 202)
  await tidemark.waitForStatus(({state}) => state === 'paused', GOES_ON_WITHIN_MS)
  assert.equal((await fetch(`${connector}/resume`, {method: 'PUT'})).status, 202)
  await kafka.start()
  await tidemark.waitForStreaming(GOES_ON_WITHIN_MS)
  await capture.connection.query('INSERT INTO b VALUES (5), (6)')
  await caughtUp(tidemark, capture.connection)
  await tidemark.waitForStatus(({sink}) => sink.bytesInFlight === 0)
  const events = await eventsInKafka(kafka.bootstrap, capture.topic('b'))
  const keys = new Set(events.map(({keyText}) => keyText))
  // What was in flight may come twice.
  assert.deepEqual(
    [...keys].sort(),
    [1, 2, 3, 4, 5, 6].map(id => `{"id":${id}}`),
  )
})
