// What every sink must do (see src/sinks/sink.ts); run by the file, stdout, Kafka and memory sinks.

import assert from 'node:assert/strict'
import {test, type TestContext} from 'node:test'
import type {EventHeaders, Sink, SinkTopic} from '../../src/sinks/sink.ts'

export interface ContractEvent {
  readonly key: string | null
  readonly value: string | null
  readonly headers?: EventHeaders
}

export interface ReadEvent {
  readonly key: unknown
  readonly value: unknown
  readonly headers?: Record<string, unknown>
}

export interface SinkUnderTest {
  /** Not opened yet. */
  readonly sink: Sink
  /** A topic name that no other test uses. */
  readonly topicName: string
  /** Everything durable of one partition in its order, JSON parsed. */
  read(topicName: string, partition: number): Promise<ReadEvent[]>
}

/** Appends an event as the engine does: key bytes inside a larger buffer, value bytes written to the batch. */
export function addEvent(topic: SinkTopic, batch: ReturnType<SinkTopic['newBatch']>, event: ContractEvent): void {
  const key = event.key === null ? null : Buffer.from(`..${event.key}..`)
  const value = event.value === null ? null : Buffer.from(event.value)
  batch.begin(key, 2, (key?.length ?? 4) - 2, value === null ? -1 : value.length, event.headers ?? null)
  if (value !== null) batch.writer.write(value)
  batch.end()
  assert.equal(batch.topic, topic)
}

export function sinkContract(name: string, create: (t: TestContext) => Promise<SinkUnderTest>): void {
  const opened = async (t: TestContext) => {
    const under = await create(t)
    await under.sink.open(new AbortController().signal)
    t.after(() => under.sink.close(AbortSignal.timeout(5000)))
    return under
  }

  test(`${name}: keys, values, tombstones, missing keys and headers arrive as they were written`, async t => {
    const {sink, topicName, read} = await opened(t)
    const topic = await sink.topic(topicName)
    const headers: EventHeaders = {entries: [{name: 'h', value: Buffer.from('{"a":[1]}')}]}
    const batch = topic.newBatch(0)
    addEvent(topic, batch, {key: '{"id":1}', value: '{"op":"c","text":"ü\\n€"}'})
    addEvent(topic, batch, {key: '{"id":1}', value: null})
    addEvent(topic, batch, {key: null, value: '{"op":"c"}', headers})
    assert.equal(batch.count, 3)
    assert.ok(batch.byteLength > 40)
    await sink.send(batch)
    await sink.sync()
    assert.deepEqual(await read(topicName, 0), [
      {key: {id: 1}, value: {op: 'c', text: 'ü\n€'}},
      {key: {id: 1}, value: null},
      {key: null, value: {op: 'c'}, headers: {h: {a: [1]}}},
    ])
  })

  test(`${name}: batches become durable in the order of their sends`, async t => {
    const {sink, topicName, read} = await opened(t)
    const topic = await sink.topic(topicName)
    const sends: Promise<void>[] = []
    let next = 0
    for (const count of [1, 700, 3, 1, 1, 200, 1, 2, 50, 1]) {
      const batch = topic.newBatch(0)
      for (let i = 0; i < count; i++) addEvent(topic, batch, {key: String(next), value: `{"n":${next++}}`})
      sends.push(sink.send(batch))
    }
    await Promise.all(sends)
    await sink.sync()
    const events = await read(topicName, 0)
    assert.deepEqual(
      events.map(event => (event.value as {n: number}).n),
      Array.from({length: next}, (_, n) => n),
    )
  })

  test(`${name}: an event larger than a batch goes through alone`, async t => {
    const {sink, topicName, read} = await opened(t)
    const topic = await sink.topic(topicName)
    const batch = topic.newBatch(0)
    const text = 'x'.repeat(topic.batchBytes + 1000)
    addEvent(topic, batch, {key: '1', value: `"${text}"`})
    await sink.send(batch)
    assert.deepEqual(await read(topicName, 0), [{key: 1, value: text}])
  })

  test(`${name}: an empty batch is acknowledged and leaves nothing behind`, async t => {
    const {sink, topicName, read} = await opened(t)
    const topic = await sink.topic(topicName)
    await sink.send(topic.newBatch(0))
    const batch = topic.newBatch(0)
    addEvent(topic, batch, {key: '1', value: '2'})
    await sink.send(batch)
    assert.deepEqual(await read(topicName, 0), [{key: 1, value: 2}])
  })

  test(`${name}: a value of another length than announced is refused`, async t => {
    const {sink, topicName} = await opened(t)
    const batch = (await sink.topic(topicName)).newBatch(0)
    batch.begin(null, 0, 0, 3, null)
    batch.writer.write(Buffer.from('1234'))
    assert.throws(() => batch.end(), /length/)
  })

  test(`${name}: the status is open while open and closed after close, which may be called twice`, async t => {
    const {sink, topicName} = await opened(t)
    assert.equal(sink.status().state, 'open')
    const topic = await sink.topic(topicName)
    const batch = topic.newBatch(0)
    addEvent(topic, batch, {key: '1', value: '1'})
    await sink.close()
    await sink.close()
    assert.equal(sink.status().state, 'closed')
    await assert.rejects(sink.send(batch), {code: 'TIDEMARK_SINK_CLOSED'})
  })

  test(`${name}: the same topic is given again`, async t => {
    const {sink, topicName} = await opened(t)
    const [one, two] = await Promise.all([sink.topic(topicName), sink.topic(topicName)])
    assert.equal(one.name, topicName)
    assert.equal(one, two)
  })
}
