// Copies of tables that are no longer captured: they are stopped, and a failed one is not taken up again.

import {tableIdText} from '../core/table-id.ts'
import type {TableId} from '../core/table-id.ts'
import type {SnapshotCoordinator} from '../snapshot/snapshot-coordinator.ts'

/** Before the stream begins. What is stopped is told as by stop-snapshot. */
export function endCopies(
  coordinator: Pick<SnapshotCoordinator, 'runs' | 'plans' | 'stop'>,
  isCaptured: (table: TableId) => boolean,
): void {
  for (const plan of coordinator.plans) {
    for (const table of plan.tables) {
      if (table.state !== 'failed' || isCaptured(table.table)) continue
      table.state = 'stopped'
      table.error = 'it left the filter'
    }
  }
  const leaving = new Set(coordinator.runs.filter(run => !isCaptured(run.plan.table)).map(run => run.text))
  if (leaving.size > 0) coordinator.stop(table => leaving.has(tableIdText(table)))
}
