// tinyint to bigint and year: digits are copied from text, and made from the image's little-endian bytes.

import type {ByteWriter} from '../../core/byte-writer.ts'
import type {ColumnShape} from '../../core/table-shape.ts'
import type {ColumnFamily, FromImage} from './column-transcoder.ts'
import {layoutMismatch} from './column-transcoder.ts'
import {writeUnscaledUint64} from './decimal-transcoder.ts'
import {putFixedDigits} from '../../core/fixed-digits.ts'
import {MYSQL_TYPE, needBytes} from './image-bytes.ts'

const ZERO = 0x30
const MINUS = 0x2d

/** Of BIGINT UNSIGNED. `wrapped` is Debezium's `long`: a signed 64-bit number, so 2^63 and above turn negative. */
export type WideForm = 'wrapped' | 'decimal' | 'digits'

export function integerFamily(column: ColumnShape, form: WideForm): ColumnFamily {
  const wide = column.type === 'bigint' && column.unsigned
  const image = (type: number): FromImage => {
    const reader = imageReader(column, type, form)
    if (reader === null) throw layoutMismatch(column, type)
    return reader
  }
  return {fromText: wide ? WIDE_FROM_TEXT[form] : digitsFromText, image}
}

/** year: one byte, 0 for 0000, else years since 1900. */
export function yearFamily(column: ColumnShape): ColumnFamily {
  return {
    fromText: digitsFromText,
    image: type => {
      if (type !== MYSQL_TYPE.YEAR) throw layoutMismatch(column, type)
      return yearFromImage
    },
  }
}

function imageReader(column: ColumnShape, type: number, form: WideForm): FromImage | null {
  const {unsigned} = column
  switch (column.type) {
    case 'tinyint':
      return type === MYSQL_TYPE.TINY ? (unsigned ? uint8FromImage : int8FromImage) : null
    case 'smallint':
      return type === MYSQL_TYPE.SHORT ? (unsigned ? uint16FromImage : int16FromImage) : null
    case 'mediumint':
      return type === MYSQL_TYPE.INT24 ? (unsigned ? uint24FromImage : int24FromImage) : null
    case 'int':
      return type === MYSQL_TYPE.LONG ? (unsigned ? uint32FromImage : int32FromImage) : null
    default:
      if (type !== MYSQL_TYPE.LONGLONG) return null
      return unsigned ? WIDE_FROM_IMAGE[form] : int64FromImage
  }
}

/** Copies digits; the leading zeros of ZEROFILL are not JSON and go. */
function digitsFromText(source: Buffer, start: number, end: number, out: ByteWriter): void {
  let from = start
  while (source[from] === ZERO && from + 1 < end) from++
  out.reserve(end - from)
  const bytes = out.bytes
  let at = out.length
  for (let i = from; i < end; i++) bytes[at++] = source[i]!
  out.length = at
}

const WIDE_FROM_TEXT = {wrapped: wrappingFromText, decimal: preciseFromText, digits: digitsFromText} as const
const WIDE_FROM_IMAGE = {wrapped: int64FromImage, decimal: preciseFromImage, digits: uint64FromImage} as const

/** Of 2^63, the first that wraps. */
const FIRST_WRAPPED = Buffer.from('9223372036854775808', 'latin1')

function wrappingFromText(source: Buffer, start: number, end: number, out: ByteWriter): void {
  if (end - start < FIRST_WRAPPED.length || isBelowWrapped(source, start, end)) {
    digitsFromText(source, start, end, out)
    return
  }
  parseUint64(source, start, end)
  writeInt64(parsed[0]! | 0, parsed[1]!, out)
}

function isBelowWrapped(source: Buffer, start: number, end: number): boolean {
  if (end - start > FIRST_WRAPPED.length) return false
  for (let i = 0; i < FIRST_WRAPPED.length; i++) {
    const difference = source[start + i]! - FIRST_WRAPPED[i]!
    if (difference !== 0) return difference < 0
  }
  return false
}

/** High and low half. */
const parsed = new Uint32Array(2)

/** A number below 2^64, into `parsed`. */
function parseUint64(source: Buffer, start: number, end: number): void {
  const split = Math.max(start, end - 9)
  let upper = 0
  for (let i = start; i < split; i++) upper = upper * 10 + source[i]! - ZERO
  let lower = 0
  for (let i = split; i < end; i++) lower = lower * 10 + source[i]! - ZERO
  // upper * 10^9 + lower in steps of 16 bits: every product stays below 2^53.
  const upperHigh = Math.floor(upper / 65536)
  const first = (upper - upperHigh * 65536) * 1e9 + lower
  const carry = Math.floor(first / 65536)
  const second = upperHigh * 1e9 + carry
  const high = Math.floor(second / 65536)
  parsed[0] = high
  parsed[1] = (second - high * 65536) * 65536 + (first - carry * 65536)
}

function preciseFromText(source: Buffer, start: number, end: number, out: ByteWriter): void {
  parseUint64(source, start, end)
  writeUnscaledUint64(parsed[0]!, parsed[1]!, out)
}

function preciseFromImage(source: Buffer, start: number, end: number, out: ByteWriter): number {
  needBytes(start, 8, end)
  writeUnscaledUint64(int32At(source, start + 4), int32At(source, start), out)
  return start + 8
}

function int8FromImage(source: Buffer, start: number, end: number, out: ByteWriter): number {
  needBytes(start, 1, end)
  out.writeInteger((source[start]! << 24) >> 24)
  return start + 1
}

function uint8FromImage(source: Buffer, start: number, end: number, out: ByteWriter): number {
  needBytes(start, 1, end)
  out.writeInteger(source[start]!)
  return start + 1
}

function int16FromImage(source: Buffer, start: number, end: number, out: ByteWriter): number {
  needBytes(start, 2, end)
  out.writeInteger(((source[start]! | (source[start + 1]! << 8)) << 16) >> 16)
  return start + 2
}

function uint16FromImage(source: Buffer, start: number, end: number, out: ByteWriter): number {
  needBytes(start, 2, end)
  out.writeInteger(source[start]! | (source[start + 1]! << 8))
  return start + 2
}

function int24FromImage(source: Buffer, start: number, end: number, out: ByteWriter): number {
  needBytes(start, 3, end)
  out.writeInteger(((source[start]! | (source[start + 1]! << 8) | (source[start + 2]! << 16)) << 8) >> 8)
  return start + 3
}

function uint24FromImage(source: Buffer, start: number, end: number, out: ByteWriter): number {
  needBytes(start, 3, end)
  out.writeInteger(source[start]! | (source[start + 1]! << 8) | (source[start + 2]! << 16))
  return start + 3
}

function int32At(source: Buffer, at: number): number {
  return source[at]! | (source[at + 1]! << 8) | (source[at + 2]! << 16) | (source[at + 3]! << 24)
}

function int32FromImage(source: Buffer, start: number, end: number, out: ByteWriter): number {
  needBytes(start, 4, end)
  out.writeInteger(int32At(source, start))
  return start + 4
}

function uint32FromImage(source: Buffer, start: number, end: number, out: ByteWriter): number {
  needBytes(start, 4, end)
  out.writeInteger(int32At(source, start) >>> 0)
  return start + 4
}

function uint64FromImage(source: Buffer, start: number, end: number, out: ByteWriter): number {
  needBytes(start, 8, end)
  writeUint64(int32At(source, start + 4) >>> 0, int32At(source, start) >>> 0, out)
  return start + 8
}

/** Also BIGINT UNSIGNED in mode `long`: the same bytes read with a sign. */
function int64FromImage(source: Buffer, start: number, end: number, out: ByteWriter): number {
  needBytes(start, 8, end)
  writeInt64(int32At(source, start + 4), int32At(source, start) >>> 0, out)
  return start + 8
}

/** Appends the signed number `high` * 2^32 + `low` in digits. */
export function writeInt64(high: number, low: number, out: ByteWriter): void {
  if (high >= -0x200000 && high < 0x200000) {
    out.writeInteger(high * 4294967296 + low)
  } else if (high < 0) {
    out.writeByte(MINUS)
    const negated = (~low + 1) >>> 0
    writeUint64((~high + (negated === 0 ? 1 : 0)) >>> 0, negated, out)
  } else {
    writeUint64(high, low, out)
  }
}

/** Appends the unsigned number `high` * 2^32 + `low` in digits. */
export function writeUint64(high: number, low: number, out: ByteWriter): void {
  if (high < 0x200000) {
    out.writeInteger(high * 4294967296 + low)
    return
  }
  // Divided by 10^9 in steps of 16 bits: every remainder stays below 2^53. The quotient is below 2^35, so its parts are exact.
  const q3 = Math.floor(high / 1e9)
  const middle = (high - q3 * 1e9) * 65536 + (low >>> 16)
  const q2 = Math.floor(middle / 1e9)
  const last = (middle - q2 * 1e9) * 65536 + (low & 0xffff)
  const q1 = Math.floor(last / 1e9)
  out.writeInteger(q3 * 4294967296 + q2 * 65536 + q1)
  putDigits(out, last - q1 * 1e9, 9)
}

/** Appends `value` with exactly `count` digits. */
export function putDigits(out: ByteWriter, value: number, count: number): void {
  out.reserve(count)
  putFixedDigits(out.bytes, out.length, value, count)
  out.length += count
}

function yearFromImage(source: Buffer, start: number, end: number, out: ByteWriter): number {
  needBytes(start, 1, end)
  const value = source[start]!
  out.writeInteger(value === 0 ? 0 : value + 1900)
  return start + 1
}
