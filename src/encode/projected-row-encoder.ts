// A table of which not all columns come out, or some shortened or masked: the whole row is encoded aside, since keys are
// made of it, and what comes out is copied from there.

import type {ImageLayout} from '../binlog/binlog-events.ts'
import {ByteWriter} from '../core/byte-writer.ts'
import type {TableShape} from '../core/table-shape.ts'
import type {ProjectedColumn} from './column-mapping.ts'
import {jsonStringBytes} from './json-bytes.ts'
import type {RowEncoder} from './row-encoder.ts'

const BRACE_OPEN = 0x7b
const BRACE_CLOSE = 0x7d

/** An encoder that tells where the values of the row encoded last lie in its output. */
export interface WholeRowEncoder extends RowEncoder {
  valueStart(index: number): number
  valueEnd(index: number): number
}

export class ProjectedRowEncoder implements RowEncoder {
  readonly #whole: WholeRowEncoder
  readonly #columns: readonly (ProjectedColumn & {readonly prefix: Buffer})[]
  readonly #row = new ByteWriter(4096)

  constructor(whole: WholeRowEncoder, columns: readonly ProjectedColumn[]) {
    this.#whole = whole
    this.#columns = columns.map((column, i) => ({
      ...column,
      prefix: Buffer.concat([Buffer.from(i === 0 ? '' : ','), jsonStringBytes(column.column.field), Buffer.from(':')]),
    }))
  }

  get shape(): TableShape {
    return this.#whole.shape
  }

  get hasKey(): boolean {
    return this.#whole.hasKey
  }

  get selectList(): readonly string[] {
    return this.#whole.selectList
  }

  bindLayout(layout: ImageLayout): void {
    this.#whole.bindLayout(layout)
  }

  encodeText(packet: Buffer, start: number, end: number, out: ByteWriter): void {
    this.#row.clear()
    this.#whole.encodeText(packet, start, end, this.#row)
    this.#project(out)
  }

  encodeImage(image: Buffer, start: number, end: number, present: Uint8Array | null, out: ByteWriter): number {
    this.#row.clear()
    const stop = this.#whole.encodeImage(image, start, end, present, this.#row)
    this.#project(out)
    return stop
  }

  writeMessageKey(out: ByteWriter): void {
    this.#whole.writeMessageKey(out)
  }

  writeRowKey(out: ByteWriter): void {
    this.#whole.writeRowKey(out)
  }

  fieldStart(index: number): number {
    return this.#whole.fieldStart(index)
  }

  fieldEnd(index: number): number {
    return this.#whole.fieldEnd(index)
  }

  #project(out: ByteWriter): void {
    const row = this.#row.bytes
    const whole = this.#whole
    out.writeByte(BRACE_OPEN)
    for (const {index, map, prefix} of this.#columns) {
      out.write(prefix)
      const start = whole.valueStart(index)
      const end = whole.valueEnd(index)
      if (map === null) out.write(row, start, end)
      else map(row, start, end, out)
    }
    out.writeByte(BRACE_CLOSE)
  }
}
