// The batches of one partition on their way, and their sequence numbers. No I/O and no clock: KafkaProducer moves them.
//
// What must hold:
// - P1 A batch gets its place (its sequence numbers) in the order of the `push` calls and keeps it.
// - P2 After a failure nothing new leaves until everything in flight is settled; then it goes on, in order, with the
//   first batch that is not acknowledged and with the same bytes. So the broker, which takes a known producer's batches
//   only in sequence, ends up with each exactly once, whatever became of the earlier copies.
// - P3 A partition that may not know the producer takes any sequence number, the second batch's as well as the first's:
//   a new partition whose leader refuses the first batch because it is not ready would put the second before it. So a
//   batch travels alone until one is acknowledged: at the start, after a failure, and after a quiet minute, because
//   brokers forget a producer that they do not hear of for producer.id.expiration.ms (a day, unless set).
// - P4 A batch is never given up, except together with the whole sink.
//
// The limit: where a batch was appended, its answer was lost and the broker stays away until it has forgotten the
// producer, the up to five batches then in flight may come twice, as after a crash.

import {invariant, type TidemarkError} from '../../core/tidemark-error.ts'
import type {WireBatch} from '../record-batch.ts'
import type {ProducerIdentity} from '../../kafka/kafka-cluster.ts'

/** The broker remembers the last five batches of a producer for each partition; a repeated one further back is not recognized. */
export const MOST_IN_FLIGHT = 5

const QUIET_MS = 60_000

/** An error code in Kafka's answer, or what became of the connection. */
export type Failure = {readonly code: number} | {readonly error: Error}

export interface Entry {
  readonly batch: WireBatch
  /** False until compressed. */
  isReady: boolean
  isAcknowledged: boolean
  failure: Failure | null
  baseSequence: number
  stampedBy: ProducerIdentity | null
  readonly resolve: () => void
  readonly reject: (error: TidemarkError) => void
}

export class PartitionQueue {
  readonly topic: string
  readonly partition: number
  /** `sending`; `settling` from a failure until nothing is in flight; `resting` until `resume`. */
  state: 'sending' | 'settling' | 'resting' = 'sending'
  inFlight = 0
  /** Failures since the last acknowledgement. */
  failures = 0
  /** The node of what is in flight. */
  node: number | null = null
  #producer: ProducerIdentity
  #nextSequence = 0
  /** Not acknowledged, or behind one that is not. */
  readonly #entries: Entry[] = []
  /** Index of the next entry to send. */
  #next = 0
  /** P3: when the partition last acknowledged a batch, in the clock's milliseconds; null from a failure to the next one. */
  #knownAt: number | null = null
  readonly #clock: () => number

  constructor(topic: string, partition: number, producer: ProducerIdentity, clock = () => performance.now()) {
    this.topic = topic
    this.partition = partition
    this.#producer = producer
    this.#clock = clock
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0
  }

  get producer(): ProducerIdentity {
    return this.#producer
  }

  /** The batch leaves once `isReady` is set on its entry. */
  push(batch: WireBatch, settle: Pick<Entry, 'resolve' | 'reject'>): Entry {
    const entry: Entry = {
      batch,
      isReady: false,
      isAcknowledged: false,
      failure: null,
      baseSequence: this.#nextSequence,
      stampedBy: null,
      ...settle,
    }
    this.#nextSequence = sequenceAfter(this.#nextSequence, batch.count)
    if (this.isEmpty && this.#knownAt !== null && this.#clock() - this.#knownAt > QUIET_MS) this.#knownAt = null
    this.#entries.push(entry)
    return entry
  }

  /** The entry that may leave now, or null. */
  peek(): Entry | null {
    if (this.state !== 'sending' || this.inFlight >= (this.#knownAt === null ? 1 : MOST_IN_FLIGHT)) return null
    while (this.#entries[this.#next]?.isAcknowledged === true) this.#next++
    const entry = this.#entries[this.#next]
    return entry?.isReady === true ? entry : null
  }

  /** Takes what `peek` gave; its bytes are final from here on. */
  take(entry: Entry, node: number): void {
    invariant(this.#entries[this.#next] === entry && this.state === 'sending', 'a batch left out of turn')
    if (entry.stampedBy !== this.#producer) {
      const {producerId, epoch, transactionalId} = this.#producer
      const isTransactional = transactionalId !== undefined
      entry.batch.stamp({producerId, producerEpoch: epoch, baseSequence: entry.baseSequence, isTransactional})
      entry.stampedBy = this.#producer
    }
    entry.failure = null
    this.#next++
    this.inFlight++
    this.node = node
  }

  /** The broker has it. Batches resolve in their order. */
  acknowledge(entry: Entry): void {
    this.inFlight--
    this.failures = 0
    entry.isAcknowledged = true
    if (this.state === 'sending') this.#knownAt = this.#clock()
    for (let head = this.#entries[0]; head?.isAcknowledged === true; head = this.#entries[0]) {
      this.#entries.shift()
      this.#next = Math.max(0, this.#next - 1)
      head.batch.release()
      head.resolve()
    }
  }

  fail(entry: Entry, failure: Failure): void {
    this.inFlight--
    entry.failure = failure
    this.state = 'settling'
    this.#knownAt = null
  }

  /** Nothing could even be sent: no leader, no connection. */
  failUnsent(failure: Failure): void {
    const entry = this.#entries.find(e => !e.isAcknowledged)
    if (entry === undefined) return
    entry.failure = failure
    this.state = 'settling'
  }

  /** The failure of the first batch not acknowledged; later ones mostly follow from it. Null where all arrived after all. */
  get firstFailure(): {readonly entry: Entry; readonly failure: Failure} | null {
    const entry = this.#entries.find(e => !e.isAcknowledged)
    return entry?.failure == null ? null : {entry, failure: entry.failure}
  }

  /** P2. Only with nothing in flight. */
  resume(): void {
    invariant(this.inFlight === 0, 'a partition went on with batches in flight')
    this.state = 'sending'
    this.#next = 0
  }

  /**
   * Gives everything from the first batch not acknowledged new sequence numbers from 0 under another producer epoch or id.
   *
   * Only where the broker has refused that one as out of sequence while nothing was in flight: it then has not appended
   * it (it would have recognized it, being at most five back). A later one it has appended only if it lost track of the
   * producer in between, as when the topic was deleted and created again: that one goes out again behind those that it
   * overtook, so that the newest event of a key is the last. Copies that a cut connection may have left in the broker's
   * queue carry the old epoch and are refused.
   */
  renumber(producer: ProducerIdentity): void {
    invariant(this.inFlight === 0, 'a partition was renumbered with batches in flight')
    this.#producer = producer
    let sequence = 0
    for (const entry of this.#entries) {
      entry.isAcknowledged = false
      entry.baseSequence = sequence
      sequence = sequenceAfter(sequence, entry.batch.count)
    }
    this.#nextSequence = sequence
  }

  /** Gives up everything. */
  reject(error: TidemarkError): void {
    for (const entry of this.#entries.splice(0)) entry.reject(error)
    this.#next = 0
    this.state = 'resting'
  }
}

/** Sequence numbers are 31 bits and begin again at 0. */
function sequenceAfter(sequence: number, count: number): number {
  return (sequence + count) % 2 ** 31
}
