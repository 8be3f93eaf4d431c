// How often something took how long: counts over fixed bounds, so that an observation costs no memory.

export interface HistogramReading {
  /** Upper bounds, rising; the last bucket, without a bound, is not among them. */
  readonly bounds: readonly number[]
  /** Observations in each bucket, one more than bounds. */
  readonly counts: readonly number[]
  readonly sum: number
  readonly count: number
}

export class Histogram implements HistogramReading {
  readonly bounds: readonly number[]
  readonly counts: number[]
  sum = 0
  count = 0
  min = Infinity
  max = -Infinity

  constructor(bounds: readonly number[]) {
    this.bounds = bounds
    this.counts = new Array<number>(bounds.length + 1).fill(0)
  }

  observe(value: number): void {
    const {bounds} = this
    let bucket = 0
    for (let end = bounds.length; bucket < end;) {
      const middle = (bucket + end) >> 1
      if (value > bounds[middle]!) bucket = middle + 1
      else end = middle
    }
    this.counts[bucket]!++
    this.sum += value
    this.count++
    if (value < this.min) this.min = value
    if (value > this.max) this.max = value
  }

  /** The bound under which this share of the observations lies, as near as the buckets tell; null before the first. */
  quantile(share: number): number | null {
    if (this.count === 0) return null
    let left = share * this.count
    const bucket = this.counts.findIndex(count => (left -= count) <= 0)
    return Math.max(this.min, Math.min(this.max, this.bounds[bucket] ?? this.max))
  }
}

/** Rising by a constant factor. */
export function risingBounds({from, factor, count}: {from: number; factor: number; count: number}): number[] {
  return Array.from({length: count}, (_, index) => from * factor ** index)
}

/** Seconds that a request or a query takes. */
export const SECONDS_BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]
