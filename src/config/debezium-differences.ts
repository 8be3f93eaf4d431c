// Keys of Debezium's and Kafka Connect's that mean something else here, or more, or have another default; and which of our
// keys are theirs at all. docs/from-debezium.md is made from it.

/** What is different, for somebody who knows the key from there. Values that are refused stand in the option table. */
export const DIFFERENCES: Readonly<Record<string, string>> = {
  'column.propagate.source.type':
    'The type is the server’s own name of it (`TINYINT` for `BOOL`), not that of the statement.',
  'column.truncate.to.*.chars':
    'Cuts columns of text and of bytes; a `TIMESTAMP`, which comes out as text, stays whole.',
  converters:
    'The converters that Debezium ships (`TinyIntOneToBooleanConverter`, `JdbcSinkDataTypesConverter`) are built in; classes of your own cannot be loaded.',
  'database.ssl.mode': 'As there; the certificates are PEM files, in `database.ssl.ca`, `.cert` and `.key`.',
  'event.converting.failure.handling.mode':
    'The default is `fail`, Debezium’s `warn`. Also with `warn` a value never becomes null: it fails its row.',
  'event.processing.failure.handling.mode':
    'What is left out is counted by table, and the table is reported as diverged until it is copied again.',
  'exactly.once.support':
    '`required` works by itself: no setting of a Connect worker is needed. The state is in a topic then.',
  'heartbeat.interval.ms': 'Beats by a timer of its own, also where the server is silent.',
  'heartbeat.topics.prefix': 'Debezium reads it no more; here it counts where `topic.heartbeat.prefix` is not set.',
  'include.schema.changes':
    'Definitions are those of the server at that moment; there is no schema history and no parser.',
  'inconsistent.schema.handling.mode': 'As `event.processing.failure.handling.mode`: counted and reported.',
  'incremental.snapshot.chunk.size': 'The default is 2048, Debezium’s 1024.',
  'key.converter.replace.null.with.default': 'The default is `false`, Connect’s `true`: a NULL stays null.',
  'key.converter.schemas.enable':
    '`true` only where `connector.class` is set, as in a configuration for Connect; else `false`.',
  'notification.enabled.channels':
    '`file` and `webhook` beside `sink` and `log`. None but IN_PROGRESS is lost in a crash.',
  'offset.storage.file.filename':
    'The state has a format of its own; `tidemark state import` brings Debezium’s offset over.',
  'read.only':
    'An idle server is copied at full speed, without events or heartbeats. Where no signal table is configured, watermarks are executed GTIDs without it, too.',
  'schema.history.internal.store.only.captured.databases.ddl':
    'Says which statements become schema change events; there is no history to keep small.',
  'schema.history.internal.store.only.captured.tables.ddl':
    'Says which statements become schema change events; there is no history to keep small.',
  'signal.consumer.*': 'Security and addresses for reading the signal topic; no consumer group is joined.',
  'signal.data.collection': 'Any id column from VARCHAR(36) on does; Debezium’s marks have up to 41 characters.',
  'signal.enabled.channels': '`http` beside `source`, `kafka` and `file`.',
  'signal.kafka.groupId':
    'Only a first start asks what the group has read, so that Debezium’s signals are not acted on again.',
  'signal.kafka.topic':
    'All partitions are read, and each signal is acted on once: its offset is part of the stored state.',
  'skipped.operations': 'Where `t` is let through, a truncate event stands in every partition of the topic.',
  'snapshot.max.threads': 'Chunks read side by side, of one table or of several, in every kind of snapshot.',
  'snapshot.mode':
    'Initial snapshots run on the incremental engine: no lock, the stream goes on, a restart resumes behind the last chunk.',
  transforms: 'Those listed in [Transforms](transforms.md) are built in; classes of your own cannot be loaded.',
  'value.converter.replace.null.with.default': 'The default is `false`, Connect’s `true`: a NULL stays null.',
  'value.converter.schemas.enable':
    '`true` only where `connector.class` is set, as in a configuration for Connect; else `false`.',
}

/** Keys that neither Debezium nor Kafka Connect nor its clients have. */
export const OWN_KEYS: ReadonlySet<string> = new Set([
  ...['database.ssl.ca', 'database.ssl.cert', 'database.ssl.key', 'http.listen', 'http.token', 'log.level'],
  ...['notification.file.path', 'notification.webhook.url', 'notification.webhook.authorization'],
  ...['notification.webhook.timeout.ms', 'sasl.username', 'sasl.password', 'signal.table.events', 'sink.file.path'],
  ...['sink.type', 'snapshot.max.rows.per.second', 'snapshot.memory.bytes', 'snapshot.new.tables'],
  ...['snapshot.throttle.query', 'stream.memory.bytes'],
])
