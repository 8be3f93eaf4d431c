// The schemas that Connect's JsonConverter writes around keys and values where schemas are enabled, with Debezium's
// names and versions.

import type {EventSettings} from '../../config/settings.ts'
import type {TableShape} from '../../core/table-shape.ts'
import {projectionOf} from '../column-mapping.ts'
import {outputShape} from '../output-columns.ts'
import {columnSchema, rowColumnSchema} from './column-schema.ts'
import {schemaText, type Schema} from './connect-schema.ts'
import {keyFieldSchemas, type KeyField} from '../key-fields.ts'

/** What a table's schemas depend on beside its topic. */
export type SchemaContext = Pick<EventSettings, 'valueModes' | 'columns' | 'schemas' | 'converters'>

export interface KeySchemaOptions {
  readonly topic: string
  readonly settings: SchemaContext & Pick<EventSettings, 'keyDecimalFormat'>
  readonly keyFields: readonly KeyField[]
}

const SNAPSHOT_VALUES = 'true,first,first_in_data_collection,last_in_data_collection,last,false,incremental'

/** JSON text of a message key's schema. */
export function keySchemaText(
  shape: TableShape,
  messageKey: readonly number[],
  {topic, settings, keyFields}: KeySchemaOptions,
): string {
  const {columns} = outputShape(shape, settings)
  const modes = {...settings.valueModes, decimalFormat: settings.keyDecimalFormat}
  const own = messageKey.map(index => columnSchema(columns[index]!, modes, settings.schemas))
  const fields = [...own, ...keyFieldSchemas(keyFields)]
  return schemaText({type: 'struct', fields, optional: false, name: `${topic}.Key`})
}

/** JSON text of the change event's schema. */
export function envelopeSchemaText(shape: TableShape, topic: string, settings: SchemaContext): string {
  const {valueModes, schemas} = settings
  const output = outputShape(shape, settings)
  const projection = projectionOf(output, settings.columns, valueModes)
  const columns = projection ?? output.columns.map(column => ({column, mapping: null}))
  const fields = columns.map(({column, mapping}) =>
    rowColumnSchema({table: shape.id, column, mapping, modes: valueModes, schemas}),
  )
  const row = {
    type: 'struct',
    fields,
    optional: true,
    name: `${topic}.Value`,
  }
  return schemaText({
    type: 'struct',
    fields: [
      {...row, field: 'before'},
      {...row, field: 'after'},
      {...SOURCE_SCHEMA, field: 'source'},
      {...TRANSACTION_SCHEMA, field: 'transaction'},
      required('string', 'op'),
      optional('int64', 'ts_ms'),
      optional('int64', 'ts_us'),
      optional('int64', 'ts_ns'),
    ],
    optional: false,
    name: `${topic}.Envelope`,
    version: 2,
  })
}

/** JSON text of a struct schema with one required field, for heartbeats and the keys of notifications; and what is added to a key. */
export function singleFieldSchemaText(
  name: string,
  type: string,
  field: string,
  keyFields: readonly KeyField[] = [],
): string {
  const fields = [required(type, field), ...keyFieldSchemas(keyFields)]
  return schemaText({type: 'struct', fields, optional: false, name, version: 1})
}

/** JSON text of a notification's schema. */
export function notificationSchemaText(): string {
  const text: Schema = {type: 'string', optional: false}
  return schemaText({
    type: 'struct',
    fields: [
      required('string', 'id'),
      required('string', 'type'),
      required('string', 'aggregate_type'),
      {type: 'map', keys: text, values: text, optional: true, field: 'additional_data'},
      required('int64', 'timestamp'),
    ],
    optional: false,
    name: 'io.debezium.connector.common.Notification',
    version: 1,
  })
}

/** JSON text of the schema of a transaction's begin or end. */
export function transactionValueSchemaText(): string {
  const table: Schema = {
    type: 'struct',
    fields: [required('string', 'data_collection'), required('int64', 'event_count')],
    optional: true,
    name: 'event.collection',
    version: 1,
  }
  return schemaText({
    type: 'struct',
    fields: [
      required('string', 'status'),
      required('string', 'id'),
      optional('int64', 'event_count'),
      {type: 'array', items: table, optional: true, field: 'data_collections'},
      required('int64', 'ts_ms'),
    ],
    optional: false,
    name: 'io.debezium.connector.common.TransactionMetadataValue',
    version: 1,
  })
}

function required(type: string, field: string): Schema {
  return {type, optional: false, field}
}

function optional(type: string, field: string): Schema {
  return {type, optional: true, field}
}

export const SOURCE_SCHEMA: Schema = {
  type: 'struct',
  fields: [
    required('string', 'version'),
    required('string', 'connector'),
    required('string', 'name'),
    required('int64', 'ts_ms'),
    {
      type: 'string',
      optional: true,
      name: 'io.debezium.data.Enum',
      version: 1,
      parameters: {allowed: SNAPSHOT_VALUES},
      defaultJson: '"false"',
      field: 'snapshot',
    },
    required('string', 'db'),
    optional('string', 'sequence'),
    optional('int64', 'ts_us'),
    optional('int64', 'ts_ns'),
    optional('string', 'table'),
    required('int64', 'server_id'),
    optional('string', 'gtid'),
    required('string', 'file'),
    required('int64', 'pos'),
    required('int32', 'row'),
    optional('int64', 'thread'),
    optional('string', 'query'),
  ],
  optional: false,
  name: 'io.debezium.connector.mysql.Source',
  version: 1,
}

const TRANSACTION_SCHEMA: Schema = {
  type: 'struct',
  fields: [required('string', 'id'), required('int64', 'total_order'), required('int64', 'data_collection_order')],
  optional: true,
  name: 'event.block',
  version: 1,
}
