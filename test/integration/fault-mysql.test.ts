// MySQL fails under a running task: connections and queries are killed, the server goes and comes, and the binlog holds
// what cannot be captured.

import assert from 'node:assert/strict'
import {readFile} from 'node:fs/promises'
import type {Connection, RowDataPacket} from 'mysql2/promise'
import {after, before, test, type TestContext} from 'node:test'
import {setTimeout as delay} from 'node:timers/promises'
import {eventually} from '../../tools/servers/eventually.ts'
import {startMysql, type MysqlServer} from '../../tools/servers/mysql-server.ts'
import {assertEnded} from '../support/assert-ended.ts'
import {caughtUp, numberedTable, prepareCapture, snapshotEnded, type Capture} from '../support/capture.ts'
import {freshDatabase} from '../support/fresh-database.ts'
import {assertConverged, assertHistory} from '../support/history-oracle.ts'
import {keyShapes} from '../support/key-shapes.ts'
import {foldEvents} from '../support/observed-events.ts'
import {RandomWriter, storedRows, WrittenTable} from '../support/random-writer.ts'
import {randomFor, type SeededRandom} from '../support/seeded-random.ts'

let server: MysqlServer
before(async () => {
  server = await startMysql()
  const {connection} = await connectOnce()
  // An account of its own, so that Tidemark's connections can be told from the test's.
  await connection.query("CREATE USER tidemark IDENTIFIED BY 'of the tests'; GRANT ALL ON *.* TO tidemark")
  await connection.end()
})
after(async () => {
  await server.stop()
})

async function connectOnce(): Promise<{connection: Connection}> {
  const noClean = {after: () => undefined}
  return await freshDatabase(noClean, 'setup', server)
}

async function prepare(t: TestContext, config: Readonly<Record<string, string>> = {}): Promise<Capture> {
  return await prepareCapture(t, {
    prefix: 'faults',
    server,
    config: {'database.user': 'tidemark', 'database.password': 'of the tests', ...config},
  })
}

interface Victim {
  readonly id: number
  readonly command: string
  readonly info: string | null
}

async function connectionsOf(connection: Connection, user: string): Promise<Victim[]> {
  const [rows] = await connection.query<RowDataPacket[]>(
    'SELECT ID AS id, COMMAND AS command, INFO AS info FROM information_schema.PROCESSLIST WHERE USER = ?',
    [user],
  )
  return rows.map(row => ({id: Number(row['id']), command: String(row['command']), info: row['info'] as string | null}))
}

/** Ends it, or what it is doing; it may have gone by itself. */
async function kill(connection: Connection, what: 'CONNECTION' | 'QUERY', {id}: Victim): Promise<void> {
  await connection.query(`KILL ${what} ${id}`).catch((error: unknown) => {
    if ((error as {code?: unknown}).code !== 'ER_NO_SUCH_THREAD') throw error
  })
}

/** Writers on two connections, `disturb` called some times while two snapshots run, then the judgement. */
async function disturbed(
  t: TestContext,
  disturb: (connection: Connection, random: SeededRandom) => Promise<number>,
): Promise<void> {
  const random = randomFor(t)
  const capture = await prepare(t, {'incremental.snapshot.chunk.size': '20', 'snapshot.max.threads': '2'})
  const tables = keyShapes(500).map(shape => new WrittenTable(shape, random))
  for (const table of tables) for (const statement of table.setUp(0.6)) await capture.connection.query(statement)
  const halves = [0, 1].map(half => tables.filter((_table, index) => index % 2 === half))
  const writers = await Promise.all(
    halves.map(async half => new RandomWriter(await capture.database.connect(), half, random)),
  )
  const tidemark = await capture.run(t)
  await tidemark.waitForStreaming()
  for (const writer of writers) writer.start()
  let disturbances = 0
  for (let count = 0; count < 2; count++) {
    const id = await capture.snapshot(['k_.*'])
    let over = false
    const ended = snapshotEnded(tidemark, id).finally(() => (over = true))
    for (let times = 0; times < 6 && !over; times++) {
      await tidemark.waitForStreaming()
      await delay(random.integer(0, 150))
      disturbances += await disturb(capture.connection, random)
    }
    await ended
  }
  await Promise.all(writers.map(async writer => await writer.stop()))
  await caughtUp(tidemark, capture.connection)
  assert.deepEqual(await tidemark.stop(), {code: 0, signal: null}, tidemark.stderr)
  t.diagnostic(`${disturbances} disturbances`)
  assert.ok(disturbances > 0, 'nothing was disturbed')
  for (const {shape, history} of writers.flatMap(writer => writer.tables)) {
    const events = await capture.tableEvents(shape.name)
    assertHistory({shape, runs: [events], history})
    assertConverged(shape, events, await storedRows(capture.connection, shape))
  }
}

test('killed binlog connections lose and repeat nothing', async t => {
  await disturbed(t, async connection => {
    const dumps = (await connectionsOf(connection, 'tidemark')).filter(({command}) => command.startsWith('Binlog Dump'))
    for (const dump of dumps) await kill(connection, 'CONNECTION', dump)
    return dumps.length
  })
})

test('killed connections of every other kind do not harm a snapshot', async t => {
  await disturbed(t, async (connection, random) => {
    const others = (await connectionsOf(connection, 'tidemark')).filter(({command}) => !command.startsWith('Binlog'))
    if (others.length === 0) return 0
    await kill(connection, 'CONNECTION', random.pick(others))
    return 1
  })
})

test('killed SELECTs of chunks are read again', async t => {
  const capture = await prepare(t, {'incremental.snapshot.chunk.size': '100'})
  await capture.connection.query(numberedTable('a', 600))
  const tidemark = await capture.run(t)
  await tidemark.waitForStreaming()
  // A chunk takes half a second, so that it can be found running.
  const slow = {'data-collection': `${capture.database.name}.a`, filter: 'SLEEP(0.005) = 0'}
  const id = await capture.snapshot(['a'], {'additional-conditions': [slow]})
  for (let count = 0; count < 3; count++) {
    await eventually({what: 'the SELECT of a chunk', timeoutMs: 30_000}, async () => {
      const found = await connectionsOf(capture.connection, 'tidemark')
      const select = found.find(({info}) => info?.startsWith('SELECT `id`') === true && info.includes('LIMIT 100'))
      if (select === undefined) return undefined
      await kill(capture.connection, 'QUERY', select)
      return true
    })
    await eventually({what: 'the second try', timeoutMs: 30_000}, () =>
      tidemark.log.filter(({msg}) => msg.startsWith('reading a chunk failed')).length > count ? true : undefined,
    )
  }
  await snapshotEnded(tidemark, id)
  const rows = foldEvents(await capture.tableEvents('a'))
  assert.equal(rows.size, 600)
})

for (const how of ['an orderly stop', 'a kill -9'] as const) {
  test(`the stream and a snapshot go on when the server is back after ${how}`, async t => {
    const capture = await prepare(t, {'incremental.snapshot.chunk.size': '50'})
    await capture.connection.query(numberedTable('a', 500))
    const tidemark = await capture.run(t)
    await tidemark.waitForStreaming()
    const slow = {'data-collection': `${capture.database.name}.a`, filter: 'SLEEP(0.005) = 0'}
    const id = await capture.snapshot(['a'], {'additional-conditions': [slow]})
    await tidemark.waitForStatus(({snapshot}) => snapshot.tables.some(({rowsDone}) => rowsDone >= 50))
    await capture.connection.query("UPDATE a SET note = 'before' WHERE id % 10 = 0")
    if (how === 'a kill -9') await server.kill()
    else await server.pause()
    await tidemark.waitForLog('the binlog connection was lost, connecting again')
    await tidemark.waitForStatus(({streaming}) => !streaming)
    await server.start()
    const again = await capture.database.connect()
    await again.query("UPDATE a SET note = 'after' WHERE id % 10 = 1; DELETE FROM a WHERE id % 10 = 2")
    await snapshotEnded(tidemark, id)
    await caughtUp(tidemark, again)
    assert.deepEqual(await tidemark.stop(), {code: 0, signal: null}, tidemark.stderr)
    const [stored] = await again.query<RowDataPacket[]>('SELECT id, note FROM a ORDER BY id')
    const folded = [...foldEvents(await capture.tableEvents('a')).values()].map(
      text => JSON.parse(text) as {id: number},
    )
    assert.deepEqual(
      folded.sort((a, b) => a.id - b.id),
      stored.map(row => ({id: Number(row['id']), note: String(row['note'])})),
    )
  })
}

test('a binlog purged while the task is down stops the start, and the state stays', async t => {
  const capture = await prepare(t)
  const {connection} = capture
  await connection.query(numberedTable('a', 5))
  const first = await capture.run(t)
  await first.waitForStreaming()
  await first.stop()
  const state = await readFile(capture.config['offset.storage.file.filename']!, 'utf8')
  await connection.query("INSERT INTO a VALUES (6, 'unseen'); FLUSH BINARY LOGS")
  await purgeAll(connection)
  const second = await capture.run(t)
  await assertEnded(second, {code: 1, lastLine: /has purged the transactions .*snapshot\.mode=when_needed/})
  assert.equal(await readFile(capture.config['offset.storage.file.filename']!, 'utf8'), state)
})

async function purgeAll(connection: Connection): Promise<void> {
  const [files] = await connection.query<RowDataPacket[]>('SHOW BINARY LOGS')
  await connection.query('PURGE BINARY LOGS TO ?', [String(files.at(-1)?.['Log_name'])])
}

const stops: readonly (readonly [code: string, what: string, says: RegExp, statements: readonly string[]])[] = [
  [
    'TIDEMARK_BINLOG_COMPRESSED_TRANSACTION',
    'a compressed transaction',
    /binlog_transaction_compression/,
    ['SET binlog_transaction_compression = ON', "INSERT INTO a VALUES (100, 'compressed')"],
  ],
  [
    'TIDEMARK_BINLOG_XA',
    'an XA transaction',
    /XA/,
    ["XA START 'x'", "INSERT INTO a VALUES (100, 'xa')", "XA END 'x'", "XA PREPARE 'x'", "XA COMMIT 'x'"],
  ],
  [
    'TIDEMARK_BINLOG_STATEMENT_FORMAT',
    'a change in statement format',
    /binlog_format/,
    ['SET binlog_format = STATEMENT', "INSERT INTO a VALUES (100, 'statement')"],
  ],
]

for (const [code, what, says, statements] of stops) {
  test(`${what} stops the task with ${code}; what came before it is out, and the position stays before it`, async t => {
    const capture = await prepare(t)
    const writer = await capture.database.connect()
    await writer.query(numberedTable('a', 5))
    const first = await capture.run(t)
    await first.waitForStreaming()
    await writer.query("INSERT INTO a VALUES (99, 'before')")
    for (const sql of statements) await writer.query(sql)
    const lastLine = new RegExp(`${says.source}.*\\(${code}\\)$`)
    await assertEnded(first, {code: 1, lastLine})
    assert.ok(foldEvents(await capture.tableEvents('a')).has('{"id":99}'), 'what came before did not come through')
    // Nothing has moved: a second start ends at the same place.
    await assertEnded(await capture.run(t), {code: 1, lastLine})
    const keys = [...foldEvents(await capture.tableEvents('a')).keys()]
    assert.deepEqual(keys, ['{"id":99}'])
  })
}
