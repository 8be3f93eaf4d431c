// `producer.*` and `producer.override.*` as a Connect worker reads them: they go before the plain Kafka keys.

import type {RawConfig} from './config-file.ts'
import type {OptionValue} from './option.ts'
import type {ConfigProblems} from './problems.ts'
import {SINK_OPTIONS} from './task-options.ts'

const OWN_KEYS: ReadonlySet<string> = new Set(
  SINK_OPTIONS.map(option => option.key).filter(
    key => !key.startsWith('sink.') && !key.startsWith('topic.') && !key.includes('*'),
  ),
)
/** What Tidemark always does, so that setting it so is no news. */
const ALWAYS: Readonly<Record<string, readonly string[]>> = {acks: ['all', '-1'], 'enable.idempotence': ['true']}
/** How a Java producer batches, retries and serializes; Tidemark has its own way of each, with the same guarantees. */
const WITHOUT_MEANING: ReadonlySet<string> = new Set([
  ...['linger.ms', 'batch.size', 'buffer.memory', 'delivery.timeout.ms', 'max.block.ms', 'retries', 'retry.backoff.ms'],
  ...['max.in.flight.requests.per.connection', 'key.serializer', 'value.serializer', 'send.buffer.bytes'],
  ...['receive.buffer.bytes', 'metadata.max.age.ms', 'connections.max.idle.ms', 'reconnect.backoff.ms'],
])

export interface MergedConfig {
  readonly config: RawConfig
  readonly warnings: readonly string[]
  readonly notes: readonly string[]
}

/** The configuration with the producer's keys in place of the plain ones. */
export function mergeProducerKeys(raw: RawConfig, problems: ConfigProblems): MergedConfig {
  const config = new Map<string, OptionValue>()
  const warnings: string[] = []
  const notes: string[] = []
  for (const [key, value] of raw) if (!key.startsWith('producer.')) config.set(key, value)
  // The later prefix wins.
  for (const prefix of ['producer.', 'producer.override.']) {
    for (const [key, value] of raw) {
      if (!key.startsWith(prefix) || (prefix === 'producer.' && key.startsWith('producer.override.'))) continue
      const plain = key.slice(prefix.length)
      if (OWN_KEYS.has(plain)) {
        config.set(plain, value)
        problems.tellAs(plain, key)
      } else if (ALWAYS[plain] !== undefined) {
        if (!ALWAYS[plain].includes(String(value).toLowerCase())) {
          warnings.push(`${key} is ignored: events are always written with ${plain}=${ALWAYS[plain][0]!}`)
        }
      } else if (WITHOUT_MEANING.has(plain)) {
        notes.push(`${key} has no meaning here and is ignored: batches and retries are Tidemark's own`)
      } else {
        warnings.push(`${key} is not supported and is ignored`)
      }
    }
  }
  return {config, warnings, notes}
}
