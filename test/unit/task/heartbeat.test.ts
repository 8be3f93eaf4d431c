import assert from 'node:assert/strict'
import {test} from 'node:test'
import type {TestContext} from 'node:test'
import type {Settings} from '../../../src/config/settings.ts'
import {Heartbeat} from '../../../src/task/heartbeat.ts'
import {MemorySink} from '../../support/memory-sink.ts'
import {rememberingLog} from '../../support/quiet-log.ts'
import {EVENT_SETTINGS, settled, StreamParts} from '../../support/stream-parts.ts'

interface Beating {
  readonly parts: StreamParts
  readonly log: ReturnType<typeof rememberingLog>
  readonly queries: string[]
  readonly intervals: number[]
  readonly stop: AbortController
  beat(): Promise<void>
}

async function beating(
  t: TestContext,
  heartbeat: Partial<Settings['heartbeat']> = {},
  run: (sql: string) => Promise<void> = () => Promise.resolve(),
): Promise<Beating> {
  let tick: (() => void) | null = null
  const intervals: number[] = []
  t.mock.method(globalThis, 'setInterval', (callback: () => void, ms: number) => {
    tick = callback
    intervals.push(ms)
    return {} as NodeJS.Timeout
  })
  t.mock.method(globalThis, 'clearInterval', () => (tick = null))
  const parts = await new StreamParts({sink: new MemorySink({partitions: 3})}).open()
  const log = rememberingLog()
  const queries: string[] = []
  const server = {
    run: (_: string, sql: string) => {
      queries.push(sql)
      return run(sql)
    },
  }
  const settings = {
    events: EVENT_SETTINGS,
    heartbeat: {
      ...{intervalMs: 5_000, topicPrefix: '__debezium-heartbeat', topicName: null, actionQuery: null},
      ...heartbeat,
    },
  } as Settings
  const stop = new AbortController()
  new Heartbeat({settings, topics: parts.topics, emitter: parts.emitter, server, log}).start(stop.signal)
  const beat = async (): Promise<void> => {
    tick?.()
    await settled()
  }
  return {parts, log, queries, intervals, stop, beat}
}

test('each interval brings one event to partition 0 of the heartbeat topic', async t => {
  const {parts, beat, intervals} = await beating(t)
  await beat()
  await beat()
  assert.deepEqual(intervals, [5_000])
  assert.deepEqual(
    parts.sink.sent.map(({topic, partition}) => [topic, partition]),
    [
      ['__debezium-heartbeat.p', 0],
      ['__debezium-heartbeat.p', 0],
    ],
  )
  assert.deepEqual(JSON.parse(parts.sink.sent[0]!.key!), {serverName: 'p'})
})

test('the whole name of the topic goes before the prefixes', async t => {
  const {parts, beat} = await beating(t, {topicName: 'beats.of.all'})
  await beat()
  assert.deepEqual(
    parts.sink.sent.map(({topic}) => topic),
    ['beats.of.all'],
  )
})

test('the action query runs with each of them', async t => {
  const {queries, beat} = await beating(t, {actionQuery: 'UPDATE beat SET n = n + 1'})
  await beat()
  assert.deepEqual(queries, ['UPDATE beat SET n = n + 1'])
})

test('an action query that fails is said, and the next beat comes all the same', async t => {
  const {log, parts, beat} = await beating(t, {actionQuery: 'x'}, () => Promise.reject(new Error('no such table')))
  await beat()
  await beat()
  assert.equal(parts.sink.sent.length, 2)
  assert.deepEqual(
    log.lines.map(({level, sentence}) => [level, sentence]),
    Array.from({length: 2}, () => ['warn', 'heartbeat failed, will try again']),
  )
})

test('an interval of 0 means none, and the signal ends them', async t => {
  const off = await beating(t, {intervalMs: 0})
  assert.deepEqual(off.intervals, [])
  t.mock.restoreAll()
  const on = await beating(t)
  on.stop.abort()
  await on.beat()
  assert.equal(on.parts.sink.sent.length, 0)
})
