import assert from 'node:assert/strict'
import {test} from 'node:test'
import {waitReason} from '../../../src/task/throttle-answer.ts'

test('0 in any spelling, and no row, let snapshots go on', () => {
  for (const rows of [[[0]], [['0']], [['0.00']], [[0n]], [[0, 1], [1]], []]) assert.equal(waitReason(rows), null)
})

test('everything else has them wait, with the reason', () => {
  for (const value of [1, '1', '1.0', 1n]) assert.equal(waitReason([[value]]), 'returned 1')
  assert.equal(waitReason([[null]]), 'returned NULL')
  for (const value of [2, -1, '', 'no', 'OFF', true, Buffer.from('0')]) {
    assert.equal(waitReason([[value]]), 'returned neither 0 nor 1', JSON.stringify(value))
  }
})

test('what is no SELECT is refused', () => {
  assert.throws(() => waitReason({affectedRows: 1}), {code: 'TIDEMARK_SNAPSHOT_THROTTLE_QUERY'})
})
