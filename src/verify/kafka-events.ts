// The events of Kafka topics, each partition from its beginning to the end it has now. No consumer group takes part, so
// nothing is left behind on the brokers.

import {setTimeout as sleep} from 'node:timers/promises'
import type {KafkaSinkSettings} from '../config/settings.ts'
import {describeError, TidemarkError} from '../core/tidemark-error.ts'
import {KafkaCluster, type TopicMetadata} from '../kafka/kafka-cluster.ts'
import {
  NO_ERROR,
  UNKNOWN_TOPIC_OR_PARTITION,
  fatalConnectionError,
  fatalKafkaError,
  kafkaErrorMeaning,
  kafkaErrorName,
} from '../kafka/kafka-error.ts'
import type {BufferRange} from './event-intake.ts'
import {decodeFetchAnswer, encodeFetchRequest, PartitionRecords, type FetchAnswer} from '../kafka/fetch-protocol.ts'

export interface KafkaSource {
  readonly settings: KafkaSinkSettings
  /** Index of a table by its topic. */
  readonly tables: ReadonlyMap<string, number>
  readonly onProgress: (sentence: string) => void
}

export interface KafkaTarget {
  readonly signal: AbortSignal
  /** The ranges are valid during the call. */
  readonly take: (table: number, key: BufferRange | null, value: BufferRange | null) => void
  /** What is worth knowing about a topic beside its events. */
  readonly note: (topic: string, note: string) => void
}

const FETCH_BYTES = 8 * 1024 * 1024
const EARLIEST = '-2'
const LATEST = '-1'
const READ_COMMITTED = 1
const ATTEMPTS = 8
const RETRY_MS = 500
/** Fetches in a row that bring nothing, though records should be there: compaction has taken the last ones. */
const EMPTY_FETCHES = 3

export async function readKafkaTopics(source: KafkaSource, target: KafkaTarget): Promise<void> {
  const reader = new TopicReader(source.settings, target)
  try {
    for (const [topic, table] of source.tables) {
      source.onProgress(`reading topic ${topic}`)
      await reader.read(topic, table)
    }
  } finally {
    reader.close()
  }
}

interface Bounds {
  readonly start: bigint
  readonly end: bigint
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

  async read(topic: string, table: number): Promise<void> {
    const metadata = await this.#retried(`find topic ${topic}`, () => this.#metadata(topic))
    if (metadata.errorCode === UNKNOWN_TOPIC_OR_PARTITION) {
      this.#target.note(topic, `the topic ${topic} does not exist`)
      return
    }
    let begins = 0n
    for (const {id} of metadata.partitions) {
      const {start, end} = await this.#retried(`read the ends of ${topic}, partition ${id}`, () =>
        this.#bounds(topic, id),
      )
      if (start > begins) begins = start
      await this.#readPartition({topic, partition: id, table}, new PartitionRecords(start, end))
    }
    if (begins > 0n) this.#target.note(topic, 'the topic does not begin at offset 0: older events were deleted from it')
  }

  async #readPartition(
    place: {topic: string; partition: number; table: number},
    records: PartitionRecords,
  ): Promise<void> {
    const {topic, partition, table} = place
    let empty = 0
    while (!records.isDone && empty < EMPTY_FETCHES) {
      const answer = await this.#retried(`read ${topic}, partition ${partition}`, () =>
        this.#fetch(topic, partition, records.nextOffset),
      )
      const batches = records.take(answer, (bytes, {keyStart, keyEnd, valueStart, valueEnd}) => {
        this.#target.take(
          table,
          keyStart < 0 ? null : range(this.#key, bytes, keyStart, keyEnd),
          valueStart < 0 ? null : range(this.#value, bytes, valueStart, valueEnd),
        )
      })
      empty = batches === 0 ? empty + 1 : 0
    }
  }

  async #metadata(topic: string): Promise<TopicMetadata> {
    const [metadata] = await this.#cluster.metadata([topic], false)
    if (metadata === undefined) throw new Error('the broker does not answer for the topic')
    if (metadata.errorCode !== UNKNOWN_TOPIC_OR_PARTITION) throwOf(metadata.errorCode, `find topic ${topic}`)
    return metadata
  }

  async #bounds(topic: string, partition: number): Promise<Bounds> {
    const link = await this.#leader(topic, partition)
    const offset = async (timestamp: string): Promise<bigint> => {
      const answer = (await link.call('ListOffsets', {
        replicaId: -1,
        isolationLevel: READ_COMMITTED,
        topics: [{topic, partitions: [{partition, timestamp}]}],
      })) as ListOffsetsAnswer
      const found = answer.responses[0]!.partitions[0]!
      throwOf(found.errorCode, `read the ends of ${topic}, partition ${partition}`)
      return BigInt(found.offset)
    }
    return {start: await offset(EARLIEST), end: await offset(LATEST)}
  }

  async #fetch(topic: string, partition: number, offset: bigint): Promise<FetchAnswer> {
    const link = await this.#leader(topic, partition)
    const payload = await link.fetch(({correlationId, clientId}) => [
      encodeFetchRequest({correlationId, clientId, topic, partition, offset, maxBytes: FETCH_BYTES}),
    ])
    const answer = decodeFetchAnswer(payload)
    throwOf(answer.errorCode, `read ${topic}, partition ${partition}`)
    return answer
  }

  async #leader(topic: string, partition: number) {
    const leader = this.#leaders.get(`${topic}:${partition}`) ?? (await this.#findLeader(topic, partition))
    return await this.#cluster.link(leader)
  }

  readonly #leaders = new Map<string, number>()

  async #findLeader(topic: string, partition: number): Promise<number> {
    const {partitions} = await this.#metadata(topic)
    for (const {id, leader} of partitions) this.#leaders.set(`${topic}:${id}`, leader)
    const leader = this.#leaders.get(`${topic}:${partition}`)
    if (leader === undefined || leader < 0) throw new Error(`partition ${partition} of ${topic} has no leader now`)
    return leader
  }

  /** Tries again what may pass: a broker that restarts, a leader that moves. */
  async #retried<T>(doing: string, work: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      this.#target.signal.throwIfAborted()
      try {
        return await work()
      } catch (error) {
        const brokers = this.#settings.bootstrapServers.join(',')
        const fatal = error instanceof TidemarkError ? error : fatalConnectionError(error, brokers)
        if (fatal !== null) throw fatal
        if (attempt === ATTEMPTS) throw unreachable(doing, brokers, error)
        this.#leaders.clear()
        await sleep(RETRY_MS, undefined, {signal: this.#target.signal})
      }
    }
  }
}

interface ListOffsetsAnswer {
  readonly responses: readonly {
    readonly partitions: readonly {readonly errorCode: number; readonly offset: string}[]
  }[]
}

function range(into: BufferRange, bytes: Buffer, start: number, end: number): BufferRange {
  into.bytes = bytes
  into.start = start
  into.end = end
  return into
}

function throwOf(code: number, doing: string): void {
  if (code === NO_ERROR) return
  if (kafkaErrorMeaning(code) === 'fatal') throw fatalKafkaError(code, `cannot ${doing}`)
  throw new Error(kafkaErrorName(code))
}

function unreachable(doing: string, brokers: string, cause: unknown): TidemarkError {
  return new TidemarkError(
    'TIDEMARK_VERIFY_KAFKA',
    `cannot ${doing}: ${describeError(cause).message} (${ATTEMPTS} tries); check that Kafka at ${brokers} (bootstrap.servers) is up`,
    {cause},
  )
}
