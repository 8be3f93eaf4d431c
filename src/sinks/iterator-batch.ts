// Events on their way to the program that iterates over them: each is taken out of the shared writer as it ends, and a
// batch is acknowledged when all of its events are.

import type {ByteWriter} from '../core/byte-writer.ts'
import {invariant} from '../core/tidemark-error.ts'
import type {EventBatch, EventHeaders, SinkTopic} from './sink.ts'

/** An event as the sink hands it out. */
export interface HandedEvent {
  readonly topic: string
  readonly partition: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: EventHeaders | null
  /** Once is enough; more often does no harm. */
  acknowledge(): void
}

/** What an event costs beside its bytes, so that the bound on memory holds for small ones, too. */
export const EVENT_OVERHEAD_BYTES = 512

/**
 * Every streamed event is a batch of its own (see `batchBytes`), so that the stored offset follows the acknowledgements
 * event by event, also inside of a transaction.
 */
export class IteratorTopic implements SinkTopic {
  readonly name: string
  readonly partitions = 1
  readonly batchBytes = 1
  /** Pieces of one row each would cost a third of a snapshot's speed; a few are in flight, so that the program never waits for one. */
  readonly readBatchBytes = 64 * 1024
  readonly #writer: ByteWriter

  constructor(name: string, writer: ByteWriter) {
    this.name = name
    this.#writer = writer
  }

  newBatch(partition: number): IteratorBatch {
    invariant(partition === 0, `topic ${this.name} has one partition where events go to an iterator`)
    return new IteratorBatch(this, this.#writer)
  }
}

export class IteratorBatch implements EventBatch {
  readonly topic: IteratorTopic
  readonly partition = 0
  /** Shared by all batches of the sink: an event is written and taken out in one go. */
  readonly writer: ByteWriter
  readonly events: HandedEvent[] = []
  byteLength = 0
  /** All events are acknowledged. */
  onAcknowledged: () => void = () => undefined
  /** One was acknowledged. */
  onEvent: () => void = () => undefined
  #open = 0
  #key: Buffer | null = null
  #headers: EventHeaders | null = null
  #valueLength = 0

  constructor(topic: IteratorTopic, writer: ByteWriter) {
    this.topic = topic
    this.writer = writer
  }

  get count(): number {
    return this.events.length
  }

  begin(
    source: Uint8Array | null,
    start: number,
    end: number,
    valueLength: number,
    headers: EventHeaders | null,
  ): void {
    this.#key = source === null ? null : Buffer.from(source.subarray(start, end))
    this.#headers = headers
    this.#valueLength = valueLength
    this.writer.clear()
    this.writer.reserve(Math.max(0, valueLength))
  }

  end(): void {
    const written = this.writer.view()
    invariant(
      written.length === Math.max(0, this.#valueLength),
      'an event value does not have the length that was announced',
    )
    const value = this.#valueLength < 0 ? null : Buffer.from(written)
    let isAcknowledged = false
    this.#open++
    this.events.push({
      topic: this.topic.name,
      partition: this.partition,
      key: this.#key,
      value,
      headers: this.#headers,
      acknowledge: () => {
        if (isAcknowledged) return
        isAcknowledged = true
        if (--this.#open === 0) this.onAcknowledged()
        this.onEvent()
      },
    })
    this.byteLength += EVENT_OVERHEAD_BYTES + (this.#key?.length ?? 0) + (value?.length ?? 0)
    this.#key = null
  }
}
