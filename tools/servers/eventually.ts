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

/**
 * The first value of `probe` that is not undefined. A probe that throws is tried again; its last error is the cause.
 * `false` is refused, since nobody can tell whether it is an answer or "not yet".
 */
export async function eventually<T>(
  deadline: Deadline,
  probe: () => Promise<T | undefined> | T | undefined,
): Promise<T> {
  const until = Date.now() + deadline.timeoutMs
  let cause: unknown
  for (;;) {
    let value: T | undefined
    try {
      value = await probe()
      cause = undefined
    } catch (error) {
      cause = error
    }
    if (value === false) throw new TypeError(`a probe for ${deadline.what} gave false; wanted a value, or undefined`)
    if (value !== undefined) return value
    const pointless = deadline.pointless?.()
    if (pointless !== undefined) throw new ServersError(`cannot wait for ${deadline.what}: ${pointless}`, {cause})
    if (Date.now() >= until) {
      const last = cause === undefined ? '' : `; last: ${messageOf(cause)}`
      throw new ServersError(`waited ${String(deadline.timeoutMs / 1000)} s for ${deadline.what}${last}`, {cause})
    }
    await delay(deadline.intervalMs ?? 50)
  }
}
