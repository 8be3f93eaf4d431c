import assert from 'node:assert/strict'
import {test} from 'node:test'
import {EventOrigin} from '../../../src/encode/envelope.ts'
import {partitionFor} from '../../../src/encode/partitioner.ts'
import {advance} from '../../../src/snapshot/table-run.ts'
import type {ChunkRun, TableRun} from '../../../src/snapshot/table-run.ts'
import {ReadOutlet} from '../../../src/stream/read-outlet.ts'
import type {EventTarget} from '../../../src/stream/captured-table.ts'
import type {MemorySinkOptions} from '../../support/memory-sink.ts'
import {MemorySink} from '../../support/memory-sink.ts'
import {chunkRun, plan, readChunk, tableRun} from '../../support/snapshot-parts.ts'
import type {ReadChunkOptions} from '../../support/snapshot-parts.ts'
import {settled, streamTable, StreamParts} from '../../support/stream-parts.ts'

/** An outlet whose windows are closed by the test; progress is kept as the coordinator keeps it. */
class Outlet {
  readonly sink: MemorySink
  readonly parts: StreamParts
  readonly outlet: ReadOutlet
  readonly lost: ChunkRun[] = []
  readonly finished: ChunkRun[] = []
  readonly runs: TableRun[] = []
  pieces = 0
  #targets = new Map<string, EventTarget>()

  constructor(options: MemorySinkOptions = {}) {
    this.sink = new MemorySink({acks: 'held', ...options})
    this.parts = new StreamParts({sink: this.sink})
    this.outlet = new ReadOutlet({
      emitter: this.parts.emitter,
      notes: this.parts.notes,
      origin: new EventOrigin(),
      topics: this.parts.topics,
      headers: {entries: [{name: 'h', value: Buffer.from('1')}]},
      reached: () => ({file: 'b.7', pos: 42, sid: 'source', gno: 9, serverId: 3, threadId: -1}),
    })
    this.outlet.windows = {
      runs: this.runs,
      windowLost: chunk => {
        chunk.state = 'dropped'
        this.lost.push(chunk)
      },
      pieceSent: (chunk, left) => {
        this.pieces++
        chunk.piecesInFlight++
        if (left) chunk.state = 'left'
      },
      pieceAcknowledged: chunk => {
        chunk.piecesInFlight--
        if (chunk.state === 'left') advance(chunk.range)
      },
      finishedWithoutPiece: chunk => {
        chunk.state = 'left'
        this.finished.push(chunk)
        advance(chunk.range)
      },
    }
  }

  async open(tables: readonly string[] = ['t']): Promise<this> {
    await this.parts.open()
    for (const table of tables) {
      this.#targets.set(table, await this.parts.catalog.target(streamTable(table).shape))
      this.parts.notes.begin(`d.${table}`)
    }
    return this
  }

  /** A chunk whose window has closed. */
  close(run: TableRun, ids: readonly number[], options: ReadChunkOptions & {range?: number} = {}): ChunkRun {
    const range = run.ranges[options.range ?? 0]!
    const target = this.#targets.get(run.plan.table.table)!
    const chunk = chunkRun(range, readChunk(ids, options), {state: 'closed', target})
    this.outlet.enqueue(chunk)
    return chunk
  }

  note(key: number, place: number, table = 't'): void {
    this.parts.notes.of(`d.${table}`)!.note(String(key), place)
  }

  sentIds(): number[] {
    return this.sink.sent.map(({value}) => (JSON.parse(value!) as {after: {id: number}}).after.id)
  }

  markers(): string[] {
    return this.sink.sent.map(({value}) => {
      const {after, source} = JSON.parse(value!) as {after: {id: number}; source: {snapshot: string; table: string}}
      return `${source.table}${after.id} ${source.snapshot}`
    })
  }
}

test('the rows of a closed window leave as r events with the place that the stream has reached', async () => {
  const outlet = await new Outlet().open()
  outlet.close(tableRun(plan(['t'])), [1, 2])
  outlet.outlet.pump()
  assert.deepEqual(outlet.parts.sentOps(), ['r 1', 'r 2'])
  const [event] = outlet.sink.sent
  const value = JSON.parse(event!.value!) as {source: Record<string, unknown>; before: unknown; after: unknown}
  const {snapshot, file, pos, gtid, server_id: serverId} = value.source
  assert.deepEqual(
    {before: value.before, after: value.after, snapshot, file, pos, gtid, serverId},
    {
      before: null,
      after: {id: 1, v: 'r'},
      snapshot: 'incremental',
      file: 'b.7',
      pos: 42,
      gtid: 'source:9',
      serverId: 3,
    },
  )
  assert.deepEqual(event!.headers, {h: '1'})
  assert.equal(outlet.outlet.rowsSent, 2)
})

test('rows of a copy by a read view carry its id beside the constant headers, and its reset is in every partition before them', async () => {
  const outlet = await new Outlet({partitions: 3, acks: 'instant'}).open()
  const run = tableRun(plan(['t']))
  run.copyId = 'first'
  const target = await outlet.parts.catalog.target(streamTable('t').shape)
  await outlet.outlet.resetForCopy(run, target)
  outlet.close(run, [1], {more: true})
  outlet.outlet.pump()
  run.copyId = 'second'
  outlet.close(run, [2])
  outlet.outlet.pump()
  const found = outlet.sink.sent.map(({value, headers}) => [
    (JSON.parse(value!) as {op: string}).op,
    headers['h'],
    headers['__tidemark.copy.id'],
  ])
  assert.deepEqual(found, [
    ['t', '1', 'first'],
    ['t', '1', 'first'],
    ['t', '1', 'first'],
    ['r', '1', 'first'],
    ['r', '1', 'second'],
  ])
  assert.deepEqual(
    outlet.sink.sent.slice(0, 3).map(({partition}) => partition),
    [0, 1, 2],
  )
})

test('a blocking snapshot marks its rows as an initial one does', async () => {
  const outlet = await new Outlet().open()
  outlet.close(tableRun(plan(['t'], {terms: {isBlocking: true}})), [1, 2, 3])
  outlet.outlet.pump()
  assert.deepEqual(outlet.markers(), ['t1 first', 't2 true', 't3 last'])
})

test('rows whose keys were noted at or behind the low watermark do not leave', async () => {
  const outlet = await new Outlet().open()
  outlet.note(1, 4)
  outlet.note(2, 5)
  outlet.note(3, 6)
  const chunk = outlet.close(tableRun(plan(['t'])), [1, 2, 3, 4], {low: 5})
  outlet.outlet.pump()
  assert.deepEqual(outlet.sentIds(), [1, 4])
  assert.equal(chunk.superseded, 2)
})

test('a row whose change was left out of the events leaves as the change left it', async () => {
  const outlet = await new Outlet().open()
  const image = Buffer.from('{"id":2,"v":"changed"}{"id":2}')
  outlet.parts.notes.of('d.t')!.noteSilently('2', 5, {bytes: image, rowEnd: image.length - '{"id":2}'.length})
  const chunk = outlet.close(tableRun(plan(['t'])), [1, 2, 3], {low: 5})
  outlet.outlet.pump()
  assert.deepEqual(outlet.sentIds(), [1, 2, 3])
  const changed = outlet.sink.sent[1]!
  assert.equal(changed.key, '{"id":2}')
  assert.deepEqual((JSON.parse(changed.value!) as {after: unknown}).after, {id: 2, v: 'changed'})
  assert.equal(chunk.superseded, 0)
})

test('a window of which every row was superseded is finished without a piece', async () => {
  const outlet = await new Outlet().open()
  outlet.note(1, 5)
  const chunk = outlet.close(tableRun(plan(['t'])), [1], {low: 5})
  outlet.outlet.pump()
  assert.deepEqual(outlet.finished, [chunk])
  assert.equal(outlet.sink.sent.length, 0)
  assert.equal(outlet.outlet.length, 0)
})

test('until a row has left, an event that comes later still supersedes it', async () => {
  const outlet = await new Outlet({batchBytes: 1, snapshotBytesInFlight: 1}).open()
  outlet.close(tableRun(plan(['t'])), [1, 2, 3])
  outlet.outlet.pump()
  assert.deepEqual(outlet.sentIds(), [1])
  outlet.note(2, 1)
  outlet.sink.acknowledge()
  await settled()
  outlet.outlet.pump()
  assert.deepEqual(outlet.sentIds(), [1, 3])
})

test('a piece holds no more than one batch, and no piece leaves while enough is in flight', async () => {
  const outlet = await new Outlet({batchBytes: 500, snapshotBytesInFlight: 1_000}).open()
  const chunk = outlet.close(
    tableRun(plan(['t'])),
    Array.from({length: 10}, (_, i) => i),
  )
  outlet.outlet.pump()
  const first = outlet.sink.sent.length
  assert.ok(first < 10, `${first} rows left at once`)
  assert.ok(outlet.parts.emitter.snapshotBytesInFlight < 1_000 + 1_000)
  assert.equal(chunk.state, 'closed')
  while (outlet.outlet.length > 0) {
    outlet.sink.acknowledge(1)
    await settled()
    outlet.outlet.pump()
  }
  assert.deepEqual(outlet.sentIds(), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  assert.equal(chunk.state, 'left')
  assert.ok(outlet.sink.batchCounts.every(count => count < 10))
})

test('while a piece of a table is on its way, the next table sends one, too; a table keeps the order of its own rows', async () => {
  const outlet = await new Outlet({batchBytes: 1, snapshotBytesInFlight: 1_000_000}).open(['t', 'u'])
  const snapshot = plan(['t', 'u'])
  outlet.close(tableRun(snapshot), [1, 2])
  outlet.close(tableRun(snapshot, {index: 1}), [11, 12])
  const markers: string[] = []
  for (let i = 0; i < 2; i++) {
    outlet.outlet.pump()
    markers.push(outlet.markers().join(', '))
    outlet.sink.acknowledge()
    await settled()
  }
  // With room for all, each goes out at once: what counts is whose turn it is.
  assert.match(markers[0]!, /^t1 incremental, u11 incremental/)
  const ids = outlet.sentIds()
  assert.deepEqual(
    ids.filter(id => id < 10),
    [1, 2],
  )
  assert.deepEqual(
    ids.filter(id => id > 10),
    [11, 12],
  )
  assert.equal(outlet.outlet.length, 0)
})

test('however large a batch may be, what is on its way of a snapshot is bounded by two pieces of 256 KB', async () => {
  const outlet = await new Outlet({batchBytes: 10_000_000}).open()
  outlet.close(
    tableRun(plan(['t'])),
    Array.from({length: 5_000}, (_, i) => i),
  )
  outlet.outlet.pump()
  const {snapshotBytesInFlight} = outlet.parts.emitter
  assert.ok(snapshotBytesInFlight >= 512 * 1024 && snapshotBytesInFlight < 514 * 1024, `${snapshotBytesInFlight} bytes`)
  assert.equal(outlet.sink.batchCounts.length, 2)
})

test('chunks leave in the order of their windows, and dropped ones not at all', async () => {
  const outlet = await new Outlet().open()
  const run = tableRun(plan(['t']))
  outlet.close(run, [1], {more: true})
  const dropped = outlet.close(run, [2], {more: true})
  outlet.close(run, [3])
  dropped.state = 'dropped'
  outlet.outlet.pump()
  assert.deepEqual(outlet.sentIds(), [1, 3])
})

test('while it is held a chunk that has left in part leaves to its end, and no other begins', async () => {
  const outlet = await new Outlet({batchBytes: 1, snapshotBytesInFlight: 1}).open(['t', 'u'])
  const snapshot = plan(['t', 'u'])
  outlet.close(tableRun(snapshot), [1, 2])
  outlet.close(tableRun(snapshot, {index: 1}), [11])
  outlet.outlet.pump()
  assert.deepEqual(outlet.sentIds(), [1])
  assert.equal(outlet.outlet.isWhole, false)
  outlet.outlet.hold()
  for (let i = 0; i < 3; i++) {
    outlet.sink.acknowledge()
    await settled()
    outlet.outlet.pump()
  }
  assert.deepEqual(outlet.sentIds(), [1, 2])
  assert.equal(outlet.outlet.isWhole, true)
  outlet.outlet.release()
  assert.deepEqual(outlet.sentIds(), [1, 2, 11])
})

test('when the task ends a chunk that has left in part leaves to its end, and no other begins, also behind the last state', async () => {
  const outlet = await new Outlet({batchBytes: 1, snapshotBytesInFlight: 1}).open(['t', 'u'])
  const snapshot = plan(['t', 'u'])
  outlet.close(tableRun(snapshot), [1, 2])
  outlet.close(tableRun(snapshot, {index: 1}), [11])
  outlet.outlet.pump()
  outlet.outlet.end()
  for (let i = 0; i < 3; i++) {
    outlet.sink.acknowledge()
    await settled()
    outlet.outlet.pump()
  }
  outlet.outlet.hold()
  outlet.outlet.release()
  assert.deepEqual(outlet.sentIds(), [1, 2])
})

test('a window whose notes were lost is handed back, and the next one leaves', async () => {
  const outlet = await new Outlet().open(['t', 'u'])
  outlet.parts.notes.of('d.t')!.overflow(5)
  const lost = outlet.close(tableRun(plan(['t'])), [1], {low: 5})
  outlet.close(tableRun(plan(['u'])), [2], {low: 5})
  outlet.outlet.pump()
  assert.deepEqual(outlet.lost, [lost])
  assert.deepEqual(outlet.sentIds(), [2])
})

test('progress waits for the acknowledgement of every piece, whatever partition it went to', async () => {
  const outlet = await new Outlet({partitions: 4}).open()
  const snapshot = plan(['t'])
  const chunk = outlet.close(
    tableRun(snapshot),
    Array.from({length: 20}, (_, i) => i),
  )
  outlet.outlet.pump()
  assert.ok(outlet.sink.waiting > 1)
  for (const {key, partition} of outlet.sink.sent) {
    const bytes = Buffer.from(key!)
    assert.equal(partition, partitionFor(bytes, 0, bytes.length, 4))
  }
  while (outlet.sink.waiting > 0) {
    assert.equal(snapshot.tables[0]!.ranges![0]!.done, false)
    outlet.sink.acknowledge(1)
    await settled()
  }
  assert.equal(chunk.piecesInFlight, 0)
  assert.equal(snapshot.tables[0]!.ranges![0]!.done, true)
})

test('rows go behind what the stream has open for the same partition', async () => {
  const outlet = await new Outlet().open()
  const {emitter, catalog} = outlet.parts
  const {lanes} = (await catalog.target(streamTable('t').shape)).lanes
  const batch = emitter.batch(lanes[0]!)
  const value = Buffer.from('{"op":"c","after":{"id":7}}')
  batch.begin(null, 0, 0, value.length, null)
  batch.writer.write(value)
  batch.end()
  emitter.appended(lanes[0]!)
  outlet.close(tableRun(plan(['t'])), [1])
  outlet.outlet.pump()
  assert.deepEqual(outlet.sentIds(), [7, 1])
})

test('an initial snapshot names its first and last row, and the first and last of each table', async () => {
  const outlet = await new Outlet().open(['t', 'u', 'w'])
  const snapshot = plan(['t', 'u', 'w'], {kind: 'initial'})
  const runs = [0, 1, 2].map(index => tableRun(snapshot, {index}))
  outlet.close(runs[0]!, [1, 2], {more: true})
  outlet.close(runs[0]!, [3, 4])
  outlet.outlet.pump()
  snapshot.tables[0]!.state = 'done'
  outlet.close(runs[1]!, [1, 2, 3])
  outlet.outlet.pump()
  snapshot.tables[1]!.state = 'done'
  outlet.close(runs[2]!, [1, 2])
  outlet.outlet.pump()
  assert.deepEqual(outlet.markers(), [
    't1 first',
    't2 true',
    't3 true',
    't4 last_in_data_collection',
    'u1 first_in_data_collection',
    'u2 true',
    'u3 last_in_data_collection',
    'w1 first_in_data_collection',
    'w2 last',
  ])
})

test('the markers are the same where rows leave one by one', async () => {
  const outlet = await new Outlet({batchBytes: 1, snapshotBytesInFlight: 1}).open()
  const snapshot = plan(['t'], {kind: 'initial'})
  outlet.close(tableRun(snapshot), [1, 2, 3, 4])
  for (let i = 0; i < 6; i++) {
    outlet.outlet.pump()
    outlet.sink.acknowledge()
    await settled()
  }
  assert.deepEqual(outlet.markers(), ['t1 first', 't2 true', 't3 true', 't4 last'])
})

test('superseded rows are neither first nor last', async () => {
  const outlet = await new Outlet().open()
  for (const key of [1, 5]) outlet.note(key, 1)
  outlet.close(tableRun(plan(['t'], {kind: 'initial'})), [1, 2, 3, 4, 5])
  outlet.outlet.pump()
  assert.deepEqual(outlet.markers(), ['t2 first', 't3 true', 't4 last'])
})

test('behind a first chunk that was superseded as a whole the next one has the first row', async () => {
  const outlet = await new Outlet().open()
  outlet.note(1, 1)
  const run = tableRun(plan(['t'], {kind: 'initial'}))
  outlet.close(run, [1], {more: true})
  outlet.outlet.pump()
  outlet.close(run, [2, 3])
  outlet.outlet.pump()
  assert.deepEqual(outlet.markers(), ['t2 first', 't3 last'])
})

test('the only row of an initial snapshot is its last', async () => {
  const outlet = await new Outlet().open()
  outlet.close(tableRun(plan(['t'], {kind: 'initial'})), [1])
  outlet.outlet.pump()
  assert.deepEqual(outlet.markers(), ['t1 last'])
})

test('of several ranges the one that ends the table last has the last row', async () => {
  const outlet = await new Outlet().open()
  const snapshot = plan(['t'], {kind: 'initial'})
  const run = tableRun(snapshot, {
    ranges: [
      {after: null, upTo: ['5'], done: false},
      {after: ['5'], upTo: ['9'], done: false},
    ],
  })
  outlet.close(run, [6, 7], {range: 1})
  outlet.outlet.pump()
  outlet.sink.acknowledge()
  await settled()
  outlet.close(run, [1, 2], {range: 0})
  outlet.outlet.pump()
  assert.deepEqual(outlet.markers(), ['t6 first', 't7 true', 't1 true', 't2 last'])
})

test('the last row of a snapshot is known though rows of other tables are not acknowledged yet', async () => {
  const outlet = await new Outlet().open(['t', 'u'])
  const snapshot = plan(['t', 'u'], {kind: 'initial'})
  const runs = snapshot.tables.map((_table, index) => tableRun(snapshot, {index}))
  outlet.runs.push(...runs)
  outlet.close(runs[0]!, [1, 2])
  outlet.outlet.pump()
  assert.equal(snapshot.tables[0]!.state, 'running')
  runs[0]!.ranges[0]!.readToEnd = true
  outlet.close(runs[1]!, [3])
  outlet.outlet.pump()
  assert.deepEqual(outlet.markers(), ['t1 first', 't2 last_in_data_collection', 'u3 last'])
})
