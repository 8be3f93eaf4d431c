import assert from 'node:assert/strict'
import {test} from 'node:test'
import {readingOrder} from '../../../src/snapshot/reading-order.ts'
import type {TableRun} from '../../../src/snapshot/table-run.ts'
import {plan, tableRun} from '../../support/snapshot-parts.ts'

function runs(...wanted: readonly (readonly [table: string, priority: number])[]): TableRun[] {
  return wanted.map(([table, priority]) => tableRun(plan([table], {id: `${table}${priority}`, terms: {priority}})))
}

function order(all: readonly TableRun[]): string[] {
  return readingOrder(all).map(({snapshot}) => snapshot.id)
}

test('a higher priority is read first, equal ones as they were accepted', () => {
  assert.deepEqual(order(runs(['a', 0], ['b', 5], ['c', -1], ['d', 5], ['e', 0])), ['b5', 'd5', 'a0', 'e0', 'c-1'])
})

test('a table that is wanted twice is read in order of acceptance, and the earlier one is not held up by what lies between', () => {
  assert.deepEqual(order(runs(['t', -1], ['u', 0], ['t', 7], ['v', 3])), ['t-1', 't7', 'v3', 'u0'])
})

test('when the later one has gone, the earlier one has its own priority again', () => {
  const [t, u, later] = runs(['t', -1], ['u', 0], ['t', 7])
  readingOrder([t!, u!, later!])
  assert.deepEqual(order([t!, u!]), ['u0', 't-1'])
  assert.equal(t!.rank, -1)
})
