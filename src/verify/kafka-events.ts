// The events of Kafka topics, each partition from its beginning to the end it has now. No consumer group takes part, so
// nothing is left behind on the brokers.

import {setTimeout as sleep} from 'node:timers/promises'
import type {KafkaSinkSettings} from '../config/settings.ts'
import {TidemarkError} from '../core/tidemark-error.ts'
import {COPY_ID} from '../encode/headers.ts'
import {KafkaCluster} from '../kafka/kafka-cluster.ts'
import {connectionProblem, fatalConnectionError} from '../kafka/connection-failure.ts'
import {PartitionRecords, readRecordHeader} from '../kafka/fetch-protocol.ts'
import {throwOf, TopicFetcher} from '../kafka/topic-fetcher.ts'
import type {BufferRange, EventIntake} from './event-intake.ts'

export interface KafkaSource {
  readonly settings: KafkaSinkSettings
  /** What the intake calls them, by name. */
  readonly topics: ReadonlyMap<string, number>
  readonly onProgress: (sentence: string) => void
}

export interface KafkaTarget {
  readonly signal: AbortSignal
  /** The events' taker. The ranges are valid during the call. */
  readonly intake: Pick<EventIntake, 'take' | 'needsCopyId'>
  /** What is worth knowing about a topic beside its events. */
  readonly note: (topic: string, note: string) => void
}

const FETCH_BYTES = 8 * 1024 * 1024
const ATTEMPTS = 8
const RETRY_MS = 500
/** Fetches in a row that bring nothing, though records should be there: compaction has taken the last ones. */
const EMPTY_FETCHES = 3

export async function readKafkaTopics(source: KafkaSource, target: KafkaTarget): Promise<void> {
  const reader = new TopicReader(source.settings, target)
  try {
    for (const [name, topic] of source.topics) {
      source.onProgress(`reading topic ${name}`)
      await reader.read(name, topic)
    }
  } finally {
    reader.close()
  }
}

class TopicReader {
  readonly #settings: KafkaSinkSettings
  readonly #target: KafkaTarget
  readonly #cluster: KafkaCluster
  readonly #key: BufferRange = {bytes: Buffer.alloc(0), start: 0, end: 0}
  readonly #value: BufferRange = {bytes: Buffer.alloc(0), start: 0, end: 0}

  constructor(settings: KafkaSinkSettings, target: KafkaTarget) {
    const quiet = (): void => undefined
    this.#settings = settings
    this.#target = target
    this.#cluster = new KafkaCluster(settings.bootstrapServers, {
      clientId: `${settings.clientId}-verify`,
      security: settings.security,
      requestTimeoutMs: settings.requestTimeoutMs,
      log: {debug: quiet, info: quiet, warn: quiet, error: quiet},
    })
  }

  close(): void {
    this.#cluster.close()
  }

  async read(name: string, topic: number): Promise<void> {
    const fetcher = new TopicFetcher(this.#cluster, name)
    const partitions = await this.#retried(fetcher, `find topic ${name}`, () => fetcher.partitions())
    if (partitions === null) {
      this.#target.note(name, `the topic ${name} does not exist`)
      return
    }
    let begins = 0n
    for (const partition of partitions) {
      const doing = `read the ends of ${name}, partition ${partition}`
      const {start, end} = await this.#retried(fetcher, doing, () => fetcher.bounds(partition))
      if (start > begins) begins = start
      await this.#readPartition(fetcher, {partition, topic}, new PartitionRecords(start, end))
    }
    if (begins > 0n) this.#target.note(name, 'the topic does not begin at offset 0: older events were deleted from it')
  }

  async #readPartition(
    fetcher: TopicFetcher,
    {partition, topic}: {partition: number; topic: number},
    records: PartitionRecords,
  ): Promise<void> {
    const doing = `read ${fetcher.topic}, partition ${partition}`
    const {intake} = this.#target
    const needsCopyId = intake.needsCopyId(topic)
    let empty = 0
    while (!records.isDone && empty < EMPTY_FETCHES) {
      const answer = await this.#retried(fetcher, doing, async () => {
        const [found] = await fetcher.fetch([{partition, offset: records.nextOffset}], FETCH_BYTES)
        throwOf(found!.errorCode, doing)
        return found!
      })
      const batches = records.take(answer, (bytes, record) => {
        const {keyStart, keyEnd, valueStart, valueEnd} = record
        intake.take(
          topic,
          keyStart < 0 ? null : range(this.#key, bytes, keyStart, keyEnd),
          valueStart < 0 ? null : range(this.#value, bytes, valueStart, valueEnd),
          {partition, copyId: needsCopyId ? readRecordHeader(bytes, record, COPY_ID) : null},
        )
      })
      empty = batches === 0 ? empty + 1 : 0
    }
  }

  /** Tries again what may pass: a broker that restarts, a leader that moves. */
  async #retried<T>(fetcher: TopicFetcher, doing: string, work: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      this.#target.signal.throwIfAborted()
      try {
        return await work()
      } catch (error) {
        const brokers = this.#settings.bootstrapServers.join(',')
        const fatal = error instanceof TidemarkError ? error : fatalConnectionError(error, brokers)
        if (fatal !== null) throw fatal
        if (attempt === ATTEMPTS) throw unreachable(doing, brokers, error)
        fetcher.forgetLeaders()
        await sleep(RETRY_MS, undefined, {signal: this.#target.signal})
      }
    }
  }
}

function range(into: BufferRange, bytes: Buffer, start: number, end: number): BufferRange {
  into.bytes = bytes
  into.start = start
  into.end = end
  return into
}

function unreachable(doing: string, brokers: string, cause: unknown): TidemarkError {
  return new TidemarkError(
    'TIDEMARK_VERIFY_KAFKA',
    `cannot ${doing}: ${connectionProblem(cause)} (${ATTEMPTS} tries); check that Kafka at ${brokers} (bootstrap.servers) is up`,
    {cause},
  )
}
