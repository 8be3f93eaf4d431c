// Channels outside of the sink: a file, and addresses that are told by HTTP. Each takes one notification after the other,
// in order, tries again what failed, and acknowledges what has arrived; what has not is in the stored state.

import {open} from 'node:fs/promises'
import {describeError} from '../core/tidemark-error.ts'
import type {Log} from '../core/log.ts'
import type {Delivery, NotificationChannel} from './notification-channel.ts'
import type {Notification} from './notification.ts'

export interface SerialChannelOptions {
  /** For the log: a path, or an address without what may be secret. */
  readonly place: string
  /** Resolves when the text has arrived. */
  readonly deliver: (text: string) => Promise<void>
  readonly delay: (ms: number, signal: AbortSignal) => Promise<void>
  readonly signal: AbortSignal
  readonly log: Log
}

const RETRY_MS = 500
const LONGEST_RETRY_MS = 30_000
/** Progress waits only behind so many (I5): the next one says more. What must arrive always waits. */
const MOST_WAITING = 200

interface Waiting {
  readonly text: string
  readonly delivery: {acknowledged: boolean}
}

export class SerialChannel implements NotificationChannel {
  readonly #options: SerialChannelOptions
  readonly #queue: Waiting[] = []
  #working = false

  constructor(options: SerialChannelOptions) {
    this.#options = options
  }

  open(): Promise<void> {
    return Promise.resolve()
  }

  send({id, type, aggregate_type, additional_data, timestamp}: Notification): Delivery {
    const delivery = {acknowledged: false}
    if (type === 'IN_PROGRESS' && this.#queue.length >= MOST_WAITING) return delivery
    const text = JSON.stringify({id, type, aggregate_type, additional_data, timestamp})
    this.#queue.push({text, delivery})
    return delivery
  }

  flush(): void {
    if (this.#working || this.#queue.length === 0) return
    this.#working = true
    void this.#work().finally(() => (this.#working = false))
  }

  async #work(): Promise<void> {
    const {deliver, delay, signal, log, place} = this.#options
    let attempt = 0
    for (let next = this.#queue[0]; next !== undefined && !signal.aborted; next = this.#queue[0]) {
      try {
        await deliver(next.text)
        next.delivery.acknowledged = true
        this.#queue.shift()
        if (attempt > 0) log.info({place}, 'notifications arrive again')
        attempt = 0
      } catch (error) {
        const retryInMs = Math.min(LONGEST_RETRY_MS, RETRY_MS * 2 ** attempt)
        const fields = {place, reason: describeError(error).message, waiting: this.#queue.length, retryInMs}
        if (attempt++ === 0) log.warn(fields, 'a notification did not arrive, will try again')
        else log.debug(fields, 'a notification did not arrive, will try again')
        await delay(retryInMs, signal)
      }
    }
  }
}

/** Appends a line, durably. */
export function appendingTo(path: string): SerialChannelOptions['deliver'] {
  return async text => {
    const file = await open(path, 'a')
    try {
      await file.write(`${text}\n`)
      await file.sync()
    } finally {
      await file.close()
    }
  }
}

export interface WebhookOptions {
  readonly url: string
  /** The header Authorization, or null. */
  readonly authorization: string | null
  readonly timeoutMs: number
}

/** POSTs the text as JSON; anything but an answer of 2xx is a failure. */
export function postingTo({url, authorization, timeoutMs}: WebhookOptions): SerialChannelOptions['deliver'] {
  const headers = {'content-type': 'application/json', ...(authorization === null ? {} : {authorization})}
  return async text => {
    const response = await fetch(url, {
      method: 'POST',
      headers,
      body: text,
      signal: AbortSignal.timeout(timeoutMs),
    }).catch((error: unknown) => {
      const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
      throw new Error(`no answer (${describeError(cause).message})`, {cause: error})
    })
    await response.body?.cancel()
    if (!response.ok) throw new Error(`it answered ${response.status}`)
  }
}
