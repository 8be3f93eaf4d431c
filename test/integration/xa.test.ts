// XA transactions on a real server: their rows come where they are committed, whatever lies between.

import assert from 'node:assert/strict'
import {readFile} from 'node:fs/promises'
import {after, before, test} from 'node:test'
import type {Connection, RowDataPacket} from 'mysql2/promise'
import {eventually} from '../../tools/servers/eventually.ts'
import {startMysql, type MysqlServer} from '../../tools/servers/mysql-server.ts'
import {onCleanUp} from '../support/clean-up.ts'
import {caughtUp, numberedTable, prepareCapture, snapshotEnded, type Capture} from '../support/capture.ts'
import {jsonMembers} from '../support/json-members.ts'
import {changeOf, foldEvents} from '../support/observed-events.ts'
import {randomFor, type SeededRandom} from '../support/seeded-random.ts'

// A server of its own: a prepared transaction that a failing test leaves behind holds locks for ever.
let server: MysqlServer
before(async () => {
  server = await startMysql({options: ['--innodb-lock-wait-timeout=10', '--lock-wait-timeout=10']})
})
after(async () => {
  await server.stop()
})

/** Ends in XA END; whoever calls says how it goes on. */
async function xa(connection: Connection, name: string, ...statements: readonly string[]): Promise<void> {
  for (const sql of [`XA START '${name}'`, ...statements, `XA END '${name}'`]) await connection.query(sql)
}

async function prepared(connection: Connection, name: string, ...statements: readonly string[]): Promise<void> {
  await xa(connection, name, ...statements)
  await connection.query(`XA PREPARE '${name}'`)
}

interface Seen {
  readonly what: string
  readonly gtid: string
  readonly file: string
}

/** Streamed events of the table in order, as `op id`. */
async function streamed(capture: Capture, table = 'a'): Promise<Seen[]> {
  return (await capture.tableEvents(table)).flatMap(event => {
    const change = changeOf(event)
    if (change === null || change.op === 'r') return []
    const {gtid, file} = change.source
    const id = jsonMembers(event.keyText ?? '{}').get('id') ?? ''
    return [{what: `${change.op} ${id}`, gtid: String(gtid), file: String(file)}]
  })
}

async function whats(capture: Capture): Promise<string[]> {
  return (await streamed(capture)).map(({what}) => what)
}

async function captureOfA(t: Parameters<typeof prepareCapture>[0], config = {}): Promise<Capture> {
  const capture = await prepareCapture(t, {prefix: 'xa', server, config})
  await capture.connection.query('CREATE TABLE a (id INT PRIMARY KEY, note VARCHAR(20))')
  onCleanUp(t, async () => await rollBackAll(await capture.database.connect()))
  return capture
}

/** What a failed test leaves prepared would keep its database from being dropped. */
async function rollBackAll(connection: Connection): Promise<void> {
  const [open] = await connection.query<RowDataPacket[]>('XA RECOVER')
  for (const {data} of open) await connection.query(`XA ROLLBACK '${String(data)}'`).catch(() => undefined)
}

async function storedPrepared(capture: Capture): Promise<number> {
  const text = await readFile(capture.config['offset.storage.file.filename']!, 'utf8')
  return ((JSON.parse(text) as {prepared?: unknown[]}).prepared ?? []).length
}

async function untilStored(capture: Capture, count: number): Promise<void> {
  const what = `a checkpoint with ${String(count)} prepared transactions`
  await eventually({what, timeoutMs: 60_000, intervalMs: 20}, async () =>
    (await storedPrepared(capture)) === count ? true : undefined,
  )
}

const insert = (id: number): string => `INSERT INTO a VALUES (${String(id)}, 'xa')`

test('rows come in the order of the commits, with the commit’s place; those that are rolled back never come', async t => {
  const capture = await captureOfA(t)
  const {connection} = capture
  const tidemark = await capture.run(t)
  await tidemark.waitForStreaming()
  await prepared(connection, 'x1', insert(1), "UPDATE a SET note = 'twice' WHERE id = 1")
  await prepared(connection, 'x2', insert(2))
  await connection.query(insert(3))
  await prepared(connection, 'back', insert(4))
  await connection.query("XA COMMIT 'x2'")
  await connection.query("XA ROLLBACK 'back'")
  await connection.query("UPDATE a SET note = 'again' WHERE id = 3")
  await xa(connection, 'one', insert(5))
  await connection.query("XA COMMIT 'one' ONE PHASE")
  await connection.query('SET binlog_transaction_compression = ON')
  await prepared(connection, 'packed', insert(6))
  await xa(connection, 'packed one', insert(7))
  await connection.query("XA COMMIT 'packed one' ONE PHASE")
  await connection.query("XA COMMIT 'packed'")
  await connection.query('SET binlog_transaction_compression = OFF; FLUSH BINARY LOGS')
  await connection.query("XA COMMIT 'x1'")
  await caughtUp(tidemark, connection)
  await tidemark.stop()
  const seen = await streamed(capture)
  const wanted = ['c 3', 'c 2', 'u 3', 'c 5', 'c 7', 'c 6', 'c 1', 'u 1']
  assert.deepEqual(
    seen.map(({what}) => what),
    wanted,
  )
  const numbers = seen.map(({gtid}) => Number(/:(\d+)/.exec(gtid)?.[1]))
  assert.deepEqual(
    numbers,
    [...numbers].sort((a, b) => a - b),
    'the GTID is that of the commit',
  )
  assert.notEqual(seen.at(-1)!.file, seen[0]!.file, 'the place is that of the commit')
  assert.equal(await storedPrepared(capture), 0)
})

test('killed between prepare and commit, in another file: nothing is lost, nothing comes that was rolled back', async t => {
  const capture = await captureOfA(t)
  const {connection} = capture
  const first = await capture.run(t)
  await first.waitForStreaming()
  await prepared(connection, 'k1', insert(1), insert(2))
  await prepared(connection, 'k2', insert(3))
  await connection.query('SET binlog_transaction_compression = ON')
  await prepared(connection, 'k3', insert(4))
  await connection.query('SET binlog_transaction_compression = OFF')
  await untilStored(capture, 3)
  await first.kill()
  await connection.query('FLUSH BINARY LOGS')
  await connection.query(insert(5))
  await connection.query("XA COMMIT 'k3'; XA COMMIT 'k1'; XA ROLLBACK 'k2'")
  const second = await capture.run(t)
  await second.waitForStreaming()
  await caughtUp(second, connection)
  await second.stop()
  assert.deepEqual(await whats(capture), ['c 5', 'c 4', 'c 1', 'c 2'])
  assert.equal(await storedPrepared(capture), 0)
})

test('a name that is used again is another transaction, also for a task that is killed behind its first use', async t => {
  const capture = await captureOfA(t)
  const {connection} = capture
  const first = await capture.run(t)
  await first.waitForStreaming()
  await prepared(connection, 'again', insert(1))
  await connection.query("XA COMMIT 'again'")
  await prepared(connection, 'again', insert(2))
  await untilStored(capture, 1)
  await caughtUp(first, connection)
  await first.kill()
  await connection.query("XA COMMIT 'again'")
  const second = await capture.run(t)
  await second.waitForStreaming()
  await caughtUp(second, connection)
  await second.stop()
  assert.deepEqual([...new Set(await whats(capture))], ['c 1', 'c 2'])
})

test('transactions that are too large to be kept are read again, while the stream waits', async t => {
  const capture = await captureOfA(t)
  const {connection} = capture
  const tidemark = await capture.run(t)
  await tidemark.waitForStreaming()
  await connection.query(numberedTable('seed', 1000))
  const many = (from: number): string =>
    `INSERT INTO a SELECT ${String(from)} + (x.id - 1) * 1000 + y.id, 'note' FROM seed x JOIN seed y WHERE x.id <= 80 ORDER BY 1`
  await prepared(connection, 'large', many(0))
  await connection.query(insert(500_000))
  await xa(connection, 'large one', many(100_000))
  await connection.query("XA COMMIT 'large one' ONE PHASE")
  await connection.query("XA COMMIT 'large'")
  await connection.query(insert(500_001))
  await caughtUp(tidemark, connection)
  await tidemark.stop()
  const ids = (await whats(capture)).map(what => Number(what.slice(2)))
  const numbers = (from: number): number[] => Array.from({length: 80_000}, (_, i) => from + i + 1)
  assert.deepEqual(ids, [500_000, ...numbers(100_000), ...numbers(0), 500_001])
})

async function diverges(t: Parameters<typeof prepareCapture>[0], purge: boolean): Promise<void> {
  const capture = await captureOfA(t)
  const {connection} = capture
  if (purge) {
    const first = await capture.run(t)
    await first.waitForStreaming()
    await prepared(connection, 'lost', insert(1))
    await untilStored(capture, 1)
    await first.kill()
    await connection.query('FLUSH BINARY LOGS')
  } else {
    await prepared(connection, 'lost', insert(1))
  }
  const tidemark = await capture.run(t)
  await tidemark.waitForStreaming()
  await connection.query(insert(2))
  await caughtUp(tidemark, connection)
  if (purge) {
    const [files] = await connection.query<RowDataPacket[]>('SHOW BINARY LOGS')
    await connection.query('PURGE BINARY LOGS TO ?', [String(files.at(-1)?.['Log_name'])])
  }
  await connection.query("XA COMMIT 'lost'")
  await connection.query(insert(3))
  await caughtUp(tidemark, connection)
  const {fields} = await tidemark.waitForLog(({msg}) => msg.startsWith('diverged since'))
  assert.equal(fields['table'], `${capture.database.name}.a`)
  assert.match(String(fields['reason']), purge ? /does not have any more/ : /prepared before the stream began/)
  // The way out that is named.
  await snapshotEnded(tidemark, await capture.snapshot(['a']))
  await tidemark.stop()
  assert.deepEqual(await whats(capture), ['c 2', 'c 3'], 'the stream goes on')
  const keys = [...foldEvents(await capture.tableEvents('a')).keys()].sort()
  assert.deepEqual(keys, ['{"id":1}', '{"id":2}', '{"id":3}'])
}

test('the commit of what had been prepared before the first start says that tables have diverged', async t => {
  await diverges(t, false)
})

test('the commit of what the server has purged meanwhile says that tables have diverged', async t => {
  await diverges(t, true)
})

/** Prepares changes of its own rows, lets them lie, and ends them one way or another. */
async function writeXa(
  connection: Connection,
  random: SeededRandom,
  {name, until}: {name: string; until: () => boolean},
) {
  for (let n = 0; !until(); n++) {
    const xid = `${name}-${String(n)}`
    const id = random.integer(0, 399) * 4 + Number(name)
    const sql = random.pick([
      `UPDATE a SET note = ${String(n)} WHERE id = ${String(id)}`,
      `DELETE FROM a WHERE id = ${String(id)}`,
      `REPLACE INTO a VALUES (${String(id)}, 'new ${String(n)}')`,
    ])
    await xa(connection, xid, sql)
    const end = random.pick(['COMMIT', 'COMMIT', 'ROLLBACK', 'ONE PHASE'])
    if (end === 'ONE PHASE') {
      await connection.query(`XA COMMIT '${xid}' ONE PHASE`)
      continue
    }
    await connection.query(`XA PREPARE '${xid}'`)
    if (random.chance(0.5)) await connection.query('DO SLEEP(0.05)')
    if (random.chance(0.05)) await connection.query('FLUSH BINARY LOGS')
    // What changed nothing is not there any more.
    await connection.query(`XA ${end} '${xid}'`).catch(() => undefined)
  }
}

test('a table that is copied while its rows are prepared and committed converges', async t => {
  const random = randomFor(t)
  const capture = await captureOfA(t, {'incremental.snapshot.chunk.size': '50'})
  const {connection, database} = capture
  await connection.query(`INSERT INTO a WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 999)
    SELECT i * 2, 'seed' FROM n`)
  const tidemark = await capture.run(t)
  await tidemark.waitForStreaming()
  let isOver = false
  const writers = [0, 1, 2, 3].map(async name => {
    const own = await database.connect()
    // Gaps would be locked, and the writers with them.
    await own.query('SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED')
    await writeXa(own, random, {name: String(name), until: () => isOver})
  })
  for (let copy = 0; copy < 4; copy++) await snapshotEnded(tidemark, await capture.snapshot(['a']))
  isOver = true
  await Promise.all(writers)
  await caughtUp(tidemark, connection)
  await tidemark.stop()
  const [rows] = await connection.query<RowDataPacket[]>('SELECT id, note FROM a ORDER BY id')
  const folded = [...foldEvents(await capture.tableEvents('a')).values()].map(after => {
    const members = jsonMembers(after)
    return [Number(members.get('id')), JSON.parse(members.get('note') ?? 'null')] as const
  })
  assert.deepEqual(
    folded.sort(([a], [b]) => a - b),
    rows.map(row => [Number(row['id']), String(row['note'])]),
  )
  assert.ok((await streamed(capture)).length > 20, 'hardly anything was committed meanwhile')
})
