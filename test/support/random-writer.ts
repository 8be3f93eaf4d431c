// A seeded random writer: it changes rows of tables with all kinds of keys and keeps, for each key, what was committed
// in which order. One writer is one connection; a table belongs to one writer, so that the order is known.

import type {Connection, RowDataPacket} from 'mysql2/promise'
import type {KeyShape} from './key-shapes.ts'
import {RepeatingWriter} from './repeating-writer.ts'
import type {SeededRandom} from './seeded-random.ts'

/**
 * A state of a key in its history: 2 v for a row with version v, 2 v + 1 for the deletion of that row. Grows with every
 * change of a key.
 */
export type Rank = number

export interface KeyHistory {
  /** Committed ranks in order, from the moment the writer began. */
  readonly ranks: Rank[]
}

export interface StoredRow {
  readonly version: number
  readonly pad: string
}

interface Row {
  readonly index: number
  spelling: number
  version: number
}

/** One statement and how the model forgets it. */
interface Draft {
  readonly sql: string[]
  readonly undo: (() => void)[]
  readonly entries: {readonly text: string; readonly rank: Rank}[]
}

export class WrittenTable {
  readonly shape: KeyShape
  /** By canonical text of the key. Keys that were never changed have none. */
  readonly history = new Map<string, KeyHistory>()
  readonly #rows = new Map<number, Row>()
  readonly #random: SeededRandom
  #version = 0
  // Indexes of present and of free keys, for a quick pick.
  readonly #present: number[] = []
  readonly #free: number[] = []

  constructor(shape: KeyShape, random: SeededRandom) {
    this.shape = shape
    this.#random = random
    for (let index = 0; index < shape.size; index++) this.#free.push(index)
  }

  get size(): number {
    return this.#present.length
  }

  /** CREATE TABLE and the rows that it begins with: about `part` of all keys. */
  setUp(part: number): string[] {
    const {name, ddl, size} = this.shape
    const statements = [`CREATE TABLE ${name} (${ddl}, v BIGINT NOT NULL, pad VARCHAR(80) NOT NULL)`]
    const values: string[] = []
    for (let index = 0; index < size; index++) {
      if (this.#random.next() >= part) continue
      const row = {index, spelling: this.#random.integer(0, this.shape.spellings - 1), version: ++this.#version}
      this.#add(row)
      values.push(this.#values(row))
    }
    for (let at = 0; at < values.length; at += 1000) {
      statements.push(`${this.#insert()} VALUES ${values.slice(at, at + 1000).join(', ')}`)
    }
    return statements
  }

  /** Makes one random change, in the model at once. */
  change(draft: Draft): void {
    const {shape} = this
    const random = this.#random
    const fill = this.size / shape.size
    const dice = random.next()
    if (this.size < 8 || dice < 0.45 - 0.4 * fill) this.#create(draft)
    else if (dice < 0.6) this.#update(draft)
    else if (dice < 0.75) this.#remove(draft)
    else if (dice < 0.87) this.#move(draft)
    else if (dice < 0.95) this.#swap(draft)
    else if (shape.spellings > 1) this.#respell(draft)
    else this.#update(draft)
  }

  commit(entries: Draft['entries']): void {
    for (const {text, rank} of entries) {
      const known = this.history.get(text)
      if (known === undefined) this.history.set(text, {ranks: [rank]})
      else known.ranks.push(rank)
    }
  }

  #create(draft: Draft): void {
    const version = ++this.#version
    const rows: Row[] = []
    for (let count = this.#random.integer(1, 4); count > 0 && this.#free.length > 0; count--) {
      const row = {index: this.#random.pick(this.#free), spelling: this.#spelling(), version}
      this.#add(row, draft)
      rows.push(row)
    }
    if (rows.length === 0) return
    draft.sql.push(`${this.#insert()} VALUES ${rows.map(row => this.#values(row)).join(', ')}`)
    for (const row of rows) draft.entries.push({text: this.#text(row), rank: 2 * version})
  }

  #update(draft: Draft): void {
    const version = ++this.#version
    const rows = this.#some(5)
    draft.sql.push(
      `UPDATE ${this.shape.name} SET v = ${version}, pad = '${this.#random.word(12)}' WHERE ${this.#where(rows)}`,
    )
    for (const row of rows) {
      this.#set(row, {version}, draft)
      draft.entries.push({text: this.#text(row), rank: 2 * version})
    }
  }

  #remove(draft: Draft): void {
    const rows = this.#some(3)
    draft.sql.push(`DELETE FROM ${this.shape.name} WHERE ${this.#where(rows)}`)
    for (const row of rows) {
      this.#drop(row, draft)
      draft.entries.push({text: this.#text(row), rank: 2 * row.version + 1})
    }
  }

  #move(draft: Draft): void {
    if (this.#free.length > 0) this.#moveTo(this.#one(), this.#random.pick(this.#free), draft)
  }

  /** Two rows change places, through a third key. */
  #swap(draft: Draft): void {
    const [a, b] = this.#some(2)
    if (a === undefined || b === undefined || a === b || this.#free.length === 0) return
    const between = this.#moveTo(a, this.#random.pick(this.#free), draft)
    this.#moveTo(b, a.index, draft)
    this.#moveTo(between, b.index, draft)
  }

  #moveTo(row: Row, index: number, draft: Draft): Row {
    const version = ++this.#version
    const moved = {index, spelling: this.#spelling(), version}
    draft.sql.push(`UPDATE ${this.shape.name} SET ${this.#assign(moved)}, v = ${version} WHERE ${this.#where([row])}`)
    draft.entries.push({text: this.#text(row), rank: 2 * row.version + 1})
    draft.entries.push({text: this.#text(moved), rank: 2 * version})
    this.#drop(row, draft)
    this.#add(moved, draft)
    return moved
  }

  /** The same key for the collation, another one byte by byte. */
  #respell(draft: Draft): void {
    const row = this.#one()
    const version = ++this.#version
    const spelling = (row.spelling + this.#random.integer(1, this.shape.spellings - 1)) % this.shape.spellings
    const before = {...row}
    const where = this.#where([row])
    this.#set(row, {version, spelling}, draft)
    draft.sql.push(`UPDATE ${this.shape.name} SET ${this.#assign(row)}, v = ${version} WHERE ${where}`)
    draft.entries.push({text: this.#text(before), rank: 2 * before.version + 1})
    draft.entries.push({text: this.#text(row), rank: 2 * version})
  }

  #one(): Row {
    return this.#rows.get(this.#random.pick(this.#present))!
  }

  /** One to `most` different rows. */
  #some(most: number): Row[] {
    const rows = new Set<Row>()
    for (let count = this.#random.integer(Math.min(2, most), most); count > 0; count--) rows.add(this.#one())
    return [...rows]
  }

  #spelling(): number {
    return this.#random.integer(0, this.shape.spellings - 1)
  }

  #text(row: Row): string {
    return this.shape.text(row.index, row.spelling)
  }

  #insert(): string {
    return `INSERT INTO ${this.shape.name} (${[...this.shape.columns, 'v', 'pad'].join(', ')})`
  }

  #values(row: Row): string {
    const {shape} = this
    return `(${[...shape.literals(row.index, row.spelling), row.version, `'${this.#random.word(8)}'`].join(', ')})`
  }

  #assign(row: Row): string {
    const literals = this.shape.literals(row.index, row.spelling)
    return this.shape.columns.map((column, i) => `${column} = ${literals[i]!}`).join(', ')
  }

  #where(rows: readonly Row[]): string {
    const {columns} = this.shape
    return rows
      .map(row => {
        const literals = this.shape.literals(row.index, row.spelling)
        return `(${columns.map((column, i) => `${column} = ${literals[i]!}`).join(' AND ')})`
      })
      .join(' OR ')
  }

  #set(row: Row, change: Partial<Pick<Row, 'version' | 'spelling'>>, draft: Draft): void {
    const before = {...row}
    Object.assign(row, change)
    draft.undo.push(() => Object.assign(row, before))
  }

  #add(row: Row, draft?: Draft): void {
    this.#rows.set(row.index, row)
    exchange(this.#free, this.#present, row.index)
    draft?.undo.push(() => this.#drop(row))
  }

  #drop(row: Row, draft?: Draft): void {
    this.#rows.delete(row.index)
    exchange(this.#present, this.#free, row.index)
    draft?.undo.push(() => this.#add(row))
  }
}

function exchange(from: number[], to: number[], index: number): void {
  const at = from.indexOf(index)
  from[at] = from.at(-1)!
  from.pop()
  to.push(index)
}

/** How a writer goes on after the server was away. */
export interface WriterOutages {
  /** Tells the writers of one test apart. */
  readonly writer: number
  /** What `ask` answers on a new connection, as soon as there is one; tried until it does. */
  reconnected(ask: (connection: Connection) => Promise<boolean>): Promise<boolean>
}

const RECEIPTS = 'writer_receipts'
/** The table in which writers that outlive outages leave what they committed last. */
export const receiptsTable = `CREATE TABLE ${RECEIPTS} (writer INT PRIMARY KEY, receipt VARCHAR(40) NOT NULL)`

export class RandomWriter extends RepeatingWriter {
  readonly tables: readonly WrittenTable[]
  transactions = 0
  rolledBack = 0
  #connection: Connection
  readonly #random: SeededRandom
  #outages: WriterOutages | null = null

  constructor(connection: Connection, tables: readonly WrittenTable[], random: SeededRandom) {
    super()
    this.#connection = connection
    this.tables = tables
    this.#random = random
  }

  /** From now on it goes on when its connection is lost; otherwise the first statement that fails ends it. */
  outlive(outages: WriterOutages): void {
    this.#outages = outages
  }

  /** One random transaction of one or several statements, sometimes rolled back, whole or to a savepoint. */
  override async transaction(): Promise<void> {
    const random = this.#random
    const parts = new Map<WrittenTable, Draft['entries']>()
    const draft: {sql: string[]; undo: (() => void)[]} = {sql: [], undo: []}
    const change = (): void => {
      const table = random.pick(this.tables)
      const entries = parts.get(table) ?? []
      parts.set(table, entries)
      const before = entries.length
      table.change({...draft, entries})
      draft.undo.push(() => entries.splice(before))
    }
    const statements = random.chance(0.02) ? random.integer(30, 80) : random.chance(0.4) ? random.integer(2, 6) : 1
    for (let count = 0; count < statements; count++) {
      if (random.chance(0.04)) this.#partlyUndone(draft, change)
      else change()
    }
    if (draft.sql.length === 0) return
    const rollsBack = random.chance(0.08)
    const isSingle = draft.sql.length === 1 && !rollsBack && this.#outages === null
    const sql = isSingle ? draft.sql : ['START TRANSACTION', ...draft.sql, rollsBack ? 'ROLLBACK' : 'COMMIT']
    const isCommitted = await this.#execute(sql)
    if (rollsBack || !isCommitted) {
      for (const undo of draft.undo.reverse()) undo()
      this.rolledBack++
    } else {
      for (const [table, entries] of parts) table.commit(entries)
      this.transactions++
    }
  }

  /** False where an outage of the server took the transaction with it. */
  async #execute(sql: string[]): Promise<boolean> {
    const outages = this.#outages
    if (outages === null) {
      await this.#connection.query(sql.join('; '))
      return true
    }
    const receipt = `${outages.writer}:${this.transactions}:${this.rolledBack}`
    sql.splice(-1, 0, `REPLACE INTO ${RECEIPTS} VALUES (${outages.writer}, '${receipt}')`)
    try {
      await this.#connection.query(sql.join('; '))
      return true
    } catch {
      // Whether it was committed before the connection went, only the server knows when it is back.
      this.#connection.destroy()
      return await outages.reconnected(async connection => {
        this.#connection = connection
        const [rows] = await connection.query<RowDataPacket[]>(`SELECT receipt FROM ${RECEIPTS} WHERE writer = ?`, [
          outages.writer,
        ])
        return rows[0]?.['receipt'] === receipt
      })
    }
  }

  #partlyUndone(draft: {sql: string[]; undo: (() => void)[]}, change: () => void): void {
    const before = draft.undo.length
    draft.sql.push('SAVEPOINT here')
    change()
    draft.sql.push('ROLLBACK TO SAVEPOINT here')
    for (const undo of draft.undo.splice(before).reverse()) undo()
  }
}

/** The table's rows by canonical key, as the server has them now. */
export async function storedRows(connection: Connection, shape: KeyShape): Promise<Map<string, StoredRow>> {
  const [rows] = await connection.query<RowDataPacket[]>(`SELECT ${shape.textSql} AS t, v, pad FROM ${shape.name}`)
  const found = new Map<string, StoredRow>()
  for (const row of rows) found.set(String(row['t']), {version: Number(row['v']), pad: String(row['pad'])})
  if (found.size !== rows.length) throw new Error(`${shape.name}: two rows have the same canonical key`)
  return found
}
