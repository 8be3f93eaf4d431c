// Whole numbers with a known count of digits, put in place.

const ZERO = 0x30
const SPLIT = 100_000_000
/** "00", "01" … "99" behind one another: two digits for one division. */
const PAIRS = Uint8Array.from({length: 200}, (_, i) => ZERO + ((i & 1) === 0 ? Math.floor(i / 20) : (i >> 1) % 10))

/** Puts `value` (0 to 2^53) as exactly `count` digits at `at`; leading zeros where it has fewer. */
export function putFixedDigits(bytes: Uint8Array, at: number, value: number, count: number): void {
  if (count <= 9) {
    putSmall(bytes, at, value | 0, count)
    return
  }
  const high = Math.floor(value / SPLIT)
  putFixedDigits(bytes, at, high, count - 8)
  putSmall(bytes, at + count - 8, (value - high * SPLIT) | 0, 8)
}

/** Puts the digits of `value` (0 to 2^53) and returns the offset behind them. */
export function putWholeNumber(bytes: Uint8Array, start: number, value: number): number {
  if (value > 0x7fffffff) {
    const high = Math.floor(value / SPLIT)
    const at = putInt(bytes, start, high | 0)
    putSmall(bytes, at, (value - high * SPLIT) | 0, 8)
    return at + 8
  }
  return putInt(bytes, start, value | 0)
}

function putInt(bytes: Uint8Array, start: number, value: number): number {
  if (value < 10) {
    bytes[start] = ZERO + value
    return start + 1
  }
  const count = countDigits(value)
  putSmall(bytes, start, value, count)
  return start + count
}

function countDigits(value: number): number {
  if (value < 10_000) return value < 100 ? 2 : value < 1000 ? 3 : 4
  if (value < 1_000_000) return value < 100_000 ? 5 : 6
  if (value < SPLIT) return value < 10_000_000 ? 7 : 8
  return value < 1_000_000_000 ? 9 : 10
}

/** `value` is below 2^31. */
function putSmall(bytes: Uint8Array, start: number, value: number, count: number): void {
  let rest = value
  let at = start + count
  for (; at > start + 1; at -= 2) {
    const next = (rest / 100) | 0
    const pair = (rest - next * 100) * 2
    bytes[at - 1] = PAIRS[pair + 1]!
    bytes[at - 2] = PAIRS[pair]!
    rest = next
  }
  if (at > start) bytes[start] = ZERO + (rest % 10)
}
