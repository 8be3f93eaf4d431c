// One column through the row encoder, by either entrance.

import {NO_COLUMN_RULES} from '../../src/config/column-rules.ts'
import {DEFAULT_VALUE_MODES, type ValueModes} from '../../src/config/value-modes.ts'
import type {ByteWriter as Writer} from '../../src/core/byte-writer.ts'
import {ByteWriter} from '../../src/core/byte-writer.ts'
import type {ColumnShape, ColumnType, TableShape} from '../../src/core/table-shape.ts'
import type {EncoderOptions} from '../../src/encode/encoder-options.ts'
import {compileRowEncoder} from '../../src/encode/compile-row-encoder.ts'
import type {RowEncoder} from '../../src/encode/row-encoder.ts'
import {AS_THEY_ARE} from '../../src/encode/output-columns.ts'

export const ENCODER_SETTINGS: EncoderOptions['settings'] = {
  topicPrefix: 'p',
  topicDelimiter: '.',
  keySchemasEnabled: false,
  keyConverter: 'json',
  valueModes: DEFAULT_VALUE_MODES,
  columns: NO_COLUMN_RULES,
  ...AS_THEY_ARE,
  keyDecimalFormat: 'base64',
  transforms: [],
}

/** Options with other modes than the default ones. */
export function modes(other: Partial<ValueModes>): {readonly settings: EncoderOptions['settings']} {
  return {settings: {...ENCODER_SETTINGS, valueModes: {...DEFAULT_VALUE_MODES, ...other}}}
}

export function columnShape(type: ColumnType, more: Partial<ColumnShape> = {}): ColumnShape {
  return {
    name: 'v',
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
  }
}

export function tableShape(columns: readonly ColumnShape[], primaryKey: readonly number[] = []): TableShape {
  return {id: {database: 'shop', table: 'orders'}, columns, primaryKey}
}

/** A column's encoder; the column is its message key and row key. */
export function valueEncoder(column: ColumnShape, options: Partial<EncoderOptions> = {}): RowEncoder {
  return compileRowEncoder({
    shape: tableShape([column]),
    messageKey: [0],
    rowKey: [0],
    options: {settings: ENCODER_SETTINGS, ...options},
  })
}

/** A field of the text protocol. */
export function textField(value: Buffer | string | null): Buffer {
  if (value === null) return Buffer.of(0xfb)
  const bytes = Buffer.from(value)
  if (bytes.length < 251) return Buffer.concat([Buffer.of(bytes.length), bytes])
  const prefix = Buffer.alloc(bytes.length < 65_536 ? 3 : 4)
  prefix[0] = bytes.length < 65_536 ? 0xfc : 0xfd
  prefix.writeUIntLE(bytes.length, 1, prefix.length - 1)
  return Buffer.concat([prefix, bytes])
}

export function written(write: (out: Writer) => void): string {
  const out = new ByteWriter(8)
  write(out)
  return out.view().toString('utf8')
}

/** JSON of the value of a one-column row. */
function valueOf(row: string): string {
  return row.slice('{"v":'.length, -1)
}

/** The JSON of a text-protocol value. */
export function fromText(
  column: ColumnShape,
  value: Buffer | string | null,
  options?: Partial<EncoderOptions>,
): string {
  const encoder = valueEncoder(column, options)
  const packet = textField(value)
  return valueOf(written(out => encoder.encodeText(packet, 0, packet.length, out)))
}

/** The binlog's type code and metadata. */
export type ColumnLayout = readonly [type: number, metadata?: number]

export function bound(encoder: RowEncoder, [type, metadata = 0]: ColumnLayout): RowEncoder {
  encoder.bindLayout({types: Uint8Array.of(type), metadata: Uint16Array.of(metadata)})
  return encoder
}

/** The JSON of a value in a row image, given as hexadecimal digits or bytes. */
export function fromImage(
  column: ColumnShape,
  layout: ColumnLayout,
  value: Buffer | string,
  options?: Partial<EncoderOptions>,
): string {
  const encoder = bound(valueEncoder(column, options), layout)
  const bytes = typeof value === 'string' ? Buffer.from(value.replaceAll(' ', ''), 'hex') : value
  const image = Buffer.concat([Buffer.of(0), bytes])
  let end = 0
  const row = written(out => (end = encoder.encodeImage(image, 0, image.length, null, out)))
  if (end !== image.length) throw new Error(`${end} of ${image.length} bytes were read`)
  return valueOf(row)
}

/** Bytes with a little-endian length before them. */
export function prefixed(bytes: Buffer | string, prefixBytes: number): Buffer {
  const content = Buffer.from(bytes)
  const prefix = Buffer.alloc(prefixBytes)
  prefix.writeUIntLE(content.length, 0, prefixBytes)
  return Buffer.concat([prefix, content])
}
