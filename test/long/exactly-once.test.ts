// As the integration test of the same name, with fifty kills. A seed that failed is repeated with TIDEMARK_TEST_SEED.

import {test} from 'node:test'
import {exactlyOnceUnderWrites, killed} from '../support/exactly-once-scenario.ts'
import {integrationServers} from '../support/integration-servers.ts'

const given = process.env['TIDEMARK_TEST_SEED']
const seed = given === undefined ? {} : {seed: Number(given)}

test('fifty kills at random instants: every event comes once', async t => {
  const {kafka} = await integrationServers()
  const scenario = await exactlyOnceUnderWrites(t, {bootstrap: kafka.bootstrap, size: 600, ...seed})
  await killed(t, scenario, {kills: 50, between: [0, 1500]})
  await scenario.judge()
})
