import assert from 'node:assert/strict'
import {test} from 'node:test'
import {canDraw} from '../../../src/cli/status.ts'
import {statusView, watchStatus, type StatusView} from '../../../src/cli/watch-status.ts'
import {TidemarkError} from '../../../src/core/tidemark-error.ts'
import type {StatusReport} from '../../../src/task/status.ts'

const report: StatusReport = {
  name: 'shop',
  version: '1.2.3',
  state: 'running',
  streaming: true,
  position: {file: 'binlog.000002', pos: 900, gtidSet: null},
  stored: {file: 'binlog.000002', pos: 800, gtidSet: null},
  storeProblem: null,
  behindMs: 20,
  snapshot: {
    state: 'running',
    tables: [],
    secondsLeft: 190,
    windowsWaiting: 2,
    parallel: {table: 'shop.views', state: 'following', from: 'binlog.000002:700', waitsFor: null},
    bytesHeld: 1_000_000,
    problem: null,
    throttle: {maxRowsPerSecond: null, query: null, waits: null},
  },
  signals: ['s1', 's2', 's3', 's4'].map((id, atMs) => {
    return {id, type: 'execute-snapshot', channel: 'source', result: 'accepted', reason: null, atMs}
  }),
  signalChannels: [],
  tables: [],
  diverged: [1, 2, 3, 4, 5].map(n => ({
    table: `shop.t${n}`,
    since: 'b:4',
    reason: 'TRUNCATE',
    remedy: 'snapshot again',
  })),
  sink: {state: 'open', eventsEmitted: 1_500, bytesInFlight: 2_000},
  notesOverflowed: 0,
  error: null,
}

test('what is watched has place, lag, queue, time left, the parallel reader, signals and diverged tables', () => {
  const {header, footer} = statusView(report, null)
  assert.deepEqual(
    [...header, ...footer],
    [
      'shop: running (tidemark 1.2.3)',
      'stream    at binlog.000002:900, up to date; stored up to binlog.000002:800',
      'sink      open, 1,500 events emitted, 2.0 KB in flight',
      'snapshot  running, 3 min 10 s left, 2 windows waiting, 1.0 MB held',
      'parallel  shop.views: following, binlog.000002:700',
      'signal    s2 execute-snapshot: accepted',
      'signal    s3 execute-snapshot: accepted',
      'signal    s4 execute-snapshot: accepted',
      'diverged  shop.t1 since b:4 (TRUNCATE): snapshot again',
      'diverged  shop.t2 since b:4 (TRUNCATE): snapshot again',
      'diverged  shop.t3 since b:4 (TRUNCATE): snapshot again',
      '  and 2 more have diverged: `tidemark status` shows all',
    ],
  )
})

const gone = new TidemarkError('TIDEMARK_STATUS_UNREACHABLE', 'no task answers at http://x/status (ECONNREFUSED)')

/** Plays the answers, one for each look, and ends with the last. */
async function watched(answers: readonly (StatusReport | Error)[], failsWhenGone = false): Promise<StatusView[]> {
  const stopping = new AbortController()
  const views: StatusView[] = []
  let look = 0
  await watchStatus({
    read: async () => {
      const answer = answers[look++]!
      if (answer instanceof Error) throw answer
      return await Promise.resolve(answer)
    },
    show: view => {
      views.push(view)
      if (views.length === answers.length) stopping.abort()
    },
    failsWhenGone,
    signal: stopping.signal,
    intervalMs: 0,
  })
  return views
}

test('a task that is gone is said to be, with what it said last, until it is back', async () => {
  const views = await watched([gone, report, gone, report])
  assert.deepEqual(
    views.map(({header}) => header[0]),
    [
      `${gone.message}; trying again`,
      'shop: running (tidemark 1.2.3)',
      `shop: ${gone.message}; trying again`,
      'shop: running (tidemark 1.2.3)',
    ],
  )
  assert.equal(views[2]!.header[1], views[1]!.header[1])
})

test('it ends where that is asked for, and with what waiting does not mend', async () => {
  await assert.rejects(watched([report, gone], true), gone)
  const refused = new TidemarkError('TIDEMARK_STATUS_REFUSED', 'its http.token is another one')
  await assert.rejects(watched([report, refused]), refused)
})

test('bars are drawn on a terminal that can and whose owner wants it', () => {
  assert.equal(canDraw({TERM: 'xterm'}, true), true)
  assert.equal(canDraw({TERM: 'xterm', NO_COLOR: ''}, true), true)
  for (const env of [{TERM: 'dumb'}, {NO_COLOR: '1'}]) assert.equal(canDraw(env, true), false)
  assert.equal(canDraw({}, false), false)
})
