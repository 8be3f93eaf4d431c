// decimal in each decimal.handling.mode. `precise`: the unscaled value as big-endian two's complement in as few bytes as
// Java's BigInteger takes, in base64; both entrances bring it as groups of nine digits, most significant first. `string`:
// the digits as the server prints them. `double`: the nearest double, whatever is lost by it.

import type {ValueModes} from '../../config/value-modes.ts'
import {ByteWriter} from '../../core/byte-writer.ts'
import type {ColumnShape} from '../../core/table-shape.ts'
import {writeBase64} from './base64.ts'
import type {ColumnFamily, FromImage} from './column-transcoder.ts'
import {layoutMismatch} from './column-transcoder.ts'
import {writeDouble} from './float-transcoder.ts'
import {malformedImage, MYSQL_TYPE, needBytes} from './image-bytes.ts'

const MINUS = 0x2d
const POINT = 0x2e
const ZERO = 0x30
const QUOTE = 0x22
/** 65 digits fill 8 groups; integer and fraction part each start a group of their own in the image, before they are joined. */
const MAX_GROUPS = 8
/** Bytes of a group of 0 to 9 digits in the binary form. */
const GROUP_BYTES = [0, 1, 1, 2, 2, 3, 3, 4, 4, 4]
const POWERS = [1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9]

const groups = new Float64Array(MAX_GROUPS)
const digits = new Uint8Array(MAX_GROUPS * 9 + 9)
const twos = new Uint8Array(32)
const limbs = new Float64Array(16)

export function decimalFamily(column: ColumnShape, mode: ValueModes['decimal']): ColumnFamily {
  const precision = column.precision ?? 10
  const scale = column.scale ?? 0
  const readers = {
    precise: {
      fromText: (source: Buffer, start: number, end: number, out: ByteWriter) =>
        decimalFromText(source, start, end, scale, out),
      fromImage: decimalImageReader,
    },
    string: {fromText: stringFromText, fromImage: stringImageReader},
    double: {fromText: doubleFromText, fromImage: doubleImageReader},
  }[mode]
  return {
    fromText: readers.fromText,
    image: (type, metadata) => {
      if (type !== MYSQL_TYPE.NEWDECIMAL || (metadata & 0xff) !== precision || metadata >> 8 !== scale) {
        throw layoutMismatch(column, type)
      }
      return readers.fromImage(precision, scale)
    },
  }
}

/** The leading zeros of ZEROFILL go. */
function stringFromText(source: Buffer, start: number, end: number, out: ByteWriter): void {
  const negative = source[start] === MINUS
  let from = negative ? start + 1 : start
  while (source[from] === ZERO && from + 1 < end && source[from + 1] !== POINT) from++
  out.writeByte(QUOTE)
  if (negative) out.writeByte(MINUS)
  out.write(source, from, end)
  out.writeByte(QUOTE)
}

function stringImageReader(precision: number, scale: number): FromImage {
  const {bytes} = groupLayout(precision, scale)
  return (source, start, end, out) => {
    out.writeByte(QUOTE)
    writeDecimalText(source, start, end, precision, scale, out)
    out.writeByte(QUOTE)
    return start + bytes
  }
}

function doubleFromText(source: Buffer, start: number, end: number, out: ByteWriter): void {
  writeDouble(Number(source.toString('latin1', start, end)), out)
}

const text = new ByteWriter(128)

function doubleImageReader(precision: number, scale: number): FromImage {
  const {bytes} = groupLayout(precision, scale)
  return (source, start, end, out) => {
    text.clear()
    writeDecimalText(source, start, end, precision, scale, text)
    writeDouble(Number(text.bytes.toString('latin1', 0, text.length)), out)
    return start + bytes
  }
}

function decimalFromText(source: Buffer, start: number, end: number, scale: number, out: ByteWriter): void {
  const negative = source[start] === MINUS
  const from = negative ? start + 1 : start
  // Up to 15 digits the unscaled value is an exact JavaScript number.
  if (end - from <= 16) {
    let value = 0
    let fraction = -1
    for (let i = from; i < end; i++) {
      const byte = source[i]!
      if (byte === POINT) fraction = 0
      else {
        value = value * 10 + byte - ZERO
        if (fraction >= 0) fraction++
      }
    }
    if (fraction < 0) fraction = 0
    if (value <= 999_999_999_999_999 && fraction === scale) {
      writeUnscaled(value, negative, out)
      return
    }
  }
  let count = 0
  for (let i = from; i < end; i++) {
    const byte = source[i]!
    if (byte !== POINT && (count > 0 || byte !== ZERO)) {
      if (count === digits.length) throw malformedImage('a decimal of more than 72 digits')
      digits[count++] = byte - ZERO
    }
  }
  writeUnscaledDigits(count, negative, out)
}

/** Digits of each group of the binary form: only the first of the integer part and the last of the fraction may have fewer than 9. */
function groupLayout(precision: number, scale: number): {readonly layout: readonly number[]; readonly bytes: number} {
  const whole = precision - scale
  const layout: number[] = []
  if (whole % 9 > 0) layout.push(whole % 9)
  for (let i = 0; i < Math.floor(whole / 9); i++) layout.push(9)
  for (let i = 0; i < Math.floor(scale / 9); i++) layout.push(9)
  if (scale % 9 > 0) layout.push(scale % 9)
  return {layout, bytes: layout.reduce((sum, count) => sum + GROUP_BYTES[count]!, 0)}
}

function decimalImageReader(precision: number, scale: number): FromImage {
  const {layout, bytes} = groupLayout(precision, scale)
  if (precision <= 15) return (source, start, end, out) => shortFromImage(source, start, end, layout, bytes, out)
  return (source, start, end, out) => {
    needBytes(start, bytes, end)
    writeUnscaledDigits(readDigits(source, start, layout), isNegative(source, start), out)
    return start + bytes
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
  // The server counts whole groups of digits here, so it can be more than the 65 of a column.
  if (precision < 1 || precision > digits.length || scale > precision) {
    throw malformedImage('a decimal with an impossible precision')
  }
  const {layout, bytes} = groupLayout(precision, scale)
  needBytes(start, bytes, end)
  const count = readDigits(source, start, layout)
  if (isNegative(source, start)) out.writeByte(MINUS)
  const point = count - scale
  let from = 0
  while (from < point && digits[from] === 0) from++
  if (from === point) out.writeByte(ZERO)
  for (let i = from; i < count; i++) {
    if (i === point) out.writeByte(POINT)
    out.writeByte(ZERO + digits[i]!)
  }
}

function isNegative(source: Buffer, start: number): boolean {
  return (source[start]! & 0x80) === 0
}

/** One group: big-endian; the number's first bit is the sign, inverted; a negative number has all its bits inverted. */
function readGroup(source: Buffer, at: number, size: number, first: boolean, negative: boolean): number {
  let value = 0
  for (let i = 0; i < size; i++) {
    let byte = source[at + i]!
    if (first && i === 0) byte ^= 0x80
    if (negative) byte ^= 0xff
    value = value * 256 + byte
  }
  return value
}

function shortFromImage(
  source: Buffer,
  start: number,
  end: number,
  layout: readonly number[],
  bytes: number,
  out: ByteWriter,
): number {
  needBytes(start, bytes, end)
  const negative = isNegative(source, start)
  let value = 0
  let at = start
  for (let g = 0; g < layout.length; g++) {
    const count = layout[g]!
    const size = GROUP_BYTES[count]!
    const group = readGroup(source, at, size, g === 0, negative)
    if (group >= POWERS[count]!) throw malformedImage('a decimal with a digit group out of range')
    value = value * POWERS[count]! + group
    at += size
  }
  writeUnscaled(value, negative, out)
  return at
}

/** The digits of a binary decimal into `digits`; returns their number. */
function readDigits(source: Buffer, start: number, layout: readonly number[]): number {
  const negative = isNegative(source, start)
  let count = 0
  let at = start
  for (let g = 0; g < layout.length; g++) {
    const width = layout[g]!
    const size = GROUP_BYTES[width]!
    let group = readGroup(source, at, size, g === 0, negative)
    if (group >= POWERS[width]!) throw malformedImage('a decimal with a digit group out of range')
    for (let i = count + width - 1; i >= count; i--) {
      const next = Math.floor(group / 10)
      digits[i] = group - next * 10
      group = next
    }
    count += width
    at += size
  }
  return count
}

function writeUnscaledDigits(count: number, negative: boolean, out: ByteWriter): void {
  groups.fill(0)
  const size = Math.ceil(count / 9)
  if (size > MAX_GROUPS) throw malformedImage('a decimal of more than 72 digits')
  for (let i = 0; i < count; i++) {
    const group = size - 1 - Math.floor((count - 1 - i) / 9)
    groups[group] = groups[group]! * 10 + digits[i]!
  }
  writeUnscaledGroups(groups, size, negative, out)
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

/** Appends the number that `source[0, count)` spells in groups of nine digits, as base64 of its two's complement. */
export function writeUnscaledGroups(source: Float64Array, count: number, negative: boolean, out: ByteWriter): void {
  limbs.fill(0)
  // 16-bit limbs, least significant first: limb * 10^9 + carry stays far below 2^53.
  for (let g = 0; g < count; g++) {
    let carry = source[g]!
    for (let i = 0; i < limbs.length; i++) {
      const sum = limbs[i]! * 1e9 + carry
      carry = Math.floor(sum / 65536)
      limbs[i] = sum - carry * 65536
    }
  }
  let carry = negative ? 1 : 0
  for (let i = 0; i < 16; i++) {
    let limb = limbs[i]!
    if (negative) {
      limb = (~limb & 0xffff) + carry
      carry = limb >> 16
      limb &= 0xffff
    }
    twos[31 - i * 2] = limb & 0xff
    twos[30 - i * 2] = limb >> 8
  }
  writeTwos(32, out)
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
