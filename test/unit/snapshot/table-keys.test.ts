import assert from 'node:assert/strict'
import {test} from 'node:test'
import type {TableShape} from '../../../src/core/table-shape.ts'
import {chunkKeyColumns, keysOf} from '../../../src/snapshot/table-keys.ts'
import type {KeyReader} from '../../../src/snapshot/table-keys.ts'
import {column, EVENT_SETTINGS} from '../../support/stream-parts.ts'

function shapeOf(primaryKey: readonly number[]): TableShape {
  const columns = [column('id', 'int'), column('Code', 'varchar'), column('note', 'varchar', {nullable: true})]
  return {id: {database: 'd', table: 't'}, columns, primaryKey}
}

const KEYED = shapeOf([0])
const KEYLESS = shapeOf([])

function reader(unique: readonly string[] | null = null, uniques: readonly string[] = []): KeyReader {
  return {
    uniqueKey: () => Promise.resolve(unique),
    isUnique: (_, columns) => Promise.resolve(uniques.includes(columns.join(','))),
  }
}

const NOBODY: KeyReader = {
  uniqueKey: () => assert.fail('the server is asked although there is a primary key'),
  isUnique: () => assert.fail('the server is asked although there is a primary key'),
}

test('the primary key is message key and row key, without a question to the server', () => {
  assert.deepEqual(keysOf(KEYED, EVENT_SETTINGS, NOBODY), {messageKey: [0], rowKey: [0]})
})

test('without a primary key the unique NOT NULL key takes its place', async () => {
  assert.deepEqual(await keysOf(KEYLESS, EVENT_SETTINGS, reader(['code', 'id'])), {messageKey: [1, 0], rowKey: [1, 0]})
})

test('a table without any key has none', async () => {
  assert.deepEqual(await keysOf(KEYLESS, EVENT_SETTINGS, reader()), {messageKey: [], rowKey: []})
})

test('message.key.columns changes the message key only: rows supersede one another by their own key', async () => {
  const settings = {...EVENT_SETTINGS, messageKeyColumns: [{table: /^d\.t$/, columns: ['CODE']}]}
  assert.deepEqual(keysOf(KEYED, settings, NOBODY), {messageKey: [1], rowKey: [0]})
  assert.deepEqual(await keysOf(KEYLESS, settings, reader()), {messageKey: [1], rowKey: []})
})

test('a key column that the table does not have is refused with the columns that it has', () => {
  const settings = {...EVENT_SETTINGS, messageKeyColumns: [{table: /^d\.t$/, columns: ['nope']}]}
  assert.throws(() => keysOf(KEYED, settings, NOBODY), {
    code: 'TIDEMARK_SNAPSHOT_UNKNOWN_COLUMN',
    message: /d\.t has no column nope.*id, Code, note/,
  })
})

test('chunks go by the row key', async () => {
  assert.deepEqual(await chunkKeyColumns(KEYED, null, {messageKey: [1], rowKey: [0]}, NOBODY), [0])
})

test('a table without a key cannot be copied in chunks, and the error says what to do', async () => {
  await assert.rejects(chunkKeyColumns(KEYLESS, null, {messageKey: [], rowKey: []}, reader()), {
    code: 'TIDEMARK_SNAPSHOT_NO_KEY',
    message: /d\.t.*surrogate-key/,
  })
})

test('a unique surrogate key orders chunks alone', async () => {
  const keys = {messageKey: [0], rowKey: [0]}
  assert.deepEqual(await chunkKeyColumns(KEYED, ['code'], keys, reader(null, ['code'])), [1])
})

test('a surrogate key with equal values is followed by the row key, so that no row is passed over', async () => {
  const keys = {messageKey: [0], rowKey: [0]}
  assert.deepEqual(await chunkKeyColumns(KEYED, ['Code'], keys, reader()), [1, 0])
  assert.deepEqual(await chunkKeyColumns(KEYED, ['Code', 'id'], keys, reader()), [1, 0], 'each column once')
})

test('a surrogate key that may be NULL, is unknown, or is not unique beside no other key is refused', async () => {
  const keys = {messageKey: [], rowKey: []}
  const refusals: [readonly string[], string, RegExp][] = [
    [['note'], 'TIDEMARK_SNAPSHOT_SURROGATE_KEY', /column note may be NULL/],
    [['nope'], 'TIDEMARK_SNAPSHOT_UNKNOWN_COLUMN', /no column nope/],
    [['Code'], 'TIDEMARK_SNAPSHOT_SURROGATE_KEY', /not unique/],
  ]
  for (const [surrogateKey, code, message] of refusals) {
    await assert.rejects(chunkKeyColumns(KEYLESS, surrogateKey, keys, reader()), {code, message})
  }
})
