// binlog_row_metadata=MINIMAL, MySQL's default: events without the names of columns come out under the names that were
// true at their place, or the task stops; never under others.

import assert from 'node:assert/strict'
import {after, before, test, type TestContext} from 'node:test'
import type {RowDataPacket} from 'mysql2/promise'
import {startMysql, type MysqlServer} from '../../tools/servers/mysql-server.ts'
import {caughtUp, numberedTable, prepareCapture, snapshotEnded, type Capture} from '../support/capture.ts'
import {changeOf, foldEvents} from '../support/observed-events.ts'
import {judge, snapshotUnderWrites} from '../support/snapshot-scenario.ts'
import {randomFor} from '../support/seeded-random.ts'
import type {StatusPage, TidemarkProcess} from '../support/tidemark-process.ts'

let server: MysqlServer
before(async () => {
  server = await startMysql({options: ['--binlog-row-metadata=MINIMAL']})
})
after(async () => {
  await server.stop()
})

/** Table `a` (id, note), and statements of the test's own. */
async function prepare(t: TestContext, ...statements: readonly string[]): Promise<Capture> {
  const capture = await prepareCapture(t, {prefix: 'minimal', server, config: {'snapshot.new.tables': 'off'}})
  for (const sql of [numberedTable('a', 3), ...statements]) await capture.connection.query(sql)
  return capture
}

async function streaming(t: TestContext, capture: Capture): Promise<TidemarkProcess> {
  const tidemark = await capture.run(t)
  await tidemark.waitForStreaming()
  return tidemark
}

async function stopped(tidemark: TidemarkProcess, capture: Capture): Promise<void> {
  await caughtUp(tidemark, capture.connection)
  assert.deepEqual(await tidemark.stop(), {code: 0, signal: null}, tidemark.stderr)
}

async function write(capture: Capture, ...statements: readonly string[]): Promise<void> {
  for (const sql of statements) await capture.connection.query(sql)
}

/** After images of the table's events, in order. */
async function rowsOf(capture: Capture, table: string): Promise<unknown[]> {
  const events = await capture.tableEvents(table)
  return events.flatMap(event => {
    const after = changeOf(event)?.after ?? null
    return after === null ? [] : [JSON.parse(after) as unknown]
  })
}

async function assertFolded(capture: Capture, table: string): Promise<void> {
  const folded = [...foldEvents(await capture.tableEvents(table)).values()]
  const rows = folded.map(text => JSON.parse(text) as Record<string, unknown>)
  const [stored] = await capture.connection.query<RowDataPacket[]>(`SELECT * FROM ${table} ORDER BY id`)
  assert.deepEqual(
    rows.sort((a, b) => Number(a['id']) - Number(b['id'])),
    stored.map(row => ({...row})),
  )
}

test('changes of before and behind an ALTER TABLE come under the names of their place, and a snapshot with them', async t => {
  const capture = await prepare(t)
  const tidemark = await streaming(t, capture)
  await write(capture, "INSERT INTO a VALUES (10, 'x')", "UPDATE a SET note = 'y' WHERE id = 1")
  await caughtUp(tidemark, capture.connection)
  await write(capture, 'ALTER TABLE a RENAME COLUMN note TO text')
  await caughtUp(tidemark, capture.connection)
  await write(capture, "INSERT INTO a VALUES (11, 'z')", 'DELETE FROM a WHERE id = 10')
  await snapshotEnded(tidemark, await capture.snapshot(['a']))
  await stopped(tidemark, capture)
  const [inserted, updated, renamed] = await rowsOf(capture, 'a')
  assert.deepEqual(
    [inserted, updated, renamed],
    [
      {id: 10, note: 'x'},
      {id: 1, note: 'y'},
      {id: 11, text: 'z'},
    ],
  )
  await assertFolded(capture, 'a')
})

test('a definition that was read before the task stopped is used up to the statement that changed it meanwhile', async t => {
  const capture = await prepare(t)
  await stopped(await streaming(t, capture), capture)
  await write(
    capture,
    "INSERT INTO a VALUES (10, 'old')",
    'ALTER TABLE a RENAME COLUMN note TO text',
    "INSERT INTO a VALUES (11, 'new')",
  )
  await stopped(await streaming(t, capture), capture)
  assert.deepEqual(await rowsOf(capture, 'a'), [
    {id: 10, note: 'old'},
    {id: 11, text: 'new'},
  ])
})

test('rows between two statements that the server has already carried out stop the task, and none comes out wrong', async t => {
  const capture = await prepare(t)
  await stopped(await streaming(t, capture), capture)
  await write(
    capture,
    "INSERT INTO a VALUES (10, 'old')",
    'ALTER TABLE a RENAME COLUMN note TO text',
    "INSERT INTO a VALUES (11, 'between')",
    'ALTER TABLE a RENAME COLUMN text TO words',
    "INSERT INTO a VALUES (12, 'new')",
  )
  const tidemark = await capture.run(t)
  assert.deepEqual(await tidemark.ended, {code: 1, signal: null}, tidemark.stderr)
  assert.match(tidemark.stderr, /TIDEMARK_BINLOG_METADATA_MINIMAL/)
  assert.match(tidemark.stderr, /SET PERSIST binlog_row_metadata = FULL/)
  assert.deepEqual(await rowsOf(capture, 'a'), [{id: 10, note: 'old'}])
})

test('statements that leave the columns as they are do not stop the task, wherever they stand', async t => {
  const capture = await prepare(t)
  await stopped(await streaming(t, capture), capture)
  await write(
    capture,
    'ALTER TABLE a RENAME COLUMN note TO text',
    "INSERT INTO a VALUES (11, 'new')",
    'TRUNCATE TABLE a',
    'ANALYZE TABLE a',
    'CREATE VIEW over_a AS SELECT * FROM a',
    'CREATE TRIGGER of_a BEFORE INSERT ON a FOR EACH ROW SET @a = 1',
    "INSERT INTO a VALUES (12, 'newer')",
  )
  await stopped(await streaming(t, capture), capture)
  assert.deepEqual(await rowsOf(capture, 'a'), [
    {id: 11, text: 'new'},
    {id: 12, text: 'newer'},
  ])
})

test('two tables that exchange their names keep their own columns', async t => {
  const swap = 'RENAME TABLE a TO x, b TO a, x TO b'
  const capture = await prepare(t, 'CREATE TABLE b (id INT PRIMARY KEY, other VARCHAR(20) NOT NULL)')
  const tidemark = await streaming(t, capture)
  await write(capture, "INSERT INTO a VALUES (10, 'a')", "INSERT INTO b VALUES (20, 'b')")
  await caughtUp(tidemark, capture.connection)
  await write(capture, swap, "INSERT INTO a VALUES (21, 'a')", "INSERT INTO b VALUES (11, 'b')")
  await stopped(tidemark, capture)
  await write(capture, "INSERT INTO a VALUES (22, 'a')", swap, "INSERT INTO a VALUES (12, 'a')")
  await stopped(await streaming(t, capture), capture)
  assert.deepEqual(await rowsOf(capture, 'a'), [
    {id: 10, note: 'a'},
    {id: 21, other: 'a'},
    {id: 22, other: 'a'},
    {id: 12, note: 'a'},
  ])
  assert.deepEqual(await rowsOf(capture, 'b'), [
    {id: 20, other: 'b'},
    {id: 11, note: 'b'},
  ])
})

test('the setting is switched between FULL and MINIMAL in the middle of the stream, with an ALTER TABLE between', async t => {
  const capture = await prepare(t)
  await stopped(await streaming(t, capture), capture)
  await write(capture, "INSERT INTO a VALUES (10, 'minimal')", 'SET GLOBAL binlog_row_metadata = FULL')
  try {
    await write(
      capture,
      'ALTER TABLE a RENAME COLUMN note TO text',
      "INSERT INTO a VALUES (11, 'full')",
      'ALTER TABLE a RENAME COLUMN text TO words',
      "INSERT INTO a VALUES (12, 'full')",
    )
  } finally {
    await write(capture, 'SET GLOBAL binlog_row_metadata = MINIMAL')
  }
  await write(capture, "INSERT INTO a VALUES (13, 'minimal')")
  await stopped(await streaming(t, capture), capture)
  assert.deepEqual(await rowsOf(capture, 'a'), [
    {id: 10, note: 'minimal'},
    {id: 11, text: 'full'},
    {id: 12, words: 'full'},
    {id: 13, words: 'minimal'},
  ])
})

test('a table that was changed behind the back of the binlog stops the task where its events show it', async t => {
  const capture = await prepare(t)
  const tidemark = await streaming(t, capture)
  await write(capture, "INSERT INTO a VALUES (10, 'x')")
  await caughtUp(tidemark, capture.connection)
  await write(capture, 'SET sql_log_bin = 0', 'ALTER TABLE a MODIFY note VARCHAR(100)', 'SET sql_log_bin = 1')
  await write(capture, "INSERT INTO a VALUES (11, 'y')")
  assert.deepEqual(await tidemark.ended, {code: 1, signal: null}, tidemark.stderr)
  assert.match(tidemark.stderr, /TIDEMARK_BINLOG_METADATA_MISMATCH/)
  assert.match(tidemark.stderr, /column 2 is varchar\(100\) utf8mb4 in the event and varchar\(20\) utf8mb4 NOT NULL/)
})

test('events of before the setting was switched to FULL come by the definition of now, as far as nothing was changed since', async t => {
  const capture = await prepare(t)
  await write(capture, "INSERT INTO a VALUES (10, 'minimal')", 'SET GLOBAL binlog_row_metadata = FULL')
  try {
    await write(capture, "INSERT INTO a VALUES (11, 'full')", 'SET GLOBAL binlog_row_metadata = MINIMAL')
    // From the beginning of the binlog, with all that other tests have left there.
    const tidemark = await capture.run(t, {'snapshot.mode': 'never'})
    await tidemark.waitForStreaming()
    await stopped(tidemark, capture)
  } finally {
    await write(capture, 'SET GLOBAL binlog_row_metadata = MINIMAL')
  }
  const events = await rowsOf(capture, 'a')
  assert.deepEqual(events.slice(-2), [
    {id: 10, note: 'minimal'},
    {id: 11, note: 'full'},
  ])
})

test('a table that a SELECT creates and fills, and one in a compressed transaction, are known', async t => {
  const capture = await prepare(t)
  await stopped(await streaming(t, capture), capture)
  await write(
    capture,
    "CREATE TABLE made (id INT PRIMARY KEY) SELECT 5 AS id, 'x' AS v",
    'SET binlog_transaction_compression = ON',
    "INSERT INTO made VALUES (6, 'y')",
    "CREATE TABLE packed (id INT PRIMARY KEY) SELECT 7 AS id, 'z' AS w",
    "INSERT INTO a VALUES (10, 'x')",
  )
  await stopped(await streaming(t, capture), capture)
  assert.deepEqual(await rowsOf(capture, 'made'), [
    {id: 5, v: 'x'},
    {id: 6, v: 'y'},
  ])
  assert.deepEqual(await rowsOf(capture, 'packed'), [{id: 7, w: 'z'}])
  assert.deepEqual(await rowsOf(capture, 'a'), [{id: 10, note: 'x'}])
})

test('columns that change their names again and again, under kill -9: every value stands under the name it was written under', async t => {
  const random = randomFor(t)
  const capture = await prepare(t)
  let tidemark = await streaming(t, capture)
  let name = 'note'
  let id = 100
  const insert = `INSERT INTO a VALUES (?, ?), (?, ?)`
  const writeRows = async (): Promise<void> => {
    await capture.connection.query(insert, [id++, name, id++, name])
  }
  for (let round = 0; round < 5; round++) {
    await writeRows()
    const isDown = random.chance(0.4)
    if (isDown) await tidemark.kill()
    else if (random.chance(0.5)) await writeRows()
    const before = name
    name = `c${round}`
    await capture.connection.query(`ALTER TABLE a RENAME COLUMN ${before} TO ${name}`)
    await writeRows()
    if (isDown) tidemark = await streaming(t, capture)
    await caughtUp(tidemark, capture.connection)
    // The state that knows the new name is stored: two statements after it could not be told apart after a crash.
    await tidemark.waitForStatus(page => isStored(page), 30_000)
  }
  await stopped(tidemark, capture)
  const rows = (await rowsOf(capture, 'a')) as Record<string, unknown>[]
  const seen = new Set(rows.map(row => row['id']))
  for (let each = 100; each < id; each++) assert.ok(seen.has(each), `row ${each} is missing`)
  for (const {id: _, ...row} of rows) for (const [column, value] of Object.entries(row)) assert.equal(column, value)
})

/** What the stream has reached is in the stored state. */
function isStored(page: StatusPage): boolean {
  const {position, stored} = page as StatusPage & {stored: {gtidSet: string | null} | null}
  return position !== null && stored !== null && position.gtidSet === stored.gtidSet
}

test('every table converges and no row goes back: events without the names of columns', async t => {
  const outcome = await snapshotUnderWrites(t, {
    server,
    config: {'incremental.snapshot.chunk.size': '50', 'snapshot.max.threads': '2'},
    snapshots: 1,
    size: 300,
  })
  const {capture} = outcome
  const events = await capture.events()
  await judge(outcome, table => events.filter(event => event.topic === capture.topic(table)))
})
