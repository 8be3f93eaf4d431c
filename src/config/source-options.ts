// Options of the source: the database, the filters, signals, snapshots.

import {flag, integer, list, patterns, refused, secret, text, type Option} from './option.ts'

const MAX_UINT32 = 4_294_967_295

export const DATABASE_OPTIONS: readonly Option[] = [
  text('database.hostname', null, 'Address of the MySQL server.', {required: true}),
  integer('database.port', 3306, 'Port of the MySQL server.', {minimum: 1, maximum: 65_535}),
  text('database.user', null, 'Account to connect with; `tidemark init` prints its grants.', {required: true}),
  secret('database.password', 'Password of the account.'),
  integer('database.server.id', null, 'Replica id, unique among everything that replicates from the server.', {
    required: true,
    minimum: 1,
    maximum: MAX_UINT32,
  }),
  text('database.ssl.mode', 'preferred', 'TLS to the server, as of the mysql client.', {
    values: ['disabled', 'preferred', 'required', 'verify_ca', 'verify_identity'],
  }),
  text('database.ssl.ca', null, 'PEM file of the authorities that sign the server certificate.'),
  text('database.ssl.cert', null, 'PEM file of the client certificate.'),
  text('database.ssl.key', null, 'PEM file of the key of the client certificate.'),
  refused('database.ssl.keystore*', 'Java key store.', 'use database.ssl.cert and database.ssl.key with PEM files'),
  refused('database.ssl.truststore*', 'Java trust store.', 'use database.ssl.ca with a PEM file'),
  integer('connect.timeout.ms', 30_000, 'How long a connection may take.', {minimum: 1}),
  integer('connect.keep.alive.interval.ms', 60_000, 'The server is asked for a heartbeat at 0.8 of it.', {
    minimum: 100,
  }),
  integer('database.query.timeout.ms', 600_000, 'Bound on one SELECT of a chunk; 0 for none.'),
  refused('database.initial.statements', 'Statements run on each new connection.', 'set them up for the account'),
]

export const FILTER_OPTIONS: readonly Option[] = [
  patterns('database.include.list', 'Databases to capture.'),
  patterns('database.exclude.list', 'Databases to leave out; not together with the include list.'),
  patterns('table.include.list', 'Tables to capture, as `database.table`.'),
  patterns('table.exclude.list', 'Tables to leave out; not together with the include list.'),
  flag('table.ignore.builtin', true, 'Leave out mysql, sys, information_schema and performance_schema.'),
  patterns('column.include.list', 'Columns in the events, as `database.table.column`; keys keep theirs.'),
  patterns('column.exclude.list', 'Columns left out of the events; not together with the include list.'),
  patterns('column.truncate.to.*.chars', 'Columns whose text is cut behind so many characters.'),
  patterns('column.mask.with.*.chars', 'Columns whose text is replaced by so many asterisks.'),
  patterns('column.mask.hash.*', 'Columns whose text is hashed: `column.mask.hash.v2.SHA-256.with.salt.SALT`.'),
  refused('gtid.source.*cludes', 'Transactions by the server they come from.', 'leave it out'),
]

export const SIGNAL_OPTIONS: readonly Option[] = [
  text('signal.data.collection', null, 'The signal table, `database.table`; `tidemark init` prints its DDL.'),
  list('signal.enabled.channels', 'source', 'Where signals come from.', {
    values: ['source', 'kafka', 'file', 'http'],
    notYet: ['jmx', 'in-process'],
    instead: 'use source (the signal table), kafka, file, or POST /signals, which needs no entry here',
  }),
  text(
    'signal.file',
    'file-signals.txt',
    'File that signals are read from, one JSON object a line; for the channel file.',
  ),
  text('signal.kafka.topic', null, 'Topic that signals are read from, all its partitions; for the channel kafka.', {
    defaultText: '<topic.prefix>-signal',
  }),
  list('signal.kafka.bootstrap.servers', null, 'Brokers of the signal topic.', {defaultText: 'bootstrap.servers'}),
  text(
    'signal.kafka.groupId',
    'kafka-signal',
    'Consumer group of the reader before: signals that it has read are passed at a first start. It is not joined.',
  ),
  text(
    'signal.consumer.auto.offset.reset',
    'earliest',
    'Where a first start begins in the signal topic, where the group has read nothing; afterwards the stored state says it.',
    {values: ['earliest', 'latest']},
  ),
  text(
    'signal.consumer.*',
    null,
    'Kafka keys for reading signals (`security.protocol`, `sasl.*`, `ssl.*`, `client.id`, `request.timeout.ms`); each one left out is the producer’s.',
  ),
  flag('signal.table.events', true, 'Rows of the signal table come out as events of its topic.'),
  list('notification.enabled.channels', null, 'Where snapshots and the answers to signals are told of.', {
    values: ['sink', 'log', 'file', 'webhook'],
    notYet: ['jmx'],
    instead: 'use sink, log, file or webhook, or look at GET /status and GET /metrics',
  }),
  text('notification.file.path', null, 'JSON lines file of the notifications; required for the channel file.'),
  list(
    'notification.webhook.url',
    null,
    'Addresses that get each notification by POST; required for the channel webhook.',
  ),
  secret('notification.webhook.authorization', 'Header `Authorization` of those requests.'),
  integer('notification.webhook.timeout.ms', 10_000, 'How long the answer to such a request is waited for.', {
    minimum: 1,
  }),
  text('notification.sink.topic.name', null, 'Topic of the notifications; required for the channel sink.'),
]

export const SNAPSHOT_OPTIONS: readonly Option[] = [
  text('snapshot.mode', 'initial', 'Which tables are copied at the start without a signal.', {
    values: ['no_data', 'never', 'initial', 'initial_only', 'always', 'when_needed'],
    notYet: ['schema_only', 'recovery', 'schema_only_recovery', 'configuration_based', 'custom'],
    instead: 'schema_only is called no_data now; recovery has no use here, as there is no schema history',
  }),
  patterns('snapshot.include.collection.list', 'Tables that snapshot.mode copies; all captured ones without it.'),
  integer('snapshot.max.threads', 1, 'Chunks read side by side.', {minimum: 1, maximum: 64}),
  integer('incremental.snapshot.chunk.size', 2048, 'Rows of one chunk.', {minimum: 1, maximum: 1_000_000}),
  integer('snapshot.max.rows.per.second', 0, 'Rows read for snapshots in a second, all tables together; 0: no limit.'),
  text(
    'snapshot.throttle.query',
    null,
    'A SELECT that is asked every second while snapshots run: 1 has them wait, 0 or no row has them go on.',
  ),
  text('incremental.snapshot.watermarking.strategy', 'insert_insert', 'Whether the marks in the signal table stay.', {
    values: ['insert_insert', 'insert_delete'],
  }),
  text('snapshot.new.tables', 'incremental', 'How tables new in the filter are copied.', {
    values: ['incremental', 'parallel', 'off'],
  }),
  integer('snapshot.memory.bytes', 64 * 1024 * 1024, 'Bound on chunks read ahead of the stream.', {
    minimum: 1024 * 1024,
  }),
  integer('stream.memory.bytes', 16 * 1024 * 1024, 'Bound on streamed events that wait for the sink.', {
    minimum: 1024 * 1024,
  }),
  flag(
    'read.only',
    false,
    'Write nothing to the server: watermarks are its executed GTIDs. So they are, too, where there is no signal table.',
  ),
  refused(
    'snapshot.select.statement.overrides*',
    'Own SELECTs for a snapshot.',
    'use a signal with additional-conditions',
  ),
  text('snapshot.query.mode', 'select_all', 'How rows are selected.', {values: ['select_all'], notYet: ['custom']}),
]
