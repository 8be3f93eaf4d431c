// One zstd stream as slices of what it holds, decompressed one block at a time as they are asked for.

import {MOST_BLOCK_BYTES, ZstdFrame} from './zstd-block.ts'
import {ZstdDamage} from './zstd-entropy.ts'

const FRAME_MAGIC = 0xfd2fb528
const BLOCK_HEADER_BYTES = 3
const BLOCK_RAW = 0
const BLOCK_RLE = 1
const BLOCK_COMPRESSED = 2
const CHECKSUM_BYTES = 4
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
  /** The frame that is being read. */
  #frame: ZstdFrame | null = null

  constructor({bytes, uncompressedBytes, malformed}: ZstdSource) {
    this.#bytes = bytes
    this.#left = uncompressedBytes
    this.#malformed = malformed
  }

  next(): Buffer | null {
    for (;;) {
      if (this.#frame !== null) {
        const slice = this.#block(this.#frame)
        if (slice.length > 0) return slice
      } else if (this.#at < this.#bytes.length) {
        this.#frame = this.#beginFrame()
      } else {
        if (this.#left > 0) throw this.#malformed(`it is decompressed, and ${this.#left} bytes are missing`)
        return null
      }
    }
  }

  /**
   * Reads the head of a frame. The server's asks for a window of 2 MB however small the transaction is; what the frame
   * holds needs no larger one than itself.
   */
  #beginFrame(): ZstdFrame {
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
    this.#at = end
    const frame = new ZstdFrame(window, this.#left)
    this.windowBytes = frame.heldBytes
    return frame
  }

  #block(frame: ZstdFrame): Buffer {
    const bytes = this.#bytes
    const start = this.#at + BLOCK_HEADER_BYTES
    if (start > bytes.length) throw this.#malformed('its last zstd block is cut off')
    const header = bytes.readUIntLE(this.#at, BLOCK_HEADER_BYTES)
    const isLast = (header & 1) === 1
    const type = (header >> 1) & 3
    const size = header >> 3
    if (type > BLOCK_COMPRESSED || size > MOST_BLOCK_BYTES)
      throw this.#malformed('a zstd block in it is of no known kind')
    const end = start + (type === BLOCK_RLE ? 1 : size)
    this.#at = end + (isLast && this.#hasChecksum ? CHECKSUM_BYTES : 0)
    if (this.#at > bytes.length) throw this.#malformed('its last zstd block is cut off')
    if (isLast) this.#frame = null
    const slice = this.#decoded(frame, {type, start, end, size})
    this.#left -= slice.length
    return slice
  }

  #decoded(
    frame: ZstdFrame,
    {
      type,
      start,
      end,
      size,
    }: {readonly type: number; readonly start: number; readonly end: number; readonly size: number},
  ): Buffer {
    const bytes = this.#bytes
    try {
      if (type === BLOCK_RAW) return frame.raw({bytes, start, end})
      if (type === BLOCK_RLE) return frame.repeated(bytes[start]!, size)
      return frame.compressed({bytes, start, end})
    } catch (error) {
      throw error instanceof ZstdDamage ? this.#malformed(`zstd: ${error.message}`, error) : error
    }
  }
}

function singleSegmentBytes(bytes: Buffer, at: number, sizeBytes: number): number {
  if (sizeBytes === 8) return Number(bytes.readBigUInt64LE(at))
  return bytes.readUIntLE(at, sizeBytes) + (sizeBytes === 2 ? 256 : 0)
}

function windowBytes(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3))
  return base + (base / 8) * (descriptor & 7)
}
