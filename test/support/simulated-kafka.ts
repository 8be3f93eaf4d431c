// Brokers in memory that take produce requests as Kafka does: sequence numbers are checked, the last five batches of a
// producer are recognized, and requests meet the faults that a test gives them.

import {createRequire} from 'node:module'
import type {ProduceFrames, ProduceLink} from '../../src/kafka/kafkajs-seam.ts'

const require = createRequire(import.meta.url)
const Decoder = require('kafkajs/src/protocol/decoder') as new (bytes: Buffer) => unknown
const decodeBatch = require('kafkajs/src/protocol/recordBatch/v0/decoder') as (
  decoder: unknown,
) => Promise<DecodedBatch>

interface DecodedBatch {
  readonly producerId: string
  readonly producerEpoch: number
  readonly firstSequence: number
  readonly records: readonly {readonly value: Buffer}[]
}

/**
 * What happens to one request: an error code (before or after its batches were appended), a connection cut (the same),
 * a leader that moves before it arrives, a connection refused at the next try, a topic deleted before it arrives and
 * created again before the next one, or nothing.
 */
export type Fault =
  | {readonly type: 'none'}
  | {readonly type: 'code'; readonly code: number; readonly appended: boolean}
  | {readonly type: 'cut'; readonly appended: boolean}
  | {readonly type: 'move'}
  | {readonly type: 'refuse'}
  | {readonly type: 'recreate'}

interface Log {
  readonly values: string[]
  /** First and last sequence number of the last five batches of each producer epoch. */
  producerId: string
  epoch: number
  recent: {readonly first: number; readonly last: number}[]
}

interface Wire {
  readonly topic: string
  readonly partition: number
  readonly batch: DecodedBatch
}

const UNKNOWN_TOPIC = 3
const NOT_LEADER = 6
const OUT_OF_ORDER = 45
const INVALID_EPOCH = 47
const LAST_SEQUENCE = 2 ** 31

export class SimulatedKafka {
  readonly nodes: number
  /** Requests served. */
  requests = 0
  /** Most batches of one partition that were on the way at once. */
  mostInFlight = 0
  readonly #faults: Fault[]
  readonly #logs = new Map<string, Log>()
  readonly #leaders = new Map<string, number>()
  readonly #inFlight = new Map<string, number>()
  #refusals = 0

  constructor(nodes: number, faults: readonly Fault[]) {
    this.nodes = nodes
    this.#faults = [...faults]
  }

  /** As TopicCatalog's; always up to date. */
  leader(topic: string, partition: number): number {
    return this.#leaders.get(`${topic} ${partition}`) ?? partition % this.nodes
  }

  values(topic: string, partition: number): readonly string[] {
    return this.#log(`${topic} ${partition}`).values
  }

  /** As after an unclean leader election: the last batches are gone, the producer's state goes back with them. */
  truncate(topic: string, partition: number, batches: number, events: number): void {
    const log = this.#log(`${topic} ${partition}`)
    log.values.length -= events
    log.recent = log.recent.slice(0, log.recent.length - batches)
  }

  link(node: number): Promise<ProduceLink> {
    if (this.#refusals > 0) {
      this.#refusals--
      return Promise.reject(Object.assign(new Error('connect ECONNREFUSED'), {code: 'ECONNREFUSED'}))
    }
    return Promise.resolve(new SimulatedLink(this, node))
  }

  noteInFlight(wires: readonly Wire[], change: 1 | -1): void {
    for (const {topic, partition} of wires) {
      const key = `${topic} ${partition}`
      const count = (this.#inFlight.get(key) ?? 0) + change
      this.#inFlight.set(key, count)
      this.mostInFlight = Math.max(this.mostInFlight, count)
    }
  }

  /** The error codes, or null where the connection is cut before the answer. */
  serve(node: number, wires: readonly Wire[]): readonly number[] | null {
    this.requests++
    const fault = this.#faults.shift() ?? {type: 'none'}
    if (fault.type === 'move')
      for (const {topic, partition} of wires) this.#leaders.set(`${topic} ${partition}`, (node + 1) % this.nodes)
    if (fault.type === 'refuse') this.#refusals += 2
    if (fault.type === 'cut' || fault.type === 'refuse') {
      if (fault.type === 'cut' && fault.appended) for (const wire of wires) this.#append(node, wire)
      return null
    }
    if (fault.type === 'recreate') {
      for (const {topic, partition} of wires) this.#logs.delete(`${topic} ${partition}`)
      return wires.map(() => UNKNOWN_TOPIC)
    }
    if (fault.type === 'code') return wires.map(wire => this.#appendOr(fault, node, wire))
    return wires.map(wire => this.#append(node, wire))
  }

  #appendOr(fault: {code: number; appended: boolean}, node: number, wire: Wire): number {
    const code = fault.appended ? this.#append(node, wire) : 0
    return code === 0 ? fault.code : code
  }

  #append(node: number, {topic, partition, batch}: Wire): number {
    if (this.leader(topic, partition) !== node) return NOT_LEADER
    const log = this.#log(`${topic} ${partition}`)
    const {producerId, producerEpoch, firstSequence, records} = batch
    const last = (firstSequence + records.length - 1) % LAST_SEQUENCE
    if (log.producerId === producerId && producerEpoch < log.epoch) return INVALID_EPOCH
    if (log.producerId !== producerId) {
      // Kafka takes any sequence number from a producer that the partition does not know (ProducerAppendInfo).
      Object.assign(log, {producerId, epoch: producerEpoch, recent: []})
    } else if (producerEpoch > log.epoch) {
      if (firstSequence !== 0) return OUT_OF_ORDER
      Object.assign(log, {epoch: producerEpoch, recent: []})
    } else {
      if (log.recent.some(known => known.first === firstSequence && known.last === last)) return 0
      const expected = ((log.recent.at(-1)?.last ?? -1) + 1) % LAST_SEQUENCE
      if (firstSequence !== expected) return OUT_OF_ORDER
    }
    log.recent = [...log.recent, {first: firstSequence, last}].slice(-5)
    log.values.push(...records.map(record => record.value.toString()))
    return 0
  }

  #log(key: string): Log {
    let log = this.#logs.get(key)
    if (log === undefined) {
      log = {values: [], producerId: '', epoch: -1, recent: []}
      this.#logs.set(key, log)
    }
    return log
  }
}

class SimulatedLink implements ProduceLink {
  readonly produceVersion = 7
  readonly #kafka: SimulatedKafka
  readonly #node: number
  readonly #pending = new Set<(error: Error) => void>()
  #served: Promise<unknown> = Promise.resolve()
  #isAlive = true

  constructor(kafka: SimulatedKafka, node: number) {
    this.#kafka = kafka
    this.#node = node
  }

  get takesRequests(): boolean {
    return this.#isAlive
  }

  produce(frames: ProduceFrames): Promise<Buffer> {
    if (!this.#isAlive) return Promise.reject(new Error('not connected'))
    // The bytes are taken as they are now; a broker gets them in the order of the calls and answers in that order.
    const bytes = Buffer.concat(frames({correlationId: 1, clientId: 'c', version: 7}))
    return new Promise((resolve, reject) => {
      this.#pending.add(reject)
      this.#served = this.#served.then(async () => {
        const wires = await decodeRequest(bytes)
        this.#kafka.noteInFlight(wires, 1)
        await new Promise(next => setImmediate(next))
        const codes = this.#kafka.serve(this.#node, wires)
        this.#kafka.noteInFlight(wires, -1)
        if (codes === null) this.destroy(Object.assign(new Error('read ECONNRESET'), {code: 'ECONNRESET'}))
        else if (this.#pending.delete(reject)) resolve(encodeAnswer(wires, codes))
      })
    })
  }

  destroy(reason: Error): void {
    this.#isAlive = false
    for (const reject of this.#pending) reject(reason)
    this.#pending.clear()
  }
}

async function decodeRequest(bytes: Buffer): Promise<Wire[]> {
  const wires: Wire[] = []
  const size = bytes.readInt32BE(0)
  if (size !== bytes.length - 4) throw new Error(`a request of ${bytes.length - 4} bytes says ${size}`)
  let at = 12
  at += 2 + bytes.readInt16BE(at) // client id
  at += 2 + 2 + 4 // transactional id, acks, timeout
  const topics = bytes.readInt32BE(at)
  at += 4
  for (let t = 0; t < topics; t++) {
    const length = bytes.readInt16BE(at)
    const topic = bytes.toString('utf8', at + 2, at + 2 + length)
    at += 2 + length
    const partitions = bytes.readInt32BE(at)
    at += 4
    for (let p = 0; p < partitions; p++) {
      const partition = bytes.readInt32BE(at)
      const batchBytes = bytes.readInt32BE(at + 4)
      at += 8
      wires.push({topic, partition, batch: await decodeBatch(new Decoder(bytes.subarray(at, at + batchBytes)))})
      at += batchBytes
    }
  }
  if (at !== bytes.length) throw new Error('a request has bytes behind its end')
  return wires
}

function encodeAnswer(wires: readonly Wire[], codes: readonly number[]): Buffer {
  const parts = wires.map(({topic, partition}, i) => {
    const part = Buffer.alloc(2 + topic.length + 4 + 30)
    part.writeInt16BE(topic.length, 0)
    part.write(topic, 2)
    part.writeInt32BE(1, 2 + topic.length)
    part.writeInt32BE(partition, 6 + topic.length)
    part.writeInt16BE(codes[i]!, 10 + topic.length)
    return part
  })
  const count = Buffer.alloc(4)
  count.writeInt32BE(wires.length)
  return Buffer.concat([count, ...parts, Buffer.alloc(4)])
}
