// Whole numbers with a known count of digits, put in place.

const SPLIT = 100_000_000

/** Puts `value` (0 to 2^53) as exactly `count` digits at `at`; leading zeros where it has fewer. */
export function putFixedDigits(bytes: Uint8Array, at: number, value: number, count: number): void {
  if (count <= 8) {
    putSmall(bytes, at, value | 0, count)
    return
  }
  const high = Math.floor(value / SPLIT)
  putFixedDigits(bytes, at, high, count - 8)
  putSmall(bytes, at + count - 8, (value - high * SPLIT) | 0, 8)
}

function putSmall(bytes: Uint8Array, start: number, value: number, count: number): void {
  let rest = value
  for (let at = start + count - 1; at >= start; at--) {
    const next = (rest / 10) | 0
    bytes[at] = 0x30 + (rest - next * 10)
    rest = next
  }
}
