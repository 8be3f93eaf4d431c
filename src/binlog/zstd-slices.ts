// One zstd stream as slices of what it holds, decompressed one block at a time as they are asked for.

import {Decompress} from 'fzstd'
import {describeError, TidemarkError} from '../core/tidemark-error.ts'

const FRAME_MAGIC = 0xfd2fb528
const BLOCK_HEADER_BYTES = 3
const BLOCK_RLE = 1
const BLOCK_RESERVED = 3
const CHECKSUM_BYTES = 4
/** No block holds more, compressed or not. */
const MOST_BLOCK_BYTES = 128 * 1024
/** What zstd's highest level asks for (binlog_transaction_compression_level_zstd=22), and its own bound for a stream. */
const MOST_WINDOW_BYTES = 128 * 1024 * 1024
const DICTIONARY_ID_BYTES = [0, 1, 2, 4]

/** A source of bytes that are read once, in order. */
export interface Slices {
  /** The next bytes, or null behind the last ones. They are never overwritten. Throws where they are not what was said. */
  next(): Buffer | null
  /** Decompressed bytes that are kept for those to come. */
  readonly windowBytes: number
}

export interface ZstdSource {
  /** All frames, compressed. */
  readonly bytes: Buffer
  /** What they hold; neither less nor more is taken. */
  readonly uncompressedBytes: number
  readonly malformed: (what: string, cause?: unknown) => Error
}

export class ZstdSlices implements Slices {
  windowBytes = 0

  readonly #bytes: Buffer
  readonly #malformed: ZstdSource['malformed']
  #at = 0
  /** Bytes that are still to come. */
  #left: number
  #hasChecksum = false
  #decompress: Decompress | null = null
  /** Head of a frame whose first block was not read yet. */
  #head: Buffer | null = null
  #ready: Buffer[] = []

  constructor({bytes, uncompressedBytes, malformed}: ZstdSource) {
    this.#bytes = bytes
    this.#left = uncompressedBytes
    this.#malformed = malformed
  }

  next(): Buffer | null {
    while (this.#ready.length === 0) {
      if (this.#decompress !== null) {
        this.#block(this.#decompress)
      } else if (this.#at < this.#bytes.length) {
        this.#frame()
      } else {
        if (this.#left > 0) throw this.#malformed(`it is decompressed, and ${this.#left} bytes are missing`)
        return null
      }
    }
    return this.#ready.shift()!
  }

  /**
   * Begins a frame, with a head of our own: the server's asks for a window of 2 MB however small the transaction is,
   * which would have to be cleared and moved for each. What the frame holds needs no larger window than itself.
   */
  #frame(): void {
    const bytes = this.#bytes
    const at = this.#at
    if (bytes.length - at < 6) throw this.#malformed('the head of its zstd frame is cut off')
    if (bytes.readUInt32LE(at) !== FRAME_MAGIC) throw this.#malformed('it says zstd, and no zstd frame begins')
    const descriptor = bytes[at + 4]!
    const isSingleSegment = (descriptor & 0x20) !== 0
    if ((descriptor & 0x08) !== 0) throw this.#malformed('its zstd frame is of a version that is not known')
    const dictionary = at + (isSingleSegment ? 5 : 6)
    const contentSize = dictionary + DICTIONARY_ID_BYTES[descriptor & 3]!
    for (let i = dictionary; i < contentSize; i++) {
      if (bytes[i] !== 0) throw this.#malformed('its zstd frame wants a dictionary')
    }
    const sizeFlag = descriptor >> 6
    const sizeBytes = sizeFlag > 0 ? 1 << sizeFlag : isSingleSegment ? 1 : 0
    const end = contentSize + sizeBytes
    if (end > bytes.length) throw this.#malformed('the head of its zstd frame is cut off')
    const asked = isSingleSegment ? singleSegmentBytes(bytes, contentSize, sizeBytes) : windowBytes(bytes[at + 5]!)
    const window = Math.max(1, Math.min(asked, this.#left))
    if (window > MOST_WINDOW_BYTES) {
      throw this.#malformed(`its zstd frame wants a window of ${window} bytes, and ${MOST_WINDOW_BYTES} is the most`)
    }
    this.#hasChecksum = (descriptor & 0x04) !== 0
    this.#head = frameHead(window, this.#hasChecksum)
    this.#at = end
    this.windowBytes = window
    this.#decompress = new Decompress(chunk => this.#take(chunk))
  }

  #block(decompress: Decompress): void {
    const bytes = this.#bytes
    const at = this.#at
    if (bytes.length - at < BLOCK_HEADER_BYTES) throw this.#malformed('its last zstd block is cut off')
    const header = bytes.readUIntLE(at, BLOCK_HEADER_BYTES)
    const isLast = (header & 1) === 1
    const type = (header >> 1) & 3
    const size = header >> 3
    if (type === BLOCK_RESERVED || size > MOST_BLOCK_BYTES)
      throw this.#malformed('it holds a zstd block of no known kind')
    const checksum = isLast && this.#hasChecksum ? CHECKSUM_BYTES : 0
    const end = at + BLOCK_HEADER_BYTES + (type === BLOCK_RLE ? 1 : size) + checksum
    if (end > bytes.length) throw this.#malformed('its last zstd block is cut off')
    const block = bytes.subarray(at, end)
    const input = this.#head === null ? block : Buffer.concat([this.#head, block])
    this.#head = null
    this.#at = end
    if (isLast) this.#decompress = null
    try {
      decompress.push(input, isLast)
    } catch (error) {
      throw error instanceof TidemarkError ? error : this.#malformed(`zstd: ${describeError(error).message}`, error)
    }
  }

  #take(chunk: Uint8Array): void {
    if (chunk.length === 0) return
    this.#left -= chunk.length
    if (this.#left < 0) throw this.#malformed(`it is decompressed to at least ${-this.#left} bytes more than it says`)
    this.#ready.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length))
  }
}

/** A frame of one segment, whose size is the window. */
function frameHead(window: number, hasChecksum: boolean): Buffer {
  const head = Buffer.alloc(9)
  head.writeUInt32LE(FRAME_MAGIC, 0)
  head[4] = 0xa0 | (hasChecksum ? 0x04 : 0)
  head.writeUInt32LE(window, 5)
  return head
}

function singleSegmentBytes(bytes: Buffer, at: number, sizeBytes: number): number {
  if (sizeBytes === 8) return Number(bytes.readBigUInt64LE(at))
  return bytes.readUIntLE(at, sizeBytes) + (sizeBytes === 2 ? 256 : 0)
}

function windowBytes(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3))
  return base + (base / 8) * (descriptor & 7)
}
