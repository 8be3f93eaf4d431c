// A schema as Connect's JsonConverter writes it.

import {jsonText} from '../json-bytes.ts'

export interface SchemaType {
  readonly type: string
  readonly name?: string
  readonly version?: number
  readonly doc?: string
  readonly parameters?: Readonly<Record<string, string>>
}

/** Order of keys as in JsonConverter: type, fields or items or keys and values, optional, name, version, doc, parameters, default, field. */
export interface Schema extends SchemaType {
  readonly fields?: readonly Schema[]
  /** Of an array. */
  readonly items?: Schema
  /** Of a map. */
  readonly keys?: Schema
  readonly values?: Schema
  readonly optional: boolean
  readonly default?: unknown
  readonly field?: string
}

/** As JsonConverter writes it. */
export function schemaText(schema: Schema): string {
  return jsonText(JSON.stringify(ordered(schema)))
}

function ordered(schema: Schema): unknown {
  const {type, fields, items, keys, values, optional: isOptional, name, version, doc, parameters, field} = schema
  return {
    type,
    ...(fields === undefined ? {} : {fields: fields.map(ordered)}),
    ...(items === undefined ? {} : {items: ordered(items)}),
    ...(keys === undefined ? {} : {keys: ordered(keys)}),
    ...(values === undefined ? {} : {values: ordered(values)}),
    optional: isOptional,
    ...(name === undefined ? {} : {name}),
    ...(version === undefined ? {} : {version}),
    ...(doc === undefined ? {} : {doc}),
    ...(parameters === undefined ? {} : {parameters}),
    ...(schema.default === undefined ? {} : {default: schema.default}),
    ...(field === undefined ? {} : {field}),
  }
}
