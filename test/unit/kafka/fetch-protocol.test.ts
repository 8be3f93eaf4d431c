import assert from 'node:assert/strict'
import {createRequire} from 'node:module'
import {test} from 'node:test'
import fc from 'fast-check'
import {compressFrameSync} from 'lz4-napi'
import {
  decodeFetchAnswer,
  encodeFetchRequest,
  PartitionRecords,
  readRecordHeader,
  type AbortedTransaction,
} from '../../../src/kafka/fetch-protocol.ts'

// The oracle: the encoders of another client.
const require = createRequire(import.meta.url)
interface Encoded {
  readonly buffer: Buffer
}
const {RecordBatch} = require('kafkajs/src/protocol/recordBatch/v0') as {
  RecordBatch: (batch: object) => Promise<Encoded>
}
const encodeRecord = require('kafkajs/src/protocol/recordBatch/record/v0') as (record: object) => Encoded
const createRequest = require('kafkajs/src/protocol/request') as (request: object) => Promise<Encoded>
const fetchRequestV4 = require('kafkajs/src/protocol/requests/fetch/v4/request') as (parameters: object) => object
const {Types, Codecs} = require('kafkajs/src/protocol/message/compression') as {
  Types: {None: number; GZIP: number; LZ4: number}
  Codecs: Record<number, () => {compress(encoder: Encoded): Promise<Buffer>}>
}
Codecs[Types.LZ4] = () => ({compress: ({buffer}) => Promise.resolve(compressFrameSync(buffer))})

interface Event {
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
}
interface BatchOptions {
  readonly compression?: number
  readonly producerId?: number
  readonly transactional?: boolean
  readonly control?: boolean
}

async function batchOf(firstOffset: number, events: readonly Event[], options: BatchOptions = {}): Promise<Buffer> {
  const {compression = Types.None, producerId = -1, transactional = false, control = false} = options
  const records = events.map(({key, value}, offsetDelta) =>
    encodeRecord({
      offsetDelta,
      timestampDelta: offsetDelta * 2 ** 33,
      key: key === null ? null : Buffer.from(key),
      value: value === null ? null : Buffer.from(value),
      headers: {a: 'b'},
    }),
  )
  const lastOffsetDelta = events.length - 1
  const {buffer} = await RecordBatch({compression, firstOffset, lastOffsetDelta, producerId, transactional, records})
  const bytes = Buffer.from(buffer)
  if (control) bytes.writeInt16BE(bytes.readInt16BE(21) | 0x20, 21)
  return bytes
}

function read(reader: PartitionRecords, records: Buffer, abortedTransactions: readonly AbortedTransaction[] = []) {
  const found: [string | null, string | null][] = []
  reader.take({partition: 0, errorCode: 0, abortedTransactions, records}, (bytes, record) => {
    const text = (start: number, end: number) => (start < 0 ? null : bytes.toString('hex', start, end))
    found.push([text(record.keyStart, record.keyEnd), text(record.valueStart, record.valueEnd)])
  })
  return found
}

const bytes = fc.option(fc.uint8Array({maxLength: 200}), {nil: null})
const events = fc.array(fc.record({key: bytes, value: bytes}), {minLength: 1, maxLength: 20})
const hex = (part: Uint8Array | null) => (part === null ? null : Buffer.from(part).toString('hex'))

test('records come out as another client put them in, compressed or not, from any offset to any end', async () => {
  await fc.assert(
    fc.asyncProperty(
      events,
      fc.constantFrom(Types.None, Types.GZIP, Types.LZ4),
      fc.nat(20),
      fc.nat(20),
      async (list, compression, from, to) => {
        const batch = await batchOf(1000, list, {compression})
        const reader = new PartitionRecords(BigInt(1000 + from), BigInt(1000 + to))
        const expected = list.slice(from, Math.max(from, to)).map(({key, value}) => [hex(key), hex(value)])
        assert.deepEqual(read(reader, batch), expected)
      },
    ),
  )
})

const one = (text: string): Event[] => [{key: Buffer.from(text), value: null}]
const keys = (found: readonly [string | null, string | null][]) =>
  found.map(([key]) => Buffer.from(key ?? '', 'hex').toString())

test('a batch that was cut off is left for the next fetch', async () => {
  const reader = new PartitionRecords(0n, 10n)
  const whole = Buffer.concat([await batchOf(0, one('a')), await batchOf(1, one('b'))])
  for (let cut = 1; cut < 100; cut += 7) {
    const again = new PartitionRecords(0n, 10n)
    assert.deepEqual(
      keys(read(again, whole.subarray(0, whole.length - (cut % 60)))),
      cut % 60 === 0 ? ['a', 'b'] : ['a'],
    )
  }
  assert.deepEqual(keys(read(reader, whole)), ['a', 'b'])
  assert.equal(reader.nextOffset, 2n)
})

test('what a transaction wrote that was aborted is left out, what it wrote later and others wrote is not', async () => {
  const mine = {producerId: 7, transactional: true}
  const records = Buffer.concat([
    await batchOf(0, one('aborted'), mine),
    await batchOf(1, one('other'), {producerId: 8, transactional: true}),
    await batchOf(2, one('marker'), {...mine, control: true}),
    await batchOf(3, one('committed'), mine),
    await batchOf(4, one('marker'), {...mine, control: true}),
    await batchOf(5, one('plain')),
  ])
  const found = read(new PartitionRecords(0n, 6n), records, [{producerId: 7n, firstOffset: 0n}])
  assert.deepEqual(keys(found), ['other', 'committed', 'plain'])
})

test('an abort is remembered from one fetch to the next', async () => {
  const mine = {producerId: 7, transactional: true}
  const reader = new PartitionRecords(0n, 9n)
  const aborted = [{producerId: 7n, firstOffset: 0n}]
  assert.deepEqual(keys(read(reader, await batchOf(0, one('a'), mine), aborted)), [])
  assert.deepEqual(keys(read(reader, await batchOf(1, one('b'), mine), aborted)), [])
})

test('a gap that compaction left is passed over', async () => {
  const reader = new PartitionRecords(3n, 1000n)
  assert.deepEqual(keys(read(reader, await batchOf(900, one('late')))), ['late'])
  assert.equal(reader.nextOffset, 901n)
})

test('a compression that cannot be read is named', async () => {
  const batch = await batchOf(0, one('a'))
  batch.writeInt16BE(4, 21)
  assert.throws(() => read(new PartitionRecords(0n, 1n), batch), {
    code: 'TIDEMARK_KAFKA_UNREADABLE',
    message: /compression zstd/,
  })
})

test('the request is the one that another client would send', async () => {
  const request = fetchRequestV4({
    replicaId: -1,
    maxWaitTime: 500,
    minBytes: 1,
    maxBytes: 1234,
    topics: [
      {
        topic: 'shop.é',
        partitions: [
          {partition: 3, fetchOffset: '5000000000', maxBytes: 1234},
          {partition: 0, fetchOffset: '7', maxBytes: 1234},
        ],
      },
    ],
  })
  const expected = await createRequest({request, correlationId: 9, clientId: 'me'})
  const place = {
    topic: 'shop.é',
    partitions: [
      {partition: 3, offset: 5_000_000_000n},
      {partition: 0, offset: 7n},
    ],
    maxBytes: 1234,
  }
  assert.deepEqual(encodeFetchRequest({correlationId: 9, clientId: 'me', ...place}), Buffer.from(expected.buffer))
})

test('the answer is read partition by partition, with its error and its aborted transactions', () => {
  const head = Buffer.alloc(4 + 4 + 2 + 1 + 4)
  head.writeInt32BE(1, 4)
  head.writeInt16BE(1, 8)
  head.write('t', 10)
  head.writeInt32BE(2, 11)
  const partition = (id: number, errorCode: number, aborted: readonly [bigint, bigint][], records: Buffer): Buffer => {
    const bytes = Buffer.alloc(4 + 2 + 8 + 8 + 4 + 16 * aborted.length + 4)
    bytes.writeInt32BE(id, 0)
    bytes.writeInt16BE(errorCode, 4)
    bytes.writeInt32BE(aborted.length, 22)
    for (const [index, [producerId, firstOffset]] of aborted.entries()) {
      bytes.writeBigInt64BE(producerId, 26 + 16 * index)
      bytes.writeBigInt64BE(firstOffset, 34 + 16 * index)
    }
    bytes.writeInt32BE(records.length, bytes.length - 4)
    return Buffer.concat([bytes, records])
  }
  const answers = decodeFetchAnswer(
    Buffer.concat([head, partition(3, 6, [[7n, 99n]], Buffer.from('records')), partition(0, 0, [], Buffer.from('x'))]),
  )
  assert.deepEqual(answers, [
    {
      partition: 3,
      errorCode: 6,
      abortedTransactions: [{producerId: 7n, firstOffset: 99n}],
      records: Buffer.from('records'),
    },
    {partition: 0, errorCode: 0, abortedTransactions: [], records: Buffer.from('x')},
  ])
})

test('a header is found by its name, whatever stands before it, and is null where it is not there', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.dictionary(fc.string({maxLength: 9}), fc.string({maxLength: 90}), {noNullPrototype: true}),
      async more => {
        const wanted = Object.hasOwn(more, 'wanted') ? (more['wanted'] ?? null) : null
        const records = [{offsetDelta: 0, timestampDelta: 0, key: null, value: Buffer.from('v'), headers: more}].map(
          encodeRecord,
        )
        const {buffer} = await RecordBatch({
          compression: Types.None,
          firstOffset: 0,
          lastOffsetDelta: 0,
          producerId: -1,
          records,
        })
        const found: (string | null)[] = []
        new PartitionRecords(0n, 1n).take(
          {partition: 0, errorCode: 0, abortedTransactions: [], records: Buffer.from(buffer)},
          (bytes, record) => {
            found.push(
              readRecordHeader(bytes, record, 'wanted'),
              readRecordHeader(bytes, record, Object.keys(more).at(-1) ?? ''),
            )
          },
        )
        assert.deepEqual(found, [wanted, more[Object.keys(more).at(-1) ?? ''] ?? null])
      },
    ),
  )
})
