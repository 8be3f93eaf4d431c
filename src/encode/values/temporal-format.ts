// How dates and times are written: the JSON of each time.precision.mode, from the numbers that both entrances take a value
// apart into.

import type {ByteWriter} from '../../core/byte-writer.ts'
import type {ColumnShape} from '../../core/table-shape.ts'
import {TidemarkError} from '../../core/tidemark-error.ts'
import type {ValueModes} from '../../config/value-modes.ts'
import {putDigits} from './integer-transcoder.ts'

export interface CalendarParts {
  year: number
  month: number
  day: number
  /** Seconds since midnight. */
  seconds: number
  micros: number
}

export interface CalendarFormat {
  readonly write: (parts: CalendarParts, out: ByteWriter) => void
  /** JSON of 1970-01-01, which stands for a zero or partly zero date in a NOT NULL column. */
  readonly epoch: string
}

/** Writes a time of any sign and up to 838:59:59.999999, given as its distance from zero. */
export type WriteTime = (micros: number, negative: boolean, out: ByteWriter) => void

type TimeMode = ValueModes['time']

const MINUS = 0x2d
const COLON = 0x3a
const QUOTE = 0x22
const DAY_MICROS = 86_400_000_000
/** What a signed 64-bit number of nanoseconds reaches, in whole seconds on either side of 1970. */
const NANO_SECONDS = 9_223_372_036

export function dateFormat(mode: TimeMode): CalendarFormat {
  return mode === 'isostring' ? {write: writeIsoDate, epoch: '"1970-01-01Z"'} : {write: writeDays, epoch: '0'}
}

/** Throws TIDEMARK_VALUE_TIME_RANGE, as `timeFormat`, for a value that the mode cannot express. */
export function datetimeFormat(column: ColumnShape, mode: TimeMode): CalendarFormat {
  switch (mode) {
    case 'adaptive_time_microseconds':
      return {write: column.fraction <= 3 ? writeMillis : writeMicros, epoch: '0'}
    case 'connect':
      return {write: writeMillis, epoch: '0'}
    case 'microseconds':
      return {write: writeMicros, epoch: '0'}
    case 'nanoseconds':
      return {write: nanosWriter(column), epoch: '0'}
    case 'isostring':
      return {
        write: (parts, out) => writeIso(parts, fractionDigits(parts.micros), out),
        epoch: '"1970-01-01T00:00:00Z"',
      }
  }
}

export function timestampFormat(fraction: number): CalendarFormat {
  return {write: (parts, out) => writeIso(parts, fraction, out), epoch: '"1970-01-01T00:00:00Z"'}
}

export function timeFormat(column: ColumnShape, mode: TimeMode): WriteTime {
  switch (mode) {
    case 'adaptive_time_microseconds':
    case 'microseconds':
      return writeTimeMicros
    case 'nanoseconds':
      return (micros, negative, out) => {
        writeTimeMicros(micros, negative, out)
        if (micros > 0) out.writeAscii('000')
      }
    case 'connect':
      return (micros, negative, out) => {
        assertTimeOfDay(column, mode, micros, negative)
        out.writeInteger(Math.floor(micros / 1000))
      }
    case 'isostring':
      return (micros, negative, out) => {
        assertTimeOfDay(column, mode, micros, negative)
        out.reserve(20)
        const at = out.length
        out.bytes[at] = QUOTE
        const seconds = Math.floor(micros / 1_000_000)
        out.length = putClock(
          out.bytes,
          at + 1,
          seconds,
          micros - seconds * 1_000_000,
          fractionDigits(micros % 1_000_000),
        )
      }
  }
}

/** Days since 1970-01-01 of a date of the proleptic Gregorian calendar (Howard Hinnant's days_from_civil). */
function daysFromCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year
  const era = (y / 400) | 0
  const yearOfEra = y - era * 400
  const dayOfYear = (((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) | 0) + day - 1
  const dayOfEra = yearOfEra * 365 + ((yearOfEra / 4) | 0) - ((yearOfEra / 100) | 0) + dayOfYear
  return era * 146_097 + dayOfEra - 719_468
}

function writeDays(value: CalendarParts, out: ByteWriter): void {
  out.writeInteger(daysFromCivil(value.year, value.month, value.day))
}

function writeMillis(value: CalendarParts, out: ByteWriter): void {
  const seconds = daysFromCivil(value.year, value.month, value.day) * 86_400 + value.seconds
  out.writeInteger(seconds * 1000 + ((value.micros / 1000) | 0))
}

/** The year 9999 in microseconds is above 2^53, so seconds and fraction are written apart. */
function writeMicros(value: CalendarParts, out: ByteWriter): void {
  let seconds = daysFromCivil(value.year, value.month, value.day) * 86_400 + value.seconds
  let {micros} = value
  if (seconds < 0) {
    out.writeByte(MINUS)
    if (micros > 0) {
      seconds += 1
      micros = 1_000_000 - micros
    }
    seconds = -seconds
  }
  if (seconds === 0) {
    out.writeInteger(micros)
    return
  }
  out.writeInteger(seconds)
  putDigits(out, micros, 6)
}

/** Nanoseconds, which are microseconds and three zeros; a signed 64-bit number holds those from 1677 to 2262. */
function nanosWriter(column: ColumnShape): CalendarFormat['write'] {
  return (value, out) => {
    const seconds = daysFromCivil(value.year, value.month, value.day) * 86_400 + value.seconds
    if (seconds < -NANO_SECONDS || seconds >= NANO_SECONDS) {
      throw outOfRange(column, 'a datetime before 1677-09-22 or after 2262-04-10', 'nanoseconds')
    }
    writeMicros(value, out)
    if (seconds !== 0 || value.micros !== 0) out.writeAscii('000')
  }
}

function writeTimeMicros(micros: number, negative: boolean, out: ByteWriter): void {
  out.writeInteger(negative && micros > 0 ? -micros : micros)
}

function assertTimeOfDay(column: ColumnShape, mode: TimeMode, micros: number, negative: boolean): void {
  if (micros < DAY_MICROS && (!negative || micros === 0)) return
  throw outOfRange(column, 'a time that is negative, or of 24 hours and more', mode)
}

function outOfRange(column: ColumnShape, what: string, mode: TimeMode): TidemarkError {
  return new TidemarkError(
    'TIDEMARK_VALUE_TIME_RANGE',
    `column ${column.name} holds ${what}, which time.precision.mode=${mode} cannot express; set it to microseconds`,
  )
}

function writeIsoDate(value: CalendarParts, out: ByteWriter): void {
  out.reserve(14)
  const {bytes} = out
  bytes[out.length] = QUOTE
  let at = putDate(bytes, out.length + 1, value)
  bytes[at++] = 0x5a
  bytes[at++] = QUOTE
  out.length = at
}

function writeIso(value: CalendarParts, fraction: number, out: ByteWriter): void {
  out.reserve(30)
  const {bytes} = out
  bytes[out.length] = QUOTE
  const at = putDate(bytes, out.length + 1, value)
  bytes[at] = 0x54
  out.length = putClock(bytes, at + 1, value.seconds, value.micros, fraction)
}

function putDate(bytes: Uint8Array, start: number, value: CalendarParts): number {
  let at = put2(bytes, start, (value.year / 100) | 0)
  at = put2(bytes, at, value.year % 100)
  bytes[at++] = MINUS
  at = put2(bytes, at, value.month)
  bytes[at++] = MINUS
  return put2(bytes, at, value.day)
}

/** `hh:mm:ss[.f…]Z"` */
function putClock(bytes: Uint8Array, start: number, seconds: number, micros: number, fraction: number): number {
  const hour = (seconds / 3600) | 0
  const minute = ((seconds - hour * 3600) / 60) | 0
  let at = put2(bytes, start, hour)
  bytes[at++] = COLON
  at = put2(bytes, at, minute)
  bytes[at++] = COLON
  at = put2(bytes, at, seconds - hour * 3600 - minute * 60)
  if (fraction > 0) {
    bytes[at++] = 0x2e
    let rest = micros
    for (let i = 5; i >= 0; i--) {
      const next = (rest / 10) | 0
      if (i < fraction) bytes[at + i] = 0x30 + rest - next * 10
      rest = next
    }
    at += fraction
  }
  bytes[at++] = 0x5a
  bytes[at++] = QUOTE
  return at
}

/** As few as say the same: Java's ISO formats leave trailing zeros out. */
function fractionDigits(micros: number): number {
  if (micros === 0) return 0
  let digits = 6
  let rest = micros | 0
  for (;;) {
    const next = (rest / 10) | 0
    if (next * 10 !== rest) return digits
    rest = next
    digits--
  }
}

function put2(bytes: Uint8Array, at: number, value: number): number {
  const tens = (value / 10) | 0
  bytes[at] = 0x30 + tens
  bytes[at + 1] = 0x30 + value - tens * 10
  return at + 2
}
