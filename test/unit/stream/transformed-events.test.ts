import assert from 'node:assert/strict'
import {test, type TestContext} from 'node:test'
import type {RowOperation} from '../../../src/binlog/binlog-events.ts'
import {EventOrigin} from '../../../src/encode/envelope.ts'
import {smallImage} from '../../support/binlog-bytes.ts'
import {loadKeys, type ConfigKeys} from '../../support/config-file.ts'
import {rowsView, streamTable, StreamParts, type StreamPartsOptions} from '../../support/stream-parts.ts'

const UNWRAP: ConfigKeys = {
  transforms: 'unwrap',
  'transforms.unwrap.type': 'io.debezium.transforms.ExtractNewRecordState',
}
const FILTER: ConfigKeys = {
  transforms: 'filter',
  'transforms.filter.type': 'io.debezium.transforms.Filter',
  'transforms.filter.language': 'jsr223.groovy',
}

interface Run {
  readonly parts: StreamParts
  write(operation: RowOperation, ...images: readonly Buffer[]): Promise<void>
  /** `key value`, as they were sent. */
  sent(): string[]
}

async function stream(t: TestContext, keys: ConfigKeys, options: StreamPartsOptions['settings'] = {}): Promise<Run> {
  const {settings} = await loadKeys(t, keys)
  const parts = await new StreamParts({settings: {...options, transforms: settings.events.transforms}}).open()
  const table = streamTable('t')
  const write = async (operation: RowOperation, ...images: readonly Buffer[]): Promise<void> => {
    const captured = (await parts.catalog.resolve(table))!
    const view = rowsView(operation, table, images)
    await parts.writer.openTopics(captured, view)
    parts.writer.write(captured, view, new EventOrigin(), {rows: 0, skip: 0, first: 0})
    parts.emitter.flush()
  }
  const sent = (): string[] => parts.sink.sent.map(({key, value}) => `${key} ${value}`)
  return {parts, write, sent}
}

async function writeEach({write}: Run): Promise<void> {
  await write('c', smallImage(1, 'a'))
  await write('u', smallImage(1, 'a'), smallImage(1, 'b'))
  await write('d', smallImage(1, 'b'))
}

const ROWS = ['{"id":1} {"id":1,"v":"a"}', '{"id":1} {"id":1,"v":"b"}']
const REWRITTEN = [
  '{"id":1} {"id":1,"v":"a","__deleted":"false"}',
  '{"id":1} {"id":1,"v":"b","__deleted":"false"}',
  '{"id":1} {"id":1,"v":"b","__deleted":"true"}',
]
const TOMBSTONE = '{"id":1} null'
const mode = (value: string): ConfigKeys => ({'transforms.unwrap.delete.tombstone.handling.mode': value})

for (const [name, keys, wanted] of [
  ['tombstone', mode('tombstone'), [...ROWS, TOMBSTONE]],
  ['delete-to-tombstone', mode('delete-to-tombstone'), [...ROWS, TOMBSTONE]],
  ['drop', mode('drop'), ROWS],
  ['rewrite', mode('rewrite'), REWRITTEN],
  ['rewrite-with-tombstone', mode('Rewrite-With-Tombstone'), [...REWRITTEN, TOMBSTONE]],
  ['delete.handling.mode=none', {'transforms.unwrap.delete.handling.mode': 'none'}, [...ROWS, TOMBSTONE]],
  ['drop.tombstones=false', {'transforms.unwrap.drop.tombstones': false}, [...ROWS, TOMBSTONE]],
] as const) {
  test(`unwrap, ${name}: rows alone, and this for a delete`, async t => {
    const run = await stream(t, {...UNWRAP, ...keys})
    await writeEach(run)
    assert.deepEqual(run.sent(), wanted)
  })
}

test('the null of the mode tombstone has the schema of the row, in the frame too', async t => {
  const framed = {valueSchemasEnabled: true}
  const valueOf = async (keys: ConfigKeys): Promise<string | null> => {
    const run = await stream(t, {...UNWRAP, ...keys}, framed)
    await run.write('d', smallImage(1, 'a'))
    return run.parts.sink.sent.at(-1)!.value
  }
  assert.match(
    (await valueOf({}))!,
    /^\{"schema":\{"type":"struct",.*"optional":true,"name":"p\.d\.t\.Value"\},"payload":null\}$/,
  )
  assert.equal(await valueOf(mode('delete-to-tombstone')), null)
})

test('added fields stand behind the row, in their order and with their own names, and so do their schemas', async t => {
  const added = {
    'transforms.unwrap.add.fields': 'op,source.table,db:schema,transaction.id,source.row',
    'transforms.unwrap.add.fields.prefix': '_',
  }
  const run = await stream(t, {...UNWRAP, ...added}, {valueSchemasEnabled: true})
  await run.write('c', smallImage(1, 'a'), smallImage(2, 'b'))
  const [, second] = run.parts.sink.sent.map(
    ({value}) => JSON.parse(value!) as {schema: {fields: unknown[]}; payload: object},
  )
  assert.equal(
    JSON.stringify(second!.payload),
    '{"id":2,"v":"b","_op":"c","_source_table":"t","_schema":"d","_transaction_id":null,"_source_row":1}',
  )
  const field = (name: string, type: string) => ({type, optional: true, field: name})
  assert.deepEqual(second!.schema.fields.slice(2), [
    field('_op', 'string'),
    field('_source_table', 'string'),
    field('_schema', 'string'),
    field('_transaction_id', 'string'),
    field('_source_row', 'int32'),
  ])
})

test('added headers are texts, and a tombstone has those of its delete', async t => {
  const keys = {
    ...UNWRAP,
    ...mode('rewrite-with-tombstone'),
    'transforms.unwrap.add.headers': 'op,source.table,source.pos',
  }
  const run = await stream(t, keys)
  await run.write('d', smallImage(1, 'a'))
  assert.deepEqual(
    run.parts.sink.sent.map(({headers}) => headers),
    [
      {__op: 'd', __source_table: 't', __source_pos: '0'},
      {__op: 'd', __source_table: 't', __source_pos: '0'},
    ],
  )
})

test('an added field of a column’s name is refused before there is a row', async t => {
  const keys = {...UNWRAP, 'transforms.unwrap.add.fields': 'op:v', 'transforms.unwrap.add.fields.prefix': ''}
  const run = await stream(t, {...keys, 'transforms.unwrap.add.fields': 'op:v'})
  await assert.doesNotReject(run.write('c', smallImage(1, 'a')))
  const clash = await stream(t, {...UNWRAP, 'transforms.unwrap.add.fields': 'op:x,db:x'})
  await assert.rejects(clash.write('c', smallImage(1, 'a')), {
    code: 'TIDEMARK_TRANSFORM_FIELD',
    message: /two fields __x/,
  })
})

test('route.by.field sends a row to the topic that its column names, and a NULL nowhere else', async t => {
  const run = await stream(t, {...UNWRAP, 'transforms.unwrap.route.by.field': 'v'})
  await run.write('c', smallImage(1, 'there'), smallImage(2, ' '))
  assert.deepEqual(
    run.parts.sink.sent.map(({topic}) => topic),
    ['there', 'p.d.t'],
  )
})

for (const [condition, wanted] of [
  ["value.op != 'd'", 'c u tombstone'],
  ["value.op == 'd' || value.after.v == 'b'", 'u d tombstone'],
  ["value.source.table == 'other'", 'tombstone'],
  ["!(value.op in ['c', 'u']) && topic == 'p.d.t'", 'd tombstone'],
  ['value.before == null', 'c tombstone'],
  ['value.after.id >= 1', 'c u tombstone'],
] as const) {
  test(`filtered by ${condition}: ${wanted}`, async t => {
    const run = await stream(t, {...FILTER, 'transforms.filter.condition': condition})
    await writeEach(run)
    const ops = run.parts.sink.sent.map(({value}) =>
      value === null ? 'tombstone' : (JSON.parse(value) as {op: string}).op,
    )
    assert.equal(ops.join(' '), wanted)
  })
}

test('tombstones go with null.handling.mode=drop', async t => {
  const keys = {'transforms.filter.condition': "value.op == 'c'", 'transforms.filter.null.handling.mode': 'drop'}
  const run = await stream(t, {...FILTER, ...keys})
  await writeEach(run)
  assert.equal(run.parts.sink.sent.length, 1)
})

test('what a filter drops is noted: a delete removes its row, an update leaves it as it is now', async t => {
  const run = await stream(t, {...FILTER, 'transforms.filter.condition': "value.op == 'r'"})
  const notes = run.parts.notes.begin('d.t')
  await run.write('u', smallImage(1, 'a'), smallImage(1, 'b'))
  await run.write('d', smallImage(2, 'a'))
  assert.deepEqual([notes.size, run.parts.sink.sent.length], [2, 1])
  const image = notes.imageOf('1')
  assert.equal(image?.bytes.toString('utf8', 0, image.rowEnd), '{"id":1,"v":"b"}')
  assert.equal(notes.imageOf('2'), null)
  assert.equal(notes.supersedes('2', 0), true)
})

test('a column that the table does not have is named when its definition comes', async t => {
  const run = await stream(t, {...FILTER, 'transforms.filter.condition': "value.after.status == 'x'"})
  await assert.rejects(run.write('c', smallImage(1, 'a')), {
    code: 'TIDEMARK_TRANSFORM_FIELD',
    message: /^d\.t: transforms\.filter: the events have no column status;/,
  })
})

test('a transform takes only the records that its predicate chooses, or the others', async t => {
  const predicate = {
    predicates: 'isT',
    'predicates.isT.type': 'org.apache.kafka.connect.transforms.predicates.TopicNameMatches',
    'predicates.isT.pattern': 'p\\.d\\.t',
    'transforms.unwrap.predicate': 'isT',
  }
  const opOf = async (keys: ConfigKeys): Promise<boolean> => {
    const run = await stream(t, {...UNWRAP, ...predicate, ...keys})
    await run.write('c', smallImage(1, 'a'))
    return run.parts.sink.sent[0]!.value!.includes('"source"')
  }
  assert.equal(await opOf({}), false)
  assert.equal(await opOf({'transforms.unwrap.negate': true}), true)
  assert.equal(await opOf({'predicates.isT.pattern': 'p\\.d'}), true)
})
