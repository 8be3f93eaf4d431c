// PARTIAL_UPDATE_ROWS events (binlog_row_value_options=PARTIAL_JSON): updates whose after images hold differences in the
// place of some JSON documents. They are written anew as the rows of an ordinary update, with whole documents, so that
// nothing behind the decoder knows of them.

import {ByteWriter} from '../core/byte-writer.ts'
import type {ImageLayout} from './binlog-events.ts'
import {TYPE_JSON} from './event-types.ts'
import {applyJsonDiffs} from './json-diff.ts'
import type {Malformed} from './json-tree.ts'
import {isPresent, valueLength} from './row-count.ts'

const PARTIAL_JSON_UPDATES = 1
const DIFF_LENGTH_BYTES = 4
/** A buffer that one large row made larger than this is not kept. */
const KEEP_BYTES = 1024 * 1024

export interface PartialRows {
  readonly bytes: Buffer
  readonly start: number
  readonly end: number
  readonly layout: ImageLayout
  readonly presentBefore: Uint8Array
  readonly presentAfter: Uint8Array
}

/** The rows of an ordinary update, from 0 on. They hold until the next `rewrite`. */
export interface WholeRows {
  readonly buffer: Buffer
  readonly end: number
  readonly presentAfter: Uint8Array
}

export class PartialUpdates {
  #out = new ByteWriter(16 * 1024)

  /** Throws what `malformed` makes where the rows are damaged. */
  rewrite(rows: PartialRows, malformed: Malformed): WholeRows {
    if (this.#out.bytes.length > KEEP_BYTES) this.#out = new ByteWriter(16 * 1024)
    const out = this.#out
    out.clear()
    const rewriting = new Rewriting(rows, out, malformed)
    try {
      rewriting.run()
    } catch (error) {
      // A length that reaches beyond the buffer itself.
      throw error instanceof RangeError ? malformed('its rows are cut off') : error
    }
    return {buffer: out.bytes, end: out.length, presentAfter: rewriting.presentAfter}
  }
}

class Rewriting {
  /**
   * Without the JSON columns that the before image does not have (binlog_row_image is not FULL): there is nothing that
   * a difference could be applied to, so they are missing, as other columns are then.
   */
  readonly presentAfter: Uint8Array
  readonly #rows: PartialRows
  readonly #out: ByteWriter
  readonly #malformed: Malformed
  readonly #types: Uint8Array
  readonly #jsonColumns: readonly number[]
  /** Where the before image's values lie, in pairs of start and end; start -1: NULL or not in the image. */
  readonly #before: Int32Array

  constructor(rows: PartialRows, out: ByteWriter, malformed: Malformed) {
    this.#rows = rows
    this.#out = out
    this.#malformed = malformed
    this.#types = rows.layout.types
    this.#jsonColumns = [...this.#types.keys()].filter(column => this.#types[column] === TYPE_JSON)
    this.#before = new Int32Array(this.#types.length * 2)
    this.presentAfter = rows.presentAfter
    const missing = this.#jsonColumns.filter(
      column => isPresent(rows.presentAfter, column) && !isPresent(rows.presentBefore, column),
    )
    if (missing.length === 0) return
    this.presentAfter = Uint8Array.from(rows.presentAfter)
    for (const column of missing) this.presentAfter[column >> 3]! &= ~(1 << (column & 7))
  }

  run(): void {
    const {start, end} = this.#rows
    let at = start
    while (at < end) {
      at = this.#beforeImage(at)
      at = this.#afterImage(at)
    }
  }

  #beforeImage(start: number): number {
    const {bytes, presentBefore} = this.#rows
    const values = this.#before
    let at = this.#behindNullBits(start, presentBefore)
    let bit = 0
    for (let i = 0; i < this.#types.length; i++) {
      values[2 * i] = -1
      if (!isPresent(presentBefore, i)) continue
      const isNull = this.#bit(start, bit++)
      if (isNull) continue
      values[2 * i] = at
      at = this.#behindValue(at, i)
      values[2 * i + 1] = at
    }
    this.#out.write(bytes, start, at)
    return at
  }

  #afterImage(start: number): number {
    const {bytes, presentAfter: present} = this.#rows
    const out = this.#out
    const partialBits = this.#partialBits(start)
    const nullBits = partialBits.end
    let at = this.#behindNullBits(nullBits, present)
    const image = out.length
    const imageNullBytes = nullBytes(this.presentAfter, this.#types.length)
    out.reserve(imageNullBytes)
    out.bytes.fill(0, image, image + imageNullBytes)
    out.length += imageNullBytes
    let bit = 0
    let outBit = 0
    let json = 0
    for (let i = 0; i < this.#types.length; i++) {
      const isJson = this.#types[i] === TYPE_JSON
      const isPartial = isJson && partialBits.start >= 0 && this.#bit(partialBits.start, json)
      if (isJson) json++
      if (!isPresent(present, i)) continue
      const isNull = this.#bit(nullBits, bit++)
      const from = at
      if (!isNull) at = isPartial ? this.#behindDiffs(at) : this.#behindValue(at, i)
      if (!isPresent(this.presentAfter, i)) continue
      if (isNull) out.bytes[image + (outBit >> 3)]! |= 1 << (outBit & 7)
      else if (isPartial) this.#merge(i, from, at)
      else out.write(bytes, from, at)
      outBit++
    }
    return at
  }

  /** The row's value options, and one bit for each JSON column of the table where they say so; `start` -1: there are none. */
  #partialBits(start: number): {readonly start: number; readonly end: number} {
    const options = start < this.#rows.end ? this.#rows.bytes[start]! : -1
    if (options === 0) return {start: -1, end: start + 1}
    if (options !== PARTIAL_JSON_UPDATES) throw this.#malformed(`the value options ${options} of a row are not known`)
    const end = start + 1 + ((this.#jsonColumns.length + 7) >> 3)
    if (end > this.#rows.end) throw this.#malformed('a row is cut off')
    return {start: start + 1, end}
  }

  /** Writes the document of the before image with the differences `[start, end)` applied, behind its length. */
  #merge(column: number, start: number, end: number): void {
    const {bytes, layout} = this.#rows
    const out = this.#out
    const prefix = layout.metadata[column]!
    const from = this.#before[2 * column]!
    if (from < 0) throw this.#malformed('a JSON difference for a document that is NULL')
    const length = out.length
    out.reserve(prefix)
    out.length += prefix
    const before = {bytes, start: from + prefix, end: this.#before[2 * column + 1]!}
    applyJsonDiffs(before, {bytes, start: start + DIFF_LENGTH_BYTES, end}, out, this.#malformed)
    const size = out.length - length - prefix
    if (size >= 2 ** (8 * prefix)) throw this.#malformed(`a JSON document of ${size} bytes`)
    out.bytes.writeUIntLE(size, length, prefix)
  }

  #behindNullBits(start: number, present: Uint8Array): number {
    const at = start + nullBytes(present, this.#types.length)
    if (at > this.#rows.end) throw this.#malformed('a row is cut off')
    return at
  }

  #behindValue(at: number, column: number): number {
    const {bytes, layout, end} = this.#rows
    const next = at + valueLength(bytes, at, this.#types[column]!, layout.metadata[column]!)
    if (!(next <= end)) throw this.#malformed('a row is cut off')
    return next
  }

  #behindDiffs(at: number): number {
    const {bytes, end} = this.#rows
    const next = at + DIFF_LENGTH_BYTES + bytes.readUInt32LE(at)
    if (next > end) throw this.#malformed('a row is cut off')
    return next
  }

  #bit(start: number, bit: number): boolean {
    return (this.#rows.bytes[start + (bit >> 3)]! & (1 << (bit & 7))) !== 0
  }
}

function nullBytes(present: Uint8Array, columns: number): number {
  let count = 0
  for (let i = 0; i < columns; i++) if (isPresent(present, i)) count++
  return (count + 7) >> 3
}
