// binlog_row_metadata=MINIMAL and the parallel reader: the branch knows its table's definition from the lock on, and comes
// through changes of it, and through kill -9, as the main stream does.

import assert from 'node:assert/strict'
import {after, before, test, type TestContext} from 'node:test'
import {startMysql, type MysqlServer} from '../../tools/servers/mysql-server.ts'
import {caughtUp, prepareCapture, snapshotEnded, type Capture} from '../support/capture.ts'
import {keylessUnderWrites, untilReaders} from '../support/keyless-scenario.ts'
import {changeOf} from '../support/observed-events.ts'
import {runTidemark, type TidemarkProcess} from '../support/tidemark-process.ts'

let server: MysqlServer
before(async () => {
  server = await startMysql({options: ['--binlog-row-metadata=MINIMAL']})
})
after(async () => {
  await server.stop()
})

const ROWS = 500

async function prepare(t: TestContext): Promise<Capture> {
  const config = {'snapshot.max.rows.per.second': String(ROWS)}
  const capture = await prepareCapture(t, {prefix: 'minimal', server, config})
  await capture.connection.query('CREATE TABLE log (n INT, note VARCHAR(20))')
  await capture.connection
    .query(`INSERT INTO log WITH RECURSIVE i (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM i WHERE i < ${ROWS})
    SELECT i, 'copied' FROM i`)
  return capture
}

/** After images of the table's streamed inserts, in order. */
async function inserted(capture: Capture): Promise<unknown[]> {
  const changes = (await capture.tableEvents('log')).map(event => changeOf(event))
  return changes.flatMap(change => (change?.op === 'c' ? [JSON.parse(change.after!) as unknown] : []))
}

async function copiedAndVerified(t: TestContext, tidemark: TidemarkProcess, capture: Capture): Promise<void> {
  await tidemark.waitForStatus(({snapshot}) => snapshot.state === 'idle' && snapshot.parallel === null, 120_000)
  await snapshotEnded(tidemark, await capture.snapshot(['log']))
  await tidemark.waitForStatus(({snapshot}) => snapshot.parallel === null, 120_000)
  await caughtUp(tidemark, capture.connection)
  const {config, folder, database} = capture
  const verify = await runTidemark(t, {config, folder, command: 'verify', args: [`${database.name}.log`]})
  assert.equal((await verify.ended).code, 0, `${verify.stdout}\n${verify.stderr}`)
}

test('a keyless table is copied under writes and through a kill in each state, and every change has its names', async t => {
  const scenario = await keylessUnderWrites(t, {rows: ROWS, server})
  for (const to of ['copying', 'following', 'adopted']) {
    const tidemark = await scenario.run()
    await untilReaders(tidemark, {from: null, to})
    await tidemark.kill()
  }
  await scenario.judge()
})

for (const state of ['copying', 'following']) {
  test(`a table that is altered while a killed process was ${state} comes under the names of each place`, async t => {
    const capture = await prepare(t)
    const {connection} = capture
    const first = await capture.run(t)
    await first.waitForStreaming()
    await capture.snapshot(['log'], {type: 'blocking'})
    await first.waitForLog('copying a table by a read view')
    await connection.query("INSERT INTO log VALUES (1, 'beside the copy')")
    if (state === 'following') await untilReaders(first, {from: 'copying', to: 'following'})
    await first.kill()
    await connection.query("INSERT INTO log VALUES (2, 'before')")
    // The same number of columns, of types that fit: with the wrong definition the rows would come out all the same.
    await connection.query('ALTER TABLE log RENAME COLUMN note TO text')
    await connection.query("INSERT INTO log VALUES (3, 'behind')")
    const second = await capture.run(t)
    await copiedAndVerified(t, second, capture)
    const rows = [
      {n: 1, note: 'beside the copy'},
      {n: 2, note: 'before'},
      {n: 3, text: 'behind'},
    ]
    // What a kill repeats comes with the same names.
    const seen = (await inserted(capture)).map(row => JSON.stringify(row))
    assert.deepEqual(
      [...new Set(seen)],
      rows.map(row => JSON.stringify(row)),
    )
    assert.deepEqual(await second.stop(), {code: 0, signal: null}, second.stderr)
  })
}

test('a column that is added while the branch copies and follows is in the rows behind the statement', async t => {
  const capture = await prepare(t)
  const {connection} = capture
  const tidemark = await capture.run(t)
  await tidemark.waitForStreaming()
  await capture.snapshot(['log'], {type: 'blocking'})
  await tidemark.waitForLog('copying a table by a read view')
  await connection.query("INSERT INTO log VALUES (1, 'beside the copy')")
  // It waits for the copy's read view, or the copy gives way to it: either way the branch streams it.
  await connection.query('ALTER TABLE log ADD COLUMN extra INT NOT NULL DEFAULT 7')
  await connection.query("INSERT INTO log VALUES (2, 'behind', 8)")
  await copiedAndVerified(t, tidemark, capture)
  assert.deepEqual(await inserted(capture), [
    {n: 1, note: 'beside the copy'},
    {n: 2, note: 'behind', extra: 8},
  ])
  assert.deepEqual(await tidemark.stop(), {code: 0, signal: null}, tidemark.stderr)
})
