// What the server estimates of tables that wait, so that a snapshot's time left counts them from the beginning: they are
// prepared only when their turn comes near. Nothing hangs on it but what is shown.

import type {PlanningSource} from './prepared-table.ts'
import type {TableRun} from './table-run.ts'

/** Of one query. Between two of them others have their turn on the connection. */
const TABLES_A_QUERY = 100

/** Fills in what is not known by the time the answer comes. Never rejects: a server that is away is told of by whoever needs it. */
export async function fillSizes(planning: Pick<PlanningSource, 'sizes'>, runs: readonly TableRun[]): Promise<void> {
  const unknown = runs.filter(({plan}) => plan.ranges === null)
  for (let i = 0; i < unknown.length; i += TABLES_A_QUERY) {
    const some = unknown.slice(i, i + TABLES_A_QUERY)
    try {
      const sizes = await planning.sizes(some.map(({plan}) => plan.table))
      some.forEach((run, j) => fill(run, sizes[j]))
    } catch {
      return
    }
  }
}

function fill(run: TableRun, size: Awaited<ReturnType<PlanningSource['sizes']>>[number] | undefined): void {
  if (size === undefined || run.plan.ranges !== null || !run.active) return
  run.plan.rowsEstimated = size.rowsEstimated
  run.rowBytes ??= size.rowBytes
}
