// How many rows of a table are still to be copied. Two witnesses: the server's estimate, which may be off by half, and how
// far the key has come for the rows copied so far, which is off where keys are not spread evenly. Near the end only the key
// knows; before, the mean of the two halves the error of either.

import {keyDistance} from './key-distance.ts'
import type {RangePlan, TablePlan} from './snapshot-plan.ts'

/** Between what the two say of the whole table. */
const MOST_DISAGREEMENT = 2.5

export class RowsLeft {
  /** Where this process found the table: keys left and rows done. */
  #from: {readonly keys: number; readonly rows: number} | null = null

  /** The chunks before were acknowledged. */
  note(plan: TablePlan): void {
    const keys = this.#from === null ? keysLeft(plan.ranges) : null
    if (keys !== null) this.#from = {keys, rows: plan.rowsDone}
  }

  /** Null: nothing is known. */
  of(plan: TablePlan): number | null {
    // The server estimates the table, not what a signal's filter leaves of it.
    const isKnown = plan.ranges !== null || plan.rowsEstimated > 0
    const byServer = plan.condition === null && isKnown ? plan.rowsEstimated - plan.rowsDone : null
    const byKey = this.#byKey(plan)
    if (byKey === null) return byServer === null || byServer < 0 ? null : byServer
    if (byServer === null || byServer <= 0) return byKey.rows
    // The server is hardly ever that far off; keys that lie in heaps are, as UUIDs of two origins do.
    const ratio = (plan.rowsDone + byKey.rows) / plan.rowsEstimated
    if (ratio > MOST_DISAGREEMENT || ratio < 1 / MOST_DISAGREEMENT) return byServer
    const trust = Math.min(1, 0.5 + 1.25 * byKey.passed)
    return byKey.rows ** trust * byServer ** (1 - trust)
  }

  #byKey({ranges, rowsDone}: TablePlan): {readonly rows: number; readonly passed: number} | null {
    const left = keysLeft(ranges)
    if (left === null || this.#from === null) return null
    const passed = this.#from.keys - left
    const rows = rowsDone - this.#from.rows
    if (passed <= 0 || rows <= 0) return null
    return {rows: (left / passed) * rows, passed: passed / this.#from.keys}
  }
}

/** Over all ranges; null where it cannot be told, or nothing of the first range is done yet. */
function keysLeft(ranges: readonly RangePlan[] | null): number | null {
  let keys = 0
  for (const {after, upTo, done} of ranges ?? []) {
    if (done) continue
    const low = after?.[0]
    const distance = low === undefined ? null : keyDistance(low, upTo[0]!)
    if (distance === null) return null
    keys += distance
  }
  return ranges === null ? null : keys
}
