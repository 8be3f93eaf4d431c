// The parallel reader on real servers: a table without a key, copied under a writer, with kill -9 in each state that a
// branch can have; with GTIDs and without.

import assert from 'node:assert/strict'
import {test, type TestContext} from 'node:test'
import {setTimeout as delay} from 'node:timers/promises'
import {startMysql} from '../../tools/servers/mysql-server.ts'
import {prepareCapture, type Capture} from '../support/capture.ts'
import {onCleanUp} from '../support/clean-up.ts'
import {assertKeyless} from '../support/keyless-oracle.ts'
import {KeylessTable, KeylessWriter, storedRowCounts} from '../support/keyless-writer.ts'
import {randomFor} from '../support/seeded-random.ts'
import type {TidemarkProcess} from '../support/tidemark-process.ts'

const ROWS = 3_000

/** The state's beginning as the log has it; what is stored may be older. */
const STATES = {
  locked: ({msg, fields}: {msg: string; fields: Readonly<Record<string, unknown>>}) =>
    msg === 'parallel reader goes on' && fields['to'] === 'copying',
  copying: ({msg}: {msg: string}) => msg === 'copying a table by a read view',
  following: ({msg, fields}: {msg: string; fields: Readonly<Record<string, unknown>>}) =>
    msg === 'parallel reader goes on' && fields['to'] === 'following',
  adopted: ({msg, fields}: {msg: string; fields: Readonly<Record<string, unknown>>}) =>
    msg === 'parallel reader goes on' && fields['to'] === 'adopted',
}

async function copied(t: TestContext, capture: Capture, killAt: readonly (keyof typeof STATES)[]): Promise<void> {
  const random = randomFor(t)
  const table = new KeylessTable('clicks', random)
  for (const statement of table.setUp(ROWS)) await capture.connection.query(statement)
  const writer = new KeylessWriter(await capture.database.connect(), table, random)
  let tidemark = await capture.run(t)
  await tidemark.waitForStreaming()
  writer.start(1)
  await capture.snapshot(['clicks'], {type: 'blocking'})
  for (const state of killAt) {
    await tidemark.waitForLog(STATES[state], 60_000)
    await delay(random.integer(0, 30))
    await tidemark.kill()
    tidemark = await capture.run(t)
    await tidemark.waitForStreaming()
  }
  await tidemark.waitForLog(({msg, fields}) => msg === 'parallel reader goes on' && fields['to'] === 'none', 120_000)
  await delay(200)
  await writer.stop()
  await passed(tidemark, capture)
  const events = await capture.tableEvents('clicks')
  const counts = assertKeyless({
    ...{name: 'clicks', events, initial: table.initial, history: table.history},
    table: await storedRowCounts(capture.connection, 'clicks'),
    exactlyOnce: killAt.length === 0,
  })
  t.diagnostic(`${writer.transactions} transactions, ${JSON.stringify(counts)}`)
  assert.ok(counts.copies > 0 && counts.reads > 0 && counts.streamed > 0)
}

/** Until the stream has passed a signal that is answered. */
async function passed(tidemark: TidemarkProcess, capture: Capture): Promise<void> {
  const id = await capture.signal('log', {message: 'here'})
  await tidemark.waitForLog(({fields}) => fields['signal'] === id || fields['id'] === id, 60_000)
}

test('a keyless table is copied while it is written to, and every change behind the copy comes once', async t => {
  await copied(t, await prepareCapture(t, {prefix: 'parallel'}), [])
})

for (const state of Object.keys(STATES) as (keyof typeof STATES)[]) {
  test(`a kill of a branch that is ${state} loses nothing of its table`, async t => {
    await copied(t, await prepareCapture(t, {prefix: 'parallel'}), [state])
  })
}

test('a kill in each state, one after the other, loses nothing', async t => {
  await copied(t, await prepareCapture(t, {prefix: 'parallel'}), ['locked', 'copying', 'copying', 'following'])
})

test('without GTIDs a branch is killed and comes to its end all the same', async t => {
  const server = await startMysql({options: ['--gtid-mode=OFF', '--enforce-gtid-consistency=OFF']})
  onCleanUp(t, async () => {
    await server.stop()
  })
  const capture = await prepareCapture(t, {prefix: 'parallel', server})
  await copied(t, capture, ['copying', 'following'])
})
