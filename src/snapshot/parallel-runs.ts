// The tables of snapshots that go by the parallel reader: one at a time, while the others go by windows. A table never
// goes both ways at once.

import {CopySlices} from './copy-slices.ts'
import type {CopySlicesOptions} from './copy-slices.ts'
import type {ParallelTables} from './parallel-tables.ts'
import type {TableRun} from './table-run.ts'

export interface ParallelRunsOptions extends Omit<CopySlicesOptions, 'run'> {
  /** The table is to be copied from its first row on. */
  readonly onStart: (run: TableRun) => void
  /** Whole and acknowledged. */
  readonly onCopied: (run: TableRun) => void
  readonly onFailed: (run: TableRun, error: unknown) => void
  /** Another one may start. */
  readonly onFree: () => void
}

export function isParallel({plan}: TableRun): boolean {
  return plan.reader === 'parallel'
}

export class ParallelRuns {
  /** Null where there is no parallel reader: then its tables wait. */
  tables: ParallelTables | null = null
  readonly #options: ParallelRunsOptions
  /** The run whose branch is open. */
  #open: TableRun | null = null
  #slices: CopySlices | null = null
  /** Stopped before they are said to have ended: none of them starts when it makes room. */
  readonly #stopped = new WeakSet<TableRun>()

  constructor(options: ParallelRunsOptions) {
    this.#options = options
  }

  /** Runs that may be read by windows now: of those that share a table, the first one alone. */
  byWindows(runs: readonly TableRun[]): readonly TableRun[] {
    const isOpen = this.tables?.busy === true
    if (!isOpen && this.#open === null && !runs.some(isParallel)) return runs
    const taken = new Set<string>()
    if (this.#open !== null) taken.add(this.#open.text)
    // Whoever was streamed by a branch before a restart still is.
    const branch = isOpen ? this.tables?.status : null
    if (branch != null) taken.add(branch.table)
    return runs.filter(run => {
      if (isParallel(run)) taken.add(run.text)
      return !taken.has(run.text)
    })
  }

  /** Starts the next one where none is under way. One that was cut off goes on before any other begins. */
  advance(runs: readonly TableRun[]): void {
    const {tables} = this
    if (tables === null || this.#open !== null || tables.busy) return
    const seen = new Set<string>()
    const ready = runs.filter(run => {
      const isFirst = !seen.has(run.text)
      seen.add(run.text)
      return isFirst && run.active && isParallel(run) && !this.#stopped.has(run)
    })
    const next = ready.find(({plan}) => plan.state === 'running') ?? ready[0]
    if (next === undefined || next.notBefore > performance.now()) return
    this.#start(tables, next)
  }

  /** A new copy of the run's table begins, with its first row. */
  slices(run: TableRun): CopySlices {
    this.#slices?.close()
    return (this.#slices = new CopySlices({...this.#options, run}))
  }

  /** Rows of the run were acknowledged. */
  advanced(run: TableRun): void {
    if (this.#slices?.range.run === run) this.#slices.advanced()
  }

  resume(): void {
    this.#slices?.resume()
  }

  /** The run has ended otherwise than by its copy. */
  stop(run: TableRun): void {
    if (!isParallel(run)) return
    this.#stopped.add(run)
    if (this.#slices?.range.run === run) this.#slices.close()
    this.tables?.stop(run)
  }

  #start(tables: ParallelTables, run: TableRun): void {
    const {onStart, onCopied, onFailed, onFree} = this.#options
    this.#open = run
    onStart(run)
    const over = (): void => {
      if (this.#slices?.range.run === run) this.#slices = null
      if (this.#open === run) this.#open = null
    }
    tables.start(run, {
      copied: () => {
        // As for a table that has no row to be read in chunks.
        if (run.plan.rowsDone === 0) run.plan.ranges = []
        if (run.active) onCopied(run)
      },
      failed: error => {
        if (this.#slices?.range.run === run) this.#slices.close()
        over()
        if (run.active) onFailed(run, error)
        else onFree()
      },
      free: () => {
        over()
        onFree()
      },
    })
  }
}
