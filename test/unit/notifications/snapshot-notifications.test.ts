import assert from 'node:assert/strict'
import {test} from 'node:test'
import {TidemarkError} from '../../../src/core/tidemark-error.ts'
import {SnapshotNotifications} from '../../../src/notifications/snapshot-notifications.ts'
import type {Notification} from '../../../src/notifications/notification.ts'
import {newSnapshotPlan} from '../../../src/snapshot/snapshot-plan.ts'
import {Coordination} from '../../support/played-snapshot.ts'
import {description, plan, tableId} from '../../support/snapshot-parts.ts'

/** The real coordinator with notifications as its observer. */
function notified(): {c: Coordination; all: Notification[]; of: (id: string) => string[]} {
  const all: Notification[] = []
  const notifications = new SnapshotNotifications({connectorName: 'app', notify: one => all.push(one)})
  const c = new Coordination({observers: [notifications]}).begin()
  const of = (id: string): string[] => all.filter(one => one.id === id).map(shown)
  return {c, all, of}
}

function shown({type, additional_data}: Notification): string {
  const {connector_name: _, ...data} = additional_data
  return [type, ...Object.entries(data).map(([key, value]) => `${key}=${value}`)].join(' ')
}

const ENDINGS = new Set(['COMPLETED', 'ABORTED', 'FAILED'])

test('a snapshot tells its start, its chunks, its tables and its end', async () => {
  const {c, all, of} = notified()
  c.accept(['t', 'u'])
  await c.pass()
  c.lane().deliver([1, 2], {more: true})
  await c.copy([3])
  await c.copy([7])
  assert.deepEqual(of('s'), [
    'STARTED data_collections=d.t,d.u',
    'IN_PROGRESS data_collections=d.t,d.u current_collection_in_progress=d.t maximum_key=99 last_processed_key=2',
    'IN_PROGRESS data_collections=d.t,d.u current_collection_in_progress=d.t maximum_key=99 last_processed_key=99',
    'TABLE_SCAN_COMPLETED data_collections=d.t,d.u scanned_collection=d.t total_rows_scanned=3 status=SUCCEEDED',
    'IN_PROGRESS data_collections=d.u current_collection_in_progress=d.u maximum_key=99 last_processed_key=99',
    'TABLE_SCAN_COMPLETED data_collections=d.u scanned_collection=d.u total_rows_scanned=1 status=SUCCEEDED',
    'COMPLETED',
  ])
  for (const {aggregate_type, additional_data, timestamp} of all) {
    assert.equal(aggregate_type, 'Incremental Snapshot')
    assert.equal(additional_data['connector_name'], 'app')
    assert.ok(Object.values(additional_data).every(value => typeof value === 'string'))
    assert.ok(Math.abs(timestamp - Date.now()) < 60_000)
  }
})

test('an empty table is EMPTY, and a snapshot of nothing begins and completes', async () => {
  const {c, of} = notified()
  c.maximumKey = () => Promise.resolve(null)
  c.accept(['t'], 'one')
  await c.commit()
  c.accept([], 'none')
  assert.deepEqual(of('one').slice(1), [
    'TABLE_SCAN_COMPLETED data_collections=d.t scanned_collection=d.t total_rows_scanned=0 status=EMPTY',
    'COMPLETED',
  ])
  assert.deepEqual(of('none'), ['STARTED data_collections=', 'COMPLETED'])
})

test('overlapping snapshots keep their own ids, and each ends once', async () => {
  const {c, all, of} = notified()
  c.accept(['t', 'u'], 'a')
  await c.pass()
  c.accept(['t', 'w'], 'b')
  for (let table = 0; table < 4; table++) {
    await c.pass()
    await c.copy()
  }
  assert.equal(of('a').at(-1), 'COMPLETED')
  assert.equal(of('b').at(-1), 'COMPLETED')
  assert.equal(all.filter(({type}) => ENDINGS.has(type)).length, 2)
  assert.deepEqual(
    of('b').filter(text => text.startsWith('TABLE')),
    ['t', 'w'].map(
      (table, index) =>
        `TABLE_SCAN_COMPLETED data_collections=${index === 0 ? 'd.t,d.w' : 'd.w'} scanned_collection=d.${table} total_rows_scanned=1 status=SUCCEEDED`,
    ),
  )
})

test('stopping some tables ends nothing, and they are gone from what follows', async () => {
  const {c, of} = notified()
  c.accept(['t', 'u'])
  await c.pass()
  c.coordinator.stop(({table}) => table === 't')
  assert.deepEqual(of('s'), ['STARTED data_collections=d.t,d.u'])
  c.lane().end()
  await c.pass()
  await c.copy()
  assert.deepEqual(of('s').slice(1), [
    'IN_PROGRESS data_collections=d.u current_collection_in_progress=d.u maximum_key=99 last_processed_key=99',
    'TABLE_SCAN_COMPLETED data_collections=d.u scanned_collection=d.u total_rows_scanned=1 status=SUCCEEDED',
    'COMPLETED',
  ])
})

test('stopping the tables that are left aborts, with those that were stopped, also where others are done', async () => {
  const {c, of} = notified()
  c.accept(['t', 'u', 'w'])
  await c.pass()
  await c.copy()
  c.coordinator.stop(({table}) => table === 'w')
  c.coordinator.stop(() => true)
  assert.equal(of('s').at(-1), 'ABORTED data_collections=d.u,d.w')
  assert.equal(of('s').filter(text => ENDINGS.has(text.split(' ')[0]!)).length, 1)
})

test('pausing and resuming are told of each snapshot that waits', async () => {
  const {c, of} = notified()
  c.accept(['t'], 'a')
  c.accept(['u', 'w'], 'b')
  await c.pass()
  c.coordinator.pause()
  assert.equal(of('a').at(-1), 'PAUSED data_collections=d.t')
  assert.equal(of('b').at(-1), 'PAUSED data_collections=d.u,d.w')
  c.coordinator.resume()
  assert.equal(of('a').at(-1), 'RESUMED data_collections=d.t')
  c.coordinator.pause()
  c.coordinator.stop(() => true)
  assert.equal(of('a').at(-1), 'ABORTED data_collections=d.t')
  assert.equal(of('b').at(-1), 'ABORTED data_collections=d.u,d.w')
})

for (const [code, status] of [
  ['TIDEMARK_SNAPSHOT_NO_KEY', 'NO_PRIMARY_KEY'],
  ['TIDEMARK_SNAPSHOT_UNKNOWN_TABLE', 'UNKNOWN_SCHEMA'],
  ['ER_CRASHED_ON_USAGE', 'SQL_EXCEPTION'],
] as const) {
  test(`a table that fails with ${code} is ${status}, the snapshot FAILED, and resuming finishes it`, async t => {
    t.mock.timers.enable({apis: ['setTimeout']})
    const {c, of} = notified()
    c.describe = () => Promise.reject(new TidemarkError(code, 'no'))
    c.accept(['t'])
    await c.commit()
    let clock = performance.now()
    t.mock.method(performance, 'now', () => (clock += 60_000))
    for (let attempt = 0; attempt < 8; attempt++) {
      t.mock.timers.tick(60_000)
      await c.commit()
    }
    assert.deepEqual(of('s').slice(1), [
      `TABLE_SCAN_COMPLETED data_collections=d.t scanned_collection=d.t total_rows_scanned=0 status=${status}`,
      'FAILED data_collections=d.t',
    ])
    c.describe = ({table}) => Promise.resolve(description(table))
    c.accept(['u'], 'other')
    c.coordinator.resume()
    assert.equal(of('other').length, 1, 'what had not failed does not resume')
    await c.pass()
    await c.copy()
    await c.pass()
    await c.copy()
    assert.deepEqual(
      of('s')
        .slice(3)
        .map(text => text.split(' ')[0]),
      ['RESUMED', 'IN_PROGRESS', 'TABLE_SCAN_COMPLETED', 'COMPLETED'],
    )
  })
}

test('an initial snapshot tells tables, not chunks, under its own aggregate type', async () => {
  const {c, all, of} = notified()
  const tables = ['t', 'u'].map(table => ({table: tableId(table), condition: null, surrogateKey: null}))
  c.coordinator.accept({id: 'i', kind: 'initial', tables})
  await c.pass()
  c.lane().deliver([1], {more: true})
  await c.copy([2])
  await c.copy([3])
  assert.deepEqual(of('i'), [
    'STARTED',
    'IN_PROGRESS data_collections=d.t,d.u current_collection_in_progress=d.t',
    'IN_PROGRESS data_collections=d.t,d.u current_collection_in_progress=d.u',
    'TABLE_SCAN_COMPLETED data_collections=d.t,d.u scanned_collection=d.t total_rows_scanned=2 status=SUCCEEDED',
    'TABLE_SCAN_COMPLETED data_collections=d.u scanned_collection=d.u total_rows_scanned=1 status=SUCCEEDED',
    'COMPLETED',
  ])
  assert.deepEqual([...new Set(all.map(one => one.aggregate_type))], ['Initial Snapshot'])
})

test('an initial or blocking snapshot that fails or is stopped is aborted, as Debezium’s', () => {
  for (const state of ['failed', 'stopped'] as const) {
    for (const kind of [{kind: 'initial'}, {kind: 'incremental', isBlocking: true}] as const) {
      const all: Notification[] = []
      const notifications = new SnapshotNotifications({connectorName: 'app', notify: one => all.push(one)})
      notifications.snapshotEnded({...plan(['t'], {kind: 'initial'}), ...kind, state})
      assert.deepEqual([all.map(shown), all[0]!.aggregate_type], [['ABORTED'], 'Initial Snapshot'])
    }
  }
})

test('a snapshot of a stored state that is given up is aborted', () => {
  const all: Notification[] = []
  const notifications = new SnapshotNotifications({connectorName: 'app', notify: one => all.push(one)})
  const given = newSnapshotPlan({
    id: 'x',
    kind: 'incremental',
    tables: ['t', 'u'].map(table => ({table: tableId(table), condition: null, surrogateKey: null})),
  })
  given.tables[0]!.state = 'done'
  notifications.abandoned(given)
  assert.deepEqual(all.map(shown), ['ABORTED data_collections=d.u'])
})
