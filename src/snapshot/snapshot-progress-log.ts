// The lines that people watch for while a snapshot runs; chunk progress at most every few seconds for each table.

import type {Log} from '../core/log.ts'
import {tableIdText} from '../core/table-id.ts'
import {keyText} from './chunk-key.ts'
import type {SnapshotObserver} from './snapshot-observer.ts'
import type {SnapshotPlan} from './snapshot-plan.ts'
import type {TableRun} from './table-run.ts'

const INTERVAL_MS = 2_000

export class SnapshotProgressLog implements SnapshotObserver {
  readonly #log: Log
  readonly #started = new Set<TableRun>()

  constructor(log: Log) {
    this.#log = log
  }

  accepted(plan: SnapshotPlan): void {
    const tables = plan.tables.map(({table}) => tableIdText(table))
    const {chunkRows, maxRowsPerSecond, priority} = plan
    const terms = {chunkRows, maxRowsPerSecond, priority}
    this.#log.info({snapshot: plan.id, tables, kind: plan.kind, ...terms}, 'snapshot accepted')
  }

  tableStarted(run: TableRun): void {
    if (this.#started.has(run)) return
    this.#started.add(run)
    run.lastLoggedAt = performance.now()
    this.#log.info(
      {
        table: run.text,
        snapshot: run.snapshot.id,
        rowsEstimated: run.plan.rowsEstimated,
        maximumKey:
          run.plan.ranges === null || run.plan.ranges.length === 0 ? null : keyText(run.plan.ranges.at(-1)!.upTo),
      },
      'table started',
    )
  }

  progressed(run: TableRun): void {
    const now = performance.now()
    if (now - run.lastLoggedAt < INTERVAL_MS) return
    run.lastLoggedAt = now
    this.#log.info({table: run.text, snapshot: run.snapshot.id, ...progressOf(run)}, 'chunk progress')
  }

  tableEnded(run: TableRun): void {
    this.#started.delete(run)
    const {plan} = run
    if (plan.state === 'failed') {
      const fields = {table: run.text, snapshot: run.snapshot.id, reason: plan.error}
      this.#log.error(fields, 'table scan failed; its progress is kept, resume-snapshot goes on with it')
    }
    if (plan.state !== 'done') return
    this.#log.info(
      {
        table: run.text,
        snapshot: run.snapshot.id,
        rows: plan.rowsDone,
        superseded: plan.superseded,
        chunks: plan.chunksDone,
        seconds: plan.startedAtMs === null ? 0 : Math.round((Date.now() - plan.startedAtMs) / 100) / 10,
      },
      'table done',
    )
  }

  paused(plans: readonly SnapshotPlan[]): void {
    for (const plan of plans) this.#log.info({snapshot: plan.id}, 'snapshot paused')
  }

  resumed(plans: readonly SnapshotPlan[]): void {
    for (const plan of plans) this.#log.info({snapshot: plan.id}, 'snapshot resumed')
  }

  snapshotEnded(plan: SnapshotPlan): void {
    const rows = plan.tables.reduce((sum, table) => sum + table.rowsDone, 0)
    const fields = {snapshot: plan.id, tables: plan.tables.length, rows}
    if (plan.state === 'completed') this.#log.info(fields, 'snapshot done')
    else if (plan.state === 'stopped') this.#log.info(fields, 'snapshot stopped')
    else this.#log.error({...fields, errors: plan.tables.map(t => t.error).filter(Boolean)}, 'snapshot failed')
  }
}

export interface TableProgress {
  readonly rows: number
  /** Estimated: those done and those left. */
  readonly rowsTotal: number
  /** 0 to 100; 100 only when the table is done. */
  readonly percent: number
  readonly rowsPerSecond: number
  /** Null while there is no speed yet to tell from. */
  readonly secondsLeft: number | null
  /** Last key read, for people. */
  readonly key: string | null
}

/** How far a table is. What the server estimated is corrected by how far the key has come. */
export function progressOf(run: TableRun): TableProgress {
  const {plan, rowsLeft} = run
  const total = rowsLeft === null ? Math.max(plan.rowsEstimated, plan.rowsDone) : plan.rowsDone + rowsLeft
  const rate = run.rowsPerSecond
  return {
    rows: plan.rowsDone,
    rowsTotal: Math.round(total),
    percent: total === 0 ? 0 : Math.min(99, Math.floor((plan.rowsDone / total) * 100)),
    rowsPerSecond: Math.round(rate),
    secondsLeft: rate <= 0 || rowsLeft === null ? null : Math.round(rowsLeft / rate),
    key: run.lastKey === null ? null : keyText(run.lastKey),
  }
}
