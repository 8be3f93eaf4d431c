// Topics and the leaders of their partitions; makes topics that are missing, as Connect's topic.creation.* says.

import {setTimeout as delay} from 'node:timers/promises'
import type {TopicCreation} from '../../config/settings.ts'
import {describeError, TidemarkError} from '../../core/tidemark-error.ts'
import type {Log} from '../../core/log.ts'
import {backoffMs} from './backoff.ts'
import type {KafkaCluster, NewTopic, TopicMetadata} from '../../kafka/kafka-cluster.ts'
import {fatalConnectionError} from '../../kafka/connection-failure.ts'
import {
  fatalKafkaError,
  kafkaErrorMeaning,
  kafkaErrorName,
  NO_ERROR,
  TOPIC_ALREADY_EXISTS,
  UNKNOWN_TOPIC_OR_PARTITION,
} from '../../kafka/kafka-error.ts'
import type {WaitReasons} from './wait-reasons.ts'

export interface KnownTopic {
  readonly name: string
  readonly partitions: number
  /** Of the topic; null where we may not ask. */
  readonly maxMessageBytes: number | null
}

export interface TopicCatalogOptions {
  readonly cluster: KafkaCluster
  readonly creation: TopicCreation
  /** For messages. */
  readonly brokers: string
  readonly log: Log
  readonly waits: WaitReasons
  /** Ends every wait. */
  readonly signal: AbortSignal
}

interface Wanted {
  readonly promise: Promise<KnownTopic>
  readonly resolve: (topic: KnownTopic) => void
  readonly reject: (error: unknown) => void
}

/** With topic creation left to the broker: how often to look before it is clear that it does not create topics. */
const AUTO_CREATE_LOOKS = 8
const WAIT_KEY = 'topics'

export class TopicCatalog {
  readonly #options: TopicCatalogOptions
  readonly #leaders = new Map<string, number[]>()
  readonly #wanted = new Map<string, Wanted>()
  #resolving: Promise<void> | null = null
  #refreshing: Promise<void> | null = null

  constructor(options: TopicCatalogOptions) {
    this.#options = options
  }

  /** The node that takes writes for the partition, as last heard; null where there is none. */
  leader(topic: string, partition: number): number | null {
    const leader = this.#leaders.get(topic)?.[partition]
    return leader === undefined || leader < 0 ? null : leader
  }

  /**
   * The topic, created where it is missing. Topics asked for before the next turn of the loop share one request.
   * Waits while no broker answers; rejects for what an operator must mend.
   */
  topic(name: string): Promise<KnownTopic> {
    const asked = this.#wanted.get(name)
    if (asked !== undefined) return asked.promise
    const wanted = promiseParts()
    this.#wanted.set(name, wanted)
    this.#resolving ??= this.#resolveAll()
    return wanted.promise
  }

  /** Asks for the leaders of all topics in use. Callers at the same time share one request. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = null
    })
    return this.#refreshing
  }

  async #refresh(): Promise<void> {
    const names = [...this.#leaders.keys()]
    if (names.length === 0) return
    const topics = await this.#options.cluster.metadata(names, false)
    // A topic that is gone keeps its last leader: the broker's answer to a batch then names the reason.
    for (const topic of topics) if (topic.errorCode === NO_ERROR) this.#note(topic)
  }

  #note(topic: TopicMetadata): void {
    const leaders: number[] = []
    for (const {id, leader} of topic.partitions) leaders[id] = leader
    this.#leaders.set(topic.name, leaders)
  }

  async #resolveAll(): Promise<void> {
    // Gives everybody who asks in this turn of the loop a place in the same request.
    await new Promise(resolve => setImmediate(resolve))
    const created = new Set<string>()
    for (let attempt = 0; this.#wanted.size > 0; attempt++) {
      try {
        await this.#resolveSome(created, attempt)
        this.#options.waits.clear(WAIT_KEY)
      } catch (error) {
        const fatal = error instanceof TidemarkError ? error : fatalConnectionError(error, this.#options.brokers)
        if (fatal !== null) {
          this.#rejectAll(fatal)
          break
        }
        this.#options.waits.set(
          WAIT_KEY,
          `no metadata from Kafka (${this.#options.brokers}): ${describeError(error).message}`,
        )
      }
      if (this.#wanted.size === 0) break
      try {
        await delay(created.size > 0 && attempt < 20 ? 20 : backoffMs(attempt), undefined, {
          signal: this.#options.signal,
        })
      } catch {
        this.#rejectAll(new TidemarkError('TIDEMARK_SINK_CLOSED', 'the Kafka sink was closed'))
      }
    }
    this.#options.waits.clear(WAIT_KEY)
    this.#resolving = null
  }

  /** One round: settles the topics that can be settled now, asks for those that are missing to be created. */
  async #resolveSome(created: Set<string>, attempt: number): Promise<void> {
    const {cluster, creation} = this.#options
    const topics = await cluster.metadata([...this.#wanted.keys()], !creation.enabled)
    const missing: string[] = []
    const complete: TopicMetadata[] = []
    for (const topic of topics) {
      if (topic.errorCode === UNKNOWN_TOPIC_OR_PARTITION) missing.push(topic.name)
      else if (kafkaErrorMeaning(topic.errorCode) === 'fatal' && topic.errorCode !== NO_ERROR) {
        this.#reject(topic.name, fatalKafkaError(topic.errorCode, `cannot use topic ${topic.name}`))
      } else if (topic.errorCode === NO_ERROR && topic.partitions.every(partition => partition.leader >= 0))
        complete.push(topic)
    }
    await this.#accept(complete)
    if (!creation.enabled) {
      if (attempt + 1 >= AUTO_CREATE_LOOKS) for (const name of missing) this.#reject(name, missingTopicError(name))
      return
    }
    const toCreate = missing.filter(name => !created.has(name))
    if (toCreate.length > 0) await this.#create(toCreate, created)
  }

  async #accept(topics: readonly TopicMetadata[]): Promise<void> {
    if (topics.length === 0) return
    const limits = await this.#options.cluster.maxMessageBytes(topics.map(topic => topic.name))
    for (const topic of topics) {
      this.#note(topic)
      const {name, partitions} = topic
      this.#take(name)?.resolve({name, partitions: partitions.length, maxMessageBytes: limits.get(name) ?? null})
    }
  }

  async #create(names: readonly string[], created: Set<string>): Promise<void> {
    const topics = names.map(name => newTopic(name, this.#options.creation))
    const codes = await this.#options.cluster.createTopics(topics)
    for (const topic of topics) {
      const code = codes.get(topic.name) ?? NO_ERROR
      if (code === NO_ERROR) {
        created.add(topic.name)
        const {name, partitions, replicationFactor, configEntries} = topic
        this.#options.log.info({topic: name, partitions, replicationFactor, configEntries}, 'topic created')
      } else if (code === TOPIC_ALREADY_EXISTS) {
        created.add(topic.name)
      } else if (kafkaErrorMeaning(code) === 'fatal') {
        this.#reject(topic.name, fatalKafkaError(code, `cannot create topic ${topic.name}`))
      } else {
        // Asked for again in the next round.
        this.#options.log.info({topic: topic.name, error: kafkaErrorName(code)}, 'topic not created yet')
      }
    }
  }

  #take(name: string): Wanted | undefined {
    const wanted = this.#wanted.get(name)
    this.#wanted.delete(name)
    return wanted
  }

  #reject(name: string, error: TidemarkError): void {
    this.#take(name)?.reject(error)
  }

  #rejectAll(error: TidemarkError): void {
    for (const name of [...this.#wanted.keys()]) this.#reject(name, error)
  }
}

/** The first group that matches, else the group `default`, else one partition and the broker's replication factor. */
export function newTopic(name: string, creation: TopicCreation): NewTopic {
  const group =
    creation.groups.find(
      g =>
        g.name !== 'default' &&
        g.include.some(pattern => pattern.test(name)) &&
        !g.exclude.some(pattern => pattern.test(name)),
    ) ?? creation.groups.find(g => g.name === 'default')
  if (group === undefined) return {name, partitions: 1, replicationFactor: -1, configEntries: {}}
  const {partitions, replicationFactor, configEntries} = group
  return {name, partitions, replicationFactor, configEntries}
}

function missingTopicError(name: string): TidemarkError {
  return new TidemarkError(
    'TIDEMARK_KAFKA_TOPIC_MISSING',
    `topic ${name} does not exist, topic.creation.enable is false and the brokers do not create topics by themselves; ` +
      `create it: kafka-topics --create --topic ${name}`,
    {kind: 'prerequisite'},
  )
}

function promiseParts(): Wanted {
  let resolve: Wanted['resolve'] = () => {}
  let reject: Wanted['reject'] = () => {}
  const promise = new Promise<KnownTopic>((yes, no) => {
    resolve = yes
    reject = no
  })
  return {promise, resolve, reject}
}
