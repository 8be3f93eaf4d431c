// Events for the program that Tidemark is a library of: they wait in a queue until the program asks for the next one, and
// count as durable when the program has acknowledged them. What is queued or not acknowledged is bounded by the
// emitter, which counts a batch until it is acknowledged.

import {ByteWriter} from '../core/byte-writer.ts'
import {invariant, TidemarkError} from '../core/tidemark-error.ts'
import {IteratorBatch, IteratorTopic} from './iterator-batch.ts'
import type {HandedEvent} from './iterator-batch.ts'
import type {EventBatch, Sink, SinkStatus, SinkTopic} from './sink.ts'

export interface IteratorSinkOptions {
  /** The sink is open: the task's start is decided. */
  readonly onOpen?: () => void
  /** There may be an event to take. */
  readonly onEvents?: () => void
}

export class IteratorSink implements Sink {
  readonly type = 'iterator'
  readonly snapshotBytesInFlight = 512 * 1024
  /** Events that were taken and are not acknowledged. */
  outstanding = 0
  readonly #options: IteratorSinkOptions
  readonly #topics = new Map<string, IteratorTopic>()
  readonly #writer = new ByteWriter()
  #state: 'new' | 'open' | 'closed' = 'new'
  /** Sent, not taken; those before `#head` are gone. */
  #queue: (HandedEvent | undefined)[] = []
  #head = 0
  /** A task may begin again within the process: what was handed out before comes again. */
  #run = 0
  #isEnding = false
  readonly #whenSettled: (() => void)[] = []

  constructor(options: IteratorSinkOptions = {}) {
    this.#options = options
  }

  open(_signal: AbortSignal): Promise<void> {
    this.#state = 'open'
    this.#options.onOpen?.()
    return Promise.resolve()
  }

  topic(name: string): Promise<SinkTopic> {
    let topic = this.#topics.get(name)
    if (topic === undefined) {
      topic = new IteratorTopic(name, this.#writer)
      this.#topics.set(name, topic)
    }
    return Promise.resolve(topic)
  }

  send(batch: EventBatch): Promise<void> {
    invariant(batch instanceof IteratorBatch, 'a batch of another sink was sent to an iterator')
    if (this.#state !== 'open') return Promise.reject(closedError())
    if (batch.count === 0) return Promise.resolve()
    const run = this.#run
    return new Promise(resolve => {
      // Behind the end nothing may stir in a task that is gone.
      batch.onAcknowledged = () => {
        if (this.#run === run) resolve()
      }
      batch.onEvent = () => {
        if (this.#run === run) this.#settle(this.outstanding - 1)
      }
      if (!this.#isEnding) for (const event of batch.events) this.#queue.push(event)
      this.#options.onEvents?.()
    })
  }

  /** The oldest event that was not taken; null where there is none. From now on it is the program's to acknowledge. */
  take(): HandedEvent | null {
    if (this.#head === this.#queue.length) return null
    const event = this.#queue[this.#head]!
    this.#queue[this.#head++] = undefined
    if (this.#head === this.#queue.length) {
      this.#queue = []
      this.#head = 0
    } else if (this.#head > 1024 && this.#head * 2 > this.#queue.length) {
      this.#queue.splice(0, this.#head)
      this.#head = 0
    }
    this.outstanding++
    return event
  }

  /** Hands out nothing more: what was not taken is dropped, and comes again with the next start. */
  stopHandingOut(): void {
    this.#isEnding = true
    this.#dropQueue()
  }

  /** Resolves when everything that was taken is acknowledged. */
  settled(): Promise<void> {
    return this.outstanding === 0 ? Promise.resolve() : new Promise(resolve => this.#whenSettled.push(resolve))
  }

  /** Nothing to do: the offset stands behind what was acknowledged, and how durable that is only the program knows. */
  sync(): Promise<void> {
    return Promise.resolve()
  }

  status(): SinkStatus {
    return {state: this.#state === 'open' ? 'open' : 'closed'}
  }

  /**
   * Waits for nothing: whoever ends the task has waited (`settled`). What is not acknowledged stays so, and comes again.
   * May be opened again.
   */
  close(): Promise<void> {
    this.#state = 'closed'
    this.#run++
    this.#dropQueue()
    this.#settle(0)
    return Promise.resolve()
  }

  #settle(outstanding: number): void {
    this.outstanding = outstanding
    if (outstanding === 0) for (const resolve of this.#whenSettled.splice(0)) resolve()
  }

  #dropQueue(): void {
    this.#queue = []
    this.#head = 0
  }
}

function closedError(): TidemarkError {
  return new TidemarkError('TIDEMARK_SINK_CLOSED', 'the iterator over the events has ended')
}
