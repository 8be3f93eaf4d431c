// A sink whose batches land and are acknowledged when the scheduler says so: in order within a partition, in any order
// between partitions. What has landed outlives a crash of the task; of what was under way any prefix per partition may
// have landed.

import {invariant, TidemarkError} from '../../src/core/tidemark-error.ts'
import type {EventBatch, Sink, SinkStatus, SinkTopic} from '../../src/sinks/sink.ts'
import {MemoryBatch, MemoryTopic} from '../support/memory-sink.ts'
import type {MemoryEvent} from '../support/memory-sink.ts'
import type {Scheduler} from './scheduler.ts'

export interface LandedEvent extends MemoryEvent {
  /** The start of the task, in this process or in one before, that emitted it; counted from 0. */
  readonly process: number
}

/** What outlives the task: the topics on the other side. */
export class SimTopics {
  /** Events by partition, as `topic/partition`. */
  readonly logs = new Map<string, LandedEvent[]>()
  /** While true nothing lands. */
  stalled = false

  land(event: LandedEvent): void {
    const name = `${event.topic}/${event.partition}`
    const log = this.logs.get(name)
    if (log === undefined) this.logs.set(name, [event])
    else log.push(event)
    this.onLanded(event)
  }

  onLanded: (event: LandedEvent) => void = () => undefined
  /** A state was collected, and is stored once `sync` has resolved. */
  onSync: () => void = () => undefined
}

export interface SimSinkOptions {
  readonly scheduler: Scheduler
  readonly topics: SimTopics
  /** Of the start of the task that sends now. */
  readonly process: () => number
  readonly partitions: number
  readonly batchBytes: number
}

export class SimSink implements Sink {
  readonly type = 'kafka'
  readonly snapshotBytesInFlight: number
  readonly #options: SimSinkOptions
  readonly #topics = new Map<string, MemoryTopic>()
  /** Sent and not yet landed, by partition. */
  readonly #underWay = new Map<string, MemoryBatch[]>()
  readonly #senders = new WeakMap<MemoryBatch, number>()
  #state: 'open' | 'closed' = 'closed'
  #pending = 0

  constructor(options: SimSinkOptions) {
    this.#options = options
    this.snapshotBytesInFlight = options.batchBytes * 2
  }

  async open(signal: AbortSignal): Promise<void> {
    await this.#options.scheduler.turn('topic: the sink opens', {signal})
    this.#state = 'open'
  }

  async topic(name: string): Promise<SinkTopic> {
    await this.#options.scheduler.turn('topic opens')
    let topic = this.#topics.get(name)
    if (topic === undefined) {
      topic = new MemoryTopic(name, this.#options.partitions, this.#options.batchBytes)
      this.#topics.set(name, topic)
    }
    return topic
  }

  async send(batch: EventBatch): Promise<void> {
    invariant(batch instanceof MemoryBatch, 'a batch of another sink was sent to the simulation')
    if (this.#state === 'closed') throw new TidemarkError('TIDEMARK_SINK_CLOSED', 'the sink is not open')
    if (batch.count === 0) return
    const {scheduler, topics} = this.#options
    const partition = `${batch.topic.name}/${batch.partition}`
    const queue = this.#underWay.get(partition) ?? []
    this.#underWay.set(partition, queue)
    queue.push(batch)
    this.#senders.set(batch, this.#options.process())
    this.#pending++
    await scheduler.turn(`land ${batch.count} in ${partition}`, {queue: partition, ready: () => !topics.stalled})
    queue.shift()
    this.#land(batch)
    await scheduler.turn(`ack ${batch.count} in ${partition}`)
    this.#pending--
  }

  async sync(): Promise<void> {
    this.#options.topics.onSync()
    await this.#options.scheduler.turn('sync')
  }

  status(): SinkStatus {
    return {state: this.#state}
  }

  async close(signal: AbortSignal = new AbortController().signal): Promise<void> {
    if (this.#state === 'closed') return
    await this.#options.scheduler.turn('topic: the sink closes', {ready: () => this.#pending === 0, signal})
    this.#state = 'closed'
  }

  /** The process dies: of what is under way a prefix of each partition lands all the same. */
  crash(): void {
    for (const queue of this.#underWay.values()) {
      for (const batch of queue.slice(0, this.#options.scheduler.random.integer(0, queue.length))) this.#land(batch)
    }
  }

  #land(batch: MemoryBatch): void {
    const process = this.#senders.get(batch)!
    for (const event of batch.events) this.#options.topics.land({...event, process})
  }
}
