// Base64 straight from bytes to bytes, with the quotes of a JSON string.

import type {ByteWriter} from '../../core/byte-writer.ts'

const ALPHABET = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/', 'latin1')
const URL_ALPHABET = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_', 'latin1')
const QUOTE = 0x22
const PAD = 0x3d

/** Appends `source[start, end)` as a quoted base64 string, as if followed by zero bytes up to `total` bytes (for BINARY(n)). */
export function writeBase64(source: Uint8Array, start: number, end: number, total: number, out: ByteWriter): void {
  put(source, start, end, total, ALPHABET, out)
}

/** The same with the alphabet for URLs and file names (RFC 4648, section 5), padded as Java's. */
export function writeBase64Url(source: Uint8Array, start: number, end: number, total: number, out: ByteWriter): void {
  put(source, start, end, total, URL_ALPHABET, out)
}

function put(
  source: Uint8Array,
  start: number,
  end: number,
  total: number,
  alphabet: Uint8Array,
  out: ByteWriter,
): void {
  const count = total > end - start ? total : end - start
  out.reserve(Math.ceil(count / 3) * 4 + 2)
  const bytes = out.bytes
  let at = out.length
  bytes[at++] = QUOTE
  let i = start
  const whole = end - ((end - start) % 3)
  for (; i < whole; i += 3) {
    const group = (source[i]! << 16) | (source[i + 1]! << 8) | source[i + 2]!
    bytes[at] = alphabet[group >> 18]!
    bytes[at + 1] = alphabet[(group >> 12) & 63]!
    bytes[at + 2] = alphabet[(group >> 6) & 63]!
    bytes[at + 3] = alphabet[group & 63]!
    at += 4
  }
  for (const stop = start + count; i < stop; i += 3) {
    const left = stop - i
    const group = (i < end ? source[i]! << 16 : 0) | (i + 1 < end ? source[i + 1]! << 8 : 0)
    bytes[at] = alphabet[group >> 18]!
    bytes[at + 1] = alphabet[(group >> 12) & 63]!
    bytes[at + 2] = left > 1 ? alphabet[(group >> 6) & 63]! : PAD
    bytes[at + 3] = left > 2 ? alphabet[group & 63]! : PAD
    at += 4
  }
  bytes[at++] = QUOTE
  out.length = at
}
