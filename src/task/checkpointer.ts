// Stores the state at least once a second while there is work. What is stored is collected in one go, then the sink is
// made durable up to there, then the text is written: the stored offset never passes an event that could be lost (I3).

import type {Log} from '../core/log.ts'
import {describeError, TidemarkError} from '../core/tidemark-error.ts'

/** What a state to be stored belongs to, where it is stored together with the events that it covers. */
export interface Cut {
  /** There are events to be committed, be the state new or not. */
  readonly hasEvents: boolean
  /** The state was collected. */
  collected(): void
  /** Nothing is to be stored: the transaction stays open. */
  goOn(): void
  /** The state is stored. */
  ended(): void
}

export interface CutSource {
  /** Brings everything emitted so far to an end. Rejects where the sink has failed. */
  cut(): Promise<Cut>
}

export interface CheckpointerOptions {
  /** The state as it may be stored now. Cheap and synchronous. */
  readonly collect: () => string
  readonly syncSink: () => Promise<void>
  readonly save: (text: string) => Promise<void>
  /** Null or absent: the state is stored when what it covers is durable. */
  readonly cuts?: CutSource | null
  readonly log: Log
  readonly onFailure: (error: unknown) => void
}

const INTERVAL_MS = 500
const STORING_WAITS = 'cannot store the state, will try again; a restart would repeat what comes meanwhile'

export class Checkpointer {
  readonly #options: CheckpointerOptions
  #saved = ''
  #timer: NodeJS.Timeout | null = null
  #storing: Promise<void> | null = null
  #again = false
  savedAtMs = 0
  /** Why the state cannot be stored now; it is tried again. Null while it can. */
  problem: string | null = null

  constructor(options: CheckpointerOptions) {
    this.#options = options
  }

  start(): void {
    this.#timer = setInterval(() => this.soon(), INTERVAL_MS)
  }

  /** Has the state stored without anybody waiting for it. What time may mend, a full disk, is tried again. */
  soon(): void {
    this.store().then(
      () => {
        if (this.problem !== null) this.#options.log.info({}, 'the state is stored again')
        this.problem = null
      },
      (error: unknown) => {
        const {code, message} = describeError(error)
        if (!(error instanceof TidemarkError) || error.kind !== 'retryable') this.#options.onFailure(error)
        else if (this.problem === null) this.#options.log.error({code, reason: message}, STORING_WAITS)
        this.problem = message
      },
    )
  }

  /** Stores the state as it is now; returns when it is durable. Calls made meanwhile share the next round. */
  async store(): Promise<void> {
    this.#again = true
    this.#storing ??= this.#rounds()
    await this.#storing
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#timer = null
  }

  async #rounds(): Promise<void> {
    // Begins a turn later, so that it is known as running before it can end; and it ends in the same turn in which it
    // finds that nobody asked again, so that no call falls in between.
    await Promise.resolve()
    try {
      while (this.#again) {
        this.#again = false
        await this.#round((await this.#options.cuts?.cut()) ?? null)
        this.savedAtMs = Date.now()
      }
    } finally {
      this.#storing = null
    }
  }

  async #round(cut: Cut | null): Promise<void> {
    const text = this.#options.collect()
    cut?.collected()
    if (text === this.#saved && cut?.hasEvents !== true) {
      cut?.goOn()
      return
    }
    await this.#options.syncSink()
    await this.#options.save(text)
    this.#saved = text
    cut?.ended()
  }
}
