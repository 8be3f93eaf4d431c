import assert from 'node:assert/strict'
import {test} from 'node:test'
import {BinlogReader} from '../../src/binlog/binlog-reader.ts'
import type {StreamTable} from '../../src/binlog/binlog-events.ts'
import {ByteWriter} from '../../src/core/byte-writer.ts'
import {DEFAULT_VALUE_MODES, type ValueModes} from '../../src/config/value-modes.ts'
import {shapeFingerprint, type TableShape} from '../../src/core/table-shape.ts'
import {TidemarkError} from '../../src/core/tidemark-error.ts'
import {compileRowEncoder} from '../../src/encode/compile-row-encoder.ts'
import type {RowEncoder} from '../../src/encode/row-encoder.ts'
import {envelopeSchemaText, type SchemaContext} from '../../src/encode/schemas/schema-frame.ts'
import {openConnection} from '../../src/mysql/connections.ts'
import {quoteTable} from '../../src/mysql/identifiers.ts'
import {selectRows} from '../../src/mysql/row-query.ts'
import {readTableShape} from '../../src/mysql/schema-reader.ts'
import {gtidPlace, readBinlog, readerSettings} from '../support/binlog-reading.ts'
import {frameProblems} from '../support/connect-json.ts'
import {ENCODER_SETTINGS} from '../support/encode-value.ts'
import {freshDatabase, type FreshDatabase} from '../support/fresh-database.ts'
import {fillValueTables, VALUE_CASES} from '../support/value-cases.ts'

const END = 'end_of_values'
/** Every mode of every option once; the default ones come first. */
const MODES: readonly ValueModes[] = [
  DEFAULT_VALUE_MODES,
  {decimal: 'string', bigintUnsigned: 'precise', binary: 'hex', time: 'connect', decimalFormat: 'base64'},
  {...DEFAULT_VALUE_MODES, decimal: 'double', binary: 'base64-url-safe', time: 'isostring'},
  {...DEFAULT_VALUE_MODES, binary: 'base64', time: 'microseconds'},
  {...DEFAULT_VALUE_MODES, time: 'nanoseconds', bigintUnsigned: 'precise', decimalFormat: 'numeric'},
]

/** One row as an entrance gives it. */
interface EncodedRow {
  readonly fingerprint: string
  readonly json: string
  readonly messageKey: string
  readonly rowKey: string
  /** What is wrong with its frames in all modes. */
  readonly problems: readonly string[]
  /** In the other modes: row and key, or the code of the error. */
  readonly others: readonly string[]
}

/** Of one mode: keys with their frames, and what stands before and behind a row in its own. */
interface FramedEncoder {
  readonly encoder: RowEncoder
  readonly before: string
}

type Encoders = readonly FramedEncoder[]

function encodersOf(shape: TableShape): Encoders {
  const all = shape.columns.map((_, index) => index)
  return MODES.map(valueModes => {
    const keyDecimalFormat = valueModes.decimalFormat
    const settings = {...ENCODER_SETTINGS, valueModes, keyDecimalFormat, keySchemasEnabled: true}
    return {
      encoder: compileRowEncoder({shape, messageKey: all, rowKey: all, options: {settings}}),
      before: `{"schema":${rowSchema(shape, settings)},"payload":`,
    }
  })
}

/** The schema of `after`, whose row is a frame's payload here. */
function rowSchema(shape: TableShape, settings: SchemaContext): string {
  const text = envelopeSchemaText(shape, 'p.t', settings)
  const end = text.indexOf(',"field":"before"}')
  return `${text.slice(text.indexOf('[') + 1, end)}}`
}

function encoded(
  encoders: Encoders,
  encode: (encoder: RowEncoder, out: ByteWriter) => void,
  isJudged = false,
): EncodedRow {
  const write = (fill: (out: ByteWriter) => void): string => {
    const out = new ByteWriter(16)
    fill(out)
    return out.view().toString('utf8')
  }
  const [{encoder} = {encoder: undefined}, ...others] = encoders
  const problems: string[] = []
  const framed = (each: FramedEncoder): string => {
    const row = write(out => encode(each.encoder, out))
    const key = write(out => each.encoder.writeMessageKey(out))
    if (isJudged) problems.push(...frameProblems(`${each.before}${row}}`), ...frameProblems(key))
    return row
  }
  return {
    fingerprint: shapeFingerprint(encoder!.shape),
    json: framed(encoders[0]!),
    messageKey: write(out => encoder!.writeMessageKey(out)),
    rowKey: write(out => encoder!.writeRowKey(out)),
    problems,
    others: others.map(other => {
      try {
        return `${framed(other)} ${write(out => other.encoder.writeRowKey(out))}`
      } catch (error) {
        if (error instanceof TidemarkError && error.code === 'TIDEMARK_VALUE_TIME_RANGE') return error.code
        throw error
      }
    }),
  }
}

async function selected(database: FreshDatabase, table: string): Promise<EncodedRow[]> {
  const connection = await openConnection(readerSettings(database.server), 'test')
  try {
    const shape = await readTableShape(connection, {database: database.name, table})
    assert.ok(shape)
    const encoders = encodersOf(shape)
    const rows: EncodedRow[] = []
    await selectRows(
      connection,
      `SELECT ${encoders[0]!.encoder.selectList.join(', ')} FROM ${quoteTable(shape.id)} ORDER BY id`,
      (packet, start, end) => {
        rows.push(encoded(encoders, (encoder, out) => encoder.encodeText(packet, start, end, out)))
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
  const encoders = new Map<StreamTable, Encoders>()
  const tables = new Map<string, EncodedRow[]>()
  await readBinlog(new BinlogReader(readerSettings(database.server)), start, events => {
    if (events.kind === 'rows' && events.rows.table.shape.id.database === database.name) {
      const {table, buffer, start: first, end} = events.rows
      let bound = encoders.get(table)
      if (bound === undefined) {
        bound = encodersOf(table.shape)
        for (const {encoder} of bound) encoder.bindLayout(table.layout)
        encoders.set(table, bound)
      }
      const rows = tables.get(table.shape.id.table) ?? []
      tables.set(table.shape.id.table, rows)
      for (let at = first; at < end;) {
        let next = end
        rows.push(encoded(bound, (encoder, out) => (next = encoder.encodeImage(buffer, at, end, null, out)), true))
        at = next
      }
    }
    return events.kind === 'query' && events.database === database.name && events.sql.includes(END)
  })
  return tables
}

test('I7: SELECT and binlog give the same bytes for every type, mode, row, message key and row key', async t => {
  const database = await freshDatabase(t, 'values')
  const fromBinlog = await streamed(database, () => fillValueTables(database.connection))
  const differences: string[] = []
  for (const [i, {column, values}] of VALUE_CASES.entries()) {
    const fromSelect = await selected(database, `v${i}`)
    const fromStream = fromBinlog.get(`v${i}`) ?? []
    assert.equal(fromSelect.length, values.length, column)
    assert.equal(fromStream.length, values.length, column)
    for (const [row, value] of values.entries()) {
      const a = fromSelect[row]!
      const b = fromStream[row]!
      if (JSON.stringify({...a, problems: []}) !== JSON.stringify({...b, problems: []})) {
        differences.push(`${column} = ${value}\n  select ${cut(a)}\n  stream ${cut(b)}`)
      }
      assert.deepEqual(b.problems, [], `${column} = ${value}`)
      assert.equal(a.fingerprint, b.fingerprint, column)
      assert.doesNotThrow(() => JSON.parse(a.json) as unknown, `${column} = ${value}: ${a.json}`)
    }
  }
  assert.deepEqual(differences, [])
})

function cut({json, rowKey, others}: EncodedRow): string {
  return [json.slice(0, 500), rowKey.slice(0, 200), ...others.map(other => other.slice(0, 200))].join('\n    ')
}
