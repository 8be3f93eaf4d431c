// A table without any key for tests: a seeded writer that changes rows of which many are equal, and the model of what it
// committed: how often each full row is there, and every change in its order.

import type {Connection, RowDataPacket} from 'mysql2/promise'
import {jsonMembers} from './json-members.ts'
import {RepeatingWriter} from './repeating-writer.ts'
import type {SeededRandom} from './seeded-random.ts'

/** A full row as canonical text, whatever it was read from. */
export type RowText = string

/** How often each row is there; never zero times. */
export type RowCounts = Map<RowText, number>

export interface KeylessChange {
  readonly before: RowText | null
  readonly after: RowText | null
}

type Scalar = number | string | null
/** n, s, f, d, j. */
type Row = readonly [Scalar, Scalar, Scalar, Scalar, Scalar]

const COLUMNS = ['n', 's', 'f', 'd', 'j'] as const
const DOMAIN: readonly (readonly Scalar[])[] = [
  [null, 0, 7, -1],
  [null, '', 'a', 'né "x"'],
  [null, 0.125, -2.5],
  [null, 0.1, -1e300, 12345678.875],
  [null, '{"a":1}', '[1,null,"é"]', '2.5'],
]
const KNOWN_ROWS = 12
/** A table of fewer grows. */
const FEW_ROWS = 1_000
const SAVEPOINT = 'SAVEPOINT here'
const UNDO = 'ROLLBACK TO SAVEPOINT here'
/** A statement that changes more rows than usual, so that kills fall between the events of one transaction. */
const MANY = 200

export class KeylessTable {
  readonly name: string
  /** Committed, from the moment the table was set up. */
  readonly history: KeylessChange[] = []
  /** What the table had when it was set up. */
  readonly initial: RowCounts = new Map()
  #counts: RowCounts = new Map()
  readonly #random: SeededRandom
  readonly #rows: readonly Row[]
  /** The table grows up to about here. */
  #many = 0

  constructor(name: string, random: SeededRandom) {
    this.name = name
    this.#random = random
    this.#rows = Array.from({length: KNOWN_ROWS}, () => this.#anyRow())
  }

  /** CREATE TABLE and the rows that it begins with. */
  setUp(rows: number): string[] {
    const columns =
      'n INT NULL, s VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL, f FLOAT NULL, d DOUBLE NULL, j JSON NULL'
    const statements = [`CREATE TABLE ${this.name} (${columns}, KEY (n, s, f, d))`]
    for (let left = rows; left > 0; left -= 1000) {
      const some = Array.from({length: Math.min(left, 1000)}, () => this.#pick())
      for (const row of some) change(this.#counts, textOf(row), 1)
      statements.push(this.#insert(some))
    }
    for (const [row, count] of this.#counts) this.initial.set(row, count)
    this.#many = Math.max(FEW_ROWS, 1.2 * rows)
    return statements
  }

  get size(): number {
    return total(this.#counts)
  }

  /** What the table has once everything is committed. */
  get rows(): ReadonlyMap<RowText, number> {
    return this.#counts
  }

  /** One random transaction; what it changes is in the model at once. `undo` takes it back. */
  transaction(): {sql: string[]; changes: KeylessChange[]; undo: () => void} {
    const before = new Map(this.#counts)
    const draft: {sql: string[]; changes: KeylessChange[]} = {sql: [], changes: []}
    const statements = this.#random.chance(0.4) ? this.#random.integer(2, 6) : 1
    for (let count = 0; count < statements; count++) {
      if (this.#random.chance(0.05)) this.#partlyUndone(draft)
      else this.#statement(draft)
    }
    return {...draft, undo: () => (this.#counts = before)}
  }

  #partlyUndone(draft: {sql: string[]; changes: KeylessChange[]}): void {
    const before = new Map(this.#counts)
    const changes = draft.changes.length
    draft.sql.push(SAVEPOINT)
    this.#statement(draft)
    draft.sql.push(UNDO)
    draft.changes.splice(changes)
    this.#counts = before
  }

  #statement(draft: {sql: string[]; changes: KeylessChange[]}): void {
    const dice = this.#random.next()
    const present = [...this.#counts.keys()]
    // As often as rows are removed where there are many already, so that a copy takes no longer the longer a test runs.
    const creates = this.size > this.#many ? 0.25 : 0.4
    if (present.length === 0 || dice < creates) this.#create(draft)
    else if (dice < creates + 0.35) this.#update(draft, this.#random.pick(present))
    else this.#remove(draft, this.#random.pick(present))
  }

  #create({sql, changes}: {sql: string[]; changes: KeylessChange[]}): void {
    const rows = this.#random.chance(0.5)
      ? new Array<Row>(this.#some()).fill(this.#pick())
      : Array.from({length: this.#some()}, () => this.#pick())
    sql.push(this.#insert(rows))
    for (const row of rows) {
      changes.push({before: null, after: textOf(row)})
      change(this.#counts, textOf(row), 1)
    }
  }

  /** Equal rows are the same to the server, so whichever it takes, the change is the same. */
  #update({sql, changes}: {sql: string[]; changes: KeylessChange[]}, before: RowText): void {
    const row = rowOf(before)
    const to = this.#pick()
    const after = textOf(to)
    if (after === before) return
    const limit = this.#some()
    const assign = COLUMNS.map((column, i) => `${column} = ${literal(to[i]!, column)}`).join(', ')
    sql.push(`UPDATE ${this.name} SET ${assign} WHERE ${where(row)} LIMIT ${limit}`)
    for (let left = Math.min(limit, this.#counts.get(before) ?? 0); left > 0; left--) {
      changes.push({before, after})
      change(this.#counts, before, -1)
      change(this.#counts, after, 1)
    }
  }

  #remove({sql, changes}: {sql: string[]; changes: KeylessChange[]}, before: RowText): void {
    const limit = this.#some()
    sql.push(`DELETE FROM ${this.name} WHERE ${where(rowOf(before))} LIMIT ${limit}`)
    for (let left = Math.min(limit, this.#counts.get(before) ?? 0); left > 0; left--) {
      changes.push({before, after: null})
      change(this.#counts, before, -1)
    }
  }

  #some(): number {
    return this.#random.chance(0.03) ? this.#random.integer(20, MANY) : this.#random.integer(1, 4)
  }

  #pick(): Row {
    return this.#random.chance(0.8) ? this.#random.pick(this.#rows) : this.#anyRow()
  }

  #anyRow(): Row {
    return DOMAIN.map(values => this.#random.pick(values)) as unknown as Row
  }

  #insert(rows: readonly Row[]): string {
    const values = rows.map(row => `(${row.map((value, i) => literal(value, COLUMNS[i]!)).join(', ')})`)
    return `INSERT INTO ${this.name} (${COLUMNS.join(', ')}) VALUES ${values.join(', ')}`
  }
}

/** One connection writes to one table, so that the order is known. */
export class KeylessWriter extends RepeatingWriter {
  readonly table: KeylessTable
  transactions = 0
  readonly #connection: Connection
  readonly #random: SeededRandom
  #weight: {readonly sql: string; readonly begins: () => void; readonly ended: () => void} | null = null

  constructor(connection: Connection, table: KeylessTable, random: SeededRandom) {
    super()
    this.#connection = connection
    this.table = table
    this.#random = random
  }

  /**
   * The next transaction has this statement behind its first that is not undone, and is committed. `begins` is called just before
   * it; resolves behind it.
   */
  weigh(sql: string, begins: () => void): Promise<void> {
    return new Promise(ended => (this.#weight = {sql, begins, ended}))
  }

  override async transaction(): Promise<void> {
    const {sql, changes, undo} = this.table.transaction()
    if (sql.length === 0) return
    const weight = this.#weight
    this.#weight = null
    const rollsBack = this.#random.chance(0.08) && weight === null
    if (weight !== null) sql.splice(sql[0] === SAVEPOINT ? sql.indexOf(UNDO) + 1 : 1, 0, weight.sql)
    const all = sql.length === 1 && !rollsBack ? sql : ['START TRANSACTION', ...sql, rollsBack ? 'ROLLBACK' : 'COMMIT']
    weight?.begins()
    try {
      await this.#connection.query(all.join('; '))
    } finally {
      weight?.ended()
    }
    if (rollsBack) {
      undo()
      return
    }
    this.table.history.push(...changes)
    this.transactions++
  }
}

/** The table's rows as the server has them now. */
export async function storedRowCounts(connection: Connection, table: string): Promise<RowCounts> {
  const [rows] = await connection.query<RowDataPacket[]>(
    `SELECT n, s, f + 0e0 AS f, d, CAST(j AS CHAR) AS j FROM ${table}`,
  )
  const counts: RowCounts = new Map()
  for (const row of rows) {
    const [n, s, f, d, j] = COLUMNS.map(column => row[column] as Scalar)
    change(counts, textOf([number(n!), s!, number(f!), number(d!), document(j!)]), 1)
  }
  return counts
}

/** A row image of an event. */
export function rowTextOfImage(image: string): RowText {
  const members = jsonMembers(image)
  const [n, s, f, d, j] = COLUMNS.map(column => JSON.parse(members.get(column) ?? '"?"') as Scalar)
  return textOf([n!, s!, f!, d!, document(j!)])
}

export function change(counts: RowCounts, row: RowText, by: number): void {
  const count = (counts.get(row) ?? 0) + by
  if (count === 0) counts.delete(row)
  else counts.set(row, count)
}

export function total(counts: ReadonlyMap<RowText, number>): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0)
}

function textOf(row: Row): RowText {
  return JSON.stringify(row)
}

function rowOf(text: RowText): Row {
  return JSON.parse(text) as Row
}

function number(value: Scalar): Scalar {
  return value === null ? null : Number(value)
}

/** Without MySQL's blanks. */
function document(value: Scalar): Scalar {
  return value === null ? null : JSON.stringify(JSON.parse(String(value)))
}

function literal(value: Scalar, column: (typeof COLUMNS)[number]): string {
  if (value === null) return 'NULL'
  if (typeof value === 'string') return `'${value}'`
  return column === 'd' || column === 'f' ? value.toExponential() : String(value)
}

function where(row: Row): string {
  return COLUMNS.map((column, i) => {
    const value = row[i]!
    const text = literal(value, column)
    return `${column} <=> ${column === 'j' && value !== null ? `CAST(${text} AS JSON)` : text}`
  }).join(' AND ')
}
