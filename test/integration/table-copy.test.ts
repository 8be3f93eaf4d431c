// A table copied by a read view on a real server.

import assert from 'node:assert/strict'
import {test, type TestContext} from 'node:test'
import type {Connection} from 'mysql2/promise'
import {startMysql} from '../../tools/servers/mysql-server.ts'
import {eventually} from '../../tools/servers/eventually.ts'
import {ByteWriter} from '../../src/core/byte-writer.ts'
import {compileRowEncoder} from '../../src/encode/compile-row-encoder.ts'
import {openConnection} from '../../src/mysql/connections.ts'
import {quoteTable} from '../../src/mysql/identifiers.ts'
import {selectRows} from '../../src/mysql/row-query.ts'
import {readTableShape} from '../../src/mysql/schema-reader.ts'
import type {SnapshotPlan} from '../../src/snapshot/snapshot-plan.ts'
import {readerSettings} from '../support/binlog-reading.ts'
import {onCleanUp} from '../support/clean-up.ts'
import {CopyScene} from '../support/copy-scene.ts'
import {freshDatabase, type FreshDatabase} from '../support/fresh-database.ts'
import {EVENT_SETTINGS} from '../support/stream-parts.ts'
import {fillValueTables, VALUE_CASES} from '../support/value-cases.ts'
import {MemorySink} from '../support/memory-sink.ts'

/** Rows that are equal to others, and some that are not. */
function keyless(table: string, rows: number, pad = 10): string {
  return `CREATE TABLE ${table} (n INT, note VARCHAR(4000));
    SET SESSION cte_max_recursion_depth = 1000000;
    INSERT INTO ${table} WITH RECURSIVE i (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM i WHERE i < ${rows})
      SELECT i DIV 2, REPEAT('x', ${pad}) FROM i`
}

interface HeldCopy {
  readonly database: FreshDatabase
  readonly sink: MemorySink
  readonly scene: CopyScene
  readonly plan: SnapshotPlan
}

/** A copy of `log` whose first rows have left, into a sink that acknowledges nothing yet. */
async function heldCopy(t: TestContext, setUp: string): Promise<HeldCopy> {
  const database = await freshDatabase(t, 'copy')
  await database.connection.query(setUp)
  const sink = new MemorySink({acks: 'held'})
  const scene = await CopyScene.open(t, {database, sink})
  const plan = scene.accept(['log'])
  await eventually({what: 'rows to be sent', timeoutMs: 30_000}, () =>
    Promise.resolve(sink.sent.length > 0 || undefined),
  )
  return {database, sink, scene, plan}
}

async function storedRows(connection: Connection, table: string): Promise<string[]> {
  const [rows] = await connection.query(`SELECT CONCAT('{"n":', n, ',"note":"', note, '"}') AS row_text FROM ${table}`)
  return (rows as {row_text: string}[]).map(row => row.row_text).sort()
}

async function threadOf({connection}: FreshDatabase, program: string): Promise<number | undefined> {
  const [rows] = await connection.query(
    `SELECT PROCESSLIST_ID AS id FROM performance_schema.session_connect_attrs
      WHERE ATTR_NAME = 'program_name' AND ATTR_VALUE = ? ORDER BY id DESC`,
    [`tidemark-${program}`],
  )
  return (rows as {id: number}[])[0]?.id
}

test('a table without a key is copied whole, equal rows and all, and its events name the copy', async t => {
  const database = await freshDatabase(t, 'copy')
  await database.connection.query(keyless('log', 5_001))
  const scene = await CopyScene.open(t, {database})
  const plan = scene.accept(['log'], {isAsked: false})
  await scene.done()
  assert.deepEqual([plan.state, plan.tables[0]!.reader, plan.tables[0]!.rowsDone], ['completed', 'parallel', 5_001])
  assert.deepEqual(scene.rows('log').sort(), await storedRows(database.connection, 'log'))
  const ids = new Set(scene.events.map(({headers}) => headers['__tidemark.copy.id']))
  assert.deepEqual([...ids], scene.parallel.copyIds)
  assert.equal(scene.coordinator.budget.held, 0)
})

test('an empty table is copied, too', async t => {
  const database = await freshDatabase(t, 'copy')
  await database.connection.query('CREATE TABLE log (n INT)')
  const scene = await CopyScene.open(t, {database})
  const plan = scene.accept(['log'])
  await scene.done()
  assert.deepEqual([plan.state, plan.tables[0]!.rowsDone, scene.events.length], ['completed', 0, 0])
})

test('what is written behind the lock is not in the copy', async t => {
  const database = await freshDatabase(t, 'copy')
  await database.connection.query(keyless('log', 100))
  const before = await storedRows(database.connection, 'log')
  const scene = await CopyScene.open(t, {
    database,
    locked: async () => {
      await database.connection.query("DELETE FROM log WHERE n < 20; INSERT INTO log VALUES (7, 'new')")
    },
  })
  scene.accept(['log'])
  await scene.done()
  assert.deepEqual(scene.rows('log').sort(), before)
})

test('a transaction that has written the table holds the lock up, and nobody else for long', async t => {
  const database = await freshDatabase(t, 'copy')
  await database.connection.query(keyless('log', 10))
  const writer = await database.connect()
  await writer.query("BEGIN; INSERT INTO log VALUES (100, 'open')")
  const scene = await CopyScene.open(t, {database})
  scene.accept(['log'])
  const run = scene.coordinator.runs[0]!
  await eventually({what: 'the lock to be given up', timeoutMs: 30_000}, () =>
    Promise.resolve(/waits for a lock on .*log/.test(run.problem ?? '') || undefined),
  )
  const other = await database.connect()
  await other.query("INSERT INTO log VALUES (200, 'other')")
  assert.equal(scene.parallel.places.length, 0)
  await writer.query('COMMIT')
  await scene.done()
  assert.deepEqual(scene.rows('log').sort(), await storedRows(database.connection, 'log'))
  assert.equal(run.problem, null)
})

test('a prepared XA transaction whose session is gone holds the lock up until it is committed', async t => {
  const database = await freshDatabase(t, 'copy')
  await database.connection.query(keyless('log', 10))
  const writer = await database.connect()
  const xid = `'${database.name}'`
  await writer.query(`XA START ${xid}; INSERT INTO log VALUES (100, 'prepared'); XA END ${xid}; XA PREPARE ${xid}`)
  writer.destroy()
  const scene = await CopyScene.open(t, {database})
  scene.accept(['log'])
  const run = scene.coordinator.runs[0]!
  await eventually({what: 'the lock to be given up', timeoutMs: 30_000}, () =>
    Promise.resolve(/waits for a lock/.test(run.problem ?? '') || undefined),
  )
  assert.equal(scene.parallel.places.length, 0)
  await database.connection.query(`XA COMMIT ${xid}`)
  await scene.done()
  assert.deepEqual(scene.rows('log').sort(), await storedRows(database.connection, 'log'))
  assert.equal(scene.rows('log').length, 11)
})

test('a server without GTIDs that takes no writes is copied from, too', async t => {
  const server = await startMysql({options: ['--gtid-mode=OFF', '--enforce-gtid-consistency=OFF']})
  onCleanUp(t, async () => await server.stop())
  const database = await freshDatabase(t, 'copy', server)
  await database.connection.query(keyless('log', 10))
  const before = await storedRows(database.connection, 'log')
  await database.connection.query('SET GLOBAL super_read_only = ON')
  const scene = await CopyScene.open(t, {database})
  scene.accept(['log'])
  await scene.done()
  await database.connection.query('SET GLOBAL super_read_only = OFF, GLOBAL read_only = OFF')
  assert.deepEqual(scene.rows('log').sort(), before)
  const [place] = scene.parallel.places
  assert.equal(place!.gtidSet, null)
  assert.ok(place!.pos > 4)
})

test('where LOCK TABLES is not granted, the reason is the GRANT', async t => {
  const database = await freshDatabase(t, 'copy')
  const user = `${database.name.slice(-20)}_u`
  await database.connection.query(
    `${keyless('log', 10)}; CREATE USER '${user}'@'%' IDENTIFIED BY 'p'; GRANT SELECT ON ${database.name}.* TO '${user}'@'%'`,
  )
  onCleanUp(t, async () => {
    await database.connection.query(`DROP USER '${user}'@'%'`)
  })
  const scene = await CopyScene.open(t, {database, settings: {user, password: 'p'}})
  scene.accept(['log'])
  const run = scene.coordinator.runs[0]!
  await eventually({what: 'the refusal', timeoutMs: 30_000}, () => Promise.resolve(run.problem !== null || undefined))
  assert.equal(run.problemCode, 'TIDEMARK_SNAPSHOT_LOCK_GRANT')
  assert.ok(
    run.problem!.includes(`GRANT LOCK TABLES, SELECT ON \`${database.name}\`.* TO '${user}'@'%';`),
    run.problem!,
  )
})

test('a copying connection that is killed gives a new copy with another id, behind a truncate event', async t => {
  const {database, sink, scene, plan} = await heldCopy(t, keyless('log', 60_000, 800))
  const thread = await eventually({what: 'the copying thread', timeoutMs: 30_000}, () => threadOf(database, 'copy'))
  await database.connection.query(`KILL ${thread}`)
  sink.release()
  await scene.done()
  const [first, second] = scene.parallel.copyIds
  assert.equal(scene.parallel.copyIds.length, 2)
  assert.notEqual(first, second)
  assert.equal(plan.state, 'completed')
  assert.equal(plan.tables[0]!.rowsDone, 60_000)
  assert.deepEqual(scene.rows('log').sort(), await storedRows(database.connection, 'log'))
  const truncate = sink.acknowledged.findIndex(({value}) => value!.includes('"op":"t"'))
  assert.ok(truncate > 0)
  assert.deepEqual(
    [new Set(sink.acknowledged.slice(0, truncate).map(copyOf)), new Set(sink.acknowledged.slice(truncate).map(copyOf))],
    [new Set([first]), new Set([second])],
  )
  assert.equal(scene.coordinator.budget.held, 0)
})

function copyOf({headers}: {headers: Readonly<Record<string, string>>}): string | undefined {
  return headers['__tidemark.copy.id']
}

test('I5: a table many times larger than the budget waits for a slow sink, and holds no more than the budget', async t => {
  const database = await freshDatabase(t, 'copy')
  await database.connection.query(keyless('log', 40_000, 800))
  const sink = new MemorySink({acks: 'held', snapshotBytesInFlight: 64 * 1024})
  const memoryBytes = 1 << 20
  const scene = await CopyScene.open(t, {database, sink, memoryBytes, settings: {queryTimeoutMs: 1}})
  scene.accept(['log'])
  let most = 0
  let threadAtAThird: number | undefined
  while (scene.coordinator.active) {
    await eventually({what: 'the next piece', timeoutMs: 30_000, intervalMs: 2}, () =>
      Promise.resolve(sink.waiting > 0 || !scene.coordinator.active || undefined),
    )
    most = Math.max(most, scene.coordinator.budget.held)
    sink.acknowledge(1)
    if (threadAtAThird === undefined && sink.acknowledged.length > 13_000) {
      threadAtAThird = await threadOf(database, 'copy')
      assert.ok(threadAtAThird !== undefined, 'the server has sent all rows, ahead of everything that was granted')
    }
  }
  assert.ok(most > memoryBytes / 4 && most < memoryBytes * 1.5, String(most))
  assert.equal(scene.rows('log').length, 40_000)
})

test('values of every type come out as a SELECT of their table gives them', async t => {
  const database = await freshDatabase(t, 'copy')
  await fillValueTables(database.connection)
  const sink = new MemorySink({partitions: 3})
  const scene = await CopyScene.open(t, {database, sink, hasThread: false})
  const all = VALUE_CASES.map((_, i) => `v${i}`)
  for (const table of all) await database.connection.query(`ALTER TABLE ${table} DROP PRIMARY KEY`)
  scene.accept(all)
  await scene.done(240_000)
  const connection = await openConnection(readerSettings(database.server), 'test')
  t.after(() => connection.destroy())
  for (const [i, {column}] of VALUE_CASES.entries()) {
    const shape = await readTableShape(connection, {database: database.name, table: `v${i}`})
    assert.ok(shape)
    const encoder = compileRowEncoder({shape, messageKey: [], rowKey: [], options: {settings: EVENT_SETTINGS}})
    const selected: string[] = []
    const out = new ByteWriter(16)
    await selectRows(connection, `SELECT ${encoder.selectList.join(', ')} FROM ${quoteTable(shape.id)}`, (...row) => {
      out.clear()
      encoder.encodeText(...row, out)
      selected.push(out.view().toString('utf8'))
    })
    assert.deepEqual(scene.rows(`v${i}`), selected, column)
  }
})

test('a pause holds the copy in place, and it goes on without a new one', async t => {
  const {database, sink, scene} = await heldCopy(t, keyless('log', 20_000, 100))
  scene.coordinator.pause()
  sink.release()
  await eventually({what: 'what was read to leave', timeoutMs: 30_000}, () =>
    Promise.resolve((scene.outlet.length === 0 && sink.waiting === 0) || undefined),
  )
  const atPause = sink.acknowledged.length
  assert.ok(atPause < 20_000, String(atPause))
  scene.coordinator.resume()
  await scene.done()
  assert.equal(scene.parallel.copyIds.length, 1)
  assert.deepEqual(scene.rows('log').sort(), await storedRows(database.connection, 'log'))
})

test('a stopped copy ends its SELECT and leaves nothing behind', async t => {
  const {database, sink, scene, plan} = await heldCopy(t, keyless('log', 20_000, 100))
  scene.coordinator.stop(() => true)
  sink.release()
  await Promise.all(scene.parallel.ended)
  assert.deepEqual([plan.state, plan.tables[0]!.state], ['stopped', 'stopped'])
  assert.equal(scene.coordinator.budget.held, 0)
  await eventually({what: 'the copying connection to end', timeoutMs: 30_000}, async () =>
    (await threadOf(database, 'copy')) === undefined ? true : undefined,
  )
})

test('an ALTER that waits for the copy makes it give way, and the copy begins again', async t => {
  const {database, sink, scene, plan} = await heldCopy(t, keyless('log', 20_000, 100))
  const other = await database.connect()
  await other.query('ALTER TABLE log ADD COLUMN more INT DEFAULT 5, ALGORITHM = INPLACE')
  sink.release()
  await scene.done()
  assert.equal(plan.state, 'completed')
  assert.equal(scene.parallel.copyIds.length, 2)
  const rows = scene.rows('log')
  assert.equal(rows.length, 20_000)
  assert.ok(rows.every(row => row.includes('"more":5')))
})

test('tables are copied one after the other, and the first and the last row of an initial snapshot are marked', async t => {
  const database = await freshDatabase(t, 'copy')
  await database.connection.query(`${keyless('a', 3)}; ${keyless('b', 2_500)}`)
  const scene = await CopyScene.open(t, {database, chunkRows: 500})
  scene.accept(['a', 'b'], {kind: 'initial'})
  await scene.done()
  const markers = scene.events.map(({value}) => /"snapshot":"(.*?)"/.exec(value!)![1])
  assert.deepEqual(
    markers.filter(marker => marker !== 'true'),
    ['first', 'last_in_data_collection', 'first_in_data_collection', 'last'],
  )
  assert.deepEqual(
    [markers[0], markers[2], markers[3], markers.at(-1)],
    ['first', 'last_in_data_collection', 'first_in_data_collection', 'last'],
  )
})
