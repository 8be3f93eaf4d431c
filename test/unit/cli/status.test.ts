import assert from 'node:assert/strict'
import {once} from 'node:events'
import {writeFile} from 'node:fs/promises'
import {createServer} from 'node:http'
import type {AddressInfo} from 'node:net'
import {join} from 'node:path'
import {test, type TestContext} from 'node:test'
import {main} from '../../../src/cli/main.ts'
import {statusText} from '../../../src/cli/status-text.ts'
import type {StatusReport, TableStatus} from '../../../src/task/status.ts'
import {REQUIRED_KEYS} from '../../support/config-file.ts'
import {tempFolder} from '../../support/temp-folder.ts'

const orders: TableStatus = {
  table: 'shop.orders',
  snapshot: 'snap-1',
  state: 'running',
  rowsDone: 150_000,
  rowsEstimated: 300_000,
  rowsPerSecond: 50_000,
  secondsLeft: 3,
  percent: 50.9,
  chunks: 74,
  superseded: 2,
  key: '150001',
  problem: null,
}

const report: StatusReport = {
  name: 'shop',
  version: '1.2.3',
  state: 'running',
  streaming: true,
  position: {file: 'binlog.000002', pos: 900, gtidSet: null},
  stored: {file: 'binlog.000002', pos: 800, gtidSet: null},
  storeProblem: null,
  behindMs: 65_000,
  snapshot: {
    state: 'running',
    tables: [orders],
    secondsLeft: 4,
    windowsWaiting: 1,
    parallel: null,
    bytesHeld: 2_500_000,
    problem: null,
    throttle: {maxRowsPerSecond: null, query: null, waits: null},
  },
  signals: [{id: 's1', type: 'log', channel: 'source', result: 'rejected', reason: 'no message', atMs: 1}],
  signalChannels: [],
  tables: [],
  diverged: [{table: 'shop.items', since: 'binlog.000001:4', reason: 'TRUNCATE', remedy: 'snapshot again'}],
  sink: {state: 'waiting', reason: 'no broker answers', eventsEmitted: 1_500_000, bytesInFlight: 0},
  notesOverflowed: 0,
  error: null,
}

test('the status says what runs, how far, how fast, until when, and what is wrong', () => {
  assert.equal(
    statusText(report),
    [
      'shop: running (tidemark 1.2.3)',
      'stream    at binlog.000002:900, 1 min 5 s behind; stored up to binlog.000002:800',
      'sink      waiting (no broker answers), 1,500,000 events emitted, 0 B in flight',
      'snapshot  running, 4 s left, 1 window waiting, 2.5 MB held',
      '  table        state                  rows  done  rows/s  left  chunks  last key',
      '  shop.orders  running  150,000 of 300,000  50 %  50,000   3 s      74  150001',
      'signal    s1 log: rejected, no message',
      'diverged  shop.items since binlog.000001:4 (TRUNCATE): snapshot again',
    ].join('\n'),
  )
})

test('a stopped table says how far it came, as far as that is known', () => {
  const stopped = {...orders, state: 'stopped', percent: null} as const
  const text = (table: TableStatus): string =>
    statusText({...report, snapshot: {...report.snapshot, state: 'idle', tables: [table]}})
  assert.match(text({...stopped, percent: 50}), /shop\.orders {2}stopped {2}150,000 of 300,000 {2}50 % /)
  assert.match(text(stopped), /shop\.orders {2}stopped {2}150,000 +74 {2}150001$/m)
})

test('a failed task shows its error, and one that has not begun to stream says so', () => {
  const failed = {...report, state: 'failed', streaming: false, error: {code: 'TIDEMARK_X', message: 'broken'}} as const
  assert.match(statusText(failed), /^stream {4}not streaming yet$/m)
  assert.match(statusText(failed), /^error {5}broken \(TIDEMARK_X\)$/m)
})

/** Answers like a task with a token. */
async function fakeTask(t: TestContext): Promise<number> {
  const server = createServer((request, response) => {
    response.statusCode = request.headers.authorization === 'Bearer let-me-in' ? 200 : 401
    response.end(JSON.stringify(report))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return (server.address() as AddressInfo).port
}

async function status(t: TestContext, config: object, ...flags: string[]) {
  const path = join(await tempFolder(t), 'config.json')
  await writeFile(path, JSON.stringify({...REQUIRED_KEYS, ...config}))
  const ran = {out: '', error: ''}
  const exitCode = await main({
    argv: ['status', path, ...flags],
    env: {},
    writeOut: text => (ran.out += text),
    writeError: text => (ran.error += text),
    onStopSignal: () => assert.fail('nothing to stop here'),
    onReloadSignal: () => undefined,
    exit: code => assert.fail(`exit ${code}`),
  })
  return {...ran, exitCode}
}

test('the task is asked at http.listen with its token', async t => {
  const port = await fakeTask(t)
  const known = await status(t, {'http.listen': `0.0.0.0:${port}`, 'http.token': 'let-me-in'}, '--json')
  assert.deepEqual(JSON.parse(known.out), JSON.parse(JSON.stringify(report)))
  const stranger = await status(t, {'http.listen': `127.0.0.1:${port}`, 'http.token': 'wrong'})
  assert.equal(stranger.exitCode, 1)
  assert.match(stranger.error, /answered 401; its http\.token is another one \(TIDEMARK_STATUS_REFUSED\)/)
})

test('a task that does not run, or has no address, is told with what to do', async t => {
  const away = await status(t, {'http.listen': '127.0.0.1:1'})
  assert.equal(away.exitCode, 1)
  assert.match(away.error, /no task answers at http:\/\/127\.0\.0\.1:1\/status .*start it with `tidemark run`/)
  const off = await status(t, {'http.listen': 'off'})
  assert.equal(off.exitCode, 2)
  assert.match(off.error, /http\.listen is off/)
})
