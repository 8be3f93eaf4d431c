// A sink in memory for the engine's tests: events can be read as they were sent, and the test decides when a batch is
// acknowledged.

import {ByteWriter} from '../../src/core/byte-writer.ts'
import {invariant, TidemarkError} from '../../src/core/tidemark-error.ts'
import type {EventBatch, EventHeaders, Sink, SinkStatus, SinkTopic} from '../../src/sinks/sink.ts'

export interface MemoryEvent {
  readonly topic: string
  readonly partition: number
  readonly key: string | null
  readonly value: string | null
  readonly headers: Readonly<Record<string, string>>
}

export interface MemorySinkOptions {
  /** `instant` (default): acknowledged in the next microtask. `held`: by `acknowledge`. */
  readonly acks?: 'instant' | 'held'
  readonly partitions?: number
  readonly batchBytes?: number
  readonly snapshotBytesInFlight?: number
}

interface Held {
  readonly batch: MemoryBatch
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

export class MemorySink implements Sink {
  readonly type = 'file'
  readonly snapshotBytesInFlight: number
  /** In the order of the `send` calls. */
  readonly sent: MemoryEvent[] = []
  /** In the order of acknowledgement. */
  readonly acknowledged: MemoryEvent[] = []
  /** Events per batch in the order of the `send` calls. */
  readonly batchCounts: number[] = []
  syncs = 0
  readonly #options: Required<Pick<MemorySinkOptions, 'acks' | 'partitions' | 'batchBytes'>>
  readonly #topics = new Map<string, MemoryTopic>()
  readonly #held: Held[] = []
  #acks: 'instant' | 'held'
  #failure: Error | null = null
  #state: 'open' | 'closed' = 'closed'

  constructor(options: MemorySinkOptions = {}) {
    const {acks = 'instant', partitions = 1, batchBytes = 256 * 1024, snapshotBytesInFlight = 512 * 1024} = options
    this.#options = {acks, partitions, batchBytes}
    this.#acks = acks
    this.snapshotBytesInFlight = snapshotBytesInFlight
  }

  open(_signal: AbortSignal): Promise<void> {
    this.#state = 'open'
    return Promise.resolve()
  }

  topic(name: string): Promise<SinkTopic> {
    let topic = this.#topics.get(name)
    if (topic === undefined) {
      topic = new MemoryTopic(name, this.#options.partitions, this.#options.batchBytes)
      this.#topics.set(name, topic)
    }
    return Promise.resolve(topic)
  }

  async send(batch: EventBatch): Promise<void> {
    invariant(batch instanceof MemoryBatch, 'a batch of another sink was sent to memory')
    if (this.#failure !== null) throw this.#failure
    if (this.#state === 'closed') throw new TidemarkError('TIDEMARK_SINK_CLOSED', 'the memory sink is not open')
    if (batch.count === 0) return
    this.sent.push(...batch.events)
    this.batchCounts.push(batch.count)
    await new Promise<void>((resolve, reject) => {
      this.#held.push({batch, resolve, reject})
      if (this.#acks === 'instant') this.acknowledge(1)
    })
  }

  sync(): Promise<void> {
    this.syncs++
    return this.#failure === null ? Promise.resolve() : Promise.reject(this.#failure)
  }

  status(): SinkStatus {
    return {state: this.#failure === null ? this.#state : 'closed'}
  }

  /** Like every sink it waits for what is in flight; with an aborted `signal` that is dropped. */
  close(signal?: AbortSignal): Promise<void> {
    if (this.#held.length > 0 && this.#acks === 'held') {
      if (signal?.aborted === true) this.#drop()
      else this.release()
    }
    this.#state = 'closed'
    return Promise.resolve()
  }

  /** Batches that wait for an acknowledgement. */
  get waiting(): number {
    return this.#held.length
  }

  /** Acknowledges the oldest `count` batches. */
  acknowledge(count = this.#held.length): void {
    for (const {batch, resolve} of this.#held.splice(0, count)) {
      this.acknowledged.push(...batch.events)
      resolve()
    }
  }

  /** From now on batches wait for `acknowledge`. */
  hold(): void {
    this.#acks = 'held'
  }

  /** Acknowledges everything, now and from now on. */
  release(): void {
    this.#acks = 'instant'
    this.acknowledge()
  }

  /** Everything in flight and every later `send` rejects. */
  fail(error: Error): void {
    this.#failure = error
    this.#drop()
  }

  #drop(): void {
    const error = this.#failure ?? new TidemarkError('TIDEMARK_SINK_CLOSED', 'the memory sink was closed')
    for (const {reject} of this.#held.splice(0)) reject(error)
  }
}

export class MemoryTopic implements SinkTopic {
  readonly name: string
  readonly partitions: number
  readonly batchBytes: number

  constructor(name: string, partitions: number, batchBytes: number) {
    this.name = name
    this.partitions = partitions
    this.batchBytes = batchBytes
  }

  newBatch(partition: number): MemoryBatch {
    return new MemoryBatch(this, partition)
  }
}

export class MemoryBatch implements EventBatch {
  readonly topic: SinkTopic
  readonly partition: number
  readonly writer = new ByteWriter(16 * 1024)
  readonly events: MemoryEvent[] = []
  byteLength = 0
  #begun: {key: string | null; headers: EventHeaders | null; valueLength: number} | null = null

  constructor(topic: SinkTopic, partition: number) {
    this.topic = topic
    this.partition = partition
  }

  get count(): number {
    return this.events.length
  }

  begin(
    source: Uint8Array | null,
    start: number,
    end: number,
    valueLength: number,
    headers: EventHeaders | null,
  ): void {
    invariant(this.#begun === null, 'begin was called twice')
    const key = source === null ? null : Buffer.from(source.subarray(start, end)).toString('utf8')
    this.#begun = {key, headers, valueLength}
    this.writer.clear()
  }

  end(): void {
    const begun = this.#begun
    invariant(begun !== null, 'end was called without begin')
    invariant(
      this.writer.length === Math.max(0, begun.valueLength),
      'an event value does not have the length that was announced',
    )
    const headers = Object.fromEntries(
      (begun.headers?.entries ?? []).map(h => [h.name, h.value?.toString('utf8') ?? 'null']),
    )
    const value = begun.valueLength < 0 ? null : this.writer.view().toString('utf8')
    this.events.push({topic: this.topic.name, partition: this.partition, key: begun.key, value, headers})
    this.byteLength += this.writer.length + (begun.key?.length ?? 0)
    this.#begun = null
  }
}
