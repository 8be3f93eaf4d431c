// kill -9 at random instants of streaming and copying under writes: nothing is lost, nothing goes back, every table
// converges, and a snapshot goes on behind its last stored chunk.

import {test} from 'node:test'
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
