// Buffers for batches, used again once a batch is acknowledged: a fresh 320 KB buffer for each batch costs page faults.

import {ByteWriter} from '../core/byte-writer.ts'

const MOST_FREE = 32

export class WriterPool {
  readonly #capacity: number
  readonly #largest: number
  readonly #free: ByteWriter[] = []

  /** `capacity` in bytes should hold a whole batch; a writer that grew beyond four times as much is not kept. */
  constructor(capacity: number) {
    this.#capacity = capacity
    this.#largest = 4 * capacity
  }

  take(): ByteWriter {
    return this.#free.pop() ?? new ByteWriter(this.#capacity)
  }

  /** The caller must not use `writer` afterwards. */
  give(writer: ByteWriter): void {
    if (this.#free.length >= MOST_FREE || writer.bytes.length > this.#largest) return
    writer.clear()
    this.#free.push(writer)
  }
}
