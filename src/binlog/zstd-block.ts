// The blocks of one zstd frame (RFC 8878, section 3.1.1.2): literals, and the sequences that weave them with what came
// before. Whatever does not fit throws ZstdDamage.

import * as Entropy from './zstd-entropy.ts'
import type {FseTable, HuffmanTable, Span} from './zstd-entropy.ts'

const {ZstdDamage, bitsAt} = Entropy

/** No block holds more, compressed or not. */
export const MOST_BLOCK_BYTES = 128 * 1024
/** Of offsets: 2 to the power of this is the largest window. */
const MOST_OFFSET_CODE = 27

interface SequenceCode {
  readonly mostLog: number
  readonly mostSymbol: number
  readonly predefined: FseTable
}

const LITERAL_LENGTH: SequenceCode = {
  mostLog: 9,
  mostSymbol: 35,
  predefined: Entropy.fseTable(
    [
      ...[4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2],
      ...[2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1],
    ],
    6,
  ),
}
const MATCH_LENGTH: SequenceCode = {
  mostLog: 9,
  mostSymbol: 52,
  predefined: Entropy.fseTable(
    [...[1, 4, 3, 2, 2, 2, 2, 2, 2, ...new Array<number>(37).fill(1)], ...[-1, -1, -1, -1, -1, -1, -1]],
    6,
  ),
}
const OFFSET: SequenceCode = {
  mostLog: 8,
  mostSymbol: 31,
  predefined: Entropy.fseTable([1, 1, 1, 1, 1, 1, 2, 2, 2, ...new Array<number>(15).fill(1), -1, -1, -1, -1, -1], 5),
}

const LITERAL_BITS = Uint8Array.from([
  ...new Array<number>(16).fill(0),
  ...[1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
])
const MATCH_BITS = Uint8Array.from([
  ...new Array<number>(32).fill(0),
  ...[1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
])
const LITERAL_BASE = basesOf(LITERAL_BITS, 0)
const MATCH_BASE = basesOf(MATCH_BITS, 3)

/** Literals of the block that is being decoded; no block outlives its call. */
const literals = Buffer.alloc(MOST_BLOCK_BYTES)

export class ZstdFrame {
  /** The window, and behind it what is decoded until it is moved to the front. */
  readonly #history: Buffer
  readonly #window: number
  /** Bytes that the frame may still hold. */
  #left: number
  #at = 0
  readonly #repeats = [1, 4, 8]
  #huffman: HuffmanTable | null = null
  #literalLengths: FseTable | null = null
  #offsets: FseTable | null = null
  #matchLengths: FseTable | null = null

  /** What the frame holds is at most `mostBytes`. */
  constructor(window: number, mostBytes: number) {
    this.#window = window
    this.#left = mostBytes
    this.#history = Buffer.allocUnsafe(Math.min(mostBytes, window + Math.max(MOST_BLOCK_BYTES, window >> 1)))
  }

  get heldBytes(): number {
    return this.#history.length
  }

  raw({bytes, start, end}: Span): Buffer {
    const from = this.#makeRoom(end - start)
    this.#at += bytes.copy(this.#history, from, start, end)
    return this.#since(from)
  }

  repeated(byte: number, count: number): Buffer {
    const from = this.#makeRoom(count)
    this.#at += count
    this.#history.fill(byte, from, this.#at)
    return this.#since(from)
  }

  compressed(span: Span): Buffer {
    const from = this.#makeRoom(0)
    const limit = Math.min(this.#history.length, from + MOST_BLOCK_BYTES)
    const {length, end} = this.#literals(span)
    const used = this.#sequences({...span, start: end}, {length, limit})
    this.#append(used, length, limit)
    return this.#since(from)
  }

  /** Room for a block; `bytes` of it must be there. Where the block begins. */
  #makeRoom(bytes: number): number {
    const history = this.#history
    if (this.#at + MOST_BLOCK_BYTES > history.length && this.#at > this.#window) {
      history.copyWithin(0, this.#at - this.#window, this.#at)
      this.#at = this.#window
    }
    if (this.#at + bytes > history.length) throw new ZstdDamage('it holds more than it says')
    return this.#at
  }

  /** A copy, since the history is written over. */
  #since(from: number): Buffer {
    this.#left -= this.#at - from
    if (this.#left < 0) throw new ZstdDamage(`it holds at least ${-this.#left} bytes more than it says`)
    return Buffer.from(this.#history.subarray(from, this.#at))
  }

  /** Decodes the literals section into `literals`: their number, and where the section ends. */
  #literals({bytes, start, end}: Span): {readonly length: number; readonly end: number} {
    if (start >= end) throw new ZstdDamage('a block is empty')
    const head = bytes[start]!
    const type = head & 3
    const format = (head >> 2) & 3
    if (type < 2) {
      const headBytes = (format & 1) === 0 ? 1 : format === 1 ? 2 : 3
      const from = start + headBytes
      if (from > end) throw new ZstdDamage('literals are cut off')
      const length = bytes.readUIntLE(start, headBytes) >> (headBytes === 1 ? 3 : 4)
      const sectionEnd = from + (type === 0 ? length : 1)
      if (length > MOST_BLOCK_BYTES || sectionEnd > end) throw new ZstdDamage('literals are cut off')
      if (type === 0) bytes.copy(literals, 0, from, sectionEnd)
      else literals.fill(bytes[from]!, 0, length)
      return {length, end: sectionEnd}
    }
    const headBytes = format < 2 ? 3 : format + 2
    const width = format < 2 ? 10 : format === 2 ? 14 : 18
    const from = start + headBytes
    if (from > end) throw new ZstdDamage('literals are cut off')
    const sizes = Math.floor(bytes.readUIntLE(start, headBytes) / 16)
    const length = sizes % (1 << width)
    const sectionEnd = from + Math.floor(sizes / (1 << width))
    if (length > MOST_BLOCK_BYTES || sectionEnd > end) throw new ZstdDamage('literals are cut off')
    let streams = from
    if (type === 2) {
      const read = Entropy.readHuffmanTable({bytes, start: from, end: sectionEnd})
      this.#huffman = read.table
      streams = read.end
    }
    if (this.#huffman === null) throw new ZstdDamage('literals have no Huffman table')
    decodeStreams({bytes, start: streams, end: sectionEnd}, this.#huffman, {length, isOne: format === 0})
    return {length, end: sectionEnd}
  }

  /** Carries the sequences out; gives the number of literals that they used. */
  #sequences({bytes, start, end}: Span, {length, limit}: {readonly length: number; readonly limit: number}): number {
    const first = bytes[start]!
    const headBytes = first < 128 ? 1 : first < 255 ? 2 : 3
    if (start >= end || start + headBytes > end) throw new ZstdDamage('sequences are cut off')
    if (first === 0) return 0
    const second = bytes[start + 1]!
    let count = first
    if (first === 255) count = second + (bytes[start + 2]! << 8) + 0x7f00
    else if (first >= 128) count = ((first - 128) << 8) + second
    const modes = bytes[start + headBytes]!
    if (start + headBytes >= end || (modes & 3) !== 0) throw new ZstdDamage('sequences are of no known kind')
    const span = {bytes, start: start + headBytes + 1, end}
    const lengths = readTable(span, {code: LITERAL_LENGTH, mode: modes >> 6, last: this.#literalLengths})
    span.start = lengths.end
    const offsets = readTable(span, {code: OFFSET, mode: (modes >> 4) & 3, last: this.#offsets})
    span.start = offsets.end
    const matches = readTable(span, {code: MATCH_LENGTH, mode: (modes >> 2) & 3, last: this.#matchLengths})
    span.start = matches.end
    this.#literalLengths = lengths.table
    this.#offsets = offsets.table
    this.#matchLengths = matches.table
    return this.#weave(span, {count, length, limit})
  }

  #weave(
    span: Span,
    {count, length, limit}: {readonly count: number; readonly length: number; readonly limit: number},
  ): number {
    const {bytes, start} = span
    const lengths = this.#literalLengths!
    const offsets = this.#offsets!
    const matches = this.#matchLengths!
    let pos = Entropy.bitCount(span) - lengths.log
    let lengthState = bitsAt(bytes, start, pos, lengths.log)
    pos -= offsets.log
    let offsetState = bitsAt(bytes, start, pos, offsets.log)
    pos -= matches.log
    let matchState = bitsAt(bytes, start, pos, matches.log)
    let used = 0
    for (let i = 1; ; i++) {
      const offsetCode = offsets.symbols[offsetState]!
      const matchCode = matches.symbols[matchState]!
      const lengthCode = lengths.symbols[lengthState]!
      if (offsetCode > MOST_OFFSET_CODE || matchCode > 52 || lengthCode > 35) throw new ZstdDamage('a code is unknown')
      pos -= offsetCode
      // More than 25 bits are read in two parts.
      const low = offsetCode > 24 ? offsetCode - 24 : 0
      const high = bitsAt(bytes, start, pos + low, offsetCode - low)
      const value = (1 << offsetCode) + (low === 0 ? high : (high << low) + bitsAt(bytes, start, pos, low))
      pos -= MATCH_BITS[matchCode]!
      const matchLength = MATCH_BASE[matchCode]! + bitsAt(bytes, start, pos, MATCH_BITS[matchCode]!)
      pos -= LITERAL_BITS[lengthCode]!
      const literalLength = LITERAL_BASE[lengthCode]! + bitsAt(bytes, start, pos, LITERAL_BITS[lengthCode]!)
      if (pos < 0 || used + literalLength > length) throw new ZstdDamage('sequences are cut off')
      this.#append(used, used + literalLength, limit)
      used += literalLength
      this.#match(this.#offset(value, literalLength), matchLength, limit)
      if (i === count) break
      pos -= lengths.bits[lengthState]!
      lengthState = lengths.base[lengthState]! + bitsAt(bytes, start, pos, lengths.bits[lengthState]!)
      pos -= matches.bits[matchState]!
      matchState = matches.base[matchState]! + bitsAt(bytes, start, pos, matches.bits[matchState]!)
      pos -= offsets.bits[offsetState]!
      offsetState = offsets.base[offsetState]! + bitsAt(bytes, start, pos, offsets.bits[offsetState]!)
    }
    if (pos !== 0) throw new ZstdDamage('sequences do not end where their bits do')
    return used
  }

  /** The first three values name one of the last three offsets. */
  #offset(value: number, literalLength: number): number {
    const repeats = this.#repeats
    const index = value > 3 ? 3 : value - (literalLength === 0 ? 0 : 1)
    if (index === 0) return repeats[0]!
    let offset = value - 3
    if (value <= 3) offset = index === 3 ? repeats[0]! - 1 : repeats[index]!
    if (index > 1) repeats[2] = repeats[1]!
    repeats[1] = repeats[0]!
    repeats[0] = offset
    return offset
  }

  /** Literals [from, to). */
  #append(from: number, to: number, limit: number): void {
    const at = this.#at
    const count = to - from
    if (at + count > limit) throw new ZstdDamage('a block holds more than it may')
    if (count > 16) literals.copy(this.#history, at, from, to)
    else for (let i = 0; i < count; i++) this.#history[at + i] = literals[from + i]!
    this.#at = at + count
  }

  #match(offset: number, count: number, limit: number): void {
    const history = this.#history
    const at = this.#at
    const from = at - offset
    if (offset < 1 || offset > this.#window || from < 0) throw new ZstdDamage('a match begins before its window')
    if (at + count > limit) throw new ZstdDamage('a block holds more than it may')
    // One that reaches into itself repeats what it writes.
    if (count > 32 && offset >= count) history.copyWithin(at, from, from + count)
    else for (let i = 0; i < count; i++) history[at + i] = history[from + i]!
    this.#at = at + count
  }
}

/** One stream, or four with their sizes before them. */
function decodeStreams(
  {bytes, start, end}: Span,
  table: HuffmanTable,
  {length, isOne}: {readonly length: number; readonly isOne: boolean},
): void {
  if (isOne) {
    Entropy.decodeHuffman({bytes, start, end}, table, literals.subarray(0, length))
    return
  }
  if (end - start < 6) throw new ZstdDamage('literals are cut off')
  const part = (length + 3) >> 2
  let at = start + 6
  for (let i = 0; i < 4; i++) {
    const to = i === 3 ? end : at + bytes.readUInt16LE(start + 2 * i)
    if (to > end || part * i > length) throw new ZstdDamage('literals are cut off')
    Entropy.decodeHuffman(
      {bytes, start: at, end: to},
      table,
      literals.subarray(part * i, i === 3 ? length : Math.min(length, part * (i + 1))),
    )
    at = to
  }
}

/** The table of one code, and where it ends. */
function readTable(
  span: Span,
  {code, mode, last}: {readonly code: SequenceCode; readonly mode: number; readonly last: FseTable | null},
): {readonly table: FseTable; readonly end: number} {
  const {bytes, start, end} = span
  if (mode === 0) return {table: code.predefined, end: start}
  if (mode === 2) return Entropy.readFseTable(span, code)
  if (mode === 3) {
    if (last === null) throw new ZstdDamage('a table is repeated that was not there')
    return {table: last, end: start}
  }
  if (start >= end || bytes[start]! > code.mostSymbol) throw new ZstdDamage('a code is unknown')
  return {table: Entropy.singleSymbol(bytes[start]!), end: start + 1}
}

function basesOf(bits: Uint8Array, first: number): Int32Array {
  const bases = new Int32Array(bits.length)
  let base = first
  for (let code = 0; code < bits.length; code++) {
    bases[code] = base
    base += 1 << bits[code]!
  }
  return bases
}
