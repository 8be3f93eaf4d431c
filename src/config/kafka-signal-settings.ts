// The signal topic's settings. `signal.consumer.*` are Kafka's keys for the reader of signals, as in Debezium; whatever is
// left out is as for the sink.

import type {RawConfig} from './config-file.ts'
import {brokerAddresses, kafkaSecurity} from './kafka-settings.ts'
import type {OptionValue} from './option.ts'
import {checkConfig} from './option-schema.ts'
import {OptionValues} from './option-values.ts'
import {ConfigProblems} from './problems.ts'
import type {KafkaSignalSettings} from './settings.ts'

export const CONSUMER_PREFIX = 'signal.consumer.'
/** Keys of the sink that the reader of signals has, too. */
const SHARED = /^(?:security\.protocol|sasl\..*|ssl\..*|client\.id|request\.timeout\.ms|bootstrap\.servers)$/
/** Read under its own name. */
const OWN = 'signal.consumer.auto.offset.reset'
const OWN_GROUP = 'signal.consumer.group.id'

export interface KafkaSignalContext {
  readonly name: string
  readonly topicPrefix: string
  /** The configuration with the producer's keys merged in. */
  readonly config: RawConfig
  readonly problems: ConfigProblems
  readonly warnings: string[]
}

/** Null where the channel is not enabled. */
export function kafkaSignalSettings(values: OptionValues, context: KafkaSignalContext): KafkaSignalSettings | null {
  const channels = values.list('signal.enabled.channels').map(channel => channel.toLowerCase())
  if (!channels.includes('kafka')) return null
  const {name, topicPrefix, problems} = context
  const {consumer, consumerProblems} = consumerValues(context)
  const ownBrokers = values.has('signal.kafka.bootstrap.servers')
  const bootstrapServers = ownBrokers
    ? brokerAddresses(values, 'signal.kafka.bootstrap.servers', problems)
    : brokerAddresses(consumer, 'bootstrap.servers', consumerProblems)
  if (bootstrapServers.length === 0) {
    problems.add('signal.kafka.bootstrap.servers', 'it is missing; the signal channel kafka needs brokers')
  }
  return {
    topic: values.optionalText('signal.kafka.topic') ?? `${topicPrefix}-signal`,
    bootstrapServers,
    clientId: consumer.optionalText('client.id') ?? `tidemark-${name}-signals`,
    security: kafkaSecurity(consumer, consumerProblems),
    requestTimeoutMs: consumer.integer('request.timeout.ms'),
    groupId: String(context.config.get(OWN_GROUP) ?? values.text('signal.kafka.groupId')),
    startFrom: values.choice<'earliest' | 'latest'>(OWN),
  }
}

/** The sink's Kafka keys with those of signal.consumer.* in their place. */
function consumerValues({config, problems, warnings}: KafkaSignalContext): {
  consumer: OptionValues
  consumerProblems: ConfigProblems
} {
  const merged = new Map<string, OptionValue>()
  const own = new Set<string>()
  const isReplaced = replacedKeys(config)
  for (const [key, value] of config) if (SHARED.test(key) && !isReplaced(key)) merged.set(key, value)
  for (const [key, value] of config) {
    if (!key.startsWith(CONSUMER_PREFIX) || key === OWN || key === OWN_GROUP) continue
    const plain = key.slice(CONSUMER_PREFIX.length)
    if (SHARED.test(plain)) {
      merged.set(plain, value)
      own.add(plain)
    } else {
      warnings.push(`${key} has no meaning here and is ignored: signals are read without a consumer group`)
    }
  }
  const consumerProblems = new ConsumerProblems(problems, own)
  const checked = checkConfig(merged, consumerProblems)
  return {consumer: new OptionValues(checked.values, checked.broken), consumerProblems}
}

/** Keys that say one thing in several ways: one of the reader's own replaces all of the producer's. */
const TOGETHER = [/^sasl\.(?:jaas\.config|username|password)$/, /^ssl\.truststore\./, /^ssl\.(?:keystore\.|key\.)/]

function replacedKeys(config: RawConfig): (key: string) => boolean {
  const keys = [...config.keys()].filter(key => key.startsWith(CONSUMER_PREFIX))
  const own = keys.map(key => key.slice(CONSUMER_PREFIX.length))
  const replaced = TOGETHER.filter(group => own.some(key => group.test(key)))
  return key => replaced.some(group => group.test(key))
}

/** Tells problems of the reader's own keys by their own names. What it is not about, such as required keys, is not looked at here. */
class ConsumerProblems extends ConfigProblems {
  readonly #to: ConfigProblems
  readonly #own: ReadonlySet<string>

  constructor(to: ConfigProblems, own: ReadonlySet<string>) {
    super()
    this.#to = to
    this.#own = own
  }

  override add(key: string, problem: string): void {
    if (SHARED.test(key)) this.#to.add(this.#own.has(key) ? `${CONSUMER_PREFIX}${key}` : key, problem)
  }
}
