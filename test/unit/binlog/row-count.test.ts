import assert from 'node:assert/strict'
import {test} from 'node:test'
import fc from 'fast-check'
import type {RowOperation, RowsView} from '../../../src/binlog/binlog-events.ts'
import {EventDecoder} from '../../../src/binlog/event-decoder.ts'
import {countRows} from '../../../src/binlog/row-count.ts'
import {ByteWriter} from '../../../src/core/byte-writer.ts'
import type {ColumnShape, TableShape} from '../../../src/core/table-shape.ts'
import {compileRowEncoder} from '../../../src/encode/compile-row-encoder.ts'
import {DumpBytes, smallImage, smallTableMap, TEST_COLLATIONS} from '../../support/binlog-bytes.ts'
import {column, EVENT_SETTINGS} from '../../support/stream-parts.ts'

/** One column: how it is defined, how the binlog spells it, and bytes of some values. */
interface Sample {
  readonly shape: Omit<ColumnShape, 'name'>
  readonly type: number
  readonly metadata: number
  readonly value: fc.Arbitrary<Buffer>
}

function bytes(length: number): fc.Arbitrary<Buffer> {
  return fc.uint8Array({minLength: length, maxLength: length}).map(each => Buffer.from(each))
}

function zeros(length: number): fc.Arbitrary<Buffer> {
  return fc.constant(Buffer.alloc(length))
}

function prefixed(lengthBytes: number, content: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer> {
  return content.map(each => {
    const length = Buffer.alloc(lengthBytes)
    length.writeUIntLE(each.length, 0, lengthBytes)
    return Buffer.concat([length, each])
  })
}

const ascii = fc.string({maxLength: 40}).map(text => Buffer.from(text.replace(/[^ -~]/g, '?')))
const longAscii = fc.integer({min: 0, max: 700}).map(length => Buffer.alloc(length, 'x'))

function sample(
  type: ColumnShape['type'],
  [code, metadata]: readonly [number, number],
  value: fc.Arbitrary<Buffer>,
  more: Partial<ColumnShape> = {},
): Sample {
  return {shape: column('', type, {nullable: true, ...more}), type: code, metadata, value}
}

function temporals(fraction: number): Sample[] {
  const tail = Buffer.alloc(Math.ceil(fraction / 2))
  const at = (head: readonly number[]): fc.Arbitrary<Buffer> => fc.constant(Buffer.concat([Buffer.from(head), tail]))
  return [
    sample('timestamp', [17, fraction], at([0x65, 0, 0, 0]), {fraction}),
    sample('datetime', [18, fraction], at([0x99, 0xb2, 0x42, 0x10, 0x03]), {fraction}),
    sample('time', [19, fraction], at([0x80, 0x10, 0x20]), {fraction}),
  ]
}

/** Zero: the sign bit and nothing else. The bytes follow MySQL's table of digits that are left over from nines. */
function decimal(precision: number, scale: number): Sample {
  const size = (digits: number): number => Math.floor(digits / 9) * 4 + Math.ceil((digits % 9) / 2)
  const value = Buffer.alloc(size(precision - scale) + size(scale))
  value[0] = 0x80
  return sample('decimal', [246, precision | (scale << 8)], fc.constant(value), {precision, scale})
}

const LABELS = Array.from({length: 300}, (_, i) => `m${i}`)

/** CHAR of so many bytes; lengths above 255 hide two of their bits in the type. */
function char(length: number, content: fc.Arbitrary<Buffer>): Sample {
  const metadata = (254 ^ ((length & 0x300) >> 4)) | ((length & 0xff) << 8)
  return sample('char', [254, metadata], prefixed(length > 255 ? 2 : 1, content), {charset: 'latin1', length})
}

const SAMPLES: readonly Sample[] = [
  sample('tinyint', [1, 0], bytes(1)),
  sample('smallint', [2, 0], bytes(2)),
  sample('mediumint', [9, 0], bytes(3)),
  sample('int', [3, 0], bytes(4)),
  sample('bigint', [8, 0], bytes(8)),
  sample('float', [4, 4], zeros(4)),
  sample('double', [5, 8], zeros(8)),
  sample('year', [13, 0], bytes(1)),
  sample('date', [10, 0], fc.constant(Buffer.from([0x6e, 0xd0, 0x0f]))),
  ...[0, 1, 2, 3, 4, 5, 6].flatMap(temporals),
  ...[
    [1, 0],
    [1, 1],
    [9, 0],
    [10, 5],
    [20, 10],
    [38, 19],
    [65, 30],
    [65, 0],
    [30, 30],
  ].map(([precision, scale]) => decimal(precision!, scale!)),
  sample(
    'bit',
    [16, 1],
    bytes(1).map(b => Buffer.from([b[0]! & 1])),
    {length: 1},
  ),
  sample('bit', [16, 2 << 8], bytes(2), {length: 16}),
  sample('enum', [247, 247 | (1 << 8)], fc.constant(Buffer.from([2])), {labels: ['a', 'b'], charset: 'utf8mb4'}),
  sample('enum', [247, 247 | (2 << 8)], fc.constant(Buffer.from([0x2c, 1])), {labels: LABELS, charset: 'utf8mb4'}),
  sample(
    'set',
    [248, 248 | (3 << 8)],
    bytes(3).map(b => Buffer.from([b[0]!, b[1]!, b[2]! & 0x0f])),
    {
      labels: LABELS.slice(0, 20),
      charset: 'utf8mb4',
    },
  ),
  sample('varchar', [15, 160], prefixed(1, ascii), {length: 40}),
  sample('varchar', [15, 2_800], prefixed(2, longAscii), {length: 700}),
  sample('varbinary', [15, 40], prefixed(1, ascii), {length: 40}),
  char(40, ascii),
  char(255, ascii),
  char(
    256,
    longAscii.map(each => each.subarray(0, 256)),
  ),
  char(1_020, longAscii),
  sample('tinytext', [252, 1], prefixed(1, ascii)),
  sample('text', [252, 2], prefixed(2, longAscii)),
  sample('mediumblob', [252, 3], prefixed(3, bytes(30))),
  sample('longblob', [252, 4], prefixed(4, bytes(30))),
  // Types that no server of today writes, and that a table map may name all the same.
  sample('tinyblob', [249, 1], prefixed(1, ascii)),
  sample('mediumblob', [250, 3], prefixed(3, bytes(30))),
  sample('longblob', [251, 4], prefixed(4, bytes(30))),
  sample('varbinary', [253, 40], prefixed(1, ascii), {length: 40}),
  // An empty object: type, number of members, size.
  sample('json', [245, 4], prefixed(4, fc.constant(Buffer.from([0, 0, 0, 4, 0])))),
]

interface Table {
  readonly samples: readonly Sample[]
  /** Images as (value or NULL) of each column. */
  readonly images: readonly (readonly (Buffer | null)[])[]
}

const tables: fc.Arbitrary<Table> = fc
  .array(fc.constantFrom(...SAMPLES), {minLength: 1, maxLength: 20})
  .chain(samples =>
    fc.record({
      samples: fc.constant(samples),
      images: fc.array(fc.tuple(...samples.map(({value}) => fc.option(value, {freq: 4}))), {maxLength: 6}),
    }),
  )

function imageOf(values: readonly (Buffer | null)[]): Buffer {
  const nulls = Buffer.alloc((values.length + 7) >> 3)
  for (const [i, value] of values.entries()) if (value === null) nulls[i >> 3]! |= 1 << (i & 7)
  return Buffer.concat([nulls, ...values.filter(value => value !== null)])
}

function viewOf({samples}: Table, operation: RowOperation, images: readonly Buffer[]): RowsView {
  const shape: TableShape = {
    id: {database: 'd', table: 't'},
    columns: samples.map((each, i) => ({...each.shape, name: `c${i}`})),
    primaryKey: [],
  }
  const layout = {
    types: Uint8Array.from(samples.map(each => each.type)),
    metadata: Uint16Array.from(samples.map(each => each.metadata)),
  }
  // Bytes around the event must not matter.
  const buffer = Buffer.concat([Buffer.alloc(7, 0xff), ...images, Buffer.alloc(3, 0xff)])
  const present = Buffer.alloc((samples.length + 7) >> 3, 0xff)
  return {
    operation,
    table: {shape, layout},
    buffer,
    start: 7,
    end: buffer.length - 3,
    presentBefore: present,
    presentAfter: present,
    full: true,
  }
}

test('rows are counted as the row encoder walks them, for every column type, NULLs, and lengths of both widths', () => {
  fc.assert(
    fc.property(tables, table => {
      const view = viewOf(table, 'c', table.images.map(imageOf))
      const encoder = compileRowEncoder({
        shape: view.table.shape,
        messageKey: [],
        rowKey: [],
        options: {settings: EVENT_SETTINGS},
      })
      encoder.bindLayout(view.table.layout)
      let rows = 0
      for (let at = view.start; at < view.end; rows++) {
        at = encoder.encodeImage(view.buffer, at, view.end, null, new ByteWriter(256))
      }
      assert.equal(countRows(view), rows)
      assert.equal(rows, table.images.length)
    }),
    {numRuns: 300},
  )
})

test('each sample on its own is as long as the encoder says', () => {
  for (const each of SAMPLES) {
    const values = fc.sample(each.value, 3)
    const view = viewOf(
      {samples: [each], images: []},
      'd',
      values.map(value => imageOf([value])),
    )
    assert.equal(countRows(view), 3, JSON.stringify([each.shape.type, each.type, each.metadata]))
  }
})

test('an update counts once for its two images', () => {
  fc.assert(
    fc.property(tables, table => {
      const images = table.images.flatMap(values => [imageOf(values), imageOf(values.map(() => null))])
      assert.equal(countRows(viewOf(table, 'u', images)), table.images.length)
    }),
    {numRuns: 100},
  )
})

test('columns that an image leaves out take no bytes, before and after apart', () => {
  const table: Table = {samples: [SAMPLES[0]!, SAMPLES[3]!, SAMPLES[4]!], images: []}
  const before = imageOf([Buffer.alloc(1), Buffer.alloc(8)])
  const after = imageOf([Buffer.alloc(4)])
  const view = viewOf(table, 'u', [before, after, before, after])
  assert.equal(
    countRows({...view, full: false, presentBefore: Uint8Array.of(0b101), presentAfter: Uint8Array.of(0b010)}),
    2,
  )
})

test('images that do not end where their event does are an error, not a count', () => {
  const table: Table = {samples: [SAMPLES[3]!], images: []}
  const view = viewOf(table, 'c', [imageOf([Buffer.alloc(4)])])
  assert.throws(() => countRows({...view, end: view.end - 1}), {code: 'TIDEMARK_BINLOG_ROW_MALFORMED'})
})

test('a column type that no image can have is an error', () => {
  const table: Table = {samples: [{...SAMPLES[0]!, type: 6}], images: []}
  assert.throws(() => countRows(viewOf(table, 'c', [imageOf([Buffer.alloc(1)])])), {
    code: 'TIDEMARK_INTERNAL_INVARIANT',
  })
})

test('events as the server sends them count as many rows as they have', () => {
  const dump = new DumpBytes()
    .rotate('binlog.000001')
    .formatDescription()
    .gtid()
    .query('BEGIN')
    .tableMap(smallTableMap())
  const images = [smallImage(1, ''), smallImage(2, 'abc'), smallImage(3, 'x'.repeat(80)), smallImage(4, 'd')]
  for (const type of [30, 32]) dump.rows(type, {images: Buffer.concat(images), present: [0b11], columns: 2})
  dump.rows(31, {images: Buffer.concat(images), present: [0b11, 0b11], columns: 2}).xid()
  let chunk: Buffer | null = dump.bytes()
  const decoder = new EventDecoder({
    collations: TEST_COLLATIONS,
    checksum: true,
    nextChunk: () => {
      const next = chunk
      chunk = null
      return next
    },
  })
  const counts: [string, number][] = []
  while (decoder.next()) if (decoder.kind === 'rows') counts.push([decoder.rows.operation, countRows(decoder.rows)])
  assert.deepEqual(counts, [
    ['c', 4],
    ['d', 4],
    ['u', 2],
  ])
})

function cutOff(images: Buffer, present: number): string {
  const bytes = new DumpBytes()
    .rotate('binlog.000007')
    .formatDescription()
    .gtid()
    .query('BEGIN')
    .tableMap(smallTableMap())
    .rows(30, {images, present: [present], columns: 2})
    .bytes()
  const left = [bytes]
  const decoder = new EventDecoder({collations: TEST_COLLATIONS, checksum: true, nextChunk: () => left.shift() ?? null})
  while (decoder.next()) {
    if (decoder.kind !== 'rows') continue
    try {
      return `${countRows(decoder.rows)} rows`
    } catch (error) {
      return (error as {code: string}).code
    }
  }
  return 'no rows'
}

// Found by test/property/damaged-rows.test.ts: a RangeError came out, or an internal error, or it went on for ever.
test('images that are cut off, or have no columns, are refused as malformed', () => {
  const image = smallImage(1, 'abc')
  assert.equal(cutOff(image, 0b11), '1 rows')
  for (let length = 1; length < image.length; length++) {
    assert.equal(cutOff(image.subarray(0, length), 0b11), 'TIDEMARK_BINLOG_ROW_MALFORMED', `${length} bytes`)
  }
  assert.equal(cutOff(image, 0), 'TIDEMARK_BINLOG_ROW_MALFORMED')
})
