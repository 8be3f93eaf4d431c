import assert from 'node:assert/strict'
import {test} from 'node:test'
import type {SnapshotPlan, TablePlan} from '../../../src/snapshot/snapshot-plan.ts'
import type {TableRun} from '../../../src/snapshot/table-run.ts'
import type {Engine} from '../../../src/task/engine.ts'
import {hasStored, statusReport} from '../../../src/task/status.ts'
import type {StatusContext, StatusReport} from '../../../src/task/status.ts'
import {plan, tableId, tableRun} from '../../support/snapshot-parts.ts'

interface EngineState {
  readonly plans?: readonly SnapshotPlan[]
  readonly runs?: readonly TableRun[]
  readonly dispatcher?: object
  readonly receipts?: readonly object[]
  readonly diverged?: readonly object[]
}

/** As much of an engine as the report looks at. */
function engineOf({plans = [], runs = [], dispatcher = {}, receipts = [], diverged = []}: EngineState): Engine {
  return {
    currentPosition: () => ({file: 'b.000001', pos: 7, gtidSet: 'a:1-5'}),
    dispatcher: {lastEventMs: 0, lagMs: 0, caughtUp: true, lastHeardMs: 0, ...dispatcher},
    timeLeft: {seconds: () => 12.5},
    coordinator: {plans, runs, waitingWindows: 2, budget: {held: 300}},
    signals: {receipts},
    divergences: {list: diverged, remedyOf: () => 'z'},
    tables: {known: {list: []}},
    parallel: {reader: {status: null}},
    emitter: {eventsEmitted: 9, streamBytes: 10, snapshotBytesInFlight: 20},
    notes: {overflows: 3},
    watermarkProblem: 'denied',
  } as unknown as Engine
}

function report(engine: Engine | null, more: Partial<StatusContext> = {}): StatusReport {
  return statusReport({
    name: 'shop',
    version: '1',
    state: 'running',
    streaming: true,
    sinkStatus: {state: 'open'},
    stored: null,
    storeProblem: null,
    error: null,
    ...more,
    engine,
  })
}

function planOf(state: SnapshotPlan['state'], change: Partial<TablePlan> = {}, id = 's'): SnapshotPlan {
  const snapshot = {...plan(['t'], {id}), state}
  Object.assign(snapshot.tables[0]!, change)
  return snapshot
}

test('before the stream begins everything is there, and empty', () => {
  const {position, behindMs, snapshot, signals, diverged, sink} = report(null, {state: 'starting', streaming: false})
  assert.deepEqual(
    {position, behindMs, snapshot, signals, diverged, sink},
    {
      position: {file: '', pos: 0, gtidSet: null},
      behindMs: null,
      snapshot: {
        state: 'idle',
        tables: [],
        parallel: null,
        secondsLeft: null,
        windowsWaiting: 0,
        bytesHeld: 0,
        problem: null,
        throttle: {maxRowsPerSecond: null, query: null, waits: null},
      },
      signals: [],
      diverged: [],
      sink: {state: 'open', eventsEmitted: 0, bytesInFlight: 0},
    },
  )
})

test('the parts of a running task are all told', () => {
  const error = {code: 'X', message: 'm'}
  const stored = {file: 'b.000001', pos: 4, gtidSet: null}
  const told = report(engineOf({}), {
    error,
    stored,
    storeProblem: 'disk full',
    sinkStatus: {state: 'waiting', reason: 'no leader'},
  })
  assert.deepEqual(told.position, {file: 'b.000001', pos: 7, gtidSet: 'a:1-5'})
  assert.deepEqual([told.error, told.stored, told.storeProblem, told.notesOverflowed], [error, stored, 'disk full', 3])
  assert.deepEqual(told.sink, {state: 'waiting', reason: 'no leader', eventsEmitted: 9, bytesInFlight: 30})
  assert.equal(told.snapshot.secondsLeft, 12.5)
  assert.deepEqual([told.snapshot.windowsWaiting, told.snapshot.bytesHeld, told.snapshot.problem], [2, 300, 'denied'])
})

test('the delay is that of the last transaction, grows while the sink takes no more, and while nothing is heard', () => {
  const ago = (ms: number): number => Date.now() - ms
  assert.equal(report(engineOf({dispatcher: {lagMs: 12.4}})).behindMs, 12)
  const waiting = report(engineOf({dispatcher: {caughtUp: false, lastEventMs: ago(60_000), lagMs: 1}})).behindMs!
  assert.ok(waiting >= 60_000 && waiting < 90_000, String(waiting))
  assert.equal(report(engineOf({dispatcher: {caughtUp: false}})).behindMs, null)
  const silent = report(engineOf({dispatcher: {lastHeardMs: ago(60_000), lagMs: 1}}), {streaming: false}).behindMs!
  assert.ok(silent >= 60_000 && silent < 90_000, String(silent))
  assert.equal(report(engineOf({}), {streaming: false}).behindMs, null)
})

test('a snapshot stays failed until its table is copied in full by a later one', () => {
  const failed = planOf('failed', {state: 'failed'})
  const state = (later: Partial<TablePlan>): string =>
    report(engineOf({plans: [failed, planOf('completed', {state: 'done', ...later}, 'later')]})).snapshot.state
  assert.deepEqual(
    [state({}), state({condition: 'id > 5'}), state({table: tableId('u')})],
    ['idle', 'failed', 'failed'],
  )
})

for (const [plans, state] of [
  [[], 'idle'],
  [['completed'], 'idle'],
  [['failed', 'running'], 'running'],
  [['queued', 'failed'], 'running'],
  [['completed', 'failed'], 'failed'],
  [['stopped'], 'idle'],
] as const) {
  test(`snapshots that are ${plans.join(', ') || 'none'} are ${state} together`, () => {
    const tables = {
      completed: 'done',
      failed: 'failed',
      queued: 'waiting',
      running: 'running',
      stopped: 'stopped',
    } as const
    const known = plans.map(each => planOf(each, {state: tables[each]}))
    assert.equal(report(engineOf({plans: known})).snapshot.state, state)
  })
}

test('a table that is done is at a hundred percent with no time left, at its last key', () => {
  const done = planOf('completed', {
    state: 'done',
    rowsDone: 50,
    rowsEstimated: 40,
    chunksDone: 5,
    superseded: 2,
    ranges: [{after: ['42'], upTo: ['99'], done: true}],
  })
  assert.deepEqual(report(engineOf({plans: [done]})).snapshot.tables, [
    {
      table: 'd.t',
      snapshot: 's',
      state: 'done',
      rowsDone: 50,
      rowsEstimated: 50,
      rowsPerSecond: 0,
      secondsLeft: 0,
      percent: 100,
      chunks: 5,
      superseded: 2,
      key: '99',
      problem: null,
    },
  ])
})

test('a table that is read shows how far it is, how fast, and what troubles it', () => {
  const snapshot = planOf('running', {rowsDone: 500, rowsEstimated: 1_000})
  const run = tableRun(snapshot)
  run.plan.rowsDone = 0
  run.begin(performance.now() - 10_000)
  run.plan.rowsDone = 500
  run.noteProgress()
  run.lastKey = ['7']
  run.problem = 'lock wait'
  const [table] = report(engineOf({plans: [snapshot], runs: [run]})).snapshot.tables
  assert.deepEqual([table!.percent, table!.key, table!.problem, table!.state], [50, '7', 'lock wait', 'running'])
  assert.ok(table!.rowsPerSecond > 40 && table!.secondsLeft! >= 10)
})

test('a failed table shows its error and where it stands', () => {
  const failed = planOf('failed', {
    state: 'failed',
    error: 'page corrupt',
    ranges: [{after: ['42'], upTo: ['99'], done: false}],
  })
  const [table] = report(engineOf({plans: [failed]})).snapshot.tables
  assert.deepEqual([table!.key, table!.problem, table!.secondsLeft], ['42', 'page corrupt', null])
})

test('a table that was stopped shows how far it came, and no share where nobody knows of how much', () => {
  const percent = (rowsDone: number, rowsEstimated: number): number | null => {
    const stopped = planOf('failed', {state: 'stopped', rowsDone, rowsEstimated})
    return report(engineOf({plans: [stopped]})).snapshot.tables[0]!.percent
  }
  assert.deepEqual([percent(10, 40), percent(399, 400), percent(0, 400)], [25, 99, 0])
  assert.deepEqual([percent(10, 0), percent(500, 400)], [null, null])
})

test('the last ended snapshots are shown, and all that run or failed', () => {
  const plans = ['failed', 'completed', 'completed', 'completed', 'stopped', 'running'].map((state, i) =>
    planOf(state as SnapshotPlan['state'], {}, String(i)),
  )
  assert.deepEqual(
    report(engineOf({plans})).snapshot.tables.map(table => table.snapshot),
    ['3', '4', '0', '5'],
  )
})

test('the last twenty receipts are told, and divergences without what is only for us', () => {
  const receipts = Array.from({length: 30}, (_, i) => ({id: String(i)}))
  const told = report(engineOf({receipts, diverged: [{table: 'd.t', since: 'x', reason: 'y', atMs: 5}]}))
  assert.deepEqual([told.signals.length, told.signals[0]!.id], [20, '10'])
  assert.deepEqual(told.diverged, [{table: 'd.t', since: 'x', reason: 'y', remedy: 'z'}])
})

test('the report is JSON as it stands', () => {
  const whole = report(engineOf({plans: [planOf('running')]}))
  assert.deepEqual(JSON.parse(JSON.stringify(whole)), structuredClone(whole))
})

test('a place is stored where the stored offset lies at or behind it', () => {
  const stored = {file: 'b.000002', pos: 100, gtidSet: null}
  const told = report(null, {stored})
  for (const [file, pos, expected] of [
    ['b.000001', 999, true],
    ['b.000002', 100, true],
    ['b.000002', 101, false],
    ['b.000003', 4, false],
  ] as const) {
    assert.equal(hasStored(told, {file, pos}), expected)
  }
  assert.equal(hasStored(report(null), {file: 'b.000001', pos: 4}), false)
})
