// Counts the rows of a rows event without decoding them, by the lengths of their images. A place inside a transaction is
// a count of the binlog's rows before any filter, so the rows of tables that nobody captures must be counted, too.

import {tableIdText} from '../core/table-id.ts'
import {invariant, TidemarkError} from '../core/tidemark-error.ts'
import type {RowsView} from './binlog-events.ts'

const DECIMAL_DIGIT_BYTES = [0, 1, 1, 2, 2, 3, 3, 4, 4, 4]
const FRACTION_BYTES = [0, 1, 1, 2, 2, 3, 3]

/** Number of rows in the event. Throws TIDEMARK_BINLOG_ROW_MALFORMED where the images do not end where the event does. */
export function countRows(view: RowsView): number {
  let at = view.start
  let rows = 0
  while (at < view.end) {
    at = rowEnd(view, at)
    rows++
  }
  return rows
}

/** The offset behind the row that begins at `at`: behind both images of an update. */
export function rowEnd(view: RowsView, at: number): number {
  const end = imageEnd(view, at, view.presentBefore)
  return view.operation === 'u' ? imageEnd(view, end, view.presentAfter) : end
}

/**
 * Whether both images of the update that begins at `at` hold the same bytes in these columns. One that the after image
 * does not have was not changed.
 */
export function keepsColumns(view: RowsView, at: number, columns: readonly number[]): boolean {
  const {buffer} = view
  const old = imageFields(view, at, view.presentBefore)
  const changed = imageFields(view, imageEnd(view, at, view.presentBefore), view.presentAfter)
  return columns.every(column => {
    if (!view.full && !isPresent(view.presentAfter, column)) return true
    const [was, is] = [old[column], changed[column]]
    return was != null && is != null && buffer.compare(buffer, is[0], is[1], was[0], was[1]) === 0
  })
}

/** Where each column's value lies; null for NULL, undefined for one that is not in the image. */
function imageFields(
  {table, buffer, full}: RowsView,
  start: number,
  presentColumns: Uint8Array,
): (readonly [start: number, end: number] | null | undefined)[] {
  const {types, metadata} = table.layout
  const shown = [...types.keys()].filter(i => full || isPresent(presentColumns, i))
  const fields: (readonly [number, number] | null | undefined)[] = []
  let at = start + ((shown.length + 7) >> 3)
  for (const [bit, i] of shown.entries()) {
    const isNull = (buffer[start + (bit >> 3)]! & (1 << (bit & 7))) !== 0
    const end = isNull ? at : at + valueLength(buffer, at, types[i]!, metadata[i]!)
    fields[i] = isNull ? null : [at, end]
    at = end
  }
  return fields
}

/** Behind `start`, else it would go on for ever, and not behind the event's end. */
function imageEnd(view: RowsView, start: number, presentColumns: Uint8Array): number {
  const {types, metadata} = view.table.layout
  const present = view.full ? null : presentColumns
  let columns = 0
  for (let i = 0; i < types.length; i++) if (isPresent(present, i)) columns++
  let at = start + ((columns + 7) >> 3)
  if (at === start || at > view.end) throw cutOff(view)
  let bit = 0
  for (let i = 0; i < types.length; i++) {
    if (!isPresent(present, i)) continue
    const isNull = (view.buffer[start + (bit >> 3)]! & (1 << (bit & 7))) !== 0
    bit++
    if (isNull) continue
    at += boundedLength(view, at, types[i]!, metadata[i]!)
    // Not a number where the metadata makes no sense.
    if (!(at <= view.end)) throw cutOff(view)
  }
  return at
}

function boundedLength(view: RowsView, at: number, type: number, metadata: number): number {
  try {
    return valueLength(view.buffer, at, type, metadata)
  } catch (cause) {
    throw cause instanceof RangeError ? cutOff(view, cause) : cause
  }
}

function cutOff({table}: RowsView, cause?: RangeError): TidemarkError {
  const message = `rows of ${tableIdText(table.shape.id)}: the images do not end where their event does`
  return new TidemarkError('TIDEMARK_BINLOG_ROW_MALFORMED', message, cause === undefined ? {} : {cause})
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
    case 11: // TIME
    case 14: // NEWDATE
      return 3
    case 3: // LONG
    case 4: // FLOAT
    case 7: // TIMESTAMP
      return 4
    case 5: // DOUBLE
    case 8: // LONGLONG
    case 12: // DATETIME
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
    case 253: // VAR_STRING
      return metadata < 256 ? 1 + buffer[at]! : 2 + buffer.readUInt16LE(at)
    case 254: // STRING; the high bits of its length stand inverted in the real type
      return (((low & 0x30) ^ 0x30) << 4) + high < 256 ? 1 + buffer[at]! : 2 + buffer.readUInt16LE(at)
    case 242: // VECTOR
    case 245: // JSON
    case 249: // TINY_BLOB
    case 250: // MEDIUM_BLOB
    case 251: // LONG_BLOB
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
