import assert from 'node:assert/strict'
import {test} from 'node:test'
import type {Settings} from '../../../src/config/settings.ts'
import {createNotifications} from '../../../src/notifications/notifications.ts'
import type {Notifications} from '../../../src/notifications/notifications.ts'
import type {Notification} from '../../../src/notifications/notification.ts'
import {delay} from '../../../src/core/backoff.ts'
import {MemorySink} from '../../support/memory-sink.ts'
import {rememberingLog} from '../../support/quiet-log.ts'
import {chunkRun, plan, readChunk, tableRun} from '../../support/snapshot-parts.ts'
import {EVENT_SETTINGS, settled, StreamParts} from '../../support/stream-parts.ts'

interface Notified {
  readonly parts: StreamParts
  readonly log: ReturnType<typeof rememberingLog>
  readonly notifications: Notifications
  store(): void
}

async function notifying(
  channels: Settings['notifications']['channels'],
  {sink = new MemorySink({partitions: 5}), unsent = []}: {sink?: MemorySink; unsent?: readonly Notification[]} = {},
): Promise<Notified> {
  const parts = await new StreamParts({sink}).open()
  const log = rememberingLog()
  const settings = {events: EVENT_SETTINGS, notifications: {channels, sinkTopic: 'notes', filePath: '', webhooks: []}}
  const notifications = createNotifications({
    ...{settings, topics: parts.topics, emitter: parts.emitter, log, unsent, delay},
    signal: new AbortController().signal,
  })
  assert.ok(notifications)
  await notifications.open()
  const store = (): void => {
    notifications.collect()
    notifications.saved()
    parts.emitter.flush()
  }
  return {parts, log, notifications, store}
}

test('without a channel nothing is built', async () => {
  const parts = await new StreamParts().open()
  const settings = {events: EVENT_SETTINGS, notifications: {channels: [], sinkTopic: '', filePath: '', webhooks: []}}
  const options = {settings, topics: parts.topics, emitter: parts.emitter, log: rememberingLog(), unsent: [], delay}
  assert.equal(createNotifications({...options, signal: new AbortController().signal}), null)
})

test('the answer to a signal is a notification with its id, time, type, channel and reason', async () => {
  const {parts, log, notifications, store} = await notifying(['sink', 'log'])
  let urgent = 0
  notifications.onUrgent = () => urgent++
  notifications.answered({
    id: 'x',
    type: 'execute-snapshot',
    channel: 'source',
    result: 'rejected',
    reason: 'no such table',
    atMs: 5,
  })
  notifications.answered({id: 'y', type: 'log', channel: 'kafka', result: 'accepted', reason: null, atMs: 6})
  assert.equal(urgent, 2)
  store()
  await settled()
  const rejected = {
    id: 'x',
    type: 'REJECTED',
    aggregate_type: 'Signal',
    additional_data: {
      connector_name: 'p',
      signal_type: 'execute-snapshot',
      channel: 'source',
      reason: 'no such table',
    },
    timestamp: 5,
  }
  assert.deepEqual(
    parts.sink.sent.map(({topic, key}) => [topic, key]),
    [
      ['notes', '{"id":"x"}'],
      ['notes', '{"id":"y"}'],
    ],
  )
  assert.deepEqual(JSON.parse(parts.sink.sent[0]!.value!), rejected)
  assert.deepEqual(log.lines[0], {level: 'info', fields: rejected, sentence: 'notification'})
  assert.equal('reason' in (JSON.parse(parts.sink.sent[1]!.value!) as Notification).additional_data, false)
})

test('notifications of one id stay in one partition, in their order', async () => {
  const {parts, notifications, store} = await notifying(['sink'])
  for (let round = 0; round < 3; round++) {
    for (const id of ['a', 'b', 'c', 'd']) {
      notifications.answered({id, type: String(round), channel: 'source', result: 'accepted', reason: null, atMs: 0})
    }
    store()
    await settled()
  }
  const partitions = new Set<number>()
  for (const id of ['a', 'b', 'c', 'd']) {
    const sent = parts.sink.sent.filter(({key}) => key === `{"id":"${id}"}`)
    assert.equal(new Set(sent.map(({partition}) => partition)).size, 1)
    partitions.add(sent[0]!.partition)
    assert.deepEqual(
      sent.map(({value}) => (JSON.parse(value!) as Notification).additional_data['signal_type']),
      ['0', '1', '2'],
    )
  }
  assert.ok(partitions.size > 1, 'ids are spread')
})

test('I6: until the sink has acknowledged it, a notification is part of the state, and a restart sends the very same', async () => {
  const sink = new MemorySink({acks: 'held'})
  const {notifications, store} = await notifying(['sink'], {sink})
  notifications.answered({id: 'a', type: 'log', channel: 'source', result: 'accepted', reason: null, atMs: 7})
  store()
  await settled()
  const stored = notifications.collect()
  assert.equal(stored.length, 1)
  const second = await notifying(['sink'], {unsent: stored})
  second.store()
  await settled()
  assert.deepEqual(
    second.parts.sink.sent.map(({value}) => value),
    sink.sent.map(({value}) => value),
  )
  sink.acknowledge()
  await settled()
  assert.deepEqual(notifications.collect(), [])
})

test('chunks share batches while earlier ones are on their way, and hold nothing in the state', async () => {
  const sink = new MemorySink({acks: 'held'})
  const {parts, notifications} = await notifying(['sink'], {sink})
  const run = tableRun(plan(['t']))
  for (let chunk = 0; chunk < 20; chunk++)
    notifications.observer.chunkRead?.(chunkRun(run.ranges[0]!, readChunk([chunk])))
  await settled()
  assert.deepEqual(notifications.collect(), [])
  sink.release()
  parts.emitter.flush()
  await settled()
  assert.deepEqual(sink.batchCounts, [1, 19])
})

test('a start that copies nothing is told as SKIPPED, with an id of its own', async () => {
  const {parts, notifications, store} = await notifying(['sink'])
  notifications.initialSnapshotSkipped()
  store()
  await settled()
  const {id, type, aggregate_type, additional_data} = JSON.parse(parts.sink.sent[0]!.value!) as Notification
  assert.deepEqual([type, aggregate_type, additional_data], ['SKIPPED', 'Initial Snapshot', {connector_name: 'p'}])
  assert.match(id, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
})
