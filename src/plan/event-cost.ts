// What making events of a table's rows costs on this machine: the product's own encoder, envelope and batches over the
// sampled rows, round after round, since the first rounds run code that is not compiled yet.

import type {Settings} from '../config/settings.ts'
import {ByteWriter} from '../core/byte-writer.ts'
import type {RowEncoder} from '../encode/row-encoder.ts'
import {EnvelopeTemplate, EventOrigin} from '../encode/envelope.ts'
import {extendedHeaders} from '../encode/headers.ts'
import {tableRoute} from '../encode/topic-routing.ts'
import {type JsonLinesBatch, JsonLinesTopic, jsonLinesPool} from '../sinks/json-lines-batch.ts'
import {RecordBatch, WRITABLE_COMPRESSIONS} from '../sinks/record-batch.ts'
import type {EventBatch, EventHeaders, SinkTopic} from '../sinks/sink.ts'
import {WriterPool} from '../sinks/writer-pool.ts'
import type {RowPacket} from './chunk-samples.ts'
import {usual} from './duration.ts'

export interface EventCost {
  readonly encodeSecondsPerRow: number
  readonly buildSecondsPerRow: number
  /** A row as a chunk holds it in memory: row JSON and keys. */
  readonly heldBytes: number
  /** Key and value. */
  readonly eventBytes: number
  /** What the sink gets, headers and frame too, before compression. */
  readonly sinkBytes: number
}

export const NO_COST: EventCost = {
  ...{encodeSecondsPerRow: 0, buildSecondsPerRow: 0},
  ...{heldBytes: 0, eventBytes: 0, sinkBytes: 0},
}

const BATCH_BYTES = 256 * 1024
const ROOM = 64 * 1024
/** Of each of the two steps, half of it to get warm. */
const MEASURE_MS = 60
const STAMP = {producerId: 1n, producerEpoch: 0, baseSequence: 0}

export async function measureEvents(
  {encoder, rows}: {readonly encoder: RowEncoder; readonly rows: readonly RowPacket[]},
  settings: Settings,
): Promise<EventCost> {
  if (rows.length === 0) return NO_COST
  const out = new ByteWriter(1024 * 1024)
  const ends: number[] = []
  const encodeSeconds = await secondsOfRound(() => {
    out.clear()
    ends.length = 0
    for (const {packet, start, end} of rows) {
      encoder.encodeText(packet, start, end, out)
      ends.push(out.length)
      if (encoder.hasKey) encoder.writeMessageKey(out)
      ends.push(out.length)
    }
  })
  const builder = new EventBuilder(encoder, settings)
  const buildSeconds = await secondsOfRound(() => builder.build(out, ends))
  return {
    encodeSecondsPerRow: encodeSeconds / rows.length,
    buildSecondsPerRow: buildSeconds / rows.length,
    heldBytes: out.length / rows.length,
    eventBytes: builder.eventBytes / rows.length,
    sinkBytes: builder.sinkBytes / rows.length,
  }
}

/** Of the rounds after the first ones. */
async function secondsOfRound(round: () => void | Promise<void>): Promise<number> {
  const rounds: number[] = []
  const began = performance.now()
  for (let now = began; now - began < MEASURE_MS || rounds.length === 0;) {
    const from = now
    await round()
    now = performance.now()
    // What runs before it is compiled is not what a snapshot runs.
    if (from - began >= MEASURE_MS / 2) rounds.push((now - from) / 1000)
  }
  return usual(rounds)
}

/** Builds batches as the outlet does, and drops them. */
class EventBuilder {
  /** Of the last round. */
  eventBytes = 0
  sinkBytes = 0
  readonly #template: EnvelopeTemplate
  readonly #origin = new EventOrigin()
  readonly #headers: EventHeaders | null
  readonly #newBatch: () => EventBatch
  readonly #end: (batch: EventBatch) => void | Promise<void>

  constructor({shape}: RowEncoder, {events, sink}: Settings) {
    const {topic, schemaTopic} = tableRoute(events, shape.id)
    this.#template = new EnvelopeTemplate({id: shape.id, topic: schemaTopic, settings: events, shape, version: '0.0.0'})
    this.#headers = extendedHeaders(events, '00000000-0000-0000-0000-000000000000')
    const ways = sink.type === 'kafka' ? kafkaBatches(topic, sink.compression) : lineBatches(topic, events.keyConverter)
    this.#newBatch = ways.newBatch
    this.#end = ways.end
  }

  async build({bytes}: ByteWriter, ends: readonly number[]): Promise<void> {
    const origin = this.#origin
    const nowUs = Date.now() * 1000
    origin.set({
      ...{tsUs: nowUs, snapshot: 'incremental', serverId: 1, sid: '', gno: 0, file: 'binlog.000001', pos: 1_000_000},
      ...{threadId: null, nowUs},
    })
    this.eventBytes = 0
    this.sinkBytes = 0
    let batch = this.#newBatch()
    for (let i = 0; i < ends.length; i += 2) {
      const start = i === 0 ? 0 : ends[i - 1]!
      const [rowEnd, keyEnd] = [ends[i]!, ends[i + 1]!]
      const length = this.#template.valueLength('r', rowEnd - start, 0, origin, 0)
      batch.begin(rowEnd === keyEnd ? null : bytes, rowEnd, keyEnd, length, this.#headers)
      this.#template.writeSingle('r', bytes, start, rowEnd, origin, 0, batch.writer)
      batch.end()
      this.eventBytes += length + keyEnd - rowEnd
      if (batch.byteLength < BATCH_BYTES) continue
      this.sinkBytes += batch.byteLength
      await this.#end(batch)
      batch = this.#newBatch()
    }
    this.sinkBytes += batch.byteLength
    await this.#end(batch)
  }
}

interface BatchWays {
  readonly newBatch: () => EventBatch
  readonly end: (batch: EventBatch) => void | Promise<void>
}

function kafkaBatches(name: string, wanted: string): BatchWays {
  const pool = new WriterPool(BATCH_BYTES + ROOM)
  const compression = WRITABLE_COMPRESSIONS.find(each => each === wanted) ?? 'none'
  const newBatch = (): RecordBatch => new RecordBatch({topic, partition: 0, mostBytes: 1024 * 1024, pool})
  const topic: SinkTopic = {name, partitions: 1, batchBytes: BATCH_BYTES, newBatch}
  return {
    newBatch,
    end: async batch => {
      for (const wire of (batch as RecordBatch).wires()) {
        await wire.finish({compression, ...STAMP})
        wire.release()
      }
    },
  }
}

function lineBatches(name: string, keyConverter: 'json' | 'string'): BatchWays {
  const topic = new JsonLinesTopic(name, keyConverter, jsonLinesPool())
  return {
    newBatch: () => topic.newBatch(0),
    end: batch => {
      ;(batch as JsonLinesBatch).release()
    },
  }
}
