// Decimal numbers as doubles: the nearest one, or one near enough to be rounded to the float that was meant.

import {multiplyByPower, powerOfTen, product} from './powers-of-ten.ts'

const MINUS = 0x2d
const POINT = 0x2e
const ZERO = 0x30
const LOWER_E = 0x65

const double = new Float64Array(1)
const words = new Uint32Array(double.buffer)

/**
 * The double nearest to (upper * 10^9 + lower + behind) * 10^exponent; `upper` is a whole number from 1 to 10^9, `lower` one
 * below 10^9, `behind` a fraction below 1, known to 50 bits. NaN where that cannot be said.
 */
export function nearestDouble(upper: number, lower: number, behind: number, exponent: number): number {
  const high = upper * 1e9
  const start = high + lower
  const missing = lower - (start - high) + behind
  multiplyByPower(start, exponent)
  const rest = product[1]! + missing * powerOfTen(exponent)
  const top = product[0]!
  const rounded = top + rest
  const left = Math.abs(top - rounded + rest)
  double[0] = rounded
  const binary = words[1]! >>> 20
  words[0] = 0
  words[1] = (binary - 53) << 20
  // Next to the middle between two doubles, what is not known counts.
  return Math.abs(left - double[0]) < rounded * 1e-24 ? Number.NaN : rounded
}

/**
 * What the text of a float, printed as a double, says: a float's distance to the next is so large that rounding errors of a
 * double's arithmetic do not count. NaN for texts that have something else in them.
 */
export function nearlyFloat(source: Uint8Array, start: number, end: number): number {
  const negative = source[start] === MINUS
  let value = 0
  let seen = 0
  let seenAtPoint = -1
  let i = negative ? start + 1 : start
  for (; i < end; i++) {
    const byte = source[i]!
    if (byte === POINT) seenAtPoint = seen
    else {
      const digit = byte - ZERO
      if (digit < 0 || digit > 9) break
      value = value * 10 + digit
      seen++
    }
  }
  const shift = (seenAtPoint < 0 ? 0 : seenAtPoint - seen) + (i < end ? readExponent(source, i, end) : 0)
  // Beyond what a float can hold, or no exponent.
  if (!(shift > -80 && shift < 80)) return Number.NaN
  if (shift < 0) value /= powerOfTen(-shift)
  else if (shift > 0) value *= powerOfTen(shift)
  return negative ? -value : value
}

function readExponent(source: Uint8Array, start: number, end: number): number {
  const negative = source[start + 1] === MINUS
  if (source[start] !== LOWER_E || end - start > 4) return Number.NaN
  let value = 0
  for (let i = negative ? start + 2 : start + 1; i < end; i++) value = value * 10 + source[i]! - ZERO
  return negative ? -value : value
}
