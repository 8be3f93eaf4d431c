// Questions to a server that may be away: asked again until it answers.

import type {Log} from '../core/log.ts'
import {describeError} from '../core/tidemark-error.ts'
import {backoffMs, delay} from '../core/backoff.ts'
import {isRetryable} from './errors.ts'

/** Null where the signal aborts before there is an answer. Rejects with what time does not heal. */
export async function untilAnswered<T>(
  ask: () => Promise<T>,
  {signal, log}: {readonly signal: AbortSignal; readonly log: Log},
): Promise<T | null> {
  for (let attempt = 0; !signal.aborted; attempt++) {
    try {
      return await ask()
    } catch (error) {
      if (signal.aborted) break
      if (!isRetryable(error)) throw error
      const retryInMs = backoffMs(attempt)
      log.warn({...describeError(error), retryInMs}, 'MySQL does not answer, will try again')
      await delay(retryInMs, signal)
    }
  }
  return null
}
