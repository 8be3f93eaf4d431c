// How fast the Kafka sink takes finished events: `node build/bench/produce.js HOST:PORT [EVENTS]`. One partition, events
// of about 590 bytes, acks=all; uncompressed and lz4.

import {KafkaSink} from '../src/sinks/kafka/kafka-sink.ts'
import type {Compression} from '../src/sinks/record-batch.ts'

const [bootstrap = '127.0.0.1:9092', countText = '1000000'] = process.argv.slice(2)
const EVENTS = Number(countText)
/** As the engine does: little ahead, so that a streamed event waits for little. */
const BYTES_IN_FLIGHT = 1024 * 1024
const nothing = () => {}

const values = Array.from({length: 500}, (_, i) => eventValue(i))
const keys = Array.from({length: 500}, (_, i) => Buffer.from(`{"id":${i}}`))

for (const compression of ['none', 'lz4'] as const) {
  const result = await produce(compression)
  process.stdout.write(`${JSON.stringify(result)}\n`)
}

async function produce(compression: Compression): Promise<object> {
  const sink = new KafkaSink({
    settings: {
      type: 'kafka',
      bootstrapServers: [bootstrap],
      clientId: 'bench',
      security: {tls: null, sasl: null},
      compression,
      maxRequestBytes: 1024 * 1024,
      requestTimeoutMs: 30_000,
      topicCreation: {enabled: true, groups: []},
    },
    log: {debug: nothing, info: nothing, warn: nothing, error: nothing},
  })
  await sink.open(new AbortController().signal)
  const topic = await sink.topic(`bench-${compression}-${Date.now()}`)
  const cpu = process.cpuUsage()
  const started = performance.now()
  const inFlight: {bytes: number; sent: Promise<void>}[] = []
  let bytesInFlight = 0
  let bytes = 0
  for (let n = 0; n < EVENTS;) {
    const batch = topic.newBatch(0)
    while (n < EVENTS && batch.byteLength < topic.batchBytes - 1024) {
      const value = values[n % values.length]!
      const key = keys[n % keys.length]!
      batch.begin(key, 0, key.length, value.length, null)
      batch.writer.write(value)
      batch.end()
      n++
    }
    const size = batch.byteLength
    bytes += size
    bytesInFlight += size
    inFlight.push({bytes: size, sent: sink.send(batch)})
    while (bytesInFlight > BYTES_IN_FLIGHT) {
      const first = inFlight.shift()!
      await first.sent
      bytesInFlight -= first.bytes
    }
  }
  await Promise.all(inFlight.map(({sent}) => sent))
  const seconds = (performance.now() - started) / 1000
  const used = process.cpuUsage(cpu)
  await sink.close()
  return {
    compression,
    eventsPerSecond: Math.round(EVENTS / seconds),
    megabytesPerSecond: Math.round(bytes / seconds / 1e6),
    cpuSecondsPerMillion: Number(((used.user + used.system) / EVENTS).toFixed(2)),
    rssMegabytes: Math.round(process.memoryUsage().rss / 1e6),
  }
}

function eventValue(i: number): Buffer {
  const row = {id: i, customer: i * 7, amount: (i * 1.37).toFixed(2), note: `note ${i * 2654435761} ${'n'.repeat(40)}`}
  const source = {
    version: '0.1.0',
    connector: 'mysql',
    name: 'shop',
    ts_ms: 1_760_000_000_000 + i,
    snapshot: 'incremental',
    db: 'shop',
  }
  const place = {
    sequence: null,
    ts_us: 1_760_000_000_000_000,
    table: 'orders',
    server_id: 1,
    gtid: null,
    file: 'binlog.000002',
  }
  const rest = {pos: 1_234_567 + i, row: 0, thread: null, query: null}
  const times = {op: 'r', ts_ms: 1_760_000_000_000, ts_us: 1_760_000_000_000_000, ts_ns: 1_760_000_000_000_000_000}
  return Buffer.from(
    JSON.stringify({before: null, after: row, source: {...source, ...place, ...rest}, transaction: null, ...times}),
  )
}
