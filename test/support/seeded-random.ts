import type {TestContext} from 'node:test'

/** mulberry32: the same seed gives the same numbers, everywhere. */
export class SeededRandom {
  readonly seed: number
  #state: number

  constructor(seed: number) {
    this.seed = seed
    this.#state = seed | 0
  }

  /** In [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }

  /** In [lowest, highest]. */
  integer(lowest: number, highest: number): number {
    return lowest + Math.floor(this.next() * (highest - lowest + 1))
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  pick<T>(choices: readonly T[]): T {
    const choice = choices[this.integer(0, choices.length - 1)]
    if (choice === undefined) throw new RangeError('nothing to pick from')
    return choice
  }

  /** Of letters a to z. */
  word(length: number): string {
    return Array.from({length}, () => String.fromCharCode(97 + this.integer(0, 25))).join('')
  }
}

/** Random with a new seed, which the report shows where the test fails; give the seed to repeat that run. */
export function randomFor(
  t: Pick<TestContext, 'diagnostic'>,
  seed = Math.floor(Math.random() * 2 ** 31),
): SeededRandom {
  t.diagnostic(`seed ${String(seed)}`)
  return new SeededRandom(seed)
}
