import assert from 'node:assert/strict'
import {test} from 'node:test'
import {ChunkBudget} from '../../../src/snapshot/chunk-budget.ts'
import type {Lane, RangeJob} from '../../../src/snapshot/chunk-lane.ts'
import type {PreparedTable} from '../../../src/snapshot/prepared-table.ts'
import {RangeScheduler} from '../../../src/snapshot/range-scheduler.ts'
import type {TableRun} from '../../../src/snapshot/table-run.ts'
import {PlayedThrottle} from '../../support/played-throttle.ts'
import {description, fingerprint, plan, tableRun} from '../../support/snapshot-parts.ts'

class IdleLane implements Lane {
  job: RangeJob | null = null
  granted = 0
  cancelled: number[] = []
  closed = false
  start(job: RangeJob): void {
    this.job = job
  }
  grant(_: number, bytes: number): void {
    this.granted += bytes
  }
  cancel(jobId: number): void {
    this.cancelled.push(jobId)
  }
  close(): Promise<void> {
    this.closed = true
    return Promise.resolve()
  }
}

function prepared(): PreparedTable {
  const {shape, messageKey, rowKey, chunkKey, rowBytes} = description('t')
  return {shape, fingerprint: fingerprint('t'), messageKey, rowKey, chunkKey, target: {shape}, rowBytes}
}

function runOf(table: string, ranges = 1): TableRun {
  const run = tableRun(plan([table]), {
    ranges: Array.from({length: ranges}, (_, i) => ({after: [String(i)], upTo: [String(i + 1)], done: false})),
  })
  run.prepared = prepared()
  return run
}

function scheduling(
  lanes: number,
  memoryBytes = 1_000,
  played = new PlayedThrottle(),
): {
  scheduler: RangeScheduler
  lanes: IdleLane[]
  budget: ChunkBudget
} {
  const all = Array.from({length: lanes}, () => new IdleLane())
  const budget = new ChunkBudget(memoryBytes)
  const scheduler = new RangeScheduler({
    lanes: all,
    budget,
    throttle: played.throttle,
    committed: () => 7,
    chunkBytes: 100,
    serverUuid: () => 'one',
    onStart: () => undefined,
  })
  return {scheduler, lanes: all, budget}
}

test("the first table's ranges come first, then those of the next, as far as there are lanes", () => {
  const {scheduler, lanes} = scheduling(3)
  const [first, second] = [runOf('t', 2), runOf('u', 2)]
  scheduler.fill([first, second])
  assert.deepEqual(
    lanes.map(lane => lane.job!.after),
    [['0'], ['1'], ['0']],
  )
  assert.deepEqual(
    [...first.ranges, ...second.ranges].map(range => range.jobId !== null),
    [true, true, true, false],
  )
  assert.equal(first.ranges[0]!.lowBound, 7)
})

test('a range that is read, done, running or backing off is not started, nor one of a table that is not ready', () => {
  const {scheduler, lanes} = scheduling(8)
  const run = runOf('t', 4)
  run.ranges[0]!.readToEnd = true
  run.ranges[1]!.plan.done = true
  run.ranges[2]!.notBefore = Infinity
  const [unprepared, stopped] = [runOf('u'), runOf('w')]
  unprepared.prepared = null
  stopped.plan.state = 'stopped'
  scheduler.fill([run, unprepared, stopped])
  scheduler.fill([run, unprepared, stopped])
  assert.deepEqual(
    lanes.flatMap(lane => lane.job?.after ?? []),
    ['3'],
  )
})

test('a lane that is free again takes the next range', () => {
  const {scheduler, lanes} = scheduling(1)
  const run = runOf('t', 2)
  scheduler.fill([run])
  const {jobId} = lanes[0]!.job!
  assert.equal(scheduler.rangeOf(jobId), run.ranges[0])
  run.ranges[0]!.readToEnd = true
  assert.equal(scheduler.finished(jobId), run.ranges[0])
  assert.equal(scheduler.rangeOf(jobId), null)
  assert.equal(scheduler.finished(jobId), null, 'a job ends once')
  scheduler.fill([run])
  assert.deepEqual(lanes[0]!.job!.after, ['1'])
  assert.notEqual(lanes[0]!.job!.jobId, jobId)
})

test('bytes that a job did not use are free again when it ends', () => {
  const {scheduler, lanes, budget} = scheduling(1)
  scheduler.fill([runOf('t')])
  const {jobId} = lanes[0]!.job!
  scheduler.wants(jobId, 300, 10)
  scheduler.wants(jobId, 200, 10)
  assert.deepEqual([budget.held, lanes[0]!.granted], [500, 500])
  scheduler.used({jobId, granted: 300, rows: 10})
  scheduler.finished(jobId)
  assert.equal(budget.held, 300, 'those of the chunk that came are held until its rows have left')
})

test('a job that is over, cancelled or of a stopped table gets no bytes any more', () => {
  const {scheduler, lanes, budget} = scheduling(1, 100)
  const run = runOf('t')
  scheduler.fill([run])
  const {jobId} = lanes[0]!.job!
  scheduler.wants(jobId, 100, 10)
  scheduler.wants(jobId, 100, 10)
  run.ranges[0]!.restart = true
  budget.release(100)
  assert.deepEqual([budget.held, lanes[0]!.granted], [0, 100])
  run.ranges[0]!.restart = false
  run.plan.state = 'stopped'
  scheduler.wants(jobId, 100, 10)
  scheduler.wants(99, 100, 10)
  assert.equal(budget.held, 0)
})

test('a range without a job has nothing to cancel', () => {
  const {scheduler, lanes} = scheduling(1)
  const run = runOf('t', 2)
  scheduler.fill([run])
  scheduler.cancel(run.ranges[1]!)
  assert.deepEqual(lanes[0]!.cancelled, [])
  scheduler.cancel(run.ranges[0]!)
  assert.deepEqual(lanes[0]!.cancelled, [run.ranges[0]!.jobId])
})

test('closing closes every lane', async () => {
  const {scheduler, lanes} = scheduling(2)
  await scheduler.close()
  assert.deepEqual(
    lanes.map(lane => lane.closed),
    [true, true],
  )
})

test('rows that were let in for a chunk behind the last one count for nothing, those of a SELECT that was cut off do', () => {
  for (const isRead of [true, false]) {
    const played = new PlayedThrottle({maxRowsPerSecond: 100})
    const {scheduler, lanes} = scheduling(1, 1_000, played)
    const run = runOf('t')
    scheduler.fill([run])
    const {jobId} = lanes[0]!.job!
    scheduler.wants(jobId, 10, 60)
    scheduler.wants(jobId, 10, 60)
    played.pass(600)
    scheduler.used({jobId, granted: 10, rows: 60})
    run.ranges[0]!.readToEnd = isRead
    scheduler.finished(jobId)
    assert.equal(played.want(run.snapshot, 1).at, isRead ? 600 : null)
  }
})
