// What becomes of a table that could not be prepared or read: it is tried again from the same key, on a new connection,
// after a backoff, or it is given up with the reason. Nothing is ever skipped.

import {describeError} from '../core/tidemark-error.ts'
import type {SnapshotCoordinatorOptions} from './coordinator-options.ts'
import type {TableRun} from './table-run.ts'

/** A table's SELECT is tried this often before its snapshot is `failed` (connection losses do not count). */
const MAX_ATTEMPTS = 6

export interface ReadFailuresOptions extends Pick<
  SnapshotCoordinatorOptions,
  'isConnectionLoss' | 'isTransient' | 'log' | 'signal'
> {
  /** Dropped since it was accepted: there is nothing left to read. */
  readonly onGone: (run: TableRun) => void
  /** After the last try. */
  readonly onGivenUp: (run: TableRun) => void
  /** The reason speaks against what was read, too: it is read again. */
  readonly dropWindows: (run: TableRun) => void
  /** The backoff is over. */
  readonly onRetry: () => void
}

export class ReadFailures {
  readonly #options: ReadFailuresOptions

  constructor(options: ReadFailuresOptions) {
    this.#options = options
  }

  /** `what` has failed: the preparation of the table, or one of its ranges. */
  failed(run: TableRun, what: {attempts: number; notBefore: number}, error: unknown): void {
    const {isConnectionLoss, isTransient, log, signal, onGone, onGivenUp, dropWindows, onRetry} = this.#options
    const {code, message} = describeError(error)
    run.problem = message
    run.problemCode = code
    if (signal.aborted || !run.active) return
    if (code === 'TIDEMARK_SNAPSHOT_UNKNOWN_TABLE' && run.removed) {
      // Dropped since it was accepted, as the stream has shown. Without that in the stream it is still there, and hidden
      // from us (a grant was taken away).
      run.plan.error = message
      log.warn({table: run.text, snapshot: run.snapshot.id, reason: message}, 'table is gone, nothing left to copy')
      onGone(run)
      return
    }
    const lost = isConnectionLoss(error)
    if (!lost && ++what.attempts >= MAX_ATTEMPTS) {
      run.plan.error = message
      onGivenUp(run)
      return
    }
    const delay = Math.min(10_000, 100 * 2 ** (lost ? 4 : what.attempts))
    what.notBefore = performance.now() + delay
    // The reason may be a definition that is newer than what the stream has shown: look at the table again.
    // What was read with the older one must not leave behind the DDL.
    if (!isTransient(error)) {
      run.prepared = null
      dropWindows(run)
    }
    log.warn({table: run.text, code, reason: message, retryInMs: delay}, 'reading a chunk failed, will try again')
    setTimeout(onRetry, delay + 1).unref()
  }
}
