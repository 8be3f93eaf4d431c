import assert from 'node:assert/strict'
import {test} from 'node:test'
import {forgetOldPlans, isActive} from '../../../src/snapshot/snapshot-plan.ts'
import type {SnapshotPlan} from '../../../src/snapshot/snapshot-plan.ts'
import {plan} from '../../support/snapshot-parts.ts'

test('a new plan waits with every table, nothing read', () => {
  const fresh = plan(['t', 'u'])
  assert.equal(fresh.state, 'queued')
  assert.deepEqual(
    fresh.tables.map(({table, state, ranges, rowsDone}) => [table.table, state, ranges, rowsDone]),
    [
      ['t', 'waiting', null, 0],
      ['u', 'waiting', null, 0],
    ],
  )
})

test('a plan is active while it is queued or runs', () => {
  for (const [state, active] of [
    ['queued', true],
    ['running', true],
    ['completed', false],
    ['stopped', false],
    ['failed', false],
  ] as const) {
    assert.equal(isActive({...plan(['t']), state}), active, state)
  }
})

test('of ended plans the last ten are kept, active and failed ones all, in their order', () => {
  const states = ['completed', 'stopped', 'failed', 'running'] as const
  const plans: SnapshotPlan[] = Array.from({length: 40}, (_, i) => ({
    ...plan(['t'], {id: String(i)}),
    state: states[i % 4]!,
  }))
  forgetOldPlans(plans)
  const kept = plans.filter(each => each.state === 'completed' || each.state === 'stopped')
  assert.deepEqual(
    kept.map(each => each.id),
    ['20', '21', '24', '25', '28', '29', '32', '33', '36', '37'],
  )
  assert.equal(plans.length, 30)
})
