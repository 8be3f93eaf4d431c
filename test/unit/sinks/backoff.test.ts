import assert from 'node:assert/strict'
import {test} from 'node:test'
import {backoffMs} from '../../../src/sinks/kafka/backoff.ts'

test('the wait doubles from 100 ms and stays at 5 s', () => {
  const middle = Array.from({length: 8}, (_, attempt) => backoffMs(attempt, () => 0.5))
  assert.deepEqual(middle, [100, 200, 400, 800, 1600, 3200, 5000, 5000])
  assert.equal(
    backoffMs(1e9, () => 0.5),
    5000,
  )
})

test('waits are spread by a fifth either way', () => {
  assert.deepEqual([backoffMs(0, () => 0), backoffMs(0, () => 1)].map(Math.round), [80, 120])
})
