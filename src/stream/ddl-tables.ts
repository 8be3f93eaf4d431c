// Which tables a statement leaves with other rows, without a name, or with a name that they did not have: exact where
// `ddl.ts` is only careful, so that nobody is told to copy a table that a statement only mentions.

import type {TableId} from '../core/table-id.ts'
import type {DdlReading} from './ddl.ts'
import type {DdlStatement} from './ddl-statement.ts'

export interface TablesChanged {
  /** The statement may have changed rows of the table. */
  changes(table: TableId): boolean
  /** Behind the statement there is no table of this name. */
  removes(table: TableId): boolean
  /** Tables that have rows under this name now which they did not have before. */
  readonly filled: readonly TableId[]
}

/** `touches`: as the words say it; decides where the statement cannot be read. */
export function tablesChanged(
  statement: DdlStatement,
  reading: DdlReading,
  touches: (table: TableId) => boolean,
): TablesChanged {
  const {changed, gone, filled} = effects(statement)
  return {
    changes: table => reading.changesRows && touches(table) && (changed === null || has(changed, table)),
    removes: table => touches(table) && (gone === 'touched' || has(gone, table)),
    filled,
  }
}

interface Effects {
  /** Null: any that the statement touches. */
  readonly changed: readonly TableId[] | null
  readonly gone: readonly TableId[] | 'touched'
  readonly filled: readonly TableId[]
}

function effects(statement: DdlStatement): Effects {
  switch (statement.type) {
    case 'alter-table': {
      const {table, renamedTo, exchangedWith, importsRows} = statement
      const tables = [table, renamedTo, exchangedWith].filter(each => each !== null)
      if (renamedTo !== null && !isSame(renamedTo, table)) return {changed: tables, gone: [table], filled: [renamedTo]}
      const isFilled = exchangedWith !== null || importsRows
      return {changed: tables, gone: [], filled: isFilled ? tables : []}
    }
    case 'drop-tables':
      return {changed: statement.tables, gone: statement.tables, filled: []}
    case 'rename-tables': {
      // From left to right, so that names may be given away and taken again.
      const before = statement.renames.map(({from}) => from)
      let after: TableId[] = []
      for (const {from, to} of statement.renames) after = [...after.filter(table => !isSame(table, from)), to]
      return {changed: [...before, ...after], gone: before.filter(table => !has(after, table)), filled: after}
    }
    case 'truncate':
      return {changed: [statement.table], gone: [], filled: []}
    case 'drop-database':
      return {changed: null, gone: 'touched', filled: []}
    case 'create-table':
    case 'index':
    case 'create-database':
    case 'alter-database':
    case 'other':
      return {changed: null, gone: [], filled: []}
  }
}

// Names that differ in case alone are one where the server folds them: the careful answer.
function isSame(a: TableId, b: TableId): boolean {
  return a.table.toLowerCase() === b.table.toLowerCase() && a.database.toLowerCase() === b.database.toLowerCase()
}

function has(tables: readonly TableId[], table: TableId): boolean {
  return tables.some(each => isSame(each, table))
}
