import assert from 'node:assert/strict'
import {createRequire} from 'node:module'
import {test} from 'node:test'
import {gunzipSync} from 'node:zlib'
import fc from 'fast-check'
import {decompressFrameSync} from 'lz4-napi'
import {RecordBatch, type Compression, type WireBatch} from '../../../src/sinks/record-batch.ts'
import type {EventHeaders, SinkTopic} from '../../../src/sinks/sink.ts'
import {WriterPool} from '../../../src/sinks/writer-pool.ts'

// The oracle: the decoder of another client.
const require = createRequire(import.meta.url)
const Decoder = require('kafkajs/src/protocol/decoder') as new (bytes: Buffer) => unknown
const decodeBatch = require('kafkajs/src/protocol/recordBatch/v0/decoder') as (
  decoder: unknown,
) => Promise<DecodedBatch>
const {Types, Codecs} = require('kafkajs/src/protocol/message/compression') as {
  Types: {LZ4: number}
  Codecs: Record<number, () => {decompress(bytes: Buffer): Promise<Buffer>}>
}
Codecs[Types.LZ4] = () => ({decompress: bytes => Promise.resolve(decompressFrameSync(bytes))})

interface DecodedBatch {
  readonly firstOffset: string
  readonly lastOffsetDelta: number
  readonly producerId: string
  readonly producerEpoch: number
  readonly firstSequence: number
  readonly inTransaction: boolean
  readonly records: readonly {
    readonly offset: string
    readonly key: Buffer | null
    readonly value: Buffer | null
    readonly headers: Record<string, Buffer>
  }[]
}

interface Event {
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers: readonly {readonly name: string; readonly value: Uint8Array}[]
}

const topic: SinkTopic = {name: 't', partitions: 1, batchBytes: 1, newBatch: () => assert.fail()}

function batchOf(events: readonly Event[], mostBytes = 2 ** 30): readonly WireBatch[] {
  const batch = new RecordBatch({topic, partition: 0, mostBytes, pool: new WriterPool(64)})
  for (const {key, value, headers} of events) {
    const encoded: EventHeaders | null =
      headers.length === 0 ? null : {entries: headers.map(h => ({name: h.name, value: Buffer.from(h.value)}))}
    batch.begin(key, 0, key?.length ?? 0, value === null ? -1 : value.length, encoded)
    if (value !== null) batch.writer.write(value)
    batch.end()
  }
  return batch.wires()
}

function oneBatchOf(events: readonly Event[]): WireBatch {
  const [wire, ...others] = batchOf(events)
  assert.equal(others.length, 0)
  return wire ?? assert.fail()
}

type Plain = readonly [
  readonly number[] | null,
  readonly number[] | null,
  readonly (readonly [string, readonly number[]])[],
]

const plain = ({key, value, headers}: Event): Plain => [
  key && [...key],
  value && [...value],
  headers.map(h => [h.name, [...h.value]] as const).sort(([a], [b]) => (a < b ? -1 : 1)),
]

const bytes = fc.oneof(fc.uint8Array({maxLength: 40}), fc.uint8Array({minLength: 60, maxLength: 9000}))
const event: fc.Arbitrary<Event> = fc.record({
  key: fc.option(bytes),
  value: fc.option(bytes),
  headers: fc.uniqueArray(
    fc.record({name: fc.string({maxLength: 70}).map(text => `h-${text}`), value: fc.uint8Array({maxLength: 90})}),
    {
      maxLength: 3,
      selector: h => h.name,
    },
  ),
})

for (const compression of ['none', 'lz4', 'gzip'] as const satisfies readonly Compression[]) {
  test(`kafkajs decodes what was written, with compression ${compression}`, () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(event, {minLength: 1, maxLength: 200}),
        fc.record({
          producerId: fc.bigInt({min: 0n, max: 2n ** 62n}),
          producerEpoch: fc.nat(32767),
          baseSequence: fc.nat(2 ** 31 - 1),
        }),
        fc.oneof(fc.constant(2 ** 30), fc.integer({min: 1, max: 30_000})),
        async (events, stamp, mostBytes) => {
          const records: Plain[] = []
          for (const batch of batchOf(events, mostBytes)) {
            const wire = Buffer.concat(await batch.finish({...stamp, compression}))
            assert.equal(wire.length, batch.wireBytes)
            if (compression === 'none') assert.ok(wire.length <= mostBytes || batch.count === 1)
            const decoded = await decodeBatch(new Decoder(wire))
            assert.equal(decoded.producerId, stamp.producerId.toString())
            assert.equal(decoded.producerEpoch, stamp.producerEpoch)
            assert.equal(decoded.firstSequence, stamp.baseSequence)
            assert.equal(decoded.lastOffsetDelta, batch.count - 1)
            assert.equal(decoded.inTransaction, false)
            assert.deepEqual(
              decoded.records.map(record => Number(record.offset)),
              decoded.records.map((_, i) => i),
            )
            records.push(
              ...decoded.records.map(r =>
                plain({...r, headers: Object.entries(r.headers).map(([name, value]) => ({name, value}))}),
              ),
            )
          }
          assert.deepEqual(records, events.map(plain))
        },
      ),
      {numRuns: 60},
    ))
}

test('the same stamp gives the same bytes, another one changes only header and checksum', async () => {
  const batch = oneBatchOf([{key: Buffer.from('k'), value: Buffer.from('v'), headers: []}])
  const stamp = {producerId: 7n, producerEpoch: 1, baseSequence: 5}
  const first = Buffer.concat(await batch.finish({...stamp, compression: 'none'}))
  batch.stamp(stamp)
  assert.deepEqual(Buffer.concat(batch.wire()), first)
  batch.stamp({producerId: 7n, producerEpoch: 2, baseSequence: 0})
  const other = Buffer.concat(batch.wire())
  assert.notDeepEqual(other.subarray(0, 61), first.subarray(0, 61))
  assert.deepEqual(other.subarray(61), first.subarray(61))
})

test('a large batch is compressed in the thread pool to the same records', async () => {
  const value = Buffer.from(JSON.stringify({text: 'tide '.repeat(1000)}))
  const events = Array.from({length: 400}, () => ({key: null, value, headers: []}))
  const plain = Buffer.concat(
    await oneBatchOf(events).finish({producerId: 0n, producerEpoch: 0, baseSequence: 0, compression: 'none'}),
  )
  for (const [compression, open] of [
    ['lz4', decompressFrameSync],
    ['gzip', gunzipSync],
  ] as const) {
    const batch = oneBatchOf(events)
    assert.notEqual(batch.compress(compression), null)
    const wire = Buffer.concat(
      await oneBatchOf(events).finish({producerId: 0n, producerEpoch: 0, baseSequence: 0, compression}),
    )
    assert.deepEqual(open(wire.subarray(61)), plain.subarray(61))
  }
})

test('the buffer is used again once every record batch in it is released', () => {
  const pool = new WriterPool(1000)
  const first = new RecordBatch({topic, partition: 0, mostBytes: 100, pool})
  for (const value of ['1', '2']) {
    first.begin(null, 0, 0, 50, null)
    first.writer.writeAscii(value.repeat(50))
    first.end()
  }
  const buffer = first.writer.bytes
  const wires = first.wires()
  assert.equal(wires.length, 2)
  wires[0]?.release()
  assert.notEqual(new RecordBatch({topic, partition: 0, mostBytes: 100, pool}).writer.bytes, buffer)
  wires[1]?.release()
  assert.equal(new RecordBatch({topic, partition: 0, mostBytes: 100, pool}).writer.bytes, buffer)
  assert.throws(() => first.begin(null, 0, 0, 1, null), /after its release/)
})
