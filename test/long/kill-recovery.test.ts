// As the integration test of the same name, with fifty kills each and larger tables. A seed that failed is repeated with
// TIDEMARK_TEST_SEED.

import {test} from 'node:test'
import {integrationServers} from '../support/integration-servers.ts'
import {surviveKills} from '../support/kill-scenario.ts'

const given = process.env['TIDEMARK_TEST_SEED']
const seed = given === undefined ? {} : {seed: Number(given)}

test('fifty kills at random instants, events in a file with torn lines', async t => {
  await surviveKills(t, {kills: 50, between: [0, 1200], size: 1500, ...seed})
})

test('fifty kills at random instants, events in Kafka', async t => {
  const {kafka} = await integrationServers()
  await surviveKills(t, {
    kills: 50,
    between: [0, 1200],
    size: 800,
    bootstrap: kafka.bootstrap,
    config: {'topic.creation.default.partitions': '1', 'topic.creation.default.replication.factor': '1'},
    ...seed,
  })
})
