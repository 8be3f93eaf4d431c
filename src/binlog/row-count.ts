// Counts the rows of a rows event without decoding them, by the lengths of their images. A place inside a transaction is
// a count of the binlog's rows before any filter, so the rows of tables that nobody captures must be counted, too.

import {invariant} from '../core/tidemark-error.ts'
import type {ImageLayout, RowsView} from './binlog-events.ts'

const DECIMAL_DIGIT_BYTES = [0, 1, 1, 2, 2, 3, 3, 4, 4, 4]
const FRACTION_BYTES = [0, 1, 1, 2, 2, 3, 3]

/** Number of rows in the event. Throws where the images do not end where the event does. */
export function countRows(view: RowsView): number {
  const {layout} = view.table
  let at = view.start
  let rows = 0
  while (at < view.end) {
    at = imageEnd(view.buffer, at, layout, view.full ? null : view.presentBefore)
    if (view.operation === 'u') at = imageEnd(view.buffer, at, layout, view.full ? null : view.presentAfter)
    rows++
  }
  invariant(at === view.end, 'row images end where their event does')
  return rows
}

function imageEnd(buffer: Buffer, start: number, layout: ImageLayout, present: Uint8Array | null): number {
  const {types, metadata} = layout
  let columns = 0
  for (let i = 0; i < types.length; i++) if (isPresent(present, i)) columns++
  let at = start + ((columns + 7) >> 3)
  let bit = 0
  for (let i = 0; i < types.length; i++) {
    if (!isPresent(present, i)) continue
    const isNull = (buffer[start + (bit >> 3)]! & (1 << (bit & 7))) !== 0
    bit++
    if (!isNull) at += valueLength(buffer, at, types[i]!, metadata[i]!)
  }
  return at
}

/** Whether the bitmap has the column; null: every column is there. */
export function isPresent(present: Uint8Array | null, column: number): boolean {
  return present === null || (present[column >> 3]! & (1 << (column & 7))) !== 0
}

/** Bytes of a value that is not NULL. Throws a RangeError where its length lies beyond the buffer. */
export function valueLength(buffer: Buffer, at: number, type: number, metadata: number): number {
  const low = metadata & 0xff
  const high = metadata >> 8
  switch (type) {
    case 1: // TINY
    case 13: // YEAR
      return 1
    case 2: // SHORT
      return 2
    case 9: // INT24
    case 10: // DATE
      return 3
    case 3: // LONG
    case 4: // FLOAT
      return 4
    case 5: // DOUBLE
    case 8: // LONGLONG
      return 8
    case 17: // TIMESTAMP2
      return 4 + FRACTION_BYTES[low]!
    case 18: // DATETIME2
      return 5 + FRACTION_BYTES[low]!
    case 19: // TIME2
      return 3 + FRACTION_BYTES[low]!
    case 246: // NEWDECIMAL: precision | scale << 8
      return decimalBytes(low - high) + decimalBytes(high)
    case 16: // BIT: bits | bytes << 8
      return high + (low > 0 ? 1 : 0)
    case 247: // ENUM
    case 248: // SET
      return high
    case 15: // VARCHAR
      return metadata < 256 ? 1 + buffer[at]! : 2 + buffer.readUInt16LE(at)
    case 254: // STRING; the high bits of its length stand inverted in the real type
      return (((low & 0x30) ^ 0x30) << 4) + high < 256 ? 1 + buffer[at]! : 2 + buffer.readUInt16LE(at)
    case 242: // VECTOR
    case 245: // JSON
    case 252: // BLOB
    case 255: // GEOMETRY
      return low + buffer.readUIntLE(at, low)
    default:
      invariant(false, `a row image has no column type ${type}`)
  }
}

function decimalBytes(digits: number): number {
  return Math.floor(digits / 9) * 4 + DECIMAL_DIGIT_BYTES[digits % 9]!
}
