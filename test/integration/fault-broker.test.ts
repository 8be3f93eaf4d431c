// The Kafka broker is stopped and started, or killed and started, while writers write and a snapshot runs; and it is away
// for a while with more changes than fit into memory. Nobody touches Tidemark.

import assert from 'node:assert/strict'
import {after, before, test} from 'node:test'
import {startKafka, type KafkaServer} from '../../tools/servers/kafka-server.ts'
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
