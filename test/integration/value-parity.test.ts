import assert from 'node:assert/strict'
import {test} from 'node:test'
import {BinlogReader} from '../../src/binlog/binlog-reader.ts'
import type {StreamTable} from '../../src/binlog/binlog-events.ts'
import {ByteWriter} from '../../src/core/byte-writer.ts'
import {shapeFingerprint, type TableShape} from '../../src/core/table-shape.ts'
import {compileRowEncoder} from '../../src/encode/compile-row-encoder.ts'
import type {RowEncoder} from '../../src/encode/row-encoder.ts'
import {openConnection} from '../../src/mysql/connections.ts'
import {quoteTable} from '../../src/mysql/identifiers.ts'
import {selectRows} from '../../src/mysql/row-query.ts'
import {readTableShape} from '../../src/mysql/schema-reader.ts'
import {gtidPlace, readBinlog, readerSettings} from '../support/binlog-reading.ts'
import {freshDatabase, type FreshDatabase} from '../support/fresh-database.ts'
import {VALUE_CASES, type ValueCase} from '../support/value-cases.ts'

const END = 'end_of_values'
const SETTINGS = {topicPrefix: 'p', topicDelimiter: '.', keySchemasEnabled: false, keyConverter: 'json'} as const

/** One row as an entrance gives it. */
interface EncodedRow {
  readonly fingerprint: string
  readonly json: string
  readonly messageKey: string
  readonly rowKey: string
}

function encoderOf(shape: TableShape): RowEncoder {
  const all = shape.columns.map((_, index) => index)
  return compileRowEncoder({shape, messageKey: all, rowKey: all, options: {settings: SETTINGS}})
}

function encoded(encoder: RowEncoder, encode: (out: ByteWriter) => void): EncodedRow {
  const write = (fill: (out: ByteWriter) => void): string => {
    const out = new ByteWriter(16)
    fill(out)
    return out.view().toString('utf8')
  }
  return {
    fingerprint: shapeFingerprint(encoder.shape),
    json: write(encode),
    messageKey: write(out => encoder.writeMessageKey(out)),
    rowKey: write(out => encoder.writeRowKey(out)),
  }
}

async function selected(database: FreshDatabase, table: string): Promise<EncodedRow[]> {
  const connection = await openConnection(readerSettings(database.server), 'test')
  try {
    const shape = await readTableShape(connection, {database: database.name, table})
    assert.ok(shape)
    const encoder = encoderOf(shape)
    const rows: EncodedRow[] = []
    await selectRows(
      connection,
      `SELECT ${encoder.selectList.join(', ')} FROM ${quoteTable(shape.id)} ORDER BY id`,
      (packet, start, end) => {
        rows.push(encoded(encoder, out => encoder.encodeText(packet, start, end, out)))
      },
    )
    return rows
  } finally {
    await connection.end()
  }
}

/** Rows by table name, from the binlog. */
async function streamed(database: FreshDatabase, write: () => Promise<void>): Promise<Map<string, EncodedRow[]>> {
  const start = await gtidPlace(database.connection)
  await write()
  await database.connection.query(`CREATE TABLE ${END} (id INT)`)
  const encoders = new Map<StreamTable, RowEncoder>()
  const tables = new Map<string, EncodedRow[]>()
  await readBinlog(new BinlogReader(readerSettings(database.server)), start, events => {
    if (events.kind === 'rows' && events.rows.table.shape.id.database === database.name) {
      const {table, buffer, start: first, end} = events.rows
      let encoder = encoders.get(table)
      if (encoder === undefined) {
        encoder = encoderOf(table.shape)
        encoder.bindLayout(table.layout)
        encoders.set(table, encoder)
      }
      const rows = tables.get(table.shape.id.table) ?? []
      tables.set(table.shape.id.table, rows)
      const bound = encoder
      for (let at = first; at < end;) {
        rows.push(encoded(bound, out => (at = bound.encodeImage(buffer, at, end, null, out))))
      }
    }
    return events.kind === 'query' && events.database === database.name && events.sql.includes(END)
  })
  return tables
}

async function fill(database: FreshDatabase, cases: readonly ValueCase[]): Promise<void> {
  const {connection} = database
  await connection.query("SET sql_mode = '', time_zone = '+00:00'")
  await connection.query('CREATE TABLE numbers (i INT)')
  await connection.query(`INSERT INTO numbers VALUES ${Array.from({length: 2000}, (_, i) => `(${i})`).join(',')}`)
  for (const [i, {column, values}] of cases.entries()) {
    await connection.query(`CREATE TABLE v${i} (id INT PRIMARY KEY, v ${column}) CHARACTER SET utf8mb4`)
    const rows = values.map((value, row) => `SELECT ${row}, ${value}`)
    for (const row of rows) await connection.query(`INSERT INTO v${i} ${row}`)
  }
}

test('I7: SELECT and binlog give the same bytes for every type, row, message key and row key', async t => {
  const database = await freshDatabase(t, 'values')
  const fromBinlog = await streamed(database, () => fill(database, VALUE_CASES))
  const differences: string[] = []
  for (const [i, {column, values}] of VALUE_CASES.entries()) {
    const fromSelect = await selected(database, `v${i}`)
    const fromStream = fromBinlog.get(`v${i}`) ?? []
    assert.equal(fromSelect.length, values.length, column)
    assert.equal(fromStream.length, values.length, column)
    for (const [row, value] of values.entries()) {
      const a = fromSelect[row]!
      const b = fromStream[row]!
      if (a.json !== b.json || a.messageKey !== b.messageKey || a.rowKey !== b.rowKey) {
        differences.push(`${column} = ${value}\n  select ${cut(a)}\n  stream ${cut(b)}`)
      }
      assert.equal(a.fingerprint, b.fingerprint, column)
      assert.doesNotThrow(() => JSON.parse(a.json) as unknown, `${column} = ${value}: ${a.json}`)
    }
  }
  assert.deepEqual(differences, [])
})

function cut({json, rowKey}: EncodedRow): string {
  return `${json.slice(0, 500)} ${rowKey.slice(0, 200)}`
}
