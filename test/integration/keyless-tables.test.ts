// Tables without a key in a whole task: copied by signal, at the start, as new tables and by a blocking signal, while
// writers go on; what their topics add up to is what the server has.

import assert from 'node:assert/strict'
import {test, type TestContext} from 'node:test'
import {setTimeout as delay} from 'node:timers/promises'
import type {Connection} from 'mysql2/promise'
import type {VerifyReport} from '../../src/verify/verify-report.ts'
import {eventually} from '../../tools/servers/eventually.ts'
import {caughtUp, numberedTable, prepareCapture, receipt, snapshotEnded, type Capture} from '../support/capture.ts'
import {onCleanUp} from '../support/clean-up.ts'
import {runTidemark, type TidemarkProcess} from '../support/tidemark-process.ts'

const ROWS = 3_000

function keyless(table: string): string {
  return `CREATE TABLE ${table} (n INT, note VARCHAR(200));
    SET SESSION cte_max_recursion_depth = 1000000;
    INSERT INTO ${table} WITH RECURSIVE i (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM i WHERE i < ${ROWS})
      SELECT i DIV 3, REPEAT('x', 100) FROM i;`
}

/** Changes rows of the tables all the time, until told to stop. */
function startWriter(t: TestContext, connection: Connection, tables: readonly string[]): () => Promise<number> {
  let isStopped = false
  let writes = 0
  const write = async (): Promise<void> => {
    while (!isStopped) {
      const n = (writes * 7919) % 1_100
      const table = tables[writes % tables.length]!
      const statements = [
        `INSERT INTO ${table} VALUES (${n}, 'new'), (${n}, 'new')`,
        `UPDATE ${table} SET note = CONCAT(LEFT(note, 100), 'u') WHERE n = ${n} LIMIT 2`,
        `DELETE FROM ${table} WHERE n = ${n + 1} LIMIT 1`,
      ]
      await connection.query(writes % 5 === 0 ? `BEGIN; ${statements.join(';')}; COMMIT` : statements[writes % 3]!)
      writes++
      await delay(2)
    }
  }
  const writing = write()
  const stop = async (): Promise<number> => {
    isStopped = true
    await writing
    return writes
  }
  onCleanUp(t, async () => void (await stop()))
  return stop
}

async function assertEqual(t: TestContext, capture: Capture, tables: readonly string[]): Promise<void> {
  const names = tables.map(table => `${capture.database.name}.${table}`)
  const run = await runTidemark(t, {
    config: capture.config,
    folder: capture.folder,
    command: 'verify',
    args: [...names, '--json'],
  })
  const {code} = await run.ended
  const report = run.stdout === '' ? null : (JSON.parse(run.stdout) as VerifyReport)
  assert.equal(code, 0, `${run.stdout}\n${run.stderr}`)
  assert.ok(report !== null)
}

async function settle(tidemark: TidemarkProcess, capture: Capture, stop: () => Promise<number>): Promise<void> {
  const writes = await stop()
  assert.ok(writes > 0)
  await caughtUp(tidemark, capture.connection)
  await branchGone(tidemark)
}

/** Until the main stream has every table. */
async function branchGone(tidemark: TidemarkProcess): Promise<void> {
  await eventually({what: 'the branch to be taken over', timeoutMs: 60_000}, async () => {
    const {snapshot} = await tidemark.status()
    assert.ok('parallel' in snapshot)
    return snapshot.parallel === null ? true : undefined
  })
}

test('a table without a key is copied by signal while it is written, and a second time behind a truncate event', async t => {
  const capture = await prepareCapture(t, {prefix: 'keyless'})
  await capture.connection.query(keyless('log'))
  const tidemark = await capture.run(t)
  await tidemark.waitForStreaming()
  const stop = startWriter(t, await capture.database.connect(), ['log'])
  const first = await capture.snapshot(['log'])
  assert.deepEqual(await receipt(tidemark, first), {result: 'accepted', reason: null})
  await snapshotEnded(tidemark, first)
  await snapshotEnded(tidemark, await capture.snapshot(['log']))
  await settle(tidemark, capture, stop)
  await assertEqual(t, capture, ['log'])
  const ids = new Set((await capture.tableEvents('log')).flatMap(({headers}) => headers['__tidemark.copy.id'] ?? []))
  assert.equal(ids.size, 2)
  assert.deepEqual(await tidemark.stop(), {code: 0, signal: null}, tidemark.stderr)
})

test('where LOCK TABLES is not granted, the signal is rejected with the GRANT', async t => {
  const capture = await prepareCapture(t, {prefix: 'keyless'})
  const {name} = capture.database
  const user = `${name}_u`
  await capture.connection.query(
    `CREATE TABLE log (n INT); CREATE USER '${user}'@'%' IDENTIFIED BY 'pa55word';
      GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO '${user}'@'%';
      GRANT SELECT, INSERT ON ${name}.* TO '${user}'@'%'`,
  )
  onCleanUp(t, async () => {
    await capture.connection.query(`DROP USER '${user}'@'%'`)
  })
  const tidemark = await capture.run(t, {'database.user': user, 'database.password': 'pa55word'})
  await tidemark.waitForStreaming()
  const {result, reason} = await receipt(tidemark, await capture.snapshot(['log']))
  assert.equal(result, 'rejected')
  assert.ok(reason!.includes(`GRANT LOCK TABLES, SELECT ON \`${name}\`.* TO '${user}'@'%';`), reason!)
})

test('snapshot.mode=initial copies tables with and without a key', async t => {
  const capture = await prepareCapture(t, {prefix: 'keyless', config: {'snapshot.mode': 'initial'}})
  await capture.connection.query(`${keyless('log')}${keyless('audit')}${numberedTable('orders', 900)}`)
  const tidemark = await capture.run(t)
  await tidemark.waitForStreaming()
  const stop = startWriter(t, await capture.database.connect(), ['log', 'audit'])
  await tidemark.waitForLog('snapshot done', 120_000)
  await settle(tidemark, capture, stop)
  await assertEqual(t, capture, ['log', 'audit', 'orders'])
  assert.deepEqual(await tidemark.stop(), {code: 0, signal: null}, tidemark.stderr)
})

test('a blocking signal copies tables with and without a key, and blocks nobody', async t => {
  const capture = await prepareCapture(t, {prefix: 'keyless'})
  await capture.connection.query(`${keyless('log')}${numberedTable('orders', 900)}`)
  const tidemark = await capture.run(t)
  await tidemark.waitForStreaming()
  const stop = startWriter(t, await capture.database.connect(), ['log'])
  const id = await capture.snapshot(['log', 'orders'], {type: 'blocking'})
  const {result, reason} = await receipt(tidemark, id)
  assert.equal(result, 'accepted')
  assert.match(reason ?? '', /nothing blocks/)
  await snapshotEnded(tidemark, id)
  await settle(tidemark, capture, stop)
  await assertEqual(t, capture, ['log', 'orders'])
  assert.deepEqual(await tidemark.stop(), {code: 0, signal: null}, tidemark.stderr)
})

test('tables new in the filter are copied beside the stream with snapshot.new.tables=parallel', async t => {
  const capture = await prepareCapture(t, {prefix: 'keyless', config: {'snapshot.new.tables': 'parallel'}})
  await capture.connection.query(`${keyless('log')}${numberedTable('orders', 900)}${numberedTable('known', 3)}`)
  const known = `${capture.database.name}.known`
  const before = await capture.run(t, {'table.include.list': known})
  await before.waitForStreaming()
  assert.deepEqual(await before.stop(), {code: 0, signal: null}, before.stderr)
  const tidemark = await capture.run(t)
  await tidemark.waitForStreaming()
  const stop = startWriter(t, await capture.database.connect(), ['log'])
  await tidemark.waitForLog('snapshot done', 120_000)
  await settle(tidemark, capture, stop)
  await assertEqual(t, capture, ['log', 'orders'])
  assert.deepEqual(await tidemark.stop(), {code: 0, signal: null}, tidemark.stderr)
})

test('a process that is killed while it copies begins the copy again, and nothing is lost or doubled', async t => {
  const capture = await prepareCapture(t, {prefix: 'keyless', config: {'incremental.snapshot.chunk.size': '100'}})
  await capture.connection.query(keyless('log'))
  let tidemark = await capture.run(t)
  await tidemark.waitForStreaming()
  const stop = startWriter(t, await capture.database.connect(), ['log'])
  await capture.snapshot(['log'], {'max-rows-per-second': 1_500})
  for (let kill = 0; kill < 2; kill++) {
    await tidemark.waitForLog('copying a table by a read view')
    await delay(300 + 200 * kill)
    await tidemark.kill()
    tidemark = await capture.run(t)
    await tidemark.waitForStreaming()
  }
  await tidemark.waitForLog('snapshot done', 120_000)
  await settle(tidemark, capture, stop)
  await assertEqual(t, capture, ['log'])
  assert.deepEqual(await tidemark.stop(), {code: 0, signal: null}, tidemark.stderr)
})
