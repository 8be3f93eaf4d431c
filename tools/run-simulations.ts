// `npm run simulate -- --seeds N [--seed S] [--trace] [--metrics]`: many runs of the simulation, from seed 1 or S on;
// with --seed alone that one.

import {parseArgs} from 'node:util'
import {simulate} from '../test/simulation/simulation.ts'

const {values} = parseArgs({
  options: {
    seeds: {type: 'string'},
    seed: {type: 'string'},
    trace: {type: 'boolean', default: false},
    metrics: {type: 'boolean', default: false},
  },
})

process.exitCode = await main()

async function main(): Promise<number> {
  const first = Number(values.seed ?? '1')
  const count = Number(values.seeds ?? (values.seed === undefined ? '100' : '1'))
  if (!Number.isSafeInteger(first) || !Number.isSafeInteger(count) || count < 1) {
    console.error('usage: npm run simulate -- [--seeds N] [--seed S] [--trace] [--metrics]')
    return 2
  }
  const onLine = values.trace ? (line: string) => console.log(line) : null
  const began = performance.now()
  let failed = 0
  for (let seed = first; seed < first + count; seed++) {
    const {broken, digest, steps, processes} = await simulate(seed, {onLine, metrics: values.metrics})
    if (count === 1) console.log(`seed ${seed}: ${steps} steps, ${processes} processes, trace ${digest.slice(0, 16)}`)
    if (broken === null) continue
    failed++
    console.log(`seed ${seed}: ${broken}`)
    console.log(`  again: npm run simulate -- --seed ${seed} --trace${values.metrics ? ' --metrics' : ''}`)
  }
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  console.log(`${count} seeds, ${failed} failed, ${seconds} s`)
  return failed === 0 ? 0 : 1
}
