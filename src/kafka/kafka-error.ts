// What an error of Kafka's means for a batch that met it.

import {TidemarkError} from '../core/tidemark-error.ts'

/**
 * - `lost`: the transaction has ended without us, see KafkaTransactions;
 * - `appended`: the batch is in the log already;
 * - `retry`: the same broker may take it later;
 * - `refresh`: ask for the leader first;
 * - `sequence`: the broker's memory of this producer does not fit, see PartitionQueue;
 * - `fatal`: an operator must act.
 */
export type ErrorMeaning = 'appended' | 'retry' | 'refresh' | 'sequence' | 'lost' | 'fatal'

interface KnownError {
  readonly name: string
  readonly meaning: ErrorMeaning
  /** What to do; only for fatal ones. */
  readonly remedy?: string
}

export const UNKNOWN_SERVER_ERROR = -1
export const NO_ERROR = 0
export const OFFSET_OUT_OF_RANGE = 1
export const UNKNOWN_TOPIC_OR_PARTITION = 3
export const LEADER_NOT_AVAILABLE = 5
export const REQUEST_TIMED_OUT = 7
export const TOPIC_ALREADY_EXISTS = 36
export const OUT_OF_ORDER_SEQUENCE_NUMBER = 45
export const INVALID_PRODUCER_EPOCH = 47
export const CONCURRENT_TRANSACTIONS = 51

const BY_CODE: Readonly<Record<number, KnownError>> = {
  [-1]: {name: 'UNKNOWN_SERVER_ERROR', meaning: 'retry'},
  1: {name: 'OFFSET_OUT_OF_RANGE', meaning: 'retry'},
  2: {name: 'CORRUPT_MESSAGE', meaning: 'retry'},
  3: {name: 'UNKNOWN_TOPIC_OR_PARTITION', meaning: 'refresh'},
  5: {name: 'LEADER_NOT_AVAILABLE', meaning: 'refresh'},
  6: {name: 'NOT_LEADER_OR_FOLLOWER', meaning: 'refresh'},
  7: {name: 'REQUEST_TIMED_OUT', meaning: 'retry'},
  8: {name: 'BROKER_NOT_AVAILABLE', meaning: 'refresh'},
  9: {name: 'REPLICA_NOT_AVAILABLE', meaning: 'refresh'},
  10: {
    name: 'MESSAGE_TOO_LARGE',
    meaning: 'fatal',
    remedy:
      "raise the topic's max.message.bytes (or the broker's message.max.bytes) and producer.override.max.request.size",
  },
  13: {name: 'NETWORK_EXCEPTION', meaning: 'refresh'},
  14: {name: 'COORDINATOR_LOAD_IN_PROGRESS', meaning: 'retry'},
  15: {name: 'COORDINATOR_NOT_AVAILABLE', meaning: 'retry'},
  16: {name: 'NOT_COORDINATOR', meaning: 'refresh'},
  17: {
    name: 'INVALID_TOPIC_EXCEPTION',
    meaning: 'fatal',
    remedy: 'choose a topic.prefix of letters, digits, ".", "_" and "-"',
  },
  18: {name: 'RECORD_LIST_TOO_LARGE', meaning: 'fatal', remedy: "raise the topic's segment.bytes"},
  19: {name: 'NOT_ENOUGH_REPLICAS', meaning: 'retry'},
  20: {name: 'NOT_ENOUGH_REPLICAS_AFTER_APPEND', meaning: 'retry'},
  29: {
    name: 'TOPIC_AUTHORIZATION_FAILED',
    meaning: 'fatal',
    remedy: 'allow this user WRITE and DESCRIBE on the topic (kafka-acls --add)',
  },
  31: {
    name: 'CLUSTER_AUTHORIZATION_FAILED',
    meaning: 'fatal',
    remedy: 'allow this user CREATE and IDEMPOTENT_WRITE on the cluster (kafka-acls --add)',
  },
  35: {name: 'UNSUPPORTED_VERSION', meaning: 'fatal', remedy: 'use Kafka 0.11 or later'},
  36: {name: 'TOPIC_ALREADY_EXISTS', meaning: 'retry'},
  37: {name: 'INVALID_PARTITIONS', meaning: 'fatal', remedy: 'mend topic.creation.*.partitions'},
  38: {
    name: 'INVALID_REPLICATION_FACTOR',
    meaning: 'fatal',
    remedy: 'set topic.creation.*.replication.factor to at most the number of brokers',
  },
  40: {name: 'INVALID_CONFIG', meaning: 'fatal', remedy: 'mend the topic settings under topic.creation.*'},
  41: {name: 'NOT_CONTROLLER', meaning: 'refresh'},
  42: {name: 'INVALID_REQUEST', meaning: 'fatal', remedy: 'please report it'},
  43: {
    name: 'UNSUPPORTED_FOR_MESSAGE_FORMAT',
    meaning: 'fatal',
    remedy: "raise the topic's message.format.version to 0.11 or later",
  },
  44: {
    name: 'POLICY_VIOLATION',
    meaning: 'fatal',
    remedy: "create the topic by hand, or mend topic.creation.* to fit the cluster's policy",
  },
  45: {name: 'OUT_OF_ORDER_SEQUENCE_NUMBER', meaning: 'sequence'},
  46: {name: 'DUPLICATE_SEQUENCE_NUMBER', meaning: 'appended'},
  47: {name: 'INVALID_PRODUCER_EPOCH', meaning: 'sequence'},
  48: {name: 'INVALID_TXN_STATE', meaning: 'lost'},
  49: {name: 'INVALID_PRODUCER_ID_MAPPING', meaning: 'lost'},
  50: {
    name: 'INVALID_TRANSACTION_TIMEOUT',
    meaning: 'fatal',
    remedy: "set producer.override.transaction.timeout.ms to at most the brokers' transaction.max.timeout.ms",
  },
  51: {name: 'CONCURRENT_TRANSACTIONS', meaning: 'retry'},
  53: {
    name: 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
    meaning: 'fatal',
    remedy: 'allow this user DESCRIBE and WRITE on the transactional id (kafka-acls --add --transactional-id)',
  },
  55: {name: 'OPERATION_NOT_ATTEMPTED', meaning: 'retry'},
  56: {name: 'KAFKA_STORAGE_ERROR', meaning: 'refresh'},
  58: {name: 'SASL_AUTHENTICATION_FAILED', meaning: 'fatal', remedy: 'mend sasl.mechanism and sasl.jaas.config'},
  59: {name: 'UNKNOWN_PRODUCER_ID', meaning: 'sequence'},
  72: {name: 'LISTENER_NOT_FOUND', meaning: 'refresh'},
  74: {name: 'FENCED_LEADER_EPOCH', meaning: 'refresh'},
  76: {
    name: 'UNSUPPORTED_COMPRESSION_TYPE',
    meaning: 'fatal',
    remedy: 'choose another producer.override.compression.type',
  },
  87: {
    name: 'INVALID_RECORD',
    meaning: 'fatal',
    remedy:
      'a compacted topic takes no event without a key: give the table a primary key, or set cleanup.policy=delete',
  },
  89: {name: 'THROTTLING_QUOTA_EXCEEDED', meaning: 'retry'},
  90: {name: 'PRODUCER_FENCED', meaning: 'lost'},
  120: {name: 'TRANSACTION_ABORTABLE', meaning: 'lost'},
}

export function kafkaErrorMeaning(code: number): ErrorMeaning {
  // A code that we do not know may say anything; guessing that it passes could hide that nothing is written any more.
  return BY_CODE[code]?.meaning ?? 'fatal'
}

export function kafkaErrorName(code: number): string {
  return BY_CODE[code]?.name ?? `error code ${code}`
}

/** Last parts of the codes that `fatalKafkaError` gives, for the table of their explanations. */
export function fatalKafkaErrorNames(): string[] {
  const fatal = Object.values(BY_CODE).filter(({meaning}) => meaning === 'fatal')
  return [...fatal.map(({name}) => name), kafkaErrorName(UNKNOWN_SERVER_ERROR), 'ERROR']
}

/** `what` begins the sentence: `cannot write to topic shop.orders partition 0`. */
export function fatalKafkaError(code: number, what: string): TidemarkError {
  const known = BY_CODE[code]
  const remedy = known?.remedy ?? "look into the broker's log"
  const area = `TIDEMARK_KAFKA_${known?.name ?? 'ERROR'}`
  return new TidemarkError(area, `${what}: Kafka answered ${kafkaErrorName(code)}; ${remedy}`)
}
