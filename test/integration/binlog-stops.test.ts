// What only a server of its own can show: settings of the whole server, purged files, and events that would stop every
// other reader, too.

import assert from 'node:assert/strict'
import {after, before, test} from 'node:test'
import type {BinlogEventKind, StreamStart} from '../../src/binlog/binlog-events.ts'
import {BinlogReader} from '../../src/binlog/binlog-reader.ts'
import {countRows} from '../../src/binlog/row-count.ts'
import {startMysql, type MysqlServer} from '../../tools/servers/mysql-server.ts'
import {onCleanUp} from '../support/clean-up.ts'
import {binlogPlace, gtidPlace, readBinlog, readerSettings} from '../support/binlog-reading.ts'
import {freshDatabase, type FreshDatabase} from '../support/fresh-database.ts'

let server: MysqlServer
before(async () => {
  server = await startMysql()
})
after(async () => {
  await server.stop()
})

async function stop(start: StreamStart): Promise<never> {
  return (await readBinlog(new BinlogReader(readerSettings(server)), start, () => false)) as never
}

const stops: readonly (readonly [code: string, what: string, statements: readonly string[]])[] = [
  [
    'TIDEMARK_BINLOG_STATEMENT_FORMAT',
    'a change in statement format',
    ['SET binlog_format = STATEMENT', "INSERT INTO t VALUES (1, '{}')"],
  ],
]
for (const [code, what, statements] of stops) {
  test(`${what} stops the stream with ${code}`, async t => {
    const {connection} = await freshDatabase(t, 'stops', server)
    await connection.query('CREATE TABLE t (id INT PRIMARY KEY, j JSON)')
    const start = await gtidPlace(connection)
    for (const sql of statements) await connection.query(sql)
    await assert.rejects(stop(start), {code, kind: 'fatal'})
  })
}

test('purged transactions stop the stream with TIDEMARK_BINLOG_PURGED, by GTID set and by position', async t => {
  const {connection} = await freshDatabase(t, 'purged', server)
  const places = [await gtidPlace(connection), await binlogPlace(connection)]
  await connection.query('CREATE TABLE t (id INT PRIMARY KEY)')
  await connection.query('FLUSH BINARY LOGS')
  const {file} = await binlogPlace(connection)
  await connection.query(`PURGE BINARY LOGS TO '${file}'`)
  for (const place of places) await assert.rejects(stop(place), {code: 'TIDEMARK_BINLOG_PURGED', kind: 'fatal'})
})

/** Kinds from `start` to the table `the_end`, and the rows among them. */
async function kindsUntilEnd(
  start: StreamStart,
  {name}: FreshDatabase,
): Promise<{kinds: BinlogEventKind[]; rows: number}> {
  const kinds: BinlogEventKind[] = []
  let rows = 0
  await readBinlog(new BinlogReader(readerSettings(server)), start, events => {
    kinds.push(events.kind)
    if (events.kind === 'rows') rows += countRows(events.rows)
    return events.kind === 'query' && events.database === name && events.sql.includes('the_end')
  })
  return {kinds, rows}
}

test('files with and without checksums are read in one stream, whatever the server does now', async t => {
  const database = await freshDatabase(t, 'checksum', server)
  const {connection} = database
  await connection.query('CREATE TABLE t (id INT PRIMARY KEY)')
  onCleanUp(t, async () => {
    await connection.query('SET GLOBAL binlog_checksum = CRC32')
  })
  const place = await gtidPlace(connection)
  const position = await binlogPlace(connection)
  for (const [id, checksum] of ['NONE', 'CRC32', 'NONE'].entries()) {
    await connection.query(`INSERT INTO t VALUES (${id})`)
    await connection.query(`SET GLOBAL binlog_checksum = ${checksum}`)
  }
  await connection.query('INSERT INTO t VALUES (9)')
  await connection.query('CREATE TABLE the_end (a INT)')
  for (const start of [place, position]) assert.equal((await kindsUntilEnd(start, database)).rows, 4)
  await connection.query('SET GLOBAL binlog_checksum = CRC32')
  for (const start of [place, position]) assert.equal((await kindsUntilEnd(start, database)).rows, 4)
})

test('with binlog_row_image=MINIMAL the view says which columns are there', async t => {
  const {connection} = await freshDatabase(t, 'image', server)
  await connection.query('CREATE TABLE t (id INT PRIMARY KEY, a INT, b INT)')
  const start = await gtidPlace(connection)
  await connection.query('SET binlog_row_image = MINIMAL')
  await connection.query('INSERT INTO t VALUES (1, 2, 3)')
  await connection.query('UPDATE t SET b = 4')
  const seen: unknown[] = []
  await readBinlog(new BinlogReader(readerSettings(server)), start, ({kind, rows}) => {
    if (kind === 'rows') {
      assert.equal(countRows(rows), 1)
      seen.push([rows.operation, rows.full, [...rows.presentBefore], [...rows.presentAfter]])
    }
    return seen.length === 2
  })
  assert.deepEqual(seen, [
    ['c', true, [0b111], [0b111]],
    ['u', false, [0b001], [0b100]],
  ])
})

test('CREATE TABLE … SELECT, tables without transactions, and DDL have their kinds', async t => {
  const database = await freshDatabase(t, 'kinds', server)
  const {connection} = database
  const start = await gtidPlace(connection)
  await connection.query('CREATE TABLE a AS SELECT 1 AS id UNION SELECT 2')
  await connection.query('CREATE TABLE m (id INT) ENGINE = MyISAM')
  await connection.query('INSERT INTO m VALUES (1)')
  await connection.query('SET binlog_rows_query_log_events = ON')
  await connection.query('INSERT INTO a VALUES (3)')
  await connection.query('CREATE TABLE the_end (a INT)')
  const {kinds, rows} = await kindsUntilEnd(start, database)
  assert.equal(rows, 4)
  assert.deepEqual(kinds.slice(kinds.indexOf('gtid')), [
    ...['gtid', 'begin', 'query', 'other', 'rows', 'commit'],
    ...['gtid', 'query'],
    ...['gtid', 'begin', 'other', 'rows', 'commit'],
    ...['gtid', 'begin', 'rows-query', 'other', 'rows', 'commit'],
    ...['gtid', 'query'],
  ])
})

test('without GTIDs transactions begin with an empty source', async t => {
  const database = await freshDatabase(t, 'anonymous', server)
  const {connection} = database
  onCleanUp(t, async () => {
    for (const mode of ['ON_PERMISSIVE', 'ON']) await connection.query(`SET GLOBAL gtid_mode = ${mode}`)
  })
  for (const mode of ['ON_PERMISSIVE', 'OFF_PERMISSIVE']) await connection.query(`SET GLOBAL gtid_mode = ${mode}`)
  const start = await binlogPlace(connection)
  await connection.query('CREATE TABLE t (id INT PRIMARY KEY)')
  const seen: unknown[] = []
  await readBinlog(new BinlogReader(readerSettings(server)), start, ({kind, sid, gno, commitTimestampUs}) => {
    if (kind === 'gtid') seen.push([sid, gno, commitTimestampUs > 0])
    return kind === 'query'
  })
  assert.deepEqual(seen, [['', 0, true]])
})

test('a server that is shut down is a retryable error, and the stream goes on when it is back', async t => {
  const database = await freshDatabase(t, 'restart', server)
  const place = await gtidPlace(database.connection)
  const settings = readerSettings(server, {tls: {mode: 'preferred', caFile: null, certFile: null, keyFile: null}})
  const reader = new BinlogReader(settings)
  const pauses: Promise<void>[] = []
  const reading = readBinlog(reader, place, () => {
    if (pauses.length === 0) pauses.push(server.pause())
    return false
  })
  await assert.rejects(reading, {kind: 'retryable'})
  await Promise.all(pauses)
  await assert.rejects(
    readBinlog(reader, place, () => false),
    {code: 'TIDEMARK_MYSQL_UNREACHABLE', kind: 'retryable'},
  )
  await server.start()
  await readBinlog(reader, place, ({kind}) => kind === 'rotate')
})
