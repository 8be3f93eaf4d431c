import assert from 'node:assert/strict'
import {test} from 'node:test'
import {GtidSet} from '../../../src/core/gtid-set.ts'
import {waitForSnapshots, waitForStream, type TaskState, type TaskWait} from '../../../src/verify/wait-for-task.ts'

const sid = '2d27e3f2-e590-11f1-ac5b-02fc00000001'

function state(pos: number, gtids: string | null = null, over: Partial<TaskState> = {}): TaskState {
  const gtidSet = gtids === null ? null : `${sid}:${gtids}`
  return {serverUuid: 'here', offset: {file: 'b.000002', pos, gtidSet}, snapshots: [], diverged: [], ...over}
}

function copying(tableState: string, snapshotState = 'running'): TaskState {
  const table = {table: {database: 'shop', table: 'orders'}, state: tableState, rowsDone: 7}
  return state(1, null, {snapshots: [{id: 'snap', state: snapshotState, tables: [table]}]})
}

/** The states as they are found one after the other; the last one stays. The clock moves only by waiting. */
function waiting(
  states: readonly (TaskState | null)[],
  waitSeconds = 60,
): TaskWait & {told: string[]; polls: () => number} {
  let now = 0
  let polls = 0
  const told: string[] = []
  return {
    told,
    polls: () => polls,
    readState: () => Promise.resolve(states[Math.min(polls++, states.length - 1)]!),
    statePath: 'task.state',
    deadline: waitSeconds * 1000,
    waitSeconds,
    signal: new AbortController().signal,
    delay: ms => {
      now += ms
      return Promise.resolve()
    },
    now: () => now,
    onWaiting: what => told.push(what),
  }
}

const goal = (gtids: string | null) => ({
  serverUuid: 'here',
  to: {file: 'b.000002', pos: 500},
  executed: gtids === null ? null : GtidSet.parse(`${sid}:${gtids}`),
  tables: new Set(['shop.orders']),
})

test('without GTIDs a stored position at the place is enough, one before it is not', async () => {
  const wait = waiting([state(499), state(499), state(500)])
  assert.equal((await waitForStream(wait, goal(null))).offset.pos, 500)
  assert.equal(wait.polls(), 3)
})

test('with GTIDs the stored set decides, also where the stored position looks older', async () => {
  const wait = waiting([state(9, '1-9'), state(9, '1-10')])
  await waitForStream(wait, goal('1-10'))
  assert.equal(wait.polls(), 2)
})

test('a position beyond the place counts without its GTIDs only when it lasts', async () => {
  const jumped = waiting([state(900, '1-9'), state(126, '1-9'), state(130, '1-10')])
  assert.equal((await waitForStream(jumped, goal('1-10'))).offset.pos, 130)
  const lasting = waiting([state(900, '1-9')])
  await waitForStream(lasting, goal('1-10'))
  assert.ok(lasting.polls() > 5, `${lasting.polls()} polls`)
})

test('giving up names both places', async () => {
  const wait = waiting([state(123)], 3)
  await assert.rejects(waitForStream(wait, goal(null)), {
    code: 'TIDEMARK_VERIFY_NOT_REACHED',
    message: /waited 3 s: .*b\.000002:123, .*b\.000002:500/,
  })
  assert.equal(wait.told.length, 1)
})

test('a state that is not there is waited for, then told', async () => {
  await waitForStream(waiting([null, state(500)]), goal(null))
  await assert.rejects(waitForStream(waiting([null], 0), goal(null)), {code: 'TIDEMARK_VERIFY_NO_STATE'})
})

test('the state of another server is refused at once', async () => {
  const wait = waiting([state(900, null, {serverUuid: 'there'})])
  await assert.rejects(waitForStream(wait, goal(null)), {code: 'TIDEMARK_VERIFY_OTHER_SERVER', kind: 'configuration'})
  assert.equal(wait.polls(), 1)
})

test('a copy that runs is waited for, and only of a table that is compared', async () => {
  const orders = new Set(['shop.orders'])
  const ends = waiting([copying('waiting'), copying('running'), copying('done')])
  await waitForSnapshots(ends, orders)
  assert.equal(ends.polls(), 3)
  await waitForSnapshots(waiting([copying('running')]), new Set(['shop.items']))
  await waitForSnapshots(waiting([copying('failed', 'failed')]), orders)
  await assert.rejects(waitForSnapshots(waiting([copying('running')], 1), orders), {
    code: 'TIDEMARK_VERIFY_SNAPSHOT_RUNS',
    message: /shop\.orders \(snapshot snap, 7 rows so far\)/,
  })
})

test('an abort ends the waiting', async () => {
  const wait = {...waiting([state(1)]), signal: AbortSignal.abort(new Error('stopped'))}
  await assert.rejects(waitForStream(wait, goal(null)), /stopped/)
})

test('a table that has a stream of its own is waited for until the main one has taken it over, another is not', async () => {
  const beside = (name: string, parallel: string) => {
    return state(500, null, {parallel: {state: parallel, table: {database: 'shop', table: name}}})
  }
  const wait = waiting([beside('orders', 'copying'), beside('orders', 'following'), beside('orders', 'adopted')])
  await waitForStream(wait, goal(null))
  assert.equal(wait.polls(), 3)
  await waitForStream(waiting([beside('clicks', 'following')]), goal(null))
  await assert.rejects(waitForStream(waiting([beside('orders', 'following')], 1), goal(null)), {
    code: 'TIDEMARK_VERIFY_NOT_REACHED',
    message: /shop\.orders is still streamed beside the other tables/,
  })
})
