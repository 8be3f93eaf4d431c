// A table as its server describes it, for people and for schema change events: more than `TableShape`, which is what
// decides how rows are encoded, and less strict.

import type {TableId} from './table-id.ts'

export interface ColumnDefinition {
  readonly name: string
  /** information_schema's COLUMN_TYPE, as `int unsigned`, `enum('a','b')`. */
  readonly type: string
  readonly nullable: boolean
  /** Null for columns without text. */
  readonly charset: string | null
  /** COLUMN_DEFAULT: a value, or an expression where `extra` says so. Null: none, or NULL. */
  readonly defaultValue: string | null
  /** EXTRA, as `auto_increment`, `DEFAULT_GENERATED on update CURRENT_TIMESTAMP`. */
  readonly extra: string
  readonly comment: string
}

export interface TableDefinition {
  readonly id: TableId
  readonly charset: string | null
  readonly comment: string
  readonly columns: readonly ColumnDefinition[]
  readonly primaryKey: readonly string[]
}
