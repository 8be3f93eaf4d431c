// What a DDL statement in the stream may touch. It is not parsed, only read word by word: where it may touch a table,
// windows are read again, which costs little; a table that was overlooked would cost rows.

import type {TableId} from '../core/table-id.ts'

export interface DdlReading {
  /** First words in upper case: `ALTER TABLE`, `TRUNCATE`, `DROP DATABASE` … */
  readonly verb: string
  /** Every identifier and word, in lower case. */
  readonly words: ReadonlySet<string>
  /** True where a table that it touches may not be there afterwards under its name. */
  readonly removes: boolean
  /** True where rows may change without row events, so that a topic no longer equals its table. */
  readonly changesRows: boolean
  /** True where rows may go without row events, so that they stay in a topic even when the table is copied again. */
  readonly removesRows: boolean
  /** True where columns get another name or type, or go: those of a key would give every row another key. */
  readonly changesColumns: boolean
}

// Versioned comments (`/*!80000 … */`) are code; other comments are not, wherever a tool puts its own.
const TOKEN =
  /\/\*!\d*|\*\/|\/\*[\s\S]*?\*\/|(?:--[ \t]|#)[^\n]*|'(?:[^'\\]|\\[\s\S]|'')*'|"(?:[^"\\]|\\[\s\S]|"")*"|`((?:[^`]|``)*)`|[\p{L}\p{N}_$@]+/gu

// ALTER TABLE clauses that leave every row and the primary key as they were. Other engines than these may keep no rows.
const HARMLESS = [
  '(?:ADD|DROP|RENAME)\\s+(?:UNIQUE\\s+|FULLTEXT\\s+|SPATIAL\\s+)?(?:INDEX|KEY|CONSTRAINT|CHECK|FOREIGN)',
  '(?:COMMENT|AUTO_INCREMENT|STATS_\\w+|ENABLE|DISABLE|ALGORITHM|LOCK|FORCE|ROW_FORMAT|KEY_BLOCK_SIZE|COMPRESSION)',
  'ENGINE\\s*=?\\s*(?:InnoDB|MyISAM)',
  '(?:DEFAULT\\s+)?(?:CHARACTER\\s+SET|CHARSET|COLLATE)',
  'ALTER\\s+(?:INDEX|CHECK|CONSTRAINT)',
  'ALTER\\s+(?:COLUMN\\s+)?[^\\s]+\\s+(?:SET|DROP)',
  '(?:ADD|REORGANIZE|COALESCE|REBUILD|OPTIMIZE|ANALYZE|CHECK|REPAIR)\\s+PARTITION',
  'PARTITION\\s+BY|REMOVE\\s+PARTITIONING',
]
const HARMLESS_CLAUSE = new RegExp(`^\\s*(?:${HARMLESS.join('|')})\\b(?!.*\\bPRIMARY\\b)`, 'is')
// More than one partition stands behind commas of its own.
const HARMLESS_PARTITIONS =
  /^\s*(?:(?:ADD|REORGANIZE|COALESCE|REBUILD|OPTIMIZE|ANALYZE|CHECK|REPAIR)\s+PARTITION|PARTITION\s+BY)\b/i
const REMOVES_ROWS = /\b(?:DROP|TRUNCATE|EXCHANGE|DISCARD|IMPORT)\s+(?:PARTITION|TABLESPACE)\b|\bPRIMARY\b|\bENGINE\b/i
const CHANGES_COLUMNS = /\b(?:RENAME\s+COLUMN|CHANGE|MODIFY|DROP|CONVERT\s+TO)\b/i
const ALTER_TABLE = /^\s*ALTER\s+TABLE\s+[^\s.]+(?:\s*\.\s*[^\s.]+)?\s+/i

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
  const removes = /^(?:DROP (?:TABLES?|DATABASE|SCHEMA)|RENAME TABLES?)$/.test(verb) || renames(verb, words)
  const changes = changesRows(verb, sql)
  return {
    ...{verb, words, removes},
    changesRows: changes,
    removesRows: changes && removesRows(verb, words, sql),
    changesColumns: changes && verb === 'ALTER TABLE' && CHANGES_COLUMNS.test(clausesOf(sql) ?? ''),
  }
}

/** True where the statement may touch the table: it names it, or drops its whole database. */
export function mayTouch(ddl: DdlReading, database: string, table: TableId): boolean {
  if (/^(DROP|ALTER) (DATABASE|SCHEMA)$/.test(ddl.verb)) return ddl.words.has(table.database.toLowerCase())
  if (!ddl.words.has(table.table.toLowerCase())) return false
  return database.toLowerCase() === table.database.toLowerCase() || ddl.words.has(table.database.toLowerCase())
}

function renames(verb: string, words: ReadonlySet<string>): boolean {
  return verb === 'ALTER TABLE' && words.has('rename')
}

function changesRows(verb: string, sql: string): boolean {
  if (/^(TRUNCATE|RENAME TABLE|DROP TABLE|DROP DATABASE|DROP SCHEMA)/.test(verb)) return true
  if (verb !== 'ALTER TABLE') return false
  const clauses = clausesOf(sql)
  if (clauses === null) return true
  return !HARMLESS_PARTITIONS.test(clauses) && !clauses.split(',').every(clause => HARMLESS_CLAUSE.test(clause))
}

function removesRows(verb: string, words: ReadonlySet<string>, sql: string): boolean {
  if (verb !== 'ALTER TABLE') return true
  const clauses = clausesOf(sql)
  return clauses === null || words.has('primary') || REMOVES_ROWS.test(clauses)
}

/** What stands behind the name of the table; null where that cannot be told. */
function clausesOf(sql: string): string | null {
  const statement = skeleton(sql)
  const begin = ALTER_TABLE.exec(statement)
  return begin === null ? null : statement.slice(begin[0].length)
}

/** The statement without comments, texts and what stands in parentheses, so that its commas are those between clauses. */
function skeleton(sql: string): string {
  let text = sql.replace(TOKEN, (token, quoted?: string) => {
    if (quoted !== undefined) return quoted.replace(/\W/g, '_')
    return /^(?:\/\*|\*\/|--|#)/.test(token) ? ' ' : /^['"]/.test(token) ? '_' : token
  })
  for (let before = ''; before !== text;) {
    before = text
    text = text.replace(/\([^()]*\)/g, ' ')
  }
  return text
}
