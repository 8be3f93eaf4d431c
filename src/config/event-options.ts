// Options that decide the bytes of events. What is not supported yet is refused by value, so that its default, which is
// what comes out, may stand in the file.

import {flag, integer, list, patterns, refused, text, type Option} from './option.ts'
import {nameAdjustments} from './schema-settings.ts'
import {bigintUnsignedModes, binaryModes, decimalFormats, decimalModes, timeModes} from './value-modes.ts'

const JSON_CONVERTER = 'org.apache.kafka.connect.json.JsonConverter'
const STRING_CONVERTER = 'org.apache.kafka.connect.storage.StringConverter'
const TRANSACTION_FACTORY = 'io.debezium.pipeline.txmetadata.DefaultTransactionMetadataFactory'
const SIMPLE_HEADER_CONVERTER = 'org.apache.kafka.connect.storage.SimpleHeaderConverter'

const onlyFalse = {values: [false], notYet: [true], instead: 'leave it out'} as const
const nullStays = {
  ...onlyFalse,
  instead: 'it would show a NULL as the column’s default; set it to false',
} as const
const failureModes = ['fail', 'warn', 'skip', 'ignore'] as const
const onlyTrue = {values: [true], notYet: [false], instead: 'leave it out'} as const

export const EVENT_OPTIONS: readonly Option[] = [
  text('name', null, 'Name of the task.', {defaultText: 'topic.prefix'}),
  text('connector.class', null, 'Debezium’s MySQL connector; its presence turns schemas.enable on, as in Connect.', {
    values: ['io.debezium.connector.mysql.MySqlConnector', 'MySqlConnector', 'MySql'],
  }),
  text('topic.prefix', null, 'First part of every topic name.', {required: true}),
  text('topic.delimiter', '.', 'Between the parts of a topic name.'),
  flag('tombstones.on.delete', true, 'A delete is followed by a null value, so that compaction drops the key.'),
  list('skipped.operations', 't', 'Operations left out: c, u, d, t or none.', {
    values: ['c', 'u', 'd', 't', 'none'],
  }),
  text('message.key.columns', null, 'Own message keys: `tables:column,…;tables:…`.'),
  flag('extended.headers.enabled', true, 'Headers `__debezium.context.*` on every event.'),
  text('key.converter', JSON_CONVERTER, 'How keys are written.', {
    values: [JSON_CONVERTER, STRING_CONVERTER],
    instead: `use ${JSON_CONVERTER} or ${STRING_CONVERTER}`,
  }),
  text('value.converter', JSON_CONVERTER, 'How values are written.', {
    values: [JSON_CONVERTER],
    instead: `use ${JSON_CONVERTER}`,
  }),
  flag('key.converter.schemas.enable', false, 'The `{schema, payload}` frame around keys.', {
    defaultText: 'true where connector.class is set, else false',
  }),
  flag('value.converter.schemas.enable', false, 'The `{schema, payload}` frame around values.', {
    defaultText: 'true where connector.class is set, else false',
  }),
  text('key.converter.decimal.format', 'BASE64', 'Decimals in keys.', {values: decimalFormats}),
  text('value.converter.decimal.format', 'BASE64', 'Decimals in values.', {values: decimalFormats}),
  flag('key.converter.replace.null.with.default', false, 'NULL is never shown as the column’s default.', nullStays),
  flag('value.converter.replace.null.with.default', false, 'NULL is never shown as the column’s default.', nullStays),
  text('header.converter', SIMPLE_HEADER_CONVERTER, 'How headers are written.', {
    values: [SIMPLE_HEADER_CONVERTER],
  }),
  integer('heartbeat.interval.ms', 0, 'A heartbeat event when nothing else moves the position; 0 for none.'),
  text(
    'heartbeat.topics.prefix',
    null,
    'Older name of topic.heartbeat.prefix; Debezium reads it no more, here it counts where that is not set.',
  ),
  text('topic.heartbeat.prefix', '__debezium-heartbeat', 'First part of the heartbeat topic’s name.'),
  text('topic.heartbeat.name', null, 'Whole name of the heartbeat topic, which several tasks may share.', {
    defaultText: '<topic.heartbeat.prefix>.<topic.prefix>',
  }),
  text('heartbeat.action.query', null, 'Statement run at each heartbeat.'),
  text('decimal.handling.mode', 'precise', 'DECIMAL values.', {values: decimalModes}),
  text('bigint.unsigned.handling.mode', 'long', 'BIGINT UNSIGNED values; `long` wraps from 2^63 on.', {
    values: bigintUnsignedModes,
  }),
  text('binary.handling.mode', 'bytes', 'Binary values.', {values: binaryModes}),
  text('time.precision.mode', 'adaptive_time_microseconds', 'Dates and times.', {
    values: timeModes,
    notYet: ['structured'],
  }),
  flag(
    'enable.time.adjuster',
    true,
    'Stored years are passed on as they are; MySQL has widened those of two digits.',
    onlyTrue,
  ),
  flag(
    'include.query',
    false,
    'The statement’s text in `source.query`, of streamed events, where the server logs it (`binlog_rows_query_log_events=ON`).',
  ),
  flag('include.schema.changes', true, 'Schema change events in the topic named by topic.prefix.'),
  flag(
    'include.schema.comments',
    false,
    'Comments: of columns as `doc` of their fields, of tables and columns in schema change events.',
  ),
  flag(
    'schema.history.internal.store.only.captured.tables.ddl',
    false,
    'Schema change events only of statements on captured tables.',
  ),
  flag(
    'schema.history.internal.store.only.captured.databases.ddl',
    false,
    'Schema change events only of statements on captured databases.',
  ),
  flag(
    'provide.transaction.metadata',
    false,
    'An event for the begin and the end of each transaction, and its `transaction` block in every streamed event.',
  ),
  text('transaction.metadata.factory', TRANSACTION_FACTORY, 'What transaction events are made of.', {
    values: [TRANSACTION_FACTORY],
    instead: 'leave it out',
  }),
  text('topic.transaction', 'transaction', 'Last part of the transaction topic’s name, behind topic.prefix.'),
  flag('skip.messages.without.change', false, 'Leave out updates that change no column of the events.'),
  text('schema.name.adjustment.mode', 'none', 'What Avro’s names do not have is replaced in names of schemas.', {
    values: nameAdjustments,
  }),
  text('field.name.adjustment.mode', 'none', 'The same in names of fields, in payloads as well.', {
    values: nameAdjustments,
  }),
  patterns(
    'column.propagate.source.type',
    'Columns, as `database.table.column`, whose schema names type, length and scale.',
  ),
  patterns('datatype.propagate.source.type', 'The same by `database.table.TYPE`.'),
  text('topic.naming.strategy', 'io.debezium.schema.DefaultTopicNamingStrategy', 'Names of topics.', {
    values: ['io.debezium.schema.DefaultTopicNamingStrategy'],
    instead: 'leave it out',
  }),
  text(
    'event.processing.failure.handling.mode',
    'fail',
    'Rows of the stream that cannot be shown stop the task, or are left out: logged (`warn`), counted, and their table reported as diverged.',
    {values: failureModes},
  ),
  text(
    'inconsistent.schema.handling.mode',
    'fail',
    'The same for events of tables whose definition is not known or does not fit.',
    {values: failureModes},
  ),
  text(
    'event.converting.failure.handling.mode',
    'fail',
    'Also with `warn`, a value that cannot be converted never becomes null: it fails its row, see event.processing.failure.handling.mode.',
    {
      values: ['fail', 'warn'],
      notYet: ['skip', 'ignore'],
      instead:
        'leave it out, since a null would pass for a value; event.processing.failure.handling.mode=skip leaves out the whole row',
    },
  ),
  text('errors.tolerance', 'none', 'Connect’s handling of records that fail.', {
    values: ['none'],
    notYet: ['all'],
    instead: 'set event.processing.failure.handling.mode=warn, which says what was left out, and where',
  }),
  list('transforms', null, 'Names of the single message transforms, applied to every record in this order.'),
  text('transforms.*', null, '`<name>.type`, the class of the transform, and its options.'),
  list('predicates', null, 'Names of the predicates by which transforms choose their records.'),
  text('predicates.*', null, '`<name>.type`, the class of the predicate, and its options.'),
  list(
    'converters',
    null,
    'Names of Debezium’s converters of column values; `<name>.type` and their options beside it.',
  ),
  refused('post.processors*', 'Own processors of events.', 'transform the events downstream'),
]
