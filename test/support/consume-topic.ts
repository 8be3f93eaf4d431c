import {randomUUID} from 'node:crypto'
import kafkajs, {type Consumer, type EachBatchPayload, type Kafka, type KafkaConfig, type KafkaMessage} from 'kafkajs'
import lz4 from 'lz4-napi'
import {eventually} from '../../tools/servers/eventually.ts'
import type {ObservedEvent} from './observed-events.ts'

/** Everything committed that the topic holds now, partition by partition in its order. */
export async function consumeTopic(
  bootstrap: string,
  topic: string,
  security: Pick<KafkaConfig, 'ssl' | 'sasl'> = {},
): Promise<ObservedEvent[]> {
  readLz4()
  const quiet = {clientId: 'tidemark-test', logLevel: kafkajs.logLevel.NOTHING}
  const kafka = new kafkajs.Kafka({brokers: [bootstrap], ...quiet, ...security})
  const ends = await topicEnds(kafka, topic)
  const events = new Map<number, ObservedEvent[]>([...ends.keys()].sort((a, b) => a - b).map(id => [id, []]))
  if (ends.size === 0) return []
  const consumer = kafka.consumer({groupId: `tidemark-test-${randomUUID()}`, retry: {retries: 10}})
  try {
    await consumer.connect()
    await consumer.subscribe({topic, fromBeginning: true})
    await runToTheEnds(consumer, ends, {
      take: ({batch}) => {
        const list = events.get(batch.partition)
        for (const message of batch.messages) list?.push(observedMessage(topic, batch.partition, message))
      },
      beginAgain: () => {
        for (const list of events.values()) list.length = 0
      },
    })
  } finally {
    await consumer.disconnect()
  }
  return [...events.values()].flat()
}

/** The same of a broker that has just started, and refuses for a while. */
export async function eventsInKafka(
  bootstrap: string,
  topic: string,
  security: Pick<KafkaConfig, 'ssl' | 'sasl'> = {},
): Promise<ObservedEvent[]> {
  return await eventually(
    {what: `the events of ${topic}`, timeoutMs: 60_000},
    async () => await consumeTopic(bootstrap, topic, security),
  )
}

/** The offset behind the last record of each partition that has any. */
async function topicEnds(kafka: Kafka, topic: string): Promise<Map<number, bigint>> {
  const admin = kafka.admin()
  await admin.connect()
  try {
    const offsets = await admin.fetchTopicOffsets(topic)
    const filled = offsets.filter(({low, high}) => BigInt(high) > BigInt(low))
    return new Map(filled.map(({partition, high}) => [partition, BigInt(high)]))
  } finally {
    await admin.disconnect()
  }
}

async function runToTheEnds(
  consumer: Consumer,
  ends: ReadonlyMap<number, bigint>,
  {take, beginAgain}: {take: (payload: EachBatchPayload) => void; beginAgain: () => void},
): Promise<void> {
  const open = new Set(ends.keys())
  await new Promise<void>((resolve, reject) => {
    consumer.on(consumer.events.CRASH, ({payload}) => {
      // A coordinator that is still loading is asked again, by a consumer that begins anew.
      if (!payload.restart) reject(payload.error)
      for (const partition of ends.keys()) open.add(partition)
      beginAgain()
    })
    const eachBatch = async (payload: EachBatchPayload): Promise<void> => {
      take(payload)
      const {partition} = payload.batch
      // The last record may be a transaction's marker, which is no message but moves the batch's last offset.
      if (BigInt(payload.batch.lastOffset()) + 1n >= (ends.get(partition) ?? 0n)) open.delete(partition)
      if (open.size === 0) resolve()
      await Promise.resolve()
    }
    consumer.run({autoCommit: false, eachBatchAutoResolve: true, eachBatch}).catch(reject)
  })
}

function observedMessage(topic: string, partition: number, message: KafkaMessage): ObservedEvent {
  const headers = Object.entries(message.headers ?? {}).map(([name, value]) => [name, String(value)])
  return {
    topic,
    partition,
    keyText: message.key?.toString() ?? null,
    valueText: message.value?.toString() ?? null,
    headers: Object.fromEntries(headers) as Record<string, string>,
  }
}

/** kafkajs has no lz4 of its own. */
function readLz4(): void {
  const {CompressionTypes, CompressionCodecs} = kafkajs
  CompressionCodecs[CompressionTypes.LZ4] = () => ({
    compress: async ({buffer}: {buffer: Buffer}) => await lz4.compressFrame(buffer),
    decompress: async (buffer: Buffer) => await lz4.decompressFrame(buffer),
  })
}
