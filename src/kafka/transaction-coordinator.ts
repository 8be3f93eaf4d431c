// Kafka's transaction coordinator as one thing to ask: found again when it moves, asked again while it is busy. What it
// refuses for good is an error: `TransactionEnded` where the transaction is no longer ours, else what an operator must mend.

import {setTimeout as delay} from 'node:timers/promises'
import {describeError, TidemarkError} from '../core/tidemark-error.ts'
import {fatalConnectionError} from './connection-failure.ts'
import type {Coordinator, KafkaCluster, ProducerIdentity} from './kafka-cluster.ts'
import {
  CONCURRENT_TRANSACTIONS,
  fatalKafkaError,
  INVALID_PRODUCER_EPOCH,
  kafkaErrorMeaning,
  kafkaErrorName,
  NO_ERROR,
} from './kafka-error.ts'
import type {ApiName} from './kafkajs-seam.ts'

export interface TransactionCoordinatorOptions {
  readonly cluster: Pick<KafkaCluster, 'transactionCoordinator' | 'ask'>
  readonly transactionalId: string
  /** After so long without an end the coordinator aborts a transaction by itself. */
  readonly timeoutMs: number
  /** For messages. */
  readonly brokers: string
  /** Told what it waits for; null: it waits no more. */
  readonly onWait: (reason: string | null) => void
  readonly restMs: (failures: number) => number
  /** Ends every wait. */
  readonly signal: AbortSignal
}

/** The coordinator does not know this producer's transaction any more: it timed out, or another producer has the id. */
export class TransactionEnded extends Error {
  readonly code: number

  constructor(code: number) {
    super(`Kafka answered ${kafkaErrorName(code)}`)
    this.code = code
  }
}

export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

/** The end of the last transaction is being written to its partitions: a matter of milliseconds. */
const ENDING_REST_MS = 3
const ENDING_LONGEST_MS = 20

export class TransactionCoordinator {
  readonly #options: TransactionCoordinatorOptions
  #coordinator: Coordinator | null = null

  constructor(options: TransactionCoordinatorOptions) {
    this.#options = options
  }

  /** Ends whatever an earlier producer of this id has left open, and shuts it out. */
  async init(): Promise<ProducerIdentity> {
    const {transactionalId, timeoutMs} = this.#options
    const parameters = {transactionalId, transactionTimeout: timeoutMs}
    const answer = (await this.#ask('InitProducerId', parameters, codeOf)) as InitProducerIdAnswer
    return {producerId: BigInt(answer.producerId), epoch: answer.producerEpoch, transactionalId}
  }

  /** Makes partitions a part of the open transaction, which begins with the first. */
  async addPartitions({producerId, epoch}: ProducerIdentity, partitions: readonly TopicPartition[]): Promise<void> {
    const topics = new Map<string, number[]>()
    for (const {topic, partition} of partitions) topics.set(topic, [...(topics.get(topic) ?? []), partition])
    const parameters = {
      ...{transactionalId: this.#options.transactionalId, producerId: String(producerId), producerEpoch: epoch},
      topics: [...topics].map(([topic, numbers]) => ({topic, partitions: numbers})),
    }
    await this.#ask('AddPartitionsToTxn', parameters, answer => {
      const codes = (answer as AddPartitionsAnswer).errors.flatMap(({partitionErrors}) =>
        partitionErrors.map(({errorCode}) => errorCode),
      )
      // Where one is refused the others were not attempted, which says nothing.
      const told = codes.filter(code => code !== NO_ERROR)
      return told.find(code => kafkaErrorMeaning(code) !== 'retry') ?? told[0] ?? NO_ERROR
    })
  }

  async end({producerId, epoch}: ProducerIdentity, how: 'commit' | 'abort'): Promise<void> {
    const {transactionalId} = this.#options
    const transactionResult = how === 'commit'
    const parameters = {transactionalId, producerId: String(producerId), producerEpoch: epoch, transactionResult}
    await this.#ask('EndTxn', parameters, codeOf)
  }

  async #ask(api: ApiName, parameters: object, code: (answer: unknown) => number): Promise<unknown> {
    const {signal, onWait, restMs} = this.#options
    for (let attempt = 0; ; attempt++) {
      signal.throwIfAborted()
      let isEnding = false
      try {
        const answer = await this.#once(api, parameters)
        const found = code(answer)
        if (found === NO_ERROR) {
          if (attempt > 0) onWait(null)
          return answer
        }
        isEnding = found === CONCURRENT_TRANSACTIONS
        this.#judge(found, api)
        if (!isEnding) onWait(`${api} for transactional id ${this.#options.transactionalId}: ${kafkaErrorName(found)}`)
      } catch (error) {
        if (error instanceof TransactionEnded || error instanceof TidemarkError) throw error
        const fatal = fatalConnectionError(error, this.#options.brokers)
        if (fatal !== null) throw fatal
        this.#coordinator = null
        onWait(`${api} for transactional id ${this.#options.transactionalId}: ${describeError(error).message}`)
      }
      const ms = isEnding ? Math.min(ENDING_LONGEST_MS, ENDING_REST_MS + attempt) : restMs(attempt)
      await delay(ms, undefined, {signal})
    }
  }

  async #once(api: ApiName, parameters: object): Promise<unknown> {
    const {cluster, transactionalId} = this.#options
    this.#coordinator ??= await cluster.transactionCoordinator(transactionalId)
    return await cluster.ask(this.#coordinator, api, parameters)
  }

  /** Throws for what no time mends. */
  #judge(code: number, api: ApiName): void {
    switch (kafkaErrorMeaning(code)) {
      case 'lost':
      case 'sequence':
        throw new TransactionEnded(code)
      case 'fatal':
        throw fatalKafkaError(code, `${api} for transactional id ${this.#options.transactionalId}`)
      case 'retry':
        if (code !== CONCURRENT_TRANSACTIONS) this.#coordinator = null
        return
      case 'appended':
      case 'refresh':
        this.#coordinator = null
    }
  }
}

/** True for the answers that a producer gets whose epoch is not the latest of its transactional id. */
export function isFenced(code: number): boolean {
  return code === INVALID_PRODUCER_EPOCH || kafkaErrorName(code) === 'PRODUCER_FENCED'
}

function codeOf(answer: unknown): number {
  return (answer as {errorCode: number}).errorCode
}

interface InitProducerIdAnswer {
  readonly producerId: string
  readonly producerEpoch: number
}

interface AddPartitionsAnswer {
  readonly errors: readonly {readonly partitionErrors: readonly {readonly errorCode: number}[]}[]
}
