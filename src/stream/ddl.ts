// What a DDL statement in the stream may touch. It is not parsed, only read word by word: where it may touch a table,
// windows are read again, which costs little; a table that was overlooked would cost rows.

import type {TableId} from '../core/table-id.ts'

export interface DdlReading {
  /** First words in upper case: `ALTER TABLE`, `TRUNCATE`, `DROP DATABASE` … */
  readonly verb: string
  /** Every identifier and word, in lower case. */
  readonly words: ReadonlySet<string>
  /** True where rows may change without row events, so that a topic no longer equals its table. */
  readonly changesRows: boolean
}

const TOKEN =
  /\/\*!?\d*|\*\/|\/\*[\s\S]*?\*\/|(?:--[ \t]|#)[^\n]*|'(?:[^'\\]|\\[\s\S]|'')*'|"(?:[^"\\]|\\[\s\S]|"")*"|`((?:[^`]|``)*)`|[\p{L}\p{N}_$@]+/gu

// ALTER TABLE clauses that leave every row as it was.
const HARMLESS =
  /^\s*ALTER\s+TABLE\s+\S+\s+(?:(?:ADD|DROP|RENAME)\s+(?:UNIQUE\s+|FULLTEXT\s+|SPATIAL\s+)?(?:INDEX|KEY|CONSTRAINT|CHECK|FOREIGN)|COMMENT|AUTO_INCREMENT|STATS_|ALTER\s+INDEX|ANALYZE|OPTIMIZE|ENABLE|DISABLE)\b[^,]*$/i

export function readDdl(sql: string): DdlReading {
  const words = new Set<string>()
  const first: string[] = []
  for (const match of sql.matchAll(TOKEN)) {
    const text = match[0]
    if (match[1] !== undefined) words.add(match[1].replaceAll('``', '`').toLowerCase())
    else if (text.startsWith('"')) words.add(text.slice(1, -1).toLowerCase())
    else if (/^[\p{L}\p{N}_$@]/u.test(text)) {
      words.add(text.toLowerCase())
      if (first.length < 2) first.push(text.toUpperCase())
    }
  }
  const verb = first.join(' ')
  return {verb, words, changesRows: changesRows(verb, sql)}
}

/** True where the statement may touch the table: it names it, or drops its whole database. */
export function mayTouch(ddl: DdlReading, database: string, table: TableId): boolean {
  if (/^(DROP|ALTER) (DATABASE|SCHEMA)$/.test(ddl.verb)) return ddl.words.has(table.database.toLowerCase())
  if (!ddl.words.has(table.table.toLowerCase())) return false
  return database.toLowerCase() === table.database.toLowerCase() || ddl.words.has(table.database.toLowerCase())
}

function changesRows(verb: string, sql: string): boolean {
  if (/^(TRUNCATE|RENAME TABLE|DROP TABLE|DROP DATABASE|DROP SCHEMA)/.test(verb)) return true
  return verb === 'ALTER TABLE' && !HARMLESS.test(sql)
}
