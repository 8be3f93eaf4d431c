import assert from 'node:assert/strict'
import {test} from 'node:test'
import {progressOf, SnapshotProgressLog} from '../../../src/snapshot/snapshot-progress-log.ts'
import type {TableRun} from '../../../src/snapshot/table-run.ts'
import {rememberingLog} from '../../support/quiet-log.ts'
import {plan, tableRun} from '../../support/snapshot-parts.ts'

/** A run that began `seconds` ago, with `rowsBefore`, and has this many rows done of those estimated. */
function runAt(rowsDone: number, rowsEstimated: number, {seconds = 0, rowsBefore = 0} = {}): TableRun {
  const run = tableRun(plan(['t']))
  run.plan.rowsEstimated = rowsEstimated
  run.plan.rowsDone = rowsBefore
  if (seconds > 0) run.begin(performance.now() - seconds * 1000)
  run.plan.rowsDone = rowsDone
  run.noteProgress()
  return run
}

test('progress is a percentage of the estimate, and a hundred only when the table is done', () => {
  assert.deepEqual(
    [
      [0, 0],
      [0, 200],
      [50, 200],
      [199, 200],
      [200, 200],
      [900, 200],
    ].map(([done, estimated]) => progressOf(runAt(done!, estimated!)).percent),
    [0, 0, 25, 99, 99, 99],
  )
})

test('without a speed nobody knows how long it takes', () => {
  const {rowsPerSecond, secondsLeft, key} = progressOf(runAt(0, 200))
  assert.deepEqual({rowsPerSecond, secondsLeft, key}, {rowsPerSecond: 0, secondsLeft: null, key: null})
})

test('the speed counts only the rows of this process, and tells the time that is left', () => {
  const run = runAt(3_000_000, 4_000_000, {seconds: 1_000, rowsBefore: 2_000_000})
  const {rowsPerSecond, secondsLeft} = progressOf(run)
  assert.ok(rowsPerSecond > 990 && rowsPerSecond <= 1_000, String(rowsPerSecond))
  assert.ok(secondsLeft! >= 1_000 && secondsLeft! < 1_010, String(secondsLeft))
})

test('where more rows came than the server had estimated, nobody knows how long it takes', () => {
  assert.equal(progressOf(runAt(900, 200, {seconds: 10})).secondsLeft, null)
})

test('a table is said to start once, with its bounds, and again after it was done', () => {
  const log = rememberingLog()
  const progress = new SnapshotProgressLog(log)
  const run = runAt(0, 200)
  progress.tableStarted(run)
  progress.tableStarted(run)
  assert.deepEqual(log.lines, [
    {
      level: 'info',
      fields: {table: 'd.t', snapshot: 's', rowsEstimated: 200, maximumKey: '99'},
      sentence: 'table started',
    },
  ])
})

test('chunk progress is said at most every two seconds for each table', () => {
  const log = rememberingLog()
  const progress = new SnapshotProgressLog(log)
  const run = runAt(10, 200)
  progress.tableStarted(run)
  log.lines.length = 0
  progress.progressed(run)
  assert.equal(log.lines.length, 0)
  run.lastLoggedAt = performance.now() - 2_001
  run.lastKey = ['42']
  progress.progressed(run)
  progress.progressed(run)
  assert.deepEqual(log.lines, [
    {
      level: 'info',
      fields: {
        ...{table: 'd.t', snapshot: 's', rows: 10, rowsTotal: 200, percent: 5},
        ...{rowsPerSecond: 0, secondsLeft: null, key: '42'},
      },
      sentence: 'chunk progress',
    },
  ])
})

for (const [state, level, sentence] of [
  ['completed', 'info', 'snapshot done'],
  ['stopped', 'info', 'snapshot stopped'],
  ['failed', 'error', 'snapshot failed'],
] as const) {
  test(`a snapshot that is ${state} is said as "${sentence}"`, () => {
    const log = rememberingLog()
    const snapshot = {...plan(['t', 'u']), state}
    snapshot.tables[0]!.rowsDone = 3
    snapshot.tables[1]!.rowsDone = 4
    snapshot.tables[1]!.error = state === 'failed' ? 'page corrupt' : null
    new SnapshotProgressLog(log).snapshotEnded(snapshot)
    const errors = state === 'failed' ? {errors: ['page corrupt']} : {}
    assert.deepEqual(log.lines, [{level, fields: {snapshot: 's', tables: 2, rows: 7, ...errors}, sentence}])
  })
}
