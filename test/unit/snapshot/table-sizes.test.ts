import assert from 'node:assert/strict'
import {test} from 'node:test'
import {fillSizes} from '../../../src/snapshot/table-sizes.ts'
import type {TableRun} from '../../../src/snapshot/table-run.ts'
import {plan, tableRun} from '../../support/snapshot-parts.ts'

function waiting(names: readonly string[]): TableRun[] {
  const snapshot = plan(names)
  return names.map((_, index) => {
    const run = tableRun(snapshot, {index})
    Object.assign(run.plan, {ranges: null, state: 'waiting'})
    return run
  })
}

test('tables that wait get the estimate of the server, many with one query', async () => {
  const runs = waiting(Array.from({length: 250}, (_, i) => `t${i}`))
  const asked: number[] = []
  await fillSizes(
    {
      sizes: tables => {
        asked.push(tables.length)
        return Promise.resolve(tables.map(({table}) => ({rowsEstimated: Number(table.slice(1)), rowBytes: 70})))
      },
    },
    runs,
  )
  assert.deepEqual(asked, [100, 100, 50])
  assert.deepEqual([runs[249]!.plan.rowsEstimated, runs[249]!.rowBytes, runs[249]!.rowsLeft], [249, 70, 249])
})

test('what is known by the time the answer comes is left alone', async () => {
  const [known, gone] = waiting(['a', 'b'])
  const answer = fillSizes({sizes: () => Promise.resolve([1, 2].map(n => ({rowsEstimated: n, rowBytes: n})))}, [
    known!,
    gone!,
  ])
  Object.assign(known!.plan, {ranges: [], rowsEstimated: 9})
  gone!.plan.state = 'stopped'
  await answer
  assert.deepEqual([known!.plan.rowsEstimated, gone!.plan.rowsEstimated], [9, 0])
})

test('a server that does not answer is told of by whoever needs it', async () => {
  await fillSizes({sizes: () => Promise.reject(new Error('away'))}, waiting(['a']))
})
