// float and double: the shortest digits that read back the same, spelled as Java's Double.toString does (1.5, 1.0E10), so
// that a consumer which tells 1 from 1.0 sees what it saw from the peer.

import type {ByteWriter} from '../../core/byte-writer.ts'
import {putWholeNumber} from '../../core/fixed-digits.ts'
import type {ColumnShape} from '../../core/table-shape.ts'
import type {ColumnFamily} from './column-transcoder.ts'
import {layoutMismatch} from './column-transcoder.ts'
import {malformedImage, MYSQL_TYPE, needBytes} from './image-bytes.ts'
import {nearlyFloat} from './nearest-double.ts'
import {exponent, putShortestDouble, putShortestFloat, putTextDigits, ROOM} from './shortest-digits.ts'

const MINUS = 0x2d
const POINT = 0x2e
const ZERO = 0x30
const EXPONENT = 0x45

export function floatFamily(column: ColumnShape): ColumnFamily {
  return {
    fromText: floatFromText,
    image: type => {
      if (type !== MYSQL_TYPE.FLOAT) throw layoutMismatch(column, type)
      return (source, start, end, out) => {
        needBytes(start, 4, end)
        writeFloat(source.readFloatLE(start), out)
        return start + 4
      }
    },
    select: throughDouble,
  }
}

export function doubleFamily(column: ColumnShape): ColumnFamily {
  return {
    fromText: doubleFromText,
    image: type => {
      if (type !== MYSQL_TYPE.DOUBLE) throw layoutMismatch(column, type)
      return (source, start, end, out) => {
        needBytes(start, 8, end)
        writeDouble(source.readDoubleLE(start), out)
        return start + 8
      }
    },
    select: throughDouble,
  }
}

/**
 * The server prints a FLOAT with six digits and a DOUBLE(M,D) with D, both fewer than the value has; behind the cast it
 * prints all. `f + 0e0` would lose the sign of -0.
 */
function throughDouble(quoted: string): string {
  return `CAST(${quoted} AS DOUBLE)`
}

/** The server's digits are the shortest ones, too; only their spelling is another one. */
function doubleFromText(source: Buffer, start: number, end: number, out: ByteWriter): void {
  const negative = source[start] === MINUS
  const from = negative ? start + 1 : start
  out.reserve(ROOM)
  const at = putSign(negative, out.bytes, out.length)
  const count = putTextDigits(source, from, end, out.bytes, at + 1)
  if (count >= 0) out.length = spellDigits(count, out.bytes, at)
  else writeDouble(Number(source.toString('latin1', start, end)), out)
}

function floatFromText(source: Buffer, start: number, end: number, out: ByteWriter): void {
  const value = end - start < 40 ? nearlyFloat(source, start, end) : Number.NaN
  // eslint-disable-next-line no-self-compare -- not a number: it has an exponent
  writeFloat(Math.fround(value === value ? value : Number(source.toString('latin1', start, end))), out)
}

/** Appends a 32-bit float, which `value` is already rounded to. */
export function writeFloat(value: number, out: ByteWriter): void {
  out.reserve(ROOM)
  out.length = putFloatText(value, out.bytes, out.length)
}

/** Puts a 32-bit float's text and returns the offset behind it. Needs `ROOM` bytes. */
export function putFloatText(value: number, bytes: Uint8Array, at: number): number {
  const size = Math.abs(value)
  if (size < 1e7 && Math.floor(value) === value) return putWhole(value, bytes, at)
  requireFinite(size)
  const first = putSign(value < 0, bytes, at)
  return spellDigits(putShortestFloat(size, bytes, first + 1), bytes, first)
}

/** Throws for what no column can hold: a NaN, an infinity. */
export function writeDouble(value: number, out: ByteWriter): void {
  out.reserve(ROOM)
  const size = Math.abs(value)
  if (size < 1e7 && Math.floor(value) === value) {
    out.length = putWhole(value, out.bytes, out.length)
    return
  }
  requireFinite(size)
  const first = putSign(value < 0, out.bytes, out.length)
  out.length = spellDigits(putShortestDouble(size, out.bytes, first + 1), out.bytes, first)
}

function requireFinite(size: number): void {
  // MySQL stores no NaN and no infinity.
  if (!(size <= Number.MAX_VALUE)) throw malformedImage('a floating-point value that is not a number')
}

function putWhole(value: number, bytes: Uint8Array, start: number): number {
  let at = start
  if (value < 0 || Object.is(value, -0)) bytes[at++] = MINUS
  at = putWholeNumber(bytes, at, Math.abs(value))
  bytes[at] = POINT
  bytes[at + 1] = ZERO
  return at + 2
}

/** Puts a minus before a negative number, and returns the offset behind it. */
export function putSign(negative: boolean, bytes: Uint8Array, at: number): number {
  if (!negative) return at
  bytes[at] = MINUS
  return at + 1
}

/**
 * Spells the number whose `count` digits stand one byte behind `start` as Java does: plain from 0.001 to 10^7, else with an
 * exponent; always with a point. Returns the offset behind it.
 */
export function spellDigits(count: number, bytes: Uint8Array, start: number): number {
  if (exponent < 0 && exponent >= -3 && count > 0) return putZerosBefore(count, bytes, start)
  const isPlain = count === 0 || (exponent >= 0 && exponent < 7)
  const whole = isPlain && count > 0 ? exponent + 1 : 1
  // The digits before the point move into the byte that was left for it.
  for (let i = 0; i < whole; i++) bytes[start + i] = i < count ? bytes[start + i + 1]! : ZERO
  bytes[start + whole] = POINT
  let at = start + 1 + Math.max(count, whole)
  if (count <= whole) bytes[at++] = ZERO
  if (isPlain) return at
  bytes[at++] = EXPONENT
  if (exponent < 0) bytes[at++] = MINUS
  return putWholeNumber(bytes, at, Math.abs(exponent))
}

/** `0.00` before digits that stand one byte behind `start`. */
export function putZerosBefore(count: number, bytes: Uint8Array, start: number): number {
  const zeros = -exponent - 1
  const first = start + 2 + zeros
  for (let i = count - 1; i >= 0; i--) bytes[first + i] = bytes[start + 1 + i]!
  bytes[start] = ZERO
  bytes[start + 1] = POINT
  for (let i = 0; i < zeros; i++) bytes[start + 2 + i] = ZERO
  return first + count
}
