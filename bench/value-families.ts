// The value families that `npm run bench -- values` measures: every type, and the modes that represent it otherwise.

import {DEFAULT_VALUE_MODES, type ValueModes} from '../src/config/value-modes.ts'
import {compileRowEncoder} from '../src/encode/compile-row-encoder.ts'
import type {RowEncoder} from '../src/encode/row-encoder.ts'
import {columnShape, ENCODER_SETTINGS, prefixed, tableShape, textField} from '../test/support/encode-value.ts'
import type {ImageType, ImageValue} from '../test/support/image-type.ts'
import {SeededRandom} from '../test/support/seeded-random.ts'
import {imageTypes} from '../test/support/value-images.ts'
import {ByteWriter} from '../src/core/byte-writer.ts'

/** Columns of a row: enough that the row's own braces do not count. */
export const COLUMNS = 8
const ROWS = 64
const VARCHAR = 15
/** Of a plain varchar's values: a name, an address, a line of text. */
const ORDINARY_LENGTH = 40

/** Rows of one kind of value, ready to be encoded again and again from both sides. */
export interface ValueRows {
  readonly encoder: RowEncoder
  readonly packets: readonly Buffer[]
  readonly images: readonly Buffer[]
}

export interface ValueFamily extends ValueRows {
  readonly name: string
  /** How many times the varchar's time a byte may take. */
  readonly limit: number
  /** Mean bytes of one value. */
  readonly bytes: number
  /** A varchar whose values have as many bytes, one by one, but no more than an ordinary one. */
  readonly varchar: ValueRows
  readonly varcharBytes: number
}

/** Modes besides the default ones, by the types that they are about. */
const MODES: readonly (readonly [types: RegExp, modes: Partial<ValueModes>])[] = [
  [/^decimal/, {decimal: 'string'}],
  [/^decimal/, {decimal: 'double'}],
  [/^bigint unsigned/, {bigintUnsigned: 'precise'}],
  [/^(binary|varbinary|blob)/, {binary: 'base64-url-safe'}],
  [/^(binary|varbinary|blob)/, {binary: 'hex'}],
  [/^(date$|(time|datetime)\([036])/, {time: 'isostring'}],
  [/^(time|datetime)\([036]/, {time: 'connect'}],
  [/^(time|datetime)\([036]/, {time: 'microseconds'}],
  [/^(time|datetime)\([036]/, {time: 'nanoseconds'}],
]

/** Families whose name contains one of `wanted`; none: all. Throws where both sides do not write the same. */
export function* valueFamilies(wanted: readonly string[]): Generator<ValueFamily> {
  for (const type of imageTypes()) {
    const others = MODES.filter(([types]) => types.test(type.name)).map(([, modes]) => modes)
    for (const modes of [{}, ...others]) {
      const name = [type.name, ...Object.values(modes)].join(', ')
      if (wanted.length === 0 || wanted.some(text => name.includes(text))) yield valueFamily(type, name, modes)
    }
  }
}

function valueFamily(type: ImageType, name: string, modes: Partial<ValueModes>): ValueFamily {
  const random = new SeededRandom(7)
  const values = Array.from({length: ROWS * COLUMNS}, () => type.value(random))
  const rows = rowsOf(type, values, modes)
  const written = verifiedLengths(name, rows)
  const lengths = values.map(({text}, i) => Math.max(text.length, written[i]!))
  // Quotes are two of the bytes, so that a single digit stands against an empty text.
  const texts = lengths.map(length => 'x'.repeat(Math.max(0, Math.min(length - 2, ORDINARY_LENGTH))))
  return {
    ...rows,
    name,
    limit: type.column.type === 'json' || /^(point|geometry)$/.test(type.column.type) ? 4 : 2,
    bytes: lengths.reduce((sum, length) => sum + length, 0) / lengths.length,
    varchar: varcharRows(texts),
    varcharBytes: texts.reduce((sum, text) => sum + text.length + 2, 0) / texts.length,
  }
}

/** A plain varchar in utf8mb4 with these values, which are repeated until there are enough. */
export function varcharRows(texts: readonly string[]): ValueRows {
  const prefix = texts.some(text => text.length > 255) ? 2 : 1
  const type: Pick<ImageType, 'column' | 'layout'> = {
    column: columnShape('varchar', {length: 60, charset: 'utf8mb4'}),
    layout: [VARCHAR, prefix === 1 ? 240 : 60_000],
  }
  const values = Array.from({length: ROWS * COLUMNS}, (_, i): ImageValue => {
    const text = Buffer.from(texts[i % texts.length]!)
    return {text, image: prefixed(text, prefix)}
  })
  return rowsOf(type, values, {})
}

function rowsOf(
  {column, layout: [code, metadata = 0]}: Pick<ImageType, 'column' | 'layout'>,
  values: readonly ImageValue[],
  modes: Partial<ValueModes>,
): ValueRows {
  const columns = Array.from({length: COLUMNS}, (_, i) => ({...column, name: `c${i}`}))
  const encoder = compileRowEncoder({
    shape: tableShape(columns),
    messageKey: [0],
    rowKey: [0],
    options: {settings: {...ENCODER_SETTINGS, valueModes: {...DEFAULT_VALUE_MODES, ...modes}}},
  })
  encoder.bindLayout({
    types: new Uint8Array(COLUMNS).fill(code),
    metadata: new Uint16Array(COLUMNS).fill(metadata),
  })
  const rows = Array.from({length: ROWS}, (_, i) => values.slice(i * COLUMNS, (i + 1) * COLUMNS))
  return {
    encoder,
    packets: rows.map(row => Buffer.concat(row.map(({text}) => textField(text)))),
    images: rows.map(row => Buffer.concat([Buffer.of(0), ...row.map(({image}) => image)])),
  }
}

/** The length of each value's JSON, after both sides were found to write the same (I7). */
function verifiedLengths(name: string, {encoder, packets, images}: ValueRows): number[] {
  const out = new ByteWriter()
  return packets.flatMap((packet, i) => {
    out.clear()
    encoder.encodeText(packet, 0, packet.length, out)
    const text = out.view().toString('latin1')
    out.clear()
    const image = images[i]!
    const end = encoder.encodeImage(image, 0, image.length, null, out)
    if (end !== image.length || out.view().toString('latin1') !== text) {
      throw new Error(`${name}: a SELECT gives ${text}, the binlog ${out.view().toString()}`)
    }
    const places = Array.from({length: COLUMNS}, (_, column) => text.indexOf(`"c${column}":`))
    return places.map((place, column) => (places[column + 1] ?? text.length) - place - '"c0":,'.length)
  })
}
