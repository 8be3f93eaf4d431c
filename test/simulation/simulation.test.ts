// The whole task on a simulated server, sink and store: 120 seeds, of which 40 have branches. `npm run simulate -- --seeds N` runs more.

import assert from 'node:assert/strict'
import {test} from 'node:test'
import {assertKept, assertKeptThroughKills} from './assert-kept.ts'
import {simulate} from './simulation.ts'

test('120 seeds keep I1 to I3, answer every signal and end every snapshot and branch once', async () => {
  await assertKept({from: 1, seeds: 120})
})

test('a branch that is killed anywhere between its lock and its end goes on', async () => {
  await assertKeptThroughKills(384, {stride: 9})
})

test('a seed goes the same way each time it is run', async () => {
  for (const seed of [1, 7, 24]) {
    const [one, two] = [await simulate(seed), await simulate(seed)]
    assert.ok(one.steps > 300)
    assert.equal(one.digest, two.digest)
  }
})
