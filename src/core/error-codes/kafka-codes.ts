// TIDEMARK_KAFKA_… and TIDEMARK_SINK_…: where events go. Those in capitals like Kafka's errors are a broker's own answers.

import type {ErrorTexts} from './error-text.ts'

export const KAFKA_CODES: ErrorTexts = {
  TIDEMARK_KAFKA_AUTHENTICATION: {
    cause: 'The brokers refuse the login, do not offer the mechanism, or want none at this listener.',
    cure: 'Mend user and password in sasl.jaas.config, sasl.mechanism or security.protocol; the message names the key, with signal.consumer. before it where it is about the signal topic.',
  },
  TIDEMARK_KAFKA_CLUSTER_AUTHORIZATION_FAILED: {
    cause: 'The user may not create topics, or not write as an idempotent producer.',
    cure: '`kafka-acls --add --allow-principal User:NAME --operation Create --operation IdempotentWrite --cluster`, or create the topics by hand and set topic.creation.enable=false.',
  },
  TIDEMARK_KAFKA_COMPRESSION: {
    cause: 'A batch could not be compressed: the native library failed, for want of memory perhaps.',
    cure: 'Start again, with producer.override.compression.type=none if it repeats, and report it.',
  },
  TIDEMARK_KAFKA_ERROR: {
    cause: 'A broker answered with an error whose number is not known here, so it is not guessed that it passes.',
    cure: 'Look the number up in the list of errors in the Kafka protocol guide, and look into the log of the broker.',
  },
  TIDEMARK_KAFKA_FENCED: {
    cause:
      'With exactly.once.support=required another process of the same name has begun. It has the transactional id now, and this one must not write any more.',
    cure: 'Run one process of each name. Where the other one is the new home of the task, this end is what should happen.',
  },
  TIDEMARK_KAFKA_INVALID_CONFIG: {
    cause: 'The brokers refuse a setting with which a topic was to be created.',
    cure: 'Mend the settings under topic.creation.*.',
  },
  TIDEMARK_KAFKA_INVALID_PARTITIONS: {
    cause: 'The brokers refuse the number of partitions with which a topic was to be created.',
    cure: 'Mend topic.creation.*.partitions.',
  },
  TIDEMARK_KAFKA_INVALID_RECORD: {
    cause:
      'A broker refuses a record. A compacted topic takes none without a key: events of a table without a key, and truncate events, have none.',
    cure: 'Give the table a primary key or message.key.columns, or set cleanup.policy=delete for its topic.',
  },
  TIDEMARK_KAFKA_INVALID_REPLICATION_FACTOR: {
    cause: 'A topic was to be created with more replicas than there are brokers.',
    cure: 'Set topic.creation.*.replication.factor to at most the number of brokers, or to -1 for their default.',
  },
  TIDEMARK_KAFKA_INVALID_REQUEST: {
    cause: 'A broker does not understand a request of ours.',
    cure: 'Please report it, with the version of the brokers and the lines of the log before it.',
  },
  TIDEMARK_KAFKA_INVALID_TOPIC_EXCEPTION: {
    cause:
      'The name of a topic is none: it has other characters than letters, digits, dots, underscores and hyphens, or more than 249.',
    cure: 'Mend topic.prefix, topic.delimiter or the topic that the key names; shorten the names.',
  },
  TIDEMARK_KAFKA_INVALID_TRANSACTION_TIMEOUT: {
    cause: 'The brokers allow no transaction timeout as long as ours (exactly.once.support=required).',
    cure: 'Set producer.override.transaction.timeout.ms to at most transaction.max.timeout.ms of the brokers.',
  },
  TIDEMARK_KAFKA_MESSAGE_TOO_LARGE: {
    cause: 'One event is larger than max.request.size, or than the topic takes (max.message.bytes).',
    cure: 'Raise both; the message has the command with the number. Consumers must be able to fetch as much.',
  },
  TIDEMARK_KAFKA_POLICY_VIOLATION: {
    cause: 'A policy of the cluster does not allow a topic as it was to be created.',
    cure: 'Create the topic by hand, or mend topic.creation.* to fit the policy.',
  },
  TIDEMARK_KAFKA_RECORD_LIST_TOO_LARGE: {
    cause: 'A batch is larger than a segment of the topic.',
    cure: 'Raise segment.bytes of the topic, or lower producer.override.max.request.size.',
  },
  TIDEMARK_KAFKA_SASL_AUTHENTICATION_FAILED: {
    cause: 'A broker refused the login on a connection that had been opened, as when a password was changed.',
    cure: 'Mend sasl.mechanism and sasl.jaas.config.',
  },
  TIDEMARK_KAFKA_TLS: {
    cause: 'One side does not trust the certificate of the other, or the name in it is another.',
    cure: 'ssl.truststore.location must hold the authority of the brokers’ certificates, as PEM; ssl.keystore.location our own where they ask for one. The message names the key.',
  },
  TIDEMARK_KAFKA_TOPIC_AUTHORIZATION_FAILED: {
    cause: 'The user may not write to the topic, or not see it.',
    cure: '`kafka-acls --add --allow-principal User:NAME --operation Write --operation Describe --topic TOPIC` (Read, too, for the signal topic and the topic of the state).',
  },
  TIDEMARK_KAFKA_TOPIC_MISSING: {
    cause: 'A topic does not exist, topic.creation.enable is false, and the brokers create none by themselves.',
    cure: 'Create it: `kafka-topics --create --topic TOPIC`, or set topic.creation.enable=true.',
  },
  TIDEMARK_KAFKA_TRANSACTION_LOST: {
    cause:
      'The brokers ended our transaction, since it was open for longer than transaction.timeout.ms while they or we were away.',
    cure: 'Nothing: the task begins again inside the process from the last committed state, and consumers see nothing of the lost one. Where it repeats, raise producer.override.transaction.timeout.ms.',
  },
  TIDEMARK_KAFKA_TRANSACTIONAL_ID_AUTHORIZATION_FAILED: {
    cause: 'The user may not use the transactional id `tidemark-<name>` (exactly.once.support=required).',
    cure: '`kafka-acls --add --allow-principal User:NAME --operation Describe --operation Write --transactional-id tidemark-NAME`.',
  },
  TIDEMARK_KAFKA_UNKNOWN_SERVER_ERROR: {
    cause: 'A broker failed for a reason that it does not tell, and did so again when it was asked again.',
    cure: 'Look into the log of the broker; start again when it is well.',
  },
  TIDEMARK_KAFKA_UNREACHABLE: {
    cause: 'No broker answered while the task was starting. The message says what was met last.',
    cure: 'Start the brokers, or mend bootstrap.servers and security.protocol. Once it runs, brokers that are away are waited for.',
  },
  TIDEMARK_KAFKA_UNREADABLE: {
    cause:
      'A record batch of the signal topic, of the topic of the state or of a verified topic cannot be read: an unknown format or compression.',
    cure: 'Let whoever writes that topic use a compression that is known (gzip, snappy, lz4, zstd); look into the log of the broker where it was Tidemark.',
  },
  TIDEMARK_KAFKA_UNSUPPORTED_COMPRESSION_TYPE: {
    cause: 'The topic or the broker does not take the compression, as old brokers do not take zstd.',
    cure: 'Choose another producer.override.compression.type; lz4 is the fastest.',
  },
  TIDEMARK_KAFKA_UNSUPPORTED_FOR_MESSAGE_FORMAT: {
    cause: 'The topic keeps records in a format from before Kafka 0.11, which has no headers.',
    cure: 'Raise message.format.version of the topic to 0.11 or later.',
  },
  TIDEMARK_KAFKA_UNSUPPORTED_VERSION: {
    cause: 'The brokers are older than Kafka 0.11, or do not know a request that the configuration needs.',
    cure: 'Use Kafka 0.11 or later.',
  },
  TIDEMARK_SINK_CLOSED: {
    cause:
      'Something was to be written when the connection to Kafka was closed already, at the end of the process or after a failure.',
    cure: 'Look for the failure before it in the log; by itself it means nothing.',
  },
  TIDEMARK_SINK_FILE: {
    cause:
      'The file of sink.file.path cannot be opened or written: no space, or no right. The position was not moved beyond what is in it.',
    cure: 'Mend what the message names, and start again: it goes on behind the last whole event.',
  },
  TIDEMARK_SINK_STDOUT: {
    cause: 'Standard output cannot be written to.',
    cure: 'Set sink.type=file or kafka, or mend where standard output leads.',
  },
  TIDEMARK_SINK_STDOUT_CLOSED: {
    cause: 'Whatever read standard output has ended, `head` for example.',
    cure: 'Start again with a reader that stays, or set sink.type.',
  },
}
