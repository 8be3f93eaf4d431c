// The stored state taken out, and put in: between a file and a topic, and from a Debezium connector.

import {randomUUID} from 'node:crypto'
import {BinlogReader} from '../binlog/binlog-reader.ts'
import {stateName} from '../config/state-settings.ts'
import type {KafkaSinkSettings, Settings} from '../config/settings.ts'
import {SILENT, type Log} from '../core/log.ts'
import {describeError, TidemarkError} from '../core/tidemark-error.ts'
import {KafkaCluster} from '../kafka/kafka-cluster.ts'
import {latestRecords} from '../kafka/latest-records.ts'
import {TopicFetcher} from '../kafka/topic-fetcher.ts'
import {createSink} from '../sinks/create-sink.ts'
import {decodeCheckpoint, encodeCheckpoint} from '../state/checkpoint.ts'
import {readDebeziumOffset} from '../state/debezium-offset.ts'
import {readState} from '../state/read-state.ts'
import {createStateStore} from './create-state-store.ts'
import {importDebeziumOffset} from './import-debezium.ts'
import {ServerSession} from './server-session.ts'

export interface TransferOptions {
  readonly signal: AbortSignal
  readonly log: Log
}

/** The text as it is stored. Throws TIDEMARK_STATE_NONE. Read beside a running task it may be a moment old. */
export async function exportState(settings: Settings, {signal}: TransferOptions): Promise<string> {
  const text = await readState(settings, {log: SILENT, signal})
  const where = stateName(settings.state)
  if (text === null) {
    throw new TidemarkError(
      'TIDEMARK_STATE_NONE',
      `there is no state in ${where}; is it the configuration of the task?`,
    )
  }
  decodeCheckpoint(text, where)
  return text
}

/**
 * Stores the text where the configuration says. Throws TIDEMARK_STATE_EXISTS where there is one and `replaces` is false,
 * TIDEMARK_STATE_IN_USE where a running task holds the file; a task that holds the topic exactly once is shut out.
 */
export async function importState(
  settings: Settings,
  {text, from, replaces}: {readonly text: string; readonly from: string; readonly replaces: boolean},
  {signal, log}: TransferOptions,
): Promise<void> {
  const checkpoint = decodeCheckpoint(text, from)
  const sink = createSink(settings.sink, {log, keyConverter: settings.events.keyConverter})
  const store = createStateStore(settings, {sink, log, process: {id: randomUUID(), signal}})
  try {
    if (settings.state.type === 'topic') await sink.open(signal)
    await store.open()
    if (!replaces && (await store.load()) !== null) {
      throw new TidemarkError(
        'TIDEMARK_STATE_EXISTS',
        `there is a state in ${stateName(settings.state)} already; export it first, and import with --replace`,
        {kind: 'configuration'},
      )
    }
    await store.save(encodeCheckpoint(checkpoint))
  } finally {
    await sink.close(AbortSignal.timeout(CLOSE_MS)).catch(() => undefined)
    await store.close()
  }
}

const CLOSE_MS = 5000

/** The state in which to go on where the connector stopped, and what to know of it. `offset`: JSON, or Connect's topic. */
export async function debeziumState(
  settings: Settings,
  offset: string,
  {signal, log}: TransferOptions,
): Promise<{readonly text: string; readonly notes: readonly string[]}> {
  const json = offset.trimStart().startsWith('{') ? offset : await connectOffset(settings, offset, {signal, log})
  const read = readDebeziumOffset(json, settings.events.topicPrefix)
  const session = new ServerSession(settings, log, signal)
  try {
    const prepared = await session.prepare(null)
    signal.throwIfAborted()
    const {serverUuid, gtidOn} = prepared!.state
    const binlog = new BinlogReader(settings.database)
    const parts = {settings, serverUuid, gtidOn, server: session.server(), binlog, signal}
    const {checkpoint, notes} = await importDebeziumOffset(read, parts)
    return {text: encodeCheckpoint(checkpoint), notes}
  } finally {
    session.close()
  }
}

/** The value under Connect's key `["connector",{"server":"topic.prefix"}]`. */
async function connectOffset(settings: Settings, topic: string, {signal, log}: TransferOptions): Promise<string> {
  const kafka = kafkaOf(settings)
  const {clientId, security, requestTimeoutMs} = kafka
  const cluster = new KafkaCluster(kafka.bootstrapServers, {clientId, security, requestTimeoutMs, log})
  const {topicPrefix} = settings.events
  try {
    const fetcher = new TopicFetcher(cluster, topic)
    const partitions = await fetcher.partitions()
    if (partitions === null) throw noOffset(topic, 'there is no such topic')
    const wants = (key: string): boolean => connectKey(key)?.server === topicPrefix
    const found = await latestRecords(fetcher, {partitions, wants, signal})
    const own = [...found].filter(([key]) => connectKey(key)?.connector === settings.name)
    const candidates = own.length > 0 ? own : [...found]
    const [first, second] = candidates
    if (first === undefined) throw noOffset(topic, `it has no offset of a server "${topicPrefix}" (topic.prefix)`)
    if (second !== undefined) {
      const names = candidates.map(([key]) => connectKey(key)?.connector).join(', ')
      throw noOffset(
        topic,
        `the connectors ${names} all have one for ${topicPrefix}; set name to the one that is meant`,
      )
    }
    return first[1]
  } finally {
    cluster.close()
  }
}

function kafkaOf({sink, state}: Settings): KafkaSinkSettings {
  if (sink.type === 'kafka') return sink
  if (state.type === 'topic') return state.kafka
  throw noOffset('Connect', 'the configuration has no bootstrap.servers; give the offset as JSON')
}

function connectKey(key: string): {connector: string; server: string} | null {
  try {
    const [connector, partition] = JSON.parse(key) as [unknown, {server?: unknown} | undefined]
    const server = partition?.server
    return typeof connector === 'string' && typeof server === 'string' ? {connector, server} : null
  } catch (error) {
    describeError(error)
    return null
  }
}

function noOffset(topic: string, why: string): TidemarkError {
  return new TidemarkError('TIDEMARK_STATE_DEBEZIUM_OFFSET', `no offset of Debezium in topic ${topic}: ${why}`, {
    kind: 'configuration',
  })
}
