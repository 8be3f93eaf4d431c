// Splits the chunks that a socket brings into MySQL packets, without an allocation for each packet: packets that lie
// within one chunk are ranges of it; one that spans chunks is copied once into a buffer of its own length.

/** A payload of this length is continued in the next packet. */
const FULL_PAYLOAD = 0xffffff
const HEADER_BYTES = 4
const EMPTY = Buffer.alloc(0)

/** Receives a payload: `buffer[start, end)`, without the 4-byte header. */
export type OnPacket = (buffer: Buffer, start: number, end: number) => void

/** Either `push` with a callback, or `feed` and then `next` until it is false; the two ways are not mixed for one chunk. */
export class PacketSplitter {
  /** The payload that `next` found: `buffer[start, end)`. A range of a chunk that was fed, or a buffer of its own. */
  buffer: Buffer = EMPTY
  start = 0
  end = 0

  #chunk: Buffer = EMPTY
  #at = 0
  readonly #header = Buffer.alloc(HEADER_BYTES)
  #headerBytes = 0
  #incomplete: Buffer | null = null
  #filled = 0
  #fullParts: Buffer[] = []

  /** True while a packet has begun whose rest has not come yet. */
  get isPending(): boolean {
    return this.#incomplete !== null || this.#headerBytes > 0 || this.#fullParts.length > 0
  }

  /** Bytes of the last chunk that `next` has not consumed. */
  get unread(): number {
    return this.#chunk.length - this.#at
  }

  push(chunk: Buffer, onPacket: OnPacket): void {
    this.feed(chunk)
    while (this.next()) onPacket(this.buffer, this.start, this.end)
  }

  /** Makes `chunk` the one that `next` walks. The one before must have been walked to its end. */
  feed(chunk: Buffer): void {
    this.#chunk = chunk
    this.#at = 0
  }

  /** Moves to the next whole packet; false where the chunk has no more. */
  next(): boolean {
    for (;;) {
      if (this.#incomplete !== null) {
        if (!this.#fill(this.#incomplete)) return false
        const whole = this.#incomplete
        this.#incomplete = null
        if (this.#take(whole, 0, whole.length)) return true
        continue
      }
      const length = this.#readLength()
      if (length < 0) return false
      const start = this.#at
      if (this.#chunk.length - start >= length) {
        this.#at = start + length
        if (this.#take(this.#chunk, start, this.#at)) return true
      } else {
        this.#incomplete = Buffer.allocUnsafe(length)
        this.#filled = 0
      }
    }
  }

  /** The payload length of the packet that begins here, or -1 where its header is not complete. */
  #readLength(): number {
    const chunk = this.#chunk
    const at = this.#at
    if (this.#headerBytes === 0 && chunk.length - at >= HEADER_BYTES) {
      this.#at = at + HEADER_BYTES
      return chunk[at]! | (chunk[at + 1]! << 8) | (chunk[at + 2]! << 16)
    }
    while (this.#headerBytes < HEADER_BYTES) {
      if (this.#at === chunk.length) return -1
      this.#header[this.#headerBytes++] = chunk[this.#at++]!
    }
    this.#headerBytes = 0
    return this.#header.readUIntLE(0, 3)
  }

  #fill(target: Buffer): boolean {
    const count = Math.min(target.length - this.#filled, this.#chunk.length - this.#at)
    this.#chunk.copy(target, this.#filled, this.#at, this.#at + count)
    this.#at += count
    this.#filled += count
    return this.#filled === target.length
  }

  /** True where this payload completes a packet; a full one only adds to it. */
  #take(buffer: Buffer, start: number, end: number): boolean {
    if (end - start === FULL_PAYLOAD) {
      this.#fullParts.push(buffer.subarray(start, end))
      return false
    }
    if (this.#fullParts.length > 0) {
      this.#fullParts.push(buffer.subarray(start, end))
      this.buffer = Buffer.concat(this.#fullParts)
      this.#fullParts = []
      this.start = 0
      this.end = this.buffer.length
      return true
    }
    this.buffer = buffer
    this.start = start
    this.end = end
    return true
  }
}
