// The produce request (v3 to v7) around finished record batches, and its answer. Pure.

export interface ProduceBatch {
  readonly topic: string
  readonly partition: number
  /** The finished record batch. */
  readonly wire: readonly Buffer[]
}

export interface ProduceRequest {
  readonly correlationId: number
  readonly clientId: string
  readonly version: number
  /** Of the producer whose transaction the batches belong to; null: of none. */
  readonly transactionalId: string | null
  /** How long the broker waits for its replicas. */
  readonly timeoutMs: number
  /** At most one batch for each partition. */
  readonly batches: readonly ProduceBatch[]
}

export interface ProduceResult {
  readonly topic: string
  readonly partition: number
  readonly errorCode: number
}

const PRODUCE_API_KEY = 0
const ACKS_ALL = -1
const NULL_STRING = -1

/** The request in pieces; those of the batches are not copied. */
export function encodeProduceRequest(request: ProduceRequest): Buffer[] {
  const byTopic = new Map<string, ProduceBatch[]>()
  for (const batch of request.batches) {
    const list = byTopic.get(batch.topic)
    if (list === undefined) byTopic.set(batch.topic, [batch])
    else list.push(batch)
  }
  const frame = new FrameWriter(
    64 + 3 * (request.clientId.length + (request.transactionalId?.length ?? 0)) + frameBytes(byTopic),
  )
  frame.int32(0)
  frame.int16(PRODUCE_API_KEY)
  frame.int16(request.version)
  frame.int32(request.correlationId)
  frame.string(request.clientId)
  if (request.transactionalId === null) frame.int16(NULL_STRING)
  else frame.string(request.transactionalId)
  frame.int16(ACKS_ALL)
  frame.int32(request.timeoutMs)
  frame.int32(byTopic.size)
  for (const [topic, batches] of byTopic) {
    frame.string(topic)
    frame.int32(batches.length)
    for (const {partition, wire} of batches) {
      frame.int32(partition)
      frame.int32(totalLength(wire))
      frame.pieces(wire)
    }
  }
  return frame.finish()
}

/** What the broker says of each partition. Throws RangeError on an answer that is cut short. */
export function decodeProduceResponse(payload: Buffer, version: number): ProduceResult[] {
  const results: ProduceResult[] = []
  // Behind the error code: base offset, append time, and from v5 on the log's start.
  const skipped = version >= 5 ? 24 : 16
  let at = 4
  const topics = payload.readInt32BE(0)
  for (let t = 0; t < topics; t++) {
    const length = payload.readInt16BE(at)
    const topic = payload.toString('utf8', at + 2, at + 2 + length)
    at += 2 + length
    const partitions = payload.readInt32BE(at)
    at += 4
    for (let p = 0; p < partitions; p++) {
      results.push({topic, partition: payload.readInt32BE(at), errorCode: payload.readInt16BE(at + 4)})
      at += 6 + skipped
    }
  }
  return results
}

function frameBytes(byTopic: ReadonlyMap<string, readonly ProduceBatch[]>): number {
  let bytes = 0
  for (const [topic, batches] of byTopic) bytes += 6 + 3 * topic.length + 8 * batches.length
  return bytes
}

function totalLength(pieces: readonly Buffer[]): number {
  let length = 0
  for (const piece of pieces) length += piece.length
  return length
}

/** Writes small fields into one buffer and lists it, cut where foreign pieces stand between. */
class FrameWriter {
  readonly #buffer: Buffer
  readonly #pieces: Buffer[] = []
  #cut = 0
  #at = 0

  constructor(capacity: number) {
    this.#buffer = Buffer.allocUnsafe(capacity)
  }

  int16(value: number): void {
    this.#at = this.#buffer.writeInt16BE(value, this.#at)
  }

  int32(value: number): void {
    this.#at = this.#buffer.writeInt32BE(value, this.#at)
  }

  string(text: string): void {
    const length = this.#buffer.write(text, this.#at + 2, 'utf8')
    this.#buffer.writeInt16BE(length, this.#at)
    this.#at += 2 + length
  }

  pieces(pieces: readonly Buffer[]): void {
    this.#cutHere()
    this.#pieces.push(...pieces)
  }

  /** Fills in the size that stands before everything. */
  finish(): Buffer[] {
    this.#cutHere()
    this.#buffer.writeInt32BE(totalLength(this.#pieces) - 4, 0)
    return this.#pieces
  }

  #cutHere(): void {
    if (this.#at > this.#cut) this.#pieces.push(this.#buffer.subarray(this.#cut, this.#at))
    this.#cut = this.#at
  }
}
