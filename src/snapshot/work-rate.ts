// How fast a snapshot goes as a whole. A row's work has two parts, to be read and to leave, and between them lie up to some
// hundred thousand rows: whoever counts only what has left sees a standstill while reading takes the processor, and a
// leap when it is done.

const SHORT_SHARE = 1 / 3
const LEAST_SHORT_MS = 1_000
const MOST_SHORT_MS = 30_000
/** Without the beginning, which is slow: nothing is compiled or cached yet. */
const LONG_SHARE = 0.8
/** As far back as is remembered. */
const MOST_LONG_MS = 300_000
const STEP_MS = 250

interface Mark {
  readonly at: number
  readonly read: number
  readonly left: number
}

export class WorkRate {
  /** Oldest first; about a step apart. */
  #marks: Mark[] = []

  /** Counting begins, or goes on after a rest. */
  begin(): void {
    this.#marks = []
  }

  /** True where a note would add something. */
  isDue(now: number): boolean {
    const last = this.#marks.at(-1)
    return last === undefined || now - last.at >= STEP_MS
  }

  /** So much was read, and so much has left, by now. Both count from any beginning. */
  note(now: number, read: number, left: number): void {
    const marks = this.#marks
    marks.push({at: now, read, left})
    while (marks.length > 2 && now - marks[1]!.at > MOST_LONG_MS) marks.shift()
  }

  /**
   * Work in a second, where reading is `readShare` of a row's work; 0 where nothing can be told. It falls while nothing
   * comes. The mean of two speeds: that of the last third of the time (30 seconds at most), which knows of a change, and
   * that of nearly all of it (five minutes at most), which knows what is chance. Where a speed changes for good by a factor
   * of two, the mean is off by less than 1.5 once the first knows.
   */
  perSecond(now: number, readShare: number): number {
    const [first] = this.#marks
    const last = this.#marks.at(-1)
    if (first === undefined || last === undefined) return 0
    const work = ({read, left}: Mark): number => readShare * read + (1 - readShare) * left
    const since = (from: Mark): number => ((work(last) - work(from)) * 1000) / Math.max(STEP_MS, now - from.at)
    const ofLast = (milliseconds: number): number =>
      Math.max(0, since(this.#marks.findLast(({at}) => at <= last.at - milliseconds) ?? first))
    const time = now - first.at
    const short = Math.min(MOST_SHORT_MS, Math.max(LEAST_SHORT_MS, time * SHORT_SHARE))
    return Math.sqrt(ofLast(short) * ofLast(Math.max(short, time * LONG_SHARE)))
  }
}
