// Which tables are captured, by Debezium's rules: Java-like patterns against the whole name, without case.

import {tableIdText, type TableId} from '../core/table-id.ts'
import type {Settings} from './settings.ts'

const BUILTIN: ReadonlySet<string> = new Set(['mysql', 'performance_schema', 'sys', 'information_schema'])

/**
 * True for tables whose rows are captured. The signal table is not among them unless the filters name it: ask
 * `isSignalTable`, which no filter hides.
 */
export function createTableFilter(settings: Pick<Settings, 'filters'>): (id: TableId) => boolean {
  const {databaseInclude, databaseExclude, tableInclude, tableExclude, ignoreBuiltin} = settings.filters
  return id => {
    if (ignoreBuiltin && BUILTIN.has(id.database.toLowerCase())) return false
    const name = tableIdText(id)
    return passes(id.database, databaseInclude, databaseExclude) && passes(name, tableInclude, tableExclude)
  }
}

/** True for databases whose tables may be captured. */
export function createDatabaseFilter(settings: Pick<Settings, 'filters'>): (database: string) => boolean {
  const {databaseInclude, databaseExclude, ignoreBuiltin} = settings.filters
  return database =>
    !(ignoreBuiltin && BUILTIN.has(database.toLowerCase())) && passes(database, databaseInclude, databaseExclude)
}

/** Exact, with case, as Debezium compares it. */
export function isSignalTable(settings: Pick<Settings, 'signals'>, id: TableId): boolean {
  const wanted = settings.signals.dataCollection
  return wanted !== null && wanted.database === id.database && wanted.table === id.table
}

function passes(name: string, include: readonly RegExp[] | null, exclude: readonly RegExp[] | null): boolean {
  if (include !== null) return include.some(pattern => pattern.test(name))
  if (exclude !== null) return !exclude.some(pattern => pattern.test(name))
  return true
}
