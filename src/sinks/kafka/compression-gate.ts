// Compresses batches, a few at a time: the thread pool also serves file and name look-ups, and each batch in it holds memory.

import type {Compression, WireBatch} from '../record-batch.ts'

const MOST_AT_ONCE = 4

export class CompressionGate {
  readonly #compression: Compression
  readonly #waiting: (() => void)[] = []
  #running = 0

  constructor(compression: Compression) {
    this.#compression = compression
  }

  /** Null where the batch is done at once. */
  compress(batch: WireBatch): Promise<void> | null {
    if (this.#running >= MOST_AT_ONCE) {
      return new Promise<void>(resolve => this.#waiting.push(resolve)).then(() =>
        this.#count(batch.compress(this.#compression)),
      )
    }
    const done = batch.compress(this.#compression)
    return done === null ? null : this.#count(done)
  }

  async #count(done: Promise<void> | null): Promise<void> {
    this.#running++
    try {
      await done
    } finally {
      this.#running--
      this.#waiting.shift()?.()
    }
  }
}
