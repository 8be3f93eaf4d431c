// The name of a table: database and table, original case, unquoted.

export interface TableId {
  readonly database: string
  readonly table: string
}

/** `database.table`, as it stands in signals, logs and metrics. Not for SQL: see mysql/identifiers. */
export function tableIdText(id: TableId): string {
  return `${id.database}.${id.table}`
}
