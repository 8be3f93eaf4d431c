import assert from 'node:assert/strict'
import {connect as connectSocket, createServer, type AddressInfo, type Socket} from 'node:net'
import {once} from 'node:events'
import {test} from 'node:test'
import ZongJi from '@vlasky/zongji'
import type {Connection} from 'mysql2/promise'
import type {BinlogEvents, StreamStart} from '../../src/binlog/binlog-events.ts'
import {BinlogReader} from '../../src/binlog/binlog-reader.ts'
import {MOST_QUEUED_BYTES} from '../../src/binlog/chunk-queue.ts'
import {countRows} from '../../src/binlog/row-count.ts'
import {GtidSet} from '../../src/core/gtid-set.ts'
import {shapeFingerprint} from '../../src/core/table-shape.ts'
import {readTableShape} from '../../src/mysql/schema-reader.ts'
import type {MysqlAddress} from '../../tools/servers/mysql-server.ts'
import {onCleanUp, type CleanUpContext} from '../support/clean-up.ts'
import {binlogPlace, gtidPlace, readBinlog, readerSettings} from '../support/binlog-reading.ts'
import {freshDatabase, type FreshDatabase} from '../support/fresh-database.ts'

/** A mark that ends a test's stretch of the stream. */
const END = 'the_end'

interface SeenRows {
  readonly operation: string
  readonly table: string
  readonly endPos: number
  readonly gtid: string
  readonly rows: unknown[]
}

function isEnd(events: BinlogEvents, database: string): boolean {
  return events.kind === 'query' && events.sql.includes(END) && events.database === database
}

/** Row events of one database until its end mark, values decoded by hand for tables (INT, VARCHAR) below 256 bytes. */
async function ownRows(reader: BinlogReader, start: StreamStart, database: string): Promise<SeenRows[]> {
  const seen: SeenRows[] = []
  let gtid = ''
  await readBinlog(reader, start, events => {
    if (events.kind === 'gtid') gtid = `${events.sid}:${events.gno}`
    if (events.kind === 'rows' && events.rows.table.shape.id.database === database) {
      const {operation, table} = events.rows
      seen.push({operation, table: table.shape.id.table, endPos: events.endPos, gtid, rows: smallRows(events)})
    }
    return isEnd(events, database)
  })
  return seen
}

function smallRows({rows: {buffer, start, end, operation, table}}: BinlogEvents): unknown[] {
  assert.deepEqual([...table.layout.types], [3, 15])
  const images: {id: number; v: string | null}[] = []
  for (let at = start; at < end;) {
    const isNull = (buffer[at]! & 2) !== 0
    const length = isNull ? 0 : buffer[at + 5]!
    const v = isNull ? null : buffer.toString('utf8', at + 6, at + 6 + length)
    images.push({id: buffer.readInt32LE(at + 1), v})
    at += 5 + (isNull ? 0 : 1 + length)
  }
  if (operation !== 'u') return images
  return images.flatMap((before, i) => (i % 2 === 0 ? [{before, after: images[i + 1]}] : []))
}

/** The same from zongji, which decodes it all by itself. */
async function zongjiRows(server: MysqlAddress, executed: string, database: string): Promise<SeenRows[]> {
  const {host, port, user, password} = server
  const zongji = new ZongJi({host, port, user, password})
  const seen: SeenRows[] = []
  const operations: Readonly<Record<string, string>> = {WriteRows: 'c', UpdateRows: 'u', DeleteRows: 'd'}
  await new Promise<void>((resolve, reject) => {
    zongji.on('error', reject)
    zongji.on('binlog', event => {
      const operation = operations[event.getTypeName()]
      if (operation !== undefined) {
        const rowsEvent = event as unknown as {
          tableId: number
          tableMap: Record<number, {tableName: string}>
          rows: object[]
        }
        const table = rowsEvent.tableMap[rowsEvent.tableId]!.tableName
        // Through JSON: zongji's rows have no prototype.
        const rows = JSON.parse(JSON.stringify(rowsEvent.rows)) as unknown[]
        seen.push({operation, table, endPos: event.nextPosition, gtid: event.gtid ?? '', rows})
      } else if (event.getTypeName() === 'Query' && (event as unknown as {query: string}).query.includes(END)) {
        if ((event as unknown as {schema: string}).schema === database) resolve()
      }
    })
    zongji.start({
      serverId: readerSettings(server).serverId,
      gtidSet: executed,
      includeEvents: ['tablemap', 'writerows', 'updaterows', 'deleterows', 'query', 'gtid', 'xid', 'rotate'],
      includeSchema: {[database]: true},
    })
  })
  const stopped = once(zongji, 'stopped')
  zongji.stop()
  await stopped
  return seen
}

async function workload({connection}: FreshDatabase): Promise<void> {
  const statements = [
    'CREATE TABLE a (id INT PRIMARY KEY, v VARCHAR(60)) CHARACTER SET utf8mb4',
    'CREATE TABLE b LIKE a',
    "INSERT INTO a VALUES (1, 'one'), (2, NULL), (3, 'drei ü')",
    "UPDATE a SET v = CONCAT(v, '!') WHERE id <> 2",
    'START TRANSACTION',
    "INSERT INTO a VALUES (4, 'x')",
    'SAVEPOINT s',
    "INSERT INTO b VALUES (1, 'y')",
    'ROLLBACK TO s',
    "INSERT INTO b VALUES (2, 'z')",
    'COMMIT',
    'START TRANSACTION',
    "INSERT INTO a VALUES (99, 'never')",
    'ROLLBACK',
    "UPDATE a, b SET a.v = 'both', b.v = 'both' WHERE a.id = 1 AND b.id = 2",
    'FLUSH BINARY LOGS',
    'DELETE FROM a WHERE id = 2',
    'ALTER TABLE b COMMENT = "later"',
    'SET cte_max_recursion_depth = 100000',
    `INSERT INTO b WITH RECURSIVE n AS (SELECT 10 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
      SELECT i, REPEAT('v', i % 50) FROM n`,
    "SET gtid_next = 'AUTOMATIC:tidemark_test'",
    "INSERT INTO a VALUES (50, 'tagged')",
    "SET gtid_next = 'AUTOMATIC'",
    `CREATE TABLE ${END} (a INT)`,
  ]
  for (const sql of statements) await connection.query(sql)
}

for (const tls of ['disabled', 'required'] as const) {
  test(`a workload's rows, places and GTIDs are those that zongji decodes (TLS ${tls})`, async t => {
    const database = await freshDatabase(t, 'binlog_oracle')
    const start = await gtidPlace(database.connection)
    await workload(database)
    const tlsSettings = {mode: tls, caFile: null, certFile: null, keyFile: null}
    const ours = await ownRows(
      new BinlogReader(readerSettings(database.server, {tls: tlsSettings})),
      start,
      database.name,
    )
    assert.ok(start.type === 'gtid')
    const theirs = await zongjiRows(database.server, start.executed, database.name)
    assert.equal(ours.flatMap(event => event.rows).length, 3 + 2 + 2 + 2 + 1 + 19_991 + 1)
    assert.deepEqual(ours, theirs)
  })
}

test('a stream that is resumed anywhere, by GTID set or position, goes on with the next transaction', async t => {
  const database = await freshDatabase(t, 'binlog_resume')
  const {connection, name} = database
  await connection.query('CREATE TABLE a (id INT PRIMARY KEY, v VARCHAR(60))')
  const startGtid = await gtidPlace(connection)
  const startPosition = await binlogPlace(connection)
  for (let id = 1; id <= 5; id++) await connection.query('INSERT INTO a VALUES (?, ?)', [id, `v${id}`])
  await connection.query(`CREATE TABLE ${END} (a INT)`)

  const reader = new BinlogReader(readerSettings(database.server))
  assert.ok(startGtid.type === 'gtid')
  const executed = GtidSet.parse(startGtid.executed)
  const places: StreamStart[] = [startGtid, startPosition]
  await readBinlog(reader, startGtid, events => {
    if (events.kind === 'gtid') executed.add(events.sid, events.gno)
    if (events.kind === 'commit') {
      places.push(
        {type: 'gtid', executed: executed.toString()},
        {type: 'position', file: events.file, pos: events.endPos},
      )
    }
    return isEnd(events, name)
  })
  const whole = await ownRows(reader, startGtid, name)
  assert.equal(whole.length, 5)
  for (const place of places) {
    const rest = await ownRows(reader, place, name)
    assert.deepEqual(rest, whole.slice(whole.length - rest.length))
  }
  // Others may write to the server meanwhile, so the number of places is not known, only that each of ours was one.
  const rests = await Promise.all([places.at(-1)!].map(place => ownRows(reader, place, name)))
  assert.deepEqual(rests, [[]])
})

test('the shape from a TABLE_MAP event is the one that information_schema gives, for every type', async t => {
  const {connection, name, server} = await freshDatabase(t, 'binlog_shape')
  const start = await gtidPlace(connection)
  await connection.query(`CREATE TABLE every_type (
    c01 TINYINT, c02 TINYINT UNSIGNED NOT NULL, c03 SMALLINT, c04 MEDIUMINT UNSIGNED, c05 INT, c06 BIGINT UNSIGNED,
    c07 DECIMAL(20,5), c08 DECIMAL(65,30) UNSIGNED, c09 FLOAT, c10 DOUBLE UNSIGNED, c11 BIT(1), c12 BIT(64), c13 YEAR, c14 BOOL,
    c20 CHAR(10), c21 CHAR(255) CHARACTER SET utf8mb4, c22 VARCHAR(300) CHARACTER SET latin1, c23 VARCHAR(10) COLLATE utf8mb4_bin,
    c24 BINARY(16), c25 VARBINARY(400), c26 TINYTEXT, c27 TEXT CHARACTER SET gbk, c28 MEDIUMTEXT, c29 LONGTEXT CHARACTER SET utf16,
    c30 TINYBLOB, c31 BLOB, c32 MEDIUMBLOB, c33 LONGBLOB, c34 CHAR(0), c35 VARCHAR(5) CHARACTER SET ucs2, c36 CHAR(5) CHARACTER SET binary,
    c40 DATE, c41 TIME, c42 TIME(3), c43 DATETIME, c44 DATETIME(6), c45 TIMESTAMP NULL, c46 TIMESTAMP(1) NULL,
    c50 ENUM('a','b''c','ü'), c51 SET('x','y') CHARACTER SET latin1, c52 ENUM('é','z') CHARACTER SET latin1 COLLATE latin1_bin,
    c60 JSON, c61 GEOMETRY, c62 POINT, c63 VECTOR(3), c64 INT GENERATED ALWAYS AS (c05 + 1) VIRTUAL, c65 INT INVISIBLE,
    c66 VARCHAR(10) CHARACTER SET sjis, c67 VARCHAR(10) CHARACTER SET koi8r, c68 CHAR(20) CHARACTER SET utf8mb3,
    \`name with \`\` and ü\` INT, PRIMARY KEY (c06, c02), KEY functional ((c05 * 2))
  ) CHARACTER SET utf8mb4`)
  await connection.query('INSERT INTO every_type (c02, c06) VALUES (1, 2)')
  await connection.query('CREATE TABLE prefix_key (a BLOB, b INT, v INT, PRIMARY KEY (b, a(10)))')
  await connection.query('INSERT INTO prefix_key VALUES ("x", 1, 1)')
  await connection.query('CREATE TABLE no_key (a INT)')
  await connection.query('INSERT INTO no_key VALUES (1)')
  const tables = ['every_type', 'prefix_key', 'no_key']
  const seen = new Set<string>()
  for (const table of tables) {
    const expected = await readTableShape(connection, {database: name, table})
    assert.ok(expected !== null)
    await readBinlog(new BinlogReader(readerSettings(server)), start, events => {
      if (events.kind !== 'rows') return false
      const {shape} = events.rows.table
      if (shape.id.database !== name || shape.id.table !== table) return false
      assert.deepEqual(shape.columns, expected.columns)
      assert.equal(shapeFingerprint(shape), shapeFingerprint(expected))
      assert.equal(countRows(events.rows), 1)
      seen.add(table)
      return true
    })
  }
  assert.deepEqual([...seen], tables)
})

test('events of more than 16 MB come whole, and the ones behind them too', async t => {
  const {connection, name, server} = await freshDatabase(t, 'binlog_huge')
  await connection.query('CREATE TABLE huge (id INT PRIMARY KEY, v LONGBLOB)')
  const start = await gtidPlace(connection)
  await connection.query("INSERT INTO huge VALUES (1, REPEAT('x', 17000000)), (2, REPEAT('y', 5))")
  await connection.query('UPDATE huge SET id = 3 WHERE id = 1')
  await connection.query(`CREATE TABLE ${END} (a INT)`)
  const sizes: number[] = []
  await readBinlog(new BinlogReader(readerSettings(server)), start, events => {
    if (events.kind === 'rows' && events.rows.table.shape.id.database === name)
      sizes.push(events.rows.end - events.rows.start)
    return isEnd(events, name)
  })
  const image = 1 + 4 + 4
  assert.deepEqual(sizes, [image + 17_000_000, image + 5, 2 * (image + 17_000_000)])
})

test('a consumer that stops reading stops the socket: what waits is bounded', async t => {
  const {connection, name, server} = await freshDatabase(t, 'binlog_pressure')
  await connection.query('CREATE TABLE p (id INT PRIMARY KEY AUTO_INCREMENT, v VARCHAR(2000))')
  const start = await gtidPlace(connection)
  await connection.query(`SET cte_max_recursion_depth = 100000; INSERT INTO p (v)
    WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 20000) SELECT REPEAT('x', 1500) FROM n`)
  await connection.query(`CREATE TABLE ${END} (a INT)`)
  const reader = new BinlogReader(readerSettings(server))
  const abort = new AbortController()
  let rows = 0
  let most = 0
  let isOver = false
  let waited = false
  for await (const events of reader.events(start, abort.signal)) {
    if (!waited) {
      // 30 MB are on their way; only a paused socket keeps them away while nobody asks.
      waited = true
      while (!reader.backlog().isPaused) await new Promise(resolve => setImmediate(resolve))
      await connection.query('SELECT 1')
    }
    most = Math.max(most, reader.backlog().mostQueuedBytes)
    while (!isOver && events.next()) {
      if (events.kind === 'rows' && events.rows.table.shape.id.database === name) rows += countRows(events.rows)
      isOver = isEnd(events, name)
    }
    if (isOver) break
  }
  assert.equal(rows, 20_000)
  assert.ok(most >= MOST_QUEUED_BYTES && most < MOST_QUEUED_BYTES + 1024 * 1024, `${most} bytes were queued`)
})

/** An account of the test's own, with the rights that the documents name, by which its sessions are found. */
async function ownAccount(t: CleanUpContext, {connection, name, server}: FreshDatabase): Promise<MysqlAddress> {
  await connection.query(`CREATE USER '${name}'@'%' IDENTIFIED BY 'own password'`)
  await connection.query(`GRANT SELECT, REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO '${name}'@'%'`)
  onCleanUp(t, async () => {
    await connection.query(`DROP USER '${name}'@'%'`)
  })
  return {...server, user: name, password: 'own password'}
}

async function dumpThreads(connection: Connection, user: string): Promise<number[]> {
  const sql = "SELECT ID AS id FROM information_schema.PROCESSLIST WHERE USER = ? AND COMMAND LIKE 'Binlog Dump%'"
  const [rows] = await connection.query(sql, [user])
  return (rows as {id: number}[]).map(({id}) => id)
}

const TLS = {mode: 'required', caFile: null, certFile: null, keyFile: null} as const

test('a killed dump is a retryable error', async t => {
  const database = await freshDatabase(t, 'binlog_kill')
  const {connection} = database
  const account = await ownAccount(t, database)
  const reader = new BinlogReader(readerSettings(account, {tls: TLS, keepAliveIntervalMs: 500}))
  let killed = false
  const reading = readBinlog(reader, await gtidPlace(connection), events => {
    if (events.kind === 'heartbeat' && !killed) {
      killed = true
      void dumpThreads(connection, account.user).then(([id]) => connection.query(`KILL ${id}`))
    }
    return false
  })
  await assert.rejects(reading, {kind: 'retryable'})
  assert.equal(reader.identity(), null)
})

test('an aborted stream ends without an error and leaves no dump on the server', async t => {
  const database = await freshDatabase(t, 'binlog_abort')
  const {connection} = database
  const account = await ownAccount(t, database)
  const reader = new BinlogReader(readerSettings(account, {tls: TLS}))
  const abort = new AbortController()
  for await (const events of reader.events(await gtidPlace(connection), abort.signal)) {
    while (events.next()) continue
    assert.equal((await dumpThreads(connection, account.user)).length, 1)
    const [rows] = await connection.query('SELECT @@server_uuid AS uuid')
    assert.deepEqual(reader.identity(), {serverUuid: (rows as {uuid: string}[])[0]!.uuid})
    abort.abort()
  }
  while ((await dumpThreads(connection, account.user)).length > 0) continue
  for await (const events of reader.events(await gtidPlace(connection), abort.signal)) assert.fail(events.kind)
})

test('an abort while the stream is being opened ends it at once', async t => {
  const {connection, server} = await freshDatabase(t, 'binlog_abort')
  const abort = new AbortController()
  const start = {type: 'gtid', executed: '00000000-0000-0000-0000-00000000abcd:1'} as const
  const reading = (async () => {
    for await (const events of new BinlogReader(readerSettings(server)).events(start, abort.signal))
      assert.fail(events.kind)
  })()
  const waiting =
    "SELECT ID FROM information_schema.PROCESSLIST WHERE INFO LIKE '%WAIT_FOR_EXECUTED_GTID_SET%abcd:1%' AND ID <> CONNECTION_ID()"
  while (((await connection.query(waiting))[0] as object[]).length === 0) continue
  abort.abort()
  await reading
})

test('a server that lacks captured transactions is refused', async t => {
  const {server} = await freshDatabase(t, 'binlog_lost')
  const reader = new BinlogReader(readerSettings(server), {visibleWithinSeconds: 0.1})
  const start = {type: 'gtid', executed: '00000000-0000-0000-0000-00000000abcd:1-3'} as const
  await assert.rejects(
    readBinlog(reader, start, () => false),
    {code: 'TIDEMARK_BINLOG_GTIDS_MISSING', kind: 'fatal', message: /00000000abcd:1-3/},
  )
})

test('a place that the binlog does not have is TIDEMARK_BINLOG_PURGED', async t => {
  const {connection, server} = await freshDatabase(t, 'binlog_purged')
  const reader = new BinlogReader(readerSettings(server))
  const now = await binlogPlace(connection)
  const places = [
    {...now, file: 'binlog.900000'},
    {...now, pos: 4_000_000_000},
  ]
  for (const place of places) {
    await assert.rejects(
      readBinlog(reader, place, () => false),
      {code: 'TIDEMARK_BINLOG_PURGED', kind: 'fatal'},
    )
  }
})

/** Passes bytes on to the server, until it is told to swallow what the server sends, or to cut all connections. */
async function proxyTo(t: CleanUpContext, {host, port}: MysqlAddress) {
  const sockets = new Set<Socket>()
  let isSilent = false
  const proxy = createServer(client => {
    const upstream = connectSocket(port, host)
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
    }
    client.pipe(upstream)
    upstream.on('data', chunk => {
      if (!isSilent) client.write(chunk)
    })
    upstream.on('close', () => client.destroy())
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  const cut = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  onCleanUp(t, async () => {
    cut()
    proxy.close()
    await once(proxy, 'close')
  })
  const beSilent = (): void => {
    isSilent = true
  }
  return {port: (proxy.address() as AddressInfo).port, beSilent, cut}
}

for (const [what, code] of [
  ['beSilent', 'TIDEMARK_BINLOG_SILENT'],
  ['cut', 'TIDEMARK_BINLOG_CONNECTION_LOST'],
] as const) {
  test(`an idle server sends heartbeats; after ${what} the stream fails with ${code}`, async t => {
    const {connection, server} = await freshDatabase(t, 'binlog_silent')
    const proxy = await proxyTo(t, server)
    const through = {...server, host: '127.0.0.1', port: proxy.port}
    const reader = new BinlogReader(readerSettings(through, {keepAliveIntervalMs: 125}))
    let heartbeats = 0
    const reading = readBinlog(reader, await gtidPlace(connection), events => {
      if (events.kind !== 'heartbeat') return false
      assert.ok(events.endPos > 0 && events.file !== '')
      if (++heartbeats === 3) proxy[what]()
      return false
    })
    await assert.rejects(reading, {code, kind: 'retryable'})
    assert.ok(heartbeats >= 3)
  })
}
