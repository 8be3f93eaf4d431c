// TIDEMARK_VALUE_… and TIDEMARK_TRANSFORM_…: what becomes of rows on their way into events.

import type {ErrorTexts} from './error-text.ts'

export const VALUE_CODES: ErrorTexts = {
  TIDEMARK_TRANSFORM_FIELD: {
    cause:
      'A transform needs a column that the events of a table do not have, or meets one of a type that it cannot use.',
    cure: 'Mend the options of the transform, or let a predicate (TopicNameMatches) choose the topics that it takes.',
  },
  TIDEMARK_TRANSFORM_KEY_FIELD: {
    cause: 'A ByLogicalTableRouter adds a field to the key, and the key has one of that name already.',
    cure: 'Give it another key.field.name.',
  },
  TIDEMARK_TRANSFORM_PARTITION: {
    cause: 'A row of an outbox table names a partition that the topic does not have.',
    cure: 'Add partitions to the topic, or mend the rows.',
  },
  TIDEMARK_TRANSFORM_TOPIC: {
    cause: 'The replacement of a router gives what is no name of a topic.',
    cure: 'Mend the replacement: 1 to 249 letters, digits, dots, underscores and hyphens.',
  },
  TIDEMARK_TRANSFORM_UPDATE: {
    cause: 'A row of an outbox table was updated, and table.op.invalid.behavior of the EventRouter is fatal.',
    cure: 'Insert rows and delete them, never update them; or set table.op.invalid.behavior=warn.',
  },
  TIDEMARK_VALUE_CONVERTER: {
    cause:
      'The selector of a converter matches a column that it cannot convert, or one whose definition is not known any more.',
    cure: 'Mend its selector; for TinyIntOneToBooleanConverter set length.checker=false where the message says so.',
  },
  TIDEMARK_VALUE_FIELD_NAMES: {
    cause: 'field.name.adjustment.mode gives two columns of a table one name.',
    cure: 'Rename one, leave the table out, or set the mode to avro_unicode or none.',
  },
  TIDEMARK_VALUE_INVALID_DATE: {
    cause:
      'A column holds a date that is in no calendar, such as 30 February, written under the SQL mode ALLOW_INVALID_DATES.',
    cure: 'Correct the row. What is in the binlog already is left out with event.processing.failure.handling.mode=warn, and its table reported as diverged.',
  },
  TIDEMARK_VALUE_TIME_RANGE: {
    cause:
      'time.precision.mode cannot express the value: a TIME below zero or of 24 hours and more with connect and isostring, a DATETIME outside 1677 to 2262 with nanoseconds.',
    cure: 'Set time.precision.mode=microseconds or adaptive_time_microseconds; or leave such rows out, see docs/failing-rows.md.',
  },
  TIDEMARK_VALUE_UNKNOWN_LABEL: {
    cause:
      'A row has an ENUM or SET value that the known definition has no label for: the table was changed in between.',
    cure: 'Nothing: the definition and the chunk are read again.',
  },
  TIDEMARK_VALUE_UNSUPPORTED_CHARSET: {
    cause: 'A column is in a character set that is not known here.',
    cure: '`ALTER TABLE … CONVERT TO CHARACTER SET utf8mb4`, or leave the table out.',
  },
  TIDEMARK_VALUE_UNSUPPORTED_KEY: {
    cause:
      'A key would not tell rows apart: StringConverter has no text for the type of a key column, or a converter makes booleans of other numbers than 0 and 1.',
    cure: 'Use the JsonConverter for keys or message.key.columns; leave key columns out of the selector of the converter.',
  },
}
