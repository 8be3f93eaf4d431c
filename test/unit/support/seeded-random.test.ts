import assert from 'node:assert/strict'
import {test} from 'node:test'
import {SeededRandom} from '../../support/seeded-random.ts'

test('the same seed gives the same numbers', () => {
  const numbers = (seed: number): number[] => {
    const random = new SeededRandom(seed)
    return Array.from({length: 20}, () => random.next())
  }
  assert.deepEqual(numbers(42), numbers(42))
  assert.notDeepEqual(numbers(42), numbers(43))
})

test('integers cover their range, ends included', () => {
  const random = new SeededRandom(1)
  const seen = new Set(Array.from({length: 500}, () => random.integer(-2, 2)))
  assert.deepEqual(
    [...seen].sort((a, b) => a - b),
    [-2, -1, 0, 1, 2],
  )
})
