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
  /** JSON text, since a number may be beyond what JavaScript's have. */
  readonly defaultJson?: string
  readonly field?: string
}

/** As JsonConverter writes it. */
export function schemaText(schema: Schema): string {
  const {fields, items, keys, values, optional: isOptional, defaultJson} = schema
  const members: readonly (readonly [string, string | undefined])[] = [
    ['type', text(schema.type)],
    ['fields', fields === undefined ? undefined : `[${fields.map(schemaText).join(',')}]`],
    ['items', items === undefined ? undefined : schemaText(items)],
    ['keys', keys === undefined ? undefined : schemaText(keys)],
    ['values', values === undefined ? undefined : schemaText(values)],
    ['optional', String(isOptional)],
    ['name', text(schema.name)],
    ['version', text(schema.version)],
    ['doc', text(schema.doc)],
    ['parameters', text(schema.parameters)],
    ['default', defaultJson],
    ['field', text(schema.field)],
  ]
  const present = members.filter(([, value]) => value !== undefined)
  return `{${present.map(([name, value]) => `"${name}":${value}`).join(',')}}`
}

function text(value: unknown): string | undefined {
  return value === undefined ? undefined : jsonText(JSON.stringify(value))
}
