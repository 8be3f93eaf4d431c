// A span of time in its own unit, for settings and advice: `45 seconds`, `10 minutes`, `36 hours`, `7.5 days`. Pure.

const UNITS: readonly (readonly [name: string, seconds: number])[] = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
]
/** Days from the second one on: `36 hours` says more than `1.5 days`. */
const LEAST_OF_UNIT = 2

export function spanText(seconds: number): string {
  const unit = UNITS.find(([, size]) => seconds >= LEAST_OF_UNIT * size || seconds === size) ?? UNITS.at(-1)!
  const count = Math.round((seconds / unit[1]) * 10) / 10
  return `${count} ${unit[0]}${count === 1 ? '' : 's'}`
}
