// A growing byte buffer: the one output type of the value path. Written for tight loops: callers may take `bytes` and
// `length` into locals after `reserve`, write, and set `length` back.

import {putWholeNumber} from './fixed-digits.ts'

export class ByteWriter {
  bytes: Buffer
  length = 0

  constructor(capacity = 64 * 1024) {
    this.bytes = Buffer.allocUnsafeSlow(capacity)
  }

  /** Makes room for `extra` more bytes. `bytes` may be another buffer afterwards. */
  reserve(extra: number): void {
    const needed = this.length + extra
    if (needed > this.bytes.length) this.#grow(needed)
  }

  writeByte(byte: number): void {
    if (this.length === this.bytes.length) this.#grow(this.length + 1)
    this.bytes[this.length++] = byte
  }

  /** Appends source[start, end). Short runs are copied in a loop, which is faster than a call into the engine. */
  write(source: Uint8Array, start = 0, end = source.length): void {
    const count = end - start
    if (this.length + count > this.bytes.length) this.#grow(this.length + count)
    const bytes = this.bytes
    let at = this.length
    if (count < 48) {
      for (let i = start; i < end; i++) bytes[at++] = source[i]!
    } else if (start === 0 && end === source.length) {
      bytes.set(source, at)
    } else {
      bytes.set(source.subarray(start, end), at)
    }
    this.length += count
  }

  /** Appends text as latin1; only for text known to be ASCII. */
  writeAscii(text: string): void {
    const count = text.length
    if (this.length + count > this.bytes.length) this.#grow(this.length + count)
    const bytes = this.bytes
    let at = this.length
    for (let i = 0; i < count; i++) bytes[at++] = text.charCodeAt(i)
    this.length = at
  }

  writeUtf8(text: string): void {
    this.reserve(text.length * 3)
    this.length += this.bytes.write(text, this.length, 'utf8')
  }

  /** Appends a whole number (|value| < 2^53) in decimal digits. */
  writeInteger(value: number): void {
    this.reserve(20)
    const bytes = this.bytes
    let at = this.length
    let rest = value
    if (rest < 0) {
      bytes[at++] = 0x2d
      rest = -rest
    }
    this.length = putWholeNumber(bytes, at, rest)
  }

  clear(): void {
    this.length = 0
  }

  /** A view of what was written; valid until the next write or clear. */
  view(): Buffer {
    return this.bytes.subarray(0, this.length)
  }

  #grow(needed: number): void {
    const bytes = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2))
    bytes.set(this.bytes.subarray(0, this.length))
    this.bytes = bytes
  }
}
