// The fewest decimal digits that read back as the same double or float, and of those the nearest ones: what JavaScript and
// Java print. Computed in doubles of twice the precision; the rare value that this cannot decide (at the very edge of
// what reads back the same, or between two texts) is left to the engine.

import {putFixedDigits, putWholeNumber} from '../../core/fixed-digits.ts'
import {multiplyByPower, powerOfTen, product} from './powers-of-ten.ts'

const PLUS = 0x2b
const MINUS = 0x2d
const POINT = 0x2e
const ZERO = 0x30
const NINE = 0x39
const LOWER_E = 0x65
const NINE_DIGITS = 1e9
/** Far above the error of the arithmetic, far below the distance of two texts. */
const DOUBT = 1e-5
const FLOAT_DOUBT = 1e-3
/** Digits of a text that are looked at. */
const MOST_DIGITS = 24
/** To be reserved where digits are put, one byte behind a sign. */
export const ROOM = MOST_DIGITS + 24

/** Of the first digit put last: the number is d.ddd * 10^exponent. */
export let exponent = 0

const double = new Float64Array(1)
const words = new Uint32Array(double.buffer)
const float = new Float32Array(1)
const floatWord = new Uint32Array(float.buffer)
/** Half of the distance between neighbours, by a float's binary exponent. */
const FLOAT_REACH = Float64Array.from({length: 256}, (_, binary) => 2 ** (binary - 151))

/** Puts the digits of a positive finite double at `at`, sets `exponent`, and returns how many there are. */
export function putShortestDouble(value: number, bytes: Uint8Array, at: number): number {
  const count = putDouble(value, bytes, at)
  return count > 0 ? count : putText(String(value), bytes, at)
}

/** The same for a positive float that is not whole or has more than six digits. */
export function putShortestFloat(value: number, bytes: Uint8Array, at: number): number {
  const count = putFloat(value, bytes, at)
  return count > 0 ? count : putText(String(shortestFloatSlowly(value)), bytes, at)
}

function putDouble(value: number, bytes: Uint8Array, at: number): number {
  double[0] = value
  const high = words[1]!
  const binary = high >>> 20
  // Far from where products overflow; and a power of two has its lower neighbour at half the distance.
  if (binary < 123 || binary > 1923 || ((high & 0xfffff) === 0 && words[0] === 0)) return 0
  const scale = decimalExponent(value, binary - 1023)
  words[0] = 0
  words[1] = (binary - 53) << 20
  // Half of the distance to the next double; less than that away, a text reads back the same.
  const reach = double[0] * powerOfTen(16 - scale)
  multiplyByPower(value, 16 - scale)
  const top = product[0]!
  const upper = Math.floor(top * 1e-9)
  const lower = top - upper * NINE_DIGITS + product[1]!
  if (upper < 1e7 || upper >= 99_999_999) return 0
  exponent = scale
  // 15 digits, then 16, then 17.
  const of15 = Math.floor(lower * 0.01 + 0.5)
  const distance15 = Math.abs(of15 * 100 - lower)
  if (distance15 < reach + DOUBT) {
    if (distance15 > reach - DOUBT) return 0
    return of15 > 0 && of15 < 1e7
      ? put15Digits(upper, of15, bytes, at)
      : put8Digits(of15 > 0 ? upper + 1 : upper, bytes, at)
  }
  if (lower < 0 || lower > 999_999_900) return 0
  const of16 = Math.floor(lower * 0.1 + 0.5)
  const distance16 = Math.abs(of16 * 10 - lower)
  putFixedDigits(bytes, at, upper, 8)
  if (distance16 < reach + DOUBT) {
    if (distance16 > reach - DOUBT || distance16 > 5 - DOUBT) return 0
    putFixedDigits(bytes, at + 8, of16, 8)
    return 16
  }
  const of17 = Math.floor(lower + 0.5)
  if (Math.abs(of17 - lower) > 0.5 - DOUBT) return 0
  putFixedDigits(bytes, at + 8, of17, 9)
  return 17
}

function put15Digits(upper: number, lower: number, bytes: Uint8Array, at: number): number {
  putFixedDigits(bytes, at, upper, 8)
  putFixedDigits(bytes, at + 8, lower, 7)
  return countDigits(bytes, at, 15)
}

function put8Digits(value: number, bytes: Uint8Array, at: number): number {
  putFixedDigits(bytes, at, value, 8)
  return countDigits(bytes, at, 8)
}

function putFloat(value: number, bytes: Uint8Array, at: number): number {
  float[0] = value
  const bits = floatWord[0]!
  const binary = bits >>> 23
  if (binary === 0 || (bits & 0x7fffff) === 0) return 0
  const scale = decimalExponent(value, binary - 127)
  const power = powerOfTen(8 - scale)
  const scaled = value * power
  const reach = FLOAT_REACH[binary]! * power
  if (scaled < 1e8 || scaled >= 999_999_000) return 0
  exponent = scale
  // Six digits always read back as another number than those of the neighbours; seven, eight and nine may be needed.
  const of8 = Math.floor(scaled * 0.1 + 0.5)
  const distance8 = Math.abs(of8 * 10 - scaled)
  if (distance8 > reach + FLOAT_DOUBT) {
    const of9 = Math.floor(scaled + 0.5)
    if (Math.abs(of9 - scaled) > 0.5 - FLOAT_DOUBT) return 0
    putFixedDigits(bytes, at, of9, 9)
    return countDigits(bytes, at, 9)
  }
  const of7 = Math.floor(scaled * 0.01 + 0.5)
  const distance7 = Math.abs(of7 * 100 - scaled)
  if (distance7 > reach + FLOAT_DOUBT) {
    if (distance8 > reach - FLOAT_DOUBT || distance8 > 5 - FLOAT_DOUBT) return 0
    putFixedDigits(bytes, at, of8, 8)
    return countDigits(bytes, at, 8)
  }
  const of6 = Math.floor(scaled * 0.001 + 0.5)
  const distance6 = Math.abs(of6 * 1000 - scaled)
  if (distance6 > reach + FLOAT_DOUBT) {
    if (distance7 > reach - FLOAT_DOUBT || distance7 > 50 - FLOAT_DOUBT) return 0
    putFixedDigits(bytes, at, of7, 7)
    return countDigits(bytes, at, 7)
  }
  if (distance6 > reach - FLOAT_DOUBT) return 0
  putFixedDigits(bytes, at, of6, 6)
  return countDigits(bytes, at, 6)
}

/** Of the first decimal digit of a value in [2^binary, 2^(binary + 1)). */
function decimalExponent(value: number, binary: number): number {
  // The logarithm of 2 in 18 bits.
  const least = (binary * 78_913) >> 18
  return value >= powerOfTen(least + 1) ? least + 1 : least
}

function shortestFloatSlowly(value: number): number {
  let shortest = value
  // Below the smallest normal float fewer digits may do.
  for (let count = value < 1.1754943508222875e-38 ? 1 : 6; count <= 9; count++) {
    shortest = Number(value.toPrecision(count))
    if (Math.fround(shortest) === value) break
  }
  return shortest
}

/** Without the zeros at the end. */
function countDigits(bytes: Uint8Array, at: number, most: number): number {
  let count = most
  while (count > 0 && bytes[at + count - 1] === ZERO) count--
  return count
}

function putText(text: string, bytes: Uint8Array, at: number): number {
  const source = Buffer.from(text, 'latin1')
  return putTextDigits(source, 0, source.length, bytes, at)
}

/**
 * Puts the digits of a number's text without its sign: `12.5`, `0.001`, `1e-7`, `1.5e+300`, with leading and trailing zeros as
 * they come; sets `exponent`. 0 for a zero; -1 where something else is in it, or more digits than a double needs.
 */
export function putTextDigits(source: Uint8Array, start: number, end: number, bytes: Uint8Array, at: number): number {
  let seen = 0
  let seenAtPoint = -1
  let zerosBehindPoint = 0
  let i = start
  for (; i < end; i++) {
    const byte = source[i]!
    if (byte === POINT) {
      if (seenAtPoint >= 0) return -1
      seenAtPoint = seen
    } else if (byte < ZERO || byte > NINE) {
      break
    } else if (seen > 0 || byte !== ZERO) {
      if (seen === MOST_DIGITS) return -1
      bytes[at + seen++] = byte
    } else if (seenAtPoint >= 0) {
      zerosBehindPoint++
    }
  }
  const before = seenAtPoint < 0 ? seen : seenAtPoint
  exponent = before > 0 ? before - 1 : -zerosBehindPoint - 1
  if (i < end && !takeExponent(source, i, end)) return -1
  const count = countDigits(bytes, at, seen)
  return count > 17 ? -1 : count
}

/** Puts the digits of `value` / 10^scale, where `value` is a whole number below 2^53; sets `exponent`. 0 for a zero. */
export function putScaledDigits(value: number, scale: number, bytes: Uint8Array, at: number): number {
  if (value === 0) return 0
  const count = putWholeNumber(bytes, at, value) - at
  exponent = count - 1 - scale
  return countDigits(bytes, at, count)
}

function takeExponent(source: Uint8Array, start: number, end: number): boolean {
  if ((source[start]! | 0x20) !== LOWER_E) return false
  const isNegative = source[start + 1] === MINUS
  let i = isNegative || source[start + 1] === PLUS ? start + 2 : start + 1
  let value = 0
  for (; i < end; i++) {
    const digit = source[i]! - ZERO
    if (digit < 0 || digit > 9) return false
    value = value * 10 + digit
  }
  exponent += isNegative ? -value : value
  return true
}
