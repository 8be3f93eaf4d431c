// TABLE_MAP events of any columns with full metadata, as the server writes them.

import {Collations} from '../../src/binlog/collations.ts'
import {MYSQL_TYPE} from '../../src/encode/values/image-bytes.ts'
import type {ImageType} from './image-type.ts'

const CHARSETS: readonly (readonly [name: string, maxBytes: number])[] = [
  ['utf8mb4', 4],
  ...(['ascii', 'latin1', 'latin2', 'cp1250', 'cp1251', 'koi8r', 'greek', 'hebrew'] as const).map(
    name => [name, 1] as const,
  ),
  ...(['ucs2', 'gbk', 'gb2312', 'big5', 'sjis', 'cp932', 'euckr'] as const).map(name => [name, 2] as const),
  ...(['ujis', 'eucjpms'] as const).map(name => [name, 3] as const),
  ...(['utf16', 'utf16le', 'utf32', 'gb18030'] as const).map(name => [name, 4] as const),
]
const BINARY = 63
const FIRST_COLLATION = 101

/** One collation for each character set, and that of bytes. */
export const FUZZ_COLLATIONS = new Collations([
  ...CHARSETS.map(([name, maxBytes], i) => ({id: FIRST_COLLATION + i, name, maxBytes})),
  {id: BINARY, name: 'binary', maxBytes: 1},
])

const NO_METADATA: ReadonlySet<number> = new Set([
  ...[MYSQL_TYPE.TINY, MYSQL_TYPE.SHORT, MYSQL_TYPE.INT24, MYSQL_TYPE.LONG, MYSQL_TYPE.LONGLONG],
  ...[MYSQL_TYPE.DATE, MYSQL_TYPE.YEAR],
])
const TWO_BYTES: ReadonlySet<number> = new Set([
  ...[MYSQL_TYPE.VARCHAR, MYSQL_TYPE.STRING, MYSQL_TYPE.BIT, MYSQL_TYPE.NEWDECIMAL, MYSQL_TYPE.ENUM, MYSQL_TYPE.SET],
])
const NUMERIC: ReadonlySet<number> = new Set([
  ...[MYSQL_TYPE.TINY, MYSQL_TYPE.SHORT, MYSQL_TYPE.INT24, MYSQL_TYPE.LONG, MYSQL_TYPE.LONGLONG],
  ...[MYSQL_TYPE.FLOAT, MYSQL_TYPE.DOUBLE, MYSQL_TYPE.NEWDECIMAL, MYSQL_TYPE.YEAR],
])
const CHARACTER: ReadonlySet<number> = new Set([
  ...[MYSQL_TYPE.VARCHAR, MYSQL_TYPE.STRING, MYSQL_TYPE.BLOB, MYSQL_TYPE.VECTOR],
])

/** The body behind table id and flags of `d.t`, with columns c0, c1 … of these types; the first one is the primary key. */
export function tableMapOf(types: readonly ImageType[]): Buffer {
  const codes = types.map(({layout: [code]}) => code)
  const isLabelled = (code: number): boolean => code === MYSQL_TYPE.ENUM || code === MYSQL_TYPE.SET
  const metadata = Buffer.concat(
    types.map(({layout: [code, value = 0]}) => {
      const bytes = Buffer.of(value & 0xff, value >> 8)
      return bytes.subarray(0, NO_METADATA.has(code) ? 0 : TWO_BYTES.has(code) ? 2 : 1)
    }),
  )
  const of = (wanted: (code: number) => boolean): ImageType[] => types.filter((_type, i) => wanted(codes[i]!))
  const labels = (code: number): Buffer =>
    Buffer.concat(
      of(each => each === code).flatMap(({column: {labels = []}}) => [
        lengthEncoded(labels!.length),
        ...labels!.map(label => text(label)),
      ]),
    )
  return Buffer.concat([
    Buffer.from([1, 0x64, 0, 1, 0x74, 0]),
    lengthEncoded(types.length),
    Buffer.from(codes.map(code => (isLabelled(code) ? MYSQL_TYPE.STRING : code))),
    lengthEncoded(metadata.length),
    metadata,
    Buffer.alloc((types.length + 7) >> 3, 0xff), // all may be NULL
    field(1, signedness(of(code => NUMERIC.has(code)))),
    field(3, collations(of(code => CHARACTER.has(code)))),
    field(11, collations(of(isLabelled))),
    field(4, Buffer.concat(types.map((_type, i) => text(`c${i}`)))),
    field(5, labels(MYSQL_TYPE.SET)),
    field(6, labels(MYSQL_TYPE.ENUM)),
    field(
      7,
      Buffer.from(of(code => code === MYSQL_TYPE.GEOMETRY).map(({column: {type}}) => (type === 'point' ? 1 : 0))),
    ),
    field(8, Buffer.of(0)),
  ])
}

function field(type: number, value: Buffer): Buffer {
  return value.length === 0 ? value : Buffer.concat([Buffer.of(type), lengthEncoded(value.length), value])
}

function signedness(types: readonly ImageType[]): Buffer {
  const bits = Buffer.alloc((types.length + 7) >> 3)
  types.forEach(({column: {unsigned}}, i) => {
    if (unsigned) bits[i >> 3]! |= 0x80 >> (i & 7)
  })
  return bits
}

function collations(types: readonly ImageType[]): Buffer {
  const ids = types.map(({column: {charset}}) => {
    const place = CHARSETS.findIndex(([name]) => name === charset)
    return charset === null ? BINARY : FIRST_COLLATION + place
  })
  return Buffer.from(ids)
}

function text(value: string): Buffer {
  return Buffer.concat([lengthEncoded(Buffer.byteLength(value)), Buffer.from(value)])
}

function lengthEncoded(value: number): Buffer {
  return value < 251 ? Buffer.of(value) : Buffer.of(0xfc, value & 0xff, value >> 8)
}
