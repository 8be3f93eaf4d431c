// Gets tables ready to be read, a few ahead of the one that is being read: after a mark that was issued once noting had
// begun, shape and keys, the topic, the maximum key and the ranges.

import {shapeFingerprint} from '../core/table-shape.ts'
import {invariant} from '../core/tidemark-error.ts'
import type {OpenTarget, PlanningSource, PreparedTable, ResetTopic, TableDescription} from './prepared-table.ts'
import type {TableRun} from './table-run.ts'
import {fillSizes} from './table-sizes.ts'
import type {Watermarks} from './watermarks.ts'

export interface TablePreparerOptions {
  readonly watermarks: Watermarks
  readonly planning: PlanningSource
  readonly openTarget: OpenTarget
  readonly resetTopic: ResetTopic
  readonly chunkRows: number
  readonly lanes: number
  readonly signal: AbortSignal
}

export interface PreparerEvents {
  prepared(run: TableRun): void
  failed(run: TableRun, error: unknown): void
}

/** Tables being prepared or prepared and not yet read: below so many, beside the lanes' own … */
const AHEAD = 8
/** … so many are got ready together, since what is asked of MySQL and Kafka for many tables at once costs little more. */
const MOST_AHEAD = 40
/** A table is cut for several lanes where each part has at least this many chunks. */
const CHUNKS_PER_RANGE = 4

export class TablePreparer {
  readonly #options: TablePreparerOptions

  constructor(options: TablePreparerOptions) {
    this.#options = options
  }

  /** Has the server estimate tables whose turn comes later, for what is shown. */
  size(runs: readonly TableRun[]): Promise<void> {
    return fillSizes(this.#options.planning, runs)
  }

  prepare(runs: readonly TableRun[], events: PreparerEvents): void {
    const now = performance.now()
    const busy = new Set<string>()
    const few = AHEAD + this.#options.lanes
    const most =
      runs.filter(run => run.preparing || (run.prepared !== null && run.unread)).length < few
        ? MOST_AHEAD + this.#options.lanes
        : few
    let ahead = 0
    for (const run of runs) {
      if (ahead >= most) return
      // The same table in a later snapshot waits for the earlier one: their windows would share one set of notes.
      const isFirst = !busy.has(run.text)
      busy.add(run.text)
      if (!run.active || !isFirst) continue
      if (run.prepared !== null) {
        if (run.unread) ahead++
        continue
      }
      ahead++
      if (run.preparing || run.notBefore > now || run.ranges.some(r => r.jobId !== null || r.notBefore > now)) continue
      run.preparing = true
      this.#prepare(run).then(
        () => {
          run.preparing = false
          events.prepared(run)
        },
        (error: unknown) => {
          run.preparing = false
          if (!this.#options.signal.aborted) events.failed(run, error)
        },
      )
    }
  }

  async #prepare(run: TableRun): Promise<void> {
    for (;;) {
      const {invalidations} = run
      const prepared = await this.#prepareOnce(run)
      if (!run.active) return
      if (run.invalidations === invalidations && prepared !== null) {
        run.prepared = prepared
        return
      }
    }
  }

  /** Null where it must be begun again. */
  async #prepareOnce(run: TableRun): Promise<PreparedTable | null> {
    const {planning, openTarget, watermarks, signal} = this.#options
    const {plan} = run
    const startedAtMs = Date.now()
    // Noting for this table began before `needsMark` was issued, so every event that the stream emitted before is
    // visible to whatever is read after that mark is committed, or is noted (DESIGN: the trap). The same goes for a
    // definition: the stream may show DDL before the server's dictionary does.
    await watermarks.whenCommitted(run.needsMark, signal)
    const description = await planning.describe(plan.table, plan.surrogateKey)
    const target = await openTarget(description)
    const keyColumns = description.chunkKey.map(column => column.name)
    const sameKey = JSON.stringify(keyColumns) === JSON.stringify(plan.keyColumns)
    if (plan.ranges === null || !sameKey) {
      const reset = run.active ? this.#options.resetTopic(plan, target) : null
      if (reset !== null) {
        await reset
        // An event that left before the reset must supersede no row that is read now: every low watermark, and with it
        // the maximum key, lies behind a mark that is issued from here on.
        run.prepareAgain(watermarks.request())
        return null
      }
      plan.ranges = await this.#ranges(run, description)
      plan.keyColumns = keyColumns
      plan.rowsEstimated = description.rowsEstimated
      plan.startedAtMs = startedAtMs
      run.ranges = []
    }
    run.rowBytes = description.rowBytes
    if (run.ranges.length === 0) run.openRanges(this.#options.chunkRows)
    return {
      shape: description.shape,
      fingerprint: shapeFingerprint(description.shape),
      messageKey: description.messageKey,
      rowKey: description.rowKey,
      chunkKey: description.chunkKey,
      target,
      rowBytes: description.rowBytes,
    }
  }

  async #ranges(run: TableRun, description: TableDescription): Promise<NonNullable<TableRun['plan']['ranges']>> {
    const {planning, lanes} = this.#options
    const {plan} = run
    const chunkRows = run.snapshot.chunkRows ?? this.#options.chunkRows
    const maximum = await planning.maximumKey(plan.table, description.chunkKey, plan.condition)
    if (maximum === null) return []
    invariant(maximum.length === description.chunkKey.length, 'a maximum key has one value for each key column')
    const parts =
      lanes === 1 ? 1 : Math.min(lanes * 4, Math.floor(description.rowsEstimated / (chunkRows * CHUNKS_PER_RANGE)))
    const cuts = parts > 1 ? await planning.boundaries(description, plan.table, parts) : []
    let after: readonly string[] | null = null
    const ranges = []
    for (const upTo of [...cuts, maximum]) {
      ranges.push({after, upTo, done: false})
      after = upTo
    }
    return ranges
  }
}
