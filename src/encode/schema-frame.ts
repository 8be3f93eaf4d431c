// The schemas that Connect's JsonConverter writes around keys and values where schemas are enabled, with Debezium's
// names and versions. Column defaults are not stated yet.

import type {ColumnShape, TableShape} from '../core/table-shape.ts'
import {assertNever} from '../core/tidemark-error.ts'
import type {BigintUnsignedHandlingMode} from './column-family.ts'

/** Names and modes that a table's schemas depend on. */
export interface SchemaOptions {
  readonly topic: string
  readonly bigintUnsignedHandlingMode?: BigintUnsignedHandlingMode
}

interface SchemaType {
  readonly type: string
  readonly name?: string
  readonly version?: number
  readonly parameters?: Readonly<Record<string, string>>
}

/** Order of keys as in JsonConverter: type, fields, optional, name, version, parameters, default, field. */
interface Schema extends SchemaType {
  readonly fields?: readonly Schema[]
  /** Of a map. */
  readonly keys?: Schema
  readonly values?: Schema
  readonly optional: boolean
  readonly default?: unknown
  readonly field?: string
}

const SNAPSHOT_VALUES = 'true,first,first_in_data_collection,last_in_data_collection,last,false,incremental'

/** JSON text of a message key's schema. */
export function keySchemaText(shape: TableShape, messageKey: readonly number[], options: SchemaOptions): string {
  const fields = messageKey.map(index => columnSchema(shape.columns[index]!, options))
  return schemaText({type: 'struct', fields, optional: false, name: `${options.topic}.Key`})
}

/** JSON text of the change event's schema. */
export function envelopeSchemaText(shape: TableShape, options: SchemaOptions): string {
  const row = {
    type: 'struct',
    fields: shape.columns.map(column => columnSchema(column, options)),
    optional: true,
    name: `${options.topic}.Value`,
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
    name: `${options.topic}.Envelope`,
    version: 2,
  })
}

/** JSON text of a struct schema with one required field, for heartbeats and the keys of notifications. */
export function singleFieldSchemaText(name: string, type: string, field: string): string {
  return schemaText({type: 'struct', fields: [required(type, field)], optional: false, name, version: 1})
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

function required(type: string, field: string): Schema {
  return {type, optional: false, field}
}

function optional(type: string, field: string): Schema {
  return {type, optional: true, field}
}

const SOURCE_SCHEMA: Schema = {
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
      default: 'false',
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

function schemaText(schema: Schema): string {
  return JSON.stringify(ordered(schema))
}

function ordered(schema: Schema): unknown {
  const {type, fields, keys, values, optional: isOptional, name, version, parameters, field} = schema
  return {
    type,
    ...(fields === undefined ? {} : {fields: fields.map(ordered)}),
    ...(keys === undefined ? {} : {keys: ordered(keys)}),
    ...(values === undefined ? {} : {values: ordered(values)}),
    optional: isOptional,
    ...(name === undefined ? {} : {name}),
    ...(version === undefined ? {} : {version}),
    ...(parameters === undefined ? {} : {parameters}),
    ...(schema.default === undefined ? {} : {default: schema.default}),
    ...(field === undefined ? {} : {field}),
  }
}

function columnSchema(column: ColumnShape, options: SchemaOptions): Schema {
  return {...columnType(column, options), optional: column.nullable, field: column.name}
}

function columnType(column: ColumnShape, options: SchemaOptions): SchemaType {
  const {unsigned} = column
  switch (column.type) {
    case 'tinyint':
      return {type: unsigned ? 'int16' : 'int8'}
    case 'smallint':
      return {type: unsigned ? 'int32' : 'int16'}
    case 'mediumint':
      return {type: 'int32'}
    case 'int':
      return {type: unsigned ? 'int64' : 'int32'}
    case 'bigint':
      return unsigned && options.bigintUnsignedHandlingMode === 'precise' ? decimalType({scale: '0'}) : {type: 'int64'}
    case 'decimal':
      return decimalType({
        scale: String(column.scale ?? 0),
        'connect.decimal.precision': String(column.precision ?? 10),
      })
    case 'float':
      return {type: 'float'}
    case 'double':
      return {type: 'double'}
    case 'bit':
      if (column.length === 1) return {type: 'boolean'}
      return {...semantic('bytes', 'io.debezium.data.Bits'), parameters: {length: String(column.length ?? 1)}}
    case 'char':
    case 'varchar':
    case 'tinytext':
    case 'text':
    case 'mediumtext':
    case 'longtext':
      return {type: 'string'}
    case 'binary':
    case 'varbinary':
    case 'tinyblob':
    case 'blob':
    case 'mediumblob':
    case 'longblob':
    case 'geometry':
    case 'vector':
      return {type: 'bytes'}
    case 'date':
      return semantic('int32', 'io.debezium.time.Date')
    case 'time':
      return semantic('int64', 'io.debezium.time.MicroTime')
    case 'datetime':
      return semantic('int64', column.fraction <= 3 ? 'io.debezium.time.Timestamp' : 'io.debezium.time.MicroTimestamp')
    case 'timestamp':
      return semantic('string', 'io.debezium.time.ZonedTimestamp')
    case 'year':
      return semantic('int32', 'io.debezium.time.Year')
    case 'enum':
      return {...semantic('string', 'io.debezium.data.Enum'), parameters: {allowed: (column.labels ?? []).join(',')}}
    case 'set':
      return {...semantic('string', 'io.debezium.data.EnumSet'), parameters: {allowed: (column.labels ?? []).join(',')}}
    case 'json':
      return semantic('string', 'io.debezium.data.Json')
    default:
      return assertNever(column.type)
  }
}

function semantic(type: string, name: string): SchemaType {
  return {type, name, version: 1}
}

function decimalType(parameters: Readonly<Record<string, string>>): SchemaType {
  return {...semantic('bytes', 'org.apache.kafka.connect.data.Decimal'), parameters}
}
