// The two entropy codes of zstd (RFC 8878, section 4): FSE, of lengths and offsets, and Huffman, of literals. Every loop is
// bounded, and whatever does not fit throws ZstdDamage.

/** Bytes that no zstd stream has. */
export class ZstdDamage extends Error {
  override readonly name = 'ZstdDamage'
}

/** By state: the symbol, and how the next state is made, of `bits` more bits above `base`. */
export interface FseTable {
  readonly log: number
  readonly symbols: Uint8Array
  readonly bits: Uint8Array
  readonly base: Uint16Array
}

/** By the next `log` bits: the symbol, and how many of them are its own. */
export interface HuffmanTable {
  readonly log: number
  readonly symbols: Uint8Array
  readonly bits: Uint8Array
}

/** Bytes that are read: from `start` up to `end`. */
export interface Span {
  readonly bytes: Buffer
  readonly start: number
  readonly end: number
}

const MOST_HUFFMAN_BITS = 12
const WEIGHTS_LOG = 6

/** Bits [pos, pos + count) behind `start`, the lowest first; at most 25, and 0 where there are no bytes. */
export function bitsAt(bytes: Buffer, start: number, pos: number, count: number): number {
  const at = start + (pos >>> 3)
  const word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
  return (word >>> (pos & 7)) & ((1 << count) - 1)
}

/** Number of bits of a stream that is read from its end: its highest set bit is only a mark. */
export function bitCount({bytes, start, end}: Span): number {
  const last = end > start ? bytes[end - 1]! : 0
  if (last === 0) throw new ZstdDamage('a bit stream does not end')
  return (end - start - 1) * 8 + highestBit(last)
}

export function highestBit(value: number): number {
  return 31 - Math.clz32(value)
}

/** Reads how often each symbol occurs, and gives the table and where it ends. */
export function readFseTable(
  {bytes, start, end}: Span,
  {mostLog, mostSymbol}: {readonly mostLog: number; readonly mostSymbol: number},
): {readonly table: FseTable; readonly end: number} {
  if (start >= end) throw new ZstdDamage('a table is cut off')
  const log = (bytes[start]! & 15) + 5
  if (log > mostLog) throw new ZstdDamage('a table is too large')
  const counts = new Int16Array(mostSymbol + 1)
  let pos = 4
  let symbol = 0
  let remaining = (1 << log) + 1
  let threshold = 1 << log
  let wasZero = false
  while (remaining > 1 && symbol <= mostSymbol) {
    if (wasZero) {
      let skipped: number
      do {
        skipped = bitsAt(bytes, start, pos, 2)
        pos += 2
        symbol += skipped
      } while (skipped === 3 && symbol <= mostSymbol)
      if (symbol > mostSymbol) break
    }
    const most = 2 * threshold - 1 - remaining
    const width = highestBit(threshold)
    let count = bitsAt(bytes, start, pos, width)
    pos += width
    if (count >= most) {
      if (bitsAt(bytes, start, pos, 1) === 1) count += threshold - most
      pos++
    }
    count--
    remaining -= Math.abs(count)
    counts[symbol++] = count
    wasZero = count === 0
    while (remaining < threshold && threshold > 1) threshold >>= 1
  }
  const tableEnd = start + ((pos + 7) >> 3)
  if (remaining !== 1 || tableEnd > end) throw new ZstdDamage('a table does not add up')
  return {table: fseTable(counts, log), end: tableEnd}
}

/** -1 stands for a symbol that is rarer than one state. The counts add up to the number of states. */
export function fseTable(counts: Int16Array | readonly number[], log: number): FseTable {
  const size = 1 << log
  const symbols = new Uint8Array(size)
  const bits = new Uint8Array(size)
  const base = new Uint16Array(size)
  const next = new Uint16Array(counts.length)
  let high = size - 1
  for (let symbol = 0; symbol < counts.length; symbol++) {
    const count = counts[symbol]!
    next[symbol] = Math.abs(count)
    if (count === -1) symbols[high--] = symbol
  }
  const step = (size >> 1) + (size >> 3) + 3
  let at = 0
  for (let symbol = 0; symbol < counts.length; symbol++) {
    for (let i = counts[symbol]!; i > 0; i--) {
      symbols[at] = symbol
      do at = (at + step) & (size - 1)
      while (at > high)
    }
  }
  for (let state = 0; state < size; state++) {
    const number = next[symbols[state]!]!++
    bits[state] = log - highestBit(number)
    base[state] = (number << bits[state]!) - size
  }
  return {log, symbols, bits, base}
}

/** The table of one symbol, which takes no bits. */
export function singleSymbol(symbol: number): FseTable {
  return {log: 0, symbols: Uint8Array.of(symbol), bits: new Uint8Array(1), base: new Uint16Array(1)}
}

export function readHuffmanTable(span: Span): {readonly table: HuffmanTable; readonly end: number} {
  const {bytes, start, end} = span
  if (start >= end) throw new ZstdDamage('a Huffman table is cut off')
  const weights = new Uint8Array(256)
  const head = bytes[start]!
  const isPacked = head >= 128
  const tableEnd = start + 1 + (isPacked ? (head - 126) >> 1 : head)
  if (tableEnd > end) throw new ZstdDamage('a Huffman table is cut off')
  let count: number
  if (isPacked) {
    count = head - 127
    for (let i = 0; i < count; i++) {
      const pair = bytes[start + 1 + (i >> 1)]!
      weights[i] = (i & 1) === 0 ? pair >> 4 : pair & 15
    }
  } else {
    count = readWeights({bytes, start: start + 1, end: tableEnd}, weights)
  }
  return {table: huffmanTable(weights, count), end: tableEnd}
}

/** Weights in FSE, of two states that take turns. They end where the bits do. */
function readWeights(span: Span, weights: Uint8Array): number {
  const {bytes, end} = span
  const {table, end: start} = readFseTable(span, {mostLog: WEIGHTS_LOG, mostSymbol: MOST_HUFFMAN_BITS})
  let pos = bitCount({bytes, start, end})
  // Behind the first bit of the stream stand zeros.
  const take = (count: number): number => {
    pos -= count
    if (pos >= 0) return bitsAt(bytes, start, pos, count)
    return pos + count <= 0 ? 0 : bitsAt(bytes, start, 0, pos + count) << -pos
  }
  let state = take(table.log)
  let other = take(table.log)
  if (pos < 0) throw new ZstdDamage('a Huffman table is cut off')
  for (let count = 0; count < 254;) {
    weights[count++] = table.symbols[state]!
    state = table.base[state]! + take(table.bits[state]!)
    if (pos < 0) {
      weights[count++] = table.symbols[other]!
      return count
    }
    const next = other
    other = state
    state = next
  }
  throw new ZstdDamage('a Huffman table has too many weights')
}

/** The weight of the last symbol is not written: it fills the table up. */
function huffmanTable(weights: Uint8Array, count: number): HuffmanTable {
  let sum = 0
  for (let i = 0; i < count; i++) {
    if (weights[i]! > MOST_HUFFMAN_BITS) throw new ZstdDamage('a Huffman table has too long a code')
    sum += (1 << weights[i]!) >> 1
  }
  if (sum === 0) throw new ZstdDamage('a Huffman table is empty')
  const log = highestBit(sum) + 1
  const left = (1 << log) - sum
  if (log > MOST_HUFFMAN_BITS || (left & (left - 1)) !== 0) throw new ZstdDamage('a Huffman table does not add up')
  weights[count] = highestBit(left) + 1
  const symbols = new Uint8Array(1 << log)
  const bits = new Uint8Array(1 << log)
  let at = 0
  for (let weight = 1; weight <= log; weight++) {
    for (let symbol = 0; symbol <= count; symbol++) {
      if (weights[symbol] !== weight) continue
      const next = at + (1 << (weight - 1))
      symbols.fill(symbol, at, next)
      bits.fill(log + 1 - weight, at, next)
      at = next
    }
  }
  return {log, symbols, bits}
}

/** Decodes one stream into all of `out`. */
export function decodeHuffman(span: Span, {log, symbols, bits}: HuffmanTable, out: Uint8Array): void {
  const {bytes, start} = span
  const mask = (1 << log) - 1
  const pair = 2 * log
  let pos = bitCount(span)
  let at = 0
  for (const last = out.length - 1; at < last && pos >= pair; at += 2) {
    // Two codes at once: 24 bits and the 7 before them lie in four bytes.
    const word = bitsAt(bytes, start, pos - pair, pair)
    const first = word >>> log
    const second = (word >>> (log - bits[first]!)) & mask
    out[at] = symbols[first]!
    out[at + 1] = symbols[second]!
    pos -= bits[first]! + bits[second]!
  }
  for (; at < out.length; at++) {
    if (pos <= 0) throw new ZstdDamage('literals are cut off')
    const code = pos >= log ? bitsAt(bytes, start, pos - log, log) : bitsAt(bytes, start, 0, pos) << (log - pos)
    out[at] = symbols[code]!
    pos -= bits[code]!
  }
  if (pos !== 0) throw new ZstdDamage('literals do not end where their bits do')
}
