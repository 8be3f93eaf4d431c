// Compiles a table's shape into a row encoder: one transcoder for each column, constant bytes for everything between the
// values. While a row is written, the place of each value in the output is kept, so that keys are copies of those bytes.

import type {ImageLayout} from '../binlog/binlog-events.ts'
import type {ByteWriter} from '../core/byte-writer.ts'
import {tableIdText} from '../core/table-id.ts'
import type {TableShape} from '../core/table-shape.ts'
import {invariant, TidemarkError} from '../core/tidemark-error.ts'
import {quoteIdentifier} from '../mysql/identifiers.ts'
import {projectionOf} from './column-mapping.ts'
import {outputShape} from './output-columns.ts'
import {outputFamily} from './values/output-family.ts'
import {ColumnTranscoder} from './values/column-transcoder.ts'
import {malformedImage} from './values/image-bytes.ts'
import {jsonStringBytes, NULL_BYTES} from './json-bytes.ts'
import type {EncoderOptions} from './encoder-options.ts'
import {compileMessageKey} from './message-key.ts'
import type {MessageKeyWriter} from './message-key.ts'
import {ProjectedRowEncoder} from './projected-row-encoder.ts'
import type {WholeRowEncoder} from './projected-row-encoder.ts'
import type {RowEncoder} from './row-encoder.ts'

const COMMA = 0x2c
const BRACE_OPEN = 0x7b
const BRACE_CLOSE = 0x7d
const SQL_NULL = 0xfb

export interface RowEncoderSource {
  readonly shape: TableShape
  /** Indexes of the message key's columns in key order; empty: null keys. */
  readonly messageKey: readonly number[]
  /** Indexes of the columns by which rows supersede one another: the primary key, else the chunk key. */
  readonly rowKey: readonly number[]
  readonly options: EncoderOptions
}

/** Throws TIDEMARK_VALUE_UNSUPPORTED_CHARSET or _KEY, _FIELD_NAMES or _CONVERTER for what cannot be passed on right. */
export function compileRowEncoder(source: RowEncoderSource): RowEncoder {
  const whole = new CompiledRowEncoder(source)
  const {settings} = source.options
  const projection = projectionOf(outputShape(source.shape, settings), settings.columns, settings.valueModes)
  return projection === null ? whole : new ProjectedRowEncoder(whole, projection)
}

class CompiledRowEncoder implements WholeRowEncoder {
  readonly shape: TableShape
  readonly hasKey: boolean
  readonly selectList: readonly string[]
  readonly #columns: readonly ColumnTranscoder[]
  /** `{"a":`, `,"b":` … behind one another, and where each begins. */
  readonly #prefixes: Uint8Array
  readonly #prefixStarts: Int32Array
  readonly #rowKey: readonly number[]
  readonly #key: MessageKeyWriter
  readonly #nullBytes: number
  readonly #fieldStarts: Int32Array
  readonly #fieldEnds: Int32Array
  /** Places of the last row's values in `#out`. */
  readonly #valueStarts: Int32Array
  readonly #valueEnds: Int32Array
  #out: ByteWriter | null = null
  #bound: ImageLayout | null = null

  constructor({shape, messageKey, rowKey, options}: RowEncoderSource) {
    invariant(shape.columns.length > 0, `${tableIdText(shape.id)} has no columns`)
    const output = outputShape(shape, options.settings)
    const {valueModes} = options.settings
    const families = output.columns.map((column, i) => outputFamily(column, valueModes, messageKey.includes(i)))
    this.shape = shape
    this.hasKey = messageKey.length > 0
    this.selectList = shape.columns.map((column, i) => {
      const quoted = quoteIdentifier(column.name)
      return families[i]!.select?.(quoted) ?? quoted
    })
    this.#columns = shape.columns.map((column, i) => new ColumnTranscoder(column.name, families[i]!))
    const prefixes = output.columns.map(({field}, i) =>
      Buffer.concat([Buffer.of(i === 0 ? BRACE_OPEN : COMMA), jsonStringBytes(field), Buffer.from(':')]),
    )
    this.#prefixes = Buffer.concat(prefixes)
    const count = shape.columns.length
    this.#prefixStarts = new Int32Array(count + 1)
    for (let i = 0; i < count; i++) this.#prefixStarts[i + 1] = this.#prefixStarts[i]! + prefixes[i]!.length
    this.#rowKey = rowKey
    this.#key = compileMessageKey(output, messageKey, options)
    this.#nullBytes = (count + 7) >> 3
    this.#fieldStarts = new Int32Array(count)
    this.#fieldEnds = new Int32Array(count)
    this.#valueStarts = new Int32Array(count)
    this.#valueEnds = new Int32Array(count)
  }

  bindLayout(layout: ImageLayout): void {
    if (layout === this.#bound) return
    const columns = this.#columns
    if (layout.types.length !== columns.length) {
      throw new TidemarkError(
        'TIDEMARK_BINLOG_LAYOUT_MISMATCH',
        `${tableIdText(this.shape.id)} has ${columns.length} columns in its definition, but ${layout.types.length} in the binlog`,
      )
    }
    for (let i = 0; i < columns.length; i++) columns[i]!.bind(layout.types[i]!, layout.metadata[i]!)
    this.#bound = layout
  }

  encodeText(packet: Buffer, start: number, end: number, out: ByteWriter): void {
    const columns = this.#columns
    const fieldStarts = this.#fieldStarts
    const fieldEnds = this.#fieldEnds
    const valueStarts = this.#valueStarts
    const valueEnds = this.#valueEnds
    this.#out = out
    let at = start
    for (let i = 0; i < columns.length; i++) {
      this.#writePrefix(i, out)
      valueStarts[i] = out.length
      let length = at < end ? packet[at++]! : -1
      if (length === SQL_NULL) {
        fieldStarts[i] = -1
        fieldEnds[i] = -1
        columns[i]!.mark.value = -1
        out.write(NULL_BYTES, 0, 4)
      } else {
        if (length > SQL_NULL) {
          const lengthBytes = length === 0xfc ? 2 : length === 0xfd ? 3 : 8
          length = at + lengthBytes <= end ? readLength(packet, at, lengthBytes) : -1
          at += lengthBytes
        }
        if (length < 0 || at + length > end) throw shortPacket(this.shape, i)
        fieldStarts[i] = at
        fieldEnds[i] = at + length
        columns[i]!.fromText(packet, at, at + length, out)
        at += length
      }
      valueEnds[i] = out.length
    }
    out.writeByte(BRACE_CLOSE)
  }

  encodeImage(image: Buffer, start: number, end: number, present: Uint8Array | null, out: ByteWriter): number {
    const columns = this.#columns
    const valueStarts = this.#valueStarts
    const valueEnds = this.#valueEnds
    if (present !== null) this.#requireFull(present)
    this.#out = out
    let at = start + this.#nullBytes
    if (at > end) throw malformedImage(`row image of ${tableIdText(this.shape.id)}: cut short in its NULL bits`)
    let i = 0
    try {
      for (; i < columns.length; i++) {
        this.#writePrefix(i, out)
        valueStarts[i] = out.length
        if ((image[start + (i >> 3)]! & (1 << (i & 7))) !== 0) {
          columns[i]!.mark.value = -1
          out.write(NULL_BYTES, 0, 4)
        } else {
          at = columns[i]!.fromImage(image, at, end, out)
        }
        valueEnds[i] = out.length
      }
    } catch (error) {
      throw this.#inColumn(error, i)
    }
    out.writeByte(BRACE_CLOSE)
    return at
  }

  writeMessageKey(out: ByteWriter): void {
    invariant(this.#out !== null && this.hasKey, `no message key to write for ${tableIdText(this.shape.id)}`)
    this.#key(this.#out, this.#valueStarts, this.#valueEnds, out)
  }

  writeRowKey(out: ByteWriter): void {
    const source = this.#out
    invariant(source !== null, `no row key to write for ${tableIdText(this.shape.id)}`)
    const rowKey = this.#rowKey
    for (let k = 0; k < rowKey.length; k++) {
      const index = rowKey[k]!
      const {mark} = this.#columns[index]!
      if (k > 0) out.writeByte(COMMA)
      if (mark.value < 0) {
        out.write(source.bytes, this.#valueStarts[index], this.#valueEnds[index])
      } else {
        // No JSON value begins with a z.
        out.writeAscii(`z${mark.value}.${mark.detail}`)
      }
    }
  }

  fieldStart(index: number): number {
    return this.#fieldStarts[index]!
  }

  fieldEnd(index: number): number {
    return this.#fieldEnds[index]!
  }

  valueStart(index: number): number {
    return this.#valueStarts[index]!
  }

  valueEnd(index: number): number {
    return this.#valueEnds[index]!
  }

  #writePrefix(index: number, out: ByteWriter): void {
    const prefixes = this.#prefixes
    const from = this.#prefixStarts[index]!
    const to = this.#prefixStarts[index + 1]!
    out.reserve(to - from)
    const {bytes} = out
    let at = out.length
    for (let i = from; i < to; i++) bytes[at++] = prefixes[i]!
    out.length = at
  }

  #requireFull(present: Uint8Array): void {
    const count = this.#columns.length
    for (let i = 0; i < count; i++) {
      if ((present[i >> 3]! & (1 << (i & 7))) === 0) {
        throw new TidemarkError(
          'TIDEMARK_BINLOG_ROW_INCOMPLETE',
          `row image of ${tableIdText(this.shape.id)}: column ${this.#columns[i]!.name} is missing; ` +
            'SET GLOBAL binlog_row_image = FULL, and let every session that writes begin anew',
        )
      }
    }
  }

  #inColumn(error: unknown, index: number): unknown {
    if (!(error instanceof TidemarkError) || error.code !== 'TIDEMARK_BINLOG_ROW_MALFORMED') return error
    const column = `${tableIdText(this.shape.id)}, column ${this.#columns[index]!.name}`
    return new TidemarkError(error.code, `row image of ${column}: ${error.message}`, {cause: error})
  }
}

/** Little-endian; a length beyond 2^32 is in no packet. */
function readLength(packet: Buffer, at: number, bytes: number): number {
  let value = 0
  for (let i = bytes - 1; i >= 0; i--) value = value * 256 + packet[at + i]!
  return value
}

function shortPacket(shape: TableShape, index: number): TidemarkError {
  return new TidemarkError(
    'TIDEMARK_MYSQL_ROW_MALFORMED',
    `row of ${tableIdText(shape.id)} as read by SELECT: cut short in column ${shape.columns[index]!.name}`,
    {kind: 'retryable'},
  )
}
