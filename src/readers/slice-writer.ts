// Cuts the rows of one long SELECT into slices, each within the rows and bytes that were granted for it. A slice is
// handed over once a row behind it is there, so that the last one is known to be the last.

import {ByteWriter} from '../core/byte-writer.ts'
import type {RowEncoder} from '../encode/row-encoder.ts'
import type {ReadSlice} from '../snapshot/copy-slices.ts'

export interface SliceEvents {
  /** A slice of at most `rows`, about `bytes`, is wanted. Answer with `grant`. */
  wants(bytes: number, rows: number): void
  slice(slice: ReadSlice): void
}

export interface SliceSizes {
  readonly sliceRows: number
  /** A slice that grows beyond this is cut. */
  readonly sliceBytes: number
  /** Bytes of one encoded row, estimated; corrected with every slice. */
  readonly rowBytes: number
}

interface Grant {
  readonly bytes: number
  readonly rows: number
}

const ROW_ENDS = 3
/** That of the slice being read, and that of the next. */
const GRANTS_AHEAD = 2

export class SliceWriter {
  readonly #encoder: RowEncoder
  readonly #events: SliceEvents
  readonly #sizes: SliceSizes
  #rowBytes: number
  /** Rows that no slice has, from the first. Beyond what is granted they are those of one read of the socket. */
  readonly #out = new ByteWriter(1024 * 1024)
  #ends = new Uint32Array(ROW_ENDS * 8192)
  #rows = 0
  readonly #grants: Grant[] = []
  #isAsking = false
  #wake: () => void = () => undefined
  #sliceBegan = performance.now()

  constructor(encoder: RowEncoder, sizes: SliceSizes, events: SliceEvents) {
    this.#encoder = encoder
    this.#sizes = sizes
    this.#events = events
    this.#rowBytes = Math.max(1, sizes.rowBytes)
  }

  /** Asks for the first grants. */
  begin(): void {
    this.#ask()
  }

  grant(bytes: number, rows: number): void {
    this.#isAsking = false
    this.#grants.push({bytes, rows})
    this.#cut()
    this.#ask()
    this.#wake()
  }

  /** Null while rows may come, else a promise of the next grant. */
  get pause(): Promise<void> | null {
    if (this.#grants.length > 0) return null
    return new Promise(resolve => (this.#wake = resolve))
  }

  /** A row as it stands in a packet of the text protocol. */
  row(packet: Buffer, start: number, end: number): void {
    const encoder = this.#encoder
    const out = this.#out
    let at = this.#rows * ROW_ENDS
    if (at + ROW_ENDS > this.#ends.length) this.#growEnds()
    encoder.encodeText(packet, start, end, out)
    this.#ends[at++] = out.length
    if (encoder.hasKey) encoder.writeMessageKey(out)
    this.#ends[at++] = out.length
    this.#ends[at] = out.length
    this.#rows++
    this.#cut()
  }

  /** The SELECT has ended. Resolves when the last slice is handed over, which may be an empty one. */
  async end(): Promise<void> {
    for (;;) {
      const [grant] = this.#grants
      if (this.#rows === 0 || (grant !== undefined && this.#rows <= grant.rows)) break
      if (grant !== undefined) this.#handOver(grant, grant.rows, false)
      else await this.pause
    }
    this.#handOver(this.#rows === 0 ? {bytes: 0, rows: 0} : this.#grants[0]!, this.#rows, true)
  }

  // As many whole slices as are granted, and a row behind each.
  #cut(): void {
    for (let [grant] = this.#grants; grant !== undefined; [grant] = this.#grants) {
      const isFull = this.#rows > grant.rows || (this.#rows > 1 && this.#out.length >= this.#sizes.sliceBytes)
      if (!isFull) return
      this.#handOver(grant, Math.min(grant.rows, this.#rows - 1), false)
    }
  }

  #handOver(grant: Grant, rows: number, last: boolean): void {
    const out = this.#out
    const length = rows === 0 ? 0 : this.#ends[rows * ROW_ENDS - 1]!
    const began = this.#sliceBegan
    this.#sliceBegan = performance.now()
    const slice = {
      rows,
      bytes: new Uint8Array(out.bytes.subarray(0, length)),
      ends: this.#ends.slice(0, rows * ROW_ENDS),
      last,
      granted: grant.bytes,
      milliseconds: this.#sliceBegan - began,
    }
    if (rows > 0) this.#rowBytes = Math.max(1, length / rows)
    this.#forget(rows, length)
    if (this.#grants[0] === grant) this.#grants.shift()
    this.#events.slice(slice)
    if (!last) this.#ask()
  }

  #forget(rows: number, length: number): void {
    const out = this.#out
    const left = (this.#rows - rows) * ROW_ENDS
    out.bytes.copyWithin(0, length, out.length)
    out.length -= length
    this.#ends.copyWithin(0, rows * ROW_ENDS, this.#rows * ROW_ENDS)
    for (let i = 0; i < left; i++) this.#ends[i] = this.#ends[i]! - length
    this.#rows -= rows
  }

  #ask(): void {
    if (this.#isAsking || this.#grants.length >= GRANTS_AHEAD) return
    this.#isAsking = true
    const {sliceRows, sliceBytes} = this.#sizes
    const rows = Math.max(1, Math.min(sliceRows, Math.floor(sliceBytes / this.#rowBytes)))
    this.#events.wants(Math.ceil(rows * this.#rowBytes), rows)
  }

  #growEnds(): void {
    const larger = new Uint32Array(this.#ends.length * 2)
    larger.set(this.#ends)
    this.#ends = larger
  }
}
