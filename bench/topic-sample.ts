// What of the broker the bench asks: how many events a topic holds, and how long they are.

import {randomUUID} from 'node:crypto'
import kafkajs, {type Admin, type EachBatchPayload, type Kafka, type KafkaMessage} from 'kafkajs'
import lz4 from 'lz4-napi'
import {eventually} from '../tools/servers/eventually.ts'
import {abortable} from './abortable.ts'
import {database} from './bench-database.ts'
import {capturedTables, type RunSetup} from './contender.ts'
import type {EventBytes} from './figures.ts'

const SAMPLE_EVENTS = 2000

export class TopicSampler {
  readonly #kafka: Kafka
  readonly #admin: Admin
  readonly #signal: AbortSignal

  private constructor(kafka: Kafka, admin: Admin, signal: AbortSignal) {
    this.#kafka = kafka
    this.#admin = admin
    this.#signal = signal
  }

  static async connect(bootstrap: string, signal: AbortSignal): Promise<TopicSampler> {
    readLz4()
    const {NOTHING} = kafkajs.logLevel
    const kafka = new kafkajs.Kafka({brokers: [bootstrap], clientId: 'tidemark-bench', logLevel: NOTHING})
    const admin = kafka.admin({retry: {retries: 0}})
    await abortable(admin.connect(), signal)
    return new TopicSampler(kafka, admin, signal)
  }

  /** Events that the topic holds; 0 where there is no such topic (yet). */
  async count(topic: string): Promise<number> {
    const partitions = await this.#partitions(topic)
    return partitions.reduce((sum, {low, high}) => sum + Number(high) - Number(low), 0)
  }

  /** Mean of some events from the middle of the topic's longest partition. */
  async eventBytes(topic: string): Promise<EventBytes> {
    const partitions = await this.#partitions(topic)
    const longest = partitions.sort((a, b) => Number(b.high) - Number(a.high))[0]
    if (longest === undefined) throw new Error(`no topic ${topic}`)
    const {partition} = longest
    const middle = Math.floor((Number(longest.low) + Number(longest.high)) / 2)
    const wanted = Math.min(SAMPLE_EVENTS, Number(longest.high) - middle)
    const messages = await this.#read({topic, partition}, middle, wanted)
    return {
      key: mean(messages, message => message.key?.length ?? 0),
      value: mean(messages, message => message.value?.length ?? 0),
      headers: mean(messages, headerBytes),
    }
  }

  /** Events of several topics together. */
  async countAll(topics: readonly string[]): Promise<number> {
    let sum = 0
    for (const topic of topics) sum += await this.count(topic)
    return sum
  }

  /** The topics of a run's tables and of its signals, equal for every product: one partition, the broker's settings but those named. */
  async create(prefix: string, setup: RunSetup): Promise<void> {
    const {topicConfig = {}} = setup
    const topics = [...capturedTables(setup), 'debezium_signal'].map(table => ({
      topic: `${prefix}.${database}.${table}`,
      numPartitions: 1,
      replicationFactor: 1,
      configEntries: Object.entries(topicConfig[table] ?? {}).map(([name, value]) => ({name, value})),
    }))
    await abortable(this.#admin.createTopics({topics, waitForLeaders: false}), this.#signal)
    const names = topics.map(({topic}) => topic)
    // The broker may not know yet what its controller has made.
    await eventually({what: 'topics to have a leader', timeoutMs: 60_000}, async () => {
      const metadata = await this.#admin.fetchTopicMetadata({topics: names})
      return metadata.topics.every(({partitions}) => partitions.every(({leader}) => leader >= 0)) ? true : undefined
    })
  }

  /** Every topic of the run, also those of tables that are not looked at; that they stay is no failure of the run. */
  async deleteAll(prefix: string): Promise<void> {
    try {
      const topics = (await this.#admin.listTopics()).filter(topic => topic.startsWith(`${prefix}.`))
      if (topics.length > 0) await this.#admin.deleteTopics({topics})
    } catch {
      // The broker is about to be stopped, or the next run has other names.
    }
  }

  async deleteTopic(topic: string): Promise<void> {
    await this.#admin.deleteTopics({topics: [topic]})
  }

  /** Calls back for every event from now on, until the signal aborts; resolves once it listens. */
  async listen(topic: string, onMessage: (message: KafkaMessage) => void, signal: AbortSignal): Promise<void> {
    const consumer = this.#kafka.consumer({groupId: `tidemark-bench-${randomUUID()}`, maxWaitTimeInMs: 1000})
    await abortable(consumer.connect(), this.#signal)
    await consumer.subscribe({topic, fromBeginning: true})
    const joined = new Promise<void>((resolve, reject) => {
      consumer.on(consumer.events.GROUP_JOIN, () => {
        resolve()
      })
      consumer.on(consumer.events.CRASH, ({payload}) => {
        if (!payload.restart) reject(payload.error)
      })
    })
    const eachMessage = async ({message}: {message: KafkaMessage}): Promise<void> => {
      onMessage(message)
      await Promise.resolve()
    }
    await consumer.run({autoCommit: false, eachMessage})
    await abortable(joined, this.#signal)
    const end = (): void => {
      consumer.disconnect().catch(() => undefined)
    }
    if (signal.aborted) end()
    else signal.addEventListener('abort', end, {once: true})
  }

  async close(): Promise<void> {
    await this.#admin.disconnect()
  }

  async #partitions(topic: string): Promise<{partition: number; low: string; high: string}[]> {
    try {
      return await abortable(this.#admin.fetchTopicOffsets(topic), this.#signal)
    } catch (error) {
      if (
        error instanceof Error &&
        /UNKNOWN_TOPIC|does not host this topic/.test(`${errorType(error)} ${error.message}`)
      ) {
        return []
      }
      throw error
    }
  }

  async #read(place: {topic: string; partition: number}, from: number, count: number): Promise<KafkaMessage[]> {
    const {topic, partition} = place
    const messages: KafkaMessage[] = []
    const consumer = this.#kafka.consumer({groupId: `tidemark-bench-${randomUUID()}`})
    try {
      await abortable(consumer.connect(), this.#signal)
      await consumer.subscribe({topic, fromBeginning: true})
      const enough = new Promise<void>((resolve, reject) => {
        consumer.on(consumer.events.CRASH, ({payload}) => {
          if (!payload.restart) reject(payload.error)
        })
        // Again after each start: a broker that has just started refuses the first groups for a moment.
        consumer.on(consumer.events.GROUP_JOIN, () => {
          consumer.seek({topic, partition, offset: String(from)})
        })
        const eachBatch = async ({batch}: EachBatchPayload): Promise<void> => {
          // The group begins at the topic's beginning; the seek takes effect with the next fetch.
          if (batch.partition === partition && Number(batch.lastOffset()) >= from) messages.push(...batch.messages)
          if (messages.length >= count) resolve()
          await Promise.resolve()
        }
        consumer.run({autoCommit: false, eachBatch}).catch(reject)
      })
      await abortable(enough, this.#signal)
    } finally {
      await consumer.disconnect()
    }
    return messages
  }
}

function errorType(error: Error): string {
  return 'type' in error ? String(error.type) : ''
}

function mean(messages: readonly KafkaMessage[], bytes: (message: KafkaMessage) => number): number {
  return messages.reduce((sum, message) => sum + bytes(message), 0) / messages.length
}

function headerBytes(message: KafkaMessage): number {
  return Object.entries(message.headers ?? {}).reduce(
    (sum, [name, value]) => sum + name.length + (value === undefined ? 0 : Buffer.byteLength(String(value))),
    0,
  )
}

/** kafkajs has no lz4 of its own. */
function readLz4(): void {
  const {CompressionTypes, CompressionCodecs} = kafkajs
  CompressionCodecs[CompressionTypes.LZ4] = () => ({
    compress: async ({buffer}: {buffer: Buffer}) => await lz4.compressFrame(buffer),
    decompress: async (buffer: Buffer) => await lz4.decompressFrame(buffer),
  })
}
