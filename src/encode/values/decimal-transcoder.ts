// decimal in each decimal.handling.mode. `precise`: the unscaled value as big-endian two's complement in as few bytes as
// Java's BigInteger takes, in base64; both entrances bring it as groups of nine digits, most significant first. `string`:
// the digits as the server prints them. `double`: the nearest double, whatever is lost by it.

import type {ValueModes} from '../../config/value-modes.ts'
import {ByteWriter} from '../../core/byte-writer.ts'
import {putFixedDigits, putWholeNumber} from '../../core/fixed-digits.ts'
import type {ColumnShape} from '../../core/table-shape.ts'
import {writeBase64} from './base64.ts'
import type {ColumnFamily, FromImage, FromText} from './column-transcoder.ts'
import {layoutMismatch} from './column-transcoder.ts'
import {
  decimalLayout,
  groups,
  isNegative,
  limbs,
  nearestToGroups,
  parseGroups,
  readGroups,
  sumGroups,
} from './decimal-layout.ts'
import type {DecimalLayout} from './decimal-layout.ts'
import {putSign, spellDigits, writeDouble} from './float-transcoder.ts'
import {malformedImage, MYSQL_TYPE} from './image-bytes.ts'
import {putScaledDigits, ROOM} from './shortest-digits.ts'

const MINUS = 0x2d
const POINT = 0x2e
const ZERO = 0x30
const QUOTE = 0x22
/** So many digits are an exact JavaScript number, and no double needs others. */
const EXACT_DIGITS = 15

const twos = new Uint8Array(64)
const text = new ByteWriter(128)

/** `numeric` is `precise` in the JsonConverter's decimal.format NUMERIC: a number with the digits that the server prints. */
export type DecimalForm = ValueModes['decimal'] | 'numeric'

export function decimalFamily(column: ColumnShape, mode: DecimalForm): ColumnFamily {
  const layout = decimalLayout(column.precision ?? 10, column.scale ?? 0)
  const {fromText, fromImage} = entrances(layout, mode)
  return {
    fromText,
    image: (type, metadata) => {
      if (type !== MYSQL_TYPE.NEWDECIMAL || (metadata & 0xff) !== layout.precision || metadata >> 8 !== layout.scale) {
        throw layoutMismatch(column, type)
      }
      return fromImage
    },
  }
}

function entrances(
  layout: DecimalLayout,
  mode: DecimalForm,
): {readonly fromText: FromText; readonly fromImage: FromImage} {
  switch (mode) {
    case 'numeric':
      return {fromText: digitsFromText, fromImage: digitsReader(layout)}
    case 'string':
      return {fromText: stringFromText, fromImage: stringReader(layout)}
    case 'double': {
      const write = layout.precision <= EXACT_DIGITS ? shortDoubleWriter(layout) : longDoubleWriter(layout)
      return throughGroups(layout, write)
    }
    case 'precise': {
      const write = layout.precision <= EXACT_DIGITS ? shortWriter(layout) : longWriter(layout)
      return throughGroups(layout, write)
    }
  }
}

function throughGroups(
  layout: DecimalLayout,
  write: WriteGroups,
): {readonly fromText: FromText; readonly fromImage: FromImage} {
  return {
    fromText: (source, start, end, out) => {
      const negative = source[start] === MINUS
      if (!parseGroups(source, negative ? start + 1 : start, end, layout)) {
        throw malformedImage('a decimal that is not one of its column')
      }
      write(negative, out)
    },
    fromImage: (source, start, end, out) => {
      readGroups(source, start, end, layout)
      write(isNegative(source, start), out)
      return start + layout.bytes
    },
  }
}

function stringFromText(source: Buffer, start: number, end: number, out: ByteWriter): void {
  out.writeByte(QUOTE)
  digitsFromText(source, start, end, out)
  out.writeByte(QUOTE)
}

/** The leading zeros of ZEROFILL go. */
function digitsFromText(source: Buffer, start: number, end: number, out: ByteWriter): void {
  const negative = source[start] === MINUS
  let from = negative ? start + 1 : start
  while (source[from] === ZERO && from + 1 < end && source[from + 1] !== POINT) from++
  if (negative) out.writeByte(MINUS)
  out.write(source, from, end)
}

function digitsReader(layout: DecimalLayout): FromImage {
  return (source, start, end, out) => {
    writeText(source, start, end, layout, out)
    return start + layout.bytes
  }
}

function stringReader(layout: DecimalLayout): FromImage {
  return (source, start, end, out) => {
    out.writeByte(QUOTE)
    writeText(source, start, end, layout, out)
    out.writeByte(QUOTE)
    return start + layout.bytes
  }
}

/** Appends a binary decimal as the server prints it: no leading zeros but one before the point, all digits of the scale. */
export function writeDecimalText(
  source: Buffer,
  start: number,
  end: number,
  precision: number,
  scale: number,
  out: ByteWriter,
): void {
  writeText(source, start, end, decimalLayout(precision, scale), out)
}

function writeText(source: Buffer, start: number, end: number, layout: DecimalLayout, out: ByteWriter): void {
  readGroups(source, start, end, layout)
  writeGroupsText(layout, isNegative(source, start), out)
}

function writeGroupsText(layout: DecimalLayout, negative: boolean, out: ByteWriter): void {
  const {widths, wholeGroups, precision} = layout
  out.reserve(precision + 3)
  const {bytes} = out
  let at = putSign(negative, bytes, out.length)
  let g = 0
  while (g < wholeGroups && groups[g] === 0) g++
  if (g === wholeGroups) bytes[at++] = ZERO
  else at = putWholeNumber(bytes, at, groups[g++]!)
  for (; g < widths.length; g++) {
    const width = widths[g]!
    if (g === wholeGroups) bytes[at++] = POINT
    putFixedDigits(bytes, at, groups[g]!, width)
    at += width
  }
  out.length = at
}

/** Writes what is in `groups`. */
type WriteGroups = (negative: boolean, out: ByteWriter) => void

function shortWriter({widths}: DecimalLayout): WriteGroups {
  const powers = widths.map(width => 10 ** width)
  return (negative, out) => {
    let value = 0
    for (let g = 0; g < powers.length; g++) value = value * powers[g]! + groups[g]!
    writeUnscaled(value, negative, out)
  }
}

/** So few digits are their own shortest text. */
function shortDoubleWriter({widths, scale}: DecimalLayout): WriteGroups {
  const powers = widths.map(width => 10 ** width)
  return (negative, out) => {
    let value = 0
    for (let g = 0; g < powers.length; g++) value = value * powers[g]! + groups[g]!
    out.reserve(ROOM)
    const at = putSign(negative, out.bytes, out.length)
    out.length = spellDigits(putScaledDigits(value, scale, out.bytes, at + 1), out.bytes, at)
  }
}

function longDoubleWriter(layout: DecimalLayout): WriteGroups {
  return (negative, out) => {
    let size = nearestToGroups(layout)
    if (Number.isNaN(size)) {
      text.clear()
      writeGroupsText(layout, false, text)
      size = Number(text.view().toString('latin1'))
    }
    writeDouble(negative ? -size : size, out)
  }
}

function longWriter(layout: DecimalLayout): WriteGroups {
  const pairs = layout.limbs / 2
  return (negative, out) => {
    sumGroups(layout)
    let at = pairs * 5
    let carry = negative ? 1 : 0
    const mask = negative ? 0xfffff : 0
    for (let i = 0; i < layout.limbs; i += 2) {
      const low = (limbs[i]! ^ mask) + carry
      const high = (limbs[i + 1]! ^ mask) + (low >> 20)
      carry = high >> 20
      twos[at - 1] = low
      twos[at - 2] = low >> 8
      twos[at - 3] = ((low >> 16) & 15) | (high << 4)
      twos[at - 4] = high >> 4
      twos[at - 5] = high >> 12
      at -= 5
    }
    writeTwos(pairs * 5, out)
  }
}

/** Appends a whole number below 2^53 as base64 of its two's complement. */
function writeUnscaled(value: number, negative: boolean, out: ByteWriter): void {
  let high = Math.floor(value / 4294967296)
  let low = value >>> 0
  if (negative && value !== 0) {
    low = (~low + 1) >>> 0
    high = ~high + (low === 0 ? 1 : 0)
  }
  for (let i = 0; i < 4; i++) {
    twos[i] = high >> (24 - i * 8)
    twos[i + 4] = low >>> (24 - i * 8)
  }
  writeTwos(8, out)
}

/** Appends the unsigned number `high` * 2^32 + `low` as base64 of its two's complement. */
export function writeUnscaledUint64(high: number, low: number, out: ByteWriter): void {
  twos[0] = 0
  for (let i = 0; i < 4; i++) {
    twos[i + 1] = high >>> (24 - i * 8)
    twos[i + 5] = low >>> (24 - i * 8)
  }
  writeTwos(9, out)
}

/** `twos[0, size)` without the leading bytes that only repeat the sign. */
function writeTwos(size: number, out: ByteWriter): void {
  let from = 0
  while (from < size - 1) {
    const byte = twos[from]!
    const next = twos[from + 1]!
    if (!((byte === 0 && next < 0x80) || (byte === 0xff && next >= 0x80))) break
    from++
  }
  writeBase64(twos, from, size, 0, out)
}
