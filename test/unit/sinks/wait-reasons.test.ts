import assert from 'node:assert/strict'
import {test} from 'node:test'
import {WaitReasons} from '../../../src/sinks/kafka/wait-reasons.ts'
import {rememberingLog} from '../../support/quiet-log.ts'

test('however many partitions wait, beginning, long duration and end are one line each', () => {
  const log = rememberingLog()
  let now = 0
  const waits = new WaitReasons(log, () => now)
  for (let partition = 0; partition < 50; partition++) waits.set(`p${partition}`, 'connect ECONNREFUSED')
  assert.equal(waits.first, 'connect ECONNREFUSED')
  now = 6000
  for (let partition = 0; partition < 50; partition++) waits.set(`p${partition}`, 'connect ECONNREFUSED')
  for (let partition = 0; partition < 50; partition++) waits.clear(`p${partition}`)
  assert.equal(waits.first, null)
  assert.deepEqual(
    log.lines.map(({level, sentence}) => [level, sentence]),
    [
      ['info', 'sink waits'],
      ['warn', 'sink still waits'],
      ['info', 'sink goes on'],
    ],
  )
})

test('what never waited is not said to go on', () => {
  const log = rememberingLog()
  new WaitReasons(log).clear('p')
  assert.deepEqual(log.lines, [])
})
