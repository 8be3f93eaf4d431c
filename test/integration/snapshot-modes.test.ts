// snapshot.mode: what is copied at the start without a signal, and what is not.

import assert from 'node:assert/strict'
import {readFile} from 'node:fs/promises'
import type {RowDataPacket} from 'mysql2/promise'
import {after, before, test, type TestContext} from 'node:test'
import {startMysql, type MysqlServer} from '../../tools/servers/mysql-server.ts'
import {caughtUp, numberedTable, prepareCapture, readIds, type Capture} from '../support/capture.ts'
import {changeOf, foldEvents} from '../support/observed-events.ts'
import type {Config} from '../support/tidemark-config.ts'
import type {TidemarkProcess} from '../support/tidemark-process.ts'

let server: MysqlServer
before(async () => {
  server = await startMysql()
})
after(async () => {
  await server.stop()
})

async function prepare(t: TestContext, mode: string, config: Config = {}): Promise<Capture> {
  const capture = await prepareCapture(t, {prefix: 'modes', server, config: {'snapshot.mode': mode, ...config}})
  await capture.connection.query(numberedTable('a', 30) + numberedTable('b', 20) + numberedTable('c', 25))
  return capture
}

async function copied(tidemark: TidemarkProcess): Promise<void> {
  await tidemark.waitForLog('snapshot done', 60_000)
}

/** `source.snapshot` of every read event of the database, in the order of the file. */
async function markers(capture: Capture): Promise<{table: string; marker: string}[]> {
  return (await capture.events()).flatMap(event => {
    const change = changeOf(event)
    const table = String(change?.source['table'])
    return change?.op === 'r' ? [{table, marker: String(change.source['snapshot'])}] : []
  })
}

async function counts(capture: Capture): Promise<Record<string, number>> {
  const ids = await Promise.all(['a', 'b', 'c'].map(async table => [table, (await readIds(capture, table)).length]))
  return Object.fromEntries(ids) as Record<string, number>
}

const ALL = {a: 30, b: 20, c: 25}
const NONE = {a: 0, b: 0, c: 0}

test('initial copies every captured table once, its first and last rows marked', async t => {
  const capture = await prepare(t, 'initial', {'incremental.snapshot.chunk.size': '7'})
  const first = await capture.run(t)
  await copied(first)
  await capture.connection.query("INSERT INTO a VALUES (31, 'streamed')")
  await caughtUp(first, capture.connection)
  assert.deepEqual(await first.stop(), {code: 0, signal: null})
  assert.deepEqual(await counts(capture), ALL)
  const found = await markers(capture)
  const tables = [...new Set(found.map(({table}) => table))]
  for (const [at, table] of tables.entries()) {
    const own = found.filter(row => row.table === table).map(({marker}) => marker)
    assert.equal(own[0], at === 0 ? 'first' : 'first_in_data_collection', table)
    assert.equal(own.at(-1), at === tables.length - 1 ? 'last' : 'last_in_data_collection', table)
    assert.deepEqual([...new Set(own.slice(1, -1))], ['true'], table)
  }
  const streamed = (await capture.tableEvents('a')).map(changeOf).filter(change => change?.op === 'c')
  assert.deepEqual(
    streamed.map(change => change?.source['snapshot']),
    ['false'],
  )

  const second = await capture.run(t)
  await second.waitForStreaming()
  await caughtUp(second, capture.connection)
  await second.stop()
  assert.deepEqual(await counts(capture), ALL, 'a second start copied again')
})

test('initial goes on after a kill where it was, and does not begin anew', async t => {
  const capture = await prepareCapture(t, {
    prefix: 'modes',
    server,
    config: {'snapshot.mode': 'initial', 'incremental.snapshot.chunk.size': '5'},
  })
  const {connection} = capture
  await connection.query(numberedTable('seed', 1000))
  await connection.query(`CREATE TABLE big (id INT PRIMARY KEY);
    INSERT INTO big SELECT x.id * 1000 + y.id FROM seed x JOIN seed y WHERE x.id <= 10;
    DROP TABLE seed`)
  const first = await capture.run(t)
  await first.waitForStatus(({snapshot}) => snapshot.tables.some(({rowsDone}) => rowsDone >= 50))
  await first.kill()
  const emitted = (await readIds(capture, 'big')).length
  assert.ok(emitted < 10_000, 'the copy was over before the kill')
  const state = JSON.parse(await readFile(capture.config['offset.storage.file.filename']!, 'utf8')) as {
    snapshots: {tables: {rowsDone: number}[]}[]
  }
  const done = state.snapshots[0]?.tables[0]?.rowsDone ?? 0
  const second = await capture.run(t)
  await copied(second)
  await second.stop()
  const ids = await readIds(capture, 'big')
  assert.equal(ids.length, 10_000 + emitted - done)
  assert.equal(new Set(ids).size, 10_000)
  assert.equal((await markers(capture)).filter(({marker}) => marker === 'last').length, 1)
})

test('initial_only ends by itself when everything is copied, and so does its next start', async t => {
  const capture = await prepare(t, 'initial_only')
  const first = await capture.run(t)
  assert.deepEqual(await first.ended, {code: 0, signal: null}, first.stderr)
  assert.deepEqual(await counts(capture), ALL)
  assert.equal((await markers(capture)).at(-1)?.marker, 'last')
  const second = await capture.run(t)
  assert.deepEqual(await second.ended, {code: 0, signal: null}, second.stderr)
  assert.deepEqual(await counts(capture), ALL)
})

test('initial_only with no table to copy ends, too', async t => {
  const capture = await prepareCapture(t, {prefix: 'modes', server, config: {'snapshot.mode': 'initial_only'}})
  await capture.connection.query('CREATE TABLE no_rows (id INT PRIMARY KEY)')
  const tidemark = await capture.run(t)
  assert.deepEqual(await tidemark.ended, {code: 0, signal: null}, tidemark.stderr)
})

test('no_data copies nothing and streams what comes', async t => {
  const capture = await prepare(t, 'no_data')
  const tidemark = await capture.run(t)
  await tidemark.waitForStreaming()
  await capture.connection.query("UPDATE a SET note = 'streamed' WHERE id = 1")
  await caughtUp(tidemark, capture.connection)
  await tidemark.stop()
  assert.deepEqual(await counts(capture), NONE)
  assert.equal((await capture.tableEvents('a')).length, 1)
})

test('never copies nothing and streams all that the binlog still has', async t => {
  const capture = await prepare(t, 'never')
  const tidemark = await capture.run(t)
  await tidemark.waitForStreaming()
  await caughtUp(tidemark, capture.connection)
  await tidemark.stop()
  assert.deepEqual(await counts(capture), NONE)
  assert.equal(foldEvents(await capture.tableEvents('a')).size, 30)
})

test('always copies at every start', async t => {
  const capture = await prepare(t, 'always')
  for (const times of [1, 2]) {
    const tidemark = await capture.run(t)
    await copied(tidemark)
    await tidemark.stop()
    assert.deepEqual(await counts(capture), {a: 30 * times, b: 20 * times, c: 25 * times})
  }
})

for (const [name, statement] of [
  ['purged', 'PURGE BINARY LOGS TO'],
  ['reset', 'RESET BINARY LOGS AND GTIDS'],
] as const) {
  test(`when_needed copies at the first start, not at the second, and again when the binlog was ${name}`, async t => {
    const capture = await prepare(t, 'when_needed')
    const {connection} = capture
    const first = await capture.run(t)
    await copied(first)
    await first.stop()
    const second = await capture.run(t)
    await second.waitForStreaming()
    await caughtUp(second, connection)
    await second.stop()
    assert.deepEqual(await counts(capture), ALL)

    await connection.query("DELETE FROM a WHERE id = 1; INSERT INTO b VALUES (21, 'unseen'); FLUSH BINARY LOGS")
    if (name === 'reset') await connection.query(statement)
    else {
      const [files] = await connection.query<RowDataPacket[]>('SHOW BINARY LOGS')
      await connection.query(`${statement} ?`, [String(files.at(-1)?.['Log_name'])])
    }
    const third = await capture.run(t)
    await copied(third)
    const page = (await third.status()) as unknown as {diverged: {table: string; reason: string}[]}
    await third.stop()
    assert.deepEqual(await counts(capture), {a: 59, b: 41, c: 50})
    // The deletion that nobody streamed cannot be known: that is said of every table.
    assert.match(page.diverged.find(({table}) => table.endsWith('.a'))?.reason ?? '', /ghosts possible/)
  })
}

test('a table that is created while the task runs is streamed from its first row', async t => {
  const capture = await prepare(t, 'initial')
  const tidemark = await capture.run(t)
  await copied(tidemark)
  await capture.connection.query(numberedTable('d', 12))
  await caughtUp(tidemark, capture.connection)
  await tidemark.stop()
  assert.equal(foldEvents(await capture.tableEvents('d')).size, 12)
})
