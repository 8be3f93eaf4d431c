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

/** The same, with 2 for the first byte of what UTF-8 spells in four bytes. */
const ESCAPES_AND_WIDE = Uint8Array.from(ESCAPES)
ESCAPES_AND_WIDE.fill(2, 0xf0, 0xf5)

const HEX = Buffer.from('0123456789ABCDEF', 'latin1')
const LOWER_HEX = Buffer.from('0123456789abcdef', 'latin1')

interface EscapeRules {
  readonly escapes: Uint8Array
  readonly hex: Uint8Array
}

const JACKSON: EscapeRules = {escapes: ESCAPES_AND_WIDE, hex: HEX}
const SERVER: EscapeRules = {escapes: ESCAPES, hex: LOWER_HEX}

/**
 * Appends `source[start, end)`, UTF-8 bytes, as a JSON string with its quotes. Escapes as Jackson does, so as Connect's
 * JsonConverter: also what is beyond the Basic Multilingual Plane, as a pair of surrogates.
 */
export function writeJsonString(source: Uint8Array, start: number, end: number, out: ByteWriter): void {
  writeQuoted(source, start, end, JACKSON, out)
}

/** As `writeJsonString`, but with the escapes of MySQL's JSON text, which has lower-case digits and no surrogates. */
export function writeServerJsonString(source: Uint8Array, start: number, end: number, out: ByteWriter): void {
  writeQuoted(source, start, end, SERVER, out)
}

function writeQuoted(source: Uint8Array, start: number, end: number, rules: EscapeRules, out: ByteWriter): void {
  let from = start
  let to = segmentEnd(source, from, end)
  out.reserve((to - from) * 6 + 2)
  out.bytes[out.length++] = QUOTE
  for (;;) {
    out.length = putEscaped(source, from, to, out.bytes, out.length, rules)
    if (to === end) break
    from = to
    to = segmentEnd(source, from, end)
    out.reserve((to - from) * 6 + 1)
  }
  out.bytes[out.length++] = QUOTE
}

/** Between two characters. */
function segmentEnd(source: Uint8Array, from: number, end: number): number {
  if (end - from <= SEGMENT) return end
  let to = from + SEGMENT
  while ((source[to]! & 0xc0) === 0x80 && to > from + SEGMENT - 4) to--
  return to
}

/** Four bytes at a time, since an escape is rare; half again as fast as byte by byte. */
function putEscaped(
  source: Uint8Array,
  start: number,
  end: number,
  bytes: Uint8Array,
  first: number,
  {escapes, hex}: EscapeRules,
): number {
  let at = first
  let i = start
  const last = end - 3
  while (i < last) {
    const a = source[i]!
    const b = source[i + 1]!
    const c = source[i + 2]!
    const d = source[i + 3]!
    if ((escapes[a]! | escapes[b]! | escapes[c]! | escapes[d]!) === 0) {
      bytes[at] = a
      bytes[at + 1] = b
      bytes[at + 2] = c
      bytes[at + 3] = d
      at += 4
      i += 4
    } else if (escapes[a] === 2) {
      at = putSurrogates(bytes, at, ((a & 7) << 18) | ((b & 63) << 12) | ((c & 63) << 6) | (d & 63), hex)
      i += 4
    } else {
      at = putByte(bytes, at, a, hex)
      i++
    }
  }
  for (; i < end; i++) at = putByte(bytes, at, source[i]!, hex)
  return at
}

function putSurrogates(bytes: Uint8Array, start: number, point: number, hex: Uint8Array): number {
  const above = point - 0x10000
  return putUnit(bytes, putUnit(bytes, start, 0xd800 | (above >> 10), hex), 0xdc00 | (above & 0x3ff), hex)
}

function putUnit(bytes: Uint8Array, start: number, unit: number, hex: Uint8Array): number {
  bytes[start] = BACKSLASH
  bytes[start + 1] = 0x75
  for (let i = 0; i < 4; i++) bytes[start + 2 + i] = hex[(unit >> (12 - i * 4)) & 15]!
  return start + 6
}

function putByte(bytes: Uint8Array, at: number, byte: number, hex: Uint8Array): number {
  if (ESCAPES[byte] !== 0) return putEscape(bytes, at, byte, hex)
  bytes[at] = byte
  return at + 1
}

/** Puts a code point as UTF-8, escaped for a JSON string, and returns the offset behind it. Needs 12 bytes of room above U+FFFF, else 6. */
export function putJsonCodePoint(bytes: Uint8Array, start: number, point: number): number {
  if (point < 0x80) return putByte(bytes, start, point, HEX)
  if (point >= 0x10000) return putSurrogates(bytes, start, point, HEX)
  let at = start
  if (point < 0x800) {
    bytes[at++] = 0xc0 | (point >> 6)
  } else {
    bytes[at++] = 0xe0 | (point >> 12)
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
  return Buffer.from(jsonText(JSON.stringify(text)))
}

/** JSON as Jackson writes it: with pairs of surrogates escaped. */
export function jsonText(json: string): string {
  return json.replaceAll(/[\uD800-\uDFFF]/g, unit => `\\u${unit.charCodeAt(0).toString(16).toUpperCase()}`)
}

export const NULL_BYTES = Buffer.from('null', 'latin1')
