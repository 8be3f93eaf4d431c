import assert from 'node:assert/strict'
import {test} from 'node:test'
import {streamTable, StreamParts} from '../../support/stream-parts.ts'

test('a table is unknown until it is resolved, then the same object is found again', async () => {
  const {catalog} = await new StreamParts().open()
  const table = streamTable('t')
  assert.equal(catalog.get(table), undefined)
  const captured = await catalog.resolve(table)
  assert.equal(catalog.get(table), captured)
  assert.deepEqual([captured!.text, captured!.isSignalTable], ['d.t', false])
  assert.deepEqual([...catalog.seen], ['d.t'])
})

test('a table that the filter leaves out resolves to null, without asking for its keys or a topic', async () => {
  let asked = 0
  const {catalog} = new StreamParts({
    isCaptured: () => false,
    keysOf: () => {
      asked++
      return {messageKey: [], rowKey: []}
    },
  })
  const table = streamTable('t')
  assert.equal(await catalog.resolve(table), null)
  assert.equal(catalog.get(table), null)
  assert.equal(asked, 0)
  assert.equal(catalog.seen.size, 0)
})

test('the signal table is resolved whatever the filter says, and has no target where its events are off', async () => {
  const options = {isCaptured: () => false}
  const on = await (await new StreamParts(options).open()).catalog.resolve(streamTable('signal'))
  assert.deepEqual([on!.isSignalTable, on!.target?.lanes.topic.name], [true, 'p.d.signal'])
  const off = await (
    await new StreamParts({...options, signalTableEvents: false}).open()
  ).catalog.resolve(streamTable('signal'))
  assert.deepEqual([off!.isSignalTable, off!.target], [true, null])
})

test('streamed and read events of a table share the lanes of its topic', async () => {
  const {catalog} = await new StreamParts().open()
  const table = streamTable('t')
  const captured = await catalog.resolve(table)
  const target = await catalog.target(table.shape)
  assert.equal(target.lanes, captured!.target!.lanes)
})

test('another definition of a table has another fingerprint', async () => {
  const {catalog} = await new StreamParts().open()
  const first = await catalog.resolve(streamTable('t'))
  const same = await catalog.resolve(streamTable('t'))
  const other = await catalog.resolve(streamTable('t', {primaryKey: [1]}))
  assert.equal(first!.fingerprint, same!.fingerprint)
  assert.notEqual(first!.fingerprint, other!.fingerprint)
})

test('a table whose keys could not be read is asked for again', async () => {
  let refusals = 1
  const {catalog} = new StreamParts({
    keysOf: shape =>
      refusals-- > 0 ? Promise.reject(new Error('away')) : {messageKey: shape.primaryKey, rowKey: shape.primaryKey},
  })
  const table = streamTable('t')
  await assert.rejects(catalog.resolve(table), /away/)
  assert.equal(catalog.get(table), undefined)
  assert.notEqual(await catalog.resolve(table), null)
})

test('another message key of a table is told, another definition with the same key is not', async () => {
  const parts = await new StreamParts().open()
  await parts.catalog.resolve(streamTable('t'))
  await parts.catalog.resolve(streamTable('t'))
  assert.deepEqual(parts.keyChanges, [])
  await parts.catalog.resolve(streamTable('t', {primaryKey: [1]}))
  assert.deepEqual(parts.keyChanges, ['t'])
})

test('a catalog that forgets resolves its tables anew, with the keys they have by then', async () => {
  let key = [0]
  const {catalog} = await new StreamParts({keysOf: () => ({messageKey: key, rowKey: key})}).open()
  const table = streamTable('t', {primaryKey: []})
  assert.equal((await catalog.resolve(table))!.encoder.hasKey, true)
  key = []
  catalog.forget()
  assert.equal(catalog.get(table), undefined)
  assert.equal((await catalog.resolve(table))!.encoder.hasKey, false)
})
