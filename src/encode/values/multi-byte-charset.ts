// East Asian character sets: code tables from iconv-lite, corrected to MySQL's own, and the walk over a text's bytes.

import iconv from 'iconv-lite'
import type {ByteWriter} from '../../core/byte-writer.ts'
import {CHARSET_DIFFERENCES} from './charset-differences.ts'
import {putJsonCodePoint} from '../json-bytes.ts'

const QUOTE = 0x22
const QUESTION_MARK = 0x3f
/** Characters between two looks at the room in the buffer; each takes 6 bytes at most. */
const STRETCH = 1024
/** In the EUC sets of Japanese, before the two bytes of a JIS X 0212 character. */
const SINGLE_SHIFT_3 = 0x8f
const SINGLE_SHIFT_2 = 0x8e
const NEVER = 0x100

type Writer = (source: Buffer, start: number, end: number, out: ByteWriter) => void

/** How the bytes of a character set are told apart. */
interface Codes {
  /** Code points of two-byte codes, and of single bytes from 0x80 on. */
  readonly points: Uint16Array
  /** Code points of the last two bytes of three-byte codes; null where there are none. */
  readonly shifted: Uint16Array | null
  /** By first byte: the smallest second byte with which it is a two-byte character; else it stands alone. */
  readonly smallestTrail: Uint16Array
  /** gb18030: a digit as the second byte makes four bytes. */
  readonly fourBytes: string | null
}

const writers = new Map<string, Writer>()

/** The writer of a multi-byte character set, by MySQL's name of it; null for an unknown one. Tables are built on the first call. */
export function multiByteWriter(charset: string): Writer | null {
  const known = writers.get(charset)
  if (known !== undefined) return known
  const base = CHARSET_DIFFERENCES[charset]
  if (base === undefined) return null
  const codes = buildCodes(charset, base.iconv, base.differences)
  const writer: Writer = (source, start, end, out) => writeCodes(source, start, end, codes, out)
  writers.set(charset, writer)
  return writer
}

function buildCodes(charset: string, encoding: string, differences: string): Codes {
  const isShiftJis = charset === 'sjis' || charset === 'cp932'
  const isEucJapanese = charset === 'ujis' || charset === 'eucjpms'
  const points = new Uint16Array(65_536).fill(QUESTION_MARK)
  const shifted = isEucJapanese ? new Uint16Array(65_536).fill(QUESTION_MARK) : null
  const smallestTrail = new Uint16Array(256)
  if (isEucJapanese) {
    smallestTrail.fill(NEVER, 0x80, 0xa1)
    smallestTrail[SINGLE_SHIFT_2] = 0xa1
    smallestTrail[SINGLE_SHIFT_3] = 0
  }
  for (let lead = 0x80; lead <= 0xff; lead++) {
    const isKana = isShiftJis && lead >= 0xa1 && lead <= 0xdf
    if (isKana) {
      smallestTrail[lead] = NEVER
      points[lead] = point(encoding, lead)
    }
    for (let trail = 0x20; trail <= 0xff; trail++) {
      points[lead * 256 + trail] = point(encoding, lead, trail)
      if (shifted !== null) shifted[lead * 256 + trail] = point(encoding, SINGLE_SHIFT_3, lead, trail)
    }
  }
  correct(points, shifted, differences)
  return {points, shifted, smallestTrail, fourBytes: charset === 'gb18030' ? encoding : null}
}

function point(encoding: string, ...bytes: number[]): number {
  const text = iconv.decode(Buffer.from(bytes), encoding)
  const code = text.charCodeAt(0)
  return text.length === 1 && code !== 0xfffd ? code : QUESTION_MARK
}

function correct(points: Uint16Array, shifted: Uint16Array | null, differences: string): void {
  for (const [, code, sign, count, first] of differences.matchAll(/([0-9a-f]+)(?:([*+])([0-9a-f]+))?=([0-9a-f]+)/g)) {
    const from = parseInt(code!, 16)
    const table = from > 0xffff ? shifted! : points
    const repeat = count === undefined ? 1 : parseInt(count, 16)
    for (let i = 0; i < repeat; i++) table[(from & 0xffff) + i] = parseInt(first!, 16) + (sign === '+' ? i : 0)
  }
}

function writeCodes(source: Buffer, start: number, end: number, codes: Codes, out: ByteWriter): void {
  const {points, shifted, smallestTrail, fourBytes} = codes
  out.writeByte(QUOTE)
  let i = start
  while (i < end) {
    out.reserve(STRETCH * 12)
    const {bytes} = out
    let at = out.length
    for (let n = 0; n < STRETCH && i < end; n++) {
      const lead = source[i]!
      if (lead < 0x80) {
        at = putJsonCodePoint(bytes, at, lead)
        i += 1
      } else if (i + 1 === end || source[i + 1]! < smallestTrail[lead]!) {
        at = putJsonCodePoint(bytes, at, points[lead]!)
        i += 1
      } else if (shifted !== null && lead === SINGLE_SHIFT_3 && i + 2 < end) {
        at = putJsonCodePoint(bytes, at, shifted[source[i + 1]! * 256 + source[i + 2]!]!)
        i += 3
      } else if (fourBytes !== null && source[i + 1]! < 0x40 && i + 3 < end) {
        const text = iconv.decode(source.subarray(i, i + 4), fourBytes)
        at = putJsonCodePoint(bytes, at, text.codePointAt(0) ?? QUESTION_MARK)
        i += 4
      } else {
        at = putJsonCodePoint(bytes, at, points[lead * 256 + source[i + 1]!]!)
        i += 2
      }
    }
    out.length = at
  }
  out.writeByte(QUOTE)
}
