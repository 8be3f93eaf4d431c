// What an administrator runs once: the signal table and the grants, each with its reason. sql/grants.sql shows the same
// for a plain example.

import type {Settings} from '../config/settings.ts'
import {quoteIdentifier, quoteTable} from './identifiers.ts'
import {signalTableDdl} from './signal-table-ddl.ts'

export interface SetupStatement {
  readonly reason: string
  /** Ends in a semicolon. May be run again. */
  readonly sql: string
}

/** In the order in which they must be run. `account` is 'user'@'host', quoted. */
export function setupStatements(settings: Settings, account: string): SetupStatement[] {
  const signalTable = settings.signals.dataCollection
  const statements: SetupStatement[] = [
    {reason: 'Read the binlog as a replica does.', sql: `GRANT REPLICATION SLAVE ON *.* TO ${account};`},
    {
      reason: 'Ask where the binlog ends and which files there are.',
      sql: `GRANT REPLICATION CLIENT ON *.* TO ${account};`,
    },
    ...capturedScopes(settings.filters).map(scope => ({
      reason: 'Read the rows of a snapshot and the shape of the tables.',
      sql: `GRANT SELECT ON ${scope} TO ${account};`,
    })),
    ...capturedScopes(settings.filters).map(scope => ({
      reason:
        'Lock a table for a moment; only for copies by a read view: of tables without a key, by signals of type blocking, ' +
        'and with snapshot.new.tables=parallel.',
      sql: `GRANT LOCK TABLES ON ${scope} TO ${account};`,
    })),
  ]
  if (signalTable === null) return statements
  if (settings.readOnly) {
    const sql = `GRANT SELECT ON ${quoteTable(signalTable)} TO ${account};`
    return [...statements, {reason: 'Know the shape of the signal table, which comes from the primary.', sql}]
  }
  return [
    {
      reason: 'The table through which signals come, and into which the marks of snapshots are written.',
      sql: signalTableDdl(signalTable).replace('CREATE TABLE', 'CREATE TABLE IF NOT EXISTS'),
    },
    ...statements,
    {
      reason: 'Write and read marks; DELETE only for incremental.snapshot.watermarking.strategy=insert_delete.',
      sql: `GRANT SELECT, INSERT, DELETE ON ${quoteTable(signalTable)} TO ${account};`,
    },
  ]
}

/** `database`.* for each database that the filters name plainly; *.* where they hold more than names. */
function capturedScopes({databaseInclude, tableInclude}: Settings['filters']): readonly string[] {
  const patterns = databaseInclude ?? tableInclude ?? []
  // ^(?:name)$ of a database, ^(?:name\.table)$ of a table.
  const plain = databaseInclude === null ? /^\^\(\?:([\w$-]+)\\?\./ : /^\^\(\?:([\w$-]+)\)\$$/
  const names = patterns.map(pattern => plain.exec(pattern.source)?.[1])
  if (names.length === 0 || names.includes(undefined)) return ['*.*']
  return [...new Set(names)].map(name => `${quoteIdentifier(name!)}.*`)
}
