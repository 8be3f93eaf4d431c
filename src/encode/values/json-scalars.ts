// The scalars inside MySQL's JSON that are not plain JSON: doubles in the server's spelling, decimals, dates and times,
// and everything else as base64.

import {ByteWriter} from '../../core/byte-writer.ts'
import {putFixedDigits, putWholeNumber} from '../../core/fixed-digits.ts'
import {writeBase64} from './base64.ts'
import {putZerosBefore} from './float-transcoder.ts'
import {writeDecimalText} from './decimal-transcoder.ts'
import {malformedImage, MYSQL_TYPE, needBytes} from './image-bytes.ts'
import {exponent, putShortestDouble, ROOM} from './shortest-digits.ts'

const OLD_TIMESTAMP = 7
const OLD_TIME = 11
const OLD_DATETIME = 12
/** The server writes base64 in lines of 76 characters. */
const LINE_BYTES = 57

/** Appends a double as the server prints it in JSON: plain between 1e-15 and 1e15, with a point in any case, else with an exponent. */
export function writeServerDouble(value: number, out: ByteWriter): void {
  if (!Number.isFinite(value)) throw malformedImage('a JSON number that is not finite')
  const size = Math.abs(value)
  if (value < 0 || Object.is(value, -0)) out.writeByte(0x2d)
  if (size < 1e15 && Number.isInteger(size)) {
    out.writeInteger(size)
    out.writeAscii('.0')
    return
  }
  out.reserve(ROOM)
  out.length = spellServerDigits(putShortestDouble(size, out.bytes, out.length + 1), out.bytes, out.length)
}

/** The digits stand one byte behind `start`. */
function spellServerDigits(count: number, bytes: Uint8Array, start: number): number {
  // A point between the digits is plain at any size; 17 digits put it below 1e16.
  const isScientific = exponent < -15 || (exponent > 14 && count <= exponent + 1)
  if (!isScientific && exponent < 0) return putZerosBefore(count, bytes, start)
  const whole = isScientific ? 1 : exponent + 1
  for (let i = 0; i < whole; i++) bytes[start + i] = bytes[start + i + 1]!
  let at = start + whole
  if (count > whole) {
    bytes[at] = 0x2e
    at = start + count + 1
  }
  if (!isScientific) return at
  bytes[at++] = 0x65
  if (exponent < 0) bytes[at++] = 0x2d
  return putWholeNumber(bytes, at, Math.abs(exponent))
}

/** Appends a value of a MySQL type that JSON has not. `source[start, end)` is its content. */
export function writeOpaque(source: Buffer, type: number, start: number, end: number, out: ByteWriter): void {
  switch (type) {
    case MYSQL_TYPE.NEWDECIMAL:
      needBytes(start, 2, end)
      writeDecimalText(source, start + 2, end, source[start]!, source[start + 1]!, out)
      return
    case MYSQL_TYPE.DATE:
    case OLD_DATETIME:
    case OLD_TIMESTAMP:
    case OLD_TIME:
      needBytes(start, 8, end)
      if (type === OLD_TIME) writePackedTime(source.readInt32LE(start + 4), source.readUInt32LE(start), out)
      else writePackedDatetime(source.readInt32LE(start + 4), source.readUInt32LE(start), type !== MYSQL_TYPE.DATE, out)
      return
    default:
      out.writeAscii(`"base64:type${type}:`)
      for (let from = start; from < end; from += LINE_BYTES) {
        if (from > start) out.writeAscii('\\n')
        writeBare64(source, from, Math.min(from + LINE_BYTES, end), out)
      }
      out.writeByte(0x22)
  }
}

const line = new ByteWriter(128)

function writeBare64(source: Buffer, start: number, end: number, out: ByteWriter): void {
  line.clear()
  writeBase64(source, start, end, 0, line)
  out.write(line.bytes, 1, line.length - 1)
}

/** 64 bits: 1 sign, 17 year * 13 + month, 5 day, 5 hour, 6 minute, 6 second, 24 microseconds. */
function writePackedDatetime(high: number, low: number, withTime: boolean, out: ByteWriter): void {
  const micros = low & 0xffffff
  const rest = high * 256 + (low >>> 24)
  const date = Math.floor(rest / 131_072)
  const time = rest - date * 131_072
  const yearMonth = date >> 5
  const year = (yearMonth / 13) | 0
  if (high < 0 || year > 9999 || micros > 999_999) throw malformedImage('a JSON date out of range')
  out.reserve(32)
  const {bytes} = out
  let at = out.length
  bytes[at++] = 0x22
  putFixedDigits(bytes, at, year, 4)
  bytes[at + 4] = 0x2d
  putFixedDigits(bytes, at + 5, yearMonth % 13, 2)
  bytes[at + 7] = 0x2d
  putFixedDigits(bytes, at + 8, date & 31, 2)
  at += 10
  if (withTime) {
    bytes[at++] = 0x20
    at = putClock(time >> 12, time, micros, bytes, at)
  }
  bytes[at++] = 0x22
  out.length = at
}

/** 64 bits, the whole of them negative or not: 1 sign, 10 hours, 6 minutes, 6 seconds, 24 microseconds. */
function writePackedTime(high: number, low: number, out: ByteWriter): void {
  const negative = high < 0
  const sizeLow = negative ? (~low + 1) >>> 0 : low
  const sizeHigh = negative ? ~high + (sizeLow === 0 ? 1 : 0) : high
  const time = ((sizeHigh & 0xffff) << 8) | (sizeLow >>> 24)
  const micros = sizeLow & 0xffffff
  if (micros > 999_999) throw malformedImage('a JSON time out of range')
  out.reserve(32)
  const {bytes} = out
  let at = out.length
  bytes[at++] = 0x22
  if (negative) bytes[at++] = 0x2d
  at = putClock((time >> 12) & 0x3ff, time, micros, bytes, at)
  bytes[at++] = 0x22
  out.length = at
}

function putClock(hours: number, time: number, micros: number, bytes: Uint8Array, start: number): number {
  const digits = hours > 99 ? 3 : 2
  putFixedDigits(bytes, start, hours, digits)
  const at = start + digits
  bytes[at] = 0x3a
  putFixedDigits(bytes, at + 1, (time >> 6) & 63, 2)
  bytes[at + 3] = 0x3a
  putFixedDigits(bytes, at + 4, time & 63, 2)
  bytes[at + 6] = 0x2e
  putFixedDigits(bytes, at + 7, micros, 6)
  return at + 13
}
