import kafkajs from 'kafkajs'
import {eventually} from './eventually.ts'

/** Resolves when the broker tells its topics; rejects after a minute, or as soon as waiting is pointless. */
export async function untilKafkaAnswers(bootstrap: string, pointless?: () => string | undefined): Promise<void> {
  const kafka = new kafkajs.Kafka({
    brokers: [bootstrap],
    clientId: 'tidemark-servers',
    logLevel: kafkajs.logLevel.NOTHING,
    retry: {retries: 0},
    connectionTimeout: 1000,
  })
  const deadline = {what: `Kafka at ${bootstrap} to answer`, timeoutMs: 60_000, intervalMs: 100}
  await eventually({...deadline, ...(pointless === undefined ? {} : {pointless})}, async () => {
    const admin = kafka.admin()
    try {
      await admin.connect()
      await admin.listTopics()
      return true
    } finally {
      await admin.disconnect()
    }
  })
}
