// Keys of Debezium's and Connect's that mean nothing here: accepted, and logged once.

import {ignored, type Option} from './option.ts'

const NO_HISTORY = 'There is no schema history to keep.'
const NO_LOCKS = 'Snapshots take no lock.'
const BOUNDED = 'Queues are bounded in bytes: snapshot.memory.bytes, stream.memory.bytes.'
const UTC = 'Sessions are always in UTC.'
const JAVA = 'There is no Java here.'
const CONNECT = 'It belongs to Kafka Connect’s own workings.'
const RETRIES = 'Failures are retried with backoff.'
const PEM = 'PEM files have no password; that of a key is ssl.key.password.'
const METRICS = 'There are no JMX beans; see GET /status.'

const MEANINGLESS: Readonly<Record<string, readonly string[]>> = {
  [NO_HISTORY]: [
    'schema.history.internal',
    'schema.history.internal.*',
    'ddl.parser.type',
    'resolve.create.table.like.schema',
  ],
  [NO_LOCKS]: ['snapshot.locking.mode', 'snapshot.locking.mode.custom.name', 'snapshot.lock.timeout.ms'],
  [BOUNDED]: [
    ...['max.queue.size', 'max.batch.size', 'max.queue.size.in.bytes', 'poll.interval.ms', 'poll.dispatch.interval.ms'],
    ...['queue.provider.type', 'snapshot.fetch.size', 'query.fetch.size', 'min.row.count.to.stream.results'],
    ...['binlog.buffer.size', 'topic.cache.size'],
  ],
  [UTC]: ['database.connectionTimeZone'],
  [JAVA]: ['database.jdbc.driver', 'database.protocol', 'driver.*', 'sourceinfo.struct.maker'],
  [CONNECT]: [
    ...['tasks.max', 'tasks.max.enforce', 'config.providers', 'config.providers.*', 'config.action.reload'],
    ...['transaction.boundary', 'transaction.boundary.interval.ms', 'offsets.storage.topic', 'group.id', 'plugin.path'],
    ...['plugin.discovery', 'offset.storage', 'offset.storage.partitions', 'offset.storage.replication.factor'],
    ...[
      'config.storage.*',
      'status.storage.*',
      'rest.*',
      'listeners',
      'offset.flush.interval.ms',
      'offset.flush.timeout.ms',
    ],
    ...['key.converter.schemas.cache.size', 'value.converter.schemas.cache.size', 'internal.*'],
    ...['key.converter.plugin.version', 'value.converter.plugin.version', 'connector.plugin.version'],
    ...['connector.client.config.override.policy', 'executor.shutdown.timeout.ms', 'database.server.id.offset'],
  ],
  [RETRIES]: [
    ...['errors.max.retries', 'errors.retry.*', 'errors.log.*', 'retriable.restart.connector.wait.ms'],
    ...['custom.retriable.exception', 'connect.keep.alive', 'connection.validation.timeout.ms'],
    ...['use.nongraceful.disconnect', 'binlog.net.write.timeout', 'binlog.net.read.timeout'],
    ...['signal.emit.failure.*', 'event.deserialization.failure.handling.mode'],
  ],
  [PEM]: ['ssl.truststore.password', 'ssl.keystore.password'],
  [METRICS]: [
    'custom.metric.tags',
    'statistics.metrics.enabled',
    'advanced.metrics.enable',
    'openlineage.integration.*',
  ],
  'Secrets are redacted without it.': ['custom.sanitize.pattern'],
  'Signals are read as they come, from all partitions, without a consumer group.': [
    ...['signal.poll.interval.ms', 'signal.kafka.poll.timeout.ms'],
  ],
  'A full row image is required, so that every value is available.': ['unavailable.value.placeholder'],
  'A schema change during a snapshot is always handled.': ['incremental.snapshot.allow.schema.changes'],
  'It belongs to a snapshot.mode that is refused.': ['snapshot.mode.*'],
  'Snapshots run beside the stream, chunk by chunk.': [
    ...['snapshot.max.threads.multiplier*', 'legacy.snapshot.max.threads', 'snapshot.delay.ms', 'streaming.delay.ms'],
    ...['snapshot.tables.order.by.row.count', 'snapshot.scan.all.columns.force', 'guardrail.*'],
  ],
  'It only matters together with gtid.source.includes or excludes.': ['gtid.source.filter.dml.events'],
  'A GTID set is always used where there is one.': ['gtid.ignore.on.recovery'],
  'The stored position is always checked.': ['log.position.check.enable', 'offset.activity.monitor.interval.ms'],
}

export const IGNORED_OPTIONS: readonly Option[] = Object.entries(MEANINGLESS).flatMap(([why, keys]) =>
  keys.map(key => ignored(key, why)),
)
