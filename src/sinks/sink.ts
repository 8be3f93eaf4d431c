// The port behind which events leave: Kafka, a JSON lines file, stdout, or the program that iterates over them. A batch is
// the unit that flows; it is built in the sink's own wire format, so that the bytes of a row are written once.

import type {ByteWriter} from '../core/byte-writer.ts'

/** Constant headers of an event, prepared once: name and UTF-8 value (JSON text where Connect's JsonConverter would write JSON), or null. */
export interface EventHeaders {
  readonly entries: readonly {readonly name: string; readonly value: Buffer | null}[]
}

/**
 * Events of one topic partition on their way into one request. Not yet ordered against other batches until `send`.
 * Use: `begin` with the value's exact length, write exactly that many bytes to `writer`, `end`; repeat; then `Sink.send`.
 */
export interface EventBatch {
  readonly topic: SinkTopic
  readonly partition: number
  /** Number of events ended so far. */
  readonly count: number
  /** Bytes written so far, before compression. */
  readonly byteLength: number
  readonly writer: ByteWriter
  /**
   * Starts an event. `key` is `source[start, end)` or null where `source` is null; `valueLength` is the exact number of
   * value bytes that follow, or -1 for a null value (tombstone).
   */
  begin(source: Uint8Array | null, start: number, end: number, valueLength: number, headers: EventHeaders | null): void
  end(): void
}

export interface SinkTopic {
  readonly name: string
  /** Number of partitions, at least 1. */
  readonly partitions: number
  /** A batch above this size (before compression) must be sent before another event is added; one event may be larger. */
  readonly batchBytes: number
  /** The same for read events, where it differs: their progress is that of whole pieces anyway. */
  readonly readBatchBytes?: number
  newBatch(partition: number): EventBatch
}

export interface SinkStatus {
  /** `waiting` while it retries what the other side does not take. */
  readonly state: 'open' | 'waiting' | 'closed'
  readonly reason?: string
}

/**
 * Of a sink whose batches become visible in transactions, one after the other. One begins with the first batch sent, and
 * holds everything until `cut`; what is sent from then on waits for the next.
 */
export interface SinkTransactions {
  /** Bytes sent into the open transaction; 0 where there is none. */
  readonly bytes: number
  /** A transaction is under way. */
  readonly isOpen: boolean
  /** Called when something was sent into a transaction. */
  onSent: () => void
  cut(): void
  /** After `cut`: the transaction stays open after all. */
  goOn(): void
  /**
   * Once everything sent before `cut` (or this, where it was not cut) is acknowledged: ends the transaction with `last`
   * in it. Resolves when it is committed; rejects where the sink has failed, and then nothing of it is.
   */
  commit(last: EventBatch): Promise<void>
}

/**
 * Contract of every sink (test/contract/sink-contract.ts):
 * - batches of one topic partition become durable in the order of their `send` calls, without gap; there is no order
 *   between partitions;
 * - `send` resolves when the batch is durable as far as the sink can tell before `sync`; it waits (retrying) while the
 *   other side is away, and rejects only for what an operator must mend, after which every later send rejects too;
 * - nothing sent is lost, expired, renumbered or doubled by the sink itself.
 */
export interface Sink {
  readonly type: 'kafka' | 'file' | 'stdout' | 'iterator'
  /** Null where a batch counts as soon as it is durable; after `open`. */
  readonly transactions?: SinkTransactions | null
  /** Bytes of snapshot batches that may be in flight without hurting the stream: 512 KB for each broker. */
  readonly snapshotBytesInFlight: number
  open(signal: AbortSignal): Promise<void>
  /** The topic, created where it is missing. Cheap when called again. */
  topic(name: string): Promise<SinkTopic>
  send(batch: EventBatch): Promise<void>
  /** Makes all that `send` has resolved for durable (fsync of a file; nothing for Kafka). Called before each checkpoint. */
  sync(): Promise<void>
  status(): SinkStatus
  /** Waits for what is in flight (bounded by the caller's patience through `signal`) and frees everything. May be called twice. */
  close(signal?: AbortSignal): Promise<void>
}
