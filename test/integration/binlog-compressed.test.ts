// Compressed transactions of a real server: the same events as without compression, never held whole.

import assert from 'node:assert/strict'
import {createHash, randomBytes} from 'node:crypto'
import {after, before, test} from 'node:test'
import type {Connection} from 'mysql2/promise'
import type {BinlogEvents, StreamStart} from '../../src/binlog/binlog-events.ts'
import {BinlogReader} from '../../src/binlog/binlog-reader.ts'
import {EventDecoder} from '../../src/binlog/event-decoder.ts'
import {countRows} from '../../src/binlog/row-count.ts'
import {GtidSet} from '../../src/core/gtid-set.ts'
import {shapeFingerprint} from '../../src/core/table-shape.ts'
import {startMysql, type MysqlServer} from '../../tools/servers/mysql-server.ts'
import {gtidPlace, readBinlog, readerSettings} from '../support/binlog-reading.ts'
import {freshDatabase, type FreshDatabase} from '../support/fresh-database.ts'

// A server of its own: other readers of the shared one's binlog could not read what is written here.
let server: MysqlServer
before(async () => {
  server = await startMysql()
})
after(async () => {
  await server.stop()
})

/** A mark that ends a test's stretch of the stream. */
const END = 'the_end'

interface SeenTransaction {
  readonly gtid: string
  /** What its events say, without places and times. */
  readonly events: unknown[]
  /** Where its events behind the GTID begin. */
  readonly starts: Set<number>
  rows: number
  /** Where it ends. */
  file: string
  endPos: number
}

function isEnd(events: BinlogEvents, database: string): boolean {
  return events.kind === 'query' && events.sql.includes(END) && events.database === database
}

async function setCompression(connection: Connection, value: 'ON' | 'OFF'): Promise<void> {
  await connection.query(`SET SESSION binlog_transaction_compression = ${value}`)
}

function contentOf(events: BinlogEvents): unknown {
  const {kind, sql, threadId, rows} = events
  if (kind === 'query' || kind === 'rows-query') return [kind, sql]
  if (kind === 'begin') return [kind, threadId]
  if (kind !== 'rows') return kind
  const {operation, full, presentBefore, presentAfter, buffer, start, end} = rows
  const {shape} = rows.table
  const images = createHash('sha1').update(buffer.subarray(start, end)).digest('hex')
  const view = {operation, full, before: [...presentBefore], after: [...presentAfter], count: countRows(rows)}
  return [kind, shape.id.table, shapeFingerprint(shape), view, end - start, images]
}

/** Transactions with rows of one database, from `start` to its end mark. */
async function transactionsOf({server, name}: FreshDatabase, start: StreamStart): Promise<SeenTransaction[]> {
  const seen: SeenTransaction[] = []
  let open: SeenTransaction | null = null
  let isOurs = false
  await readBinlog(new BinlogReader(readerSettings(server)), start, events => {
    if (events.kind === 'gtid') {
      open = {gtid: `${events.sid}:${events.gno}`, events: [], starts: new Set(), rows: 0, file: '', endPos: 0}
      isOurs = false
    } else if (open !== null) {
      if (events.kind === 'rows') {
        isOurs ||= events.rows.table.shape.id.database === name
        open.rows += countRows(events.rows)
      }
      open.starts.add(events.startPos)
      open.events.push(contentOf(events))
      open.file = events.file
      open.endPos = events.endPos
      if (events.kind === 'commit') {
        if (isOurs) seen.push(open)
        open = null
      }
    }
    return isEnd(events, name)
  })
  return seen
}

const TABLES = `CREATE TABLE a (id INT PRIMARY KEY, v VARCHAR(60), d DECIMAL(20,5), t TIMESTAMP(3) NULL, b BLOB) CHARACTER SET utf8mb4;
  CREATE TABLE b (id INT PRIMARY KEY, v VARCHAR(60)) CHARACTER SET latin1;`

async function workload(connection: Connection): Promise<void> {
  const statements = [
    "INSERT INTO a VALUES (1, 'one', 1.5, '2020-01-01 00:00:00.123', x'00ff'), (2, NULL, NULL, NULL, NULL), (3, 'drei ü', -7, NULL, '')",
    "UPDATE a SET v = CONCAT(v, '!') WHERE id <> 2",
    'START TRANSACTION',
    "INSERT INTO a (id, v) VALUES (4, 'x')",
    'SAVEPOINT s',
    "INSERT INTO b VALUES (1, 'y')",
    'ROLLBACK TO s',
    "INSERT INTO b VALUES (2, 'zü')",
    'COMMIT',
    "UPDATE a, b SET a.v = 'both', b.v = 'both' WHERE a.id = 1 AND b.id = 2",
    'SET SESSION binlog_row_image = MINIMAL',
    "UPDATE a SET v = 'minimal' WHERE id = 3",
    'SET SESSION binlog_row_image = FULL',
    'SET SESSION binlog_rows_query_log_events = ON',
    'DELETE FROM a WHERE id = 2',
    'SET SESSION binlog_rows_query_log_events = OFF',
    'SET SESSION cte_max_recursion_depth = 100000',
    `INSERT INTO b WITH RECURSIVE n AS (SELECT 10 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
      SELECT i, REPEAT('v', i % 50) FROM n`,
    'CREATE TABLE c AS SELECT 1 AS id UNION SELECT 2',
  ]
  for (const sql of statements) await connection.query(sql)
}

test('the same transactions, compressed and not, give the same events', async t => {
  const database = await freshDatabase(t, 'compressed', server)
  const {connection} = database
  await connection.query(TABLES)
  const halves: SeenTransaction[][] = []
  for (const compression of ['OFF', 'ON'] as const) {
    await setCompression(connection, compression)
    const start = await gtidPlace(connection)
    await workload(connection)
    await connection.query(`DROP TABLE c; TRUNCATE a; TRUNCATE b; CREATE TABLE ${END} (a INT)`)
    halves.push(await transactionsOf(database, start))
    await connection.query(`DROP TABLE ${END}`)
  }
  const [plain, compressed] = halves as [SeenTransaction[], SeenTransaction[]]
  assert.equal(plain.length, 8)
  assert.deepEqual(
    compressed.map(transaction => transaction.events),
    plain.map(transaction => transaction.events),
  )
  // CREATE TABLE … SELECT stands there as it is: the server compresses no transaction with DDL in it.
  const isCompressed = compressed.map(({starts}) => starts.size === 1)
  assert.deepEqual(isCompressed, [true, true, true, true, true, true, true, false])
  assert.ok(plain.every(({starts}) => starts.size > 1))
})

/** Rows that make the compressor use all that it has: few and many symbols, long and short repeats, none at all. */
function variedRows(): Buffer[] {
  const random = randomBytes(70_000)
  const skewed = Buffer.from(Array.from(random, byte => 97 + Math.floor(Math.log2(byte + 1))))
  const two = Buffer.from(Array.from(random, byte => (byte < 230 ? 0x61 : 0x62)))
  const text = Buffer.from(Array.from({length: 9_000}, (_, i) => `${i},customer ${i * 7919} of ${i % 97};`).join(''))
  const far = Buffer.concat([random, text, random, skewed.subarray(0, 40_000), text.subarray(5_000)])
  return [random, skewed, two, text, far, Buffer.alloc(0), Buffer.alloc(300_000, 0), Buffer.alloc(200_001, 'abcdefg')]
}

test('what the server compresses at any of its levels comes out as it went in', async t => {
  const {connection, name} = await freshDatabase(t, 'compressed_levels', server)
  await connection.query('CREATE TABLE levels (id INT PRIMARY KEY, v LONGBLOB NOT NULL)')
  const start = await gtidPlace(connection)
  const rows = variedRows()
  const levels = [1, 2, 3, 5, 7, 10, 13, 16, 19, 22]
  await setCompression(connection, 'ON')
  for (const level of levels) {
    await connection.query(`SET SESSION binlog_transaction_compression_level_zstd = ${level}; START TRANSACTION`)
    for (const [i, row] of rows.entries()) {
      await connection.query('INSERT INTO levels VALUES (?, ?)', [level * 100 + i, row])
    }
    await connection.query('COMMIT')
  }
  await connection.query(`CREATE TABLE ${END} (a INT)`)
  const seen: unknown[] = []
  const starts = new Set<number>()
  await readBinlog(new BinlogReader(readerSettings(server)), start, events => {
    if (events.kind === 'rows' && events.rows.table.shape.id.database === name) {
      const {buffer, start: from, end} = events.rows
      starts.add(events.startPos)
      seen.push([buffer.readUInt32LE(from + 1), digest(buffer.subarray(from + 9, end))])
    }
    return isEnd(events, name)
  })
  assert.deepEqual(
    seen,
    levels.flatMap(level => rows.map((row, i) => [level * 100 + i, digest(row)])),
  )
  assert.equal(starts.size, levels.length, 'not every transaction was compressed')
})

test('a transaction of 60 MB comes row by row, in turns, and a few MB of it are held at once', async t => {
  const {connection, name} = await freshDatabase(t, 'compressed_large', server)
  const rows = 62_000
  await connection.query('CREATE TABLE large (id INT PRIMARY KEY, v VARCHAR(2000)) CHARACTER SET latin1')
  const start = await gtidPlace(connection)
  await setCompression(connection, 'ON')
  await connection.query(`SET SESSION cte_max_recursion_depth = 100000; INSERT INTO large
    WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < ${rows})
    SELECT i, REPEAT(SHA2(i, 256), 15) FROM n; CREATE TABLE ${END} (a INT)`)
  const abort = new AbortController()
  let next = 1
  let bytes = 0
  let mostTurnBytes = 0
  let mostPayloadBytes = 0
  for await (const events of new BinlogReader(readerSettings(server)).events(start, abort.signal)) {
    let turnBytes = 0
    while (!abort.signal.aborted && events.next()) {
      if (isEnd(events, name)) abort.abort()
      if (events.kind !== 'rows' || events.rows.table.shape.id.database !== name) continue
      const {buffer, start: from, end} = events.rows
      turnBytes += end - from
      for (let at = from; at < end; next++) {
        const length = buffer.readUInt16LE(at + 5)
        const id = buffer.readUInt32LE(at + 1)
        assert.equal(id, next)
        const text = buffer.toString('latin1', at + 7, at + 7 + length)
        assert.equal(text, createHash('sha256').update(String(id)).digest('hex').repeat(15))
        at += 7 + length
      }
    }
    bytes += turnBytes
    mostTurnBytes = Math.max(mostTurnBytes, turnBytes)
    assert.ok(events instanceof EventDecoder)
    mostPayloadBytes = events.mostPayloadBytes
  }
  assert.equal(next, rows + 1)
  assert.ok(bytes > 59_000_000, `${bytes} bytes of rows`)
  assert.ok(mostTurnBytes < 1_200_000, `${mostTurnBytes} bytes of rows in one turn`)
  // The window of zstd's level 3 and half of it, a block and an event.
  assert.ok(mostPayloadBytes > 0 && mostPayloadBytes < 3_500_000, `${mostPayloadBytes} bytes were held`)
})

test('events of more than 16 MB come whole out of a compressed transaction, whether they shrink or not', async t => {
  const {connection, name} = await freshDatabase(t, 'compressed_huge', server)
  await connection.query('CREATE TABLE huge (id INT PRIMARY KEY, v LONGBLOB)')
  const start = await gtidPlace(connection)
  const random = randomBytes(9_000_000)
  const repeated = Buffer.alloc(17_000_001, 'xyz')
  const mixed = Buffer.concat([random, repeated])
  await setCompression(connection, 'ON')
  await connection.query('START TRANSACTION')
  await connection.query("INSERT INTO huge VALUES (1, ?), (2, REPEAT('y', 5))", [random])
  await connection.query("INSERT INTO huge VALUES (3, REPEAT('xyz', 6000000))")
  await connection.query("UPDATE huge SET v = CONCAT(v, REPEAT('xyz', 5666667)) WHERE id = 1")
  await connection.query('DELETE FROM huge WHERE id = 2')
  await connection.query(`COMMIT; CREATE TABLE ${END} (a INT)`)
  const seen: unknown[] = []
  const starts = new Set<number>()
  await readBinlog(new BinlogReader(readerSettings(server)), start, events => {
    if (events.kind === 'rows' && events.rows.table.shape.id.database === name) {
      starts.add(events.startPos)
      const {buffer, start: from, end, operation} = events.rows
      const values: string[] = []
      for (let at = from; at < end;) {
        const length = buffer.readUInt32LE(at + 5)
        values.push(digest(buffer.subarray(at + 9, at + 9 + length)))
        at += 9 + length
      }
      seen.push([operation, ...values])
    }
    return isEnd(events, name)
  })
  const five = digest(Buffer.from('yyyyy'))
  assert.deepEqual(seen, [
    ['c', digest(random)],
    ['c', five],
    ['c', digest(Buffer.alloc(18_000_000, 'xyz'))],
    ['u', digest(random), digest(mixed)],
    ['d', five],
  ])
  assert.equal(starts.size, 1, 'it was not compressed')
})

function digest(bytes: Buffer): string {
  return `${bytes.length} ${createHash('sha1').update(bytes).digest('hex')}`
}

test('compressed and plain transactions in one stream: resumed behind any of them, by GTID set or position, it goes on with the next', async t => {
  const database = await freshDatabase(t, 'compressed_resume', server)
  const {connection} = database
  await connection.query('CREATE TABLE a (id INT PRIMARY KEY, v VARCHAR(60))')
  const first = await gtidPlace(connection)
  const writer = await database.connect()
  await setCompression(writer, 'ON')
  for (let id = 1; id <= 6; id++) {
    const client = id % 3 === 0 ? connection : writer
    await client.query('INSERT INTO a VALUES (?, ?), (?, ?)', [id, 'v'.repeat(id), id + 100, `${id}`])
  }
  await connection.query(`CREATE TABLE ${END} (a INT)`)
  const whole = await transactionsOf(database, first)
  assert.deepEqual(
    whole.map(({rows, starts}) => [rows, starts.size === 1]),
    [1, 2, 3, 4, 5, 6].map(id => [2, id % 3 !== 0]),
  )
  assert.ok(first.type === 'gtid')
  const executed = GtidSet.parse(first.executed)
  for (const [i, {gtid, file, endPos}] of whole.entries()) {
    const colon = gtid.lastIndexOf(':')
    executed.add(gtid.slice(0, colon), Number(gtid.slice(colon + 1)))
    const places: StreamStart[] = [
      {type: 'gtid', executed: executed.toString()},
      {type: 'position', file, pos: endPos},
    ]
    for (const place of places) {
      // The database's own transactions; other tests write to the server, too.
      assert.deepEqual(
        (await transactionsOf(database, place)).map(transaction => transaction.gtid),
        whole.slice(i + 1).map(transaction => transaction.gtid),
      )
    }
  }
})
