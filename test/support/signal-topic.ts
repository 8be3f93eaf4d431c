// A capture that is steered over a Kafka topic.

import {randomUUID} from 'node:crypto'
import kafkajs from 'kafkajs'
import {prepareCapture, type Capture} from './capture.ts'
import type {CleanUpContext} from './clean-up.ts'
import {integrationServers} from './integration-servers.ts'
import type {Config} from './tidemark-config.ts'

export interface Steering {
  readonly capture: Capture
  readonly topic: string
  /** Key null: none. */
  send(value: string | null, options?: {key?: string | null; partition?: number}): Promise<void>
  execute(id: string, table: string, partition?: number): Promise<void>
  /** Many at once. */
  burst(messages: readonly {key: string | null; value: string | null; partition: number}[]): Promise<void>
}

/** Events go to a file, signals come from a topic of its own. */
export async function steering(
  t: CleanUpContext & {after(fn: () => Promise<void>): void},
  config: Config = {},
  partitions = 3,
): Promise<Steering> {
  const {kafka} = await integrationServers()
  const topic = `signals-${randomUUID()}`
  const client = new kafkajs.Kafka({brokers: [kafka.bootstrap], logLevel: kafkajs.logLevel.NOTHING})
  const admin = client.admin()
  await admin.connect()
  await admin.createTopics({waitForLeaders: true, topics: [{topic, numPartitions: partitions}]})
  await admin.disconnect()
  const producer = client.producer()
  await producer.connect()
  t.after(async () => await producer.disconnect())
  const capture = await prepareCapture(t, {
    prefix: 'kafkasignal',
    config: {
      'signal.enabled.channels': 'source,kafka',
      'signal.kafka.topic': topic,
      'signal.kafka.bootstrap.servers': kafka.bootstrap,
      ...config,
    },
  })
  const {name} = capture.database
  const send: Steering['send'] = async (value, {key = name, partition = 0} = {}) => {
    await producer.send({topic, messages: [{key, value, partition}]})
  }
  return {
    capture,
    topic,
    send,
    burst: async messages => {
      await producer.send({topic, messages: [...messages]})
    },
    execute: async (id, table, partition = 0) => {
      const data = {'data-collections': [`${name}.${table}`]}
      await send(JSON.stringify({id, type: 'execute-snapshot', data}), {partition})
    },
  }
}
