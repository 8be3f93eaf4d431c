// Updates that a server logs as differences of JSON documents (binlog_row_value_options=PARTIAL_JSON), against what a
// SELECT says.

import assert from 'node:assert/strict'
import {after, before, test} from 'node:test'
import type {Connection} from 'mysql2/promise'
import {BinlogReader} from '../../src/binlog/binlog-reader.ts'
import type {BinlogEvents, StreamStart, StreamTable} from '../../src/binlog/binlog-events.ts'
import {countRows} from '../../src/binlog/row-count.ts'
import {ByteWriter} from '../../src/core/byte-writer.ts'
import {compileRowEncoder} from '../../src/encode/compile-row-encoder.ts'
import type {RowEncoder} from '../../src/encode/row-encoder.ts'
import {startMysql, type MysqlServer} from '../../tools/servers/mysql-server.ts'
import {gtidPlace, readBinlog, readerSettings} from '../support/binlog-reading.ts'
import {ENCODER_SETTINGS} from '../support/encode-value.ts'
import {freshDatabase, type FreshDatabase} from '../support/fresh-database.ts'
import {randomFor, type SeededRandom} from '../support/seeded-random.ts'

const STEPS = 600
const ROWS = 4
const COLUMNS = ['a', 'b', 'c'] as const

/** Filled up, so that a difference is shorter than the document; the server writes the whole one otherwise. */
const PADDING = 'x'.repeat(300)
const NAMES = [
  'a',
  'b',
  'aa',
  'last',
  'with space',
  '"quoted"',
  'back\\slash',
  '$',
  'é',
  '😀',
  '.dot',
  '[0]',
  'a\nb',
  'Ab1_',
]

let server: MysqlServer
before(async () => {
  server = await startMysql()
})
after(async () => {
  await server.stop()
})

type Json = null | boolean | number | string | Json[] | {[name: string]: Json}

function randomJson(random: SeededRandom, depth = 0): Json {
  const kind = random.integer(0, depth > 3 ? 4 : 7)
  if (kind === 0) return random.pick([null, true, false])
  if (kind === 1) return random.pick([0, -1, 32_767, 32_768, 65_535, 65_536, -32_769, 2 ** 31, 2 ** 53, -1.5, 1e100])
  if (kind < 4) return random.pick(['', 'é', '😀', 'quote " \\ \n \u0001', random.word(random.integer(1, 200))])
  const values = Array.from({length: random.integer(0, 5)}, () => randomJson(random, depth + 1))
  if (kind === 5) return values
  return Object.fromEntries(values.map(value => [random.pick(NAMES), value]))
}

/** Values that a client can only make in SQL. */
const SQL_VALUES = [
  "CAST('2020-02-03' AS DATE)",
  "CAST('2020-02-03 04:05:06.789' AS DATETIME(6))",
  "CAST('-838:59:59' AS TIME)",
  'CAST(123.4500 AS DECIMAL(20,6))',
  '18446744073709551615',
  '-9223372036854775808',
  '1e0',
  '-0e0',
  "x'00ff10'",
  'TRUE',
  'NULL',
  "JSON_OBJECT('k', JSON_ARRAY(1, 2e0, NULL))",
  "CAST('[]' AS JSON)",
  "REPEAT('long', 200)",
] as const

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`
}

function sqlValue(random: SeededRandom): string {
  if (random.chance(0.5)) return random.pick(SQL_VALUES)
  return `CAST(${quoted(JSON.stringify(randomJson(random, 2)))} AS JSON)`
}

/** Mostly one that is in the document or could be put there. */
function randomPath(random: SeededRandom, document: Json): string {
  let path = '$'
  let value: Json = document
  do {
    if (Array.isArray(value)) {
      const index = random.integer(0, value.length)
      path += random.chance(0.3) ? random.pick(['[last]', '[last-1]', '[last-7]']) : `[${String(index)}]`
      value = value[index] ?? null
    } else if (value !== null && typeof value === 'object') {
      const name: string = random.pick(random.chance(0.7) && Object.keys(value).length > 0 ? Object.keys(value) : NAMES)
      path += /^[A-Za-z]\w*$/.test(name) && random.chance(0.5) ? `.${name}` : `.${JSON.stringify(name)}`
      value = value[name] ?? null
    } else {
      path += random.pick(['[0]', '.a', '[last]', '[1]'])
      break
    }
  } while (random.chance(0.6))
  return quoted(path)
}

function randomChange(random: SeededRandom, column: string, document: Json): string {
  let sql = column
  for (let i = random.integer(1, 3); i > 0; i--) {
    const name = random.pick(['JSON_SET', 'JSON_REPLACE', 'JSON_REMOVE', 'JSON_SET'])
    const parts = Array.from({length: random.integer(1, 2)}, () => {
      const path = randomPath(random, document)
      return name === 'JSON_REMOVE' ? path : `${path}, ${sqlValue(random)}`
    })
    sql = `${name}(${sql}, ${parts.join(', ')})`
  }
  return sql
}

type Row = Record<string, string | number | null>
const SELECT = `SELECT id, ${COLUMNS.map(name => `CAST(${name} AS CHAR) AS ${name}`).join(', ')}, v FROM t ORDER BY id`

async function rowsOf(connection: Connection): Promise<Row[]> {
  const [rows] = await connection.query(SELECT)
  return rows as Row[]
}

async function fill(connection: Connection, random: SeededRandom): Promise<void> {
  await connection.query(`CREATE TABLE t (id INT PRIMARY KEY, a JSON, v VARCHAR(20), b JSON, g INT AS (JSON_LENGTH(a)), c JSON);
    CREATE TABLE step (n INT PRIMARY KEY);`)
  for (let id = 1; id <= ROWS; id++) {
    const documents = COLUMNS.map(() =>
      JSON.stringify({p: PADDING, list: [PADDING, randomJson(random)], o: randomJson(random)}),
    )
    await connection.query('INSERT INTO t (id, a, b, c) VALUES (?, ?, ?, ?)', [id, ...documents])
  }
  await connection.query('SET SESSION binlog_row_value_options = PARTIAL_JSON')
}

/** Changes rows step by step, and returns what a SELECT says after each. */
async function changeRows(connection: Connection, random: SeededRandom): Promise<Row[][]> {
  const states: Row[][] = []
  let rows = await rowsOf(connection)
  for (let n = 0; n < STEPS; n++) {
    const row = random.pick(rows)
    const changes = COLUMNS.filter(() => random.chance(0.5)).map(name => {
      if (random.chance(0.03)) return `${name} = ${quoted(JSON.stringify({p: PADDING, q: randomJson(random)}))}`
      if (random.chance(0.02)) return `${name} = NULL`
      const text = row[name]
      const document = typeof text === 'string' ? (JSON.parse(text) as Json) : null
      return `${name} = ${randomChange(random, name, document)}`
    })
    if (random.chance(0.3)) changes.push(`v = ${quoted(random.word(5))}`)
    if (random.chance(0.1)) await connection.query(`SET binlog_transaction_compression = ${random.pick(['ON', 'OFF'])}`)
    await connection.query('START TRANSACTION')
    if (changes.length > 0) {
      const where = random.chance(0.8) ? ` WHERE id = ${String(row['id'])}` : ''
      // A change may not be possible (a path of the whole document); then the statement changes nothing.
      await connection.query(`UPDATE t SET ${changes.join(', ')}${where}`).catch(() => undefined)
    }
    await connection.query(`INSERT INTO step VALUES (${String(n)})`)
    await connection.query('COMMIT')
    states.push((rows = await rowsOf(connection)))
  }
  return states
}

/** The rows of a table as the stream's events make them. */
class Fold {
  readonly rows = new Map<number, Row>()
  readonly #encoders = new Map<StreamTable, RowEncoder>()
  readonly #out = new ByteWriter()

  take({rows: view}: BinlogEvents): Row[] {
    const {table, buffer, end, operation} = view
    const encoder = this.#encoderOf(table)
    const seen: Row[] = []
    for (let at = view.start; at < end;) {
      if (operation === 'u') at = this.#encoded(encoder, buffer, at, end).next
      const {row, next} = this.#encoded(encoder, buffer, at, end)
      at = next
      seen.push(row)
      if (table.shape.id.table === 't') this.rows.set(Number(row['id']), row)
    }
    assert.equal(countRows(view), seen.length)
    return seen
  }

  #encoded(encoder: RowEncoder, ...image: [Buffer, number, number]): {row: Row; next: number} {
    this.#out.clear()
    const next = encoder.encodeImage(...image, null, this.#out)
    const row = JSON.parse(this.#out.view().toString('utf8')) as Row
    delete row['g']
    return {row, next}
  }

  #encoderOf(table: StreamTable): RowEncoder {
    const known = this.#encoders.get(table)
    if (known !== undefined) return known
    const options = {settings: ENCODER_SETTINGS}
    const encoder = compileRowEncoder({shape: table.shape, messageKey: [0], rowKey: [0], options})
    encoder.bindLayout(table.layout)
    this.#encoders.set(table, encoder)
    return encoder
  }
}

async function statesInStream({server: address, name}: FreshDatabase, start: StreamStart): Promise<Row[][]> {
  const fold = new Fold()
  const states: Row[][] = []
  await readBinlog(new BinlogReader(readerSettings(address)), start, events => {
    if (events.kind !== 'rows' || events.rows.table.shape.id.database !== name) return false
    const seen = fold.take(events)
    if (events.rows.table.shape.id.table !== 'step') return false
    assert.equal(seen[0]!['n'], states.length)
    states.push([...fold.rows.values()].sort((a, b) => Number(a['id']) - Number(b['id'])))
    return states.length === STEPS
  })
  return states
}

test('whatever is changed in JSON documents, the stream shows the same texts as a SELECT', async t => {
  const random = randomFor(t)
  const database = await freshDatabase(t, 'partial', server)
  const {connection} = database
  const start = await gtidPlace(connection)
  await fill(connection, random)
  const wanted = await changeRows(connection, random)
  const found = await statesInStream(database, start)
  for (const [n, state] of wanted.entries()) {
    assert.deepEqual(
      found[n],
      state.map(row => ({...row})),
      `after step ${String(n)}`,
    )
  }
  assert.ok((await partialEvents(connection)) > STEPS / 10, 'the server wrote few differences')
})

async function partialEvents(connection: Connection): Promise<number> {
  const [files] = await connection.query('SHOW BINARY LOGS')
  let count = 0
  for (const {Log_name} of files as {Log_name: string}[]) {
    const [events] = await connection.query(`SHOW BINLOG EVENTS IN '${Log_name}'`)
    count += (events as {Event_type: string}[]).filter(event => event.Event_type === 'Update_rows_partial').length
  }
  return count
}

test('a difference without the document that it changes is refused where the table is captured, and only there', async t => {
  const database = await freshDatabase(t, 'partial_minimal', server)
  const {connection} = database
  await connection.query(`CREATE TABLE t (id INT PRIMARY KEY, v INT, j JSON)`)
  await connection.query('INSERT INTO t VALUES (1, 1, ?)', [JSON.stringify({p: PADDING})])
  const start = await gtidPlace(connection)
  await connection.query('SET SESSION binlog_row_value_options = PARTIAL_JSON, binlog_row_image = MINIMAL')
  await connection.query("UPDATE t SET v = 2, j = JSON_SET(j, '$.n', 2)")
  await readBinlog(new BinlogReader(readerSettings(server)), start, events => {
    if (events.kind !== 'rows') return false
    const {rows} = events
    assert.equal(countRows(rows), 1)
    assert.deepEqual([[...rows.presentBefore], [...rows.presentAfter], rows.full], [[0b001], [0b010], false])
    const encoder = compileRowEncoder({
      shape: rows.table.shape,
      messageKey: [0],
      rowKey: [0],
      options: {settings: ENCODER_SETTINGS},
    })
    encoder.bindLayout(rows.table.layout)
    assert.throws(() => encoder.encodeImage(rows.buffer, rows.start, rows.end, rows.presentBefore, new ByteWriter()), {
      code: 'TIDEMARK_BINLOG_ROW_INCOMPLETE',
    })
    return true
  })
})
