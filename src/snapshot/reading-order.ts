// In which order the tables of all snapshots are read: those of a higher priority first, else as they were accepted.

import type {TableRun} from './table-run.ts'

/**
 * A snapshot of a table waits for an earlier one of the same table, whatever their priorities: so the earlier one has the
 * later one's priority, too, lest something in between hold up both. Sets each run's rank.
 */
export function readingOrder(runs: readonly TableRun[]): TableRun[] {
  if (runs.every(run => priorityOf(run) === 0 && run.rank === 0)) return [...runs]
  const highest = new Map<string, number>()
  const accepted = runs.toSorted((a, b) => a.ordinal - b.ordinal)
  for (const run of accepted.toReversed()) {
    run.rank = Math.max(priorityOf(run), highest.get(run.text) ?? -Infinity)
    highest.set(run.text, run.rank)
  }
  // The sort is stable: equal ranks stay in order of acceptance.
  return accepted.sort((a, b) => b.rank - a.rank)
}

function priorityOf({snapshot}: TableRun): number {
  return snapshot.priority ?? 0
}
