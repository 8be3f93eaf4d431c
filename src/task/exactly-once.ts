// exactly.once.support=required: the state becomes a part of the transaction that holds exactly the events that it covers.
//
// A transaction is cut where no chunk of a snapshot has left in part (a chunk's progress is stored as a whole), with
// everything open sent. When all of it is acknowledged, and nothing that was sent later can be, the state is collected:
// it covers what is in the transaction, no more and no less. Meanwhile the stream goes on into the next one.

import {setImmediate as turn, setTimeout as delay} from 'node:timers/promises'
import type {Sink, SinkTransactions} from '../sinks/sink.ts'
import type {Emitter} from '../stream/emitter.ts'
import type {ReadOutlet} from '../stream/read-outlet.ts'
import type {Cut, CutSource} from './checkpointer.ts'
import type {Engine} from './engine.ts'

export interface ExactlyOnceOptions {
  readonly transactions: SinkTransactions
  readonly emitter: Pick<Emitter, 'cut' | 'assertWorks'>
  readonly outlet: Pick<ReadOutlet, 'hold' | 'release' | 'isWhole' | 'pump'>
}

/** The longest that an event waits for its transaction to end under load, beside the ending itself. */
const PACE_MS = 100
const QUIET_PACE_MS = 10
/** A transaction of fewer bytes is ended soon: nobody waits for more to fill it. */
const QUIET_BYTES = 256 * 1024
/** Above this a transaction is ended at once. */
const MOST_BYTES = 32 * 1024 * 1024
/** Ending transactions may take such a part of the time. */
const SHARE = 8
const LONGEST_PACE_MS = 1000
const LOOK_AGAIN_MS = 2

/** Null where the sink has no transactions. */
export function createExactlyOnce(sink: Sink, {emitter, outlet}: Engine): ExactlyOnce | null {
  const {transactions} = sink
  if (transactions === undefined || transactions === null) return null
  return new ExactlyOnce({transactions, emitter, outlet})
}

export class ExactlyOnce implements CutSource {
  readonly #options: ExactlyOnceOptions
  #timer: NodeJS.Timeout | null = null
  #endedAt = -Infinity
  #endingMs = 0
  #onDue: () => void = () => undefined

  constructor(options: ExactlyOnceOptions) {
    this.#options = options
  }

  /** `onDue` is called when a transaction should end. */
  start(onDue: () => void): void {
    this.#onDue = onDue
    this.#options.transactions.onSent = () => this.#sent()
    this.#sent()
  }

  stop(): void {
    this.#options.transactions.onSent = () => undefined
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
  }

  async cut(): Promise<Cut> {
    const {transactions, emitter, outlet} = this.#options
    const began = performance.now()
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    outlet.hold()
    for (outlet.pump(); !outlet.isWhole; outlet.pump()) {
      emitter.assertWorks()
      await delay(LOOK_AGAIN_MS)
    }
    const acknowledged = emitter.cut()
    // Where the sink has failed both say so, and the first that does is heard.
    acknowledged.catch(() => undefined)
    transactions.cut()
    await acknowledged
    // Whoever was told of the last acknowledgement has taken note of it behind this turn of the loop.
    await turn()
    return {
      hasEvents: transactions.bytes > 0,
      collected: () => outlet.release(),
      goOn: () => transactions.goOn(),
      ended: () => {
        this.#endedAt = performance.now()
        this.#endingMs = this.#endedAt - began
        if (transactions.bytes > 0) this.#sent()
      },
    }
  }

  #sent(): void {
    const {bytes} = this.#options.transactions
    if (bytes === 0) return
    if (bytes >= MOST_BYTES) {
      this.#due()
      return
    }
    if (this.#timer !== null) return
    const pace = Math.max(bytes < QUIET_BYTES ? QUIET_PACE_MS : PACE_MS, SHARE * this.#endingMs)
    const waitMs = Math.min(pace, LONGEST_PACE_MS) - (performance.now() - this.#endedAt)
    this.#timer = setTimeout(() => this.#due(), Math.max(0, waitMs))
  }

  #due(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    this.#onDue()
  }
}
