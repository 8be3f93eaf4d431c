// Sends a signal through a channel of the configuration: a row in the signal table, a record in the signal topic, a line in
// the signal file, or a request to the task.

import {appendFile} from 'node:fs/promises'
import type {KafkaSignalSettings, Settings} from '../config/settings.ts'
import {TidemarkError} from '../core/tidemark-error.ts'
import {SILENT} from '../core/log.ts'
import {SIGNAL_KEYS} from '../kafka/connection-failure.ts'
import {openConnection, queryRows} from '../mysql/connections.ts'
import {quoteTable} from '../mysql/identifiers.ts'
import {KafkaSink} from '../sinks/kafka/kafka-sink.ts'
import {postSignal, taskAddress} from './task-client.ts'
import type {SignalMessage} from './signal-message.ts'

export type SignalChannelName = 'source' | 'kafka' | 'file' | 'http'

export interface SentSignal extends SignalMessage {
  readonly id: string
}

export interface SignalSender {
  readonly channel: SignalChannelName
  /** The table or topic, for people. */
  readonly place: string
  /** Resolves once the signal is durable there. */
  send(signal: SentSignal): Promise<void>
}

const BROKER_PATIENCE_MS = 15_000
const DUPLICATE_KEY = 1062

/** The wanted channel, or the first that is enabled. Throws TIDEMARK_SIGNAL_CHANNEL where there is none. */
export function signalSender(settings: Settings, wanted: string | undefined): SignalSender {
  const {enabledChannels} = settings.signals
  if (wanted !== undefined && wanted !== 'http' && !enabledChannels.includes(wanted)) {
    throw noChannel(
      `channel ${wanted} is not enabled: signal.enabled.channels is ${enabledChannels.join(',') || 'empty'}; add it there ` +
        'and start the task again, or choose another --channel',
    )
  }
  // The HTTP interface takes signals wherever it listens.
  const candidates = wanted === undefined ? [...enabledChannels, 'http'] : [wanted]
  for (const channel of candidates) {
    const sender = SENDERS[channel]?.(settings) ?? null
    if (sender !== null) return sender
  }
  throw noChannel(
    `no signal can be sent through ${candidates.join(', ') || 'any channel'}: set signal.data.collection to the signal table ` +
      '(`tidemark init` prints its SQL), enable kafka or file in signal.enabled.channels, or set http.listen',
  )
}

const SENDERS: Readonly<Record<string, (settings: Settings) => SignalSender | null>> = {
  source: tableSender,
  kafka: topicSender,
  file: fileSender,
  http: requestSender,
}

function fileSender({signals}: Settings): SignalSender | null {
  const {file} = signals
  if (file === null) return null
  return {channel: 'file', place: file, send: signal => appendFile(file, `${JSON.stringify(signal)}\n`)}
}

function requestSender(settings: Settings): SignalSender | null {
  if (settings.http === null || settings.http.port === 0) return null
  const address = taskAddress(settings)
  return {channel: 'http', place: `${address.url}/signals`, send: signal => postSignal(address, signal)}
}

function tableSender({database, signals}: Settings): SignalSender | null {
  const table = signals.dataCollection
  if (table === null) return null
  const place = `${table.database}.${table.table}`
  return {
    channel: 'source',
    place,
    send: async ({id, type, data}) => {
      const connection = await openConnection(database, 'signal')
      try {
        const sql = `INSERT INTO ${quoteTable(table)} VALUES (?, ?, ?)`
        await queryRows(connection, sql, [id, type, JSON.stringify(data)], `write the signal into ${place}`)
      } catch (error) {
        if (errorNumber(error) !== DUPLICATE_KEY) throw error
        throw new TidemarkError(
          'TIDEMARK_SIGNAL_ID_TAKEN',
          `${place} has a row with the id ${id} already, so the signal was not sent; give another --id, or none`,
          {cause: error},
        )
      } finally {
        connection.destroy()
      }
    },
  }
}

function errorNumber(error: unknown): number | null {
  const {cause} = error as {cause?: {errno?: unknown}}
  return typeof cause?.errno === 'number' ? cause.errno : null
}

function topicSender({signals, events}: Settings): SignalSender | null {
  const {kafka} = signals
  if (kafka === null) return null
  return {
    channel: 'kafka',
    place: kafka.topic,
    send: signal => sendRecord(kafka, events.topicPrefix, JSON.stringify(signal)),
  }
}

/** Into partition 0, which is the one that Debezium reads, too. */
async function sendRecord(settings: KafkaSignalSettings, key: string, value: string): Promise<void> {
  const {topic, bootstrapServers, clientId, security, requestTimeoutMs} = settings
  const sink = new KafkaSink({
    settings: {
      type: 'kafka',
      bootstrapServers,
      clientId,
      security,
      requestTimeoutMs,
      compression: 'none',
      maxRequestBytes: 1_048_576,
      // As with any producer, a topic that is missing is created by the broker where it is set up to.
      topicCreation: {enabled: false, groups: []},
    },
    log: SILENT,
    keyPrefix: SIGNAL_KEYS,
  })
  const patience = AbortSignal.timeout(BROKER_PATIENCE_MS)
  const gaveUp = new Promise<never>((_, reject) => {
    const fail = (): void => {
      const brokers = bootstrapServers.join(',')
      const reason = sink.status().reason ?? `no answer from ${brokers}`
      const advice = 'check that the brokers run, signal.kafka.bootstrap.servers, and the security of signal.consumer.*'
      const message = `the signal could not be sent within ${BROKER_PATIENCE_MS / 1000} s: ${reason}; ${advice}`
      reject(new TidemarkError('TIDEMARK_SIGNAL_NOT_SENT', message))
    }
    patience.addEventListener('abort', fail, {once: true})
  })
  const send = async (): Promise<void> => {
    await sink.open(patience)
    const batch = (await sink.topic(topic)).newBatch(0)
    const keyBytes = Buffer.from(key)
    const valueBytes = Buffer.from(value)
    batch.begin(keyBytes, 0, keyBytes.length, valueBytes.length, null)
    batch.writer.write(valueBytes)
    batch.end()
    await sink.send(batch)
  }
  try {
    const sending = send()
    sending.catch(() => undefined)
    await Promise.race([sending, gaveUp])
  } finally {
    await sink.close(AbortSignal.abort()).catch(() => undefined)
  }
}

function noChannel(message: string): TidemarkError {
  return new TidemarkError('TIDEMARK_SIGNAL_CHANNEL', message, {kind: 'configuration'})
}
