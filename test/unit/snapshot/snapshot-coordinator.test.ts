import assert from 'node:assert/strict'
import {test} from 'node:test'
import {TidemarkError} from '../../../src/core/tidemark-error.ts'
import type {SnapshotPlan} from '../../../src/snapshot/snapshot-plan.ts'
import {Coordination, TransientError} from '../../support/played-snapshot.ts'
import {description, fingerprint, tableId} from '../../support/snapshot-parts.ts'
import {settled, streamTable} from '../../support/stream-parts.ts'

function states(plan: SnapshotPlan): string[] {
  return [plan.state, ...plan.tables.map(table => table.state)]
}

test('tables are read in plan order, one after the other, and the snapshot completes', async () => {
  const c = new Coordination().begin()
  const plan = c.accept(['t', 'u'])
  assert.deepEqual(states(plan), ['queued', 'waiting', 'waiting'])
  await c.commit()
  assert.equal(c.lane().job.shape.id.table, 't')
  await c.copy()
  assert.deepEqual(states(plan), ['running', 'done', 'running'])
  assert.equal(c.lane().job.shape.id.table, 'u')
  await c.copy()
  assert.deepEqual(states(plan), ['completed', 'done', 'done'])
  assert.deepEqual(c.done, ['d.t', 'd.u'])
  assert.equal(c.coordinator.active, false)
  assert.equal(c.notes.of('d.t'), null)
  assert.equal(c.coordinator.budget.held, 0)
})

test('nothing is read before the stream is on its way, but noting begins at once', async () => {
  const c = new Coordination()
  c.accept(['t'])
  assert.notEqual(c.notes.of('d.t'), null)
  await c.commit()
  assert.deepEqual(c.described, [])
  c.coordinator.begin()
  await c.commit()
  assert.deepEqual(c.described, ['t'])
})

test('I2: definition, maximum key and rows are read behind a mark that was issued after noting began', async () => {
  const c = new Coordination().begin()
  c.marks.issued = 3
  c.accept(['t'])
  c.marks.commit(3)
  for (let i = 0; i < 4; i++) await settled()
  assert.deepEqual(c.described, [], 'the mark that was on its way does not count')
  await c.commit()
  assert.deepEqual(c.described, ['t'])
  assert.equal(c.marks.committed, 4)
})

test('a window closes at the first mark that was issued after its rows were read', async () => {
  const c = new Coordination().begin()
  c.accept(['t'])
  await c.pass()
  c.marks.issued++
  c.lane().deliver([1], {low: 1, more: true})
  c.marks.commit(c.marks.issued)
  c.coordinator.markSeen(c.marks.issued)
  assert.equal(c.enqueued.length, 0, 'the mark on its way when the rows came may lie before them')
  await c.pass()
  assert.equal(c.enqueued.length, 1)
})

test('windows close in the order of reading, and one mark closes several', async () => {
  const c = new Coordination().begin()
  c.accept(['t'])
  await c.pass()
  for (const id of [1, 2, 3]) c.lane().deliver([id], {more: true})
  assert.equal(c.coordinator.waitingWindows, 3)
  await c.pass()
  assert.deepEqual(
    c.enqueued.map(({chunk}) => chunk.end),
    [['1'], ['2'], ['3']],
  )
  assert.equal(c.coordinator.waitingWindows, 0)
})

test('an empty table is done without reading', async () => {
  const c = new Coordination().begin()
  c.maximumKey = () => Promise.resolve(null)
  const plan = c.accept(['t'])
  await c.commit()
  assert.deepEqual(states(plan), ['completed', 'done'])
  assert.equal(c.lanes[0]!.job, null)
})

test('a snapshot of no table completes at once', () => {
  assert.deepEqual(states(new Coordination().begin().accept([])), ['completed'])
})

test('stopping one table ends its SELECT, drops its windows and their bytes, and the next table goes on', async () => {
  const c = new Coordination().begin()
  const plan = c.accept(['t', 'u'])
  await c.pass()
  const lane = c.lane()
  lane.deliver([1, 2], {more: true})
  assert.deepEqual(
    c.coordinator.stop(({table}) => table === 't'),
    [tableId('t')],
  )
  assert.equal(lane.cancelled, 1)
  assert.equal(c.coordinator.waitingWindows, 0)
  lane.end()
  assert.deepEqual(states(plan), ['running', 'stopped', 'running'])
  assert.equal(c.lane().job.shape.id.table, 'u')
  await c.copy()
  assert.deepEqual(states(plan), ['completed', 'stopped', 'done'])
  assert.equal(c.coordinator.budget.held, 0)
  assert.equal(c.notes.of('d.t'), null)
})

test('a chunk that comes after its table was stopped holds nothing and is not emitted', async () => {
  const c = new Coordination().begin()
  c.accept(['t'])
  await c.pass()
  c.coordinator.stop(() => true)
  c.lane().deliver([1])
  await c.pass()
  assert.deepEqual([c.enqueued.length, c.coordinator.budget.held], [0, 0])
})

test('stopping everything stops what is queued, too, and says which tables', async () => {
  const c = new Coordination().begin()
  const plans = [c.accept(['t', 'u'], 'a'), c.accept(['w'], 'b')]
  await c.pass()
  assert.deepEqual(
    c.coordinator.stop(() => true).map(({table}) => table),
    ['t', 'u', 'w'],
  )
  assert.deepEqual(plans.map(states), [
    ['stopped', 'stopped', 'stopped'],
    ['stopped', 'stopped'],
  ])
  assert.equal(c.coordinator.active, false)
  assert.equal(c.sentences().filter(sentence => sentence === 'snapshot stopped').length, 2)
  assert.deepEqual(
    c.coordinator.stop(() => true),
    [],
  )
})

test('a table that is stopped while it is prepared is never read', async () => {
  const c = new Coordination().begin()
  c.accept(['t'])
  c.coordinator.stop(() => true)
  assert.equal(c.killedPreparations, 1)
  await c.commit()
  assert.equal(c.lanes[0]!.job, null)
})

test('the same table in a second snapshot waits for the first, keeps its notes, and is copied again', async () => {
  const c = new Coordination().begin()
  const plans = [c.accept(['t'], 'a'), c.accept(['t'], 'b')]
  const notes = c.notes.of('d.t')
  await c.commit()
  assert.deepEqual(c.described, ['t'])
  await c.copy()
  assert.deepEqual(plans.map(states), [
    ['completed', 'done'],
    ['running', 'running'],
  ])
  assert.equal(c.notes.of('d.t'), notes)
  await c.copy()
  assert.deepEqual(states(plans[1]!), ['completed', 'done'])
  assert.equal(c.notes.of('d.t'), null)
})

test('a chunk that fails is read again from the same key, on what is known of the table', async () => {
  const c = new Coordination().begin()
  c.accept(['t'])
  await c.pass()
  c.lane().deliver([1], {more: true})
  c.lane().fail(new TransientError('lock wait'))
  assert.equal(c.lanes[0]!.job, null, 'not before its backoff')
  retryNow(c)
  assert.deepEqual(c.lane().job.after, ['1'])
  assert.deepEqual(c.described, ['t'])
})

test('an error that speaks against the statement has the table looked at again, and its windows read again', async () => {
  const c = new Coordination().begin()
  c.accept(['t'])
  await c.pass()
  c.lane().deliver([1], {more: true})
  c.lane().fail(new Error('unknown column'))
  retryNow(c)
  await c.commit()
  assert.deepEqual(c.described, ['t', 't'])
  assert.equal(c.lane().job.after, null)
  assert.equal(c.coordinator.waitingWindows, 0)
})

test('after its last try a table has failed: it keeps its progress, and nothing is completed', async () => {
  const c = new Coordination().begin()
  const plan = c.accept(['t'])
  await c.pass()
  c.lane().deliver([1, 2], {more: true})
  await c.pass()
  c.leave()
  for (let i = 0; i < 6; i++) {
    assert.equal(plan.tables[0]!.state, 'running')
    retryNow(c)
    c.lane().fail(new TransientError('page corrupt'))
  }
  assert.deepEqual(states(plan), ['failed', 'failed'])
  assert.deepEqual(plan.tables[0]!.ranges, [{after: ['2'], upTo: ['99'], done: false}])
  assert.equal(plan.tables[0]!.error, 'page corrupt')
  assert.deepEqual(c.done, [])
  assert.ok(c.log.lines.some(({level, sentence}) => level === 'error' && sentence === 'snapshot failed'))
})

test('while a table waits for its next try the next one is read, and a failed one does not stop it', async () => {
  const c = new Coordination().begin()
  const plan = c.accept(['t', 'u'])
  await c.pass()
  c.lane().fail(new TransientError('lock wait'))
  assert.equal(c.lane().job.shape.id.table, 'u')
  await c.copy()
  for (let i = 0; i < 5; i++) {
    retryNow(c)
    c.lane().fail(new TransientError('lock wait'))
  }
  assert.deepEqual(states(plan), ['failed', 'failed', 'done'])
  assert.deepEqual(c.done, ['d.u'])
})

/** What waits for its backoff may be tried now. */
function retryNow(c: Coordination): void {
  for (const run of c.coordinator.runs) {
    run.notBefore = 0
    for (const range of run.ranges) range.notBefore = 0
  }
  c.coordinator.advance()
}

test('a table that is gone after DDL in the stream has nothing left to copy', async () => {
  const c = new Coordination().begin()
  const plan = c.accept(['t'])
  await c.pass()
  const lane = c.lane()
  c.describe = () => Promise.reject(new TidemarkError('TIDEMARK_SNAPSHOT_UNKNOWN_TABLE', 'no such table'))
  c.coordinator.schemaChanged(tableId('t'), null, true)
  lane.end()
  await c.commit()
  assert.deepEqual(states(plan), ['completed', 'done'])
})

test('a table that is hidden, and neither dropped nor renamed in the stream, is not done: a grant may have been taken away', async () => {
  const c = new Coordination().begin()
  c.describe = () => Promise.reject(new TidemarkError('TIDEMARK_SNAPSHOT_UNKNOWN_TABLE', 'no such table'))
  const plan = c.accept(['t'])
  c.coordinator.schemaChanged(tableId('t'), null)
  c.coordinator.schemaChanged(tableId('t'), 'other')
  for (let i = 0; i < 6; i++) {
    assert.equal(plan.tables[0]!.state, 'waiting')
    await c.commit()
    retryNow(c)
  }
  await c.commit()
  assert.deepEqual(states(plan), ['failed', 'failed'])
  assert.deepEqual(c.done, [])
})

test('DDL drops windows that have not left, and reading begins again behind those that have', async () => {
  const c = new Coordination().begin()
  c.accept(['t'])
  await c.pass()
  const lane = c.lane()
  lane.deliver([1, 2], {more: true})
  await c.pass()
  c.leave()
  lane.deliver([3], {more: true})
  await c.pass()
  const [closed] = c.enqueued
  lane.deliver([4], {more: true})
  c.coordinator.schemaChanged(tableId('t'), null)
  assert.equal(closed!.state, 'dropped')
  assert.deepEqual([c.coordinator.waitingWindows, lane.cancelled], [0, 1])
  lane.end()
  await c.pass()
  assert.deepEqual(c.lane().job.after, ['2'])
  assert.deepEqual(c.described, ['t', 't'])
  await c.copy([3, 4])
  assert.equal(c.coordinator.active, false)
  assert.equal(c.coordinator.budget.held, 0)
})

test('row events of the definition that was read change nothing, those of another one drop the windows', async () => {
  const c = new Coordination().begin()
  c.accept(['t'])
  await c.pass()
  c.lane().deliver([1], {more: true})
  c.coordinator.schemaChanged(tableId('t'), fingerprint('t'))
  c.coordinator.schemaChanged(tableId('u'), null)
  assert.equal(c.coordinator.waitingWindows, 1)
  c.coordinator.schemaChanged(tableId('t'), 'other')
  assert.equal(c.coordinator.waitingWindows, 0)
})

test('a definition that changes while the table is prepared is looked at again, behind a mark of its own', async () => {
  const c = new Coordination().begin()
  c.accept(['t'])
  const answers: (() => void)[] = []
  c.describe = ({table}) => new Promise(resolve => answers.push(() => resolve(description(table))))
  await c.commit()
  assert.equal(answers.length, 1)
  c.coordinator.schemaChanged(tableId('t'), null)
  answers[0]!()
  for (let i = 0; i < 4; i++) await settled()
  assert.equal(c.lanes[0]!.job, null, 'what was read of the old definition starts no job')
  assert.equal(answers.length, 1, 'the server may not show yet what the stream has shown')
  await c.commit()
  assert.equal(answers.length, 2)
  answers[1]!()
  for (let i = 0; i < 4; i++) await settled()
  assert.equal(c.lane().job.after, null)
})

test('lost notes have the windows read again, with smaller chunks, behind a mark issued from now on', async () => {
  const c = new Coordination().begin()
  c.accept(['t'])
  await c.pass()
  const lane = c.lane()
  lane.deliver([1, 2], {low: 1, more: true})
  c.notes.of('d.t')!.overflow(1)
  await c.pass()
  assert.equal(c.enqueued.length, 0)
  assert.equal(lane.cancelled, 1)
  lane.end()
  assert.equal(lane.job, null)
  await c.commit()
  assert.deepEqual([c.lane().job.after, c.lane().job.chunkRows], [null, 5])
  assert.ok(c.marks.committed > 1)
})

test('notes are kept for the oldest window of the table and forgotten behind it', async () => {
  const c = new Coordination().begin()
  c.accept(['t'])
  await c.pass()
  const notes = c.notes.of('d.t')!
  notes.note('old', 0)
  c.lane().deliver([1], {low: 1, more: true})
  notes.note('inside', c.notes.place)
  await c.pass()
  assert.equal(notes.size, 1, 'the old note is covered by every low watermark')
  assert.equal(notes.supersedes('inside', 1), true)
})

test('a table is cut into ranges for several lanes, which end in any order', async () => {
  const c = new Coordination({lanes: 2}).begin()
  c.boundaries = () => Promise.resolve([['50']])
  const plan = c.accept(['t'])
  await c.pass()
  assert.deepEqual(
    c.lanes.map(lane => [lane.job!.after, lane.job!.upTo]),
    [
      [null, ['50']],
      [['50'], ['99']],
    ],
  )
  c.lane(1).deliver([60])
  await c.pass()
  c.leave()
  assert.deepEqual(
    plan.tables[0]!.ranges!.map(range => range.done),
    [false, true],
  )
  c.lane(0).deliver([10])
  await c.pass()
  c.leave()
  assert.deepEqual(states(plan), ['completed', 'done'])
})

test('a restored plan goes on behind what was stored, with the bounds that it had', async () => {
  const first = new Coordination().begin()
  first.accept(['t'])
  await first.pass()
  first.lane().deliver([1, 2], {more: true})
  await first.pass()
  first.leave()
  const second = new Coordination()
  second.maximumKey = () => assert.fail('the maximum key is read once')
  second.coordinator.restore({snapshots: structuredClone(first.coordinator.plans)})
  assert.notEqual(second.notes.of('d.t'), null, 'noting begins before the stream does')
  second.coordinator.begin()
  await second.pass()
  assert.deepEqual([second.lane().job.after, second.lane().job.upTo], [['2'], ['99']])
  await second.copy([3])
  assert.deepEqual(states(second.coordinator.plans[0]!), ['completed', 'done'])
  assert.equal(second.coordinator.plans[0]!.tables[0]!.rowsDone, 3)
})

test('a restored plan whose chunk key is another one by now begins the table anew', async () => {
  const first = new Coordination().begin()
  first.accept(['t'])
  await first.pass()
  first.lane().deliver([1, 2], {more: true})
  await first.pass()
  first.leave()
  const second = new Coordination()
  second.describe = ({table}) => Promise.resolve(description(table, {keyColumn: 'v'}))
  second.coordinator.restore({snapshots: structuredClone(first.coordinator.plans)})
  second.coordinator.begin()
  await second.pass()
  assert.equal(second.lane().job.after, null)
})

test('ended and failed plans are shown after a restart, and not begun again', () => {
  const c = new Coordination()
  const plans = ['completed', 'stopped', 'failed'].map(state => ({...c.accept([], state), state}) as SnapshotPlan)
  const restored = new Coordination()
  restored.coordinator.restore({snapshots: plans})
  restored.coordinator.begin()
  assert.equal(restored.coordinator.active, false)
  assert.equal(restored.coordinator.plans.length, 3)
})

test('only so many chunks are read ahead as the budget has bytes for', async () => {
  const c = new Coordination({lanes: 2, memoryBytes: 150}).begin()
  c.boundaries = () => Promise.resolve([['50']])
  c.accept(['t'])
  await c.commit()
  assert.deepEqual(
    c.lanes.map(lane => lane.granted),
    [100, 0],
  )
  c.lane(0).deliver([1, 2, 3])
  assert.ok(c.coordinator.budget.held > 0)
  await c.pass()
  c.leave()
  assert.equal(c.lane(1).granted, 100)
})

test('tables with a definition of their own are told apart by database and name', async () => {
  const c = new Coordination().begin()
  c.accept(['t'])
  await c.pass()
  c.coordinator.schemaChanged({database: 'other', table: 't'}, null)
  assert.equal(c.lanes[0]!.cancelled, 0)
  assert.equal(streamTable('t').shape.id.database, 'd')
})

test('a pause ends the SELECT, drops windows and their bytes, ends noting, and what is asked for meanwhile waits', async () => {
  const c = new Coordination().begin()
  const plan = c.accept(['t'])
  await c.pass()
  const lane = c.lane()
  lane.deliver([1, 2], {more: true})
  assert.equal(c.coordinator.pause(), true)
  assert.equal(lane.cancelled, 1)
  lane.end()
  assert.deepEqual([c.coordinator.waitingWindows, c.coordinator.budget.held, c.notes.of('d.t')], [0, 0, null])
  const later = c.accept(['u'], 'later')
  await c.pass()
  assert.deepEqual([c.lanes[0]!.job, c.enqueued.length, c.notes.of('d.u')], [null, 0, null])
  assert.deepEqual(
    [states(plan), states(later)],
    [
      ['running', 'running'],
      ['queued', 'waiting'],
    ],
  )
  assert.equal(c.coordinator.pause(), false, 'it is paused already')
})

test('I2: what is read after a pause is read behind a mark that was issued after noting began again', async () => {
  const c = new Coordination().begin()
  const plan = c.accept(['t'])
  await c.pass()
  c.coordinator.pause()
  c.lane().end()
  const before = c.marks.committed
  c.coordinator.resume()
  for (let i = 0; i < 4; i++) await settled()
  assert.equal(c.lanes[0]!.job, null, 'nothing is read before the new mark is committed')
  assert.notEqual(c.notes.of('d.t'), null)
  await c.commit()
  assert.ok(c.marks.committed > before)
  await c.copy()
  assert.deepEqual(states(plan), ['completed', 'done'])
  assert.equal(c.coordinator.resume(), false, 'nothing is paused or has failed any more')
})

test('stopping the last table ends the pause, so that the next snapshot runs', async () => {
  const c = new Coordination().begin()
  c.accept(['t'])
  await c.pass()
  c.coordinator.pause()
  c.lane().end()
  c.coordinator.stop(() => true)
  assert.equal(c.coordinator.paused, false)
  const next = c.accept(['u'], 'next')
  await c.commit()
  await c.copy()
  assert.deepEqual(states(next), ['completed', 'done'])
})

test('a table that failed goes on with resume from the key behind which it was acknowledged', async () => {
  const c = new Coordination().begin()
  const plan = c.accept(['t', 'u'])
  c.describe = ({table}) => (table === 't' ? Promise.reject(new Error('refused')) : Promise.resolve(description(table)))
  for (let i = 0; i < 10 && plan.tables[0]!.state !== 'failed'; i++) {
    for (const run of c.coordinator.runs) run.notBefore = 0
    c.coordinator.advance()
    await c.commit()
    for (let turn = 0; turn < 4; turn++) await settled()
  }
  assert.equal(plan.tables[0]!.state, 'failed')
  await c.copy()
  assert.deepEqual(states(plan), ['failed', 'failed', 'done'])
  c.describe = ({table}) => Promise.resolve(description(table))
  assert.equal(c.coordinator.resume(), true)
  assert.deepEqual([states(plan), plan.tables[0]!.error], [['queued', 'waiting', 'done'], null])
  await c.commit()
  await c.copy()
  assert.deepEqual(states(plan), ['completed', 'done', 'done'])
})

test('a snapshot of a higher priority takes the lane over after the chunk that is being read, and nothing is read twice', async () => {
  const c = new Coordination().begin()
  const low = c.accept(['t'], 'low')
  await c.pass()
  c.lane().deliver([1, 2], {more: true})
  const high = c.accept(['u'], 'high', {priority: 5})
  await c.pass()
  const lane = c.lane()
  assert.deepEqual([lane.job.shape.id.table, lane.cancelled], ['t', 0], 'a chunk that was granted is read')
  lane.deliver([3], {more: true})
  assert.equal(lane.cancelled, 1)
  assert.equal(lane.granted, 0, 'and no other one is granted')
  lane.end()
  assert.equal(c.lane().job.shape.id.table, 'u')
  await c.pass()
  c.leave()
  assert.equal(low.tables[0]!.rowsDone, 3, 'what was read before has left')
  await c.copy([1])
  assert.deepEqual(states(high), ['completed', 'done'])
  assert.deepEqual([c.lane().job.shape.id.table, c.lane().job.after], ['t', ['3']])
  await c.copy([4])
  assert.deepEqual(states(low), ['completed', 'done'])
  assert.equal(c.coordinator.budget.held, 0)
})

test('a lane that waits for its limit is taken over at once', async () => {
  const c = new Coordination({limits: {maxRowsPerSecond: 10}}).begin()
  c.accept(['t'], 'low')
  await c.pass()
  c.lane().deliver([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], {more: true})
  assert.notEqual(c.coordinator.throttle.waits, null)
  c.accept(['u'], 'high', {priority: 1})
  await c.pass()
  const lane = c.lane()
  assert.equal(lane.cancelled, 1)
  lane.end()
  assert.equal(c.lane().job.shape.id.table, 'u')
  assert.equal(lane.granted, 0)
  c.played.pass(1_000)
  assert.equal(lane.grantedRows, 10)
})

test('a snapshot of the same or a lower priority takes nothing over', async () => {
  const c = new Coordination().begin()
  c.accept(['t'], 'first', {priority: 1})
  await c.pass()
  c.accept(['u'], 'second', {priority: 1})
  c.accept(['w'], 'third', {priority: -1})
  await c.pass()
  c.lane().deliver([1], {more: true})
  assert.equal(c.lane().cancelled, 0)
  await c.copy()
  assert.equal(c.lane().job.shape.id.table, 'u')
})

test('a snapshot of a higher priority waits for an earlier one of the same table', async () => {
  const c = new Coordination().begin()
  c.accept(['t'], 'first')
  await c.pass()
  c.accept(['t'], 'second', {priority: 9})
  await c.pass()
  c.lane().deliver([1], {more: true})
  assert.equal(c.lane().cancelled, 0)
  await c.copy()
  await c.copy()
  assert.deepEqual(
    c.coordinator.plans.map(each => each.state),
    ['completed', 'completed'],
  )
})

test('a snapshot has chunks of its own size, also after one was lost', async () => {
  const c = new Coordination().begin()
  c.accept(['t'], 's', {chunkRows: 4})
  await c.pass()
  assert.deepEqual([c.lane().job.chunkRows, c.lane().grantedRows], [4, 4])
  for (let id = 1; id <= 20; id++) c.lane().deliver([id], {more: true})
  assert.equal(c.coordinator.runs[0]!.ranges[0]!.chunkRows, 4)
})

test('a restored plan keeps its priority, its size of chunks and its limit', async () => {
  const first = new Coordination()
  first.accept(['t'], 'low')
  first.accept(['u'], 'high', {priority: 2, chunkRows: 8, maxRowsPerSecond: 5})
  const second = new Coordination()
  second.coordinator.restore({snapshots: structuredClone(first.coordinator.plans)})
  second.coordinator.begin()
  await second.pass()
  assert.deepEqual([second.lane().job.shape.id.table, second.lane().job.chunkRows], ['u', 8])
  assert.equal(second.lane().grantedRows, 5)
})

test('a range that ends gives back the rows that its last chunk did not have', async () => {
  const c = new Coordination({limits: {maxRowsPerSecond: 5}}).begin()
  c.accept(['t', 'u'])
  await c.pass()
  assert.deepEqual([c.lane().granted, c.lane().grantedRows], [100, 5])
  await c.copy([1])
  assert.equal(c.lane().granted, 0)
  c.played.pass(200)
  assert.equal(c.lane().grantedRows, 5, 'one row was read, and a fifth of a second has gone by')
})
