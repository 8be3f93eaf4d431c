import {test} from 'node:test'
import {assertKept, assertKeptThroughKills} from '../simulation/assert-kept.ts'

test('a thousand seeds keep I1 to I3, answer every signal and end every snapshot once', async () => {
  await assertKept({from: 1_001, seeds: 1_000})
})

test('a branch that is killed at any step from its lock to its end goes on', async () => {
  for (const seed of [372, 384, 432]) await assertKeptThroughKills(seed, {stride: 1})
})

test('two hundred seeds tell by their metrics what happens', async () => {
  await assertKept({from: 2_001, seeds: 200, metrics: true})
})
