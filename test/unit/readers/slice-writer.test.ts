import assert from 'node:assert/strict'
import {test} from 'node:test'
import {compileRowEncoder} from '../../../src/encode/compile-row-encoder.ts'
import {SliceWriter} from '../../../src/readers/slice-writer.ts'
import type {ReadSlice} from '../../../src/snapshot/copy-slices.ts'
import {rowsOf, textRow} from '../../support/played-reader.ts'
import {EVENT_SETTINGS, settled, streamTable} from '../../support/stream-parts.ts'

class Slices {
  readonly slices: ReadSlice[] = []
  readonly wants: {bytes: number; rows: number}[] = []
  readonly writer: SliceWriter

  constructor({sliceRows = 3, sliceBytes = 10_000, rowBytes = 20} = {}) {
    const {shape} = streamTable('t')
    const encoder = compileRowEncoder({shape, messageKey: [0], rowKey: [], options: {settings: EVENT_SETTINGS}})
    const sizes = {sliceRows, sliceBytes, rowBytes}
    this.writer = new SliceWriter(encoder, sizes, {
      wants: (bytes, rows) => this.wants.push({bytes, rows}),
      slice: slice => this.slices.push(slice),
    })
    this.writer.begin()
  }

  rows(...ids: readonly number[]): this {
    for (const id of ids) {
      const row = textRow(String(id), 'x')
      this.writer.row(row, 0, row.length)
    }
    return this
  }

  pause(): Promise<void> | null {
    return this.writer.pause
  }

  /** Ids of each slice, and whether it is the last. */
  get found(): [string[], boolean][] {
    return this.slices.map(slice => [
      rowsOf({...slice, jobId: 0, sequence: 0, low: 0, end: null}).map(([row]) => /"id":(\d+)/.exec(row!)![1]!),
      slice.last,
    ])
  }
}

test('a slice has as many rows as were granted, and comes when a row behind it is there', () => {
  const s = new Slices()
  s.writer.grant(60, 2)
  s.rows(1, 2)
  assert.deepEqual(s.found, [])
  s.rows(3)
  assert.deepEqual(s.found, [[['1', '2'], false]])
  assert.equal(s.slices[0]!.granted, 60)
})

test('the rows that are there at the end are the last slice, and none is empty where there are rows', async () => {
  const s = new Slices()
  s.writer.grant(60, 3)
  s.rows(1, 2, 3)
  await s.writer.end()
  assert.deepEqual(s.found, [[['1', '2', '3'], true]])
})

test('a table without rows is one empty slice, for which nothing is granted', async () => {
  const s = new Slices()
  await s.writer.end()
  assert.deepEqual(s.found, [[[], true]])
  assert.equal(s.slices[0]!.granted, 0)
})

test('no more may come while nothing is granted, and what has come beyond a grant waits for the next', async () => {
  const s = new Slices()
  assert.ok(s.pause())
  s.writer.grant(60, 1)
  assert.equal(s.pause(), null)
  s.rows(1, 2, 3, 4)
  const pause = s.pause()
  assert.ok(pause)
  assert.deepEqual(s.found, [[['1'], false]])
  s.writer.grant(60, 2)
  await pause
  assert.deepEqual(s.found.at(-1), [['2', '3'], false])
  let ended = false
  const end = s.writer.end().then(() => (ended = true))
  await settled()
  assert.equal(ended, false)
  s.writer.grant(60, 2)
  await end
  assert.deepEqual(s.found.at(-1), [['4'], true])
})

test('a slice that grows beyond its bytes is cut', () => {
  const s = new Slices({sliceRows: 100, sliceBytes: 60})
  s.writer.grant(1_000, 100)
  s.rows(1, 2, 3, 4)
  assert.ok(s.found.length > 0)
  assert.ok(s.slices.every(({bytes, rows}) => rows >= 1 && bytes.length < 120))
})

test('one slice is asked for ahead of the one being read, by the size that rows have', () => {
  const s = new Slices({sliceRows: 50, sliceBytes: 200, rowBytes: 20})
  assert.deepEqual(s.wants, [{bytes: 200, rows: 10}])
  s.writer.grant(200, 2)
  assert.equal(s.wants.length, 2)
  s.writer.grant(200, 2)
  assert.equal(s.wants.length, 2)
  s.rows(1, 2, 3)
  assert.equal(s.wants.length, 3)
  assert.ok(s.wants[2]!.rows < 10, 'rows turned out larger')
})
