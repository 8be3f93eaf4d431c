import assert from 'node:assert/strict'
import {simulate} from './simulation.ts'

/** Runs seeds one after the other; fails with each that broke a promise, and how to see it again. */
export async function assertKept({from, seeds}: {readonly from: number; readonly seeds: number}): Promise<void> {
  const failures: string[] = []
  for (let seed = from; seed < from + seeds; seed++) {
    const {broken} = await simulate(seed)
    if (broken !== null) failures.push(`seed ${seed}: ${broken}\n  npm run simulate -- --seed ${seed} --trace`)
  }
  assert.equal(failures.length, 0, failures.join('\n'))
}
