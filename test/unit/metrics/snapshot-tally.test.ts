import assert from 'node:assert/strict'
import {test} from 'node:test'
import {SnapshotTally} from '../../../src/metrics/snapshot-tally.ts'
import type {SnapshotPlan} from '../../../src/snapshot/snapshot-plan.ts'
import type {TableRun} from '../../../src/snapshot/table-run.ts'
import {chunkRun, plan, readChunk, tableRun} from '../../support/snapshot-parts.ts'

function copied(tally: SnapshotTally, run: TableRun, rows: number): void {
  run.plan.rowsDone += rows
  tally.progressed(run)
}

function end(tally: SnapshotTally, snapshot: SnapshotPlan, state: 'completed' | 'stopped' | 'failed'): void {
  snapshot.state = state
  const table = ({completed: 'done', stopped: 'stopped', failed: 'failed'} as const)[state]
  for (const each of snapshot.tables) each.state = table
  tally.snapshotEnded(snapshot)
}

test('rows of a table only grow: over chunks, several snapshots, and a plan that begins again', () => {
  const tally = new SnapshotTally()
  const first = plan(['t'])
  const run = tableRun(first)
  copied(tally, run, 100)
  copied(tally, run, 50)
  tally.tableEnded(run)
  const second = tableRun(plan(['t']))
  copied(tally, second, 7)
  second.plan.rowsDone = 0
  tally.progressed(second)
  copied(tally, second, 3)
  assert.deepEqual([...tally.read([], false).rowsScanned], [['d.t', 160]])
})

test('counts begin with what the stored state knows, and each row counts once', () => {
  const tally = new SnapshotTally()
  const done = plan(['t'], {id: 'old'})
  done.tables[0]!.rowsDone = 10
  done.tables[0]!.superseded = 2
  done.state = 'completed'
  const going = plan(['t', 'u'], {id: 'new'})
  going.state = 'running'
  const run = tableRun(going)
  run.plan.rowsDone = 5
  tally.restored([done, going], false)
  copied(tally, run, 1)
  const told = tally.read([done, going], false)
  assert.deepEqual(Object.fromEntries(told.rowsScanned), {'d.t': 16, 'd.u': 0})
  assert.equal(told.superseded.get('d.t'), 2)
  assert.equal(told.isRunning, true)
  assert.equal(told.ended, null)
})

test('tables remain until they are done or stopped; a failed one until any snapshot has copied it', () => {
  const tally = new SnapshotTally()
  const plans: SnapshotPlan[] = []
  const accept = (snapshot: SnapshotPlan): SnapshotPlan => {
    plans.push(snapshot)
    tally.accepted(snapshot)
    return snapshot
  }
  const counts = (): [number, number] => {
    const {total, remaining} = tally.read(plans, false).tables
    return [remaining, total]
  }
  const first = accept(plan(['a', 'b', 'c']))
  const second = accept(plan(['x'], {id: 's2'}))
  assert.deepEqual(counts(), [4, 4])
  first.tables[0]!.state = 'done'
  first.tables[1]!.state = 'running'
  assert.deepEqual(counts(), [3, 4])
  first.tables[1]!.state = 'failed'
  first.tables[2]!.state = 'stopped'
  first.state = 'failed'
  tally.snapshotEnded(first)
  assert.deepEqual(counts(), [2, 4])
  end(tally, second, 'completed')
  assert.deepEqual(counts(), [1, 4])
  const third = accept(plan(['b'], {id: 's3'}))
  assert.deepEqual(counts(), [2, 2])
  end(tally, third, 'completed')
  assert.deepEqual(counts(), [0, 1])
  assert.deepEqual(tally.read(plans, false).endedCounts, {completed: 2, stopped: 0, failed: 1})
})

test('running, paused and how it ended exclude each other', () => {
  const tally = new SnapshotTally()
  const snapshot = plan(['t'])
  const state = (isPaused = false): unknown[] => {
    const {isRunning, isPaused: paused, ended} = tally.read([snapshot], isPaused)
    return [isRunning, paused, ended]
  }
  tally.accepted(snapshot)
  assert.deepEqual(state(), [true, false, null])
  tally.paused()
  assert.deepEqual(state(true), [false, true, null])
  tally.resumed([snapshot])
  end(tally, snapshot, 'failed')
  assert.deepEqual(state(), [false, false, 'failed'])
  snapshot.state = 'queued'
  tally.resumed([snapshot])
  assert.deepEqual(state(), [true, false, null])
  end(tally, snapshot, 'completed')
  assert.deepEqual(state(), [false, false, 'completed'])
})

test('the time of a snapshot runs from its acceptance to its end, pauses counted apart', () => {
  let now = 1000
  const tally = new SnapshotTally(() => now)
  const times = (): number[] => {
    const {durationSeconds, pausedSeconds} = tally.read([], false)
    return [durationSeconds, pausedSeconds]
  }
  assert.deepEqual(times(), [0, 0])
  const snapshot = plan(['t'])
  tally.accepted(snapshot)
  now += 2000
  tally.paused()
  now += 5000
  assert.deepEqual(times(), [7, 5])
  tally.resumed([snapshot])
  now += 1000
  end(tally, snapshot, 'stopped')
  now += 9000
  assert.deepEqual(times(), [8, 5])
})

test('a table shows the chunk read last with its bounds until it ends', () => {
  const tally = new SnapshotTally()
  const snapshot = plan(['t'], {id: 'ad-hoc'})
  const run = tableRun(snapshot)
  const [range] = run.ranges
  tally.chunkRead(chunkRun(range!, readChunk([1, 2], {more: true})))
  tally.chunkRead(chunkRun(range!, readChunk([3, 4], {more: true})))
  assert.deepEqual(tally.read([snapshot], false).chunks, [
    {id: 'ad-hoc/d.t/2', table: 'd.t', chunkFrom: '2', chunkTo: '4', tableFrom: '', tableTo: '99'},
  ])
  tally.tableEnded(run)
  assert.deepEqual(tally.read([snapshot], false).chunks, [])
})

test('rows of a copy that begins again count, also where it is confirmed in one go up to where it was', () => {
  const tally = new SnapshotTally()
  const run = tableRun(plan(['t']))
  copied(tally, run, 2)
  run.plan.rowsDone = 0
  tally.chunkRead(chunkRun(run.ranges[0]!, readChunk([1, 2])))
  copied(tally, run, 2)
  assert.equal(tally.read([], false).rowsScanned.get('d.t'), 4)
})

test('where the task begins again, rows that are counted are not counted again, and the round goes on', () => {
  let now = 1000
  const tally = new SnapshotTally(() => now)
  const first = plan(['t', 'u'])
  first.state = 'running'
  tally.accepted(first)
  copied(tally, tableRun(first), 100)
  tally.suspended([first], false)
  tally.suspended([], false)
  const between = tally.read([], false)
  assert.deepEqual([between.isRunning, between.tables.remaining, between.tables.total], [true, 2, 2])
  now += 5000
  const again = plan(['t', 'u'])
  again.state = 'running'
  const run = tableRun(again)
  run.plan.rowsDone = 60
  tally.restored([again], false)
  copied(tally, run, 10)
  const told = tally.read([again], false)
  assert.deepEqual([told.rowsScanned.get('d.t'), told.durationSeconds, told.tables.total], [110, 5, 2])
  end(tally, again, 'completed')
  assert.deepEqual([tally.read([again], false).tables.total, tally.read([again], false).ended], [2, 'completed'])
})
