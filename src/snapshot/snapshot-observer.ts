// What happens to snapshots, told as it happens: the log, the notifications and the metrics listen.

import type {TableId} from '../core/table-id.ts'
import type {SnapshotPlan} from './snapshot-plan.ts'
import type {ChunkRun, TableRun} from './table-run.ts'

/** All calls are synchronous, in the order in which things happen; none may throw. Only what is of interest need be there. */
export interface SnapshotObserver {
  /** Taken in, and queued behind those before it. Each ends with one `snapshotEnded`. */
  accepted?(plan: SnapshotPlan): void
  /** Reading of a table begins, or goes on after a change of its definition or a pause. */
  tableStarted?(run: TableRun): void
  /** A chunk with rows was read; none of them has left yet. */
  chunkRead?(chunk: ChunkRun): void
  /** Rows were acknowledged by the sink. */
  progressed?(run: TableRun): void
  /** `run.plan.state` says how: `done`, `failed` or `stopped`. */
  tableEnded?(run: TableRun): void
  /** All snapshots that are under way, at once. */
  paused?(plans: readonly SnapshotPlan[]): void
  /** Those that were paused, and those that had failed and go on. */
  resumed?(plans: readonly SnapshotPlan[]): void
  /** A stop took these tables out of the snapshot; `snapshotEnded` follows where none is left. */
  stopped?(plan: SnapshotPlan, tables: readonly TableId[]): void
  /** `plan.state` says how: `completed`, `stopped` (a stop took what was left of it) or `failed`. */
  snapshotEnded?(plan: SnapshotPlan): void
}

/** One observer that tells several, in their order. */
export function tellAll(observers: readonly SnapshotObserver[]): Required<SnapshotObserver> {
  const tell =
    <Name extends keyof SnapshotObserver>(name: Name) =>
    (...what: Parameters<Required<SnapshotObserver>[Name]>): void => {
      for (const observer of observers) {
        // The names' parameters differ; each observer gets its own name's.
        const method = observer[name] as ((...args: typeof what) => void) | undefined
        method?.apply(observer, what)
      }
    }
  return {
    accepted: tell('accepted'),
    tableStarted: tell('tableStarted'),
    chunkRead: tell('chunkRead'),
    progressed: tell('progressed'),
    tableEnded: tell('tableEnded'),
    paused: tell('paused'),
    resumed: tell('resumed'),
    stopped: tell('stopped'),
    snapshotEnded: tell('snapshotEnded'),
  }
}
