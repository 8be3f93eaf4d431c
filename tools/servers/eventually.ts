// Waiting for something that gives no event, with an end.

import {setTimeout as delay} from 'node:timers/promises'
import {messageOf, ServersError} from './servers-error.ts'

export interface Deadline {
  /** Completes "waited 10 s for …". */
  readonly what: string
  readonly timeoutMs: number
  readonly intervalMs?: number
  /** Why there is nothing left to wait for, as soon as that is so. */
  readonly pointless?: () => string | undefined
}

/** The first value of `probe` that is neither undefined nor false. A probe that throws is tried again; its last error is the cause. */
export async function eventually<T>(
  deadline: Deadline,
  probe: () => Promise<T | undefined> | T | undefined,
): Promise<Exclude<T, false>> {
  const until = Date.now() + deadline.timeoutMs
  let cause: unknown
  for (;;) {
    try {
      const value = await probe()
      if (value !== undefined && value !== false) return value as Exclude<T, false>
      cause = undefined
    } catch (error) {
      cause = error
    }
    const pointless = deadline.pointless?.()
    if (pointless !== undefined) throw new ServersError(`cannot wait for ${deadline.what}: ${pointless}`, {cause})
    if (Date.now() >= until) {
      const last = cause === undefined ? '' : `; last: ${messageOf(cause)}`
      throw new ServersError(`waited ${String(deadline.timeoutMs / 1000)} s for ${deadline.what}${last}`, {cause})
    }
    await delay(deadline.intervalMs ?? 50)
  }
}
