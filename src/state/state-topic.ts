// The compacted topic of stored states: made with the right settings, refused with others, read to its end.
// A task's records are in one partition, by the hash of its name, so that several tasks may share a topic.

import {setTimeout as delay} from 'node:timers/promises'
import type {KafkaSinkSettings} from '../config/settings.ts'
import type {Log} from '../core/log.ts'
import {describeError, TidemarkError} from '../core/tidemark-error.ts'
import {partitionFor} from '../encode/partitioner.ts'
import {fatalConnectionError} from '../kafka/connection-failure.ts'
import {KafkaCluster} from '../kafka/kafka-cluster.ts'
import {
  fatalKafkaError,
  kafkaErrorMeaning,
  kafkaErrorName,
  NO_ERROR,
  TOPIC_ALREADY_EXISTS,
} from '../kafka/kafka-error.ts'
import {latestRecords} from '../kafka/latest-records.ts'
import {TopicFetcher} from '../kafka/topic-fetcher.ts'

export interface StateTopicOptions {
  readonly topic: string
  readonly kafka: KafkaSinkSettings
  /** Whose records count. */
  readonly keys: readonly string[]
  /** Decides the partition. */
  readonly name: string
  readonly log: Log
  /** Ends every wait. */
  readonly signal: AbortSignal
}

/** Small segments, cleaned early: a start reads what is not cleaned yet. */
const TOPIC_SETTINGS = {
  'cleanup.policy': 'compact',
  'segment.bytes': String(16 * 1024 * 1024),
  'min.cleanable.dirty.ratio': '0.1',
  'max.compaction.lag.ms': String(60 * 60 * 1000),
}
const RETRY_MS = 200
const LONGEST_RETRY_MS = 5000
const WARN_AFTER = 10

export class StateTopic {
  readonly #options: StateTopicOptions
  readonly #brokers: string

  constructor(options: StateTopicOptions) {
    this.#options = options
    this.#brokers = options.kafka.bootstrapServers.join(',')
  }

  /** The partition of our records. The topic is created where it is missing; waits while no broker answers. */
  async prepare(): Promise<number> {
    return await this.#patiently(async cluster => {
      const {topic, name, log} = this.#options
      const fetcher = new TopicFetcher(cluster, topic)
      let partitions = await fetcher.partitions()
      if (partitions === null) {
        // -1: as the brokers are set up.
        const created = {name: topic, partitions: 1, replicationFactor: -1, configEntries: TOPIC_SETTINGS}
        const code = (await cluster.createTopics([created])).get(topic) ?? NO_ERROR
        if (code === NO_ERROR) log.info({topic, ...TOPIC_SETTINGS}, 'topic for the state created')
        else if (code !== TOPIC_ALREADY_EXISTS) {
          if (kafkaErrorMeaning(code) === 'fatal') throw fatalKafkaError(code, `cannot create topic ${topic}`)
          throw new Error(kafkaErrorName(code))
        }
        partitions = await fetcher.partitions()
        if (partitions === null) throw new Error(`topic ${topic} is not there yet`)
      }
      await this.#assertCompacted(cluster)
      return partitionOf(name, partitions.length)
    })
  }

  /** The last value of each of our keys; what was committed before the call is in it. */
  async read(): Promise<ReadonlyMap<string, string>> {
    return await this.#patiently(async cluster => {
      const {topic, name, keys, signal} = this.#options
      const fetcher = new TopicFetcher(cluster, topic)
      const partitions = await fetcher.partitions()
      if (partitions === null) return new Map<string, string>()
      const partition = partitionOf(name, partitions.length)
      return await latestRecords(fetcher, {partitions: [partition], wants: key => keys.includes(key), signal})
    })
  }

  async #assertCompacted(cluster: KafkaCluster): Promise<void> {
    const {topic} = this.#options
    const policy = (await cluster.topicSetting([topic], 'cleanup.policy')).get(topic)
    if (policy === undefined || policy === 'compact') return
    throw new TidemarkError(
      'TIDEMARK_STATE_TOPIC_NOT_COMPACTED',
      `topic ${topic} of offset.storage.topic: found cleanup.policy=${policy}, wanted compact, else the state is deleted ` +
        `with time; run: kafka-configs --alter --entity-type topics --entity-name ${topic} --add-config cleanup.policy=compact`,
      {kind: 'prerequisite'},
    )
  }

  /** On connections of its own, again and again while the brokers are away. */
  async #patiently<T>(work: (cluster: KafkaCluster) => Promise<T>): Promise<T> {
    const {kafka, log, signal} = this.#options
    const cluster = new KafkaCluster(kafka.bootstrapServers, {
      ...{clientId: kafka.clientId, security: kafka.security, requestTimeoutMs: kafka.requestTimeoutMs, log},
    })
    const close = (): void => cluster.close()
    signal.addEventListener('abort', close, {once: true})
    try {
      for (let attempt = 0; ; attempt++) {
        try {
          return await work(cluster)
        } catch (error) {
          const fatal = error instanceof TidemarkError ? error : fatalConnectionError(error, this.#brokers)
          if (fatal !== null) throw fatal
          signal.throwIfAborted()
          const {message} = describeError(error)
          const level = attempt >= WARN_AFTER ? 'warn' : 'info'
          log[level](
            {topic: this.#options.topic, reason: message},
            'the topic of the state cannot be used, trying again',
          )
          await delay(Math.min(LONGEST_RETRY_MS, RETRY_MS * 2 ** attempt), undefined, {signal})
        }
      }
    } finally {
      signal.removeEventListener('abort', close)
      close()
    }
  }
}

function partitionOf(name: string, partitions: number): number {
  const key = Buffer.from(name)
  return partitionFor(key, 0, key.length, partitions)
}
