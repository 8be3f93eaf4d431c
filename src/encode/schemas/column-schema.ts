// The schema of a column's values: Debezium's semantic types, as each mode represents them.

import type {ColumnMapping} from '../../config/column-rules.ts'
import type {Conversion} from '../../config/converters.ts'
import type {SchemaSettings} from '../../config/schema-settings.ts'
import type {ValueModes} from '../../config/value-modes.ts'
import type {TableId} from '../../core/table-id.ts'
import type {ColumnShape} from '../../core/table-shape.ts'
import {assertNever} from '../../core/tidemark-error.ts'
import type {OutputColumn} from '../output-columns.ts'
import {CONVERTED_TYPE} from '../values/output-family.ts'
import {defaultJson} from './column-default.ts'
import type {Schema, SchemaType} from './connect-schema.ts'
import {sourceType, sourceTypeParameters} from './source-type.ts'

/** The field of a column in the schemas of keys. */
export function columnSchema(column: OutputColumn, modes: ValueModes, schemas: SchemaSettings): Schema {
  const {conversion, declared} = column
  const type = conversion === null ? columnType(column, modes) : convertedType(column, conversion)
  const comment = schemas.comments ? (declared?.comment ?? '') : ''
  const fallback = defaultJson(column, modes)
  return {
    ...type,
    // Debezium's spatial fields always are.
    optional: column.nullable || type.type === 'struct',
    ...(comment === '' ? {} : {doc: comment}),
    ...(fallback === null ? {} : {defaultJson: fallback}),
    field: column.field,
  }
}

export interface RowColumn {
  readonly table: TableId
  readonly column: OutputColumn
  readonly mapping: ColumnMapping | null
  readonly modes: ValueModes
  readonly schemas: SchemaSettings
}

/** The same in rows, where a schema also says what was done to the values and what the source's type is. */
export function rowColumnSchema({table, column, mapping, modes, schemas}: RowColumn): Schema {
  const schema = columnSchema(column, modes, schemas)
  const parameters = {
    ...schema.parameters,
    ...(mapping === null ? {} : mappingParameters(column, mapping)),
    ...sourceTypeParameters(table, column, schemas),
  }
  return Object.keys(parameters).length === 0 ? schema : {...schema, parameters}
}

function mappingParameters(column: OutputColumn, mapping: ColumnMapping): Readonly<Record<string, string>> {
  if (mapping.type !== 'truncate') return {masked: 'true'}
  const length = sourceType(column)?.length ?? column.length
  return length === null || length > mapping.length ? {truncateLength: String(mapping.length)} : {}
}

function convertedType(column: OutputColumn, conversion: Conversion): SchemaType {
  const type = CONVERTED_TYPE[conversion]
  if (conversion !== 'text' || column.charset === null) return {type}
  return {type, parameters: {'__debezium.source.column.character_set': column.charset}}
}

function columnType(column: ColumnShape, modes: ValueModes): Omit<Schema, 'optional'> {
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
      return unsigned && modes.bigintUnsigned === 'precise'
        ? decimalType({scale: '0', 'connect.decimal.precision': '20'})
        : {type: 'int64'}
    case 'decimal':
      return decimalSchema(column, modes.decimal)
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
      return {type: modes.binary === 'bytes' ? 'bytes' : 'string'}
    case 'point':
      return POINT
    case 'geometry':
      return GEOMETRY
    case 'vector':
      return {
        ...semantic('array', 'io.debezium.data.FloatVector'),
        items: {type: 'float', optional: false},
      }
    case 'date':
      return dateSchema(modes.time)
    case 'time':
      return timeSchema(modes.time)
    case 'datetime':
      return datetimeSchema(column, modes.time)
    case 'timestamp':
      return semantic('string', 'io.debezium.time.ZonedTimestamp')
    case 'year':
      return semantic('int32', 'io.debezium.time.Year')
    case 'enum':
      return {...semantic('string', 'io.debezium.data.Enum'), parameters: {allowed: allowedLabels(column)}}
    case 'set':
      return {...semantic('string', 'io.debezium.data.EnumSet'), parameters: {allowed: allowedLabels(column)}}
    case 'json':
      return semantic('string', 'io.debezium.data.Json')
    default:
      return assertNever(column.type)
  }
}

/** A comma of a label's own has a backslash. */
function allowedLabels({labels}: ColumnShape): string {
  return (labels ?? []).map(label => label.replaceAll(',', '\\,')).join(',')
}

function semantic(type: string, name: string): SchemaType {
  return {type, name, version: 1}
}

function decimalType(parameters: Readonly<Record<string, string>>): SchemaType {
  return {...semantic('bytes', 'org.apache.kafka.connect.data.Decimal'), parameters}
}

function decimalSchema(column: ColumnShape, mode: ValueModes['decimal']): SchemaType {
  if (mode === 'string') return {type: 'string'}
  if (mode === 'double') return {type: 'double'}
  return decimalType({
    scale: String(column.scale ?? 0),
    'connect.decimal.precision': String(column.precision ?? 10),
  })
}

function dateSchema(mode: ValueModes['time']): SchemaType {
  if (mode === 'isostring') return semantic('string', 'io.debezium.time.IsoDate')
  return semantic('int32', mode === 'connect' ? 'org.apache.kafka.connect.data.Date' : 'io.debezium.time.Date')
}

function timeSchema(mode: ValueModes['time']): SchemaType {
  switch (mode) {
    case 'adaptive_time_microseconds':
    case 'microseconds':
      return semantic('int64', 'io.debezium.time.MicroTime')
    case 'nanoseconds':
      return semantic('int64', 'io.debezium.time.NanoTime')
    case 'connect':
      return semantic('int32', 'org.apache.kafka.connect.data.Time')
    case 'isostring':
      return semantic('string', 'io.debezium.time.IsoTime')
  }
}

function datetimeSchema({fraction}: ColumnShape, mode: ValueModes['time']): SchemaType {
  switch (mode) {
    case 'adaptive_time_microseconds':
      return semantic('int64', fraction <= 3 ? 'io.debezium.time.Timestamp' : 'io.debezium.time.MicroTimestamp')
    case 'microseconds':
      return semantic('int64', 'io.debezium.time.MicroTimestamp')
    case 'nanoseconds':
      return semantic('int64', 'io.debezium.time.NanoTimestamp')
    case 'connect':
      return semantic('int64', 'org.apache.kafka.connect.data.Timestamp')
    case 'isostring':
      return semantic('string', 'io.debezium.time.IsoTimestamp')
  }
}

const SPATIAL_FIELDS: readonly Schema[] = [
  {type: 'bytes', optional: false, field: 'wkb'},
  {type: 'int32', optional: true, field: 'srid'},
]
const GEOMETRY: Omit<Schema, 'optional'> = {
  ...semantic('struct', 'io.debezium.data.geometry.Geometry'),
  doc: 'Geometry',
  fields: SPATIAL_FIELDS,
}
const POINT: Omit<Schema, 'optional'> = {
  ...semantic('struct', 'io.debezium.data.geometry.Point'),
  doc: 'Geometry (POINT)',
  fields: [
    {type: 'double', optional: false, field: 'x'},
    {type: 'double', optional: false, field: 'y'},
    {type: 'bytes', optional: true, field: 'wkb'},
    {type: 'int32', optional: true, field: 'srid'},
  ],
}
