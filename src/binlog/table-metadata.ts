// The optional metadata block of a TABLE_MAP event: type, length and value one after the other.

import type {ByteCursor} from './byte-cursor.ts'
import * as Type from './event-types.ts'

/** Lists have one entry for each column of the table; an entry is undefined where the column has no such thing. */
export interface TableMetadata {
  /** Empty unless binlog_row_metadata=FULL. */
  names: readonly string[]
  readonly unsigned: (boolean | undefined)[]
  /** Collation ids of text, enum and set columns; 63 for binary ones. */
  readonly collations: (number | undefined)[]
  /** Labels of enum and set columns, in the column's character set. */
  readonly labels: (readonly Buffer[] | undefined)[]
  /** Subtypes of spatial columns, as the server numbers them; 0 for any. */
  readonly geometryTypes: (number | undefined)[]
  /** In key order. */
  primaryKey: readonly number[]
}

const SIGNEDNESS = 1
const DEFAULT_CHARSET = 2
const COLUMN_CHARSET = 3
const COLUMN_NAME = 4
const SET_LABELS = 5
const ENUM_LABELS = 6
const GEOMETRY_TYPE = 7
const SIMPLE_PRIMARY_KEY = 8
const PRIMARY_KEY_WITH_PREFIX = 9
const ENUM_AND_SET_DEFAULT_CHARSET = 10
const ENUM_AND_SET_COLUMN_CHARSET = 11

/** The columns that a field's lists go through, by real type, in table order (sql/log_event.cc). */
const isNumeric = new Set([
  Type.TYPE_TINY,
  Type.TYPE_SHORT,
  Type.TYPE_INT24,
  Type.TYPE_LONG,
  Type.TYPE_LONGLONG,
  Type.TYPE_NEWDECIMAL,
  Type.TYPE_FLOAT,
  Type.TYPE_DOUBLE,
  Type.TYPE_YEAR,
])
const isCharacter = new Set([
  Type.TYPE_VARCHAR,
  Type.TYPE_VAR_STRING,
  Type.TYPE_STRING,
  Type.TYPE_BLOB,
  Type.TYPE_TINY_BLOB,
  Type.TYPE_MEDIUM_BLOB,
  Type.TYPE_LONG_BLOB,
  // Binary as it is, it has its place in the lists of collations (seen on 9.7).
  Type.TYPE_VECTOR,
])
const isGeometry = new Set([Type.TYPE_GEOMETRY])
const isEnumOrSet = new Set([Type.TYPE_ENUM, Type.TYPE_SET])

export function readTableMetadata(cursor: ByteCursor, types: Uint8Array): TableMetadata {
  const count = types.length
  const metadata: TableMetadata = {
    names: [],
    unsigned: new Array<boolean | undefined>(count),
    collations: new Array<number | undefined>(count),
    labels: new Array<readonly Buffer[] | undefined>(count),
    geometryTypes: new Array<number | undefined>(count),
    primaryKey: [],
  }
  while (cursor.remaining > 0) {
    const field = cursor.uint(1)
    const length = cursor.lengthEncoded()
    const end = cursor.at + length
    if (length > cursor.remaining) throw cursor.malformed(`field ${field} of the table's metadata is cut off`)
    readField({field, end, cursor, types, metadata})
    if (cursor.at > end) throw cursor.malformed(`field ${field} of the table's metadata is longer than it says`)
    // Fields that are not needed here, and those of versions to come.
    cursor.at = end
  }
  return metadata
}

interface Field {
  readonly field: number
  readonly end: number
  readonly cursor: ByteCursor
  readonly types: Uint8Array
  readonly metadata: TableMetadata
}

function readField({field, end, cursor, types, metadata}: Field): void {
  switch (field) {
    case SIGNEDNESS:
      readSignedness(cursor, columnsOf(types, isNumeric), metadata.unsigned)
      break
    case DEFAULT_CHARSET:
      readDefaultCharset(cursor, end, columnsOf(types, isCharacter), metadata.collations)
      break
    case COLUMN_CHARSET:
      readEach(cursor, end, columnsOf(types, isCharacter), metadata.collations, () => cursor.lengthEncoded())
      break
    case ENUM_AND_SET_DEFAULT_CHARSET:
      readDefaultCharset(cursor, end, columnsOf(types, isEnumOrSet), metadata.collations)
      break
    case ENUM_AND_SET_COLUMN_CHARSET:
      readEach(cursor, end, columnsOf(types, isEnumOrSet), metadata.collations, () => cursor.lengthEncoded())
      break
    case COLUMN_NAME:
      metadata.names = readList(cursor, end, () => cursor.utf8(cursor.lengthEncoded()))
      break
    case SET_LABELS:
      readEach(cursor, end, columnsOf(types, new Set([Type.TYPE_SET])), metadata.labels, () => readLabels(cursor))
      break
    case ENUM_LABELS:
      readEach(cursor, end, columnsOf(types, new Set([Type.TYPE_ENUM])), metadata.labels, () => readLabels(cursor))
      break
    case GEOMETRY_TYPE:
      readEach(cursor, end, columnsOf(types, isGeometry), metadata.geometryTypes, () => cursor.lengthEncoded())
      break
    case SIMPLE_PRIMARY_KEY:
      metadata.primaryKey = readList(cursor, end, () => readKeyColumn(cursor, types.length))
      break
    case PRIMARY_KEY_WITH_PREFIX:
      metadata.primaryKey = readList(cursor, end, () => {
        const column = readKeyColumn(cursor, types.length)
        cursor.lengthEncoded() // the prefix's length
        return column
      })
      break
    default:
  }
}

function columnsOf(types: Uint8Array, wanted: ReadonlySet<number>): number[] {
  const columns: number[] = []
  for (let i = 0; i < types.length; i++) if (wanted.has(types[i]!)) columns.push(i)
  return columns
}

/** One bit for each numeric column, the highest of a byte first. */
function readSignedness(cursor: ByteCursor, columns: readonly number[], target: (boolean | undefined)[]): void {
  const bits = cursor.buffer((columns.length + 7) >> 3)
  columns.forEach((column, i) => {
    target[column] = (bits[i >> 3]! & (0x80 >> (i & 7))) !== 0
  })
}

/** One collation for all, then pairs of place and collation for those that differ. */
function readDefaultCharset(
  cursor: ByteCursor,
  end: number,
  columns: readonly number[],
  target: (number | undefined)[],
): void {
  const common = cursor.lengthEncoded()
  for (const column of columns) target[column] = common
  while (cursor.at < end) {
    const column = columns[cursor.lengthEncoded()]
    const collation = cursor.lengthEncoded()
    if (column === undefined) throw cursor.malformed('a collation belongs to no column')
    target[column] = collation
  }
}

function readEach<T>(
  cursor: ByteCursor,
  end: number,
  columns: readonly number[],
  target: (T | undefined)[],
  read: () => T,
): void {
  for (let i = 0; cursor.at < end; i++) {
    const column = columns[i]
    if (column === undefined) throw cursor.malformed('the metadata of a column is there, but not the column')
    target[column] = read()
  }
}

function readList<T>(cursor: ByteCursor, end: number, read: () => T): T[] {
  const list: T[] = []
  while (cursor.at < end) list.push(read())
  return list
}

function readLabels(cursor: ByteCursor): Buffer[] {
  const count = cursor.lengthEncoded()
  const labels: Buffer[] = []
  for (let i = 0; i < count; i++) labels.push(cursor.buffer(cursor.lengthEncoded()))
  return labels
}

function readKeyColumn(cursor: ByteCursor, columnCount: number): number {
  const column = cursor.lengthEncoded()
  if (column >= columnCount) throw cursor.malformed(`the primary key names column ${column + 1} of ${columnCount}`)
  return column
}
