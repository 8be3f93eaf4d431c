// Chunks between the socket and the decoder: bounded in bytes by pausing the socket (I5).

/** What is used of a socket. */
export interface PausableStream {
  pause(): unknown
  resume(): unknown
}

/** At this many bytes the socket is paused, at half of them it is read again. One more read may come in between. */
export const MOST_QUEUED_BYTES = 1024 * 1024

export class ChunkQueue {
  readonly #stream: PausableStream
  #chunks: Buffer[] = []
  #head = 0
  #queuedBytes = 0
  #mostQueuedBytes = 0
  #takenBytes = 0
  #batchLeft = 0
  #isPaused = false
  #failure: Error | null = null
  #wake: (() => void) | null = null

  constructor(stream: PausableStream) {
    this.#stream = stream
  }

  /** Bytes that came and are not decoded yet. */
  get queuedBytes(): number {
    return this.#queuedBytes
  }

  get mostQueuedBytes(): number {
    return this.#mostQueuedBytes
  }

  /** True while the socket is not read because the decoder is behind. */
  get isPaused(): boolean {
    return this.#isPaused
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#queuedBytes += chunk.length
    if (this.#queuedBytes > this.#mostQueuedBytes) this.#mostQueuedBytes = this.#queuedBytes
    if (this.#queuedBytes >= MOST_QUEUED_BYTES && !this.#isPaused) {
      this.#isPaused = true
      this.#stream.pause()
    }
    this.#wakeUp()
  }

  /** Nothing more comes; the error is thrown behind the chunks that are there. Only the first one counts. */
  fail(error: Error): void {
    this.#failure ??= error
    this.#wakeUp()
  }

  /** True once there are chunks, false once the signal aborts. Throws the failure. Allows `take` the chunks of this moment. */
  async waitForBatch(signal: AbortSignal): Promise<boolean> {
    if (this.#takeable() === 0 && this.#failure === null && !signal.aborted) {
      const onAbort = (): void => this.#wakeUp()
      signal.addEventListener('abort', onAbort, {once: true})
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
      signal.removeEventListener('abort', onAbort)
    }
    if (signal.aborted) return false
    this.#batchLeft = this.#takeable()
    if (this.#batchLeft === 0 && this.#failure !== null) throw this.#failure
    return true
  }

  /** The batch's next chunk, or null behind its last one. The chunk taken before is done with. */
  take(): Buffer | null {
    this.#release()
    if (this.#batchLeft === 0) return null
    this.#batchLeft--
    const chunk = this.#chunks[this.#head++]!
    if (this.#head === this.#chunks.length) {
      this.#chunks = []
      this.#head = 0
    }
    this.#takenBytes = chunk.length
    return chunk
  }

  #takeable(): number {
    return this.#chunks.length - this.#head
  }

  #release(): void {
    this.#queuedBytes -= this.#takenBytes
    this.#takenBytes = 0
    if (this.#isPaused && this.#queuedBytes <= MOST_QUEUED_BYTES / 2) {
      this.#isPaused = false
      this.#stream.resume()
    }
  }

  #wakeUp(): void {
    const wake = this.#wake
    this.#wake = null
    wake?.()
  }
}
