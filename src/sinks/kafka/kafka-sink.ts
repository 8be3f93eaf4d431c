// Events to Kafka: idempotent, acks=all, in order; batches of our own over kafkajs's connections.

import {setTimeout as delay} from 'node:timers/promises'
import type {KafkaSinkSettings} from '../../config/settings.ts'
import {invariant, TidemarkError} from '../../core/tidemark-error.ts'
import {RecordBatch, WRITABLE_COMPRESSIONS, type Compression} from '../record-batch.ts'
import type {EventBatch, Sink, SinkStatus, SinkTopic} from '../sink.ts'
import type {Log} from '../../core/log.ts'
import {WriterPool} from '../writer-pool.ts'
import {backoffMs} from './backoff.ts'
import {KafkaCluster, type ProducerIdentity} from '../../kafka/kafka-cluster.ts'
import {connectionProblem, fatalConnectionError} from '../../kafka/connection-failure.ts'
import {TransactionCoordinator} from '../../kafka/transaction-coordinator.ts'
import {KafkaProducer} from './kafka-producer.ts'
import {KafkaTransactions} from './kafka-transactions.ts'
import type {LinkSettings} from '../../kafka/kafkajs-seam.ts'
import {TopicCatalog, type KnownTopic} from './topic-catalog.ts'
import {WaitReasons} from './wait-reasons.ts'

/** Under load a request costs the same whatever it holds; above this, little is gained and a consumer's fetch grows. */
const BATCH_BYTES = 768 * 1024
const SNAPSHOT_BYTES_PER_BROKER = 512 * 1024
const OPEN_KEY = 'open'
const TRANSACTION_KEY = 'transaction'
/** A close does not wait longer for the coordinator; it aborts by itself in the end. */
const ABORT_PATIENCE_MS = 2000

export interface KafkaSinkOptions {
  readonly settings: KafkaSinkSettings
  readonly log: Log
  readonly route?: LinkSettings['route']
  /** Of the keys that say how to connect, where they are not the sink's own. */
  readonly keyPrefix?: string
}

export class KafkaSink implements Sink {
  readonly type = 'kafka'
  readonly #settings: KafkaSinkSettings
  readonly #compression: Compression
  readonly #brokers: string
  readonly #keyPrefix: string
  readonly #log: Log
  readonly #waits: WaitReasons
  readonly #cluster: KafkaCluster
  readonly #catalog: TopicCatalog
  readonly #topics = new Map<string, Promise<KafkaTopic>>()
  readonly #pool = new WriterPool(BATCH_BYTES + 64 * 1024)
  readonly #stopped = new AbortController()
  readonly #coordinator: TransactionCoordinator | null
  #producer: KafkaProducer | null = null
  #transactions: KafkaTransactions | null = null
  #closing: Promise<void> | null = null

  /** Throws TIDEMARK_CONFIG_INVALID for a compression that cannot be written. */
  constructor({settings, log, route, keyPrefix = ''}: KafkaSinkOptions) {
    const {bootstrapServers, clientId, security, requestTimeoutMs, topicCreation} = settings
    this.#settings = settings
    this.#compression = writableCompression(settings.compression)
    this.#brokers = bootstrapServers.join(',')
    this.#keyPrefix = keyPrefix
    this.#log = log
    this.#waits = new WaitReasons(log)
    this.#cluster = new KafkaCluster(bootstrapServers, {
      clientId,
      security,
      requestTimeoutMs,
      log,
      ...(route === undefined ? {} : {route}),
    })
    this.#catalog = new TopicCatalog({
      cluster: this.#cluster,
      creation: topicCreation,
      brokers: this.#brokers,
      log,
      waits: this.#waits,
      signal: this.#stopped.signal,
    })
    this.#coordinator = this.#createCoordinator()
  }

  get transactions(): KafkaTransactions | null {
    return this.#transactions
  }

  get snapshotBytesInFlight(): number {
    return SNAPSHOT_BYTES_PER_BROKER * Math.max(1, this.#cluster.brokerCount)
  }

  /** May be called twice, one after the other. Waits while no broker answers, until `signal`; rejects at once for a login or certificate that is refused. */
  async open(signal: AbortSignal): Promise<void> {
    if (this.#producer !== null) return
    const {maxRequestBytes, requestTimeoutMs} = this.#settings
    const identity = await this.#identify(signal)
    this.#producer = new KafkaProducer({
      cluster: this.#cluster,
      catalog: this.#catalog,
      identity,
      compression: this.#compression,
      maxRequestBytes,
      // Shorter than our own patience, so that a broker that waits for its replicas can still say so.
      brokerTimeoutMs: Math.round(requestTimeoutMs * 0.8),
      brokers: this.#brokers,
      log: this.#log,
      waits: this.#waits,
      ...(this.#coordinator === null ? {} : {lost: (code: number) => this.#lost(code)}),
    })
    const {transaction} = this.#settings
    if (this.#coordinator === null || transaction == null) return
    const {timeoutMs} = transaction
    const producer = this.#producer
    this.#transactions = new KafkaTransactions({coordinator: this.#coordinator, producer, identity, timeoutMs})
  }

  topic(name: string): Promise<SinkTopic> {
    let topic = this.#topics.get(name)
    if (topic === undefined) {
      topic = this.#catalog.topic(name).then(known => new KafkaTopic(known, this.#settings.maxRequestBytes, this.#pool))
      this.#topics.set(name, topic)
      // A failure is told to whoever asked; the next who asks tries again.
      topic.catch(() => this.#topics.delete(name))
    }
    return topic
  }

  async send(batch: EventBatch): Promise<void> {
    invariant(batch instanceof RecordBatch, 'a batch of another sink was sent to Kafka')
    if (this.#producer === null || this.#closing !== null) throw closedError()
    await (this.#transactions ?? this.#producer).send(batch)
  }

  sync(): Promise<void> {
    const failure = this.#producer?.failure ?? null
    return failure === null ? Promise.resolve() : Promise.reject(failure)
  }

  status(): SinkStatus {
    const failure = this.#producer?.failure ?? null
    if (this.#closing !== null) return {state: 'closed'}
    if (failure !== null) return {state: 'closed', reason: failure.message}
    const reason = this.#waits.first
    if (reason !== null) return {state: 'waiting', reason}
    return {state: this.#producer === null ? 'closed' : 'open'}
  }

  close(signal?: AbortSignal): Promise<void> {
    this.#closing ??= this.#close(signal)
    return this.#closing
  }

  async #close(signal?: AbortSignal): Promise<void> {
    const producer = this.#producer
    if (producer !== null) {
      const giveUp = () => producer.fail(closedError())
      if (signal?.aborted === true) giveUp()
      signal?.addEventListener('abort', giveUp, {once: true})
      await producer.idle()
      signal?.removeEventListener('abort', giveUp)
      producer.fail(closedError())
      await this.#abort()
    }
    this.#stopped.abort()
    this.#cluster.close()
  }

  #lost(code: number): TidemarkError {
    const error = this.#transactions?.lost(code) ?? closedError()
    this.#transactions?.fail(error)
    return error
  }

  #createCoordinator(): TransactionCoordinator | null {
    const {transaction} = this.#settings
    if (transaction == null) return null
    return new TransactionCoordinator({
      cluster: this.#cluster,
      transactionalId: transaction.id,
      timeoutMs: transaction.timeoutMs,
      brokers: this.#brokers,
      onWait: reason => {
        if (reason === null) this.#waits.clear(TRANSACTION_KEY)
        else this.#waits.set(TRANSACTION_KEY, reason)
      },
      restMs: backoffMs,
      signal: this.#stopped.signal,
    })
  }

  async #abort(): Promise<void> {
    const patience = delay(ABORT_PATIENCE_MS, undefined, {ref: false, signal: this.#stopped.signal})
    await Promise.race([this.#transactions?.abort(), patience]).catch(() => undefined)
  }

  async #newIdentity(signal: AbortSignal): Promise<ProducerIdentity> {
    if (this.#coordinator === null) return await this.#cluster.initProducerId()
    // The coordinator waits by itself; where the operator does not, it must not either.
    const stopped = new Promise<never>((_, reject) => {
      const stop = (): void => reject(new Error('stopped while the coordinator did not answer'))
      if (signal.aborted) stop()
      signal.addEventListener('abort', stop, {once: true})
    })
    return await Promise.race([this.#coordinator.init(), stopped])
  }

  async #identify(signal: AbortSignal): Promise<ProducerIdentity> {
    const patience = AbortSignal.any([signal, this.#stopped.signal])
    for (let attempt = 0; ; attempt++) {
      try {
        const identity = await this.#newIdentity(patience)
        this.#waits.clear(OPEN_KEY)
        return identity
      } catch (error) {
        const fatal =
          error instanceof TidemarkError ? error : fatalConnectionError(error, this.#brokers, this.#keyPrefix)
        if (fatal !== null) throw fatal
        const reason = `no broker of ${this.#brokers} answers: ${connectionProblem(error, this.#keyPrefix)}`
        this.#waits.set(OPEN_KEY, reason)
        await delay(backoffMs(attempt), undefined, {signal: patience}).catch(() => {
          throw new TidemarkError(
            'TIDEMARK_KAFKA_UNREACHABLE',
            `${reason}; start the brokers, or mend bootstrap.servers and security.protocol`,
            {cause: error},
          )
        })
      }
    }
  }
}

class KafkaTopic implements SinkTopic {
  readonly name: string
  readonly partitions: number
  readonly batchBytes: number
  readonly #mostBytes: number
  readonly #pool: WriterPool

  constructor({name, partitions, maxMessageBytes}: KnownTopic, maxRequestBytes: number, pool: WriterPool) {
    this.name = name
    this.partitions = partitions
    this.#mostBytes = Math.min(maxRequestBytes, maxMessageBytes ?? maxRequestBytes)
    this.batchBytes = Math.min(BATCH_BYTES, this.#mostBytes)
    this.#pool = pool
  }

  newBatch(partition: number): RecordBatch {
    invariant(partition >= 0 && partition < this.partitions, `topic ${this.name} has no partition ${partition}`)
    return new RecordBatch({topic: this, partition, mostBytes: this.#mostBytes, pool: this.#pool})
  }
}

function writableCompression(wanted: KafkaSinkSettings['compression']): Compression {
  const writable = WRITABLE_COMPRESSIONS.find(compression => compression === wanted)
  if (writable !== undefined) return writable
  throw new TidemarkError(
    'TIDEMARK_CONFIG_INVALID',
    `producer.override.compression.type: found ${wanted}, which Tidemark does not write; wanted one of ${WRITABLE_COMPRESSIONS.join(', ')} (lz4 is the fastest)`,
    {kind: 'configuration'},
  )
}

function closedError(): TidemarkError {
  return new TidemarkError('TIDEMARK_SINK_CLOSED', 'the Kafka sink is not open')
}
