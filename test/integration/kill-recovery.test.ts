// kill -9 at random instants of streaming and copying under writes: nothing is lost, nothing goes back, every table
// converges, and a snapshot goes on behind its last stored chunk.

import {test} from 'node:test'
import {setTimeout as delay} from 'node:timers/promises'
import {startKafka} from '../../tools/servers/kafka-server.ts'
import {onCleanUp} from '../support/clean-up.ts'
import {integrationServers} from '../support/integration-servers.ts'
import {surviveKills} from '../support/kill-scenario.ts'

test('eight kills at random instants, events in a file with torn lines', async t => {
  await surviveKills(t, {kills: 8, between: [0, 900], size: 600})
})

test('four kills at random instants, events in Kafka', async t => {
  const {kafka} = await integrationServers()
  await surviveKills(t, {
    kills: 4,
    between: [0, 900],
    size: 600,
    bootstrap: kafka.bootstrap,
    config: {'topic.creation.default.partitions': '1', 'topic.creation.default.replication.factor': '1'},
  })
})

test('a kill while the broker is away: nothing counts as stored that it does not have', async t => {
  const kafka = await startKafka()
  onCleanUp(t, async () => {
    await kafka.stop()
  })
  await surviveKills(t, {
    kills: 1,
    between: [0, 200],
    size: 300,
    bootstrap: kafka.bootstrap,
    config: {'topic.creation.default.partitions': '1', 'topic.creation.default.replication.factor': '1'},
    around: {
      before: async () => {
        await kafka.kill()
        // Long enough for checkpoints that would count what is on its way; were it too short, the test would only see less.
        await delay(1500)
      },
      after: async () => {
        await kafka.start()
      },
    },
  })
})
