// The port to the parallel reader, as the coordinator drives it: tables that are copied by a read view and streamed by a
// branch beside the main stream until that has taken them over.

import type {TableRun} from './table-run.ts'

/** What becomes of a run that was started. */
export interface ParallelEvents {
  /** All rows are acknowledged: the table is done. Its branch goes on until `free`. */
  copied(): void
  /** The attempt is over; `start` may be called again for the same run. */
  failed(error: unknown): void
  /** The main stream has taken the table over, or nothing is left of the branch: another run may start. */
  free(): void
}

export interface ParallelTables {
  /** A branch is open (copying, following or not yet adopted): no other may start. */
  readonly busy: boolean
  /** The branch that is open, also one that was open before a restart: `database.table`. */
  readonly status: {readonly table: string} | null
  start(run: TableRun, told: ParallelEvents): void
  /** The run is to be copied no further, for a stop-snapshot or since it has failed for good. */
  stop(run: TableRun): void
}
