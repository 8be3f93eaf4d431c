// What the result of snapshot.throttle.query means: only a clear 0, or no row at all, lets snapshots go on.

import {TidemarkError} from '../core/tidemark-error.ts'

/** Null: go on. Otherwise why not. Throws where the statement was no SELECT. */
export function waitReason(result: unknown): string | null {
  if (!Array.isArray(result)) {
    throw new TidemarkError(
      'TIDEMARK_SNAPSHOT_THROTTLE_QUERY',
      'snapshot.throttle.query returns no rows: it is no SELECT; write one that returns 1 to wait and 0 to go on',
    )
  }
  const rows = result as readonly (readonly unknown[])[]
  if (rows.length === 0) return null
  const value = rows[0]?.[0]
  // NULL is what a comparison with an unknown lag gives: replication is broken, and that is no time to go on.
  if (value === null || value === undefined) return 'returned NULL'
  const number = typeof value === 'bigint' || typeof value === 'string' ? Number(value) : value
  if (number === 0 && value !== '') return null
  return number === 1 ? 'returned 1' : 'returned neither 0 nor 1'
}
