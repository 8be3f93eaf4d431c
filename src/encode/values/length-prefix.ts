// Values of variable length in a row image: a little-endian length of 1 to 4 bytes, then the bytes.

import type {ColumnShape} from '../../core/table-shape.ts'
import {layoutMismatch} from './column-transcoder.ts'
import {malformedImage, MYSQL_TYPE, needBytes, readUintLe} from './image-bytes.ts'

/** Bytes of the length prefix of a character, binary, JSON, spatial or vector column. */
export function lengthPrefixBytes(column: ColumnShape, type: number, metadata: number): number {
  switch (type) {
    case MYSQL_TYPE.VARCHAR:
    case MYSQL_TYPE.VAR_STRING:
      return metadata > 255 ? 2 : 1
    case MYSQL_TYPE.STRING: {
      const high = ((metadata & 0x30) ^ 0x30) << 4
      return (high | (metadata >> 8)) > 255 ? 2 : 1
    }
    case MYSQL_TYPE.TINY_BLOB:
    case MYSQL_TYPE.MEDIUM_BLOB:
    case MYSQL_TYPE.LONG_BLOB:
    case MYSQL_TYPE.BLOB:
    case MYSQL_TYPE.JSON:
    case MYSQL_TYPE.GEOMETRY:
    case MYSQL_TYPE.VECTOR:
      if (metadata >= 1 && metadata <= 4) return metadata
      throw layoutMismatch(column, type)
    default:
      throw layoutMismatch(column, type)
  }
}

/** Offset behind the value whose length prefix is at `start`; throws where it would lie behind `end`. */
export function valueEnd(source: Buffer, start: number, end: number, prefix: number): number {
  needBytes(start, prefix, end)
  const length =
    prefix === 1
      ? source[start]!
      : prefix === 2
        ? source[start]! | (source[start + 1]! << 8)
        : readUintLe(source, start, prefix)
  const stop = start + prefix + length
  if (stop > end) throw malformedImage(`a value of ${length} bytes, but only ${end - start - prefix} left in the event`)
  return stop
}
