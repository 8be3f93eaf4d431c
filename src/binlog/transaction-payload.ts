// TRANSACTION_PAYLOAD events: the events of one transaction behind its GTID, as a rule compressed. They are decompressed
// in slices, as they are asked for, so that a transaction is never held whole (I5).

import * as stop from './binlog-error.ts'
import type {ByteCursor} from './byte-cursor.ts'
import * as Event from './event-types.ts'
import {ZstdSlices, type Slices} from './zstd-slices.ts'

const FIELD_HEADER_END = 0
const FIELD_PAYLOAD_SIZE = 1
const FIELD_COMPRESSION_TYPE = 2
const FIELD_UNCOMPRESSED_SIZE = 3

const COMPRESSION_ZSTD = 0
const COMPRESSION_NONE = 255

/** Events of the file itself, and what stands before a transaction. */
const NEVER_INSIDE: ReadonlySet<number> = new Set([
  ...[Event.EVENT_TRANSACTION_PAYLOAD, Event.EVENT_FORMAT_DESCRIPTION, Event.EVENT_ROTATE, Event.EVENT_STOP],
  ...[Event.EVENT_GTID, Event.EVENT_ANONYMOUS_GTID, Event.EVENT_GTID_TAGGED, Event.EVENT_PREVIOUS_GTIDS],
  ...[Event.EVENT_HEARTBEAT, Event.EVENT_HEARTBEAT_V2],
])

const EMPTY = Buffer.alloc(0)

/** What the head of a payload says; its events lie in `bytes`, compressed as `compression` says. */
export interface PayloadHead {
  readonly compression: number
  readonly bytes: Buffer
  readonly uncompressedBytes: number
}

/** Reads the fields of type, length, value, and takes the rest of the event. */
export function readPayloadHead(cursor: ByteCursor): PayloadHead {
  let size = -1
  let compression = -1
  let uncompressed = -1
  for (;;) {
    const field = cursor.lengthEncoded()
    if (field === FIELD_HEADER_END) break
    const length = cursor.lengthEncoded()
    const end = cursor.at + length
    if (field === FIELD_PAYLOAD_SIZE) size = cursor.lengthEncoded()
    else if (field === FIELD_COMPRESSION_TYPE) compression = cursor.lengthEncoded()
    else if (field === FIELD_UNCOMPRESSED_SIZE) uncompressed = cursor.lengthEncoded()
    else cursor.skip(length)
    if (cursor.at !== end)
      throw cursor.malformed(`field ${field} of the compressed transaction is not as long as it says`)
  }
  if (size < 0) throw cursor.malformed('the compressed transaction does not say its size')
  if (size !== cursor.remaining) {
    throw cursor.malformed(`the compressed transaction says ${size} bytes and has ${cursor.remaining}`)
  }
  if (compression === COMPRESSION_NONE && uncompressed < 0) uncompressed = size
  if (uncompressed < 1) throw cursor.malformed('the compressed transaction does not say its uncompressed size')
  return {compression, bytes: cursor.buffer(size), uncompressedBytes: uncompressed}
}

/** Place of the event in its file. */
export interface PayloadPlace {
  readonly startPos: number
  readonly endPos: number
  /** Names the event in errors. */
  readonly text: string
}

/** A cursor over the events inside. They have no checksum, and no place of their own. */
export class TransactionPayload {
  /** The event that `next` found: `bytes[start, end)`. Never overwritten. */
  bytes: Buffer = EMPTY
  start = 0
  end = 0
  /** Most decompressed bytes that were held at once. */
  mostHeldBytes = 0

  readonly #place: PayloadPlace
  readonly #slices: Slices
  #slice: Buffer = EMPTY
  #at = 0
  /** Bytes of the events that are still to come. */
  #left: number

  /** Throws TIDEMARK_BINLOG_COMPRESSION_UNKNOWN for one that is neither zstd nor none. */
  constructor({compression, bytes, uncompressedBytes}: PayloadHead, place: PayloadPlace) {
    this.#place = place
    this.#left = uncompressedBytes
    if (compression === COMPRESSION_ZSTD) {
      const malformed = (what: string, cause?: unknown): Error => this.#malformed(what, cause)
      this.#slices = new ZstdSlices({bytes, uncompressedBytes, malformed})
    } else if (compression === COMPRESSION_NONE) {
      if (bytes.length !== uncompressedBytes) {
        throw this.#malformed(`it is not compressed, and says ${uncompressedBytes} bytes where it has ${bytes.length}`)
      }
      this.#slices = new OneSlice(bytes)
    } else {
      throw stop.unknownCompression(compression, place.text)
    }
  }

  /** Where the stream is resumed from inside: before the whole transaction, whose rows are counted, or behind it. */
  get startPos(): number {
    return this.#place.startPos
  }

  /** The payload's end for its last event; else its start, since what is not over yet ends nowhere in the file. */
  get endPos(): number {
    return this.#left === 0 ? this.#place.endPos : this.#place.startPos
  }

  /** Moves to the next event; false behind the last one. Throws TIDEMARK_BINLOG_MALFORMED where it is none. */
  next(): boolean {
    if (this.#left === 0) {
      if (this.#slices.next() !== null) throw this.#malformed('it goes on behind its last event')
      this.bytes = EMPTY
      this.#slice = EMPTY
      return false
    }
    while (this.#slice.length - this.#at < Event.HEADER_BYTES) this.#join()
    const length = this.#slice.readUInt32LE(this.#at + 9)
    if (length < Event.HEADER_BYTES || length > this.#left) {
      throw this.#malformed(`an event in it says ${length} bytes where ${this.#left} are left`)
    }
    const type = this.#slice[this.#at + 4]!
    if (NEVER_INSIDE.has(type)) throw this.#malformed(`an event of type ${type} cannot stand in it`)
    this.#left -= length
    if (this.#slice.length - this.#at < length) {
      this.#gather(length)
    } else {
      this.bytes = this.#slice
      this.start = this.#at
      this.#at += length
      this.end = this.#at
    }
    return true
  }

  /** Puts what is left of a slice, less than a header, before the next one. */
  #join(): void {
    const rest = this.#slice.subarray(this.#at)
    const next = this.#nextSlice()
    this.#slice = rest.length === 0 ? next : Buffer.concat([rest, next])
    this.#at = 0
  }

  /** An event that does not lie in one slice gets a buffer of its own. */
  #gather(length: number): void {
    const whole = Buffer.allocUnsafe(length)
    let filled = this.#slice.copy(whole, 0, this.#at)
    while (filled < length) {
      this.#slice = this.#nextSlice(length)
      this.#at = this.#slice.copy(whole, filled, 0, length - filled)
      filled += this.#at
    }
    this.bytes = whole
    this.start = 0
    this.end = length
  }

  #nextSlice(gatheredBytes = 0): Buffer {
    const slice = this.#slices.next()
    if (slice === null) throw this.#malformed('it ends within an event')
    const held = slice.length + this.#slices.windowBytes + gatheredBytes
    if (held > this.mostHeldBytes) this.mostHeldBytes = held
    return slice
  }

  #malformed(what: string, cause?: unknown): Error {
    return stop.malformedEvent(`its transaction cannot be decompressed: ${what}`, this.#place.text, cause)
  }
}

/** A payload that is not compressed, as one slice. */
class OneSlice implements Slices {
  readonly windowBytes = 0
  #bytes: Buffer | null

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  next(): Buffer | null {
    const bytes = this.#bytes
    this.#bytes = null
    return bytes
  }
}
