import assert from 'node:assert/strict'
import {test} from 'node:test'
import {cpuSeconds, peakRssMb, statSeconds} from '../../../bench/process-usage.ts'

test('CPU time is user and system time, also behind a name with blanks and brackets', () => {
  const counters = 'S 1 2 3 0 -1 4194304 10 20 30 40 250 50 7 8 20 0 1 0 12345'
  assert.equal(statSeconds(`4711 (node) ${counters}`), 3)
  assert.equal(statSeconds(`4711 (a) (b c) ${counters}`), 3)
})

test('of no process, and of one that has ended, nothing is known', () => {
  assert.equal(cpuSeconds(null), null)
  assert.equal(peakRssMb(null), null)
  assert.equal(cpuSeconds(2 ** 30), null)
  assert.equal(peakRssMb(2 ** 30), null)
})
