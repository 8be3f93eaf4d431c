// How the server spells a DECIMAL(precision, scale) in binary: groups of nine digits, counted from the point to both sides, so
// that only the first group of the whole part and the last one of the fraction may have fewer. A text is taken apart into
// the same groups.

import {malformedImage, needBytes} from './image-bytes.ts'
import {nearestDouble} from './nearest-double.ts'

/** Bytes of a group of 0 to 9 digits. */
const GROUP_BYTES = [0, 1, 1, 2, 2, 3, 3, 4, 4, 4]
const POWERS = [1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9]
const POINT = 0x2e
const ZERO = 0x30
/** The server counts whole groups of digits inside JSON, so it can be more than the 65 of a column. */
const MOST_DIGITS = 81
const LIMB_BITS = 20n
/** Limbs times groups stay exact in doubles: seven full groups and two short ones, each below 10^9 * 2^20. */
const LIMB = 2 ** 20

export interface DecimalLayout {
  readonly precision: number
  readonly scale: number
  /** Digits of each group, most significant first. */
  readonly widths: readonly number[]
  /** Groups of the whole part. */
  readonly wholeGroups: number
  readonly bytes: number
  /** Limbs of 20 bits that hold every value and its sign; an even number. */
  readonly limbs: number
  /** For each group the power of ten by which it counts, in limbs, least significant first. */
  readonly weights: Float64Array
  /** For each limb, how many groups count in it: the first ones. */
  readonly counting: readonly number[]
}

/** The groups of the last value, as many as its layout has. */
export const groups = new Float64Array(16)
/** `sumGroups`'s result, each below 2^20. */
export const limbs = new Float64Array(24)

const layouts = new Map<number, DecimalLayout>()

/** Throws TIDEMARK_BINLOG_ROW_MALFORMED for numbers that no decimal has. */
export function decimalLayout(precision: number, scale: number): DecimalLayout {
  const known = layouts.get(precision * 256 + scale)
  if (known !== undefined) return known
  if (precision < 1 || precision > MOST_DIGITS || scale > precision) {
    throw malformedImage('a decimal with an impossible precision')
  }
  const layout = buildLayout(precision, scale)
  layouts.set(precision * 256 + scale, layout)
  return layout
}

function buildLayout(precision: number, scale: number): DecimalLayout {
  const whole = precision - scale
  const widths: number[] = []
  if (whole % 9 > 0) widths.push(whole % 9)
  for (let i = 0; i < Math.floor(whole / 9); i++) widths.push(9)
  const wholeGroups = widths.length
  for (let i = 0; i < Math.floor(scale / 9); i++) widths.push(9)
  if (scale % 9 > 0) widths.push(scale % 9)
  const limbs = 2 * Math.ceil((Math.ceil(precision * Math.log2(10)) + 1) / 40)
  const weights = new Float64Array(widths.length * limbs)
  let behind = precision
  widths.forEach((width, g) => {
    behind -= width
    let weight = 10n ** BigInt(behind)
    for (let i = 0; weight > 0n; i++) {
      weights[g * limbs + i] = Number(BigInt.asUintN(Number(LIMB_BITS), weight))
      weight >>= LIMB_BITS
    }
  })
  const bytes = widths.reduce((sum, width) => sum + GROUP_BYTES[width]!, 0)
  const counting = Array.from(
    {length: limbs},
    (_, i) =>
      widths.findLastIndex((_width, g) => weights.subarray(g * limbs + i, (g + 1) * limbs).some(limb => limb > 0)) + 1,
  )
  return {precision, scale, widths, wholeGroups, bytes, limbs, weights, counting}
}

export function isNegative(source: Uint8Array, start: number): boolean {
  return (source[start]! & 0x80) === 0
}

/** Into `groups`. The number's first bit is the sign, inverted; a negative number has all its bits inverted. */
export function readGroups(source: Uint8Array, start: number, end: number, {widths, bytes}: DecimalLayout): void {
  needBytes(start, bytes, end)
  const mask = isNegative(source, start) ? 0xff : 0
  let at = start
  let first = 0x80
  for (let g = 0; g < widths.length; g++) {
    const width = widths[g]!
    let value = source[at]! ^ mask ^ first
    first = 0
    for (const stop = at + GROUP_BYTES[width]!; ++at < stop;) value = value * 256 + (source[at]! ^ mask)
    if (value >= POWERS[width]!) throw malformedImage('a decimal with a digit group out of range')
    groups[g] = value
  }
}

/** Into `groups`: a text without its sign, with all digits of the scale. False where it does not fit the layout. */
export function parseGroups(source: Uint8Array, start: number, end: number, layout: DecimalLayout): boolean {
  const {scale, widths, wholeGroups} = layout
  const point = scale === 0 ? end : end - scale - 1
  if (point < start || (scale > 0 && source[point] !== POINT)) return false
  let stop = point
  for (let g = wholeGroups - 1; g >= 0; g--) {
    const from = Math.max(start, stop - widths[g]!)
    groups[g] = numberAt(source, from, stop)
    stop = from
  }
  // What is left is a zero before the point, or those of ZEROFILL.
  for (; stop > start; stop--) if (source[stop - 1] !== ZERO) return false
  let from = point + 1
  for (let g = wholeGroups; g < widths.length; g++) {
    groups[g] = numberAt(source, from, from + widths[g]!)
    from += widths[g]!
  }
  return true
}

function numberAt(source: Uint8Array, start: number, end: number): number {
  let value = 0
  for (let i = start; i < end; i++) value = (value * 10 + source[i]! - ZERO) | 0
  return value
}

/** `groups` as one whole number, into `limbs`. */
export function sumGroups({weights, limbs: count, counting}: DecimalLayout): void {
  let carry = 0
  for (let i = 0; i < count; i++) {
    let sum = carry
    for (let g = counting[i]! - 1; g >= 0; g--) sum += groups[g]! * weights[g * count + i]!
    carry = Math.floor(sum / LIMB)
    limbs[i] = sum - carry * LIMB
  }
}

/** The double nearest to the number in `groups`; NaN where that cannot be said from them. */
export function nearestToGroups({widths, scale, precision}: DecimalLayout): number {
  let first = 0
  let behind = precision - widths[0]!
  while (groups[first] === 0) {
    if (++first === widths.length) return 0
    behind -= widths[first]!
  }
  const fraction = nineDigits(widths, first + 2) / 1e9 + nineDigits(widths, first + 3) / 1e18
  return nearestDouble(groups[first]!, nineDigits(widths, first + 1), fraction, behind - 9 - scale)
}

/** A group as if it had nine digits. */
function nineDigits(widths: readonly number[], group: number): number {
  return group < widths.length ? groups[group]! * POWERS[9 - widths[group]!]! : 0
}
