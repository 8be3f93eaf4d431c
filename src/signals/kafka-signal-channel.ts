// Signals from a Kafka topic. All partitions are read, without a consumer group: the offset of the last signal taken is
// part of the stored state, together with what was taken and not yet acted on, so that each is acted on once (I6). Only a first
// start looks at a group: at Debezium's, whose signals are not to be acted on once more.

import type {KafkaSignalSettings} from '../config/settings.ts'
import type {Log} from '../core/log.ts'
import {describeError, TidemarkError} from '../core/tidemark-error.ts'
import {PartitionRecords} from '../kafka/fetch-protocol.ts'
import type {FetchAnswer} from '../kafka/fetch-protocol.ts'
import {committedOffsets} from '../kafka/committed-offsets.ts'
import {KafkaCluster} from '../kafka/kafka-cluster.ts'
import {connectionProblem, fatalConnectionError, SIGNAL_KEYS} from '../kafka/connection-failure.ts'
import {OFFSET_OUT_OF_RANGE} from '../kafka/kafka-error.ts'
import {throwOf, TopicFetcher} from '../kafka/topic-fetcher.ts'
import {kafkaSignalRecord} from './kafka-signal-record.ts'
import type {SignalChannelStatus} from './signal-channel.ts'
import type {SignalRecord} from './signal.ts'

/** Where reading goes on: the next offset of each partition, as decimal text. */
export interface KafkaSignalOffsets {
  readonly topic: string
  readonly next: Readonly<Record<string, string>>
}

export interface KafkaSignalChannelOptions {
  readonly settings: KafkaSignalSettings
  /** Records with another key are not for us. */
  readonly topicPrefix: string
  readonly stored: KafkaSignalOffsets | null
  /** Takes a signal in; synchronous, so that it and its offset are stored together. */
  readonly take: (record: SignalRecord) => void
  /** Characters of the signals taken that were not yet acted on. */
  readonly waiting: () => number
  readonly delay: (ms: number, signal: AbortSignal) => Promise<void>
  readonly log: Log
}

const FETCH_BYTES = 1024 * 1024
const NO_END = 2n ** 63n - 1n
/** Characters that may wait to be acted on before the topic waits (I5); one more fetch may come on top. */
const MOST_WAITING = 256 * 1024
const WAIT_MS = 100
/** New partitions are looked for this often. */
const METADATA_AGE_MS = 30_000
const RETRY_MS = 250
const LONGEST_RETRY_MS = 5_000
/** Tries before the first warning, and between two of them, about a minute. */
const WARN_FIRST = 4
const WARN_EVERY = 12

export class KafkaSignalChannel {
  readonly #options: KafkaSignalChannelOptions
  readonly #next = new Map<number, bigint>()
  readonly #cluster: KafkaCluster
  readonly #fetcher: TopicFetcher
  #readers = new Map<number, PartitionRecords>()
  #lookedAt = -Infinity
  #opened = false
  #status: SignalChannelStatus

  constructor(options: KafkaSignalChannelOptions) {
    const {settings, stored, log} = options
    this.#options = options
    this.#status = {channel: 'kafka', topic: settings.topic, state: 'starting'}
    // Offsets of another topic say nothing of this one.
    if (stored?.topic === settings.topic) {
      for (const [partition, next] of Object.entries(stored.next)) this.#next.set(Number(partition), BigInt(next))
    }
    this.#cluster = new KafkaCluster(settings.bootstrapServers, {
      clientId: settings.clientId,
      security: settings.security,
      requestTimeoutMs: settings.requestTimeoutMs,
      log,
    })
    this.#fetcher = new TopicFetcher(this.#cluster, settings.topic)
  }

  /** For the stored state: behind the last signal taken. */
  get offsets(): KafkaSignalOffsets {
    const next = Object.fromEntries([...this.#next].map(([partition, offset]) => [String(partition), String(offset)]))
    return {topic: this.#options.settings.topic, next}
  }

  get status(): SignalChannelStatus {
    return this.#status
  }

  /** Reads until the signal aborts. Rejects with what an operator must mend where it has never worked; later it tries again. */
  async run(signal: AbortSignal): Promise<void> {
    const close = (): void => this.#cluster.close()
    signal.addEventListener('abort', close, {once: true})
    try {
      for (let attempt = 0; !signal.aborted;) {
        try {
          await this.#round(signal)
          attempt = 0
        } catch (error) {
          if (isAborted(signal)) return
          await this.#waitOut(error, attempt++, signal)
        }
      }
    } finally {
      signal.removeEventListener('abort', close)
      close()
    }
  }

  async #round(signal: AbortSignal): Promise<void> {
    const {waiting, delay} = this.#options
    if (waiting() >= MOST_WAITING) {
      await delay(WAIT_MS, signal)
      return
    }
    if (performance.now() - this.#lookedAt >= METADATA_AGE_MS) await this.#look()
    const from = [...this.#readers].map(([partition, {nextOffset}]) => ({partition, offset: nextOffset}))
    const answers = await this.#fetcher.fetch(from, FETCH_BYTES)
    for (const answer of answers) await this.#takeAnswer(answer)
    this.#isOpen()
  }

  /** Finds the partitions, and where to begin with those that are new to us. */
  async #look(): Promise<void> {
    const {settings} = this.#options
    // As a Java consumer: the broker may create the topic, where it is set up to.
    const partitions = await this.#fetcher.partitions({autoCreate: true})
    if (partitions === null) throw new Error(`topic ${settings.topic} does not exist yet`)
    if (partitions.length === 0) throw new Error(`topic ${settings.topic} has no partition yet`)
    // A partition that is added to a topic that we follow is read from its beginning: nothing of it was ever seen.
    const first = this.#next.size === 0
    const committed = first ? await this.#committed(partitions) : new Map<number, bigint>()
    for (const partition of partitions) {
      if (this.#readers.has(partition)) continue
      if (!this.#next.has(partition)) {
        await this.#begin(partition, first ? settings.startFrom : 'earliest', committed.get(partition))
      }
      this.#readers.set(partition, new PartitionRecords(this.#next.get(partition)!, NO_END))
    }
    this.#lookedAt = performance.now()
  }

  /** What the consumer group of Debezium's channel has read: the connector before us has acted on that. */
  async #committed(partitions: readonly number[]): Promise<Map<number, bigint>> {
    const {settings, log} = this.#options
    const {topic, groupId} = settings
    try {
      const committed = await committedOffsets(this.#cluster, groupId, {topic, partitions})
      if (committed.size > 0) {
        const next = Object.fromEntries([...committed].map(([partition, offset]) => [partition, String(offset)]))
        log.info({topic, groupId, next}, 'signals that this consumer group has read are passed')
      }
      return committed
    } catch (error) {
      if (!(error instanceof TidemarkError)) throw error
      log.warn(
        {topic, groupId, reason: error.message, startFrom: settings.startFrom},
        'cannot ask what the consumer group has read of the signal topic, old signals may be acted on',
      )
      return new Map()
    }
  }

  async #begin(partition: number, where: 'earliest' | 'latest', committed?: bigint): Promise<void> {
    const {start, end} = await this.#fetcher.bounds(partition)
    const isThere = committed !== undefined && committed >= start && committed <= end
    this.#next.set(partition, isThere ? committed : where === 'earliest' ? start : end)
  }

  async #takeAnswer(answer: FetchAnswer): Promise<void> {
    const {settings, log} = this.#options
    const {partition, errorCode} = answer
    if (errorCode === OFFSET_OUT_OF_RANGE) {
      const from = this.#next.get(partition)
      await this.#begin(partition, settings.startFrom)
      const next = this.#next.get(partition)!
      this.#readers.set(partition, new PartitionRecords(next, NO_END))
      log.warn(
        {topic: settings.topic, partition, wanted: String(from), goesOnAt: String(next)},
        'signals were deleted from the signal topic before they could be read, or the topic was created anew',
      )
      return
    }
    throwOf(errorCode, `read the signal topic ${settings.topic}, partition ${partition}`)
    this.#takeRecords(this.#readers.get(partition)!, answer)
  }

  #takeRecords(reader: PartitionRecords, answer: FetchAnswer): void {
    const {settings, take} = this.#options
    const {partition} = answer
    const from = reader.nextOffset
    try {
      reader.take(answer, (bytes, place, baseOffset) => {
        const text = (start: number, end: number): string | null =>
          start < 0 ? null : bytes.toString('utf8', start, end)
        const offset = baseOffset + BigInt(place.offsetDelta)
        this.#takeRecord({
          ...{topic: settings.topic, partition, offset},
          key: text(place.keyStart, place.keyEnd),
          value: text(place.valueStart, place.valueEnd),
        })
      })
    } catch (error) {
      // A batch that cannot be read, say for its compression, is answered and passed like any broken record.
      const occurrence = `${settings.topic}-${partition}-${from}`
      const broken = describeError(error).message
      take({id: occurrence, type: '', data: null, channel: 'kafka', occurrence, broken})
      if (reader.nextOffset === from) reader.nextOffset = from + 1n
    }
    this.#next.set(partition, reader.nextOffset)
  }

  #takeRecord(record: Parameters<typeof kafkaSignalRecord>[0]): void {
    const {take, topicPrefix, log} = this.#options
    const {topic, partition, offset, key} = record
    const signal = kafkaSignalRecord(record, topicPrefix)
    if (signal === null)
      log.debug({topic, partition, offset: String(offset), key}, 'signal for another connector, passed')
    else take(signal)
    this.#next.set(partition, offset + 1n)
  }

  #isOpen(): void {
    const {settings, log} = this.#options
    if (this.#status.state === 'open') return
    this.#opened = true
    this.#status = {channel: 'kafka', topic: settings.topic, state: 'open'}
    log.info({...this.offsets}, 'reading signals from the signal topic')
  }

  async #waitOut(error: unknown, attempt: number, signal: AbortSignal): Promise<void> {
    const {settings, log, delay} = this.#options
    const brokers = settings.bootstrapServers.join(',')
    const fatal = error instanceof TidemarkError ? error : fatalConnectionError(error, brokers, SIGNAL_KEYS)
    if (fatal !== null && !this.#opened) throw fatal
    this.#fetcher.forgetLeaders()
    this.#lookedAt = -Infinity
    const reason = connectionProblem(fatal ?? error, SIGNAL_KEYS)
    const retryInMs = Math.min(LONGEST_RETRY_MS, RETRY_MS * 2 ** attempt)
    this.#status = {channel: 'kafka', topic: settings.topic, state: 'waiting', reason}
    const fields = {topic: settings.topic, brokers, reason, retryInMs}
    if (attempt === 0) log.info(fields, 'cannot read the signal topic, will try again')
    else if (attempt % WARN_EVERY === WARN_FIRST) log.warn(fields, 'still cannot read the signal topic')
    await delay(retryInMs, signal)
  }
}

function isAborted(signal: AbortSignal): boolean {
  return signal.aborted
}
