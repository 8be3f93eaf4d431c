// What a DDL statement does to which tables, as far as its first words and its names tell: exact where `ddl.ts` is only
// careful. A statement of another kind, or one that cannot be read, is `other`.

import type {TableId} from '../core/table-id.ts'

export interface TableRename {
  readonly from: TableId
  readonly to: TableId
  /** The clause as it is written. */
  readonly text: string
}

/** Clauses of an ALTER TABLE that concern whole tables. */
interface Alteration {
  readonly renamedTo: TableId | null
  /** EXCHANGE PARTITION … WITH TABLE */
  readonly exchangedWith: TableId | null
  /** IMPORT TABLESPACE, IMPORT PARTITION … TABLESPACE */
  readonly importsRows: boolean
}

type Reading =
  | {readonly type: 'create-table' | 'truncate'; readonly table: TableId}
  /** CREATE INDEX, DROP INDEX. */
  | {readonly type: 'index'; readonly table: TableId}
  | ({readonly type: 'alter-table'; readonly table: TableId} & Alteration)
  | {readonly type: 'drop-tables'; readonly tables: readonly TableId[]; readonly ifExists: boolean}
  | {readonly type: 'rename-tables'; readonly renames: readonly TableRename[]}
  | {readonly type: 'create-database' | 'alter-database' | 'drop-database'; readonly database: string}
  | {readonly type: 'other'}

/** `text`: without comments and semicolons before and behind it. */
export type DdlStatement = Reading & {readonly text: string}

/** `database`: the session's own, for names without one. */
export function readStatement(sql: string, database: string): DdlStatement {
  return new StatementReader(sql, database).read()
}

// Versioned comments (`/*!80000 … */`) are code; other comments are not.
const TOKEN =
  /\/\*!\d*|\*\/|\/\*[\s\S]*?\*\/|(?:--[ \t]|#)[^\n]*|'(?:[^'\\]|\\[\s\S]|'')*'|"((?:[^"\\]|\\[\s\S]|"")*)"|`((?:[^`]|``)*)`|([\p{L}\p{N}_$@]+)|([.,()=;])/gu

interface Token {
  readonly type: 'word' | 'name' | 'mark'
  readonly text: string
  readonly start: number
  readonly end: number
}

const OTHER: Reading = {type: 'other'}

class StatementReader {
  readonly #sql: string
  readonly #tokens: readonly Token[]
  readonly #database: string
  #at = 0

  constructor(sql: string, database: string) {
    this.#sql = sql
    this.#tokens = tokensOf(sql)
    this.#database = database
  }

  read(): DdlStatement {
    const last = this.#tokens.findLast(({text}) => text !== ';')
    return {...this.#read(), text: this.#sql.slice(this.#tokens[0]?.start ?? 0, last?.end ?? 0)}
  }

  #read(): Reading {
    if (this.#takes('CREATE')) return this.#create()
    if (this.#takes('ALTER')) return this.#alter()
    if (this.#takes('DROP')) return this.#drop()
    if (this.#takes('RENAME')) return this.#takesTable() ? this.#renameTables() : OTHER
    if (this.#takes('TRUNCATE')) {
      this.#takes('TABLE')
      const table = this.#table()
      return table === null ? OTHER : {type: 'truncate', table}
    }
    return OTHER
  }

  #create(): Reading {
    if (this.#takesDatabase()) return this.#ofDatabase('create-database')
    if (this.#takes('TABLE')) {
      this.#skips('IF', 'NOT', 'EXISTS')
      const table = this.#table()
      return table === null ? OTHER : {type: 'create-table', table}
    }
    return this.#takes('UNIQUE', 'FULLTEXT', 'SPATIAL') || this.#is('INDEX') ? this.#index() : OTHER
  }

  #alter(): Reading {
    if (this.#takesDatabase()) return this.#ofDatabase('alter-database')
    if (!this.#takesTable()) return OTHER
    const table = this.#table()
    return table === null ? OTHER : {type: 'alter-table', table, ...this.#alteration()}
  }

  #drop(): Reading {
    if (this.#takesDatabase()) return this.#ofDatabase('drop-database')
    if (this.#is('INDEX')) return this.#index()
    if (!this.#takesTable()) return OTHER
    const ifExists = this.#takes('IF')
    this.#takes('EXISTS')
    const tables: TableId[] = []
    do {
      const table = this.#table()
      if (table === null) return OTHER
      tables.push(table)
    } while (this.#takes(','))
    return {type: 'drop-tables', tables, ifExists}
  }

  #renameTables(): Reading {
    const renames: TableRename[] = []
    do {
      const start = this.#tokens[this.#at]?.start
      const from = this.#table()
      const to = this.#takes('TO') ? this.#table() : null
      if (from === null || to === null) return OTHER
      renames.push({from, to, text: this.#sql.slice(start, this.#tokens[this.#at - 1]!.end)})
    } while (this.#takes(','))
    return {type: 'rename-tables', renames}
  }

  /** `INDEX name [USING …] ON table`. */
  #index(): Reading {
    if (!this.#takes('INDEX')) return OTHER
    this.#at++
    while (this.#at < this.#tokens.length && !this.#takes('ON')) this.#at++
    const table = this.#table()
    return table === null ? OTHER : {type: 'index', table}
  }

  #ofDatabase(type: 'create-database' | 'alter-database' | 'drop-database'): Reading {
    this.#skips('IF')
    this.#skips('NOT')
    this.#skips('EXISTS')
    const token = this.#tokens[this.#at]
    const isNamed = token !== undefined && (token.type === 'name' || !ALTERATIONS.has(token.text.toUpperCase()))
    return {type, database: isNamed ? token.text : this.#database}
  }

  /** The last `RENAME [TO | AS | =] table` outside of parentheses, if any, and what else concerns whole tables. */
  #alteration(): Alteration {
    let depth = 0
    let found: Alteration = {renamedTo: null, exchangedWith: null, importsRows: false}
    for (; this.#at < this.#tokens.length; this.#at++) {
      const {type, text} = this.#tokens[this.#at]!
      if (type === 'mark') depth += text === '(' ? 1 : text === ')' ? -1 : 0
      if (depth > 0) continue
      if (this.#is('IMPORT') && this.#isAt(1, 'TABLESPACE', 'PARTITION')) found = {...found, importsRows: true}
      else if (this.#is('WITH') && this.#isAt(1, 'TABLE')) {
        this.#at += 2
        found = {...found, exchangedWith: this.#table() ?? found.exchangedWith}
        this.#at--
      } else if (this.#is('RENAME') && !this.#isAt(1, 'INDEX', 'KEY', 'COLUMN')) {
        this.#at++
        this.#takes('TO', 'AS', '=')
        found = {...found, renamedTo: this.#table() ?? found.renamedTo}
        this.#at--
      }
    }
    return found
  }

  #table(): TableId | null {
    const first = this.#identifier()
    if (first === null) return null
    if (!this.#takes('.')) return {database: this.#database, table: first}
    const second = this.#identifier()
    return second === null ? null : {database: first, table: second}
  }

  #identifier(): string | null {
    const token = this.#tokens[this.#at]
    if (token === undefined || token.type === 'mark') return null
    this.#at++
    return token.text
  }

  #takesTable(): boolean {
    return this.#takes('TABLE', 'TABLES')
  }

  #takesDatabase(): boolean {
    return this.#takes('DATABASE', 'SCHEMA')
  }

  #is(...texts: readonly string[]): boolean {
    return this.#isAt(0, ...texts)
  }

  #isAt(ahead: number, ...texts: readonly string[]): boolean {
    const token = this.#tokens[this.#at + ahead]
    return token !== undefined && token.type !== 'name' && texts.includes(token.text.toUpperCase())
  }

  #takes(...texts: readonly string[]): boolean {
    if (!this.#is(...texts)) return false
    this.#at++
    return true
  }

  #skips(...texts: readonly string[]): void {
    for (const text of texts) if (!this.#takes(text)) return
  }
}

/** What may follow ALTER DATABASE where it names none. */
const ALTERATIONS: ReadonlySet<string> = new Set(['DEFAULT', 'CHARACTER', 'CHARSET', 'COLLATE', 'ENCRYPTION', 'READ'])

function tokensOf(sql: string): Token[] {
  const tokens: Token[] = []
  for (const match of sql.matchAll(TOKEN)) {
    const [text, double, quoted, word, mark] = match
    const place = {start: match.index, end: match.index + text.length}
    if (quoted !== undefined) tokens.push({type: 'name', text: quoted.replaceAll('``', '`'), ...place})
    else if (double !== undefined) tokens.push({type: 'name', text: double.replaceAll('""', '"'), ...place})
    else if (word !== undefined) tokens.push({type: 'word', text: word, ...place})
    else if (mark !== undefined) tokens.push({type: 'mark', text: mark, ...place})
    else if (text.startsWith("'")) tokens.push({type: 'mark', text: "'", ...place})
  }
  return tokens
}
