import assert from 'node:assert/strict'
import {test} from 'node:test'
import {keyNotes} from '../../../src/plan/plan-table.ts'

const scanned = {columns: ['a', 'b'], access: 'index', index: 'x', isRange: false}
const rows = {rows: 10_000, chunkRows: 2_048, wanted: 2_048}

test('a key that is no range is told with the index that mends it, unless one chunk is the whole table', () => {
  assert.deepEqual(keyNotes(scanned, rows), [
    'a chunk is not read as a range of its key (EXPLAIN: index, the index x), so that each may scan far: a visible index on (a, b) mends it',
  ])
  assert.deepEqual(keyNotes(scanned, {...rows, rows: 2_048}), [])
  assert.deepEqual(keyNotes({...scanned, isRange: true}, rows), [])
  assert.deepEqual(keyNotes(null, rows), [])
})

test('chunks that end at their memory are told', () => {
  assert.deepEqual(keyNotes(null, {...rows, chunkRows: 100}), [
    'its chunks end at 8 MB, which is about 100 rows instead of 2048',
  ])
})
