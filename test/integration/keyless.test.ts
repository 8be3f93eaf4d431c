// A table without a key by the parallel reader, killed in each of its states and at random instants while it is written to:
// what consumers see adds up to the table, row by row as often as there.

import {test} from 'node:test'
import {integrationServers} from '../support/integration-servers.ts'
import {KILLS, killedEach} from '../support/keyless-kills.ts'
import {keylessUnderWrites} from '../support/keyless-scenario.ts'

for (const exactlyOnce of [false, true]) {
  test(`killed while it waits for the lock, copies, follows, is adopted, and at random${exactlyOnce ? ', exactly once' : ''}: the topic is the table`, async t => {
    const {kafka} = await integrationServers()
    const scenario = await keylessUnderWrites(t, {bootstrap: kafka.bootstrap, rows: 1_000, exactlyOnce})
    const kills = KILLS.flatMap(kill => [kill, 'at random'] as const)
    await killedEach(t, scenario, kills)
    await scenario.judge()
  })
}
