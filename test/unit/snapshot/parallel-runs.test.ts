import assert from 'node:assert/strict'
import {test} from 'node:test'
import {TidemarkError} from '../../../src/core/tidemark-error.ts'
import type {ParallelEvents, ParallelTables} from '../../../src/snapshot/parallel-tables.ts'
import type {ReadSlice} from '../../../src/snapshot/copy-slices.ts'
import type {SnapshotPlan, SnapshotTerms} from '../../../src/snapshot/snapshot-plan.ts'
import type {TableRun} from '../../../src/snapshot/table-run.ts'
import {Coordination} from '../../support/played-snapshot.ts'
import {description, readChunk, tableId} from '../../support/snapshot-parts.ts'
import {settled} from '../../support/stream-parts.ts'

/** A parallel reader that the test plays. */
class PlayedParallel implements ParallelTables {
  run: TableRun | null = null
  told: ParallelEvents | null = null
  isOpen = false
  status: {table: string} | null = null
  readonly stopped: string[] = []
  readonly started: string[] = []

  get busy(): boolean {
    return this.isOpen
  }
  start(run: TableRun, told: ParallelEvents): void {
    this.run = run
    this.told = told
    this.isOpen = true
    this.started.push(run.text)
  }
  /** Nothing was locked yet: nothing is left of it. */
  freesAtOnce = false
  stop(run: TableRun): void {
    this.stopped.push(run.text)
    if (this.freesAtOnce) this.free()
  }
  fail(error: Error): void {
    this.isOpen = false
    this.told!.failed(error)
  }
  free(): void {
    this.isOpen = false
    this.told!.free()
  }
}

function scene(options: ConstructorParameters<typeof Coordination>[0] = {}): {c: Coordination; p: PlayedParallel} {
  const c = new Coordination(options).begin()
  const p = new PlayedParallel()
  c.coordinator.parallelTables = p
  return {c, p}
}

function accept(c: Coordination, tables: readonly string[], terms: SnapshotTerms = {}, id = 's'): SnapshotPlan {
  return c.coordinator.accept({
    id,
    kind: 'incremental',
    terms,
    tables: tables.map(table => ({
      table: tableId(table),
      condition: null,
      surrogateKey: null,
      reader: 'parallel',
    })),
  })
}

function slice(ids: readonly number[], more: Partial<ReadSlice> = {}): ReadSlice {
  return {...readChunk(ids), last: false, ...more}
}

const target = {shape: description('t').shape}

test('a table that turns out to have no key goes by the parallel reader, and nothing is noted of it', async () => {
  const {c, p} = scene()
  c.describe = () => Promise.reject(new TidemarkError('TIDEMARK_SNAPSHOT_NO_KEY', 'no key'))
  const plan = c.accept(['t'])
  await c.commit()
  assert.deepEqual(p.started, ['d.t'])
  assert.equal(plan.tables[0]!.reader, 'parallel')
  assert.equal(c.notes.of('d.t'), null)
})

test('a part of a table without a key is no copy: it fails', async () => {
  const {c, p} = scene()
  c.describe = () => Promise.reject(new TidemarkError('TIDEMARK_SNAPSHOT_NO_KEY', 'no key'))
  c.coordinator.accept({
    id: 's',
    kind: 'incremental',
    tables: [{table: tableId('t'), condition: 'id > 1', surrogateKey: null}],
  })
  await c.commit()
  assert.deepEqual(p.started, [])
  assert.equal(c.coordinator.runs[0]!.problemCode, 'TIDEMARK_SNAPSHOT_NO_KEY')
})

test('a table that is stopped before it was locked is not started again by the room that it makes', async () => {
  const {c, p} = scene()
  p.freesAtOnce = true
  const plan = accept(c, ['t'])
  accept(c, ['u'], {}, 'next')
  c.coordinator.stop(table => table.table === 't')
  await settled()
  assert.equal(plan.state, 'stopped')
  assert.deepEqual(p.started, ['d.t', 'd.u'])
})

test('one table is copied at a time, and the next waits until the branch of the first is gone', async () => {
  const {c, p} = scene()
  const plan = accept(c, ['t', 'u'])
  assert.deepEqual(p.started, ['d.t'])
  const slices = c.coordinator.openSlices(p.run!)
  slices.take(slice([1, 2], {last: true}), target)
  assert.equal(c.enqueued.length, 1)
  c.leave()
  await slices.done
  p.told!.copied()
  await settled()
  assert.deepEqual([plan.tables[0]!.state, plan.tables[0]!.rowsDone], ['done', 2])
  assert.deepEqual(p.started, ['d.t'], 'its branch is open')
  p.free()
  assert.deepEqual(p.started, ['d.t', 'd.u'])
  assert.equal(c.coordinator.budget.held, 0)
})

test('a table that is acknowledged is done when the parallel reader says so, not before', () => {
  const {c, p} = scene()
  const plan = accept(c, ['t'])
  const slices = c.coordinator.openSlices(p.run!)
  slices.take(slice([1], {last: true}), target)
  c.leave()
  assert.equal(plan.tables[0]!.state, 'running')
  p.told!.copied()
  assert.equal(plan.state, 'completed')
})

test('while a branch of a table is open no window of it is read, and windows of others are', async () => {
  const {c, p} = scene({lanes: 2})
  accept(c, ['t'])
  c.accept(['t', 'u'], 'later')
  await c.commit()
  assert.equal(c.lane().job.shape.id.table, 'u')
  const slices = c.coordinator.openSlices(p.run!)
  slices.take(slice([], {last: true}), target)
  p.told!.copied()
  await c.pass()
  assert.deepEqual(c.described, ['u'], 'the branch has not been taken over')
  p.free()
  await c.commit()
  assert.deepEqual(c.described, ['u', 't'])
})

test('a table that is being read by windows is not copied by the parallel reader at the same time', async () => {
  const {c, p} = scene()
  c.accept(['t'], 'windows')
  await c.pass()
  accept(c, ['t'])
  await c.commit()
  assert.deepEqual(p.started, [])
  await c.copy()
  assert.deepEqual(p.started, ['d.t'])
})

test('a copy that was cut off is begun again from the first row, and what it had sent counts for nothing', async () => {
  const {c, p} = scene()
  const plan = accept(c, ['t', 'u'])
  const first = c.coordinator.openSlices(p.run!)
  first.take(slice([1, 2]), target)
  const [sent] = c.enqueued
  c.coordinator.pieceSent(sent!, true)
  first.take(slice([3]), target)
  p.fail(new Error('lost'))
  assert.equal(c.coordinator.budget.held, 0)
  assert.equal(sent!.state, 'dropped')
  c.coordinator.runs[0]!.notBefore = 0
  c.coordinator.advance()
  assert.deepEqual(p.started, ['d.t', 'd.t'], 'it goes on before another begins')
  const second = c.coordinator.openSlices(p.run!)
  second.take(slice([1, 2, 3], {last: true}), target)
  c.coordinator.pieceAcknowledged(sent!)
  c.leave()
  await second.done
  p.told!.copied()
  assert.deepEqual([plan.tables[0]!.state, plan.tables[0]!.rowsDone], ['done', 3])
})

test('a pause grants nothing more, and the resume goes on where it was', () => {
  const {c, p} = scene()
  accept(c, ['t'])
  const granted: number[] = []
  const slices = c.coordinator.openSlices(p.run!)
  slices.request(100, 10, (_, rows) => granted.push(rows))
  c.coordinator.pause()
  slices.request(100, 10, (_, rows) => granted.push(rows))
  assert.deepEqual(granted, [10])
  slices.take(slice([1], {granted: 100}), target)
  assert.equal(c.enqueued.length, 1)
  c.coordinator.resume()
  assert.deepEqual(granted, [10, 10])
  assert.deepEqual(p.started, ['d.t'])
})

test('max-rows-per-second holds for a copy, too', () => {
  const {c, p} = scene()
  accept(c, ['t'], {maxRowsPerSecond: 10})
  const granted: number[] = []
  const slices = c.coordinator.openSlices(p.run!)
  slices.request(100, 50, (_, rows) => granted.push(rows))
  slices.request(100, 50, (_, rows) => granted.push(rows))
  assert.deepEqual(granted, [10])
  c.played.pass(1_000)
  assert.deepEqual(granted, [10, 10])
})

test('a higher priority is copied first', () => {
  const {c, p} = scene()
  accept(c, ['t', 'u'])
  accept(c, ['w'], {priority: 5}, 'high')
  const slices = c.coordinator.openSlices(p.run!)
  slices.take(slice([], {last: true}), target)
  p.told!.copied()
  p.free()
  assert.deepEqual(p.started, ['d.t', 'd.w'])
})

test('a stop ends the copy, and the next one waits for its branch', async () => {
  const {c, p} = scene()
  const plan = accept(c, ['t', 'u'])
  const slices = c.coordinator.openSlices(p.run!)
  slices.take(slice([1, 2]), target)
  c.coordinator.stop(({table}) => table === 't')
  assert.deepEqual([p.stopped, plan.tables[0]!.state, c.coordinator.budget.held], [['d.t'], 'stopped', 0])
  await settled()
  assert.deepEqual(p.started, ['d.t'])
  p.free()
  assert.deepEqual(p.started, ['d.t', 'd.u'])
})

test('a copy that fails again and again is given up, and resume-snapshot goes on with it', async () => {
  const {c, p} = scene()
  const plan = accept(c, ['t'])
  for (let i = 0; i < 10 && plan.state !== 'failed'; i++) {
    p.fail(new Error('refused'))
    for (const run of c.coordinator.runs) run.notBefore = 0
    c.coordinator.advance()
  }
  assert.deepEqual([plan.state, plan.tables[0]!.error, p.stopped], ['failed', 'refused', ['d.t']])
  const before = p.started.length
  c.coordinator.resume()
  await settled()
  assert.equal(p.started.length, before + 1)
})

test('a restored copy begins again, before those that had not begun', () => {
  const {c} = scene()
  accept(c, ['t', 'u'])
  const stored = structuredClone(c.coordinator.plans)
  Object.assign(stored[0]!.tables[0]!, {state: 'waiting'})
  Object.assign(stored[0]!.tables[1]!, {state: 'running'})
  const second = new Coordination()
  const p = new PlayedParallel()
  second.coordinator.parallelTables = p
  second.coordinator.restore({snapshots: stored})
  second.coordinator.begin()
  assert.deepEqual(p.started, ['d.u'])
})

test('while the branch of before a restart is open no window of its table is read', async () => {
  const {c, p} = scene({lanes: 2})
  p.isOpen = true
  p.status = {table: 'd.t'}
  c.accept(['t', 'u'])
  await c.commit()
  assert.deepEqual(c.described, ['u'])
  p.isOpen = false
  c.coordinator.advance()
  await c.commit()
  assert.deepEqual(c.described, ['u', 't'])
})

test('a definition that changes in the stream does not disturb a copy', () => {
  const {c, p} = scene()
  accept(c, ['t'])
  const slices = c.coordinator.openSlices(p.run!)
  slices.take(slice([1]), target)
  c.coordinator.schemaChanged(tableId('t'), null)
  assert.equal(c.enqueued[0]!.state, 'closed')
})
