import assert from 'node:assert/strict'
import {test} from 'node:test'
import {Emitter} from '../../../src/stream/emitter.ts'
import type {Lane} from '../../../src/stream/emitter.ts'
import {OffsetTracker} from '../../../src/stream/offset-tracker.ts'
import type {EventBatch} from '../../../src/sinks/sink.ts'
import {MemorySink} from '../../support/memory-sink.ts'
import type {MemorySinkOptions} from '../../support/memory-sink.ts'
import {settled} from '../../support/stream-parts.ts'

/** An emitter whose place is the number of events appended so far. */
class Outlet {
  readonly sink: MemorySink
  readonly tracker = new OffsetTracker()
  readonly emitter: Emitter
  readonly failures: unknown[] = []
  acknowledgements = 0
  #pos = 0

  constructor(options: MemorySinkOptions & {readonly streamBytes?: number} = {}) {
    this.sink = new MemorySink({acks: 'held', ...options})
    this.emitter = new Emitter({
      sink: this.sink,
      tracker: this.tracker,
      streamBytes: options.streamBytes ?? 1_000,
      onFailure: error => this.failures.push(error),
      onAcknowledged: () => this.acknowledgements++,
    })
    this.emitter.main.placeNow = () => this.place
  }

  get place() {
    return {file: 'b.1', pos: this.#pos, gtidCount: 0, rows: 0, sid: '', gno: 0, transactions: 0}
  }

  /** Where the stream may be resumed. */
  get safe(): number {
    return this.tracker.safePlace(this.place).pos
  }

  async lane(name = 't', partition = 0): Promise<Lane> {
    await this.sink.open(new AbortController().signal)
    return this.emitter.lane(await this.sink.topic(name), partition)
  }

  /** One streamed event of `value` bytes or this text. */
  stream(lane: Lane, value: string): void {
    write(this.emitter.batch(lane), value)
    this.emitter.appended(lane)
    this.#pos++
  }

  values(): (string | null)[] {
    return this.sink.sent.map(event => event.value)
  }
}

function write(batch: EventBatch, value: string): void {
  batch.begin(null, 0, 0, value.length, null)
  batch.writer.writeAscii(value)
  batch.end()
}

test('an idle stream sends at once, a busy one fills a batch while two are on their way', async () => {
  const outlet = new Outlet()
  const lane = await outlet.lane()
  for (const value of ['a', 'b', 'c', 'd']) {
    outlet.stream(lane, value)
    outlet.emitter.flush()
  }
  assert.deepEqual(outlet.sink.batchCounts, [1, 1], 'c and d wait together')
  outlet.sink.acknowledge(1)
  await settled()
  assert.deepEqual(outlet.sink.batchCounts, [1, 1, 2], 'and follow with the next acknowledgement')
  assert.deepEqual(outlet.values(), ['a', 'b', 'c', 'd'])
})

test('events appended since the last flush leave as one batch', async () => {
  const outlet = new Outlet()
  const lane = await outlet.lane()
  for (const value of ['a', 'b', 'c']) outlet.stream(lane, value)
  assert.equal(outlet.sink.sent.length, 0)
  outlet.emitter.flush()
  assert.deepEqual(outlet.sink.batchCounts, [3])
})

test('under load events of a few milliseconds leave together, after a quiet moment at once', async t => {
  t.mock.timers.enable({apis: ['setTimeout']})
  const outlet = new Outlet({acks: 'instant'})
  const lane = await outlet.lane()
  const streamed = async (value: string): Promise<void> => {
    outlet.stream(lane, value)
    outlet.emitter.flushSoon()
    await settled()
  }
  for (const value of ['a', 'b', 'c']) await streamed(value)
  assert.deepEqual(outlet.sink.batchCounts, [1], 'a finds it quiet')
  t.mock.timers.tick(5)
  await streamed('d')
  assert.deepEqual(outlet.sink.batchCounts, [1, 2], 'd waits its turn')
  t.mock.timers.tick(5)
  t.mock.timers.tick(5)
  await streamed('e')
  assert.deepEqual(outlet.sink.batchCounts, [1, 2, 1, 1], 'e finds it quiet again')
})

test('a full batch leaves without a flush, however many are on their way', async () => {
  const outlet = new Outlet({batchBytes: 10})
  const lane = await outlet.lane()
  for (let i = 0; i < 6; i++) outlet.stream(lane, 'fives')
  assert.deepEqual(outlet.sink.batchCounts, [2, 2, 2])
})

test('a read piece that overtakes an open batch of its lane sends that batch first', async () => {
  const outlet = new Outlet()
  const lane = await outlet.lane()
  for (const value of ['a', 'b', 'c']) {
    outlet.stream(lane, value)
    outlet.emitter.flush()
  }
  const piece = lane.topic.newBatch(0)
  write(piece, 'read')
  void outlet.emitter.sendRead(lane, piece)
  outlet.stream(lane, 'd')
  outlet.emitter.flush()
  outlet.sink.acknowledge()
  await settled()
  assert.deepEqual(outlet.values(), ['a', 'b', 'c', 'read', 'd'])
})

test('a read piece leaves the open batches of other lanes alone', async () => {
  const outlet = new Outlet({partitions: 2})
  const [first, second] = [await outlet.lane('t', 0), await outlet.lane('t', 1)]
  outlet.stream(first, 'a')
  const piece = second.topic.newBatch(1)
  write(piece, 'read')
  void outlet.emitter.sendRead(second, piece)
  assert.deepEqual(outlet.values(), ['read'])
})

test('the safe place stays before the first event of a batch until that batch is acknowledged', async () => {
  const outlet = new Outlet()
  const lane = await outlet.lane()
  outlet.stream(lane, 'a')
  outlet.emitter.flush()
  outlet.stream(lane, 'b')
  assert.equal(outlet.safe, 0)
  outlet.sink.acknowledge(1)
  await settled()
  assert.equal(outlet.safe, 1, 'b is still open')
  outlet.emitter.flush()
  outlet.sink.acknowledge(1)
  await settled()
  assert.equal(outlet.safe, 2)
})

test('of batches in two topics the older one holds the safe place back', async () => {
  const outlet = new Outlet()
  const [first, second] = [await outlet.lane('t'), await outlet.lane('u')]
  outlet.stream(first, 'a')
  outlet.stream(second, 'b')
  outlet.stream(first, 'c')
  outlet.emitter.flush()
  assert.equal(outlet.safe, 0)
  outlet.sink.acknowledge(1)
  await settled()
  assert.equal(outlet.safe, 1, 'b came before c, which was acknowledged with a')
})

test('a read piece does not hold the safe place back', async () => {
  const outlet = new Outlet()
  const lane = await outlet.lane()
  const piece = lane.topic.newBatch(0)
  write(piece, 'read')
  void outlet.emitter.sendRead(lane, piece)
  outlet.stream(lane, 'a')
  outlet.emitter.flush()
  assert.equal(outlet.safe, 0)
  outlet.sink.acknowledge()
  await settled()
  assert.equal(outlet.safe, 1)
})

test('room waits while open and in-flight bytes reach the limit, and comes with the acknowledgement', async () => {
  const outlet = new Outlet({streamBytes: 10})
  const lane = await outlet.lane()
  outlet.stream(lane, '123456789')
  assert.equal(outlet.emitter.room(), null)
  outlet.stream(lane, '0')
  const room = outlet.emitter.room()
  assert.notEqual(room, null, 'open bytes count')
  outlet.emitter.flush()
  assert.notEqual(outlet.emitter.room(), null, 'bytes in flight count')
  outlet.sink.acknowledge()
  await room
  assert.equal(outlet.emitter.room(), null)
  assert.equal(outlet.emitter.streamBytes, 0)
})

test('beside a snapshot the stream keeps nine parts of what read events may have in flight', async () => {
  const outlet = new Outlet({streamBytes: 1_000, snapshotBytesInFlight: 10})
  const lane = await outlet.lane()
  outlet.stream(lane, 'x'.repeat(90))
  assert.equal(outlet.emitter.room(), null)
  outlet.emitter.snapshotActive = true
  assert.notEqual(outlet.emitter.room(), null)
  outlet.emitter.snapshotActive = false
  outlet.stream(lane, 'x'.repeat(910))
  assert.notEqual(outlet.emitter.room(), null)
})

test('read events have room until as many bytes as the sink allows are in flight', async () => {
  const outlet = new Outlet({snapshotBytesInFlight: 10})
  const lane = await outlet.lane()
  for (const [value, room] of [
    ['123456789', true],
    ['0', false],
  ] as const) {
    const piece = lane.topic.newBatch(0)
    write(piece, value)
    void outlet.emitter.sendRead(lane, piece)
    assert.equal(outlet.emitter.roomForRead, room)
  }
  assert.equal(outlet.emitter.snapshotBytesInFlight, 10)
  outlet.sink.acknowledge(1)
  await settled()
  assert.equal(outlet.emitter.roomForRead, true)
  assert.equal(outlet.acknowledgements, 1)
})

test('drain sends what is open and resolves when all of it, read pieces too, is acknowledged', async () => {
  const outlet = new Outlet()
  const lane = await outlet.lane()
  for (const value of ['a', 'b', 'c']) {
    outlet.stream(lane, value)
    outlet.emitter.flush()
  }
  const piece = lane.topic.newBatch(0)
  write(piece, 'read')
  void outlet.emitter.sendRead(lane, piece)
  outlet.stream(lane, 'd')
  let drained = false
  const drain = outlet.emitter.drain().then(() => (drained = true))
  assert.deepEqual(outlet.values(), ['a', 'b', 'c', 'read', 'd'])
  while (outlet.sink.waiting > 1) {
    outlet.sink.acknowledge(1)
    await settled()
    assert.equal(drained, false)
  }
  outlet.sink.acknowledge(1)
  await drain
})

test('a drain with nothing to do resolves', async () => {
  const outlet = new Outlet()
  await outlet.lane()
  await outlet.emitter.drain()
})

test('a failure is told once, and whoever waits for room or the drain, now or later, gets it', async () => {
  const outlet = new Outlet({streamBytes: 1})
  const lane = await outlet.lane()
  for (const value of ['a', 'b']) {
    outlet.stream(lane, value)
    outlet.emitter.flush()
  }
  const room = outlet.emitter.room()
  const drain = outlet.emitter.drain()
  assert.notEqual(room, null)
  outlet.sink.fail(new Error('disk full'))
  await assert.rejects(room!, /disk full/)
  await assert.rejects(drain, /disk full/)
  await assert.rejects(outlet.emitter.room()!, /disk full/)
  await assert.rejects(outlet.emitter.drain(), /disk full/)
  assert.deepEqual(
    outlet.failures.map(error => (error as Error).message),
    ['disk full'],
  )
  assert.equal(outlet.safe, 0, 'and nothing counts as done')
})

test('a read piece whose send fails is never reported as acknowledged', async () => {
  const outlet = new Outlet()
  const lane = await outlet.lane()
  const piece = lane.topic.newBatch(0)
  write(piece, 'read')
  let acknowledged = false
  void outlet.emitter.sendRead(lane, piece).then(() => (acknowledged = true))
  outlet.sink.fail(new Error('disk full'))
  await settled()
  assert.equal(acknowledged, false)
  assert.equal(outlet.failures.length, 1)
})

test('events are counted, streamed and read ones alike', async () => {
  const outlet = new Outlet()
  const lane = await outlet.lane()
  outlet.stream(lane, 'a')
  const piece = lane.topic.newBatch(0)
  write(piece, 'r')
  write(piece, 's')
  void outlet.emitter.sendRead(lane, piece)
  assert.equal(outlet.emitter.eventsEmitted, 3)
})

test('a cut sends what is open, and waits for what was sent before it and for nothing later', async () => {
  const outlet = new Outlet()
  const lane = await outlet.lane()
  const read = (await outlet.lane('u')).topic.newBatch(0)
  write(read, 'read')
  void outlet.emitter.sendRead(await outlet.lane('u'), read)
  outlet.stream(lane, 'before')
  let isCut = false
  void outlet.emitter.cut().then(() => (isCut = true))
  outlet.stream(lane, 'behind')
  outlet.emitter.flush()
  assert.deepEqual(outlet.values(), ['read', 'before', 'behind'])
  outlet.sink.acknowledge(1)
  await settled()
  assert.equal(isCut, false, 'the streamed event is on its way')
  outlet.sink.acknowledge(1)
  await settled()
  assert.equal(isCut, true)
})

test('a cut rejects where the sink fails', async () => {
  const outlet = new Outlet()
  outlet.stream(await outlet.lane(), 'x')
  const cut = assert.rejects(outlet.emitter.cut(), /broken/)
  outlet.sink.fail(new Error('broken'))
  await cut
  await assert.rejects(outlet.emitter.cut(), /broken/)
})

test('a branch is tracked by itself, waits for its own room alone, and a cut and a drain wait for both', async () => {
  const outlet = new Outlet()
  const {emitter} = outlet
  const tracker = new OffsetTracker()
  const source = emitter.openBranch(tracker, 10)
  let pos = 500
  source.placeNow = () => ({...outlet.place, pos})
  const lane = await outlet.lane()
  const branchLane = emitter.lane(lane.topic, 1, source)
  const write10 = (): void => {
    write(emitter.batch(branchLane), '0123456789')
    emitter.appended(branchLane)
    pos++
  }
  write10()
  assert.notEqual(emitter.room(source), null, 'the branch has no room')
  assert.equal(emitter.room(), null, 'the main stream has')
  outlet.stream(lane, 'a')
  assert.equal(outlet.safe, 0)
  assert.equal(tracker.safePlace(source.placeNow()).pos, 500)
  let isCut = false
  const cut = emitter.cut().then(() => (isCut = true))
  let isDrained = false
  const drained = emitter.drain(source).then(() => (isDrained = true))
  outlet.sink.acknowledge(1)
  await settled()
  assert.equal(isDrained, true, 'what the branch has sent is acknowledged')
  assert.equal(isCut, false)
  assert.equal(tracker.safePlace(source.placeNow()).pos, 501)
  outlet.sink.acknowledge(1)
  await Promise.all([cut, drained])
  assert.equal(emitter.streamBytes, 0)
})

test('behind the last state nothing leaves, read events and what waits for its pace included', async () => {
  const outlet = new Outlet()
  const lane = await outlet.lane()
  outlet.stream(lane, 'a')
  outlet.emitter.flush()
  outlet.stream(lane, 'b')
  outlet.emitter.end()
  outlet.emitter.flush()
  outlet.emitter.flushSoon()
  outlet.sink.acknowledge()
  await settled()
  const batch = lane.topic.newBatch(0)
  write(batch, 'r')
  void outlet.emitter.sendRead(lane, batch)
  assert.deepEqual(outlet.values(), ['a'])
  assert.deepEqual(outlet.failures, [])
})

test('behind the last state a batch in flight that is not taken is no failure', async () => {
  const outlet = new Outlet()
  outlet.stream(await outlet.lane(), 'a')
  outlet.emitter.flush()
  outlet.emitter.end()
  outlet.sink.fail(new Error('closed'))
  await settled()
  assert.deepEqual(outlet.failures, [])
  assert.equal(outlet.safe, 0, 'it comes again')
})
