// include.schema.changes and what belongs to it.

import type {OptionValues} from './option-values.ts'
import type {SchemaChangeSettings} from './settings.ts'

const ONLY = 'schema.history.internal.store.only.captured'

/** Null where no schema change events are wanted. */
export function schemaChangeSettings(values: OptionValues): SchemaChangeSettings | null {
  if (!values.flag('include.schema.changes')) return null
  return {
    comments: values.flag('include.schema.comments'),
    onlyCapturedTables: values.flag(`${ONLY}.tables.ddl`),
    onlyCapturedDatabases: values.flag(`${ONLY}.databases.ddl`),
  }
}
