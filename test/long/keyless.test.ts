// As the integration test of the same name, with thirty kills. A seed that failed is repeated with TIDEMARK_TEST_SEED.

import {test} from 'node:test'
import {integrationServers} from '../support/integration-servers.ts'
import {KILLS, killedEach} from '../support/keyless-kills.ts'
import {keylessUnderWrites} from '../support/keyless-scenario.ts'

const given = process.env['TIDEMARK_TEST_SEED']
const seed = given === undefined ? {} : {seed: Number(given)}

for (const exactlyOnce of [false, true]) {
  test(`thirty kills, half of them at random instants and the others in each state${exactlyOnce ? ', exactly once' : ''}: the topic is the table`, async t => {
    const {kafka} = await integrationServers()
    const scenario = await keylessUnderWrites(t, {bootstrap: kafka.bootstrap, rows: 5_000, exactlyOnce, ...seed})
    const kills = Array.from({length: 30}, (_, kill) => (kill % 2 === 0 ? KILLS[(kill / 2) % 4]! : 'at random'))
    await killedEach(t, scenario, kills)
    await scenario.judge()
  })
}
