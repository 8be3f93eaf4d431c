import assert from 'node:assert/strict'
import {simulate} from './simulation.ts'

interface Seeds {
  readonly from: number
  readonly seeds: number
  /** The metrics are judged, too. */
  readonly metrics?: boolean
}

/** Runs seeds one after the other; fails with each that broke a promise, and how to see it again. */
export async function assertKept({from, seeds, metrics = false}: Seeds): Promise<void> {
  const failures: string[] = []
  for (let seed = from; seed < from + seeds; seed++) {
    const {broken} = await simulate(seed, {metrics})
    if (broken !== null)
      failures.push(
        `seed ${seed}: ${broken}\n  npm run simulate -- --seed ${seed} --trace${metrics ? ' --metrics' : ''}`,
      )
  }
  assert.equal(failures.length, 0, failures.join('\n'))
}

/** The seed, killed at every `stride`-th step in which it has a branch, each in a run of its own. */
export async function assertKeptThroughKills(seed: number, {stride}: {readonly stride: number}): Promise<void> {
  const steps: number[] = []
  await simulate(seed, {
    onLine: line => {
      if (line.includes('log parallel reader goes on')) steps.push(Number(line.slice(0, line.indexOf(' '))))
    },
  })
  assert.ok(steps.length >= 4, `seed ${seed} has no branch`)
  const failures: string[] = []
  for (let crashAt = steps[0]!; crashAt <= steps.at(-1)! + stride; crashAt += stride) {
    const {broken} = await simulate(seed, {crashAt})
    if (broken !== null) failures.push(`seed ${seed} killed at step ${crashAt}: ${broken}`)
  }
  assert.equal(failures.length, 0, failures.join('\n'))
}
