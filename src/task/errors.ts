// Which errors time heals.

import {TidemarkError} from '../core/tidemark-error.ts'
import {toMysqlError} from '../mysql/mysql-error.ts'

/** The server (or the way to it) is away: tried again without end. */
export function isConnectionLoss(error: unknown): boolean {
  const told = error instanceof TidemarkError ? error : toMysqlError(error, 'reach MySQL')
  return (
    told.kind === 'retryable' && told.code !== 'TIDEMARK_MYSQL_INTERRUPTED' && told.code !== 'TIDEMARK_MYSQL_LOCKED'
  )
}

/** Worth another try, be it a lost connection, a lock wait time-out or a killed query. */
export function isRetryable(error: unknown): boolean {
  const told = error instanceof TidemarkError ? error : toMysqlError(error, 'reach MySQL')
  return told.kind === 'retryable'
}
