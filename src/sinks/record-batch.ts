// A Kafka record batch (format v2), written once: the row's bytes go straight into the place they have on the wire.
// `begin` knows every length beforehand, so a record needs neither a second buffer nor a correction afterwards.

import {gzip} from 'node:zlib'
import {promisify} from 'node:util'
import {crc32c} from '@node-rs/crc32'
import {compressFrame, compressFrameSync} from 'lz4-napi'
import type {ByteWriter} from '../core/byte-writer.ts'
import {invariant} from '../core/tidemark-error.ts'
import type {EventBatch, EventHeaders, SinkTopic} from './sink.ts'
import type {WriterPool} from './writer-pool.ts'

/** The codecs that this sink writes; snappy and zstd have no encoder in Node 20. */
export const WRITABLE_COMPRESSIONS = ['none', 'gzip', 'lz4'] as const
export type Compression = (typeof WRITABLE_COMPRESSIONS)[number]

/** What an idempotent producer stamps on a batch. */
export interface BatchStamp {
  readonly producerId: bigint
  readonly producerEpoch: number
  readonly baseSequence: number
  /** A part of the producer's open transaction. */
  readonly isTransactional?: boolean
}

export const BATCH_HEADER_BYTES = 61
const CODEC_BITS: Record<Compression, number> = {none: 0, gzip: 1, lz4: 3}
const TRANSACTIONAL_BIT = 0x10
const NO_HEADERS = Buffer.of(0)
const NO_VALUE = -1
/** A record's length and offset delta. */
const MOST_VARINTS = 10
/** Above it lz4 runs in the thread pool, so that a huge event does not hold up the main thread. */
const LZ4_HERE_BYTES = 1024 * 1024

// Offsets inside the batch header; all numbers big-endian.
const AT_BATCH_LENGTH = 8
const AT_LEADER_EPOCH = 12
const AT_MAGIC = 16
const AT_CRC = 17
const AT_ATTRIBUTES = 21
const AT_LAST_OFFSET_DELTA = 23
const AT_FIRST_TIMESTAMP = 27
const AT_MAX_TIMESTAMP = 35
const AT_PRODUCER_ID = 43
const AT_PRODUCER_EPOCH = 51
const AT_BASE_SEQUENCE = 53
const AT_COUNT = 57

const gzipAsync = promisify(gzip)

/**
 * The events of one partition that were sent together. They become one record batch on the wire, or several where one
 * would be above `mostBytes`: then a new header's room is left between two records of the same buffer.
 */
export class RecordBatch implements EventBatch {
  readonly topic: SinkTopic
  readonly partition: number
  writer: ByteWriter
  count = 0
  readonly #mostBytes: number
  readonly #pool: WriterPool
  readonly #wires: WireBatch[] = []
  #wireStart = 0
  #wireCount = 0
  /** Where the value that was begun must end. */
  #valueEnd = 0
  #headers: Buffer = NO_HEADERS
  #unreleased = 0

  /** `mostBytes` bounds a record batch before compression; a single event may be larger. */
  constructor({topic, partition, mostBytes, pool}: RecordBatchOptions) {
    this.topic = topic
    this.partition = partition
    this.#mostBytes = mostBytes
    this.#pool = pool
    this.writer = pool.take()
    this.writer.reserve(BATCH_HEADER_BYTES)
    this.writer.length = BATCH_HEADER_BYTES
  }

  get byteLength(): number {
    return this.writer.length
  }

  begin(
    source: Uint8Array | null,
    start: number,
    end: number,
    valueLength: number,
    headers: EventHeaders | null,
  ): void {
    const headerBytes = headers === null ? NO_HEADERS : encodedHeaders(headers)
    const keyLength = source === null ? NO_VALUE : end - start
    const valueBytes = valueLength < 0 ? 0 : valueLength
    const payload =
      2 + // attributes and timestampDelta, both 0
      varintLength(keyLength) +
      (keyLength < 0 ? 0 : keyLength) +
      varintLength(valueLength) +
      valueBytes +
      headerBytes.length
    const writer = this.writer
    writer.reserve(payload + MOST_VARINTS + BATCH_HEADER_BYTES)
    if (this.#wireCount > 0 && writer.length - this.#wireStart + payload + MOST_VARINTS > this.#mostBytes) {
      this.#endWire()
      this.#wireStart = writer.length
      writer.length += BATCH_HEADER_BYTES
    }
    const offsetDelta = this.#wireCount
    const bytes = writer.bytes
    let at = writeVarint(bytes, writer.length, payload + varintLength(offsetDelta))
    bytes[at++] = 0
    bytes[at++] = 0
    at = writeVarint(bytes, at, offsetDelta)
    at = writeVarint(bytes, at, keyLength)
    writer.length = at
    if (source !== null) writer.write(source, start, end)
    writer.length = writeVarint(bytes, writer.length, valueLength)
    this.#valueEnd = writer.length + valueBytes
    this.#headers = headerBytes
  }

  end(): void {
    invariant(this.writer.length === this.#valueEnd, 'an event value does not have the length that was announced')
    this.writer.write(this.#headers)
    this.count++
    this.#wireCount++
  }

  /** Ends the batch: what goes over the wire, in order. Call it once; nothing may be added afterwards. */
  wires(): readonly WireBatch[] {
    if (this.#wireCount > 0) this.#endWire()
    this.#unreleased = this.#wires.length
    if (this.#unreleased === 0) this.#giveBack()
    return this.#wires
  }

  /** One of the record batches needs its bytes no more. */
  releaseOne(): void {
    if (--this.#unreleased === 0) this.#giveBack()
  }

  #endWire(): void {
    this.#wires.push(new WireBatch(this, {start: this.#wireStart, end: this.writer.length, count: this.#wireCount}))
    this.#wireCount = 0
  }

  #giveBack(): void {
    this.#pool.give(this.writer)
    this.writer = RELEASED
  }
}

export interface RecordBatchOptions {
  readonly topic: SinkTopic
  readonly partition: number
  readonly mostBytes: number
  readonly pool: WriterPool
}

/**
 * One record batch. Its life: `compress` once, then `stamp` (again only if the producer's epoch changes), then `wire` as
 * often as it must be sent, then `release` once it is acknowledged.
 */
export class WireBatch {
  readonly count: number
  readonly #owner: RecordBatch
  readonly #start: number
  readonly #end: number
  #compression: Compression = 'none'
  #compressed: Buffer | null = null
  #timestamp = 0n

  constructor(owner: RecordBatch, {start, end, count}: {start: number; end: number; count: number}) {
    this.#owner = owner
    this.#start = start
    this.#end = end
    this.count = count
  }

  /** Makes the records ready to leave. `null` when it is done at once. */
  compress(compression: Compression): Promise<void> | null {
    this.#compression = compression
    this.#timestamp = BigInt(Date.now())
    if (compression === 'none') return null
    const records = this.#plain()
    // Measured: a batch of 230 KB costs 68 µs here and 104 µs by way of the thread pool, which copies it twice.
    if (compression === 'lz4' && records.length < LZ4_HERE_BYTES) {
      this.#compressed = compressFrameSync(records)
      return null
    }
    const done = compression === 'lz4' ? compressFrame(records) : gzipAsync(records)
    return done.then(compressed => {
      this.#compressed = compressed
    })
  }

  /** Fills the header. Only after `compress`; the same stamp gives the same bytes. */
  stamp({producerId, producerEpoch, baseSequence, isTransactional = false}: BatchStamp): void {
    const header = this.#header()
    const body = this.#compressed ?? this.#plain()
    header.writeBigInt64BE(0n, 0)
    header.writeInt32BE(BATCH_HEADER_BYTES - AT_LEADER_EPOCH + body.length, AT_BATCH_LENGTH)
    header.writeInt32BE(-1, AT_LEADER_EPOCH)
    header[AT_MAGIC] = 2
    header.writeInt16BE(CODEC_BITS[this.#compression] | (isTransactional ? TRANSACTIONAL_BIT : 0), AT_ATTRIBUTES)
    header.writeInt32BE(this.count - 1, AT_LAST_OFFSET_DELTA)
    header.writeBigInt64BE(this.#timestamp, AT_FIRST_TIMESTAMP)
    header.writeBigInt64BE(this.#timestamp, AT_MAX_TIMESTAMP)
    header.writeBigInt64BE(producerId, AT_PRODUCER_ID)
    header.writeInt16BE(producerEpoch, AT_PRODUCER_EPOCH)
    header.writeInt32BE(baseSequence, AT_BASE_SEQUENCE)
    header.writeInt32BE(this.count, AT_COUNT)
    const crc = crc32c(body, crc32c(header.subarray(AT_ATTRIBUTES)))
    header.writeUInt32BE(crc >>> 0, AT_CRC)
  }

  /** Bytes on the wire. Only after `compress`. */
  get wireBytes(): number {
    return this.#compressed === null ? this.#end - this.#start : BATCH_HEADER_BYTES + this.#compressed.length
  }

  /** The finished batch in one or two pieces, not copied. Only after `stamp`. */
  wire(): readonly Buffer[] {
    if (this.#compressed === null) return [this.#owner.writer.bytes.subarray(this.#start, this.#end)]
    return [this.#header(), this.#compressed]
  }

  /** `compress` and `stamp` in one; for whoever wants the bytes and nothing else. */
  async finish({compression, ...stamp}: BatchStamp & {readonly compression: Compression}): Promise<readonly Buffer[]> {
    await this.compress(compression)
    this.stamp(stamp)
    return this.wire()
  }

  /** Only once nothing refers to the bytes any more: after the acknowledgement. */
  release(): void {
    this.#compressed = null
    this.#owner.releaseOne()
  }

  #header(): Buffer {
    return this.#owner.writer.bytes.subarray(this.#start, this.#start + BATCH_HEADER_BYTES)
  }

  #plain(): Buffer {
    return this.#owner.writer.bytes.subarray(this.#start + BATCH_HEADER_BYTES, this.#end)
  }
}

/** Stands in for a writer that was given back, so that a late use fails and never writes into somebody else's batch. */
const RELEASED: ByteWriter = new Proxy({} as ByteWriter, {
  get: () => invariant(false, 'a record batch was used after its release'),
})

const headerCache = new WeakMap<EventHeaders, Buffer>()

/** Count and entries as they stand behind a record's value. */
function encodedHeaders(headers: EventHeaders): Buffer {
  const cached = headerCache.get(headers)
  if (cached !== undefined) return cached
  const entries = headers.entries.map(({name, value}) => ({name: Buffer.from(name), value}))
  const length = entries.reduce((sum, {name, value}) => sum + name.length + (value?.length ?? 0) + 10, 5)
  const bytes = Buffer.alloc(length)
  let at = writeVarint(bytes, 0, entries.length)
  for (const {name, value} of entries) {
    at = writeVarint(bytes, at, name.length)
    at += name.copy(bytes, at)
    at = writeVarint(bytes, at, value === null ? NO_VALUE : value.length)
    at += value?.copy(bytes, at) ?? 0
  }
  const encoded = bytes.subarray(0, at)
  headerCache.set(headers, encoded)
  return encoded
}

/** Bytes of a zigzag varint; for whole numbers from -1 to 2^30 - 1. */
function varintLength(value: number): number {
  const zigzag = value < 0 ? 1 : value * 2
  if (zigzag < 0x80) return 1
  if (zigzag < 0x4000) return 2
  if (zigzag < 0x200000) return 3
  return zigzag < 0x10000000 ? 4 : 5
}

/** Writes a zigzag varint at `at` and returns the offset behind it. Room must be there. */
function writeVarint(bytes: Uint8Array, at: number, value: number): number {
  let rest = value < 0 ? 1 : value << 1
  while (rest > 0x7f) {
    bytes[at++] = (rest & 0x7f) | 0x80
    rest >>>= 7
  }
  bytes[at++] = rest
  return at
}
