// Bytes for chunks, from the moment a SELECT may start until its rows have left (I5). First come, first served; a chunk
// larger than the whole budget still gets it when nothing else is held, so that nothing waits for ever.

export class ChunkBudget {
  #held = 0
  readonly #waiting: {bytes: number; grant: (bytes: number) => void; isWanted: () => boolean}[] = []
  readonly #total: number

  constructor(total: number) {
    this.#total = total
  }

  get held(): number {
    return this.#held
  }

  /** A chunk waits to be read until others have left. */
  get isWaitedFor(): boolean {
    return this.#waiting.length > 0
  }

  get total(): number {
    return this.#total
  }

  /** Calls `grant` with the bytes, now or when they are free; not at all where `isWanted` is false by then. */
  request(bytes: number, grant: (bytes: number) => void, isWanted: () => boolean): void {
    this.#waiting.push({bytes, grant, isWanted})
    this.#serve()
  }

  /** A chunk turned out larger or smaller than what was granted for it. */
  correct(granted: number, actual: number): void {
    this.#held += actual - granted
    this.#serve()
  }

  release(bytes: number): void {
    this.#held -= bytes
    this.#serve()
  }

  #serve(): void {
    for (;;) {
      const next = this.#waiting[0]
      if (next === undefined) return
      if (!next.isWanted()) {
        this.#waiting.shift()
        continue
      }
      if (this.#held > 0 && this.#held + next.bytes > this.#total) return
      this.#waiting.shift()
      this.#held += next.bytes
      next.grant(next.bytes)
    }
  }
}
