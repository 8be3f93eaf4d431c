// Times and numbers of an envelope: how long they are, and how they are written.

import type {ByteWriter} from '../core/byte-writer.ts'

export const TS_US = ',"ts_us":'
export const TS_NS = ',"ts_ns":'
/** From here to 2286 times in microseconds have 16 digits. */
const MIN_16_DIGITS = 1e15
const MAX_16_DIGITS = 1e16

export function isWide(us: number): boolean {
  return us >= MIN_16_DIGITS && us < MAX_16_DIGITS
}

export function writeMillis(us: number, out: ByteWriter): void {
  out.writeInteger(Math.floor(us / 1000))
}

/** Nanoseconds pass 2^53, so they are microseconds and three zeros. */
export function writeMicrosAndNanos(us: number, out: ByteWriter): void {
  out.writeInteger(us)
  out.writeAscii(TS_NS)
  out.writeInteger(us)
  if (us !== 0) out.writeAscii('000')
}

/** Decimal digits of a whole number from 0 to 2^53. */
export function digitCount(value: number): number {
  if (value < 10) return 1
  if (value < 100) return 2
  if (value < 1000) return 3
  let count = 3
  for (let bound = 1000; value >= bound; bound *= 10) count++
  return count
}
