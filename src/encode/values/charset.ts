// Text in any of MySQL's character sets as a JSON string in UTF-8. The mapping must be the server's own, since a SELECT
// brings the same text already converted by the server (I7).

import type {ByteWriter} from '../../core/byte-writer.ts'
import {TidemarkError} from '../../core/tidemark-error.ts'
import {SINGLE_BYTE_CHARSETS} from './charset-tables.ts'
import {putJsonCodePoint, writeJsonString} from '../json-bytes.ts'
import {multiByteWriter} from './multi-byte-charset.ts'

/** Writes `source[start, end)`, bytes of one character set, as a JSON string. */
export type CharsetWriter = (source: Buffer, start: number, end: number, out: ByteWriter) => void

const QUOTE = 0x22
const QUESTION_MARK = 0x3f
/** Bytes worked on between two looks at the room in the buffer; a character's units are never parted (all sizes divide it). */
const SEGMENT = 8192

const singleByteWriters = new Map<string, CharsetWriter>()

/** The writer of a character set, by MySQL's name of it. Throws TIDEMARK_VALUE_UNSUPPORTED_CHARSET for an unknown name. */
export function charsetWriter(charset: string, column: string): CharsetWriter {
  switch (charset) {
    case 'utf8mb4':
    case 'utf8mb3':
    case 'utf8':
    case 'ascii':
      return writeJsonString
    case 'ucs2':
    case 'utf16':
      return (source, start, end, out) => writeUtf16(source, start, end, 0, out)
    case 'utf16le':
      return (source, start, end, out) => writeUtf16(source, start, end, 1, out)
    case 'utf32':
      return writeUtf32
  }
  const writer = singleByteWriter(charset) ?? multiByteWriter(charset)
  if (writer !== null) return writer
  throw new TidemarkError(
    'TIDEMARK_VALUE_UNSUPPORTED_CHARSET',
    `column ${column}: character set ${charset} is not known; exclude the table, or convert it (ALTER TABLE … CONVERT TO CHARACTER SET utf8mb4)`,
    {kind: 'prerequisite'},
  )
}

function singleByteWriter(charset: string): CharsetWriter | null {
  const known = singleByteWriters.get(charset)
  if (known !== undefined) return known
  const text = SINGLE_BYTE_CHARSETS[charset]
  if (text === undefined) return null
  const points = new Uint16Array(256)
  for (let byte = 0; byte < 256; byte++) {
    const index = byte - (256 - text.length)
    points[byte] = index < 0 ? byte : text.charCodeAt(index)
  }
  const writer: CharsetWriter = (source, start, end, out) => writeSingleByte(source, start, end, points, out)
  singleByteWriters.set(charset, writer)
  return writer
}

function writeSingleByte(source: Buffer, start: number, end: number, points: Uint16Array, out: ByteWriter): void {
  out.writeByte(QUOTE)
  for (let from = start; from < end; from += SEGMENT) {
    const to = Math.min(from + SEGMENT, end)
    out.reserve((to - from) * 6)
    const {bytes} = out
    let at = out.length
    for (let i = from; i < to; i++) at = putJsonCodePoint(bytes, at, points[source[i]!]!)
    out.length = at
  }
  out.writeByte(QUOTE)
}

/** `low` is the index of the low byte's opposite: 0 for big-endian units, 1 for little-endian ones. */
function writeUtf16(source: Buffer, start: number, end: number, littleEndian: 0 | 1, out: ByteWriter): void {
  const high = littleEndian
  const low = 1 - littleEndian
  out.writeByte(QUOTE)
  let i = start
  while (i + 1 < end) {
    out.reserve(12)
    let point = (source[i + high]! << 8) | source[i + low]!
    i += 2
    if (point >= 0xd800 && point < 0xe000) {
      const next = i + 1 < end ? (source[i + high]! << 8) | source[i + low]! : 0
      if (point < 0xdc00 && next >= 0xdc00 && next < 0xe000) {
        point = 0x10000 + ((point - 0xd800) << 10) + (next - 0xdc00)
        i += 2
      } else {
        point = QUESTION_MARK
      }
    }
    out.length = putJsonCodePoint(out.bytes, out.length, point)
  }
  out.writeByte(QUOTE)
}

function writeUtf32(source: Buffer, start: number, end: number, out: ByteWriter): void {
  out.writeByte(QUOTE)
  const whole = end - ((end - start) % 4)
  for (let from = start; from < whole; from += SEGMENT) {
    const to = Math.min(from + SEGMENT, whole)
    out.reserve((to - from) * 3)
    const {bytes} = out
    let at = out.length
    for (let i = from; i < to; i += 4) {
      const plane = (source[i]! << 8) | source[i + 1]!
      const point = (plane << 16) | (source[i + 2]! << 8) | source[i + 3]!
      at = putJsonCodePoint(bytes, at, plane > 0x10 ? QUESTION_MARK : point)
    }
    out.length = at
  }
  out.writeByte(QUOTE)
}
