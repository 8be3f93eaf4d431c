// Reads the fields of one event one after the other and never beyond its end. For everything off the hot path.

import {malformedEvent} from './binlog-error.ts'

export class ByteCursor {
  readonly bytes: Buffer
  readonly end: number
  at: number
  readonly #place: string

  /** `place` names the event in errors. */
  constructor(bytes: Buffer, start: number, end: number, place: string) {
    this.bytes = bytes
    this.at = start
    this.end = end
    this.#place = place
  }

  get remaining(): number {
    return this.end - this.at
  }

  /** Moves over `count` bytes and returns where they begin. Throws TIDEMARK_BINLOG_MALFORMED where they are not there. */
  skip(count: number): number {
    const from = this.at
    if (!(count >= 0 && count <= this.end - from)) throw this.malformed(`${count} bytes wanted, ${this.remaining} left`)
    this.at = from + count
    return from
  }

  /** Little-endian, 1 to 6 bytes. */
  uint(size: number): number {
    return this.bytes.readUIntLE(this.skip(size), size)
  }

  uint64(): number {
    const value = this.bytes.readBigUInt64LE(this.skip(8))
    if (value > Number.MAX_SAFE_INTEGER) throw this.malformed(`the number ${value} is not supported`)
    return Number(value)
  }

  /** A length-encoded integer. */
  lengthEncoded(): number {
    const first = this.uint(1)
    if (first < 0xfb) return first
    if (first === 0xfc) return this.uint(2)
    if (first === 0xfd) return this.uint(3)
    if (first === 0xfe) return this.uint64()
    throw this.malformed(`${first} begins no length`)
  }

  /**
   * An unsigned integer of mysql::serialization: as many one-bits at the low end of the first byte as bytes follow it,
   * the value's low bits above them, the rest in the bytes that follow.
   */
  varint(): number {
    const first = this.uint(1)
    let extra = 0
    while (extra < 8 && ((first >> extra) & 1) === 1) extra++
    if (extra === 8) return this.uint64()
    const from = this.skip(extra)
    let rest = 0n
    for (let i = extra - 1; i >= 0; i--) rest = (rest << 8n) | BigInt(this.bytes[from + i]!)
    const value = BigInt(first >> (extra + 1)) | (rest << BigInt(7 - extra))
    if (value > Number.MAX_SAFE_INTEGER) throw this.malformed(`the number ${value} is not supported`)
    return Number(value)
  }

  buffer(length: number): Buffer {
    const from = this.skip(length)
    return this.bytes.subarray(from, from + length)
  }

  utf8(length: number): string {
    const from = this.skip(length)
    return this.bytes.toString('utf8', from, from + length)
  }

  malformed(what: string): Error {
    return malformedEvent(what, this.#place)
  }
}
