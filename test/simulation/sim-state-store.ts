// A state store whose save can be cut off by a crash: what is loaded then is the old or the new text, whole.

import {TidemarkError} from '../../src/core/tidemark-error.ts'
import type {StateStore} from '../../src/state/state-store.ts'
import type {Scheduler} from './scheduler.ts'

/** What outlives the task. */
export class SimDisk {
  text: string | null = null
  owner: object | null = null
  /** Told before a text becomes durable. */
  onSaved: (text: string) => void = () => undefined
}

export class SimStateStore implements StateStore {
  readonly #disk: SimDisk
  readonly #scheduler: Scheduler

  constructor(disk: SimDisk, scheduler: Scheduler) {
    this.#disk = disk
    this.#scheduler = scheduler
  }

  async open(): Promise<void> {
    await this.#scheduler.turn('store opens')
    if (this.#disk.owner !== null) {
      throw new TidemarkError('TIDEMARK_STATE_IN_USE', 'another process holds the state')
    }
    this.#disk.owner = this
  }

  async load(): Promise<string | null> {
    await this.#scheduler.turn('store loads')
    return this.#disk.text
  }

  async save(text: string): Promise<void> {
    await this.#scheduler.turn('store saves', {queue: 'store'})
    this.#disk.text = text
    this.#disk.onSaved(text)
    await this.#scheduler.turn('store has saved', {queue: 'saved'})
  }

  close(): Promise<void> {
    if (this.#disk.owner === this) this.#disk.owner = null
    return Promise.resolve()
  }
}
