// provide.transaction.metadata: events for the begin and the end of every transaction, in a topic of their own, and the
// order of each event in its transaction. They go through the one outlet, so each is tracked from its own place: an end
// that has not arrived keeps the offset inside its transaction, and is written again after a restart.

import {ByteWriter} from '../core/byte-writer.ts'
import type {EventSettings, Settings} from '../config/settings.ts'
import {partitionFor} from '../encode/partitioner.ts'
import {transactionTopicName} from '../encode/topic-name.ts'
import {routeTopic, type TopicRoute} from '../encode/topic-routing.ts'
import {TransactionEventTemplate} from '../encode/transaction-event.ts'
import type {Emitter} from './emitter.ts'
import type {TopicDirectory, TopicLanes} from './topic-lanes.ts'
import {TransactionOrder} from './transaction-order.ts'

export interface TransactionMetadataOptions {
  /** topic.transaction: the last part of the topic's name. */
  readonly topic: string
  readonly settings: EventSettings
  readonly topics: TopicDirectory
  readonly emitter: Emitter
}

/** Null where provide.transaction.metadata is off. */
export function createTransactionMetadata(parts: {
  readonly settings: Settings
  readonly topics: TopicDirectory
  readonly emitter: Emitter
}): TransactionMetadata | null {
  const {settings, topics, emitter} = parts
  const topic = settings.stream.transactionTopic
  return topic === null ? null : new TransactionMetadata({topic, settings: settings.events, topics, emitter})
}

export class TransactionMetadata {
  readonly #options: TransactionMetadataOptions
  readonly #route: TopicRoute
  readonly #template: TransactionEventTemplate
  readonly #order = new TransactionOrder()
  readonly #scratch = new ByteWriter(1024)
  #isOpen = false
  /** When the open transaction began, where its event has not left; else null. */
  #begunMs: number | null = null
  #lanes: TopicLanes['lanes'] = []

  /** Throws TIDEMARK_TRANSFORM_… where transforms leave the events without a topic or a key. */
  constructor(options: TransactionMetadataOptions) {
    this.#options = options
    const {settings, topic} = options
    this.#route = routeTopic(transactionTopicName(settings, topic), settings.transforms)
    this.#template = new TransactionEventTemplate(settings, this.#route)
  }

  /** Before the first `begin`. Rejects for what an operator must mend. */
  async open(): Promise<void> {
    if (this.#route.isDropped) return
    this.#lanes = (await this.#options.topics.open(this.#route.topic)).lanes
  }

  /** Of the open transaction; null outside of one, where rows are of none (DDL is none). */
  get order(): TransactionOrder | null {
    return this.#isOpen ? this.#order : null
  }

  /**
   * At BEGIN. Its event leaves with the first rows: a place in the stream between the two could not tell that it has. It is
   * left out where it has arrived: rows behind it have, or it is the open one once more.
   */
  begin(transaction: {id: string; tsMs: number; isResumed: boolean}): void {
    const {id, tsMs, isResumed} = transaction
    const isAgain = this.#isOpen && this.#order.id === id
    this.#isOpen = true
    this.#order.begin(id)
    if (isResumed) this.#begunMs = null
    else if (!isAgain) this.#begunMs = tsMs
  }

  /** Before the first rows of the transaction, be they captured or not. */
  announce(): void {
    if (this.#begunMs === null) return
    const {id} = this.#order
    const keyEnd = this.#writeKey(id)
    this.#template.writeBegin(id, this.#begunMs, this.#scratch)
    this.#emit(keyEnd)
    this.#begunMs = null
  }

  /** At COMMIT, also of what was rolled back and stands in the binlog: its events came. Nothing without a BEGIN. */
  end(tsMs: number): void {
    if (!this.#isOpen) return
    this.announce()
    const {id} = this.#order
    const keyEnd = this.#writeKey(id)
    this.#template.writeEnd(id, this.#order.counts(), tsMs, this.#scratch)
    this.#emit(keyEnd)
    this.#isOpen = false
  }

  #writeKey(id: string): number {
    this.#scratch.clear()
    this.#template.writeKey(id, this.#scratch)
    return this.#scratch.length
  }

  /** By the key's hash, so a transaction's two events share a partition. No headers, as Debezium's. */
  #emit(keyEnd: number): void {
    // A filter among the transforms drops them.
    if (this.#route.isDropped) return
    const {emitter} = this.#options
    const {bytes, length} = this.#scratch
    const lane = this.#lanes[partitionFor(bytes, 0, keyEnd, this.#lanes.length)]!
    const batch = emitter.batch(lane)
    batch.begin(bytes, 0, keyEnd, length - keyEnd, null)
    batch.writer.write(bytes, keyEnd, length)
    batch.end()
    emitter.appended(lane)
  }
}
