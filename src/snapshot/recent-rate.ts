// A speed that follows what happens now: of the last third of the time, since a mean from the start remembers every slow
// beginning, and the last second alone says little of an hour.

const SHARE = 1 / 3
const LEAST_WINDOW_MS = 1_000
const MOST_WINDOW_MS = 30_000
const STEP_MS = 250

interface Mark {
  readonly at: number
  readonly count: number
}

export class RecentRate {
  #begin: Mark = {at: 0, count: 0}
  /** Oldest first; about a step apart. */
  #marks: Mark[] = []

  /** Counting begins, or goes on after a rest. */
  begin(now: number, count: number): void {
    this.#begin = {at: now, count}
    this.#marks = []
  }

  /** `count` was reached now. */
  note(now: number, count: number): void {
    const marks = this.#marks
    const before = marks.at(-2)
    if (before !== undefined && now - before.at < STEP_MS) marks.pop()
    marks.push({at: now, count})
    while (marks.length > 2 && now - marks[1]!.at > MOST_WINDOW_MS) marks.shift()
  }

  /** In a second; 0 where nothing came yet. It falls while nothing comes. */
  perSecond(now: number): number {
    const last = this.#marks.at(-1)
    if (last === undefined) return 0
    const window = Math.min(MOST_WINDOW_MS, Math.max(LEAST_WINDOW_MS, (now - this.#begin.at) * SHARE))
    const oldest = this.#marks.findLast(({at}) => at <= last.at - window) ?? this.#marks[0]!
    // The time until the first came is a beginning's, not the speed; it counts where there is nothing else to go by.
    const from = last.at - oldest.at >= STEP_MS ? oldest : this.#begin
    return ((last.count - from.count) * 1000) / Math.max(1, now - from.at)
  }
}
