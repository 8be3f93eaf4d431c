// Frames of a running task: every record's schema and payload judged, copied and streamed; what definitions say of
// columns, also after they change; and names of every kind.

import assert from 'node:assert/strict'
import {test, type TestContext} from 'node:test'
import {caughtUp, prepareCapture, type Capture} from '../support/capture.ts'
import {frameProblems} from '../support/connect-json.ts'
import {jsonMembers} from '../support/json-members.ts'
import {changeOf, type ObservedEvent} from '../support/observed-events.ts'
import {fillSchemaTables, SCHEMA_CASES} from '../support/schema-cases.ts'
import type {Config} from '../support/tidemark-config.ts'

const FRAMES = {'key.converter.schemas.enable': 'true', 'value.converter.schemas.enable': 'true'} as const
const BOOLEAN = 'io.debezium.connector.binlog.converters.TinyIntOneToBooleanConverter'

async function prepare(t: TestContext, config: Config): Promise<Capture> {
  return await prepareCapture(t, {prefix: 'frames', config: {'snapshot.mode': 'initial', ...FRAMES, ...config}})
}

function problemsOf(events: readonly ObservedEvent[]): string[] {
  return events.flatMap(({topic, keyText, valueText}) =>
    [keyText, valueText].flatMap(text => (text === null ? [] : frameProblems(text))).map(what => `${topic}: ${what}`),
  )
}

function schemaOf(event: ObservedEvent | undefined): string {
  return jsonMembers(event?.valueText ?? '{}').get('schema') ?? ''
}

/** The field of the row's second column, and that column's value in `after`. */
function second(event: ObservedEvent | undefined): [schema: unknown, value: unknown] {
  const {fields} = JSON.parse(schemaOf(event)) as {fields: {field: string; fields: unknown[]}[]}
  const after = JSON.parse(changeOf(event!)?.after ?? '{}') as object
  return [fields.find(({field}) => field === 'after')?.fields[1], Object.values(after)[1]]
}

const EVERYTHING: readonly Config[] = [
  {'column.propagate.source.type': '.*', 'include.schema.comments': 'true', 'provide.transaction.metadata': 'true'},
  {
    ...{'field.name.adjustment.mode': 'avro_unicode', 'schema.name.adjustment.mode': 'avro_unicode'},
    ...{'decimal.handling.mode': 'string', 'binary.handling.mode': 'hex', 'time.precision.mode': 'nanoseconds'},
  },
  {
    ...{'bigint.unsigned.handling.mode': 'precise', 'value.converter.decimal.format': 'NUMERIC'},
    ...{
      'key.converter.decimal.format': 'NUMERIC',
      'field.name.adjustment.mode': 'avro',
      converters: 'b',
      'b.type': BOOLEAN,
    },
  },
]

for (const config of EVERYTHING) {
  test(`every frame is right, and the same copied and streamed: ${Object.keys(config).join(', ')}`, async t => {
    const capture = await prepare(t, {
      ...config,
      ...{'heartbeat.interval.ms': '200', 'notification.enabled.channels': 'sink'},
      'notification.sink.topic.name': 'told',
    })
    await fillSchemaTables(capture.connection)
    const tidemark = await capture.run(t)
    await tidemark.waitForLog('snapshot done', 120_000)
    for (const i of SCHEMA_CASES.keys()) {
      await capture.connection.query(`UPDATE s${i} SET id = id + 10 ORDER BY id`)
    }
    await caughtUp(tidemark, capture.connection)
    await tidemark.stop()
    const events = await capture.events()
    assert.deepEqual(problemsOf(events), [])
    const topics = new Set(events.map(({topic}) => topic))
    assert.ok(topics.has('told') && [...topics].some(topic => topic.startsWith('__debezium-heartbeat')))
    const different = SCHEMA_CASES.flatMap(({column, name}, i) => {
      const own = events.filter(({topic, valueText}) => topic === capture.topic(`s${i}`) && valueText !== null)
      const read = own.find(event => changeOf(event)?.op === 'r')
      const streamed = own.find(event => changeOf(event)?.op === 'c')
      const isSame = schemaOf(read) === schemaOf(streamed) && schemaOf(read) !== ''
      // The update itself changes these.
      const isChanged = /ON UPDATE|GENERATED/.test(column)
      const isEqual = isChanged || JSON.stringify(second(read)) === JSON.stringify(second(streamed))
      return isSame && isEqual ? [] : [`${name ?? ''} ${column}`]
    })
    assert.deepEqual(different, [])
  })
}

test('a default that is changed is the one of the events behind it', async t => {
  const capture = await prepare(t, {'snapshot.mode': 'no_data'})
  const {connection} = capture
  await connection.query('CREATE TABLE d (id INT PRIMARY KEY, v INT DEFAULT 1)')
  const tidemark = await capture.run(t)
  await tidemark.waitForStreaming()
  await connection.query('INSERT INTO d (id) VALUES (1)')
  await caughtUp(tidemark, connection)
  await connection.query('ALTER TABLE d ALTER COLUMN v SET DEFAULT 2')
  await connection.query('INSERT INTO d VALUES (2, NULL)')
  await caughtUp(tidemark, connection)
  await tidemark.stop()
  const found = (await capture.tableEvents('d')).map(second)
  assert.deepEqual(found, [
    [{type: 'int32', optional: true, default: 1, field: 'v'}, 1],
    [{type: 'int32', optional: true, default: 2, field: 'v'}, null],
  ])
})

test('TINYINT(1) is a boolean, copied and streamed, also where the column is gone when its events are read', async t => {
  const capture = await prepare(t, {converters: 'b', 'b.type': BOOLEAN})
  const {connection} = capture
  await connection.query('CREATE TABLE b (id INT PRIMARY KEY, v TINYINT(1), w TINYINT); INSERT INTO b VALUES (1, 1, 1)')
  const tidemark = await capture.run(t)
  await tidemark.waitForLog('snapshot done')
  await connection.query('INSERT INTO b VALUES (2, 5, 5), (3, 0, 0), (4, NULL, NULL)')
  await connection.query('ALTER TABLE b DROP COLUMN v')
  await caughtUp(tidemark, connection)
  await tidemark.stop()
  const rows = (await capture.tableEvents('b')).map(event => JSON.parse(changeOf(event)?.after ?? 'null') as unknown)
  assert.deepEqual(rows, [
    {id: 1, v: true, w: 1},
    {id: 2, v: true, w: 5},
    {id: 3, v: false, w: 0},
    {id: 4, v: null, w: null},
  ])
})

const TABLES = ['a.b', 'select', `it's "q"`, 'Größe', 'x`y', 'back\\slash', '1', 'a b', '漢字', '$']

test('tables and columns of any name are copied and streamed alike', async t => {
  const capture = await prepare(t, {})
  const quoted = (name: string): string => `\`${name.replaceAll('`', '``')}\``
  for (const name of TABLES) {
    await capture.connection.query(`CREATE TABLE ${quoted(name)} (${quoted(name)} INT PRIMARY KEY, v INT)`)
    await capture.connection.query(`INSERT INTO ${quoted(name)} VALUES (1, 1)`)
  }
  const tidemark = await capture.run(t)
  await tidemark.waitForLog('snapshot done')
  for (const name of TABLES) await capture.connection.query(`INSERT INTO ${quoted(name)} VALUES (2, 1)`)
  await caughtUp(tidemark, capture.connection)
  await tidemark.stop()
  const events = (await capture.events()).filter(event => event.topic !== capture.topic('debezium_signal'))
  assert.deepEqual(problemsOf(events), [])
  const rows = events.map(event => {
    const change = changeOf(event)
    return [String(change?.source['table']), change?.after]
  })
  for (const name of TABLES) {
    const own = rows.flatMap(([table, after]) => (table === name ? [JSON.parse(after!) as unknown] : []))
    assert.deepEqual(own, [
      {[name]: 1, v: 1},
      {[name]: 2, v: 1},
    ])
    const [event] = events.filter(each => each.valueText?.includes(`"table":${JSON.stringify(name)},`) === true)
    const key = jsonMembers(event?.keyText ?? '{}').get('payload')
    assert.deepEqual(JSON.parse(key ?? 'null'), {[name]: 1})
  }
})

const REFUSED: readonly (readonly [what: string, sql: string, config: Config, wanted: RegExp])[] = [
  [
    'fields that would have one name',
    'CREATE TABLE f (id INT PRIMARY KEY, `a.b` INT, a_b INT)',
    {'field.name.adjustment.mode': 'avro'},
    /"a\.b" and "a_b" of \w+\.f would both be the field a_b/,
  ],
  [
    'tables that would share a topic',
    'CREATE TABLE `a b` (id INT PRIMARY KEY); CREATE TABLE a_b (id INT PRIMARY KEY)',
    {},
    /a_b for \w+\.a b and \w+\.a_b/,
  ],
  [
    'a column that its converter cannot convert',
    'CREATE TABLE f (id INT PRIMARY KEY, v VARCHAR(9))',
    {
      ...{converters: 'j', 'j.type': 'io.debezium.connector.binlog.converters.JdbcSinkDataTypesConverter'},
      'j.selector.real': '.*\\.v',
    },
    /the converter j cannot convert \w+\.f\.v: it is of type varchar, wanted float, double/,
  ],
]

for (const [what, sql, config, wanted] of REFUSED) {
  test(`refused at the start: ${what}`, async t => {
    const capture = await prepare(t, {'snapshot.mode': 'no_data', ...config})
    await capture.connection.query(sql)
    const tidemark = await capture.run(t)
    assert.deepEqual(await tidemark.ended, {code: 3, signal: null})
    assert.match(tidemark.stderr, wanted)
  })
}

test('two tables that share a topic are found in the stream, too', async t => {
  const capture = await prepare(t, {'snapshot.mode': 'no_data'})
  const {connection} = capture
  await connection.query('CREATE TABLE a_b (id INT PRIMARY KEY)')
  const tidemark = await capture.run(t)
  await tidemark.waitForStreaming()
  await connection.query('CREATE TABLE `a b` (id INT PRIMARY KEY)')
  await connection.query('INSERT INTO a_b VALUES (1)')
  await connection.query('INSERT INTO `a b` VALUES (1)')
  assert.equal((await tidemark.ended).code, 2)
  assert.match(tidemark.stderr, /the tables \w+\.a_b and \w+\.a b would share the topic/)
})
