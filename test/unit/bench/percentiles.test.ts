import assert from 'node:assert/strict'
import {test} from 'node:test'
import {latencies, percentile} from '../../../bench/figures.ts'

test('a percentile is the nearest rank of values in any order', () => {
  const values = Array.from({length: 100}, (_, index) => 100 - index)
  assert.equal(percentile(values, 50), 50)
  assert.equal(percentile(values, 99), 99)
  assert.equal(percentile(values, 100), 100)
  assert.equal(percentile([7], 1), 7)
  assert.ok(Number.isNaN(percentile([], 50)))
})

test('a change that never arrived is among the latencies as endless', () => {
  assert.deepEqual(latencies([1, 2, Infinity]), {p50: 2, p99: Infinity, max: Infinity, changes: 3})
})
