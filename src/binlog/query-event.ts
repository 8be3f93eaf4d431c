// QUERY events: what a statement in the binlog means for the stream, and its text.

import {decodeText, type Collations} from './collations.ts'

/**
 * - `savepoint`: of no consequence, inside a transaction
 * - `rollback-to`: a part of the transaction was rolled back, yet its rows are in the binlog
 * - `xa-begin`, `xa-end`, `xa-commit`, `xa-rollback`: an XA transaction's first and last statement before it is prepared, and its end
 * - `change`: a change of rows as a statement
 * - `ignored`: a statement that a managed server writes for itself
 * - `query`: any other, DDL above all
 */
export type QueryMeaning =
  'begin' | 'commit' | 'rollback' | 'savepoint' | 'rollback-to' | XaMeaning | 'change' | 'ignored' | 'query'
type XaMeaning = 'xa-begin' | 'xa-end' | 'xa-commit' | 'xa-rollback'

/** Statements that change rows, or call what may change rows. */
const CHANGES = new Set(['INSERT', 'UPDATE', 'DELETE', 'REPLACE', 'LOAD', 'WITH', 'CALL', 'DO', 'SELECT', 'SET'])
const XA_MEANINGS: ReadonlyMap<string, XaMeaning> = new Map([
  ['START', 'xa-begin'],
  ['BEGIN', 'xa-begin'],
  ['END', 'xa-end'],
  ['COMMIT', 'xa-commit'],
  ['ROLLBACK', 'xa-rollback'],
])
/** What a transaction in row format may hold besides rows: CREATE TABLE … SELECT, and temporary tables. */
const DDL_INSIDE = new Set(['CREATE', 'DROP', 'ALTER'])
/** Heartbeats that RDS writes in statement format whatever the setting; their one table is in the mysql schema. */
const MANAGED = /^(?:INSERT\s+INTO|DELETE\s+FROM|UPDATE|REPLACE\s+INTO)\s+`?mysql`?\.`?rds_/i
/** Leading blanks and comments; a comment that MySQL executes is part of the statement. */
const LEADING = /^(?:\s+|\/\*(?!!)[\s\S]*?\*\/|--[^\n]*\n|#[^\n]*\n)+/
const WORDS = /^(?:\/\*!\d*\s*)?([A-Za-z]+)(?:\s+([A-Za-z]+))?/

export function meaningOf(sql: string, {inTransaction}: {readonly inTransaction: boolean}): QueryMeaning {
  const text = sql.replace(LEADING, '')
  const words = WORDS.exec(text)
  const first = words?.[1]?.toUpperCase() ?? ''
  const second = words?.[2]?.toUpperCase() ?? ''
  if (first === 'BEGIN') return 'begin'
  if (first === 'COMMIT') return 'commit'
  if (first === 'ROLLBACK') return second === 'TO' ? 'rollback-to' : 'rollback'
  if (first === 'SAVEPOINT' || first === 'RELEASE') return 'savepoint'
  if (first === 'XA') return XA_MEANINGS.get(second) ?? 'change'
  if (MANAGED.test(text)) return 'ignored'
  if (CHANGES.has(first) && (inTransaction || first !== 'SET')) return 'change'
  // Nothing else stands inside a transaction in row format, so whatever it is, it was not logged as rows.
  if (inTransaction && !DDL_INSIDE.has(first)) return 'change'
  return 'query'
}

/** The commonest statement, told from its bytes. */
export function isBegin(bytes: Buffer, at: number): boolean {
  return (
    bytes[at] === 0x42 &&
    bytes[at + 1] === 0x45 &&
    bytes[at + 2] === 0x47 &&
    bytes[at + 3] === 0x49 &&
    bytes[at + 4] === 0x4e
  )
}

/** The first word, for an error message; the statement itself may hold row data. */
export function keywordOf(sql: string): string {
  return WORDS.exec(sql.replace(LEADING, ''))?.[1]?.toUpperCase() ?? 'unknown'
}

const STATUS_FLAGS2 = 0
const STATUS_SQL_MODE = 1
const STATUS_AUTO_INCREMENT = 3
const STATUS_CHARSET = 4
const STATUS_TIME_ZONE = 5
const STATUS_CATALOG = 6

/** The statement's text, by the character set of the client that sent it. */
export function decodeSql(sql: Buffer, statusVariables: Buffer, collations: Collations): string {
  if (sql.every(byte => byte < 0x80)) return sql.toString('latin1')
  const collation = clientCollation(statusVariables)
  return decodeText(sql, collation === null ? 'utf8mb4' : collations.charsetOf(collation).name)
}

/** The server writes the variables in a fixed order, and those before the character set have known lengths. */
function clientCollation(variables: Buffer): number | null {
  let at = 0
  while (at + 3 <= variables.length) {
    const code = variables[at]
    if (code === STATUS_CHARSET) return variables.readUInt16LE(at + 1)
    else if (code === STATUS_FLAGS2 || code === STATUS_AUTO_INCREMENT) at += 5
    else if (code === STATUS_SQL_MODE) at += 9
    else if (code === STATUS_CATALOG || code === STATUS_TIME_ZONE) at += 2 + variables[at + 1]!
    else return null
  }
  return null
}
