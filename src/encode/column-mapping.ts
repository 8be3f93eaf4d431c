// Shortened and masked columns: from the JSON that a column's family wrote to the JSON that comes out.

import {createHash} from 'node:crypto'
import type {ColumnMapping, ColumnRules} from '../config/column-rules.ts'
import type {ValueModes} from '../config/value-modes.ts'
import type {ByteWriter} from '../core/byte-writer.ts'
import type {TableId} from '../core/table-id.ts'
import {tableIdText} from '../core/table-id.ts'
import type {ColumnShape, ColumnType} from '../core/table-shape.ts'
import {jsonStringBytes, NULL_BYTES, writeJsonString} from './json-bytes.ts'
import type {OutputColumn, OutputShape} from './output-columns.ts'

/** Appends what comes out for the JSON value `source[start, end)`. */
export type MapValue = (source: Buffer, start: number, end: number, out: ByteWriter) => void

/** A column of the events. */
export interface ProjectedColumn {
  /** In the shape. */
  readonly index: number
  readonly column: OutputColumn
  readonly mapping: ColumnMapping | null
  /** Null: it comes out as it is. */
  readonly map: MapValue | null
}

const TEXT_TYPES: ReadonlySet<ColumnType> = new Set<ColumnType>([
  ...(['char', 'varchar', 'tinytext', 'text', 'mediumtext', 'longtext', 'enum', 'set'] as const),
])
const BINARY_TYPES: ReadonlySet<ColumnType> = new Set<ColumnType>([
  ...(['binary', 'varbinary', 'tinyblob', 'blob', 'mediumblob', 'longblob'] as const),
])
const LAST_ASCII = 0x7f

/** The columns of a table's events, in table order; null where all come out as they are. */
export function projectionOf(
  shape: OutputShape,
  rules: ColumnRules,
  modes: ValueModes,
): readonly ProjectedColumn[] | null {
  if (rules.include === null && rules.exclude === null && rules.mappings.length === 0) return null
  const projected = shape.columns.flatMap((column, index) => {
    const name = columnText(shape.id, column)
    if (rules.include !== null && !rules.include.some(pattern => pattern.test(name))) return []
    if (rules.exclude?.some(pattern => pattern.test(name)) === true) return []
    const rule = rules.mappings.find(({columns}) => columns.some(pattern => pattern.test(name)))
    const mapping = rule?.mapping ?? null
    return [{index, column, mapping, map: mapping === null ? null : mapValue(column, mapping, modes)}]
  })
  const isAll = projected.length === shape.columns.length && projected.every(({mapping}) => mapping === null)
  return isAll ? null : projected
}

function columnText(table: TableId, column: ColumnShape): string {
  return `${tableIdText(table)}.${column.name}`
}

/** Null where the mapping does nothing to a column of this type. */
function mapValue(column: ColumnShape, mapping: ColumnMapping, modes: ValueModes): MapValue | null {
  switch (mapping.type) {
    case 'truncate':
      if (BINARY_TYPES.has(column.type) && modes.binary === 'bytes') return truncateBytes(mapping.length)
      return TEXT_TYPES.has(column.type) || BINARY_TYPES.has(column.type) ? truncateText(mapping.length) : null
    case 'mask': {
      if (!TEXT_TYPES.has(column.type)) return null
      // Whatever it is, also where there is nothing.
      const mask = jsonStringBytes('*'.repeat(mapping.length))
      return (_source, _start, _end, out) => out.write(mask)
    }
    case 'hash':
      return TEXT_TYPES.has(column.type) ? hashText(mapping, column.length) : null
  }
}

function truncateText(length: number): MapValue {
  return (source, start, end, out) => {
    const text = textOf(source, start, end)
    if (text === null || text.length <= length) out.write(source, start, end)
    // Half of a surrogate pair is no text.
    else writeText(text.slice(0, length).replace(/[\uD800-\uDBFF]$/, ''), out)
  }
}

function truncateBytes(length: number): MapValue {
  return (source, start, end, out) => {
    const text = textOf(source, start, end)
    const bytes = text === null ? null : Buffer.from(text, 'base64')
    if (bytes === null || bytes.length <= length) out.write(source, start, end)
    else writeText(bytes.subarray(0, length).toString('base64'), out)
  }
}

function hashText(mapping: ColumnMapping & {readonly type: 'hash'}, length: number | null): MapValue {
  const {algorithm, salt, serialized} = mapping
  return (source, start, end, out) => {
    const text = textOf(source, start, end)
    if (text === null) {
      out.write(NULL_BYTES)
      return
    }
    const bytes = serialized ? javaSerialized(text) : Buffer.from(text)
    const digest = createHash(algorithm).update(salt).update(bytes).digest('hex')
    writeText(length === null ? digest : digest.slice(0, length), out)
  }
}

/** As java.io.ObjectOutputStream writes a String: header, type, length, modified UTF-8. */
function javaSerialized(text: string): Buffer {
  const content = modifiedUtf8(text)
  const long = content.length > 0xffff
  const head = Buffer.alloc(long ? 13 : 7)
  head.writeUInt32BE(0xaced0005)
  head[4] = long ? 0x7c : 0x74
  if (long) head.writeBigUInt64BE(BigInt(content.length), 5)
  else head.writeUInt16BE(content.length, 5)
  return Buffer.concat([head, content])
}

/** NUL has two bytes, and each half of a surrogate pair has three of its own. */
function modifiedUtf8(text: string): Buffer {
  const bytes: number[] = []
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit > 0 && unit <= LAST_ASCII) bytes.push(unit)
    else if (unit < 0x800) bytes.push(0xc0 | (unit >> 6), 0x80 | (unit & 63))
    else bytes.push(0xe0 | (unit >> 12), 0x80 | ((unit >> 6) & 63), 0x80 | (unit & 63))
  }
  return Buffer.from(bytes)
}

function textOf(source: Buffer, start: number, end: number): string | null {
  return JSON.parse(source.toString('utf8', start, end)) as string | null
}

function writeText(text: string, out: ByteWriter): void {
  const bytes = Buffer.from(text)
  writeJsonString(bytes, 0, bytes.length, out)
}
