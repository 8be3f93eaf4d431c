// As the integration test of the same name, with thirty kills. A seed that failed is repeated with TIDEMARK_TEST_SEED.

import {test} from 'node:test'
import {integrationServers} from '../support/integration-servers.ts'
import {killedAtRandom, keylessUnderWrites} from '../support/keyless-scenario.ts'

const given = process.env['TIDEMARK_TEST_SEED']
const seed = given === undefined ? {} : {seed: Number(given)}

for (const exactlyOnce of [false, true]) {
  test(`thirty kills at random instants${exactlyOnce ? ', exactly once' : ''}: the topic is the table`, async t => {
    const {kafka} = await integrationServers()
    const scenario = await keylessUnderWrites(t, {bootstrap: kafka.bootstrap, rows: 5_000, exactlyOnce, ...seed})
    await killedAtRandom(t, scenario, {kills: 30, between: [0, 2500]})
    await scenario.judge()
  })
}
