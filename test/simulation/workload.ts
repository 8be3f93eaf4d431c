// What happens to the simulated server from outside: transactions, signals, changes of definitions.

import type {SeededRandom} from '../support/seeded-random.ts'
import type {Scenario} from './scenario.ts'
import {addColumn, addIndex, dropColumn, truncate} from './sim-mysql.ts'
import type {RowChange, SimMysql, Transaction} from './sim-mysql.ts'
import {select, tableOf} from './sim-sql.ts'
import {DATABASE, isKeyless, keyOf, SIGNALS, varchar} from './sim-tables.ts'
import type {SimDefinition, SimRow} from './sim-tables.ts'

export interface SentSignal {
  readonly id: string
  readonly type: string
  readonly transaction: Transaction
}

export class Workload {
  readonly signals: SentSignal[] = []
  /** Tables whose rows DDL has changed. */
  readonly altered = new Set<string>()
  readonly truncated = new Set<string>()
  readonly #mysql: SimMysql
  readonly #random: SeededRandom
  readonly #scenario: Scenario
  readonly #tables: readonly string[]
  #columns = 0
  /** Rows that a SELECT has just read: the ones worth changing. */
  readonly #justRead = new Map<string, readonly SimRow[]>()

  constructor(mysql: SimMysql, random: SeededRandom, scenario: Scenario) {
    this.#mysql = mysql
    this.#random = random
    this.#scenario = scenario
    this.#tables = scenario.tables.map(({table}) => table)
  }

  get isParallel(): boolean {
    return this.#scenario.isParallel
  }

  seed(): void {
    for (const definition of this.#scenario.tables) {
      const newRow = (): SimRow => (isKeyless(definition) ? this.#values(definition) : this.#keyColumns())
      for (let i = 0; i < this.#scenario.seedRows; i++) this.#mysql.seed(definition.table, newRow())
    }
  }

  /** A chunk was read: its rows are changed more often than others for a while. */
  readonly onRead = (sql: string): void => {
    const table = tableOf(sql)
    const {key} = this.#mysql.head.definition(table)
    const names = new Set(key)
    const rows = select(this.#mysql.visible, sql.replace(/^SELECT .+? FROM/, `SELECT ${key.join(', ')} FROM`))
    this.#justRead.set(
      table,
      rows.map(values => Object.fromEntries([...names].map((name, i) => [name, values[i] ?? null]))),
    )
  }

  /** One transaction of one to seven rows. */
  write(): string {
    const changes: RowChange[] = []
    // The rows as this transaction has them.
    const own = new Map<string, SimRow | null>()
    const count = this.#random.pick(this.#scenario.isParallel ? [1, 2, 4, 7] : [1, 1, 2, 4])
    const only = this.#scenario.isParallel && this.#random.chance(0.5) ? this.#someTable() : null
    for (let i = 0; i < count; i++) {
      const table = only ?? this.#someTable()
      if (this.#mysql.isLocked(table) || this.#mysql.isReadOnly(table)) continue
      changes.push(...this.#change(this.#mysql.head.definition(table), own))
    }
    if (changes.length === 0) return 'nothing'
    this.#mysql.commit(changes)
    return changes
      .map(({definition, op, before, after}) => `${op} ${definition.table}/${keyOf(definition, (after ?? before)!)}`)
      .join(', ')
  }

  /** A change of a definition where its lock can be had. */
  alter(): string {
    const table = this.#random.pick(this.#tables)
    if (!this.#scenario.ddl || !this.#mysql.canAlter(table)) return 'nothing'
    const definition = this.#mysql.head.definition(table)
    const extra = definition.columns.filter(({name}) => name.startsWith('x'))
    const ddl = this.#random.pick([
      () => addIndex(definition),
      () => addIndex(definition),
      () => addColumn(definition, varchar(`x${++this.#columns}`, 20)),
      () => (extra.length === 0 ? addIndex(definition) : dropColumn(definition, this.#random.pick(extra).name)),
      () => truncate(definition),
    ])()
    this.#mysql.alter(ddl)
    if (ddl.changesRows) this.altered.add(table)
    if (ddl.sql.startsWith('TRUNCATE')) this.truncated.add(table)
    return ddl.sql
  }

  signal(): string {
    if (this.signals.length >= this.#scenario.signals) return 'nothing'
    const some = this.#tables.filter(() => this.#random.chance(0.5)).map(table => `${DATABASE}.${table}`)
    const tables = some.length === 0 ? ['d.a'] : some
    const filter = {'data-collection': tables[0], filter: `id > ${this.#random.integer(0, 9)}`}
    const blocking = JSON.stringify({'data-collections': tables, type: 'blocking'})
    const branches: [string, string | null][] = [
      ['execute-snapshot', blocking],
      ['execute-snapshot', blocking],
      ['execute-snapshot', blocking],
      ['execute-snapshot', JSON.stringify({'data-collections': ['d\\.[km]']})],
      ['stop-snapshot', JSON.stringify({'data-collections': tables})],
    ]
    const [type, data] = this.#random.pick<[string, string | null]>([
      ...(this.#scenario.isParallel ? branches : []),
      ['execute-snapshot', JSON.stringify({'data-collections': tables})],
      ['execute-snapshot', JSON.stringify({'data-collections': tables})],
      ['execute-snapshot', JSON.stringify({'data-collections': ['d\\..*']})],
      ['execute-snapshot', JSON.stringify({'data-collections': tables, ...this.#terms()})],
      ['execute-snapshot', JSON.stringify({'data-collections': tables, ...this.#terms()})],
      ['execute-snapshot', JSON.stringify({'data-collections': tables, 'additional-conditions': [filter]})],
      ['execute-snapshot', JSON.stringify({'data-collections': ['d.missing']})],
      ['execute-snapshot', '{"data-collections": ['],
      ['stop-snapshot', JSON.stringify({'data-collections': tables})],
      ['stop-snapshot', null],
      ['pause-snapshot', null],
      ['pause-snapshot', null],
      ['resume-snapshot', null],
      ['resume-snapshot', null],
      ['resume-snapshot', null],
      ['log', '{"message": "at {}"}'],
      ['nonsense', null],
    ])
    return this.send(type, data)
  }

  #terms(): object {
    const random = this.#random
    return {
      priority: random.integer(-1, 3),
      ...(random.chance(0.5) ? {'chunk-size': random.integer(1, 4)} : {}),
      ...(random.chance(0.3) ? {'max-rows-per-second': random.pick([10, 50])} : {}),
    }
  }

  send(type: string, data: string | null): string {
    const id = `signal-${this.signals.length}`
    const row = {id, type, data}
    const ordinal = ++this.#mysql.ordinal
    const transaction = this.#mysql.commit([{definition: SIGNALS, op: 'c', before: null, after: row, ordinal}])
    this.signals.push({id, type, transaction})
    return `${id} ${type} ${data ?? ''}`
  }

  #change(definition: SimDefinition, own: Map<string, SimRow | null>): RowChange[] {
    if (isKeyless(definition)) return this.#changeKeyless(definition, own)
    const random = this.#random
    const {head} = this.#mysql
    const nameOf = (row: SimRow): string => `${definition.table}/${keyOf(definition, row)}`
    const current = (row: SimRow): SimRow | null => {
      const name = nameOf(row)
      return own.has(name) ? own.get(name)! : (head.rows(definition.table).get(keyOf(definition, row)) ?? null)
    }
    const wanted = this.#wantedKey(definition.table)
    const before = current(wanted)
    const ordinal = ++this.#mysql.ordinal
    const texts = Object.fromEntries(
      definition.columns
        .filter(({type}) => type === 'varchar')
        .map(({name}) => [name, random.pick([null, 'text', ''])]),
    )
    if (before === null) {
      const after = {...texts, ...wanted, v: ordinal}
      own.set(nameOf(after), after)
      return [{definition, op: 'c', before: null, after, ordinal}]
    }
    own.set(nameOf(before), null)
    if (random.chance(0.25)) return [{definition, op: 'd', before, after: null, ordinal}]
    const moved = {...before, ...texts, ...this.#keyColumns(), v: ordinal}
    const after = random.chance(0.2) && current(moved) === null ? moved : {...before, ...texts, v: ordinal}
    own.set(nameOf(after), after)
    return [{definition, op: 'u', before, after, ordinal}]
  }

  #changeKeyless(definition: SimDefinition, own: Map<string, SimRow | null>): RowChange[] {
    const random = this.#random
    const {table} = definition
    const nameOf = (row: SimRow): string => `${table}/${keyOf(definition, row)}`
    const rows = [...this.#mysql.head.rows(table).values()].map(row =>
      own.has(nameOf(row)) ? own.get(nameOf(row))! : row,
    )
    const alive = rows.filter(row => row !== null)
    const ordinal = ++this.#mysql.ordinal
    const values = this.#values(definition)
    const before = alive.length > 0 && random.chance(0.5) ? random.pick(alive) : null
    if (before === null) {
      return [{definition, op: 'c', before, after: {...values, _row: ordinal}, ordinal}]
    }
    const after = random.chance(0.5) ? null : {...before, ...values}
    own.set(nameOf(before), after)
    if (after === null) return [{definition, op: 'd', before, after, ordinal}]
    // The server logs no update that changes nothing.
    if (definition.columns.every(({name}) => before[name] === after[name])) return []
    return [{definition, op: 'u', before, after, ordinal}]
  }

  /** Of few, so that rows are often equal. */
  #values({columns}: SimDefinition): SimRow {
    const random = this.#random
    const value = (type: string): number | string | null =>
      type === 'int' ? random.integer(0, 2) : random.pick([null, 'text', ''])
    return Object.fromEntries(columns.map(({name, type}) => [name, value(type)]))
  }

  #someTable(): string {
    const {lastViewed} = this.#mysql
    return lastViewed !== null && this.#random.chance(0.4) ? lastViewed : this.#random.pick(this.#tables)
  }

  #wantedKey(table: string): SimRow {
    const justRead = this.#justRead.get(table) ?? []
    const columns = this.#keyColumns()
    return justRead.length > 0 && this.#random.chance(0.75) ? {...columns, ...this.#random.pick(justRead)} : columns
  }

  #keyColumns(): {id: number; g: number} {
    const {keys} = this.#scenario
    return {id: this.#random.integer(0, keys - 1), g: this.#random.integer(0, 2)}
  }
}
