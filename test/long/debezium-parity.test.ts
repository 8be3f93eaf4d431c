// The peer itself as the judge: Debezium's connector streams the same rows in the same modes, and every value and every
// field's schema must be what Tidemark writes, but for what is listed here with its reason.

import assert from 'node:assert/strict'
import {after, before, test} from 'node:test'
import {startKafka, type KafkaServer} from '../../tools/servers/kafka-server.ts'
import {streamBoth, type SideBySide} from '../support/beside-debezium.ts'
import type {Config} from '../support/tidemark-config.ts'
import {fillValueTables, VALUE_CASES} from '../support/value-cases.ts'

let kafka: KafkaServer
before(async () => {
  kafka = await startKafka()
})
after(async () => {
  await kafka.stop()
})

const MODES: Readonly<Record<string, Config>> = {
  default: {},
  connect: {
    ...{'decimal.handling.mode': 'string', 'bigint.unsigned.handling.mode': 'precise'},
    ...{'binary.handling.mode': 'hex', 'time.precision.mode': 'connect'},
  },
  isostring: {
    ...{'decimal.handling.mode': 'double', 'binary.handling.mode': 'base64-url-safe'},
    'time.precision.mode': 'isostring',
  },
  microseconds: {'binary.handling.mode': 'base64', 'time.precision.mode': 'microseconds'},
  nanoseconds: {'time.precision.mode': 'nanoseconds'},
}

/** What a mode cannot express: Tidemark stops at it, the peer writes null or something else. */
function isBeyond(modes: Config, column: string, value: string): boolean {
  const mode = modes['time.precision.mode'] ?? ''
  if (mode === 'nanoseconds') return /^DATETIME/.test(column) && /^'(0001|9999)/.test(value)
  return ['connect', 'isostring'].includes(mode) && /^TIME\(/.test(column) && /^'(-|838|99:|100:)/.test(value)
}

/** Of one row: the JSON text of `v`, and the schema of its field. */
interface Shown {
  readonly text: string
  readonly schema: unknown
}

/** By `table id`. */
type Rows = ReadonlyMap<string, Shown>

for (const [name, modes] of Object.entries(MODES)) {
  test(`${name}: every value and its schema is the peer's`, async t => {
    const fill: SideBySide['fill'] = connection =>
      fillValueTables(connection, (column, value) => !isBeyond(modes, column, value))
    const {peer, own} = await streamBoth(t, {name, kafka, config: modes, fill})
    const [theirs, ours] = [peer, own].map(events => rowsOf(events.map(event => event.valueText)))
    assert.deepEqual(differences(theirs!, ours!), [])
  })
}

interface Framed {
  readonly schema: {
    readonly fields: readonly {readonly field: string; readonly fields: readonly {readonly field: string}[]}[]
  }
  readonly payload: {readonly after: {readonly id: number} | null; readonly source: {readonly table: string}}
}

function rowsOf(values: readonly (string | null)[]): Rows {
  const rows = new Map<string, Shown>()
  for (const value of values) {
    if (value === null || !value.includes('"payload"')) continue
    const {schema, payload} = JSON.parse(value) as Framed
    if (payload.after === null || payload.source.table === 'numbers') continue
    const row = value.slice(value.lastIndexOf('"after":{"id":'), value.lastIndexOf('},"source":{"version":'))
    const {v: field} = Object.fromEntries(
      schema.fields.find(each => each.field === 'after')!.fields.map(each => [each.field, each]),
    )
    rows.set(`${payload.source.table} ${payload.after.id}`, {text: row.slice(row.indexOf(',"v":') + 5), schema: field})
  }
  return rows
}

/** Where Tidemark gives another answer on purpose; docs/from-debezium.md says so. Nothing else may differ. */
const ON_PURPOSE: readonly {
  readonly column: RegExp
  readonly value?: RegExp
  readonly schema?: true
  readonly why: string
}[] = [
  {column: /^TINYINT$/, schema: true, why: 'int8 since Debezium 3.7, int16 in 3.6'},
  {column: /^FLOAT\(/, schema: true, why: 'the binlog does not tell FLOAT(M,D) from FLOAT'},
  {column: /^FLOAT\(/, why: 'a float widened to a double has digits that were never there'},
  {column: /^FLOAT$/, value: /^1e-45$|^1.17549435e-38$/, why: 'the shortest text that reads back the same'},
  {column: /^DATE/, value: /'0001-01-01/, why: 'the year 1 is no year of two digits'},
  {column: /^YEAR$/, value: /^0$/, why: 'the year 0000 is not 1900'},
  {column: /^JSON$/, why: 'the text of the server, as in a snapshot'},
]

/** Java 17 writes some doubles with more digits than they need. */
function isSame(theirs: string, ours: string): boolean {
  return theirs === ours || (/^-?\d[\d.E-]*$/.test(theirs) && Number(theirs) === Number(ours))
}

function isOnPurpose(column: string, value: string | null): boolean {
  return ON_PURPOSE.some(
    rule =>
      rule.column.test(column) &&
      (value === null ? rule.schema === true : rule.schema !== true && (rule.value?.test(value) ?? true)),
  )
}

function differences(peer: Rows, own: Rows): string[] {
  const found: string[] = []
  for (const [i, {column, values}] of VALUE_CASES.entries()) {
    for (const [row, value] of values.entries()) {
      const [theirs, ours] = [peer, own].map(rows => rows.get(`v${i} ${row}`))
      const about = `${column} = ${value.slice(0, 80)}`
      if (theirs !== undefined && !isSame(theirs.text, ours?.text ?? '') && !isOnPurpose(column, value)) {
        found.push(`${about}: peer ${theirs.text.slice(0, 120)}, own ${ours?.text.slice(0, 120)}`)
      }
      if (row > 0 || theirs === undefined) continue
      const [a, b] = [theirs, ours].map(shown => JSON.stringify(shown?.schema))
      if (a !== b && !isOnPurpose(column, null)) found.push(`${column}: schema: peer ${a}, own ${b}`)
    }
  }
  return found
}
