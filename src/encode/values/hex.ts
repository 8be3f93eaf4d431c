// Lower-case hexadecimal digits straight from bytes to bytes, with the quotes of a JSON string.

import type {ByteWriter} from '../../core/byte-writer.ts'

const DIGITS = Buffer.from('0123456789abcdef', 'latin1')
const QUOTE = 0x22

/** Appends `source[start, end)` as a quoted string, as if followed by zero bytes up to `total` bytes (for BINARY(n)). */
export function writeHex(source: Uint8Array, start: number, end: number, total: number, out: ByteWriter): void {
  const count = Math.max(total, end - start)
  out.reserve(count * 2 + 2)
  const {bytes} = out
  let at = out.length
  bytes[at++] = QUOTE
  for (let i = start; i < end; i++) {
    const byte = source[i]!
    bytes[at++] = DIGITS[byte >> 4]!
    bytes[at++] = DIGITS[byte & 15]!
  }
  for (let i = (count - (end - start)) * 2; i > 0; i--) bytes[at++] = DIGITS[0]!
  bytes[at++] = QUOTE
  out.length = at
}
