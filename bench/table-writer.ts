// Changes at a steady pace, beside whatever else goes on.

import {setTimeout as sleep} from 'node:timers/promises'
import type {Connection} from 'mysql2/promise'

export interface Pace {
  readonly changesPerSecond: number
  /** Connections that take turns: one alone waits for each commit. */
  readonly connections: number
  readonly connect: () => Promise<Connection>
  /** Makes the n-th change, n from 1 on, and resolves with its commit. */
  readonly change: (connection: Connection, n: number) => Promise<void>
  readonly signal: AbortSignal
}

export class TableWriter {
  readonly #pace: Pace
  readonly #end = new AbortController()
  readonly #startedAt = performance.now()
  readonly #lanes: Promise<void>
  #changes = 0

  constructor(pace: Pace) {
    this.#pace = pace
    this.#lanes = this.#runAll()
    // Whoever ends the writer is told; a failure meanwhile must not end the process before.
    this.#lanes.catch(() => undefined)
  }

  /** Changes committed so far. */
  get changes(): number {
    return this.#changes
  }

  /** Ends after the changes under way; gives the pace that was kept. Rejects where a change failed. */
  async stop(): Promise<number> {
    const seconds = (performance.now() - this.#startedAt) / 1000
    const pace = this.#changes / seconds
    this.#end.abort()
    await this.#lanes
    return pace
  }

  async #runAll(): Promise<void> {
    const {connections} = this.#pace
    await Promise.all(Array.from({length: connections}, async (_, lane) => await this.#run(lane)))
  }

  /** Each change has its time from the start on, so that a slow one does not slow the pace down. */
  async #run(lane: number): Promise<void> {
    const {connections, changesPerSecond, connect, change, signal} = this.#pace
    const connection = await connect()
    const end = AbortSignal.any([signal, this.#end.signal])
    try {
      for (let n = lane + 1; !end.aborted; n += connections) {
        const early = this.#startedAt + (n / changesPerSecond) * 1000 - performance.now()
        if (early > 0) await sleep(early, undefined, {signal: end}).catch(() => undefined)
        if (end.aborted) return
        await change(connection, n)
        this.#changes++
      }
    } finally {
      connection.destroy()
    }
  }
}
