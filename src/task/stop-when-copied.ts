// snapshot.mode=initial_only: a task that ends once the initial snapshot is done.

import type {Log} from '../core/log.ts'
import {tableIdText} from '../core/table-id.ts'
import {TidemarkError} from '../core/tidemark-error.ts'
import type {Engine} from './engine.ts'

const LOOK_MS = 100

export interface StopWhenCopiedOptions {
  readonly log: Log
  readonly signal: AbortSignal
  readonly onCopied: () => void
  /** Told where a table could not be copied. */
  readonly onFailure: (error: TidemarkError) => void
}

/** Looks until the signal aborts, or one of both is called. */
export function stopWhenCopied(
  {coordinator}: Pick<Engine, 'coordinator'>,
  {log, signal, onCopied, onFailure}: StopWhenCopiedOptions,
): void {
  const timer = setInterval(() => {
    if (coordinator?.active === true) return
    clearInterval(timer)
    const failed = coordinator?.plans.find(plan => plan.kind === 'initial' && plan.state === 'failed')
    if (failed !== undefined) {
      const reasons = failed.tables.flatMap(table =>
        table.error === null ? [] : [`${tableIdText(table.table)}: ${table.error}`],
      )
      onFailure(
        new TidemarkError(
          'TIDEMARK_SNAPSHOT_FAILED',
          `the initial snapshot failed, and is not complete: ${reasons.join('; ')}`,
        ),
      )
      return
    }
    log.info({}, 'initial snapshot done, stopping as snapshot.mode=initial_only says')
    onCopied()
  }, LOOK_MS)
  signal.addEventListener('abort', () => clearInterval(timer), {once: true})
}
