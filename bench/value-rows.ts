// Nanoseconds for one row on the value path: `node build/bench/value-rows.js [ROWS]`. A row of 6 columns and about 100 bytes,
// from each entrance, its message key, and its envelope into an output buffer; no server.

import {NO_COLUMN_RULES} from '../src/config/column-rules.ts'
import {DEFAULT_VALUE_MODES} from '../src/config/value-modes.ts'
import type {ImageLayout} from '../src/binlog/binlog-events.ts'
import {ByteWriter} from '../src/core/byte-writer.ts'
import type {ColumnShape, ColumnType, TableShape} from '../src/core/table-shape.ts'
import {compileRowEncoder} from '../src/encode/compile-row-encoder.ts'
import {EnvelopeTemplate, EventOrigin} from '../src/encode/envelope.ts'
import {AS_THEY_ARE} from '../src/encode/output-columns.ts'
import {MYSQL_TYPE} from '../src/encode/values/image-bytes.ts'

const ROWS = Number(process.argv[2] ?? 500_000)
const VARIANTS = 512

const column = (name: string, type: ColumnType, more: Partial<ColumnShape> = {}): ColumnShape => ({
  name,
  type,
  unsigned: false,
  nullable: true,
  length: null,
  precision: null,
  scale: null,
  fraction: 0,
  charset: null,
  labels: null,
  ...more,
})

const shape: TableShape = {
  id: {database: 'shop', table: 'orders'},
  columns: [
    column('id', 'bigint', {nullable: false}),
    column('customer_id', 'int'),
    column('status', 'varchar', {length: 20, charset: 'utf8mb4'}),
    column('total', 'decimal', {precision: 10, scale: 2}),
    column('created', 'datetime'),
    column('note', 'varchar', {length: 200, charset: 'utf8mb4'}),
  ],
  primaryKey: [0],
}
const layout: ImageLayout = {
  types: Uint8Array.of(
    MYSQL_TYPE.LONGLONG,
    MYSQL_TYPE.LONG,
    MYSQL_TYPE.VARCHAR,
    MYSQL_TYPE.NEWDECIMAL,
    MYSQL_TYPE.DATETIME2,
    MYSQL_TYPE.VARCHAR,
  ),
  metadata: Uint16Array.of(0, 0, 80, 10 | (2 << 8), 0, 800),
}
const note = 'please leave the parcel with the neighbour, ring twice'

function textRow(i: number): Buffer {
  const fields = [`${1_000_000 + i}`, `${i * 37}`, 'delivered', `${i}.${10 + (i % 90)}`, '2024-05-06 07:08:09', note]
  return Buffer.concat(fields.map(field => Buffer.from(String.fromCharCode(field.length) + field, 'latin1')))
}

function imageRow(i: number): Buffer {
  const fixed = Buffer.alloc(13)
  fixed.writeBigInt64LE(BigInt(1_000_000 + i), 1)
  fixed.writeInt32LE(i * 37, 9)
  const decimal = Buffer.alloc(5)
  decimal.writeUInt32BE((0x80000000 | i) >>> 0)
  decimal[4] = 10 + (i % 90)
  const datetime = Buffer.alloc(5)
  datetime.writeUIntBE(0x8000000000 + (((2024 * 13 + 5) * 32 + 6) * 131_072 + (7 << 12) + (8 << 6) + 9), 0, 5)
  const prefix = Buffer.alloc(2)
  prefix.writeUInt16LE(note.length)
  return Buffer.concat([fixed, Buffer.from('\x09delivered'), decimal, datetime, prefix, Buffer.from(note)])
}

const representation = {valueModes: DEFAULT_VALUE_MODES, columns: NO_COLUMN_RULES, ...AS_THEY_ARE}
const encoder = compileRowEncoder({
  shape,
  messageKey: [0],
  rowKey: [0],
  options: {
    settings: {
      ...{topicPrefix: 'p', topicDelimiter: '.', keySchemasEnabled: false, keyConverter: 'json', transforms: []},
      keyDecimalFormat: 'base64',
      ...representation,
    },
  },
})
encoder.bindLayout(layout)
const template = new EnvelopeTemplate({
  id: shape.id,
  topic: 'p.shop.orders',
  settings: {topicPrefix: 'p', valueSchemasEnabled: false, ...representation},
  shape,
  version: '0.1.0',
})
const origin = new EventOrigin()
const texts = Array.from({length: VARIANTS}, (_, i) => textRow(i))
const images = Array.from({length: VARIANTS}, (_, i) => imageRow(i))
const out = new ByteWriter(1 << 20)
const scratch = new ByteWriter(1 << 16)

function setOrigin(i: number): void {
  origin.set({
    tsUs: 1_700_000_000_123_456 + i,
    snapshot: 'false',
    serverId: 1,
    sid: '3e11fa47-71ca-11e1-9e33-c80aa9429562',
    gno: 1_000_000 + i,
    file: 'binlog.000003',
    pos: 4_000_000 + i,
    threadId: 11,
    nowUs: 1_700_000_000_130_000 + i,
  })
}

/** The best of five rounds, in the process's own CPU time: what else runs on the machine counts less. */
function measure(name: string, step: (i: number) => void): void {
  let best = Infinity
  for (let round = 0; round < 5; round++) {
    const before = process.cpuUsage()
    for (let i = 0; i < ROWS; i++) step(i)
    const {user, system} = process.cpuUsage(before)
    best = Math.min(best, ((user + system) * 1000) / ROWS)
  }
  process.stdout.write(`${JSON.stringify({name, nsPerRow: Math.round(best)})}\n`)
}

function room(writer: ByteWriter): void {
  if (writer.length > 900_000) writer.clear()
}

measure('row from text', i => {
  room(out)
  const packet = texts[i % VARIANTS]!
  encoder.encodeText(packet, 0, packet.length, out)
})
measure('row from image', i => {
  room(out)
  const image = images[i % VARIANTS]!
  encoder.encodeImage(image, 0, image.length, null, out)
})
measure('row and message key from image', i => {
  room(out)
  const image = images[i % VARIANTS]!
  encoder.encodeImage(image, 0, image.length, null, out)
  encoder.writeMessageKey(out)
})
scratch.clear()
encoder.encodeText(texts[7]!, 0, texts[7]!.length, scratch)
setOrigin(0)
measure('envelope, one origin for many rows', i => {
  room(out)
  template.valueLength('c', scratch.length, 0, origin, i % 1000)
  template.writeSingle('c', scratch.bytes, 0, scratch.length, origin, i % 1000, out)
})
measure('envelope, an origin for each row', i => {
  room(out)
  setOrigin(i % 1000)
  template.valueLength('c', scratch.length, 0, origin, 0)
  template.writeSingle('c', scratch.bytes, 0, scratch.length, origin, 0, out)
})
measure('row from image, key and envelope, an origin for each row', i => {
  room(out)
  setOrigin(i % 1000)
  const image = images[i % VARIANTS]!
  scratch.clear()
  encoder.encodeImage(image, 0, image.length, null, scratch)
  const end = scratch.length
  encoder.writeMessageKey(scratch)
  template.valueLength('c', end, 0, origin, 0)
  template.writeSingle('c', scratch.bytes, 0, end, origin, 0, out)
})
