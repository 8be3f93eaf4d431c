import assert from 'node:assert/strict'
import {test} from 'node:test'
import {isAtLeast} from '../../../src/mysql/server-reader.ts'

test('versions compare by number, whatever a vendor adds behind them', () => {
  assert.ok(isAtLeast('8.0.36', 8, 0, 36))
  assert.ok(isAtLeast('8.4.6-log', 8, 2))
  assert.ok(isAtLeast('9.7.4-2', 8, 0, 22))
  assert.ok(isAtLeast('8.0.mysql_aurora.3.08.0', 8, 0))
  assert.ok(!isAtLeast('8.0.36', 8, 2))
  assert.ok(!isAtLeast('8.0.3', 8, 0, 22))
  assert.ok(!isAtLeast('5.7.44', 8, 0))
})
