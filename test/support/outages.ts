// What tests of outages wait for: a snapshot that is under way when the fault comes, and that it goes on afterwards.

import type {StatusPage, TidemarkProcess} from './tidemark-process.ts'

/** After an outage of MySQL or Kafka the task goes on by itself within this time. */
export const GOES_ON_WITHIN_MS = 40_000

/** Rows of all tables that count as done. */
export function rowsDone({snapshot}: StatusPage): number {
  return snapshot.tables.reduce((sum, table) => sum + table.rowsDone, 0)
}

/** Until the snapshot has copied more rows than it had when this was called, with some left to do. */
export async function untilCopying(tidemark: TidemarkProcess): Promise<void> {
  let before: number | undefined
  await tidemark.waitForStatus(page => {
    before ??= rowsDone(page)
    return page.snapshot.state === 'running' && rowsDone(page) > before
  })
}
