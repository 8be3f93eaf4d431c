// date, time, datetime, timestamp. Both entrances take the value apart into numbers; temporal-format.ts writes them.
// A zero or partly zero date is null in a nullable column and the epoch in another, as in Debezium; the key mark keeps
// such values apart in row keys.

import type {ValueModes} from '../../config/value-modes.ts'
import type {ByteWriter} from '../../core/byte-writer.ts'
import type {ColumnShape} from '../../core/table-shape.ts'
import {TidemarkError} from '../../core/tidemark-error.ts'
import type {ColumnFamily, FromImage, FromText, KeyMark} from './column-transcoder.ts'
import {layoutMismatch} from './column-transcoder.ts'
import {malformedImage, MYSQL_TYPE, needBytes, readUintBe} from './image-bytes.ts'
import {dateFormat, datetimeFormat, timeFormat, timestampFormat} from './temporal-format.ts'
import type {CalendarFormat, CalendarParts, WriteTime} from './temporal-format.ts'

type TimeMode = ValueModes['time']

const MINUS = 0x2d
const COLON = 0x3a
const DAYS_OF_MONTH = [0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
/** What a fraction of n digits, stored in ceil(n / 2) bytes as a number of 2, 4 or 6 digits, is worth in microseconds. */
const FRACTION_UNIT = [1, 10_000, 10_000, 100, 100, 1, 1]

/** Reused for every value: nothing is allocated. */
const parts: CalendarParts = {year: 0, month: 0, day: 0, seconds: 0, micros: 0}

export function dateFamily(column: ColumnShape, mode: TimeMode): ColumnFamily {
  return calendarFamily(column, [MYSQL_TYPE.DATE, MYSQL_TYPE.NEWDATE], dateFormat(mode), () => dateFromImage)
}

export function datetimeFamily(column: ColumnShape, mode: TimeMode): ColumnFamily {
  return calendarFamily(column, [MYSQL_TYPE.DATETIME2], datetimeFormat(column, mode), datetimeReader)
}

export function timestampFamily(column: ColumnShape): ColumnFamily {
  return calendarFamily(column, [MYSQL_TYPE.TIMESTAMP2], timestampFormat(column.fraction), timestampReader)
}

/** time: with sign, and up to 838 hours. */
export function timeFamily(column: ColumnShape, mode: TimeMode): ColumnFamily {
  const fractionBytes = Math.ceil(column.fraction / 2)
  const write = timeFormat(column, mode)
  return {
    fromText: (source, start, end, out) => timeFromText(source, start, end, out, write),
    image: (type, metadata) => {
      if (type !== MYSQL_TYPE.TIME2 || metadata !== column.fraction) throw layoutMismatch(column, type)
      return timeReader(fractionBytes, FRACTION_UNIT[metadata]!, write)
    },
  }
}

function calendarFamily(
  column: ColumnShape,
  types: readonly number[],
  {write, epoch}: CalendarFormat,
  reader: (fraction: number) => FromImage,
): ColumnFamily {
  const mark: KeyMark = {value: -1, detail: 0}
  const irregular = Buffer.from(column.nullable ? 'null' : epoch, 'latin1')
  const exit = (out: ByteWriter): void => {
    if (parts.year === 0 || parts.month === 0 || parts.day === 0) {
      mark.value = ((parts.year * 16 + parts.month) * 32 + parts.day) * 86_400 + parts.seconds
      mark.detail = parts.micros
      out.write(irregular)
      return
    }
    mark.value = -1
    if (parts.day > 28) checkDay(column)
    write(parts, out)
  }
  const fromText: FromText = (source, start, end, out) => {
    calendarFromText(source, start, end)
    exit(out)
  }
  return {
    mark,
    fromText,
    image: (type, metadata) => {
      if (!types.includes(type) || metadata !== column.fraction) throw layoutMismatch(column, type)
      const read = reader(metadata)
      return (source, start, end, out) => {
        const stop = read(source, start, end, out)
        exit(out)
        return stop
      }
    },
  }
}

function checkDay(column: ColumnShape): void {
  const {year, month, day} = parts
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0
  if (day <= DAYS_OF_MONTH[month]! && (month !== 2 || day < 29 || leap)) return
  throw new TidemarkError(
    'TIDEMARK_VALUE_INVALID_DATE',
    `column ${column.name} holds a date that is in no calendar (written under ALLOW_INVALID_DATES); correct the row`,
  )
}

function digits(source: Buffer, at: number, count: number): number {
  let value = 0
  for (let i = 0; i < count; i++) value = value * 10 + source[at + i]! - 0x30
  return value
}

/** `YYYY-MM-DD[ hh:mm:ss[.ffffff]]` */
function calendarFromText(source: Buffer, start: number, end: number): void {
  parts.year = digits(source, start, 4)
  parts.month = digits(source, start + 5, 2)
  parts.day = digits(source, start + 8, 2)
  if (end - start < 19) {
    parts.seconds = 0
    parts.micros = 0
    return
  }
  parts.seconds =
    digits(source, start + 11, 2) * 3600 + digits(source, start + 14, 2) * 60 + digits(source, start + 17, 2)
  parts.micros = fractionFromText(source, start + 20, end)
}

function fractionFromText(source: Buffer, from: number, end: number): number {
  let value = 0
  for (let i = 0; i < 6; i++) value = value * 10 + (from + i < end ? source[from + i]! - 0x30 : 0)
  return value
}

function dateFromImage(source: Buffer, start: number, end: number): number {
  needBytes(start, 3, end)
  const packed = source[start]! | (source[start + 1]! << 8) | (source[start + 2]! << 16)
  parts.year = packed >> 9
  parts.month = (packed >> 5) & 15
  parts.day = packed & 31
  parts.seconds = 0
  parts.micros = 0
  if (parts.month > 12) throw malformedImage('a date with a month above 12')
  return start + 3
}

function datetimeReader(fraction: number): FromImage {
  const fractionBytes = Math.ceil(fraction / 2)
  const unit = FRACTION_UNIT[fraction]!
  return (source, start, end) => {
    needBytes(start, 5 + fractionBytes, end)
    // 40 bits: 1 sign (set), 17 year * 13 + month, 5 day, 5 hour, 6 minute, 6 second.
    const high = (((source[start]! & 0x7f) << 16) | (source[start + 1]! << 8) | source[start + 2]!) >>> 0
    const low = (source[start + 3]! << 8) | source[start + 4]!
    const yearMonth = high >> 6
    const hour = ((high & 1) << 4) | (low >> 12)
    parts.year = (yearMonth / 13) | 0
    parts.month = yearMonth % 13
    parts.day = (high >> 1) & 31
    parts.seconds = hour * 3600 + ((low >> 6) & 63) * 60 + (low & 63)
    parts.micros = readUintBe(source, start + 5, fractionBytes) * unit
    if (parts.year > 9999 || parts.micros > 999_999) throw malformedImage('a datetime out of range')
    return start + 5 + fractionBytes
  }
}

function timestampReader(fraction: number): FromImage {
  const fractionBytes = Math.ceil(fraction / 2)
  const unit = FRACTION_UNIT[fraction]!
  return (source, start, end) => {
    needBytes(start, 4 + fractionBytes, end)
    const seconds = readUintBe(source, start, 4)
    const micros = readUintBe(source, start + 4, fractionBytes) * unit
    if (micros > 999_999) throw malformedImage('a timestamp with a fraction of more than a second')
    if (seconds === 0 && micros === 0) {
      parts.year = parts.month = parts.day = parts.seconds = parts.micros = 0
    } else {
      const days = Math.floor(seconds / 86_400)
      civilFromDays(days)
      parts.seconds = seconds - days * 86_400
      parts.micros = micros
    }
    return start + 4 + fractionBytes
  }
}

/** The reverse, for days from 1970 on, into `parts`. */
function civilFromDays(days: number): void {
  const z = days + 719_468
  const era = (z / 146_097) | 0
  const dayOfEra = z - era * 146_097
  const yearOfEra =
    ((dayOfEra - ((dayOfEra / 1460) | 0) + ((dayOfEra / 36_524) | 0) - ((dayOfEra / 146_096) | 0)) / 365) | 0
  const dayOfYear = dayOfEra - (365 * yearOfEra + ((yearOfEra / 4) | 0) - ((yearOfEra / 100) | 0))
  const m = ((5 * dayOfYear + 2) / 153) | 0
  parts.day = dayOfYear - (((153 * m + 2) / 5) | 0) + 1
  parts.month = m < 10 ? m + 3 : m - 9
  parts.year = yearOfEra + era * 400 + (parts.month <= 2 ? 1 : 0)
}

/** `[-]h…:mm:ss[.ffffff]` */
function timeFromText(source: Buffer, start: number, end: number, out: ByteWriter, write: WriteTime): void {
  const negative = source[start] === MINUS
  let at = negative ? start + 1 : start
  let hours = 0
  for (; at < end && source[at] !== COLON; at++) hours = hours * 10 + source[at]! - 0x30
  const seconds = hours * 3600 + digits(source, at + 1, 2) * 60 + digits(source, at + 4, 2)
  write(seconds * 1_000_000 + fractionFromText(source, at + 7, end), negative, out)
}

/** 24 bits (sign, unused, 10 hours, 6 minutes, 6 seconds) and the fraction, one big-endian number with an offset of half its range. */
function timeReader(fractionBytes: number, unit: number, write: WriteTime): FromImage {
  const size = 3 + fractionBytes
  const fractionRange = 256 ** fractionBytes
  const offset = 0x800000 * fractionRange
  return (source, start, end, out) => {
    needBytes(start, size, end)
    const packed = readUintBe(source, start, size) - offset
    const value = Math.abs(packed)
    const hms = Math.floor(value / fractionRange)
    const micros = (value - hms * fractionRange) * unit
    if (micros > 999_999) throw malformedImage('a time with a fraction of more than a second')
    const seconds = ((hms >> 12) & 0x3ff) * 3600 + ((hms >> 6) & 63) * 60 + (hms & 63)
    write(seconds * 1_000_000 + micros, packed < 0, out)
    return start + size
  }
}
