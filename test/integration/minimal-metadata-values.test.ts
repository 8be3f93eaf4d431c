// Events without the names of columns (binlog_row_metadata=MINIMAL) and the definition that the server told beside them
// are as good as events with full metadata: the same shape, and the same bytes for every value.

import assert from 'node:assert/strict'
import {after, before, test, type TestContext} from 'node:test'
import {BinlogReader} from '../../src/binlog/binlog-reader.ts'
import type {StreamTable} from '../../src/binlog/binlog-events.ts'
import {ByteWriter} from '../../src/core/byte-writer.ts'
import {restoredShape, storedShape} from '../../src/core/stored-schemas.ts'
import type {TableShape} from '../../src/core/table-shape.ts'
import {compileRowEncoder} from '../../src/encode/compile-row-encoder.ts'
import {openConnection} from '../../src/mysql/connections.ts'
import {ReopeningConnection} from '../../src/mysql/reopening-connection.ts'
import {schemaDifference} from '../../src/stream/schema-difference.ts'
import {MysqlSchemaSource} from '../../src/task/mysql-schema-source.ts'
import {startMysql, type MysqlServer} from '../../tools/servers/mysql-server.ts'
import {gtidPlace, readBinlog, readerSettings} from '../support/binlog-reading.ts'
import {ENCODER_SETTINGS} from '../support/encode-value.ts'
import {freshDatabase, type FreshDatabase} from '../support/fresh-database.ts'
import {quietLog} from '../support/quiet-log.ts'
import {fillValueTables, VALUE_CASES} from '../support/value-cases.ts'

const END = 'end_of_values'
/** Tables whose key the server chooses, or makes. */
const KEYS = [
  'CREATE TABLE promoted (a INT, b INT NOT NULL, c VARCHAR(9) NOT NULL, UNIQUE (a), UNIQUE second (c, b))',
  'CREATE TABLE keyless (a INT, b VARCHAR(9) CHARACTER SET latin1)',
  'SET sql_generate_invisible_primary_key = ON; CREATE TABLE hidden (a INT, b INT INVISIBLE); SET sql_generate_invisible_primary_key = OFF',
  'CREATE TABLE made (a INT PRIMARY KEY, v INT AS (a + 1), s VARCHAR(20) AS (CONCAT(a)) STORED)',
]
const KEY_ROWS = [
  'INSERT INTO promoted VALUES (1, 2, 3)',
  "INSERT INTO keyless VALUES (1, 'x')",
  'INSERT INTO hidden (a) VALUES (1)',
  'INSERT INTO made (a) VALUES (1)',
]

let server: MysqlServer
before(async () => {
  server = await startMysql()
})
after(async () => {
  await server.stop()
})

interface Streamed {
  /** As the binlog brings them, by name. */
  readonly tables: Map<string, StreamTable>
  readonly images: Map<string, Buffer[]>
}

async function streamed(database: FreshDatabase): Promise<Streamed> {
  const {connection, name} = database
  const start = await gtidPlace(connection)
  await fillValueTables(connection)
  for (const sql of [...KEYS, ...KEY_ROWS, `CREATE TABLE ${END} (id INT)`]) await connection.query(sql)
  const tables = new Map<string, StreamTable>()
  const images = new Map<string, Buffer[]>()
  await readBinlog(new BinlogReader(readerSettings(server)), start, events => {
    if (events.kind === 'rows' && events.rows.table.shape.id.database === name) {
      const {table, buffer, start: from, end} = events.rows
      const text = table.shape.id.table
      tables.set(text, table)
      images.set(text, [...(images.get(text) ?? []), Buffer.from(buffer.subarray(from, end))])
    }
    return events.kind === 'query' && events.database === name && events.sql.includes(END)
  })
  return {tables, images}
}

function jsonOf(shape: TableShape, {layout}: StreamTable, images: readonly Buffer[]): string[] {
  const encoder = compileRowEncoder({shape, messageKey: [], rowKey: [], options: {settings: ENCODER_SETTINGS}})
  encoder.bindLayout(layout)
  return images.flatMap(image => {
    const rows: string[] = []
    for (let at = 0; at < image.length;) {
      const out = new ByteWriter(16)
      at = encoder.encodeImage(image, at, image.length, null, out)
      rows.push(out.view().toString('utf8'))
    }
    return rows
  })
}

function schemaSource(t: TestContext): MysqlSchemaSource {
  const connection = new ReopeningConnection({
    open: async () => await openConnection(readerSettings(server), 'test'),
    verify: async () => await Promise.resolve(),
  })
  t.after(() => connection.close())
  return new MysqlSchemaSource({
    database: readerSettings(server),
    connection,
    serverUuid: () => '',
    log: quietLog,
    signal: new AbortController().signal,
  })
}

test('without patience a locked table counts as not there, with it the lock is waited for; others are read beside it', async t => {
  const {connection, name, connect} = await freshDatabase(t, 'locked', server)
  await connection.query('CREATE TABLE a (id INT PRIMARY KEY); CREATE TABLE b (id INT)')
  await connection.query('CREATE VIEW v AS SELECT * FROM a')
  const locker = await connect()
  await locker.query('LOCK TABLES a WRITE')
  const source = schemaSource(t)
  const ids = ['a', 'b', 'v', 'none'].map(table => ({database: name, table}))
  const found = async (patient: boolean): Promise<boolean[]> =>
    (await source.read(ids, {patient})).map(({shape}) => shape !== null)
  assert.deepEqual(await found(false), [false, true, false, false])
  const waiting = found(true)
  await locker.query('INSERT INTO a VALUES (1); UNLOCK TABLES')
  assert.deepEqual(await waiting, [true, true, false, false])
  await connection.query('DROP TABLE b')
  assert.deepEqual(await found(true), [true, false, false, false])
})

test('I7: every type gives the same shape and the same bytes with minimal metadata as with full metadata', async t => {
  const full = await freshDatabase(t, 'full', server)
  const withNames = await streamed(full)
  const minimal = await freshDatabase(t, 'minimal', server)
  await minimal.connection.query('SET GLOBAL binlog_row_metadata = MINIMAL')
  const without = await streamed(minimal)
  const source = schemaSource(t)
  assert.equal(await source.isMinimal(), true)
  const names = [...without.tables.keys()]
  assert.deepEqual(names, [...withNames.tables.keys()])
  assert.ok(names.length >= VALUE_CASES.length + KEYS.length)
  const readings = await source.read(
    names.map(table => ({database: minimal.name, table})),
    {patient: true},
  )
  for (const [i, name] of names.entries()) {
    const event = without.tables.get(name)!
    const wanted = withNames.tables.get(name)!
    const {shape} = readings[i]!
    assert.equal(event.unnamed, true)
    assert.ok(shape !== null && !(shape instanceof Error), name)
    assert.equal(schemaDifference(shape, event), null, name)
    assert.deepEqual({...shape, id: null}, {...wanted.shape, id: null}, name)
    assert.deepEqual(restoredShape(shape.id, JSON.parse(JSON.stringify(storedShape(shape))) as never), shape)
    const values = jsonOf(shape, event, without.images.get(name)!)
    assert.deepEqual(values, jsonOf(wanted.shape, wanted, withNames.images.get(name)!), name)
  }
})
