// How good the plan was: what it said before against what the snapshot took, and the time left as it was shown on the way
// against what was really left.

import type {PlanReport} from '../src/plan/plan-report.ts'
import type {StatusReport} from '../src/task/status.ts'

interface Shown {
  readonly atMs: number
  readonly share: number
  readonly secondsLeft: number
}

/** Only from here on the time left is judged … */
const FROM_SHARE = 0.1
/** … and only while more than this is left: the status has whole tenths, and a demo's end is a matter of tenths. */
const LEAST_LEFT_SECONDS = 0.5

export class PlanCheck {
  readonly #plan: PlanReport
  readonly #shown: Shown[] = []

  constructor(plan: PlanReport) {
    this.#plan = plan
  }

  /** The status as it was at this moment. */
  look({snapshot}: StatusReport, id: string, atMs: number): void {
    const {secondsLeft} = snapshot
    if (secondsLeft === null) return
    const done = snapshot.tables.filter(table => table.snapshot === id).reduce((sum, {rowsDone}) => sum + rowsDone, 0)
    this.#shown.push({atMs, share: done / Math.max(1, this.#plan.rows), secondsLeft})
  }

  /** Two sentences. */
  judge(beganMs: number, endedMs: number): readonly string[] {
    const took = (endedMs - beganMs) / 1000
    const planned = this.#plan.durationSeconds
    const lines = [
      planned === null
        ? 'planned: nothing'
        : `planned ${planned.toFixed(1)} s, took ${took.toFixed(1)} s: factor ${factor(planned, took).toFixed(2)}`,
    ]
    const factors = this.#shown
      .map(({atMs, share, secondsLeft}) => ({share, left: (endedMs - atMs) / 1000, secondsLeft}))
      .filter(({share, left}) => share >= FROM_SHARE && left >= LEAST_LEFT_SECONDS)
      .map(({left, secondsLeft}) => factor(secondsLeft, left))
      .sort((a, b) => a - b)
    if (factors.length === 0) return [...lines, 'time left from 10 % on: the snapshot was over too early to tell']
    const within = factors.filter(each => each <= 1.5).length
    return [
      ...lines,
      `time left from 10 % on, ${factors.length} looks: median factor ${factors[factors.length >> 1]!.toFixed(2)}, ` +
        `worst ${factors.at(-1)!.toFixed(2)}, ${Math.round((100 * within) / factors.length)} % within 1.5`,
    ]
  }
}

/** How far apart two times are, from 1 on. */
function factor(a: number, b: number): number {
  const [low, high] = a < b ? [a, b] : [b, a]
  return high / Math.max(0.001, low)
}
