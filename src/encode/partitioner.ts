// The partition that Kafka's Java client chooses for a key: murmur2 of its bytes, so that a topic keeps its order when
// Tidemark takes over from another producer.

const SEED = 0x9747b28c
const M = 0x5bd1e995

/** Kafka's murmur2 of `bytes[start, end)`, as a signed 32-bit number. */
export function murmur2(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start
  let h = SEED ^ length
  let at = start
  for (const whole = start + (length & ~3); at < whole; at += 4) {
    let k = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
    k = Math.imul(k, M)
    k ^= k >>> 24
    k = Math.imul(k, M)
    h = Math.imul(h, M) ^ k
  }
  const left = length & 3
  if (left === 3) h ^= bytes[at + 2]! << 16
  if (left >= 2) h ^= bytes[at + 1]! << 8
  if (left >= 1) {
    h ^= bytes[at]!
    h = Math.imul(h, M)
  }
  h ^= h >>> 13
  h = Math.imul(h, M)
  return h ^ (h >>> 15)
}

/** The partition of the key `bytes[start, end)` among `count`. An empty range (no key) gives one fixed partition. */
export function partitionFor(bytes: Uint8Array, start: number, end: number, count: number): number {
  return (murmur2(bytes, start, end) & 0x7fffffff) % count
}
