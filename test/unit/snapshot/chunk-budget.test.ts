import assert from 'node:assert/strict'
import {test} from 'node:test'
import fc from 'fast-check'
import {ChunkBudget} from '../../../src/snapshot/chunk-budget.ts'

test('grants come in the order of requests, never above the total unless alone, and all of them in the end', () => {
  const steps = fc.array(fc.tuple(fc.constantFrom('request', 'correct', 'release'), fc.integer({min: 1, max: 150})), {
    maxLength: 100,
  })
  fc.assert(
    fc.property(steps, plan => {
      const budget = new ChunkBudget(100)
      const granted: number[] = []
      const held: number[] = []
      let next = 0
      const grant = (number: number) => (bytes: number) => {
        assert.ok(budget.held <= 100 || budget.held === bytes, `${budget.held} of 100 held with ${bytes} granted`)
        granted.push(number)
        held.push(bytes)
      }
      for (const [step, bytes] of plan) {
        if (step === 'request') budget.request(bytes, grant(next++), () => true)
        else if (held.length > 0) {
          const at = bytes % held.length
          if (step === 'release') budget.release(held.splice(at, 1)[0]!)
          else {
            const before = held[at]!
            held[at] = bytes
            budget.correct(before, bytes)
          }
        }
        assert.equal(
          budget.held,
          held.reduce((sum, each) => sum + each, 0),
        )
      }
      while (held.length > 0) budget.release(held.shift()!)
      assert.deepEqual(
        granted,
        Array.from({length: next}, (_, i) => i),
      )
      assert.equal(budget.held, 0)
    }),
  )
})

test('a chunk larger than the total is granted when nothing else is held', () => {
  const budget = new ChunkBudget(100)
  const granted: number[] = []
  budget.request(
    10,
    bytes => granted.push(bytes),
    () => true,
  )
  budget.request(
    500,
    bytes => granted.push(bytes),
    () => true,
  )
  assert.deepEqual(granted, [10])
  budget.release(10)
  assert.deepEqual(granted, [10, 500])
})

test('a small request does not overtake a large one that waits', () => {
  const budget = new ChunkBudget(100)
  const granted: number[] = []
  for (const bytes of [60, 60, 10])
    budget.request(
      bytes,
      each => granted.push(each),
      () => true,
    )
  assert.deepEqual(granted, [60])
})

test('what is not wanted any more is passed over and holds nothing', () => {
  const budget = new ChunkBudget(100)
  const granted: number[] = []
  let isWanted = true
  budget.request(
    80,
    bytes => granted.push(bytes),
    () => true,
  )
  budget.request(
    80,
    bytes => granted.push(bytes),
    () => isWanted,
  )
  budget.request(
    30,
    bytes => granted.push(bytes),
    () => true,
  )
  isWanted = false
  budget.release(80)
  assert.deepEqual(granted, [80, 30])
  assert.equal(budget.held, 30)
})
