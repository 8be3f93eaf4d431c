import assert from 'node:assert/strict'
import {test} from 'node:test'
import fc from 'fast-check'
import {fieldsBehind} from '../../../src/snapshot/chunk-lane.ts'
import {PlayedReader, rowsOf, textRow} from '../../support/played-reader.ts'
import {settled, streamTable} from '../../support/stream-parts.ts'

test('full chunks follow one another from key to key, and a short one ends the range', async () => {
  const bench = new PlayedReader()
  await bench.start({after: ['0']})
  await bench.finish(1, 2, 3)
  await bench.finish(4, 5, 7)
  await bench.finish(8)
  assert.deepEqual(
    bench.selects.map(select => / WHERE (.*) ORDER/.exec(select.sql)![1]),
    ['`id` > 0 AND `id` <= 99', '`id` > 3 AND `id` <= 99', '`id` > 7 AND `id` <= 99'],
  )
  assert.deepEqual(
    bench.chunks.map(({sequence, rows, end, last}) => ({sequence, rows, end, last})),
    [
      {sequence: 0, rows: 3, end: ['3'], last: false},
      {sequence: 1, rows: 3, end: ['7'], last: false},
      {sequence: 2, rows: 1, end: null, last: true},
    ],
  )
  assert.deepEqual(bench.told, ['ended 1'])
  assert.equal(bench.opened, 1)
})

test('a full chunk whose last row is at the maximum key ends the range', async () => {
  const bench = new PlayedReader()
  await bench.start({upTo: ['3']})
  await bench.finish(1, 2, 3)
  assert.deepEqual(
    bench.chunks.map(({rows, end, last}) => ({rows, end, last})),
    [{rows: 3, end: ['3'], last: true}],
  )
  assert.deepEqual([bench.selects.length, bench.told], [1, ['ended 1']])
})

test('an empty chunk ends the range', async () => {
  const bench = new PlayedReader()
  await bench.start()
  await bench.finish()
  assert.deepEqual(
    bench.chunks.map(({rows, last, bytes, ends}) => [rows, last, bytes.length, ends.length]),
    [[0, true, 0, 0]],
  )
})

test('a chunk holds row JSON, message key and row key of each row, back to back', async () => {
  const bench = new PlayedReader()
  await bench.start()
  await bench.finish([1, 'ü'], [2, ''])
  assert.deepEqual(rowsOf(bench.chunks[0]!), [
    ['{"id":1,"v":"ü"}', '{"id":1}', '1'],
    ['{"id":2,"v":""}', '{"id":2}', '2'],
  ])
})

test('I2: the low watermark is what was committed before the SELECT began', async () => {
  const bench = new PlayedReader()
  Atomics.store(bench.committed, 0, 4)
  await bench.start()
  Atomics.store(bench.committed, 0, 5)
  await bench.finish(1, 2, 3)
  Atomics.store(bench.committed, 0, 9)
  await bench.finish(4)
  assert.deepEqual(
    bench.chunks.map(chunk => chunk.low),
    [4, 5],
  )
  assert.deepEqual(
    bench.selects.map(select => select.mark),
    [4, 5],
  )
})

test('a chunk that grows beyond its bytes is cut, and the next one begins behind its last row', async () => {
  const bench = new PlayedReader()
  await bench.start({chunkRows: 100, chunkBytes: 1_000, rowBytes: 10})
  const taken = bench.select.rows(...Array.from({length: 50}, (_, i): [number, string] => [i + 1, 'x'.repeat(100)]))
  assert.ok(taken > 1 && taken < 12, `${taken} rows were taken`)
  bench.select.end()
  await settled()
  const [chunk] = bench.chunks
  assert.deepEqual([chunk!.rows, chunk!.end, chunk!.last], [taken, [String(taken)], false])
  assert.match(bench.select.sql, new RegExp(`> ${taken} `))
  const limit = Number(/LIMIT (\d+)$/.exec(bench.select.sql)![1])
  assert.ok(limit >= 1 && limit <= 10, `the next chunk asks for ${limit} rows only`)
})

test('the row that fills a chunk exactly to its limit does not make it the last', async () => {
  const bench = new PlayedReader()
  await bench.start({chunkRows: 1})
  await bench.finish(1)
  assert.deepEqual([bench.chunks[0]!.last, bench.chunks[0]!.end], [false, ['1']])
})

test('smaller rows than expected let later chunks have more of them, up to the limit', async () => {
  const bench = new PlayedReader()
  await bench.start({chunkRows: 100, chunkBytes: 1_000, rowBytes: 500})
  assert.match(bench.select.sql, /LIMIT 2$/)
  await bench.finish(1, 2)
  const limit = Number(/LIMIT (\d+)$/.exec(bench.select.sql)![1])
  assert.ok(limit > 2 && limit <= 100, `LIMIT ${limit}`)
})

test('no SELECT starts before its bytes are granted, and the next ones are asked for meanwhile', async () => {
  const bench = new PlayedReader()
  bench.held = true
  await bench.start()
  assert.equal(bench.selects.length, 0)
  assert.deepEqual(bench.wants, [150])
  bench.lane.grant(1, 150, 3)
  await settled()
  assert.equal(bench.selects.length, 1)
  assert.equal(bench.wants.length, 2)
  await bench.finish(1, 2, 3)
  assert.equal(bench.selects.length, 1, 'the second waits for its own grant')
  assert.equal(bench.chunks[0]!.granted, 150)
  bench.lane.grant(1, 70, 3)
  await settled()
  await bench.finish()
  assert.equal(bench.chunks[1]!.granted, 70)
})

test('a grant for another job is not taken', async () => {
  const bench = new PlayedReader()
  bench.held = true
  await bench.start()
  bench.lane.grant(7, 150, 3)
  await settled()
  assert.equal(bench.selects.length, 0)
})

test('a SELECT that fails drops its connection and ends the job; the next job has a new one', async () => {
  const bench = new PlayedReader()
  await bench.start()
  bench.select.fail(new Error('gone'))
  await settled()
  assert.deepEqual(bench.told, ['failed 1'])
  assert.match(String(bench.errors[0]), /gone/)
  assert.equal(bench.closed, 1)
  await bench.start({jobId: 2})
  await bench.finish(1)
  assert.deepEqual(bench.told, ['failed 1', 'ended 2'])
  assert.equal(bench.opened, 2)
})

test('a connection that cannot be had fails the job', async () => {
  const bench = new PlayedReader()
  bench.onOpen = () => Promise.reject(new Error('refused'))
  await bench.start()
  assert.deepEqual(bench.told, ['failed 1'])
})

test('a shape that cannot be encoded fails the job', async () => {
  const bench = new PlayedReader()
  await bench.start({shape: {...streamTable('t').shape, columns: []}})
  assert.deepEqual(bench.told, ['failed 1'])
})

test('a job of another server has its own connection, and the old one is closed', async () => {
  const bench = new PlayedReader()
  await bench.start()
  await bench.finish(1)
  await bench.start({jobId: 2, serverUuid: 'two'})
  await bench.finish(2)
  assert.deepEqual([bench.opened, bench.closed], [2, 1])
  assert.deepEqual(bench.told, ['ended 1', 'ended 2'])
})

test('cancelled while it waits for bytes, a job ends without a SELECT', async () => {
  const bench = new PlayedReader()
  bench.held = true
  await bench.start()
  bench.lane.cancel(1)
  await settled()
  assert.deepEqual(bench.told, ['ended 1'])
  assert.equal(bench.selects.length, 0)
})

test('cancelled while its connection opens, a job ends without a SELECT and drops the connection', async () => {
  const bench = new PlayedReader()
  let open = (): void => undefined
  bench.onOpen = () => new Promise(resolve => (open = resolve))
  await bench.start()
  bench.lane.cancel(1)
  open()
  await settled()
  assert.deepEqual(bench.told, ['ended 1'])
  assert.deepEqual([bench.selects.length, bench.opened, bench.closed], [0, 1, 1])
})

test('cancelled during a SELECT, a job kills it, hands nothing over, and drops the connection', async () => {
  const bench = new PlayedReader()
  await bench.start()
  bench.select.rows(1)
  bench.lane.cancel(1)
  assert.equal(bench.cancels, 1)
  bench.select.fail(new Error('interrupted'))
  await settled()
  assert.deepEqual(bench.told, ['ended 1'])
  assert.deepEqual([bench.chunks.length, bench.closed], [0, 1])
})

test('cancelled when its SELECT had just come to an end, a job hands nothing over', async () => {
  const bench = new PlayedReader()
  await bench.start()
  bench.select.rows(1)
  bench.select.end()
  bench.lane.cancel(1)
  await settled()
  assert.deepEqual(bench.told, ['ended 1'])
  assert.equal(bench.chunks.length, 0)
})

test('a cancel that comes when the job has ended does not touch the connection that the next job uses', async () => {
  const bench = new PlayedReader()
  await bench.start()
  await bench.finish(1)
  bench.lane.cancel(1)
  assert.equal(bench.cancels, 0)
  await bench.start({jobId: 2})
  bench.lane.cancel(1)
  assert.equal(bench.cancels, 0)
  await bench.finish(2)
  assert.deepEqual(bench.told, ['ended 1', 'ended 2'])
  assert.equal(bench.chunks.length, 2)
})

test('grants left from a job do not start the next one', async () => {
  const bench = new PlayedReader()
  await bench.start()
  await bench.finish(1)
  bench.held = true
  await bench.start({jobId: 2})
  assert.equal(bench.selects.length, 1)
})

test('closing ends a waiting job and its connection, and may be called twice', async () => {
  const bench = new PlayedReader()
  await bench.start()
  await bench.lane.close()
  bench.select.fail(new Error('closed'))
  await settled()
  await bench.lane.close()
  assert.equal(bench.closed, 1)
  assert.deepEqual(bench.told, ['ended 1'])
})

test("expressions of the key come back from behind the row's columns, in key order", async () => {
  const bench = new PlayedReader()
  await bench.start({
    chunkRows: 1,
    chunkKey: [
      {column: 1, name: 'v', literal: 'plain', expression: 'CAST(`v` AS UNSIGNED)'},
      {column: 0, name: 'id', literal: 'plain', expression: null},
    ],
  })
  assert.match(bench.select.sql, /^SELECT `id`, `v`, CAST\(`v` AS UNSIGNED\) FROM/)
  assert.equal(bench.select.row(textRow('5', 'member', '3')), true, 'enough rows, but no more bytes than wanted')
  bench.select.end()
  await settled()
  assert.deepEqual(bench.chunks[0]!.end, ['3', '5'])
})

test('fields of a text row are found behind lengths of every width and NULLs', () => {
  const field = fc.oneof(
    fc.constant(null),
    fc.string({maxLength: 30}),
    fc.constantFrom(250, 251, 65_535, 65_536, 70_000).map(length => 'x'.repeat(length)),
  )
  fc.assert(
    fc.property(fc.array(field, {maxLength: 5}), fc.nat(5), (fields, first) => {
      const row = Buffer.concat(fields.map(each => (each === null ? Buffer.from([0xfb]) : textRow(each))))
      const packet = Buffer.concat([Buffer.from('ab'), row, Buffer.from('cd')])
      assert.deepEqual(
        fieldsBehind(packet, 2, 2 + row.length, first).map(([start, end]) => packet.toString('utf8', start, end)),
        fields.slice(first).map(each => each ?? ''),
      )
    }),
  )
})
