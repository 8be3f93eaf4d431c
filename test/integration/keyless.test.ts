// A table without a key by the parallel reader, killed in each of its states and at random instants while it is written to:
// what consumers see adds up to the table, row by row as often as there.

import assert from 'node:assert/strict'
import {test, type TestContext} from 'node:test'
import {setTimeout as delay} from 'node:timers/promises'
import {integrationServers} from '../support/integration-servers.ts'
import {killedAtRandom, keylessUnderWrites, untilReaders, type KeylessRun} from '../support/keyless-scenario.ts'

const ROWS = 3_000

const STATES = [
  {name: 'locking', from: null, to: 'copying'},
  {name: 'copying', line: 'copying a table by a read view'},
  // It streams what lies between the two locks.
  {name: 'copying again', from: 'copying', to: 'copying'},
  {name: 'following', from: 'copying', to: 'following'},
  {name: 'adopted', from: 'following', to: 'adopted'},
  {name: 'none', from: 'adopted', to: 'none'},
] as const

async function killedIn(t: TestContext, scenario: KeylessRun, state: (typeof STATES)[number]): Promise<void> {
  const tidemark = await scenario.run()
  if ('line' in state) await tidemark.waitForLog(state.line, 90_000)
  else await untilReaders(tidemark, state)
  // At once, or a moment later.
  await delay(scenario.random.pick([0, scenario.random.integer(1, 60)]))
  const end = await tidemark.kill()
  assert.equal(end.signal, 'SIGKILL', `the process ended by itself: ${tidemark.stderr}`)
  t.diagnostic(`killed ${state.name}, stored was ${(await scenario.checkpoint())?.parallel?.state ?? 'none'}`)
}

test('killed while it copies, copies again, follows, is adopted and done, the topic is the table', async t => {
  const scenario = await keylessUnderWrites(t, {rows: ROWS})
  for (const state of STATES) await killedIn(t, scenario, state)
  await scenario.judge()
})

test('eight kills at random instants: the topic is the table', async t => {
  const {kafka} = await integrationServers()
  const scenario = await keylessUnderWrites(t, {bootstrap: kafka.bootstrap, rows: ROWS})
  await killedAtRandom(t, scenario, {kills: 8, between: [0, 3500]})
  await scenario.judge()
})

test('eight kills at random instants, exactly once: nothing comes twice behind the last copy', async t => {
  const {kafka} = await integrationServers()
  const scenario = await keylessUnderWrites(t, {bootstrap: kafka.bootstrap, rows: ROWS, exactlyOnce: true})
  await killedAtRandom(t, scenario, {kills: 8, between: [0, 3500]})
  await scenario.judge()
})
