// A schema as Connect's JsonConverter writes it.

export interface SchemaType {
  readonly type: string
  readonly name?: string
  readonly version?: number
  readonly parameters?: Readonly<Record<string, string>>
}

/** Order of keys as in JsonConverter: type, fields or items or keys and values, optional, name, version, parameters, default, field. */
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
  return JSON.stringify(ordered(schema))
}

function ordered(schema: Schema): unknown {
  const {type, fields, items, keys, values, optional: isOptional, name, version, parameters, field} = schema
  return {
    type,
    ...(fields === undefined ? {} : {fields: fields.map(ordered)}),
    ...(items === undefined ? {} : {items: ordered(items)}),
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
