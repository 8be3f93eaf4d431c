// Damaged row events through the whole chain: a dump's bytes, its table map, compressed or not, the rows and every value in
// them. Whatever the damage: values, or an error of ours, and no byte behind the end of the images has any say in it.

import assert from 'node:assert/strict'
import fc from 'fast-check'
import type {RowsView} from '../../src/binlog/binlog-events.ts'
import {EventDecoder} from '../../src/binlog/event-decoder.ts'
import {countRows} from '../../src/binlog/row-count.ts'
import {ByteWriter} from '../../src/core/byte-writer.ts'
import {TidemarkError} from '../../src/core/tidemark-error.ts'
import {compileRowEncoder} from '../../src/encode/compile-row-encoder.ts'
import {DumpBytes} from './binlog-bytes.ts'
import {ENCODER_SETTINGS, textField} from './encode-value.ts'
import type {ImageType, ImageValue} from './image-type.ts'
import {SeededRandom} from './seeded-random.ts'
import {FUZZ_COLLATIONS, tableMapOf} from './table-map-bytes.ts'
import {imageTypes} from './value-images.ts'
import {zstdFrame} from './zstd-frame.ts'

const UPDATE_ROWS = 31
const PARTIAL_UPDATE_ROWS = 39
const ROWS_EVENTS = [30, UPDATE_ROWS, 32]
/** Behind the images: read, they would show. */
const POISON_BYTES = 80

/** Where a part of the stream is damaged; places count modulo its length. */
type Damage =
  | {readonly type: 'flip'; readonly at: number; readonly bit: number}
  | {readonly type: 'set'; readonly at: number; readonly byte: number}
  | {readonly type: 'cut'; readonly at: number}
  | {readonly type: 'noise'; readonly seed: number}

export interface DamagedRows {
  readonly seed: number
  readonly images: readonly Damage[]
  readonly tableMap: readonly Damage[]
  /** Which columns the images have. */
  readonly present: readonly Damage[]
  /** As an event of differences of JSON documents, which it is not. */
  readonly partial: boolean
  readonly payload: 'none' | 'raw' | 'zstd'
  readonly frame: readonly Damage[]
}

interface Table {
  readonly types: readonly ImageType[]
  readonly rows: readonly (readonly (ImageValue | null)[])[]
}

const place = fc.nat(100_000)
const damages = fc.array(
  fc.oneof(
    fc.record({type: fc.constant('flip' as const), at: place, bit: fc.nat(7)}),
    fc.record({
      type: fc.constant('set' as const),
      at: place,
      byte: fc.constantFrom(0, 1, 0x7f, 0x80, 0xfb, 0xfe, 0xff),
    }),
    fc.record({type: fc.constant('cut' as const), at: place}),
    fc.record({type: fc.constant('noise' as const), seed: fc.nat()}),
  ),
  {maxLength: 3},
)
const intact = fc.constant<Damage[]>([])

export const damagedRows: fc.Arbitrary<DamagedRows> = fc.record({
  seed: fc.nat(),
  images: damages,
  tableMap: fc.oneof({weight: 4, arbitrary: intact}, {weight: 1, arbitrary: damages}),
  present: fc.oneof({weight: 6, arbitrary: intact}, {weight: 1, arbitrary: damages}),
  partial: fc.oneof({weight: 9, arbitrary: fc.constant(false)}, {weight: 1, arbitrary: fc.constant(true)}),
  payload: fc.constantFrom('none', 'none', 'raw', 'zstd'),
  frame: fc.oneof({weight: 2, arbitrary: intact}, {weight: 1, arbitrary: damages}),
})

const ALL_TYPES = imageTypes()

/** Throws where an error that is not ours comes out, or bytes behind the end count, or what is intact does not come through. */
export function decodeDamaged(damaged: DamagedRows): void {
  const random = new SeededRandom(damaged.seed)
  const table = tableOf(random)
  const bytes = dumpOf(table, damaged, random)
  const decoder = new EventDecoder({collations: FUZZ_COLLATIONS, checksum: true, nextChunk: once(bytes)})
  const isIntact =
    !damaged.partial &&
    [damaged.images, damaged.tableMap, damaged.present, damaged.frame].every(each => each.length === 0)
  const seen: string[] = []
  ours(() => {
    do {
      while (decoder.next()) if (decoder.kind === 'rows') seen.push(...rowsOf(decoder.rows, random))
    } while (decoder.hasMore)
  }, isIntact)
  if (isIntact) assert.deepEqual(seen, textRows(table, decoder.rows.operation === 'u' ? 2 : 1))
}

function once(bytes: Buffer): () => Buffer | null {
  const left = [bytes]
  return () => left.shift() ?? null
}

/** Gives what the step gives, or the code of an error of ours. */
function ours<T>(step: () => T, isIntact = false): T | string {
  try {
    return step()
  } catch (error) {
    if (isIntact || !(error instanceof TidemarkError) || error.code === 'TIDEMARK_INTERNAL_INVARIANT') throw error
    return error.code
  }
}

function tableOf(random: SeededRandom): Table {
  const types = Array.from({length: random.integer(1, 12)}, () => random.pick(ALL_TYPES))
  const rows = Array.from({length: random.integer(1, 4)}, () =>
    types.map(type => (random.chance(0.15) ? null : type.value(random))),
  )
  return {types, rows}
}

function dumpOf({types, rows}: Table, damaged: DamagedRows, random: SeededRandom): Buffer {
  const kind = damaged.partial ? PARTIAL_UPDATE_ROWS : random.pick(ROWS_EVENTS)
  const isUpdate = kind === UPDATE_ROWS || kind === PARTIAL_UPDATE_ROWS
  const images = Buffer.concat(rows.map(imageOf).flatMap(image => (isUpdate ? [image, image] : [image])))
  const bits = Buffer.alloc((types.length + 7) >> 3, 0xff)
  const bitmaps = Buffer.concat(isUpdate ? [bits, bits] : [bits])
  // As many bytes as ever: it is not told by them how many there are.
  const present = Buffer.concat([damage(bitmaps, damaged.present), bitmaps]).subarray(0, bitmaps.length)
  const write = (dump: DumpBytes): DumpBytes =>
    dump
      .query('BEGIN')
      .tableMap(damage(tableMapOf(types), damaged.tableMap))
      .rows(kind, {
        images: damage(images, damaged.images),
        present: [...present],
        columns: types.length,
      })
      .xid()
  const dump = new DumpBytes().rotate('binlog.000007').formatDescription().gtid()
  if (damaged.payload === 'none') return write(dump).bytes()
  const inside = write(new DumpBytes({checksum: false})).eventBytes()
  const content = damaged.payload === 'raw' ? inside : zstdFrame(inside, {blockBytes: random.integer(1, 300)})
  const compression = damaged.payload === 'raw' ? {compression: 255} : {}
  return dump.payload(damage(content, damaged.frame), inside.length, compression).bytes()
}

function imageOf(row: readonly (ImageValue | null)[]): Buffer {
  const nulls = Buffer.alloc((row.length + 7) >> 3)
  row.forEach((value, i) => {
    if (value === null) nulls[i >> 3]! |= 1 << (i & 7)
  })
  return Buffer.concat([nulls, ...row.flatMap(value => (value === null ? [] : [value.image]))])
}

function damage(bytes: Buffer, damages: readonly Damage[]): Buffer {
  let damaged = Buffer.from(bytes)
  for (const each of damages) {
    if (damaged.length === 0) return damaged
    switch (each.type) {
      case 'flip':
        damaged[each.at % damaged.length]! ^= 1 << each.bit
        break
      case 'set':
        damaged[each.at % damaged.length] = each.byte
        break
      case 'cut':
        damaged = damaged.subarray(0, each.at % damaged.length)
        break
      case 'noise': {
        const random = new SeededRandom(each.seed)
        for (let i = 0; i < damaged.length; i++) damaged[i] = random.integer(0, 255)
      }
    }
  }
  return damaged
}

/** The JSON of all images of an event, and the code of the error that ended them; the same whatever stands behind them. */
function rowsOf(view: RowsView, random: SeededRandom): string[] {
  const [first, second] = [0x00, 0xff].map(filler => {
    const poison = Buffer.alloc(POISON_BYTES, filler)
    return encodedRows({...view, buffer: Buffer.concat([view.buffer.subarray(0, view.end), poison])})
  })
  assert.deepEqual(first, second, 'what stands behind the images counts')
  // As it stands in the packet, other events follow.
  assert.deepEqual(encodedRows(view), first)
  if (random.chance(0.5)) ours(() => countRows(view))
  return first!
}

function encodedRows(view: RowsView): string[] {
  const rows: string[] = []
  const end = ours(() => {
    const {shape, layout} = view.table
    const encoder = compileRowEncoder({
      shape,
      messageKey: shape.primaryKey,
      rowKey: shape.primaryKey,
      options: {settings: ENCODER_SETTINGS},
    })
    encoder.bindLayout(layout)
    const out = new ByteWriter(16)
    let at = view.start
    let isBefore = view.operation === 'u'
    while (at < view.end || !(view.operation !== 'u' || isBefore)) {
      out.clear()
      const present = view.full ? null : isBefore || view.operation !== 'u' ? view.presentBefore : view.presentAfter
      at = encoder.encodeImage(view.buffer, at, view.end, present, out)
      assert.ok(at <= view.end, 'an image that ends behind the event')
      rows.push(out.view().toString('utf8'))
      encoder.writeRowKey(out)
      if (encoder.hasKey) encoder.writeMessageKey(out)
      isBefore = view.operation === 'u' && !isBefore
    }
    return 'end'
  })
  return end === 'end' ? rows : [...rows, end]
}

/** What a SELECT would give. */
function textRows({types, rows}: Table, times: number): string[] {
  const encoder = compileRowEncoder({
    shape: {
      id: {database: 'd', table: 't'},
      columns: types.map(({column}, i) => ({...column, name: `c${i}`})),
      primaryKey: [0],
    },
    messageKey: [0],
    rowKey: [0],
    options: {settings: ENCODER_SETTINGS},
  })
  const out = new ByteWriter(16)
  return rows.flatMap(row => {
    out.clear()
    const packet = Buffer.concat(row.map(value => textField(value === null ? null : value.text)))
    encoder.encodeText(packet, 0, packet.length, out)
    return new Array<string>(times).fill(out.view().toString('utf8'))
  })
}
