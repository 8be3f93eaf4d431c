// A key between the first and the last one of a table, to sample a chunk there without counting rows; pure. It need not be
// in the table, nor in its middle.

import type {ChunkKeyColumn, KeyValues} from '../snapshot/chunk-key.ts'

/** Null where nothing between the two can be told, as with a key whose rows all begin with the same value. */
export function middleKey(column: ChunkKeyColumn, first: KeyValues, last: KeyValues): KeyValues | null {
  const middle = middleValue(column.literal, first[0]!, last[0]!)
  // Only the leading column counts; whatever stands behind it is a place, too.
  return middle === null || middle === first[0] ? null : [middle, ...first.slice(1)]
}

function middleValue(kind: ChunkKeyColumn['literal'], first: string, last: string): string | null {
  switch (kind) {
    case 'plain':
      return middleNumber(first, last)
    case 'double':
      return `${(Number(first) + Number(last)) / 2}e0`
    case 'quoted':
      return middleTime(first, last)
    case 'text':
      return wrapped(/^_utf8mb4 X'([0-9a-f]*)'$/, first, last, '_utf8mb4 ')
    case 'bytes':
      return wrapped(/^X'([0-9a-f]*)'$/, first, last, '')
  }
}

function middleNumber(first: string, last: string): string | null {
  const whole = /^-?\d+(?=\.|$)/
  const [low, high] = [whole.exec(first)?.[0], whole.exec(last)?.[0]]
  return low === undefined || high === undefined ? null : String((BigInt(low) + BigInt(high)) / 2n)
}

/** Dates and times of day with a date; a TIME is no date. */
function middleTime(first: string, last: string): string | null {
  const parse = (literal: string): number =>
    Date.parse(`${literal.slice(1, -1).replace(' ', 'T')}Z`.replace(/^(.{10})Z$/, '$1'))
  const middle = (parse(first) + parse(last)) / 2
  if (Number.isNaN(middle)) return null
  const text = new Date(middle).toISOString().replace('T', ' ')
  return `'${first.length === 12 ? text.slice(0, 10) : text.slice(0, 19)}'`
}

/** Of the first bytes that differ, the one between them. Text keeps to ASCII, so that it stays UTF-8. */
function wrapped(form: RegExp, first: string, last: string, prefix: string): string | null {
  const [low, high] = [form.exec(first)?.[1], form.exec(last)?.[1]].map(hex => Buffer.from(hex ?? '', 'hex'))
  let at = 0
  while (at < Math.min(low!.length, high!.length) && low![at] === high![at]) at++
  const [from, to] = [low![at] ?? 0, high![at] ?? 0]
  if (prefix !== '' && (from > 0x7f || to > 0x7f)) return null
  const middle = (prefix === '' ? null : middleDigit(from, to)) ?? Math.floor((from + to) / 2)
  return `${prefix}X'${Buffer.concat([low!.subarray(0, at), Buffer.of(middle)]).toString('hex')}'`
}

const DIGITS = '0123456789abcdefghijklmnopqrstuvwxyz'

/**
 * Between two digits or letters another one: collations that fold case have no place for the bytes between. Null for
 * anything else, whose order a collation may have as it likes; the place may then lie behind the last row.
 */
function middleDigit(from: number, to: number): number | null {
  const [low, high] = [String.fromCharCode(from), String.fromCharCode(to)]
  const [first, last] = [DIGITS.indexOf(low.toLowerCase()), DIGITS.indexOf(high.toLowerCase())]
  if (first < 0 || last < 0) return null
  const middle = DIGITS[Math.floor((first + last) / 2)]!
  return (/[A-Z]/.test(low + high) ? middle.toUpperCase() : middle).charCodeAt(0)
}
