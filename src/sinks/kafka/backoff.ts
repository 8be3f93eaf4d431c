// How long to wait before the next try: 100 ms, doubled up to 5 s, a little spread so that many do not try at once.

const FIRST_MS = 100
const LONGEST_MS = 5000
const SPREAD = 0.2

/** `attempt` counts from 0; `random` is in [0, 1). */
export function backoffMs(attempt: number, random: () => number = Math.random): number {
  const ms = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 10))
  return ms * (1 - SPREAD + 2 * SPREAD * random())
}
