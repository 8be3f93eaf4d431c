import assert from 'node:assert/strict'
import {test} from 'node:test'
import {EVENT_OVERHEAD_BYTES} from '../../../src/sinks/iterator-batch.ts'
import {IteratorSink} from '../../../src/sinks/iterator-sink.ts'
import type {SinkTopic} from '../../../src/sinks/sink.ts'
import {addEvent, sinkContract, type ReadEvent} from '../../contract/sink-contract.ts'

// A program that takes each event at once, keeps what it says, and acknowledges it.
sinkContract('iterator', () => {
  const seen: (ReadEvent & {readonly topic: string})[] = []
  const parsed = (bytes: Buffer | null): unknown => (bytes === null ? null : JSON.parse(bytes.toString('utf8')))
  const sink: IteratorSink = new IteratorSink({
    onEvents: () => {
      for (let event = sink.take(); event !== null; event = sink.take()) {
        const {topic, key, value, headers} = event
        const entries = (headers?.entries ?? []).map(({name, value: bytes}) => [name, parsed(bytes)] as const)
        const shown = entries.length === 0 ? {} : {headers: Object.fromEntries(entries)}
        seen.push({topic, key: parsed(key), value: parsed(value), ...shown})
        event.acknowledge()
      }
    },
  })
  const read = (topicName: string): Promise<ReadEvent[]> =>
    Promise.resolve(seen.filter(({topic}) => topic === topicName).map(({topic: _, ...event}) => event))
  return Promise.resolve({sink, topicName: 't', read})
})

async function opened(): Promise<{readonly sink: IteratorSink; readonly topic: SinkTopic}> {
  const sink = new IteratorSink()
  await sink.open(new AbortController().signal)
  return {sink, topic: await sink.topic('t')}
}

/** Sends events 1 to `count` in one batch. */
function send({sink, topic}: {sink: IteratorSink; topic: SinkTopic}, count: number): {readonly isDone: () => boolean} {
  const batch = topic.newBatch(0)
  for (let n = 1; n <= count; n++) addEvent(topic, batch, {key: String(n), value: `{"n":${n}}`})
  let done = false
  void sink.send(batch).then(() => (done = true))
  return {isDone: () => done}
}

const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

test('a batch is acknowledged when all of its events are, in whatever order and however often', async () => {
  const under = await opened()
  const sent = send(under, 3)
  const events = [under.sink.take()!, under.sink.take()!, under.sink.take()!]
  assert.equal(under.sink.take(), null)
  for (const event of [events[2]!, events[0]!, events[0]!]) event.acknowledge()
  await turn()
  assert.equal(sent.isDone(), false)
  assert.equal(under.sink.outstanding, 1)
  events[1]!.acknowledge()
  await turn()
  assert.equal(sent.isDone(), true)
  assert.equal(under.sink.outstanding, 0)
})

test('a streamed event fills its batch, so that each is tracked by itself', async () => {
  const {topic} = await opened()
  const batch = topic.newBatch(0)
  addEvent(topic, batch, {key: null, value: null})
  assert.ok(batch.byteLength >= topic.batchBytes)
  assert.ok(batch.byteLength >= EVENT_OVERHEAD_BYTES, 'an event without bytes costs memory, too')
})

test('what was not taken when handing out ends is never taken, and holds up nobody', async () => {
  const under = await opened()
  const sent = send(under, 2)
  const first = under.sink.take()!
  under.sink.stopHandingOut()
  assert.equal(under.sink.take(), null)
  send(under, 1)
  assert.equal(under.sink.take(), null)
  let isSettled = false
  void under.sink.settled().then(() => (isSettled = true))
  await turn()
  assert.equal(isSettled, false)
  first.acknowledge()
  await turn()
  assert.equal(isSettled, true)
  assert.equal(sent.isDone(), false, 'the second event was not acknowledged')
})

test('an acknowledgement behind the end stirs nothing', async () => {
  const under = await opened()
  const sent = send(under, 1)
  const event = under.sink.take()!
  await under.sink.close()
  event.acknowledge()
  await turn()
  assert.equal(sent.isDone(), false)
})

test('an event keeps its bytes while others are written', async () => {
  const under = await opened()
  send(under, 2)
  const one = under.sink.take()!
  send(under, 2)
  assert.equal(one.value?.toString(), '{"n":1}')
  assert.equal(one.key?.toString(), '1')
})

test('opened again it hands out what is sent from then on, and old acknowledgements count for nothing', async () => {
  const under = await opened()
  const sent = send(under, 2)
  const old = under.sink.take()!
  await under.sink.close()
  await under.sink.open(new AbortController().signal)
  assert.equal(under.sink.take(), null, 'what was queued comes again from the source')
  assert.equal(under.sink.outstanding, 0)
  const again = send(under, 1)
  const event = under.sink.take()!
  old.acknowledge()
  await turn()
  assert.deepEqual([sent.isDone(), again.isDone(), under.sink.outstanding], [false, false, 1])
  event.acknowledge()
  await turn()
  assert.equal(again.isDone(), true)
})
