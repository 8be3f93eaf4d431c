// Settings of what schemas say beside types: names that Avro takes, comments, and the types of the source.

import type {OptionValues} from './option-values.ts'

export const nameAdjustments = ['none', 'avro', 'avro_unicode'] as const
/** How characters that Avro's names do not have are replaced: by an underscore, or by their code as `_uXXXX`. */
export type NameAdjustment = (typeof nameAdjustments)[number]

/** Fit for a message between threads. */
export interface SchemaSettings {
  /** field.name.adjustment.mode; of payloads, too. */
  readonly fieldNames: NameAdjustment
  /** schema.name.adjustment.mode */
  readonly schemaNames: NameAdjustment
  /** include.schema.comments */
  readonly comments: boolean
  /** column.propagate.source.type, of `database.table.column`. */
  readonly sourceTypeColumns: readonly RegExp[]
  /** datatype.propagate.source.type, of `database.table.TYPE`. */
  readonly sourceTypeNames: readonly RegExp[]
}

export const PLAIN_SCHEMAS: SchemaSettings = {
  fieldNames: 'none',
  schemaNames: 'none',
  comments: false,
  sourceTypeColumns: [],
  sourceTypeNames: [],
}

export function schemaSettings(values: OptionValues): SchemaSettings {
  return {
    fieldNames: values.choice('field.name.adjustment.mode'),
    schemaNames: values.choice('schema.name.adjustment.mode'),
    comments: values.flag('include.schema.comments'),
    sourceTypeColumns: values.patterns('column.propagate.source.type') ?? [],
    sourceTypeNames: values.patterns('datatype.propagate.source.type') ?? [],
  }
}
