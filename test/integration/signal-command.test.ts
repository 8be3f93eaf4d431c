// `tidemark signal` against a running task, through the signal table and the signal topic.

import assert from 'node:assert/strict'
import {test, type TestContext} from 'node:test'
import {numberedTable, prepareCapture, receipt, snapshotEnded, type Capture} from '../support/capture.ts'
import {sharedKafka} from '../support/integration-servers.ts'
import type {Config} from '../support/tidemark-config.ts'
import {runTidemark} from '../support/tidemark-process.ts'

interface Ran {
  readonly code: number | null
  readonly out: string
  readonly error: string
}

async function signal(t: TestContext, capture: Capture, args: readonly string[], config: Config = {}): Promise<Ran> {
  const {folder} = capture
  const command = await runTidemark(t, {command: 'signal', config: {...capture.config, ...config}, folder, args})
  const {code} = await command.ended
  return {code, out: command.stdout, error: command.stderr}
}

test('signals through the signal table are answered: accepted, rejected and ignored with the reason', async t => {
  const capture = await prepareCapture(t, {prefix: 'command', config: {'http.token': 'let-me-in'}})
  const {name} = capture.database
  await capture.connection.query(numberedTable('orders', 30))
  const tidemark = await capture.run(t)
  await tidemark.waitForLog('streaming')

  const where = ['execute-snapshot', `${name}.orders`, '--where', 'id > 20', '--id', 'ad-hoc-1']
  const accepted = await signal(t, capture, where)
  assert.deepEqual([accepted.code, accepted.error], [0, ''])
  assert.equal(
    accepted.out,
    `signal ad-hoc-1 execute-snapshot: sent through source (${name}.debezium_signal)\naccepted\n`,
  )
  await snapshotEnded(tidemark, 'ad-hoc-1')
  assert.equal((await capture.tableEvents('orders')).length, 10)

  const rejected = await signal(t, capture, ['execute-snapshot', `${name}.ordres`])
  assert.equal(rejected.code, 1)
  assert.match(
    rejected.error,
    /was rejected: no captured table matches .*did you mean .*\.orders\? \(TIDEMARK_SIGNAL_REJ/,
  )

  const ignored = await signal(t, capture, ['stop-snapshot', '--json'])
  assert.equal(ignored.code, 1)
  const answer = JSON.parse(ignored.out) as {id: string; result: string; reason: string}
  assert.deepEqual([answer.result, answer.reason], ['ignored', 'no running or queued snapshot has such a table'])
  assert.match(answer.id, /^[0-9a-f-]{36}$/)

  const taken = await signal(t, capture, ['log', 'again', '--id', 'ad-hoc-1'])
  assert.equal(taken.code, 1)
  assert.match(taken.error, /has a row with the id ad-hoc-1 already.*TIDEMARK_SIGNAL_ID_TAKEN/)

  const unasked = await signal(t, capture, ['log', 'deployed', 'at {}', '--no-wait', '--id', 'log-1'])
  assert.equal(unasked.code, 0)
  assert.equal((await receipt(tidemark, 'log-1')).result, 'accepted')
  await tidemark.waitForLog(({msg}) => msg.startsWith('deployed at {"file"'))

  for (const {out, error} of [accepted, rejected, ignored, taken]) assert.doesNotMatch(out + error, /let-me-in/)
})

test('a signal that nobody answers is sent all the same, and says what to do', async t => {
  const capture = await prepareCapture(t, {prefix: 'command'})
  const away = await signal(t, capture, ['log', 'x', '--id', 'early'])
  assert.equal(away.code, 1)
  assert.match(away.error, /signal early was sent, and is acted on when the task runs; no task answers .*tidemark run/)
  const off = await signal(t, capture, ['log', 'x', '--id', 'unwatched'], {'http.listen': 'off'})
  assert.equal(off.code, 1)
  assert.match(off.error, /signal unwatched was sent .*http\.listen is off.*TIDEMARK_SIGNAL_NO_ANSWER/)
  const [rows] = await capture.connection.query('SELECT id, type, data FROM debezium_signal ORDER BY id')
  assert.deepEqual(rows, [
    {id: 'early', type: 'log', data: '{"message":"x"}'},
    {id: 'unwatched', type: 'log', data: '{"message":"x"}'},
  ])
})

test('a channel that is not enabled is wrong usage, and nothing is sent', async t => {
  const capture = await prepareCapture(t, {prefix: 'command'})
  const {code, error} = await signal(t, capture, ['pause-snapshot', '--channel', 'kafka'])
  assert.equal(code, 2)
  assert.match(error, /channel kafka is not enabled: signal\.enabled\.channels is source.*TIDEMARK_SIGNAL_CHANNEL/)
})

test('signals through the signal topic are answered', async t => {
  const {bootstrap} = await sharedKafka()
  const capture = await prepareCapture(t, {
    prefix: 'command',
    config: {
      'signal.enabled.channels': 'kafka,source',
      'signal.kafka.bootstrap.servers': bootstrap,
    },
  })
  const {name} = capture.database
  await capture.connection.query(numberedTable('orders', 30))
  const tidemark = await capture.run(t)
  await tidemark.waitForStreaming()
  const {code, out, error} = await signal(t, capture, ['execute-snapshot', `${name}.orders`, '--id', 'k1'])
  assert.deepEqual([code, error], [0, ''])
  assert.equal(out, `signal k1 execute-snapshot: sent through kafka (${name}-signal)\naccepted\n`)
  await snapshotEnded(tidemark, 'k1')
  const rejected = await signal(t, capture, ['bogus', '--channel', 'kafka'])
  assert.equal(rejected.code, 1)
  assert.match(rejected.error, /unknown signal type "bogus"/)
})
