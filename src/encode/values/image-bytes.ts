// What every column family needs to read a binlog row image: the server's type codes, the convention of the metadata
// numbers, and the one error for bytes that do not fit.
//
// ImageLayout.metadata holds the server's `field_metadata` from the TABLE_MAP event, its first byte as the low byte:
//   FLOAT, DOUBLE                     the size in bytes (4, 8)
//   VARCHAR, VAR_STRING               the column's maximum in bytes; the length prefix has 2 bytes where it is above 255
//   STRING (char, binary)             byte 0: real type with the length's bits 8 and 9 folded in; byte 1: the length's low bits
//   ENUM, SET                         byte 0: real type; byte 1: the bytes of one value. `types` holds 247 or 248, not 254
//   BLOB, JSON, GEOMETRY, VECTOR      the bytes of the length prefix
//   NEWDECIMAL                        byte 0: precision; byte 1: scale
//   BIT                               byte 0: bits beyond whole bytes; byte 1: whole bytes
//   TIMESTAMP2, DATETIME2, TIME2      fractional digits
//   all others                        0

import {TidemarkError} from '../../core/tidemark-error.ts'

/** MySQL's enum_field_types, as far as they stand in a TABLE_MAP event of MySQL 5.7 and later. */
export const MYSQL_TYPE = {
  TINY: 1,
  SHORT: 2,
  LONG: 3,
  FLOAT: 4,
  DOUBLE: 5,
  LONGLONG: 8,
  INT24: 9,
  DATE: 10,
  YEAR: 13,
  NEWDATE: 14,
  VARCHAR: 15,
  BIT: 16,
  TIMESTAMP2: 17,
  DATETIME2: 18,
  TIME2: 19,
  VECTOR: 242,
  JSON: 245,
  NEWDECIMAL: 246,
  ENUM: 247,
  SET: 248,
  TINY_BLOB: 249,
  MEDIUM_BLOB: 250,
  LONG_BLOB: 251,
  BLOB: 252,
  VAR_STRING: 253,
  STRING: 254,
  GEOMETRY: 255,
} as const

/** The error for bytes of a row image that are cut short or make no sense. The row encoder adds table and column. */
export function malformedImage(detail: string): TidemarkError {
  return new TidemarkError('TIDEMARK_BINLOG_ROW_MALFORMED', detail)
}

/** Throws where a value of `count` bytes at `at` would reach beyond the image's `end`. */
export function needBytes(at: number, count: number, end: number): void {
  if (at + count > end) throw malformedImage(`a value of ${count} bytes, but only ${end - at} left in the event`)
}

/** Little-endian unsigned number of 1 to 4 bytes. */
export function readUintLe(source: Uint8Array, at: number, bytes: number): number {
  let value = 0
  for (let i = bytes - 1; i >= 0; i--) value = value * 256 + source[at + i]!
  return value
}

/** Big-endian unsigned number of 1 to 6 bytes. */
export function readUintBe(source: Uint8Array, at: number, bytes: number): number {
  let value = 0
  for (let i = 0; i < bytes; i++) value = value * 256 + source[at + i]!
  return value
}
