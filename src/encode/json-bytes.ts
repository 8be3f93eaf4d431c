// JSON text as bytes: strings with their escapes, written from UTF-8 bytes without making a JavaScript string.

import type {ByteWriter} from '../core/byte-writer.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c
/** Bytes worked on between two looks at the buffer's room, so that one large text does not reserve six times its size. */
const SEGMENT = 8192

/** 0: the byte stands for itself. 1: \u00XX. Else the letter behind the backslash. */
const ESCAPES = new Uint8Array(256)
ESCAPES.fill(1, 0, 0x20)
ESCAPES[0x08] = 0x62
ESCAPES[0x09] = 0x74
ESCAPES[0x0a] = 0x6e
ESCAPES[0x0c] = 0x66
ESCAPES[0x0d] = 0x72
ESCAPES[QUOTE] = QUOTE
ESCAPES[BACKSLASH] = BACKSLASH

const HEX = Buffer.from('0123456789ABCDEF', 'latin1')
const LOWER_HEX = Buffer.from('0123456789abcdef', 'latin1')

/** Appends `source[start, end)`, UTF-8 bytes, as a JSON string with its quotes. Escapes as Jackson does, so as Connect's JsonConverter. */
export function writeJsonString(source: Uint8Array, start: number, end: number, out: ByteWriter): void {
  writeQuoted(source, start, end, HEX, out)
}

/** As `writeJsonString`, but with the escapes of MySQL's JSON text, which has lower-case digits. */
export function writeServerJsonString(source: Uint8Array, start: number, end: number, out: ByteWriter): void {
  writeQuoted(source, start, end, LOWER_HEX, out)
}

function writeQuoted(source: Uint8Array, start: number, end: number, hex: Uint8Array, out: ByteWriter): void {
  let from = start
  let to = end - start > SEGMENT ? start + SEGMENT : end
  out.reserve((to - from) * 6 + 2)
  out.bytes[out.length++] = QUOTE
  for (;;) {
    out.length = putEscaped(source, from, to, out.bytes, out.length, hex)
    if (to === end) break
    from = to
    to = end - from > SEGMENT ? from + SEGMENT : end
    out.reserve((to - from) * 6 + 1)
  }
  out.bytes[out.length++] = QUOTE
}

/** Four bytes at a time, since an escape is rare; half again as fast as byte by byte. */
function putEscaped(
  source: Uint8Array,
  start: number,
  end: number,
  bytes: Uint8Array,
  first: number,
  hex: Uint8Array,
): number {
  let at = first
  let i = start
  for (const last = end - 3; i < last; i += 4) {
    const a = source[i]!
    const b = source[i + 1]!
    const c = source[i + 2]!
    const d = source[i + 3]!
    if ((ESCAPES[a]! | ESCAPES[b]! | ESCAPES[c]! | ESCAPES[d]!) === 0) {
      bytes[at] = a
      bytes[at + 1] = b
      bytes[at + 2] = c
      bytes[at + 3] = d
      at += 4
    } else {
      at = putByte(bytes, at, a, hex)
      at = putByte(bytes, at, b, hex)
      at = putByte(bytes, at, c, hex)
      at = putByte(bytes, at, d, hex)
    }
  }
  for (; i < end; i++) at = putByte(bytes, at, source[i]!, hex)
  return at
}

function putByte(bytes: Uint8Array, at: number, byte: number, hex: Uint8Array): number {
  if (ESCAPES[byte] !== 0) return putEscape(bytes, at, byte, hex)
  bytes[at] = byte
  return at + 1
}

/** Puts a code point as UTF-8, escaped for a JSON string, and returns the offset behind it. Needs 6 bytes of room. */
export function putJsonCodePoint(bytes: Uint8Array, start: number, point: number): number {
  if (point < 0x80) return putByte(bytes, start, point, HEX)
  let at = start
  if (point < 0x800) {
    bytes[at++] = 0xc0 | (point >> 6)
  } else {
    if (point < 0x10000) {
      bytes[at++] = 0xe0 | (point >> 12)
    } else {
      bytes[at++] = 0xf0 | (point >> 18)
      bytes[at++] = 0x80 | ((point >> 12) & 63)
    }
    bytes[at++] = 0x80 | ((point >> 6) & 63)
  }
  bytes[at++] = 0x80 | (point & 63)
  return at
}

function putEscape(bytes: Uint8Array, start: number, byte: number, hex: Uint8Array): number {
  let at = start
  const letter = ESCAPES[byte]!
  bytes[at++] = BACKSLASH
  if (letter !== 1) {
    bytes[at++] = letter
    return at
  }
  bytes[at++] = 0x75
  bytes[at++] = 0x30
  bytes[at++] = 0x30
  bytes[at++] = hex[byte >> 4]!
  bytes[at++] = hex[byte & 15]!
  return at
}

/** JSON text of a string as bytes, for constants. */
export function jsonStringBytes(text: string): Buffer {
  return Buffer.from(JSON.stringify(text), 'utf8')
}

export const NULL_BYTES = Buffer.from('null', 'latin1')
