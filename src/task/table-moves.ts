// Which captured tables a statement brings, and which it takes away.

import type {TableId} from '../core/table-id.ts'
import {tableIdText} from '../core/table-id.ts'
import type {KnownTable} from '../state/checkpoint.ts'
import type {DdlStatement, TableRename} from '../stream/ddl-statement.ts'

export interface MoveScope {
  readonly isCaptured: (table: TableId) => boolean
  /** The server keeps names in lower case, however statements spell them. */
  readonly foldsNames: boolean
  readonly known: () => readonly KnownTable[]
}

export interface TableMoves {
  readonly arrived: readonly TableId[]
  readonly gone: readonly TableId[]
  /** Those that arrived were created: all their rows are in the stream. */
  readonly areNew: boolean
}

const NONE: TableMoves = {arrived: [], gone: [], areNew: false}

/** Names of other tables than captured ones are left out; whether a table that arrives was there before is not looked at. */
export function tableMoves(statement: DdlStatement, {isCaptured, foldsNames, known}: MoveScope): TableMoves {
  const stored = ({database, table}: TableId): TableId =>
    foldsNames ? {database: database.toLowerCase(), table: table.toLowerCase()} : {database, table}
  const captured = (tables: readonly TableId[]): TableId[] => tables.map(stored).filter(isCaptured)
  switch (statement.type) {
    case 'create-table':
      return {arrived: captured([statement.table]), gone: [], areNew: true}
    case 'alter-table':
      if (statement.renamedTo === null) return NONE
      return renamed([{from: statement.table, to: statement.renamedTo}], captured)
    case 'rename-tables':
      return renamed(statement.renames, captured)
    case 'drop-tables':
      return {...NONE, gone: captured(statement.tables)}
    case 'drop-database': {
      const {database} = stored({database: statement.database, table: ''})
      const inside = known().filter(({table, left}) => left === undefined && table.startsWith(`${database}.`))
      const gone = inside.map(({table}) => ({database, table: table.slice(database.length + 1)}))
      return {...NONE, gone: captured(gone)}
    }
    default:
      return NONE
  }
}

/** A name that is taken away and given again in one statement, as in a swap, was there all the time. */
function renamed(
  renames: readonly Pick<TableRename, 'from' | 'to'>[],
  captured: (tables: readonly TableId[]) => TableId[],
): TableMoves {
  const names = new Map<string, {readonly table: TableId; isThere: boolean; readonly wasThere: boolean}>()
  for (const {from, to} of renames) {
    for (const [isThere, tables] of [
      [false, captured([from])],
      [true, captured([to])],
    ] as const) {
      for (const table of tables) {
        const text = tableIdText(table)
        // What is renamed was there before, unless the statement itself has put it there.
        const wasThere = names.get(text)?.wasThere ?? !isThere
        names.set(text, {table, isThere, wasThere})
      }
    }
  }
  const moves = [...names.values()].filter(({isThere, wasThere}) => isThere !== wasThere)
  return {
    arrived: moves.filter(({isThere}) => isThere).map(({table}) => table),
    gone: moves.filter(({wasThere}) => wasThere).map(({table}) => table),
    areNew: false,
  }
}
