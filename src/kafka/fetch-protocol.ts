// Kafka's fetch request and its answer (version 4), and the records inside of record batches (format v2). Pure.

import {gunzipSync} from 'node:zlib'
import {decompressFrameSync} from 'lz4-napi'
import {TidemarkError} from '../core/tidemark-error.ts'

export const FETCH_VERSION = 4
const FETCH_API_KEY = 1
const READ_COMMITTED = 1
const MAX_WAIT_MS = 500
const BATCH_HEADER_BYTES = 61
/** Bytes of a batch before its length counts. */
const LENGTH_AT = 8
const LENGTH_COUNTS_FROM = 12
const ATTRIBUTE_CODEC = 0x07
const ATTRIBUTE_TRANSACTIONAL = 0x10
const ATTRIBUTE_CONTROL = 0x20

export interface FetchRequest {
  readonly correlationId: number
  readonly clientId: string
  readonly topic: string
  readonly partitions: readonly FetchFrom[]
  /** Bound on the answer, and on the part of each partition; a single batch may be larger. */
  readonly maxBytes: number
}

export interface FetchFrom {
  readonly partition: number
  readonly offset: bigint
}

export interface FetchAnswer {
  readonly partition: number
  readonly errorCode: number
  readonly abortedTransactions: readonly AbortedTransaction[]
  /** Whole and perhaps one cut batch. */
  readonly records: Buffer
}

export interface AbortedTransaction {
  readonly producerId: bigint
  readonly firstOffset: bigint
}

/** Partitions of one topic whose leader is one broker. It answers as soon as there is a record, or after half a second. */
export function encodeFetchRequest(request: FetchRequest): Buffer {
  const clientId = Buffer.from(request.clientId)
  const topic = Buffer.from(request.topic)
  const bytes = Buffer.alloc(4 + 10 + clientId.length + 17 + 4 + 2 + topic.length + 4 + 16 * request.partitions.length)
  let at = bytes.writeInt32BE(bytes.length - 4, 0)
  at = bytes.writeInt16BE(FETCH_API_KEY, at)
  at = bytes.writeInt16BE(FETCH_VERSION, at)
  at = bytes.writeInt32BE(request.correlationId, at)
  at = bytes.writeInt16BE(clientId.length, at)
  at += clientId.copy(bytes, at)
  at = bytes.writeInt32BE(-1, at) // replica id
  at = bytes.writeInt32BE(MAX_WAIT_MS, at)
  at = bytes.writeInt32BE(1, at) // least bytes
  at = bytes.writeInt32BE(request.maxBytes, at)
  at = bytes.writeInt8(READ_COMMITTED, at)
  at = bytes.writeInt32BE(1, at) // topics
  at = bytes.writeInt16BE(topic.length, at)
  at += topic.copy(bytes, at)
  at = bytes.writeInt32BE(request.partitions.length, at)
  for (const {partition, offset} of request.partitions) {
    at = bytes.writeInt32BE(partition, at)
    at = bytes.writeBigInt64BE(offset, at)
    at = bytes.writeInt32BE(request.maxBytes, at)
  }
  return bytes
}

/** The answer for each partition. */
export function decodeFetchAnswer(payload: Buffer): FetchAnswer[] {
  // Throttle time, one topic with its name.
  let at = 4 + 4
  at += 2 + payload.readInt16BE(at)
  const count = payload.readInt32BE(at)
  at += 4
  const answers: FetchAnswer[] = []
  for (let i = 0; i < count; i++) {
    const partition = payload.readInt32BE(at)
    const errorCode = payload.readInt16BE(at + 4)
    at += 4 + 2 + 8 + 8 // partition, error, high watermark, last stable offset
    const abortedTransactions: AbortedTransaction[] = []
    const aborted = payload.readInt32BE(at)
    at += 4
    for (let j = 0; j < aborted; j++) {
      abortedTransactions.push({producerId: payload.readBigInt64BE(at), firstOffset: payload.readBigInt64BE(at + 8)})
      at += 16
    }
    const length = Math.max(0, payload.readInt32BE(at))
    at += 4
    answers.push({partition, errorCode, abortedTransactions, records: payload.subarray(at, at + length)})
    at += length
  }
  return answers
}

/** Places of one record's key, value and headers in the bytes of its batch; a start of -1: null. */
export interface KafkaRecordPlace {
  /** Behind the base offset of its batch; no batch has more than 2^31 records. */
  offsetDelta: number
  keyStart: number
  keyEnd: number
  valueStart: number
  valueEnd: number
  /** What `readRecordHeader` reads. */
  headersStart: number
  headersEnd: number
}

/** The place is valid during the call. */
export type OnKafkaRecord = (bytes: Buffer, record: KafkaRecordPlace, baseOffset: bigint) => void

/** Reads the records of one partition, batch after batch; leaves out what was aborted, and control records. */
export class PartitionRecords {
  /** Behind the last batch read: where to fetch next. */
  nextOffset: bigint
  readonly #end: bigint
  readonly #aborted = new Set<bigint>()
  readonly #record: KafkaRecordPlace = {
    offsetDelta: 0,
    keyStart: 0,
    keyEnd: 0,
    valueStart: 0,
    valueEnd: 0,
    headersStart: 0,
    headersEnd: 0,
  }
  #at = 0

  /** Records from `start` up to `end`, which is not included. */
  constructor(start: bigint, end: bigint) {
    this.nextOffset = start
    this.#end = end
  }

  get isDone(): boolean {
    return this.nextOffset >= this.#end
  }

  /** Returns how many batches were whole. */
  take(answer: FetchAnswer, onRecord: OnKafkaRecord): number {
    const {records: bytes} = answer
    const aborts = [...answer.abortedTransactions].sort((a, b) => (a.firstOffset < b.firstOffset ? -1 : 1))
    let batches = 0
    let at = 0
    while (at + BATCH_HEADER_BYTES <= bytes.length && !this.isDone) {
      const end = at + LENGTH_COUNTS_FROM + bytes.readInt32BE(at + LENGTH_AT)
      if (end > bytes.length) break
      const baseOffset = bytes.readBigInt64BE(at)
      while (aborts.length > 0 && aborts[0]!.firstOffset <= baseOffset) this.#aborted.add(aborts.shift()!.producerId)
      this.#takeBatch(bytes.subarray(at, end), onRecord)
      batches++
      at = end
    }
    return batches
  }

  #takeBatch(batch: Buffer, onRecord: OnKafkaRecord): void {
    const magic = batch[16]!
    if (magic !== 2) throw unreadable(`record format ${magic}; wanted 2, as brokers since Kafka 0.11 write it`)
    const baseOffset = batch.readBigInt64BE(0)
    const attributes = batch.readInt16BE(21)
    const producerId = batch.readBigInt64BE(43)
    const from = this.nextOffset
    this.nextOffset = baseOffset + BigInt(batch.readInt32BE(23)) + 1n
    if ((attributes & ATTRIBUTE_CONTROL) !== 0) {
      // A transaction's end; the next one of this producer is judged anew.
      this.#aborted.delete(producerId)
      return
    }
    if ((attributes & ATTRIBUTE_TRANSACTIONAL) !== 0 && this.#aborted.has(producerId)) return
    const count = batch.readInt32BE(57)
    const records = decompress(batch.subarray(BATCH_HEADER_BYTES), attributes & ATTRIBUTE_CODEC)
    // A fetch may begin in the middle of a batch, and the end may lie within one.
    const first = Number(from - baseOffset)
    const behind = Number(this.#end - baseOffset) // Rounded where there is no end; exact where there is one near.
    this.#at = 0
    for (let i = 0; i < count; i++) {
      const length = this.#varint(records)
      const recordEnd = this.#at + length
      this.#at++ // attributes
      this.#passVarint(records) // timestamp, which may be wider than 32 bits
      const offset = this.#varint(records)
      if (offset >= first && offset < behind) {
        this.#record.offsetDelta = offset
        this.#record.headersEnd = recordEnd
        this.#takeRecord(records, baseOffset, onRecord)
      }
      this.#at = recordEnd
    }
  }

  #takeRecord(bytes: Buffer, baseOffset: bigint, onRecord: OnKafkaRecord): void {
    const record = this.#record
    const keyLength = this.#varint(bytes)
    record.keyStart = keyLength < 0 ? -1 : this.#at
    record.keyEnd = this.#at += Math.max(0, keyLength)
    const valueLength = this.#varint(bytes)
    record.valueStart = valueLength < 0 ? -1 : this.#at
    record.headersStart = record.valueEnd = this.#at + Math.max(0, valueLength)
    if (record.valueEnd > bytes.length) throw unreadable('a record that is longer than its batch')
    onRecord(bytes, record, baseOffset)
  }

  #varint(bytes: Buffer): number {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[this.#at++]
      if (byte === undefined || shift > 28) throw unreadable('a number that does not end')
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return (value >>> 1) ^ -(value & 1)
    }
  }

  #passVarint(bytes: Buffer): void {
    while (bytes[this.#at++]! >= 0x80);
  }
}

/** The value of a record's header as text; null where it has none of this name, or a null. */
export function readRecordHeader(
  bytes: Buffer,
  {headersStart, headersEnd}: Pick<KafkaRecordPlace, 'headersStart' | 'headersEnd'>,
  name: string,
): string | null {
  let at = headersStart
  const varint = (): number => {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      if (at >= headersEnd || shift > 28) throw unreadable('headers that do not end')
      const byte = bytes[at++]!
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return (value >>> 1) ^ -(value & 1)
    }
  }
  for (let left = varint(); left > 0; left--) {
    const nameEnd = varint() + at
    const isWanted = nameEnd - at === name.length && bytes.toString('latin1', at, nameEnd) === name
    at = nameEnd
    const length = varint()
    if (isWanted) return length < 0 ? null : bytes.toString('utf8', at, at + length)
    at += Math.max(0, length)
  }
  return null
}

const CODEC_NAMES = ['none', 'gzip', 'snappy', 'lz4', 'zstd']

function decompress(records: Buffer, codec: number): Buffer {
  switch (CODEC_NAMES[codec]) {
    case 'none':
      return records
    case 'gzip':
      return gunzipSync(records)
    case 'lz4':
      return decompressFrameSync(records)
    default:
      throw unreadable(`compression ${CODEC_NAMES[codec] ?? codec}, which cannot be read here; none, gzip and lz4 can`)
  }
}

function unreadable(what: string): TidemarkError {
  return new TidemarkError('TIDEMARK_KAFKA_UNREADABLE', `cannot read a record batch: found ${what}`)
}
