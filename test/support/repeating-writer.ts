// A writer that makes one transaction after the other until it is told to stop.

import {setTimeout as delay} from 'node:timers/promises'

export abstract class RepeatingWriter {
  #running: Promise<void> | null = null
  #stopped = false

  abstract transaction(): Promise<void>

  /** Writes until `stop`, with so much rest behind each transaction. */
  start(restMs = 0): void {
    this.#stopped = false
    this.#running = this.#run(restMs)
    // Whoever calls `stop` gets the error; until then it must not end the test run.
    this.#running.catch(() => undefined)
  }

  /** Resolves when the last transaction has ended. Rejects with what the server refused. */
  async stop(): Promise<void> {
    this.#stopped = true
    await this.#running
    this.#running = null
  }

  async #run(restMs: number): Promise<void> {
    while (!this.#stopped) {
      await this.transaction()
      if (restMs > 0) await delay(restMs)
    }
  }
}
