// SIGTERM in the middle of a snapshot under writes: the state is stored, the exit code is 0, the next start goes on, and
// no event comes twice.

import {test} from 'node:test'
import {integrationServers} from '../support/integration-servers.ts'
import {stoppedAgainAndAgain, stoppedInside} from '../support/stop-scenario.ts'

test('stopped in the middle of a snapshot under writes it goes on at the next start, and no line comes twice', async t => {
  await stoppedAgainAndAgain(t, {stops: 3})
})

test('stopped inside a long transaction and inside wide chunks, every row is in Kafka once and in order', async t => {
  const {kafka} = await integrationServers()
  await stoppedInside(t, {bootstrap: kafka.bootstrap})
})
