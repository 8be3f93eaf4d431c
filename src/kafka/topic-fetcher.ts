// Reads the partitions of one topic without a consumer group: finds their leaders and asks each for what comes next.
// Nothing is left behind on the brokers.

import {describeError} from '../core/tidemark-error.ts'
import {decodeFetchAnswer, encodeFetchRequest} from './fetch-protocol.ts'
import type {FetchAnswer, FetchFrom} from './fetch-protocol.ts'
import type {KafkaCluster} from './kafka-cluster.ts'
import {
  NO_ERROR,
  UNKNOWN_TOPIC_OR_PARTITION,
  fatalKafkaError,
  kafkaErrorMeaning,
  kafkaErrorName,
} from './kafka-error.ts'

/** Offsets of the first record kept and behind the last one that may be read. */
export interface PartitionBounds {
  readonly start: bigint
  readonly end: bigint
}

const EARLIEST = '-2'
const LATEST = '-1'
const READ_COMMITTED = 1
const READ_UNCOMMITTED = 0

export class TopicFetcher {
  readonly topic: string
  readonly #cluster: KafkaCluster
  readonly #leaders = new Map<number, number>()

  constructor(cluster: KafkaCluster, topic: string) {
    this.#cluster = cluster
    this.topic = topic
  }

  /** The partitions' ids; null where the topic does not exist. With `autoCreate` the broker may create it then, as it is set up. */
  async partitions({autoCreate = false} = {}): Promise<readonly number[] | null> {
    const [metadata] = await this.#cluster.metadata([this.topic], autoCreate)
    if (metadata === undefined) throw new Error('the broker does not answer for the topic')
    if (metadata.errorCode === UNKNOWN_TOPIC_OR_PARTITION) return null
    throwOf(metadata.errorCode, `find topic ${this.topic}`)
    this.#leaders.clear()
    for (const {id, leader} of metadata.partitions) this.#leaders.set(id, leader)
    return metadata.partitions.map(({id}) => id).sort((a, b) => a - b)
  }

  /**
   * With `open` the end is that of the log, behind transactions that are still open; `fetch` gives no record behind the
   * first of those until it has ended.
   */
  async bounds(partition: number, {open = false} = {}): Promise<PartitionBounds> {
    const link = await this.#cluster.link(await this.#leader(partition))
    const offset = async (timestamp: string): Promise<bigint> => {
      const answer = (await link.call('ListOffsets', {
        replicaId: -1,
        isolationLevel: open ? READ_UNCOMMITTED : READ_COMMITTED,
        topics: [{topic: this.topic, partitions: [{partition, timestamp}]}],
      })) as ListOffsetsAnswer
      const found = answer.responses[0]!.partitions[0]!
      throwOf(found.errorCode, `read the ends of ${this.topic}, partition ${partition}`)
      return BigInt(found.offset)
    }
    return {start: await offset(EARLIEST), end: await offset(LATEST)}
  }

  /**
   * What comes next of each partition, or nothing after half a second. Answers may hold error codes. Rejects only where
   * no leader could be asked; of several, those that answer count, and the rest comes with the next call.
   */
  async fetch(from: readonly FetchFrom[], maxBytes: number): Promise<FetchAnswer[]> {
    const byLeader = new Map<number, FetchFrom[]>()
    for (const place of from) {
      const leader = await this.#leader(place.partition)
      byLeader.set(leader, [...(byLeader.get(leader) ?? []), place])
    }
    const asked = await Promise.allSettled(
      [...byLeader].map(([leader, partitions]) => this.#fetchFrom(leader, partitions, maxBytes)),
    )
    const answers = asked.flatMap(result => (result.status === 'fulfilled' ? result.value : []))
    const failed = asked.find(result => result.status === 'rejected')
    if (failed !== undefined) this.forgetLeaders()
    if (failed !== undefined && answers.length === 0) throw asError(failed.reason)
    return answers
  }

  /** After an error: leaders may have moved. */
  forgetLeaders(): void {
    this.#leaders.clear()
  }

  async #fetchFrom(leader: number, partitions: readonly FetchFrom[], maxBytes: number): Promise<FetchAnswer[]> {
    const link = await this.#cluster.link(leader)
    const payload = await link.fetch(({correlationId, clientId}) => [
      encodeFetchRequest({correlationId, clientId, topic: this.topic, partitions, maxBytes}),
    ])
    return decodeFetchAnswer(payload)
  }

  async #leader(partition: number): Promise<number> {
    if (!this.#leaders.has(partition)) await this.partitions()
    const leader = this.#leaders.get(partition)
    if (leader !== undefined && leader >= 0) return leader
    this.#leaders.clear()
    throw new Error(`partition ${partition} of ${this.topic} has no leader now`)
  }
}

/** Throws for an error code: a TidemarkError that an operator must mend, or an error that passes. `doing`: "read topic t". */
export function throwOf(code: number, doing: string): void {
  if (code === NO_ERROR) return
  if (kafkaErrorMeaning(code) === 'fatal') throw fatalKafkaError(code, `cannot ${doing}`)
  throw new Error(kafkaErrorName(code))
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(describeError(reason).message)
}

interface ListOffsetsAnswer {
  readonly responses: readonly {
    readonly partitions: readonly {readonly errorCode: number; readonly offset: string}[]
  }[]
}
