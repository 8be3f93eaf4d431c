import assert from 'node:assert/strict'
import {test} from 'node:test'
import {ThrottleMemory} from '../../../src/task/throttle-memory.ts'

const CONFIGURED = {maxRowsPerSecond: 100, query: null}
const SET = {maxRowsPerSecond: 5, query: 'SELECT 0'}
const OTHER = {maxRowsPerSecond: 200, query: null}

test('limits that were set hold for every task of the process, and none but the configured ones before that', () => {
  const memory = new ThrottleMemory()
  assert.deepEqual(memory.limitsBeside(CONFIGURED), CONFIGURED)
  memory.set(SET, CONFIGURED)
  memory.begun({...CONFIGURED})
  assert.deepEqual(memory.limitsBeside({...CONFIGURED}), SET)
})

test('limits that the configuration changes win, and those that were set before do not come back with the former ones', () => {
  const memory = new ThrottleMemory()
  memory.set(SET, CONFIGURED)
  assert.deepEqual(memory.limitsBeside(OTHER), OTHER)
  memory.begun(OTHER)
  assert.deepEqual(memory.limitsBeside(CONFIGURED), CONFIGURED)
})

test('a change that cannot begin forgets nothing', () => {
  const memory = new ThrottleMemory()
  memory.set(SET, CONFIGURED)
  assert.deepEqual(memory.limitsBeside(OTHER), OTHER)
  assert.deepEqual(memory.limitsBeside(CONFIGURED), SET)
})
