// The peer as the judge of what schemas say beside types: defaults, source types, comments, adjusted names, and what
// converters and formats make of values. Whole frames are compared, of keys and of values.

import assert from 'node:assert/strict'
import {after, before, test} from 'node:test'
import {startKafka, type KafkaServer} from '../../tools/servers/kafka-server.ts'
import {streamBoth} from '../support/beside-debezium.ts'
import type {ObservedEvent} from '../support/observed-events.ts'
import {fillSchemaTables, SCHEMA_CASES} from '../support/schema-cases.ts'
import type {Config} from '../support/tidemark-config.ts'

let kafka: KafkaServer
before(async () => {
  kafka = await startKafka()
})
after(async () => {
  await kafka.stop()
})

const KEEPS_NULL = {
  'key.converter.replace.null.with.default': 'false',
  'value.converter.replace.null.with.default': 'false',
} as const

const MODES: Readonly<Record<string, Config>> = {
  'source types': {'column.propagate.source.type': '.*', 'include.schema.comments': 'true'},
  avro: {
    ...{'decimal.handling.mode': 'string', 'bigint.unsigned.handling.mode': 'precise'},
    ...{'binary.handling.mode': 'hex', 'time.precision.mode': 'connect', 'value.converter.decimal.format': 'NUMERIC'},
    ...{'field.name.adjustment.mode': 'avro', 'schema.name.adjustment.mode': 'avro'},
  },
  unicode: {
    ...{'decimal.handling.mode': 'double', 'binary.handling.mode': 'base64', 'time.precision.mode': 'isostring'},
    ...{'field.name.adjustment.mode': 'avro_unicode', 'schema.name.adjustment.mode': 'avro_unicode'},
    'datatype.propagate.source.type': '.+\\.VARCHAR,.+\\.INT,.+\\.DECIMAL UNSIGNED',
  },
  numeric: {
    ...{'time.precision.mode': 'nanoseconds', 'bigint.unsigned.handling.mode': 'precise'},
    ...{'value.converter.decimal.format': 'NUMERIC', 'key.converter.decimal.format': 'NUMERIC'},
  },
  converters: {
    ...{'time.precision.mode': 'microseconds', converters: 'one,jdbc'},
    // Debezium cuts whatever comes out as text, also a timestamp; here only columns of text are cut.
    'column.truncate.to.3.chars': `.*\\.(${tablesOf(/^(VARCHAR|CHAR|TEXT|ENUM|SET|INT|TIME\()/)})\\.v`,
    'one.type': 'io.debezium.connector.binlog.converters.TinyIntOneToBooleanConverter',
    'jdbc.type': 'io.debezium.connector.binlog.converters.JdbcSinkDataTypesConverter',
    'jdbc.selector.boolean': `.*\\.(${tablesOf(/^(TINYINT|SMALLINT) DEFAULT/)})\\.v`,
    'jdbc.selector.real': `.*\\.(${tablesOf(/^(FLOAT|DOUBLE)/)})\\.v`,
    'jdbc.selector.string': `.*\\.(${tablesOf(/^(VARCHAR|TEXT)/)})\\.v`,
  },
}

/** Where Tidemark gives another answer on purpose; docs/from-debezium.md says so. `schema` and `value` say in which of the two. */
const ON_PURPOSE: readonly {readonly column: RegExp; readonly mode?: string; readonly why: string}[] = [
  {column: /^TINYINT(\(1\))? DEFAULT/, why: 'int8 since Debezium 3.7, int16 in 3.6'},
  {column: /^BOOL /, why: 'a definition that was read says TINYINT(1), also in Debezium'},
  {column: /^NUMERIC|^NCHAR/, why: 'the server calls them DECIMAL and CHAR, also where Debezium reads the definition'},
  {column: /''/, why: 'the default is what a row has, without the escapes of its literal'},
  {column: /^BINARY\(5\) DEFAULT|^VARBINARY\(5\) DEFAULT 0x/, why: 'the default is what a row has'},
  {column: /COMMENT 'a "/, why: 'a comment may hold quotes'},
  {column: /😀/, why: 'the server shows defaults without what its utf8mb3 lacks: then there is none'},
  {column: /^YEAR DEFAULT 0/, why: 'the year 0000 is not 1900 or 2000'},
  {column: /^BIGINT UNSIGNED DEFAULT 1844/, why: 'the default is what a row has: wrapped'},
  {column: /latin1/, mode: 'converters', why: 'text in its own character set'},
  {column: /^FLOAT DEFAULT 1.1/, mode: 'converters', why: 'the digits of the column'},
]

for (const [name, config] of Object.entries(MODES)) {
  test(`${name}: keys, values and their schemas are the peer's`, async t => {
    const {peer, own} = await streamBoth(t, {
      ...{name: name.replaceAll(' ', '-'), kafka},
      fill: connection => fillSchemaTables(connection, column => !isBeyond(config, column)),
      config: {...KEEPS_NULL, ...config},
    })
    assert.deepEqual(differences(name, rowsOf(peer), rowsOf(own)), [])
  })
}

/** What a mode cannot express: Tidemark stops at it. */
function isBeyond(config: Config, column: string): boolean {
  return ['connect', 'isostring'].includes(config['time.precision.mode'] ?? '') && /^TIME DEFAULT '(-|838)/.test(column)
}

function tablesOf(column: RegExp): string {
  return SCHEMA_CASES.flatMap((each, i) => (column.test(each.column) ? [`s${i}`] : [])).join('|')
}

interface FramedValue {
  readonly schema: object
  readonly payload: {readonly after: object; readonly source: {readonly table: string}}
}

/** By table, its first row and its second: what may be compared, as text with all its digits. */
function rowsOf(events: readonly ObservedEvent[]): ReadonlyMap<string, readonly string[]> {
  const rows = new Map<string, string[]>()
  for (const {keyText, valueText} of events) {
    if (valueText === null || keyText === null || !valueText.includes('"payload"')) continue
    const {payload} = JSON.parse(valueText) as FramedValue
    const {table} = payload.source
    const split = valueText.lastIndexOf(',"payload":')
    const schema = valueText.slice('{"schema":'.length, split)
    const row = valueText.slice(valueText.indexOf('"after":', split), valueText.lastIndexOf(',"source":{"version":'))
    rows.set(table, [...(rows.get(table) ?? []), keyText, schema, row])
  }
  return rows
}

function differences(
  mode: string,
  peer: ReadonlyMap<string, readonly string[]>,
  own: ReadonlyMap<string, readonly string[]>,
): string[] {
  const found: string[] = []
  for (const [i, {column, name}] of SCHEMA_CASES.entries()) {
    const [theirs = [], ours = []] = [peer, own].map(rows => rows.get(`s${i}`))
    // No identifier of MySQL's has it: the server calls the column `?`, and Debezium as the statement does.
    if (name === '😀') continue
    if (ON_PURPOSE.some(rule => rule.column.test(column) && (rule.mode ?? mode) === mode)) continue
    // What depends on the moment: the two rows were written once, but a default of now or a random one is in both.
    for (const [place, text] of theirs.entries()) {
      if (!isSame(text, ours[place] ?? '')) {
        const from = firstDifference(text, ours[place] ?? '')
        found.push(
          `${name ?? ''} ${column}: peer …${text.slice(from, from + 200)}, own …${ours[place]?.slice(from, from + 200)}`,
        )
        break
      }
    }
    if (theirs.length !== ours.length) found.push(`${column}: ${theirs.length / 3} rows, own ${ours.length / 3}`)
  }
  return found
}

function firstDifference(a: string, b: string): number {
  let at = 0
  while (at < a.length && a[at] === b[at]) at++
  return Math.max(0, at - 40)
}

/** Decimals as numbers may have an exponent there and none here. */
function isSame(theirs: string, ours: string): boolean {
  const plain = (text: string): string =>
    text.replace(/:-?\d[\d.]*E-?\d+(?=[,}])/g, number => `:${Number(number.slice(1))}`)
  return theirs === ours || plain(theirs) === plain(ours)
}
