// Which schema change events a statement becomes, as Debezium decides it; pure. The definitions of the tables are the
// server's business.

import {tableIdText, type TableId} from '../core/table-id.ts'
import type {TableChange} from '../encode/table-change.ts'
import {quoteTable} from '../mysql/identifiers.ts'
import type {DdlStatement} from './ddl-statement.ts'

/** One event; see SchemaChange. `changes` without the definitions. */
export interface PlannedChange {
  readonly database: string
  readonly tables: string | null
  readonly ddl: string
  readonly changes: readonly Pick<TableChange, 'type' | 'id'>[]
}

export interface SchemaChangeScope {
  /** store.only.captured.tables.ddl */
  readonly onlyCapturedTables: boolean
  /** store.only.captured.databases.ddl */
  readonly onlyCapturedDatabases: boolean
  readonly isCaptured: (table: TableId) => boolean
  readonly isCapturedDatabase: (database: string) => boolean
}

/** `database`: the session's. Empty for statements that change no definition, and for those that are left out. */
export function plannedChanges(statement: DdlStatement, database: string, scope: SchemaChangeScope): PlannedChange[] {
  if (scope.onlyCapturedTables && !isOnCaptured(statement, scope)) return []
  const planned = planOf(statement, database)
  return scope.onlyCapturedDatabases ? planned.filter(change => scope.isCapturedDatabase(change.database)) : planned
}

function planOf(statement: DdlStatement, database: string): PlannedChange[] {
  const {text: ddl} = statement
  switch (statement.type) {
    case 'create-table':
      return [changeOf('CREATE', statement.table, ddl)]
    case 'alter-table':
      return [changeOf('ALTER', statement.renamedTo ?? statement.table, ddl)]
    case 'drop-tables':
      return statement.tables.map(table => ({
        ...changeOf('DROP', table, `DROP TABLE ${statement.ifExists ? 'IF EXISTS ' : ''}${quoteTable(table)}`),
        tables: namesIn(table.database, statement.tables),
      }))
    case 'rename-tables': {
      const renamed = statement.renames.map(({to}) => to)
      return statement.renames.map(({to, text}) => ({
        ...changeOf('ALTER', to, `RENAME TABLE ${text}`),
        tables: namesIn(to.database, renamed),
      }))
    }
    // Debezium does not tell of which table.
    case 'index':
      return [{database, tables: '', ddl, changes: []}]
    case 'alter-database':
      return [{database: statement.database, tables: '', ddl, changes: []}]
    case 'create-database':
    case 'drop-database':
      return [{database: statement.database, tables: null, ddl, changes: []}]
    // A truncate is an event of its table, if anything; others may hold passwords, and change no table.
    case 'truncate':
    case 'other':
      return []
  }
}

function changeOf(type: TableChange['type'], id: TableId, ddl: string): PlannedChange {
  return {database: id.database, tables: id.table, ddl, changes: [{type, id}]}
}

function namesIn(database: string, tables: readonly TableId[]): string {
  const names = tables.filter(table => table.database === database).map(({table}) => table)
  return [...new Set(names)].join(',')
}

function isOnCaptured(statement: DdlStatement, {isCaptured, isCapturedDatabase}: SchemaChangeScope): boolean {
  switch (statement.type) {
    case 'create-table':
      return isCaptured(statement.table)
    case 'alter-table':
      return [statement.table, statement.renamedTo].some(table => table !== null && isCaptured(table))
    case 'drop-tables':
      return statement.tables.some(isCaptured)
    case 'rename-tables':
      return statement.renames.some(({from, to}) => isCaptured(from) || isCaptured(to))
    case 'create-database':
    case 'drop-database':
      return isCapturedDatabase(statement.database)
    case 'index':
    case 'alter-database':
    case 'truncate':
    case 'other':
      return false
  }
}

/** What Debezium tells before the stream of a new connector begins, so that a history can be built from nothing. */
export interface InitialSchema {
  readonly server: {readonly charset: string; readonly collation: string}
  readonly databases: readonly {
    readonly name: string
    readonly charset: string
    readonly collation: string
    readonly tables: readonly {readonly id: TableId; readonly createStatement: string}[]
  }[]
}

export function initialChanges({server, databases}: InitialSchema): PlannedChange[] {
  const tables = databases.flatMap(database => database.tables)
  const sorted = tables.sort((a, b) => (tableIdText(a.id) < tableIdText(b.id) ? -1 : 1))
  return [
    {
      ...{database: '', tables: null, changes: []},
      ddl: `SET character_set_server=${server.charset}, collation_server=${server.collation}`,
    },
    ...sorted.map(({id}) => changeOf('DROP', id, `DROP TABLE IF EXISTS ${quoteTable(id)}`)),
    ...databases.flatMap(({name, charset, collation, tables: own}) => {
      const quoted = `\`${name.replaceAll('`', '``')}\``
      const of = (ddl: string): PlannedChange => ({database: name, tables: null, ddl, changes: []})
      return [
        of(`DROP DATABASE IF EXISTS ${quoted}`),
        of(`CREATE DATABASE ${quoted} CHARSET ${charset} COLLATE ${collation}`),
        of(`USE ${quoted}`),
        ...own.map(({id, createStatement}) => changeOf('CREATE', id, createStatement)),
      ]
    }),
  ]
}
