// The brokers as one thing to ask: finds a broker that answers, keeps one link to each, knows nothing of batches.

import {TidemarkError} from '../core/tidemark-error.ts'
import {BrokerLink, type BrokerAddress, type LinkSettings} from './kafkajs-seam.ts'
import {NO_ERROR, fatalKafkaError, kafkaErrorMeaning, kafkaErrorName} from './kafka-error.ts'

export interface PartitionMetadata {
  readonly id: number
  /** Node id, or -1 where there is none now. */
  readonly leader: number
}

export interface TopicMetadata {
  readonly name: string
  readonly errorCode: number
  readonly partitions: readonly PartitionMetadata[]
}

export interface NewTopic {
  readonly name: string
  /** -1: the broker's default, here and below. */
  readonly partitions: number
  readonly replicationFactor: number
  readonly configEntries: Readonly<Record<string, string>>
}

export interface ProducerIdentity {
  readonly producerId: bigint
  readonly epoch: number
  /** Of a producer whose batches are parts of transactions. */
  readonly transactionalId?: string
}

export interface Coordinator {
  readonly node: number
  readonly address: BrokerAddress
}

interface Slot {
  link: BrokerLink | null
  connecting: Promise<BrokerLink> | null
}

const TOPIC_RESOURCE = 2
const GROUP_COORDINATOR = 0
const TRANSACTION_COORDINATOR = 1
const CREATE_TIMEOUT_MS = 30_000
/** Brokers want one even where there is no transaction. */
const TRANSACTION_TIMEOUT_MS = 60_000

export class KafkaCluster {
  readonly #bootstrap: readonly BrokerAddress[]
  readonly #settings: LinkSettings
  readonly #slots = new Map<string, Slot>()
  readonly #nodes = new Map<number, BrokerAddress>()
  #controllerId = -1
  #clusterId: string | null = null
  #closed = false

  constructor(bootstrapServers: readonly string[], settings: LinkSettings) {
    this.#bootstrap = bootstrapServers.map(parseAddress)
    this.#settings = settings
  }

  /** Brokers known from metadata; 0 before the first. */
  get brokerCount(): number {
    return this.#nodes.size
  }

  /** Of the last metadata; null before the first, and where the brokers have none. */
  get clusterId(): string | null {
    return this.#clusterId
  }

  /** A link that takes requests now. Rejects where the broker is away, or unknown to the last metadata. */
  async link(nodeId: number): Promise<BrokerLink> {
    const address = this.#nodes.get(nodeId)
    if (address === undefined) throw new Error(`broker ${nodeId} is not in the cluster's metadata`)
    return await this.#connect(address, nodeId)
  }

  /** What one broker knows of these topics; an unknown one has the error code UNKNOWN_TOPIC_OR_PARTITION. */
  async metadata(topics: readonly string[], autoCreate: boolean): Promise<TopicMetadata[]> {
    const answer = (await this.#callAny('Metadata', {
      topics: [...topics],
      allowAutoTopicCreation: autoCreate,
    })) as MetadataAnswer
    this.#nodes.clear()
    for (const {nodeId, host, port} of answer.brokers) this.#nodes.set(nodeId, {host, port})
    this.#controllerId = answer.controllerId
    this.#clusterId = answer.clusterId ?? null
    return answer.topicMetadata.map(topic => ({
      name: topic.topic,
      errorCode: topic.topicErrorCode,
      partitions: topic.partitionMetadata.map(({partitionId, leader}) => ({id: partitionId, leader})),
    }))
  }

  /** A new producer id. Rejects with a fatal TidemarkError where idempotent writing is not allowed. */
  async initProducerId(): Promise<ProducerIdentity> {
    const parameters = {transactionalId: null, transactionTimeout: TRANSACTION_TIMEOUT_MS}
    const answer = (await this.#callAny('InitProducerId', parameters)) as InitProducerIdAnswer
    throwOf(answer.errorCode, 'cannot get a producer id')
    return {producerId: BigInt(answer.producerId), epoch: answer.producerEpoch}
  }

  /** The broker that coordinates the transactions of this id. */
  async transactionCoordinator(transactionalId: string): Promise<Coordinator> {
    return await this.#coordinator(transactionalId, TRANSACTION_COORDINATOR, 'transactional id')
  }

  /** The broker that coordinates this consumer group. */
  async groupCoordinator(groupId: string): Promise<Coordinator> {
    return await this.#coordinator(groupId, GROUP_COORDINATOR, 'consumer group')
  }

  async #coordinator(id: string, coordinatorType: number, what: string): Promise<Coordinator> {
    const parameters = {groupId: id, coordinatorType}
    const answer = (await this.#callAny('GroupCoordinator', parameters)) as FindCoordinatorAnswer
    throwOf(answer.errorCode, `cannot find the coordinator of ${what} ${id}`)
    const {nodeId, host, port} = answer.coordinator
    return {node: nodeId, address: {host, port}}
  }

  /** Asks one broker; error codes stand in the answer. */
  async ask(
    {node, address}: Coordinator,
    api: Parameters<BrokerLink['call']>[0],
    parameters: object,
  ): Promise<unknown> {
    return await this.#call(await this.#connect(address, node), api, parameters)
  }

  /** Creates topics in one request; gives the error code of each. */
  async createTopics(topics: readonly NewTopic[]): Promise<Map<string, number>> {
    const parameters = {
      topics: topics.map(topic => ({
        topic: topic.name,
        numPartitions: topic.partitions,
        replicationFactor: topic.replicationFactor,
        configEntries: Object.entries(topic.configEntries).map(([name, value]) => ({name, value})),
      })),
      timeout: CREATE_TIMEOUT_MS,
    }
    // Without KRaft only the controller takes it; with KRaft any broker passes it on.
    const controller = this.#nodes.get(this.#controllerId)
    const link = controller === undefined ? await this.#any() : await this.#connect(controller, this.#controllerId)
    const answer = (await this.#call(link, 'CreateTopics', parameters)) as CreateTopicsAnswer
    return new Map(answer.topicErrors.map(({topic, errorCode}) => [topic, errorCode]))
  }

  /** max.message.bytes of each topic; without an entry where we may not ask. */
  async maxMessageBytes(topics: readonly string[]): Promise<Map<string, number>> {
    const found = new Map<string, number>()
    for (const [topic, text] of await this.topicSetting(topics, 'max.message.bytes')) {
      const value = Number(text)
      if (Number.isSafeInteger(value) && value > 0) found.set(topic, value)
    }
    return found
  }

  /** One setting of each topic; without an entry where we may not ask. */
  async topicSetting(topics: readonly string[], setting: string): Promise<Map<string, string>> {
    const resources = topics.map(name => ({type: TOPIC_RESOURCE, name, configNames: [setting]}))
    const answer = (await this.#callAny('DescribeConfigs', {
      resources,
      includeSynonyms: false,
    })) as DescribeConfigsAnswer
    const found = new Map<string, string>()
    for (const {errorCode, resourceName, configEntries} of answer.resources) {
      const value = configEntries.find(entry => entry.configName === setting)?.configValue
      if (errorCode === NO_ERROR && typeof value === 'string') found.set(resourceName, value)
    }
    return found
  }

  /** Ends all links; what is in flight rejects. */
  close(): void {
    this.#closed = true
    for (const slot of this.#slots.values()) slot.link?.destroy(closedError())
  }

  async #callAny(api: Parameters<BrokerLink['call']>[0], parameters: object): Promise<unknown> {
    return await this.#call(await this.#any(), api, parameters)
  }

  async #call(link: BrokerLink, api: Parameters<BrokerLink['call']>[0], parameters: object): Promise<unknown> {
    try {
      return await link.call(api, parameters)
    } catch (error) {
      // Whatever it was (a time-out, a cut connection, an answer that cannot be read): ask the next one on a fresh link.
      link.destroy(error instanceof Error ? error : new Error(String(error)))
      throw error
    }
  }

  /** A link that is there, else the first broker that answers. */
  async #any(): Promise<BrokerLink> {
    for (const {link} of this.#slots.values()) if (link?.takesRequests === true) return link
    const addresses = new Map(
      [...this.#nodes.values(), ...this.#bootstrap].map(address => [addressKey(address), address]),
    )
    let failure: unknown = new Error('bootstrap.servers is empty')
    for (const address of addresses.values()) {
      try {
        return await this.#connect(address, null)
      } catch (error) {
        failure = error
      }
    }
    throw failure
  }

  async #connect(address: BrokerAddress, nodeId: number | null): Promise<BrokerLink> {
    const key = addressKey(address)
    const slot = this.#slots.get(key) ?? {link: null, connecting: null}
    this.#slots.set(key, slot)
    if (slot.link?.takesRequests === true) return slot.link
    slot.connecting ??= this.#reconnect(slot, address, nodeId).finally(() => {
      slot.connecting = null
    })
    return await slot.connecting
  }

  async #reconnect(slot: Slot, address: BrokerAddress, nodeId: number | null): Promise<BrokerLink> {
    slot.link?.destroy(new Error('replaced by a new connection'))
    slot.link = null
    if (this.#closed) throw closedError()
    const link = await BrokerLink.connect(address, nodeId, this.#settings)
    if (this.#closed) {
      link.destroy(closedError())
      throw closedError()
    }
    slot.link = link
    return link
  }
}

function throwOf(code: number, what: string): void {
  if (code === NO_ERROR) return
  if (kafkaErrorMeaning(code) === 'fatal') throw fatalKafkaError(code, what)
  throw new Error(`${what}: ${kafkaErrorName(code)}`)
}

function closedError(): TidemarkError {
  return new TidemarkError('TIDEMARK_SINK_CLOSED', 'the Kafka sink was closed')
}

function addressKey({host, port}: BrokerAddress): string {
  return `${host}:${port}`
}

/** `host:port`, `[::1]:port`; 9092 where there is no port. */
function parseAddress(text: string): BrokerAddress {
  const match = /^(?:[A-Z_]+:\/\/)?(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d+))?$/.exec(text.trim())
  const host = match?.[1] ?? match?.[2]
  if (host === undefined) {
    throw new TidemarkError('TIDEMARK_CONFIG_INVALID', `bootstrap.servers: found "${text}", wanted host:port`, {
      kind: 'configuration',
    })
  }
  return {host, port: Number(match?.[3] ?? 9092)}
}

interface MetadataAnswer {
  readonly clusterId?: string | null
  readonly controllerId: number
  readonly brokers: readonly {readonly nodeId: number; readonly host: string; readonly port: number}[]
  readonly topicMetadata: readonly {
    readonly topic: string
    readonly topicErrorCode: number
    readonly partitionMetadata: readonly {readonly partitionId: number; readonly leader: number}[]
  }[]
}

interface InitProducerIdAnswer {
  readonly errorCode: number
  readonly producerId: string
  readonly producerEpoch: number
}

interface FindCoordinatorAnswer {
  readonly errorCode: number
  readonly coordinator: {readonly nodeId: number; readonly host: string; readonly port: number}
}

interface CreateTopicsAnswer {
  readonly topicErrors: readonly {readonly topic: string; readonly errorCode: number}[]
}

interface DescribeConfigsAnswer {
  readonly resources: readonly {
    readonly errorCode: number
    readonly resourceName: string
    readonly configEntries: readonly {readonly configName: string; readonly configValue: string | null}[]
  }[]
}
