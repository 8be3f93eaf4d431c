// Batches in Kafka transactions, one after the other. A transaction begins with the first batch, takes every partition in
// before its first batch leaves for it, and is ended by `commit`, which adds its last batch.
//
// What must hold:
// - T1 What is sent after `cut` belongs to the next transaction: it waits until this one has ended.
// - T2 Batches of one partition keep the order of their sends, over the ends of transactions, too.
// - T3 Once a transaction is lost, nothing more leaves: whoever sends begins again from what was committed last.

import {invariant, TidemarkError} from '../../core/tidemark-error.ts'
import type {ProducerIdentity} from '../../kafka/kafka-cluster.ts'
import {kafkaErrorName} from '../../kafka/kafka-error.ts'
import {
  isFenced,
  TransactionEnded,
  type TopicPartition,
  type TransactionCoordinator,
} from '../../kafka/transaction-coordinator.ts'
import type {RecordBatch} from '../record-batch.ts'
import type {SinkTransactions} from '../sink.ts'
import type {KafkaProducer} from './kafka-producer.ts'

export interface KafkaTransactionsOptions {
  readonly coordinator: Pick<TransactionCoordinator, 'addPartitions' | 'end'>
  readonly producer: Pick<KafkaProducer, 'send' | 'fail' | 'failure'>
  readonly identity: ProducerIdentity
  readonly timeoutMs: number
  /** Milliseconds that pass while the machine sleeps, too. */
  readonly now?: () => number
}

interface Waiting {
  readonly batch: RecordBatch
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** Batches for a partition that is being taken in. */
interface Adding extends TopicPartition {
  readonly batches: Waiting[]
}

/** A transaction this much younger than its time-out has not timed out, whatever the clocks say. */
const YOUNG = 0.9

export class KafkaTransactions implements SinkTransactions {
  onSent: () => void = () => undefined
  readonly #options: KafkaTransactionsOptions
  readonly #now: () => number
  readonly #added = new Set<string>()
  readonly #adding = new Map<string, Adding>()
  /** T1: sent after the cut. */
  #next: Waiting[] = []
  #isCut = false
  #isAdding = false
  #bytes = 0
  #openedAt: number | null = null
  /** The partition that every transaction ends with: taken in together with the first. */
  #last: TopicPartition | null = null

  constructor(options: KafkaTransactionsOptions) {
    this.#options = options
    this.#now = options.now ?? Date.now
  }

  get bytes(): number {
    return this.#bytes
  }

  get isOpen(): boolean {
    return this.#openedAt !== null
  }

  send(batch: RecordBatch): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiting = {batch, resolve, reject}
      if (this.#options.producer.failure !== null) reject(this.#options.producer.failure)
      else if (this.#isCut) this.#next.push(waiting)
      else {
        this.#pass(waiting)
        this.onSent()
      }
    })
  }

  cut(): void {
    const {failure} = this.#options.producer
    if (failure !== null) throw failure
    invariant(!this.#isCut, 'a transaction was cut twice')
    this.#isCut = true
  }

  goOn(): void {
    invariant(this.#isCut, 'a transaction went on that was not cut')
    this.#begin()
  }

  async commit(last: RecordBatch): Promise<void> {
    this.#isCut = true
    this.#last = {topic: last.topic.name, partition: last.partition}
    await new Promise<void>((resolve, reject) => this.#pass({batch: last, resolve, reject}))
    await this.#coordinated(() => this.#options.coordinator.end(this.#options.identity, 'commit'))
    this.#added.clear()
    this.#openedAt = null
    this.#bytes = 0
    this.#begin()
  }

  /** So that consumers need not wait for the time-out. Once nothing is sent any more. */
  async abort(): Promise<void> {
    if (this.#openedAt === null) return
    this.#openedAt = null
    await this.#options.coordinator.end(this.#options.identity, 'abort')
  }

  /** The producer ends with this: either another process has our id, or the transaction has to be done again. */
  lost(code: number): TidemarkError {
    const {identity, timeoutMs} = this.#options
    const id = identity.transactionalId ?? ''
    const ageMs = this.#openedAt === null ? 0 : this.#now() - this.#openedAt
    if (isFenced(code) && ageMs < timeoutMs * YOUNG) return fencedError(id)
    return new TidemarkError(
      TRANSACTION_LOST,
      `the transaction of ${id} is lost: Kafka answered ${kafkaErrorName(code)} after ${(ageMs / 1000).toFixed(1)} s ` +
        `(transaction.timeout.ms=${timeoutMs}); the task begins again from the last committed state`,
    )
  }

  /** What was sent meanwhile leaves now. */
  #begin(): void {
    this.#isCut = false
    const next = this.#next
    this.#next = []
    for (const waiting of next) this.#pass(waiting)
    if (next.length > 0) this.onSent()
  }

  #pass(waiting: Waiting): void {
    const {batch} = waiting
    this.#bytes += batch.byteLength
    const key = `${batch.topic.name} ${batch.partition}`
    if (this.#added.has(key)) {
      this.#produce(waiting)
      return
    }
    const adding = this.#adding.get(key)
    if (adding !== undefined) {
      adding.batches.push(waiting)
      return
    }
    this.#adding.set(key, {topic: batch.topic.name, partition: batch.partition, batches: [waiting]})
    if (this.#isAdding) return
    this.#isAdding = true
    // Whoever sends in the same turn of the loop shares the request.
    queueMicrotask(() => void this.#add())
  }

  #produce({batch, resolve, reject}: Waiting): void {
    this.#options.producer.send(batch).then(resolve, reject)
  }

  /** Never rejects: what goes wrong ends the producer. */
  async #add(): Promise<void> {
    const {coordinator, identity} = this.#options
    try {
      while (this.#adding.size > 0) {
        const partitions: TopicPartition[] = [...this.#adding.values()]
        if (this.#openedAt === null && this.#last !== null) partitions.push(this.#last)
        this.#openedAt ??= this.#now()
        await this.#coordinated(() => coordinator.addPartitions(identity, partitions))
        for (const {topic, partition} of partitions) {
          const key = `${topic} ${partition}`
          this.#added.add(key)
          const adding = this.#adding.get(key)
          this.#adding.delete(key)
          for (const waiting of adding?.batches ?? []) this.#produce(waiting)
        }
      }
    } catch (error) {
      this.#rejectAll(error)
    } finally {
      this.#isAdding = false
    }
  }

  async #coordinated(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      const told = this.#told(error)
      this.#options.producer.fail(told)
      this.#rejectAll(told)
      throw told
    }
  }

  #told(error: unknown): TidemarkError {
    if (error instanceof TransactionEnded) return this.lost(error.code)
    if (error instanceof TidemarkError) return error
    // The sink was closed while it waited.
    return new TidemarkError('TIDEMARK_SINK_CLOSED', 'the Kafka sink was closed', {cause: error})
  }

  /** With the producer: what has not reached it must not wait for ever. */
  fail(error: TidemarkError): void {
    this.#rejectAll(error)
  }

  #rejectAll(error: unknown): void {
    const waiting = [...[...this.#adding.values()].flatMap(({batches}) => batches), ...this.#next]
    this.#adding.clear()
    this.#next = []
    for (const {reject} of waiting) reject(error)
  }
}

export const TRANSACTION_LOST = 'TIDEMARK_KAFKA_TRANSACTION_LOST'

export function fencedError(transactionalId: string): TidemarkError {
  return new TidemarkError(
    'TIDEMARK_KAFKA_FENCED',
    `another process has taken over transactional id ${transactionalId}, so this one must not write any more; ` +
      'run one process for each name, or give this task a name and an offset.storage.topic of its own',
  )
}
