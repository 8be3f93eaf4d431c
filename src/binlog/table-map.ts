// TABLE_MAP events: the table's shape and the spelling of its row images, from the event's own metadata.

import type {ColumnShape, ColumnType, TableShape} from '../core/table-shape.ts'
import type {ImageLayout, StreamTable} from './binlog-events.ts'
import {ByteCursor} from './byte-cursor.ts'
import {BINARY_COLLATION, decodeText, type Charset, type Collations} from './collations.ts'
import * as Type from './event-types.ts'
import {readTableMetadata, type TableMetadata} from './table-metadata.ts'

/** Bytes of the table id and flags, which may differ between two events of the same definition. */
export const TABLE_MAP_HEAD_BYTES = 8

/**
 * Reads the body behind table id and flags. `place` names the event in errors. Throws TIDEMARK_BINLOG_MALFORMED.
 */
export function parseTableMap(
  body: Buffer,
  {place, collations}: {readonly place: string; readonly collations: Collations},
): StreamTable {
  const cursor = new ByteCursor(body, 0, body.length, place)
  const id = readTableId(cursor)
  const columnCount = cursor.lengthEncoded()
  const types = Uint8Array.from(cursor.buffer(columnCount))
  const metadataBytes = cursor.lengthEncoded()
  const metadataAt = cursor.skip(metadataBytes)
  const layout = readLayout(new ByteCursor(body, metadataAt, cursor.at, place), types)
  const nullable = cursor.buffer((columnCount + 7) >> 3)
  const metadata = readTableMetadata(cursor, types)
  // binlog_row_metadata=MINIMAL leaves names, labels and the primary key out.
  const unnamed = metadata.names.length === 0
  if (!unnamed && metadata.names.length !== columnCount) {
    throw cursor.malformed(`it names ${metadata.names.length} columns of ${columnCount}`)
  }
  const columns: ColumnShape[] = []
  for (let i = 0; i < columnCount; i++) {
    const isNullable = ((nullable[i >> 3]! >> (i & 7)) & 1) === 1
    columns.push(columnShape({index: i, layout, metadata, isNullable, collations, cursor}))
  }
  const shape: TableShape = {id, columns, primaryKey: metadata.primaryKey}
  return unnamed ? {shape, layout, unnamed} : {shape, layout}
}

function readTableId(cursor: ByteCursor): TableShape['id'] {
  const database = cursor.utf8(cursor.uint(1))
  cursor.skip(1) // NUL
  const table = cursor.utf8(cursor.uint(1))
  cursor.skip(1)
  return {database, table}
}

/** Sets the real types of enum and set columns in `types`, which come as STRING. */
function readLayout(cursor: ByteCursor, types: Uint8Array): ImageLayout {
  const metadata = new Uint16Array(types.length)
  for (let i = 0; i < types.length; i++) {
    const size = metadataSize(types[i]!)
    if (size < 0) throw cursor.malformed(`column ${i + 1} has the unknown type ${types[i]}`)
    const value = size === 0 ? 0 : cursor.uint(size)
    metadata[i] = value
    const low = value & 0xff
    if (types[i] === Type.TYPE_STRING && (low === Type.TYPE_ENUM || low === Type.TYPE_SET)) types[i] = low
  }
  return {types, metadata}
}

/** Metadata bytes of a type code; -1 for an unknown type. */
function metadataSize(type: number): number {
  switch (type) {
    case Type.TYPE_TINY:
    case Type.TYPE_SHORT:
    case Type.TYPE_LONG:
    case Type.TYPE_LONGLONG:
    case Type.TYPE_INT24:
    case Type.TYPE_TIMESTAMP:
    case Type.TYPE_DATE:
    case Type.TYPE_TIME:
    case Type.TYPE_DATETIME:
    case Type.TYPE_YEAR:
    case Type.TYPE_NEWDATE:
      return 0
    case Type.TYPE_FLOAT:
    case Type.TYPE_DOUBLE:
    case Type.TYPE_TIMESTAMP2:
    case Type.TYPE_DATETIME2:
    case Type.TYPE_TIME2:
    case Type.TYPE_VECTOR:
    case Type.TYPE_JSON:
    case Type.TYPE_TINY_BLOB:
    case Type.TYPE_MEDIUM_BLOB:
    case Type.TYPE_LONG_BLOB:
    case Type.TYPE_BLOB:
    case Type.TYPE_GEOMETRY:
      return 1
    case Type.TYPE_VARCHAR:
    case Type.TYPE_BIT:
    case Type.TYPE_NEWDECIMAL:
    case Type.TYPE_ENUM:
    case Type.TYPE_SET:
    case Type.TYPE_VAR_STRING:
    case Type.TYPE_STRING:
      return 2
    default:
      return -1
  }
}

const GEOMETRY_POINT = 1
const MOST_FRACTION_DIGITS = 6
const MOST_DECIMAL_DIGITS = 65

const FIXED_TYPES: ReadonlyMap<number, ColumnType> = new Map([
  [Type.TYPE_TINY, 'tinyint'],
  [Type.TYPE_SHORT, 'smallint'],
  [Type.TYPE_INT24, 'mediumint'],
  [Type.TYPE_LONG, 'int'],
  [Type.TYPE_LONGLONG, 'bigint'],
  [Type.TYPE_NEWDECIMAL, 'decimal'],
  [Type.TYPE_FLOAT, 'float'],
  [Type.TYPE_DOUBLE, 'double'],
  [Type.TYPE_BIT, 'bit'],
  [Type.TYPE_DATE, 'date'],
  [Type.TYPE_NEWDATE, 'date'],
  [Type.TYPE_TIME, 'time'],
  [Type.TYPE_TIME2, 'time'],
  [Type.TYPE_DATETIME, 'datetime'],
  [Type.TYPE_DATETIME2, 'datetime'],
  [Type.TYPE_TIMESTAMP, 'timestamp'],
  [Type.TYPE_TIMESTAMP2, 'timestamp'],
  [Type.TYPE_YEAR, 'year'],
  [Type.TYPE_ENUM, 'enum'],
  [Type.TYPE_SET, 'set'],
  [Type.TYPE_JSON, 'json'],
  [Type.TYPE_GEOMETRY, 'geometry'],
  [Type.TYPE_VECTOR, 'vector'],
])
const TEXT_TYPES: readonly ColumnType[] = ['tinytext', 'text', 'mediumtext', 'longtext']
const BLOB_TYPES: readonly ColumnType[] = ['tinyblob', 'blob', 'mediumblob', 'longblob']

function columnShape({
  index,
  layout,
  metadata,
  isNullable,
  collations,
  cursor,
}: {
  readonly index: number
  readonly layout: ImageLayout
  readonly metadata: TableMetadata
  readonly isNullable: boolean
  readonly collations: Collations
  readonly cursor: ByteCursor
}): ColumnShape {
  const code = layout.types[index]!
  const low = layout.metadata[index]! & 0xff
  const high = layout.metadata[index]! >> 8
  const collation = metadata.collations[index]
  const isText = collation !== undefined && collation !== BINARY_COLLATION
  const charset = isText ? collations.charsetOf(collation) : null
  const {type, length} = typeAndLength(code, layout.metadata[index]!, charset)
  if (type === null || !isPossible(code, low, high)) {
    throw cursor.malformed(`column ${index + 1} has the type ${code} with metadata ${low}, ${high}`)
  }
  const hasFraction = code === Type.TYPE_TIME2 || code === Type.TYPE_DATETIME2 || code === Type.TYPE_TIMESTAMP2
  const isDecimal = type === 'decimal'
  const labels = metadata.labels[index]
  return {
    name: metadata.names[index] ?? '',
    type: type === 'geometry' && metadata.geometryTypes[index] === GEOMETRY_POINT ? 'point' : type,
    unsigned: type !== 'year' && metadata.unsigned[index] === true,
    nullable: isNullable,
    length,
    precision: isDecimal ? low : null,
    scale: isDecimal ? high : null,
    fraction: hasFraction ? low : 0,
    charset: charset?.name ?? null,
    labels: labels?.map(label => decodeText(label, charset?.name ?? 'binary')) ?? null,
  }
}

/** Whether a server can have a column of the type with such metadata; the readers of the values rely on it. */
function isPossible(code: number, low: number, high: number): boolean {
  switch (code) {
    case Type.TYPE_TIMESTAMP2:
    case Type.TYPE_DATETIME2:
    case Type.TYPE_TIME2:
      return low <= MOST_FRACTION_DIGITS
    case Type.TYPE_NEWDECIMAL:
      return low >= 1 && low <= MOST_DECIMAL_DIGITS && high <= low
    default:
      return true
  }
}

function typeAndLength(
  code: number,
  metadata: number,
  charset: Charset | null,
): {readonly type: ColumnType | null; readonly length: number | null} {
  const low = metadata & 0xff
  const high = metadata >> 8
  const characters = (bytes: number): number => Math.floor(bytes / (charset?.maxBytes ?? 1))
  switch (code) {
    case Type.TYPE_STRING:
      // The two high bits of a CHAR's length in bytes stand, inverted, in the type byte.
      return {type: charset === null ? 'binary' : 'char', length: characters(high | (((low & 0x30) ^ 0x30) << 4))}
    case Type.TYPE_VARCHAR:
    case Type.TYPE_VAR_STRING:
      return {type: charset === null ? 'varbinary' : 'varchar', length: characters(metadata)}
    case Type.TYPE_TINY_BLOB:
    case Type.TYPE_MEDIUM_BLOB:
    case Type.TYPE_LONG_BLOB:
    case Type.TYPE_BLOB:
      return {type: (charset === null ? BLOB_TYPES : TEXT_TYPES)[low - 1] ?? null, length: null}
    case Type.TYPE_BIT:
      return {type: 'bit', length: low + high * 8}
    default:
      return {type: FIXED_TYPES.get(code) ?? null, length: null}
  }
}
