// The scalars inside MySQL's JSON that are not plain JSON: doubles in the server's spelling, decimals, dates and times,
// and everything else as base64.

import {ByteWriter} from '../../core/byte-writer.ts'
import {writeBase64} from './base64.ts'
import {writeDecimalText} from './decimal-transcoder.ts'
import {malformedImage, MYSQL_TYPE, needBytes} from './image-bytes.ts'
import {putDigits} from './integer-transcoder.ts'

const OLD_TIMESTAMP = 7
const OLD_TIME = 11
const OLD_DATETIME = 12
/** The server writes base64 in lines of 76 characters. */
const LINE_BYTES = 57

/** Appends a double as the server prints it in JSON: plain between 1e-15 and 1e15, with a point in any case, else with an exponent. */
export function writeServerDouble(value: number, out: ByteWriter): void {
  if (!Number.isFinite(value)) throw malformedImage('a JSON number that is not finite')
  const text = value.toExponential()
  const e = text.indexOf('e')
  const exponent = Number(text.slice(e + 1))
  const negative = value < 0 || Object.is(value, -0)
  const mantissa = text.slice(value < 0 ? 1 : 0, e)
  if (negative) out.writeByte(0x2d)
  const digits = mantissa.replace('.', '')
  // A point between the digits is plain at any size; 17 digits put it below 1e16.
  if (exponent < -15 || (exponent > 14 && digits.length <= exponent + 1)) {
    out.writeAscii(`${mantissa}e${exponent}`)
    return
  }
  if (exponent < 0) out.writeAscii(`0.${'0'.repeat(-exponent - 1)}${digits}`)
  else if (digits.length <= exponent + 1) out.writeAscii(`${digits}${'0'.repeat(exponent + 1 - digits.length)}.0`)
  else out.writeAscii(`${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`)
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
      if (type === OLD_TIME) writePackedTime(source.readBigInt64LE(start), out)
      else writePackedDatetime(source.readBigInt64LE(start), type !== MYSQL_TYPE.DATE, out)
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

/** 1 bit sign, 17 year * 13 + month, 5 day, 5 hour, 6 minute, 6 second, 24 microseconds. */
function writePackedDatetime(packed: bigint, withTime: boolean, out: ByteWriter): void {
  const micros = Number(packed & 0xffffffn)
  const rest = Number((packed >> 24n) & 0xffffffffffn)
  const date = Math.floor(rest / 131_072)
  const time = rest % 131_072
  const yearMonth = Math.floor(date / 32)
  const year = Math.floor(yearMonth / 13)
  if (year > 9999 || packed < 0n || micros > 999_999) throw malformedImage('a JSON date out of range')
  out.writeByte(0x22)
  putDigits(out, year, 4)
  out.writeByte(0x2d)
  putDigits(out, yearMonth % 13, 2)
  out.writeByte(0x2d)
  putDigits(out, date % 32, 2)
  if (withTime) {
    out.writeByte(0x20)
    writeClock(time >> 12, time, micros, out)
  }
  out.writeByte(0x22)
}

/** 1 bit sign, 10 hours, 6 minutes, 6 seconds, 24 microseconds. */
function writePackedTime(packed: bigint, out: ByteWriter): void {
  const size = packed < 0n ? -packed : packed
  const time = Number((size >> 24n) & 0xffffffn)
  const micros = Number(size & 0xffffffn)
  if (micros > 999_999) throw malformedImage('a JSON time out of range')
  out.writeByte(0x22)
  if (packed < 0n) out.writeByte(0x2d)
  writeClock((time >> 12) & 0x3ff, time, micros, out)
  out.writeByte(0x22)
}

function writeClock(hours: number, time: number, micros: number, out: ByteWriter): void {
  putDigits(out, hours, hours > 99 ? 3 : 2)
  out.writeByte(0x3a)
  putDigits(out, (time >> 6) & 63, 2)
  out.writeByte(0x3a)
  putDigits(out, time & 63, 2)
  out.writeByte(0x2e)
  putDigits(out, micros, 6)
}
