// Row events of parents on a server that does not log what their foreign keys do, as the dispatcher meets them.

import assert from 'node:assert/strict'
import {test} from 'node:test'
import type {CascadingKey} from '../../../src/core/cascading-key.ts'
import type {CascadeReading} from '../../../src/stream/cascade-book.ts'
import {mayTouch, readDdl} from '../../../src/stream/ddl.ts'
import {smallImage} from '../../support/binlog-bytes.ts'
import {BinlogScript, StreamParts, streamTable} from '../../support/stream-parts.ts'

const PARENT = streamTable('parent')
const UNNAMED = {...streamTable('parent'), unnamed: true as const}
const OTHER = streamTable('other')
const KEY: CascadingKey = {
  ...{name: 'k', parent: PARENT.shape.id, child: {database: 'd', table: 'child'}},
  ...{onDelete: 'removed', changesOnUpdate: true, columns: ['parent'], parentColumns: [{name: 'id', index: 0}]},
  childKey: ['id'],
}

/** A server whose keys a test sets; `null`: it logs what they do. */
async function play({isCaptured = true, keys = [KEY] as readonly CascadingKey[] | null} = {}) {
  const server = {keys, place: {file: 'b.000001', pos: 4}, asked: 0}
  const read = (): Promise<CascadeReading | null> => {
    server.asked++
    return Promise.resolve(server.keys === null ? null : {place: server.place, keys: server.keys})
  }
  const parts = await new StreamParts({isCaptured: () => isCaptured, cascades: {read}}).open()
  await parts.cascades!.begin()
  const script = new BinlogScript()
  const told = async (write: (script: BinlogScript) => unknown): Promise<string[]> => {
    parts.cascaded.length = 0
    script.begin()
    write(script)
    script.commit()
    await parts.dispatcher.dispatch(script.read())
    return parts.cascaded.map(({child, parent, removesRows}) => `${parent} ${child.table} ${removesRows}`)
  }
  return {server, parts, script, told}
}

function alter({cascades, dispatcher}: StreamParts, sql = 'ALTER TABLE child ADD COLUMN c INT'): void {
  const reading = readDdl(sql)
  cascades!.changed(reading, table => mayTouch(reading, 'd', table), dispatcher.reached)
}

const row = smallImage(1, 'a')
const otherNote = smallImage(1, 'b')
const otherId = smallImage(2, 'a')

for (const isCaptured of [true, false]) {
  test(`a delete and a changed key of a parent that is ${isCaptured ? '' : 'not '}captured tell of its child, nothing else does`, async () => {
    const {told} = await play({isCaptured})
    assert.deepEqual(await told(script => script.rows('d', PARENT, row)), ['d.parent child true'])
    assert.deepEqual(await told(script => script.rows('u', PARENT, row, otherId)), ['d.parent child false'])
    assert.deepEqual(await told(script => script.rows('u', PARENT, row, otherNote)), [])
    assert.deepEqual(await told(script => script.rows('u', PARENT, row, otherNote, row, otherId)), [
      'd.parent child false',
    ])
    assert.deepEqual(await told(script => script.rows('c', PARENT, row).rows('d', OTHER, row)), [])
  })
}

test('where events do not name columns, the place of the column counts', async () => {
  const {told} = await play({isCaptured: false})
  assert.deepEqual(await told(script => script.rows('u', UNNAMED, row, otherNote)), [])
  assert.deepEqual(await told(script => script.rows('u', UNNAMED, row, otherId)), ['d.parent child false'])
})

test('a key that the child refers with is a key of its events', async () => {
  const {told} = await play({keys: [{...KEY, childKey: ['parent', 'line']}]})
  assert.deepEqual(await told(script => script.rows('u', PARENT, row, otherId)), ['d.parent child true'])
})

test('a server that logs cascades is asked once, and nothing is told', async () => {
  const {told, parts, server} = await play({keys: null})
  alter(parts)
  assert.deepEqual(await told(script => script.rows('d', PARENT, row)), [])
  assert.equal(server.asked, 1)
})

test('a key that a statement brings counts for the very next row', async () => {
  const {told, parts, server} = await play({keys: []})
  assert.deepEqual(await told(script => script.rows('d', PARENT, row)), [])
  server.keys = [KEY]
  alter(parts)
  parts.catalog.forget()
  assert.deepEqual(await told(script => script.rows('d', PARENT, row)), ['d.parent child true'])
})

test('a key that the server has no longer counts until the stream has come to where that was found', async () => {
  const {told, parts, server, script} = await play()
  server.keys = []
  server.place = {file: 'b.000001', pos: script.pos + 25}
  alter(parts)
  parts.catalog.forget()
  assert.deepEqual(await told(each => each.rows('d', PARENT, row)), ['d.parent child true'])
  assert.deepEqual(await told(each => each.rows('d', PARENT, row)), [])
})

test('statements that leave foreign keys as they are ask for nothing', async () => {
  const {parts, server} = await play()
  for (const verb of ['TRUNCATE TABLE', 'CREATE VIEW', 'ANALYZE TABLE', 'CREATE USER']) alter(parts, `${verb} child`)
  assert.equal(server.asked, 1)
})

test('a key that a statement drops by its name counts no longer, also where the server was read later', async () => {
  const {told, parts, server, script} = await play()
  server.place = {file: 'b.000001', pos: script.pos + 1_000}
  server.keys = []
  alter(parts, 'ALTER TABLE child DROP FOREIGN KEY K')
  parts.catalog.forget()
  assert.deepEqual(await told(each => each.rows('d', PARENT, row)), [])
  server.keys = [KEY]
  alter(parts, 'ALTER TABLE child DROP FOREIGN KEY k, ADD CONSTRAINT k FOREIGN KEY (parent) REFERENCES parent (id)')
  parts.catalog.forget()
  assert.deepEqual(await told(each => each.rows('d', PARENT, row)), ['d.parent child true'])
})
