// Moves the batches of all partitions to their brokers: one produce request carries what is ready for several partitions,
// a few requests are on the way to each broker, and failures are met as PartitionQueue's rules say.

import {describeError, TidemarkError} from '../../core/tidemark-error.ts'
import type {Compression, RecordBatch} from '../record-batch.ts'
import type {Log} from '../../core/log.ts'
import {backoffMs} from './backoff.ts'
import {CompressionGate} from './compression-gate.ts'
import type {KafkaCluster, ProducerIdentity} from '../../kafka/kafka-cluster.ts'
import {fatalConnectionError} from '../../kafka/connection-failure.ts'
import {
  fatalKafkaError,
  kafkaErrorMeaning,
  kafkaErrorName,
  LEADER_NOT_AVAILABLE,
  NO_ERROR,
  OUT_OF_ORDER_SEQUENCE_NUMBER,
  UNKNOWN_SERVER_ERROR,
  type ErrorMeaning,
} from '../../kafka/kafka-error.ts'
import type {ProduceLink} from '../../kafka/kafkajs-seam.ts'
import {PartitionQueue, type Entry, type Failure} from './partition-queue.ts'
import {decodeProduceResponse, encodeProduceRequest} from './produce-request.ts'
import {compressionError, tooLargeError} from './producer-errors.ts'
import type {TopicCatalog} from './topic-catalog.ts'
import type {WaitReasons} from './wait-reasons.ts'

export interface KafkaProducerOptions {
  readonly cluster: {link(node: number): Promise<ProduceLink>} & Pick<KafkaCluster, 'initProducerId'>
  readonly catalog: Pick<TopicCatalog, 'leader' | 'refresh'>
  readonly identity: ProducerIdentity
  readonly compression: Compression
  readonly maxRequestBytes: number
  /** How long a broker may wait for its replicas. */
  readonly brokerTimeoutMs: number
  /** For messages. */
  readonly brokers: string
  readonly log: Log
  readonly waits: WaitReasons
  /** The error that ends a producer whose transaction is lost; only where the identity is transactional. */
  readonly lost?: (code: number) => TidemarkError
  /** How long to rest after so many failures in a row, from 0. */
  readonly restMs?: (failures: number) => number
}

/** The way to one broker. */
interface Lane {
  readonly node: number
  readonly ready: Set<PartitionQueue>
  link: ProduceLink | null
  requestsInFlight: number
  isPumping: boolean
  isScheduled: boolean
}

interface Flight {
  readonly queue: PartitionQueue
  readonly entry: Entry
}

/** Enough to keep a broker busy; more would only let later batches queue where they cannot be put together any more. */
const MOST_REQUESTS = 5
const LAST_EPOCH = 32_767

export class KafkaProducer {
  readonly #options: KafkaProducerOptions
  readonly #gate: CompressionGate
  readonly #queues = new Map<string, PartitionQueue[]>()
  readonly #lanes = new Map<number, Lane>()
  /** Partitions at rest: what ends the rest, and the node whose connection was lost, if that was it. */
  readonly #resting = new Map<() => void, number | null>()
  readonly #idle: (() => void)[] = []
  #unacknowledged = 0
  #failure: TidemarkError | null = null

  constructor(options: KafkaProducerOptions) {
    this.#options = options
    this.#gate = new CompressionGate(options.compression)
  }

  get failure(): TidemarkError | null {
    return this.#failure
  }

  /** The batch's place among those of its partition is fixed when the call returns. */
  async send(batch: RecordBatch): Promise<void> {
    if (this.#failure !== null) throw this.#failure
    const queue = this.#queue(batch.topic.name, batch.partition)
    const entries: Entry[] = []
    const sent = batch.wires().map(
      wire =>
        new Promise<void>((resolve, reject) => {
          this.#unacknowledged++
          entries.push(
            queue.push(wire, {resolve: () => this.#settled(resolve), reject: e => this.#settled(() => reject(e))}),
          )
        }),
    )
    for (const entry of entries) this.#compress(queue, entry)
    await (sent.length === 1 ? sent[0] : Promise.all(sent))
  }

  /** Resolves when everything sent is acknowledged, or given up by `fail`. */
  async idle(): Promise<void> {
    if (this.#unacknowledged > 0) await new Promise<void>(resolve => this.#idle.push(resolve))
  }

  /** Every batch not acknowledged and every later one rejects. */
  fail(error: TidemarkError): void {
    if (this.#failure !== null) return
    this.#failure = error
    for (const queues of this.#queues.values()) for (const queue of queues) queue?.reject(error)
    for (const wake of this.#resting.keys()) wake()
  }

  #settled(settle: () => void): void {
    settle()
    if (--this.#unacknowledged === 0) for (const idle of this.#idle.splice(0)) idle()
  }

  #compress(queue: PartitionQueue, entry: Entry): void {
    const compressing = this.#gate.compress(entry.batch)
    if (compressing === null) {
      this.#isReady(queue, entry)
      return
    }
    compressing.then(
      () => this.#isReady(queue, entry),
      (error: unknown) => this.fail(compressionError(error)),
    )
  }

  #queue(topic: string, partition: number): PartitionQueue {
    let queues = this.#queues.get(topic)
    if (queues === undefined) {
      queues = []
      this.#queues.set(topic, queues)
    }
    return (queues[partition] ??= new PartitionQueue(topic, partition, this.#options.identity))
  }

  #isReady(queue: PartitionQueue, entry: Entry): void {
    entry.isReady = true
    const bytes = entry.batch.wireBytes
    if (bytes > this.#options.maxRequestBytes) this.fail(tooLargeError(queue, entry, this.#options.maxRequestBytes))
    else this.#wake(queue)
  }

  /** Lets a partition's next batch leave as soon as its broker takes it. */
  #wake(queue: PartitionQueue): void {
    if (this.#failure !== null || queue.peek() === null) return
    // What is in flight to an old leader settles first; a batch must not reach the new one before those in front of it.
    const node = queue.inFlight > 0 ? queue.node : this.#options.catalog.leader(queue.topic, queue.partition)
    if (node === null) {
      queue.failUnsent({code: LEADER_NOT_AVAILABLE})
      void this.#recover(queue)
      return
    }
    const lane = this.#lane(node)
    lane.ready.add(queue)
    if (lane.isScheduled) return
    lane.isScheduled = true
    // Whoever sends in the same turn of the loop travels in the same request.
    queueMicrotask(() => {
      lane.isScheduled = false
      void this.#pump(lane)
    })
  }

  #lane(node: number): Lane {
    let lane = this.#lanes.get(node)
    if (lane === undefined) {
      lane = {node, ready: new Set(), link: null, requestsInFlight: 0, isPumping: false, isScheduled: false}
      this.#lanes.set(node, lane)
    }
    return lane
  }

  /** Never rejects: what goes wrong becomes a failure of the partitions. */
  async #pump(lane: Lane): Promise<void> {
    if (lane.isPumping) return
    lane.isPumping = true
    try {
      while (this.#failure === null && lane.ready.size > 0 && lane.requestsInFlight < MOST_REQUESTS) {
        if (lane.link?.takesRequests !== true) {
          // The old link's requests settle first, so that no partition is in flight on two links.
          if (lane.requestsInFlight > 0) return
          lane.link = await this.#options.cluster.link(lane.node)
        }
        const flights = this.#pick(lane)
        if (flights.length > 0) this.#request(lane, lane.link, flights)
      }
    } catch (error) {
      this.#unreachable(lane, error)
    } finally {
      lane.isPumping = false
    }
  }

  #unreachable(lane: Lane, error: unknown): void {
    const queues = [...lane.ready]
    lane.ready.clear()
    for (const queue of queues) {
      if (queue.peek() === null) continue
      queue.failUnsent({error: error instanceof Error ? error : new Error(String(error))})
      if (queue.inFlight === 0) void this.#recover(queue)
    }
  }

  /** One batch of each partition, as many as fit into a request; whoever has more waits behind the others. */
  #pick(lane: Lane): Flight[] {
    const flights: Flight[] = []
    let bytes = 0
    for (const queue of [...lane.ready]) {
      const entry = queue.peek()
      if (entry === null || (queue.inFlight > 0 && queue.node !== lane.node)) {
        lane.ready.delete(queue)
        continue
      }
      bytes += entry.batch.wireBytes
      if (flights.length > 0 && bytes > this.#options.maxRequestBytes) break
      queue.take(entry, lane.node)
      flights.push({queue, entry})
      lane.ready.delete(queue)
      if (queue.peek() !== null) lane.ready.add(queue)
    }
    return flights
  }

  #request(lane: Lane, link: ProduceLink, flights: readonly Flight[]): void {
    lane.requestsInFlight++
    const {brokerTimeoutMs: timeoutMs, identity} = this.#options
    const transactionalId = identity.transactionalId ?? null
    const batches = flights.map(({queue, entry}) => ({
      topic: queue.topic,
      partition: queue.partition,
      wire: entry.batch.wire(),
    }))
    link
      .produce(connection => encodeProduceRequest({...connection, transactionalId, timeoutMs, batches}))
      .then(payload => decodeProduceResponse(payload, link.produceVersion))
      .then(
        results => {
          lane.requestsInFlight--
          const codes = new Map(results.map(({topic, partition, errorCode}) => [`${topic} ${partition}`, errorCode]))
          for (const {queue, entry} of flights)
            this.#settle(queue, entry, codes.get(`${queue.topic} ${queue.partition}`) ?? UNKNOWN_SERVER_ERROR)
          this.#answered(lane.node)
        },
        (error: unknown) => {
          lane.requestsInFlight--
          const cause = error instanceof Error ? error : new Error(String(error))
          link.destroy(cause)
          for (const {queue, entry} of flights) this.#fail(queue, entry, {error: cause})
        },
      )
      .finally(() => void this.#pump(lane))
  }

  #settle(queue: PartitionQueue, entry: Entry, code: number): void {
    if (code !== NO_ERROR && kafkaErrorMeaning(code) !== 'appended') {
      this.#fail(queue, entry, {code})
      return
    }
    queue.acknowledge(entry)
    this.#options.waits.clear(waitKey(queue))
    if (queue.state === 'sending') this.#wake(queue)
    else if (queue.state === 'settling' && queue.inFlight === 0) void this.#recover(queue)
  }

  #fail(queue: PartitionQueue, entry: Entry, failure: Failure): void {
    if (this.#failure !== null) return
    queue.fail(entry, failure)
    if (queue.inFlight === 0) void this.#recover(queue)
  }

  /** A broker answers again: whoever waits for a connection to it need not wait longer. */
  #answered(node: number): void {
    for (const [wake, waitsFor] of this.#resting) if (waitsFor === node) wake()
  }

  /** Everything of the partition is settled: find out what the failure means, wait, go on. Never rejects. */
  async #recover(queue: PartitionQueue): Promise<void> {
    const first = queue.firstFailure
    queue.state = 'resting'
    if (first !== null) {
      const meaning = this.#meaning(first.failure, queue.failures)
      if (meaning === 'lost' && 'code' in first.failure && this.#options.lost !== undefined) {
        this.fail(this.#options.lost(first.failure.code))
        return
      }
      if (meaning === 'fatal' || meaning === 'lost') {
        this.fail(this.#fatalError(queue, first.entry, first.failure))
        return
      }
      queue.failures++
      const reason = failureText(first.failure)
      this.#options.waits.set(waitKey(queue), `${waitKey(queue)}: ${reason}`)
      this.#options.log.debug(
        {topic: queue.topic, partition: queue.partition, failures: queue.failures, reason},
        'batch is sent again',
      )
      await this.#rest(queue, first.failure)
      await this.#prepare(queue, meaning)
    }
    if (this.#failure !== null) return
    queue.resume()
    this.#wake(queue)
  }

  // Within a transaction nothing is renumbered: it is given up as a whole, and begun again from what was committed.
  #meaning(failure: Failure, failures: number): ErrorMeaning {
    if ('code' in failure) {
      const meaning = kafkaErrorMeaning(failure.code)
      if (meaning !== 'sequence' || this.#options.lost === undefined) return meaning
      return failure.code === OUT_OF_ORDER_SEQUENCE_NUMBER && failures === 0 ? 'retry' : 'lost'
    }
    return fatalConnectionError(failure.error, this.#options.brokers) === null ? 'refresh' : 'fatal'
  }

  #rest(queue: PartitionQueue, failure: Failure): Promise<void> {
    const {restMs = backoffMs} = this.#options
    return new Promise(resolve => {
      const wake = () => {
        clearTimeout(timer)
        this.#resting.delete(wake)
        resolve()
      }
      const timer = setTimeout(wake, restMs(queue.failures - 1))
      this.#resting.set(wake, 'error' in failure ? this.#options.catalog.leader(queue.topic, queue.partition) : null)
    })
  }

  async #prepare(queue: PartitionQueue, meaning: ErrorMeaning): Promise<void> {
    try {
      if (meaning === 'refresh') await this.#options.catalog.refresh()
      // Twice in a row with nothing else on the way: see PartitionQueue.renumber.
      if (meaning === 'sequence' && queue.failures >= 2) await this.#renumber(queue)
    } catch (error) {
      const fatal = error instanceof TidemarkError ? error : fatalConnectionError(error, this.#options.brokers)
      if (fatal !== null) this.fail(fatal)
      // Else the next try fails in the same way, says so, and waits longer.
    }
  }

  /**
   * The broker's memory of this producer does not fit ours: its log has lost acknowledged batches (an unclean leader
   * election), or, with brokers before Kafka 2.5, it has forgotten the producer. Later brokers take any sequence number
   * from a producer that they do not know any more, so an expired producer id does not even come here.
   */
  async #renumber(queue: PartitionQueue): Promise<void> {
    const {producerId, epoch} = queue.producer
    const next = epoch < LAST_EPOCH ? {producerId, epoch: epoch + 1} : await this.#options.cluster.initProducerId()
    this.#options.log.warn(
      {topic: queue.topic, partition: queue.partition, epoch: next.epoch},
      'Kafka has lost track of this producer; acknowledged events may be missing from the log after an unclean leader election',
    )
    queue.renumber(next)
  }

  #fatalError(queue: PartitionQueue, entry: Entry, failure: Failure): TidemarkError {
    if (!('code' in failure)) {
      return (
        fatalConnectionError(failure.error, this.#options.brokers) ??
        fatalKafkaError(UNKNOWN_SERVER_ERROR, 'cannot reach Kafka')
      )
    }
    if (kafkaErrorName(failure.code) === 'MESSAGE_TOO_LARGE') return tooLargeError(queue, entry, null)
    return fatalKafkaError(failure.code, `cannot write to topic ${queue.topic} partition ${queue.partition}`)
  }
}

function waitKey(queue: PartitionQueue): string {
  return `topic ${queue.topic} partition ${queue.partition}`
}

function failureText(failure: Failure): string {
  if ('code' in failure) return `Kafka answered ${kafkaErrorName(failure.code)}`
  return describeError(failure.error).message
}
