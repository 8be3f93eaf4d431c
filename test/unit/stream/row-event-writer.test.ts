import assert from 'node:assert/strict'
import {test} from 'node:test'
import type {RowOperation, StreamTable} from '../../../src/binlog/binlog-events.ts'
import {EventOrigin} from '../../../src/encode/envelope.ts'
import {partitionFor} from '../../../src/encode/partitioner.ts'
import {smallImage} from '../../support/binlog-bytes.ts'
import {MemorySink} from '../../support/memory-sink.ts'
import {rowsView, signalTable, streamTable, StreamParts, textImage} from '../../support/stream-parts.ts'
import type {StreamPartsOptions} from '../../support/stream-parts.ts'

const T = streamTable('t')

/** Writes the images of one event and has them sent. */
async function written(
  options: StreamPartsOptions,
  event: {table?: StreamTable; operation: RowOperation; images: readonly Buffer[]; skip?: number},
): Promise<StreamParts> {
  const parts = await new StreamParts(options).open()
  await write(parts, event)
  return parts
}

async function write(
  parts: StreamParts,
  event: {table?: StreamTable; operation: RowOperation; images: readonly Buffer[]; skip?: number},
): Promise<void> {
  const table = event.table ?? T
  const captured = await parts.catalog.resolve(table)
  const count = {rows: 0, skip: event.skip ?? 0, first: 0}
  parts.writer.write(captured!, rowsView(event.operation, table, event.images), new EventOrigin(), count)
  assert.equal(count.rows, event.operation === 'u' ? event.images.length / 2 : event.images.length)
  parts.emitter.flush()
}

interface Value {
  readonly before: unknown
  readonly after: unknown
  readonly op: string
  readonly source: {readonly row: number; readonly table: string}
}

function values(parts: StreamParts): (Value | null)[] {
  return parts.sink.sent.map(event => (event.value === null ? null : (JSON.parse(event.value) as Value)))
}

test('an insert becomes c with the row after, its key, and its number within the event', async () => {
  const parts = await written({}, {operation: 'c', images: [smallImage(1, 'a'), smallImage(2, 'b')]})
  const [first, second] = values(parts)
  assert.deepEqual([first!.op, first!.before, first!.after, first!.source.row], ['c', null, {id: 1, v: 'a'}, 0])
  assert.deepEqual([second!.after, second!.source.row], [{id: 2, v: 'b'}, 1])
  assert.deepEqual(
    parts.sink.sent.map(event => event.key),
    ['{"id":1}', '{"id":2}'],
  )
  assert.equal(parts.sink.sent[0]!.topic, 'p.d.t')
})

test('an update becomes u with both rows', async () => {
  const parts = await written({}, {operation: 'u', images: [smallImage(1, 'a'), smallImage(1, 'b')]})
  assert.equal(parts.sink.sent.length, 1)
  const [value] = values(parts)
  assert.deepEqual([value!.op, value!.before, value!.after], ['u', {id: 1, v: 'a'}, {id: 1, v: 'b'}])
  assert.equal(parts.sink.sent[0]!.key, '{"id":1}')
})

test('a delete becomes d with the row before, then a tombstone of the same key', async () => {
  const parts = await written({}, {operation: 'd', images: [smallImage(1, 'a')]})
  const [value, tombstone] = values(parts)
  assert.deepEqual([value!.op, value!.before, value!.after], ['d', {id: 1, v: 'a'}, null])
  assert.equal(tombstone, null)
  assert.deepEqual(
    parts.sink.sent.map(event => event.key),
    ['{"id":1}', '{"id":1}'],
  )
})

test('an update of the key becomes d, tombstone and c that name each other in headers', async () => {
  const parts = await written({}, {operation: 'u', images: [smallImage(1, 'a'), smallImage(2, 'b')]})
  assert.deepEqual(parts.sentOps(), ['d 1', '- 1', 'c 2'])
  const [deleted, , created] = values(parts)
  assert.deepEqual(deleted!.before, {id: 1, v: 'a'})
  assert.deepEqual(created!.after, {id: 2, v: 'b'})
  assert.equal(created!.before, null)
  assert.deepEqual(
    parts.sink.sent.map(event => event.headers),
    [{'__debezium.newkey': '{"id":2}'}, {'__debezium.newkey': '{"id":2}'}, {'__debezium.oldkey': '{"id":1}'}],
  )
})

test('with tombstones off neither a delete nor an update of the key has one', async () => {
  const off: StreamPartsOptions = {settings: {tombstonesOnDelete: false}}
  const changed = await written(off, {operation: 'u', images: [smallImage(1, 'a'), smallImage(2, 'b')]})
  assert.deepEqual(changed.sentOps(), ['d 1', 'c 2'])
  const deleted = await written(off, {operation: 'd', images: [smallImage(1, 'a')]})
  assert.deepEqual(deleted.sentOps(), ['d 1'])
})

test('a table without any key has null keys, no tombstones, and updates stay u', async () => {
  const table = streamTable('t', {primaryKey: []})
  const deleted = await written({}, {table, operation: 'd', images: [smallImage(1, 'a')]})
  assert.deepEqual(deleted.sentOps(), ['d null'])
  const updated = await written({}, {table, operation: 'u', images: [smallImage(1, 'a'), smallImage(2, 'b')]})
  assert.deepEqual(updated.sentOps(), ['u null'])
})

for (const [operation, images, rowKeys] of [
  ['c', [smallImage(1, 'a')], ['1']],
  ['u', [smallImage(1, 'a'), smallImage(1, 'b')], ['1']],
  ['u', [smallImage(1, 'a'), smallImage(2, 'b')], ['1', '2']],
  ['d', [smallImage(1, 'a')], ['1']],
] as const) {
  test(`a ${operation} that is skipped by configuration still notes ${rowKeys.join(' and ')}`, async () => {
    const parts = new StreamParts({settings: {skippedOperations: new Set(['c', 'u', 'd'])}})
    await parts.open()
    const notes = parts.notes.begin('d.t')
    parts.notes.place = 4
    await write(parts, {operation, images})
    assert.equal(notes.size, rowKeys.length)
    for (const key of rowKeys) assert.equal(notes.supersedes(key, 4), true, key)
    const isKeyChange = rowKeys.length === 2
    assert.equal(parts.sink.sent.length, isKeyChange ? 3 : 0)
  })
}

test('what a skipped insert or update leaves behind stands in its note, what a delete leaves is nothing', async () => {
  const parts = new StreamParts({settings: {skippedOperations: new Set(['c', 'u', 'd'])}})
  await parts.open()
  const notes = parts.notes.begin('d.t')
  const imageOf = (key: string): string | null => {
    const image = notes.imageOf(key)
    return image === null
      ? null
      : `${image.bytes.toString('utf8', 0, image.rowEnd)} ${image.bytes.toString('utf8', image.rowEnd)}`
  }
  await write(parts, {operation: 'c', images: [smallImage(1, 'a')]})
  assert.equal(imageOf('1'), '{"id":1,"v":"a"} {"id":1}')
  await write(parts, {operation: 'u', images: [smallImage(1, 'a'), smallImage(1, 'b')]})
  assert.equal(imageOf('1'), '{"id":1,"v":"b"} {"id":1}')
  await write(parts, {operation: 'd', images: [smallImage(1, 'b')]})
  assert.equal(imageOf('1'), null)
  await write(parts, {operation: 'u', images: [smallImage(2, 'a'), smallImage(3, 'a')]})
  assert.equal(imageOf('2'), null)
  assert.equal(imageOf('3'), null, 'an update of the key is emitted, which shows the row')
})

test('an update that changes nothing is left out where that is asked for, and supersedes nothing', async () => {
  for (const skipsUnchanged of [false, true]) {
    const parts = new StreamParts({settings: {skipsUnchanged}})
    await parts.open()
    const notes = parts.notes.begin('d.t')
    await write(parts, {operation: 'u', images: [smallImage(1, 'a'), smallImage(1, 'a')]})
    assert.deepEqual(parts.sentOps(), skipsUnchanged ? [] : ['u 1'])
    assert.equal(notes.size, skipsUnchanged ? 0 : 1)
    await write(parts, {operation: 'u', images: [smallImage(1, 'a'), smallImage(1, 'b')]})
    assert.equal(parts.sentOps().at(-1), 'u 1')
  }
})

test('whether an update changes anything is a question of the columns that come out', async () => {
  const columns = {include: null, exclude: [/^d\.t\.v$/], mappings: []}
  const images = [smallImage(1, 'a'), smallImage(1, 'b')]
  const parts = await written({settings: {skipsUnchanged: true, columns}}, {operation: 'u', images})
  assert.deepEqual(parts.sentOps(), [])
  const [shown] = values(await written({settings: {columns}}, {operation: 'u', images}))
  assert.deepEqual([shown!.before, shown!.after], [{id: 1}, {id: 1}])
})

test('skipped operations leave the others as they are', async () => {
  const parts = await written(
    {settings: {skippedOperations: new Set(['c', 'u'])}},
    {operation: 'd', images: [smallImage(1, 'a')]},
  )
  assert.deepEqual(parts.sentOps(), ['d 1', '- 1'])
})

test('rows up to the place that is resumed are noted, not emitted', async () => {
  const parts = await new StreamParts().open()
  const notes = parts.notes.begin('d.t')
  const images = [smallImage(1, 'a'), smallImage(2, 'b'), smallImage(3, 'c')]
  await write(parts, {operation: 'c', images, skip: 2})
  assert.deepEqual(parts.sentOps(), ['c 3'])
  assert.equal(notes.size, 3)
})

test('nothing is noted for a table that is not under snapshot', async () => {
  const parts = await written({}, {operation: 'c', images: [smallImage(1, 'a')]})
  assert.equal(parts.notes.of('d.t'), null)
})

test('rows of the signal table are told with their number, whether they are emitted, skipped by resume, or never events', async () => {
  const images = [textImage('a', 'log', '{}'), textImage('b', 'log', '{}')]
  const event = {table: signalTable(), operation: 'c', images} as const
  const told = [
    {operation: 'c', row: 0, json: '{"id":"a","type":"log","data":"{}"}'},
    {operation: 'c', row: 1, json: '{"id":"b","type":"log","data":"{}"}'},
  ]
  const emitted = await written({}, event)
  assert.deepEqual(
    emitted.signalRows.map(({operation, row, json}) => ({operation, row, json})),
    told,
  )
  assert.deepEqual(emitted.sentOps(), ['c a', 'c b'])
  const resumed = await written({}, {...event, skip: 2})
  assert.deepEqual([resumed.signalRows.length, resumed.sink.sent.length], [2, 0])
  const silent = await written({signalTableEvents: false}, event)
  assert.deepEqual([silent.signalRows.length, silent.sink.sent.length], [2, 0])
  const skipped = await written({settings: {skippedOperations: new Set(['c'])}}, event)
  assert.deepEqual([skipped.signalRows.length, skipped.sink.sent.length], [2, 0])
})

test('a deleted row of the signal table is told as such, an updated one not at all', async () => {
  const table = signalTable()
  const image = textImage('a', 'log', '{}')
  const deleted = await written({}, {table, operation: 'd', images: [image]})
  assert.equal(deleted.signalRows[0]?.operation, 'd')
  const updated = await written({}, {table, operation: 'u', images: [image, textImage('a', 'log', '[]')]})
  assert.equal(updated.signalRows.length, 0)
})

test('each event goes to the partition of its own key, so both keys of an update may part', async () => {
  const sink = new MemorySink({partitions: 5})
  const images = Array.from({length: 20}, (_, i) => smallImage(i, 'x'))
  const parts = await written({sink}, {operation: 'u', images})
  assert.equal(parts.sink.sent.length, 30)
  for (const {key, partition} of parts.sink.sent) {
    const bytes = Buffer.from(key!)
    assert.equal(partition, partitionFor(bytes, 0, bytes.length, 5))
  }
})

test('a row larger than the writer has met so far comes out whole', async () => {
  const table = signalTable()
  const wide: StreamTable = {
    ...table,
    layout: {types: Uint8Array.of(15, 15, 252), metadata: Uint16Array.of(160, 160, 3)},
  }
  const shape = {
    ...table.shape,
    id: {database: 'd', table: 'wide'},
    columns: table.shape.columns.map((c, i) => (i === 2 ? {...c, type: 'mediumtext' as const, length: null} : c)),
  }
  const text = 'ü'.repeat(200_000)
  const head = Buffer.alloc(3)
  head.writeUIntLE(Buffer.byteLength(text), 0, 3)
  const image = (id: string): Buffer =>
    Buffer.concat([
      Buffer.from([0, id.length]),
      Buffer.from(id),
      Buffer.from([1]),
      Buffer.from('t'),
      head,
      Buffer.from(text),
    ])
  const parts = await written({}, {table: {...wide, shape}, operation: 'u', images: [image('a'), image('b')]})
  assert.deepEqual(parts.sentOps(), ['d a', '- a', 'c b'])
  const [deleted, , created] = values(parts)
  assert.deepEqual(deleted!.before, {id: 'a', type: 't', data: text})
  assert.deepEqual(created!.after, {id: 'b', type: 't', data: text})
})
