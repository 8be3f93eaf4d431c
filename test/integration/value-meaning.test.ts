// What a consumer reads is what the server itself says of the value: by its own CAST, HEX and calendar, not by our code.

import assert from 'node:assert/strict'
import {test} from 'node:test'
import type {RowDataPacket} from 'mysql2/promise'
import {ByteWriter} from '../../src/core/byte-writer.ts'
import {compileRowEncoder} from '../../src/encode/compile-row-encoder.ts'
import type {ColumnShape} from '../../src/core/table-shape.ts'
import {openConnection} from '../../src/mysql/connections.ts'
import {selectRows} from '../../src/mysql/row-query.ts'
import {readTableShape} from '../../src/mysql/schema-reader.ts'
import {readerSettings} from '../support/binlog-reading.ts'
import {ENCODER_SETTINGS} from '../support/encode-value.ts'
import {freshDatabase, type FreshDatabase} from '../support/fresh-database.ts'
import {fillValueTables, VALUE_CASES} from '../support/value-cases.ts'

/** What the server is asked of a value, and the same found out from the event's JSON. */
interface Meaning {
  readonly sql: string
  readonly of: (json: string) => string
}

const EPOCH = "TIMESTAMP'1970-01-01 00:00:00'"
const MICROS = `TIMESTAMPDIFF(MICROSECOND, ${EPOCH}, v)`

function meaningOf(column: ColumnShape): Meaning {
  const text = {sql: 'HEX(CONVERT(v USING utf8mb4))', of: (json: string) => hex(JSON.parse(json) as string)}
  switch (column.type) {
    case 'tinyint':
    case 'smallint':
    case 'mediumint':
    case 'int':
      // Without the zeros of ZEROFILL.
      return {sql: 'CAST(v + 0 AS CHAR)', of: trimmed}
    case 'bigint':
      // Debezium's `long` is the signed number of the same bits.
      return {sql: 'CAST(CAST(v AS SIGNED) AS CHAR)', of: trimmed}
    case 'year':
      return {sql: 'CAST(v + 0 AS CHAR)', of: trimmed}
    case 'decimal':
      return {sql: 'CAST(v + 0 AS CHAR)', of: json => decimalText(json, column.scale ?? 0)}
    case 'float':
      return {sql: 'CAST(v AS DOUBLE)', of: json => doubleText(Math.fround(Number(json)))}
    case 'double':
      return {sql: 'v', of: json => doubleText(Number(json))}
    case 'bit':
      return {sql: 'HEX(v)', of: json => bitsHex(json, column.length ?? 1).replace(/^0+(?=.)/, '')}
    case 'binary':
    case 'varbinary':
    case 'tinyblob':
    case 'blob':
    case 'mediumblob':
    case 'longblob':
      return {
        sql: 'HEX(v)',
        of: json =>
          Buffer.from(JSON.parse(json) as string, 'base64')
            .toString('hex')
            .toUpperCase(),
      }
    case 'date':
      return {sql: `CAST(DATEDIFF(v, DATE(${EPOCH})) AS CHAR)`, of: trimmed}
    case 'datetime':
      return {
        sql: `CAST(${column.fraction <= 3 ? `FLOOR(${MICROS} / 1000)` : MICROS} AS CHAR)`,
        of: trimmed,
      }
    case 'timestamp':
      return {
        sql: `CONCAT(DATE_FORMAT(v, '%Y-%m-%dT%H:%i:%s'), IF(${column.fraction} = 0, '', CONCAT('.', LEFT(DATE_FORMAT(v, '%f'), ${column.fraction}))), 'Z')`,
        of: json => JSON.parse(json) as string,
      }
    case 'time':
      return {
        sql: `CAST(IF(LEFT(v, 1) = '-', -1, 1) * (ABS(TIME_TO_SEC(SUBSTRING_INDEX(v, '.', 1))) * 1000000 + MICROSECOND(v)) AS CHAR)`,
        of: trimmed,
      }
    case 'json':
      return {sql: 'HEX(CAST(v AS CHAR))', of: json => hex(JSON.parse(json) as string)}
    case 'point':
    case 'geometry':
      return {
        sql: "CONCAT(HEX(ST_AsWKB(v, 'axis-order=long-lat')), ' ', ST_SRID(v))",
        of: json => {
          const {wkb, srid} = JSON.parse(json) as {wkb: string; srid: number | null}
          return `${Buffer.from(wkb, 'base64').toString('hex').toUpperCase()} ${srid ?? 0}`
        },
      }
    case 'vector':
      return {
        sql: 'HEX(v)',
        of: json => {
          const bytes = (JSON.parse(json) as number[]).map(value => {
            const four = Buffer.alloc(4)
            four.writeFloatLE(value)
            return four
          })
          return Buffer.concat(bytes).toString('hex').toUpperCase()
        },
      }
    default:
      return text
  }
}

function trimmed(json: string): string {
  return json
}

function hex(text: string): string {
  return Buffer.from(text).toString('hex').toUpperCase()
}

function decimalText(json: string, scale: number): string {
  const bytes = Buffer.from(JSON.parse(json) as string, 'base64')
  const unscaled = BigInt.asIntN(bytes.length * 8, BigInt(`0x${bytes.toString('hex')}`))
  const digits = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(scale + 1, '0')
  const point = scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`
  return unscaled < 0n ? `-${point}` : point
}

function doubleText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value)
}

function bitsHex(json: string, length: number): string {
  if (length === 1) return json === 'true' ? '01' : '00'
  const bytes = Buffer.from(JSON.parse(json) as string, 'base64').reverse()
  return bytes.toString('hex').toUpperCase()
}

interface Read {
  readonly column: ColumnShape
  readonly values: readonly string[]
}

/** The JSON of `v` in each row of the table, as a snapshot gives it. */
async function snapshotValues(database: FreshDatabase, table: string): Promise<Read> {
  const connection = await openConnection(readerSettings(database.server), 'test')
  try {
    const shape = (await readTableShape(connection, {database: database.name, table}))!
    const encoder = compileRowEncoder({shape, messageKey: [0], rowKey: [0], options: {settings: ENCODER_SETTINGS}})
    const values: string[] = []
    await selectRows(
      connection,
      `SELECT ${encoder.selectList.join(', ')} FROM ${table} ORDER BY id`.replace(
        table,
        `\`${database.name}\`.${table}`,
      ),
      (packet, start, end) => {
        const out = new ByteWriter(64)
        encoder.encodeText(packet, start, end, out)
        const json = out.view().toString('utf8')
        values.push(json.slice(json.indexOf(',"v":') + ',"v":'.length, -1))
      },
    )
    return {column: shape.columns[1]!, values}
  } finally {
    await connection.end()
  }
}

test('every value means what the server says it is', async t => {
  const database = await freshDatabase(t, 'meaning')
  await fillValueTables(database.connection)
  const differences: string[] = []
  let compared = 0
  for (const [i, {column: definition, values}] of VALUE_CASES.entries()) {
    const read = await snapshotValues(database, `v${i}`)
    const meaning = meaningOf(read.column)
    const irregular = /^(date|datetime|timestamp)$/.test(read.column.type)
    const isRegular = irregular ? 'IF(MONTH(v) = 0 OR DAYOFMONTH(v) = 0, 0, 1)' : '1'
    // A prepared statement brings doubles as they are; as text the server shortens some of them.
    const [rows] = await database.connection.execute<RowDataPacket[]>(
      `SELECT ${meaning.sql} AS wanted, ${isRegular} AS regular FROM v${i} ORDER BY id`,
    )
    for (const [row, {wanted, regular}] of rows.entries()) {
      const json = read.values[row]!
      // What zero and partly zero dates become is Debezium's convention, not a meaning.
      if (Number(regular) === 0) continue
      const found = json === 'null' ? null : meaning.of(json)
      compared++
      const said = typeof wanted === 'number' ? doubleText(wanted) : wanted === null ? null : String(wanted)
      if (found !== said) {
        differences.push(
          `${definition} = ${values[row]}: ${String(found).slice(0, 200)}, the server says ${String(said).slice(0, 200)}`,
        )
      }
    }
  }
  assert.deepEqual(differences, [])
  assert.ok(compared >= 200, `${compared} values`)
})
