// The parallel reader on real servers: a table without a key, copied under a writer, with kill -9 in each state that a
// branch can have; with GTIDs and without.

import assert from 'node:assert/strict'
import {test, type TestContext} from 'node:test'
import {setTimeout as delay} from 'node:timers/promises'
import {startMysql} from '../../tools/servers/mysql-server.ts'
import {prepareCapture, type Capture} from '../support/capture.ts'
import {onCleanUp} from '../support/clean-up.ts'
import {eventsInKafka} from '../support/consume-topic.ts'
import {prepareExactlyOnce} from '../support/exactly-once-scenario.ts'
import {sharedKafka} from '../support/integration-servers.ts'
import {assertKeyless} from '../support/keyless-oracle.ts'
import {KeylessTable, KeylessWriter, storedRowCounts} from '../support/keyless-writer.ts'
import type {ObservedEvent} from '../support/observed-events.ts'
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

interface Copied {
  readonly killAt: readonly (keyof typeof STATES)[]
  readonly exactlyOnce?: boolean
  /** Of the table's topic; where nothing is said, as the file has them. */
  readonly read?: () => Promise<ObservedEvent[]>
}

async function copied(t: TestContext, capture: Capture, {killAt, exactlyOnce, read}: Copied): Promise<void> {
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
  if (killAt.length === 0) await tidemark.waitForLog(STATES.locked, 60_000)
  await tidemark.waitForStatus(({snapshot}) => snapshot.state === 'idle' && snapshot.parallel === null, 120_000)
  await delay(200)
  await writer.stop()
  await passed(tidemark, capture)
  const events = await (read ?? (() => capture.tableEvents('clicks')))()
  const counts = assertKeyless({
    ...{name: 'clicks', events, initial: table.initial, history: table.history},
    table: await storedRowCounts(capture.connection, 'clicks'),
    exactlyOnce: exactlyOnce ?? killAt.length === 0,
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
  await copied(t, await prepareCapture(t, {prefix: 'parallel'}), {killAt: []})
})

test('a kill in each state, one after the other, loses nothing', async t => {
  await copied(t, await prepareCapture(t, {prefix: 'parallel'}), {
    killAt: ['locked', 'copying', 'following', 'adopted'],
  })
})

test('without GTIDs a branch is killed and comes to its end all the same', async t => {
  const server = await startMysql({options: ['--gtid-mode=OFF', '--enforce-gtid-consistency=OFF']})
  onCleanUp(t, async () => {
    await server.stop()
  })
  const capture = await prepareCapture(t, {prefix: 'parallel', server})
  await copied(t, capture, {killAt: ['copying', 'following']})
})

test('with exactly-once delivery every change comes once and every row of the last copy, whatever was killed', async t => {
  const {bootstrap} = await sharedKafka()
  const capture = await prepareExactlyOnce(t, bootstrap)
  const read = (): Promise<ObservedEvent[]> => eventsInKafka(bootstrap, capture.topic('clicks'))
  await copied(t, capture, {killAt: ['copying', 'following', 'adopted'], exactlyOnce: true, read})
})
