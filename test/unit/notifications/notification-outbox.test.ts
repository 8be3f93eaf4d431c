import assert from 'node:assert/strict'
import {test} from 'node:test'
import type {NotificationChannel} from '../../../src/notifications/notification-channel.ts'
import {NotificationOutbox} from '../../../src/notifications/notification-outbox.ts'
import type {Notification} from '../../../src/notifications/notification.ts'

function notification(id: string): Notification {
  return {id, type: 'T', aggregate_type: 'A', additional_data: {}, timestamp: 1}
}

class RecordingChannel implements NotificationChannel {
  readonly sent: string[] = []
  readonly deliveries: {acknowledged: boolean}[] = []
  flushes = 0

  open(): Promise<void> {
    return Promise.resolve()
  }
  send({id}: Notification): {acknowledged: boolean} {
    this.sent.push(id)
    const delivery = {acknowledged: false}
    this.deliveries.push(delivery)
    return delivery
  }
  flush(): void {
    this.flushes++
  }
}

async function opened(
  unsent: readonly string[] = [],
): Promise<{outbox: NotificationOutbox; channel: RecordingChannel}> {
  const channel = new RecordingChannel()
  const outbox = new NotificationOutbox([channel], unsent.map(notification))
  await outbox.open()
  return {outbox, channel}
}

function collect(outbox: NotificationOutbox): string[] {
  return outbox.collect().map(({id}) => id)
}

test('I6: what is kept leaves only once a state that holds it was saved', async () => {
  const {outbox, channel} = await opened()
  outbox.add(notification('a'), {isKept: true})
  assert.deepEqual(channel.sent, [])
  assert.deepEqual(collect(outbox), ['a'])
  assert.deepEqual(channel.sent, [], 'collected is not saved')
  outbox.saved()
  assert.deepEqual(channel.sent, ['a'])
})

test('what came between collecting and saving waits for the next state', async () => {
  const {outbox, channel} = await opened()
  outbox.add(notification('a'), {isKept: true})
  outbox.collect()
  outbox.add(notification('b'), {isKept: true})
  outbox.saved()
  assert.deepEqual(channel.sent, ['a'])
  outbox.collect()
  outbox.saved()
  assert.deepEqual(channel.sent, ['a', 'b'])
})

test('it stays in the state until it is acknowledged, and leaves the state then', async () => {
  const {outbox, channel} = await opened()
  outbox.add(notification('a'), {isKept: true})
  outbox.collect()
  outbox.saved()
  assert.deepEqual(collect(outbox), ['a'])
  assert.equal(outbox.isPending, true)
  channel.deliveries[0]!.acknowledged = true
  assert.deepEqual(collect(outbox), [])
  assert.equal(outbox.isPending, false)
  outbox.saved()
  assert.deepEqual(channel.sent, ['a'], 'once')
})

test('progress leaves at once, but never before what came before it', async () => {
  const {outbox, channel} = await opened()
  outbox.add(notification('p1'), {isKept: false})
  assert.deepEqual(channel.sent, ['p1'])
  outbox.add(notification('a'), {isKept: true})
  outbox.add(notification('p2'), {isKept: false})
  outbox.add(notification('b'), {isKept: true})
  outbox.add(notification('p3'), {isKept: false})
  assert.deepEqual(channel.sent, ['p1'])
  assert.deepEqual(collect(outbox), ['a', 'b'])
  const flushes = channel.flushes
  outbox.saved()
  assert.deepEqual(channel.sent, ['p1', 'a', 'p2', 'b', 'p3'])
  assert.equal(channel.flushes, flushes + 1, 'all that is due goes together')
})

test('what the stored state held is sent again behind the first state of this run, before anything new', async () => {
  const channel = new RecordingChannel()
  const outbox = new NotificationOutbox([channel], ['a', 'b'].map(notification))
  outbox.add(notification('c'), {isKept: true})
  await outbox.open()
  assert.deepEqual(channel.sent, [])
  assert.deepEqual(collect(outbox), ['a', 'b', 'c'])
  outbox.saved()
  assert.deepEqual(channel.sent, ['a', 'b', 'c'])
})

test('nothing leaves before the channels are open', async () => {
  const channel = new RecordingChannel()
  const outbox = new NotificationOutbox([channel], [])
  outbox.add(notification('p'), {isKept: false})
  assert.deepEqual(channel.sent, [])
  await outbox.open()
  assert.deepEqual(channel.sent, ['p'])
})

test('a channel that cannot be opened rejects', async () => {
  const channel = new RecordingChannel()
  channel.open = () => Promise.reject(new Error('no such topic'))
  await assert.rejects(new NotificationOutbox([channel], []).open(), /no such topic/)
})
