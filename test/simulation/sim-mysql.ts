// A MySQL in miniature: transactions of several rows in commit order, a binlog that a replica may read before a SELECT
// sees what it holds, definitions that change, and restarts. What runs on it, and when, is the simulation's choice.

import {invariant} from '../../src/core/tidemark-error.ts'
import {CAPTURED, DATABASE, isKeyless, keyOf, SIGNALS} from './sim-tables.ts'
import type {SimColumn, SimDefinition, SimRow} from './sim-tables.ts'

export const SERVER_UUID = '01020304-0506-0708-090a-0b0c0d0e0f10'
const EVENT_BYTES = 10
const FIRST_POS = 157

export interface RowChange {
  readonly definition: SimDefinition
  readonly op: 'c' | 'u' | 'd'
  readonly before: SimRow | null
  readonly after: SimRow | null
  /** The number of the write; `v` of the row that it made. */
  readonly ordinal: number
}

export interface Ddl {
  readonly table: string
  readonly sql: string
  /** True where rows change without row events. */
  readonly changesRows: boolean
  readonly definition: SimDefinition
  readonly change: (row: SimRow) => SimRow | null
}

export interface BinlogEntry {
  readonly kind: 'gtid' | 'begin' | 'rows' | 'commit' | 'query' | 'rotate'
  readonly file: string
  readonly startPos: number
  readonly endPos: number
  readonly transaction: Transaction | null
  /** Of a `rows` entry: all of one table and operation. */
  readonly changes: readonly RowChange[]
}

export interface Transaction {
  readonly gno: number
  readonly commitUs: number
  readonly file: string
  readonly startPos: number
  readonly changes: readonly RowChange[]
  readonly ddl: Ddl | null
}

/** One state of all tables. */
export class TableSet {
  readonly #tables = new Map<string, {definition: SimDefinition; rows: Map<string, SimRow>}>()

  constructor(tables: readonly SimDefinition[]) {
    for (const definition of [...tables, SIGNALS]) this.#tables.set(definition.table, {definition, rows: new Map()})
  }

  definition(table: string): SimDefinition {
    return this.#of(table).definition
  }

  has(table: string): boolean {
    return this.#tables.has(table)
  }

  rows(table: string): ReadonlyMap<string, SimRow> {
    return this.#of(table).rows
  }

  put(table: string, row: SimRow): void {
    const {definition, rows} = this.#of(table)
    rows.set(keyOf(definition, row), row)
  }

  apply({changes, ddl}: Transaction): void {
    for (const {definition, before, after} of changes) {
      const {rows} = this.#of(definition.table)
      if (before !== null) rows.delete(keyOf(definition, before))
      if (after !== null) rows.set(keyOf(definition, after), after)
    }
    if (ddl === null) return
    const {rows} = this.#of(ddl.table)
    const changed = [...rows.values()].map(ddl.change).filter(row => row !== null)
    this.#tables.set(ddl.table, {
      definition: ddl.definition,
      rows: new Map(changed.map(row => [keyOf(ddl.definition, row), row])),
    })
  }

  #of(table: string): {definition: SimDefinition; rows: Map<string, SimRow>} {
    const known = this.#tables.get(table)
    invariant(known !== undefined, `the simulated server has no table ${table}`)
    return known
  }
}

export interface SimMysqlOptions {
  readonly gtidOn: boolean
  readonly nowUs: () => number
  readonly tables?: readonly SimDefinition[]
}

export class SimMysql {
  readonly gtidOn: boolean
  /** Everything that is in the binlog; what a writer sees, since it waits for locks. */
  readonly head: TableSet
  /** What a SELECT sees. */
  readonly visible: TableSet
  readonly tables: readonly SimDefinition[]
  /** Of which a read view began last: one worth changing. */
  lastViewed: string | null = null
  readonly transactions: Transaction[] = []
  readonly binlog: BinlogEntry[] = []
  /** Transactions before this index are visible. */
  published = 0
  /** False while the server is down: no connection can be opened. */
  up = true
  ordinal = 0
  #fileNumber = 1
  #pos = FIRST_POS
  readonly #nowUs: () => number
  /** LOCK TABLES … READ, by the connection that holds it. */
  readonly #locks = new Map<string, string>()
  /** Tables that a transaction has read, by its connection: they keep their definitions. */
  readonly #views = new Map<string, string>()

  constructor({gtidOn, nowUs, tables = CAPTURED}: SimMysqlOptions) {
    this.gtidOn = gtidOn
    this.#nowUs = nowUs
    this.tables = tables
    this.head = new TableSet(tables)
    this.visible = new TableSet(tables)
  }

  /** A row that was there before the binlog began. */
  seed(table: string, row: SimRow): void {
    const own = isKeyless(this.head.definition(table)) ? '_row' : 'v'
    const whole = {...row, [own]: ++this.ordinal}
    this.head.put(table, whole)
    this.visible.put(table, whole)
  }

  get end(): {file: string; pos: number} {
    return {file: this.#file, pos: this.#pos}
  }

  /** gtid_executed: a GTID enters it when its transaction is visible. */
  get executed(): string {
    return this.published === 0 ? '' : `${SERVER_UUID}:1-${this.published}`
  }

  /** Changes of one transaction, committed to the binlog. They are visible after `publish`. */
  commit(changes: readonly RowChange[]): Transaction {
    const runs: RowChange[][] = []
    for (const change of changes) {
      const last = runs.at(-1)
      if (last !== undefined && last[0]!.op === change.op && last[0]!.definition === change.definition) {
        last.push(change)
      } else {
        runs.push([change])
      }
    }
    const transaction = this.#open(changes, null)
    this.#write('gtid', transaction)
    this.#write('begin', transaction)
    for (const run of runs) this.#write('rows', transaction, run)
    this.#write('commit', transaction)
    this.head.apply(transaction)
    return transaction
  }

  /** False where a metadata lock makes it wait: DDL waits for every transaction on the table to end. */
  canAlter(table: string): boolean {
    const isRead = [...this.#locks.values(), ...this.#views.values()].includes(table)
    return !isRead && this.canLock(table)
  }

  /** False where LOCK TABLES … READ waits for a transaction that has changed the table, or for DDL. */
  canLock(table: string): boolean {
    return this.transactions.slice(this.published).every(({changes, ddl}) => {
      return ddl?.table !== table && changes.every(({definition}) => definition.table !== table)
    })
  }

  alter(ddl: Ddl): void {
    invariant(this.canAlter(ddl.table), 'DDL waits for its lock')
    const transaction = this.#open([], ddl)
    this.#write('gtid', transaction)
    this.#write('query', transaction)
    this.head.apply(transaction)
  }

  /** True while DDL on the table has not ended: statements on it wait for its lock. */
  isLocked(table: string): boolean {
    return this.transactions.slice(this.published).some(({ddl}) => ddl?.table === table)
  }

  /** True while somebody holds the table against writes. */
  isReadOnly(table: string): boolean {
    return [...this.#locks.values()].includes(table)
  }

  lock(table: string, connection: string): void {
    invariant(this.canLock(table), 'LOCK TABLES waits')
    this.#locks.set(connection, table)
  }

  unlock(connection: string): void {
    this.#locks.delete(connection)
  }

  /** A read view of the table as it is now. */
  view(table: string, connection: string): readonly SimRow[] {
    this.#views.set(connection, table)
    this.lastViewed = table
    return [...this.visible.rows(table).values()]
  }

  /** A connection is gone: what it held is free. */
  disconnected(connection: string): void {
    this.#locks.delete(connection)
    this.#views.delete(connection)
  }

  get canPublish(): boolean {
    return this.published < this.transactions.length
  }

  /** The oldest commit that is not visible yet becomes so. */
  publish(): void {
    this.visible.apply(this.transactions[this.published]!)
    this.published++
  }

  isVisible(transaction: Transaction): boolean {
    return this.transactions.indexOf(transaction) < this.published
  }

  /** Goes down; what is in the binlog is committed by recovery. */
  shutDown(): void {
    this.up = false
    this.#locks.clear()
    this.#views.clear()
    while (this.canPublish) this.publish()
    this.rotate()
  }

  start(): void {
    this.up = true
  }

  rotate(): void {
    this.#write('rotate', null)
    this.#fileNumber++
    this.#pos = FIRST_POS
  }

  get #file(): string {
    return `binlog.${String(this.#fileNumber).padStart(6, '0')}`
  }

  #open(changes: readonly RowChange[], ddl: Ddl | null): Transaction {
    const transaction: Transaction = {
      gno: this.transactions.length + 1,
      commitUs: this.#nowUs(),
      file: this.#file,
      startPos: this.#pos,
      changes,
      ddl,
    }
    this.transactions.push(transaction)
    return transaction
  }

  #write(kind: BinlogEntry['kind'], transaction: Transaction | null, changes: readonly RowChange[] = []): void {
    const startPos = this.#pos
    this.#pos += EVENT_BYTES
    this.binlog.push({kind, file: this.#file, startPos, endPos: this.#pos, transaction, changes})
  }
}

export function addColumn(definition: SimDefinition, column: SimColumn): Ddl {
  return {
    table: definition.table,
    sql: `ALTER TABLE \`${DATABASE}\`.\`${definition.table}\` ADD COLUMN \`${column.name}\` VARCHAR(20) DEFAULT 'new'`,
    changesRows: true,
    definition: {...definition, columns: [...definition.columns, column]},
    change: row => ({...row, [column.name]: 'new'}),
  }
}

export function dropColumn(definition: SimDefinition, name: string): Ddl {
  return {
    table: definition.table,
    sql: `ALTER TABLE ${definition.table} DROP COLUMN ${name}`,
    changesRows: true,
    definition: {...definition, columns: definition.columns.filter(each => each.name !== name)},
    change: row => Object.fromEntries(Object.entries(row).filter(([each]) => each !== name)),
  }
}

export function addIndex(definition: SimDefinition): Ddl {
  return {
    table: definition.table,
    sql: `ALTER TABLE ${definition.table} ADD INDEX (v)`,
    changesRows: false,
    definition: {...definition},
    change: row => row,
  }
}

export function truncate(definition: SimDefinition): Ddl {
  return {
    table: definition.table,
    sql: `TRUNCATE TABLE ${definition.table}`,
    changesRows: true,
    definition: {...definition},
    change: () => null,
  }
}
