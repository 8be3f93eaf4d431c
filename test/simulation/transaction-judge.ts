// Transaction metadata as its consumers see it: each transaction begins and ends, what a crash repeats is the very same,
// and every streamed event stands where the server's binlog has it.

import type {StoredOffset} from '../../src/state/checkpoint.ts'
import {promise} from './broken-promise.ts'
import {passedBy} from './history.ts'
import {SERVER_UUID} from './sim-mysql.ts'
import type {RowChange, SimMysql, Transaction} from './sim-mysql.ts'
import {DATABASE, keyOf, SIGNAL_TABLE} from './sim-tables.ts'

export const TRANSACTION_TOPIC = 'p.transaction'

export interface TransactionBlock {
  readonly id: string
  readonly total_order: number
  readonly data_collection_order: number
}

interface Order {
  readonly total: number
  readonly inTable: number
}

/** What one transaction's events must say. */
interface Expected {
  readonly id: string
  readonly transaction: Transaction
  /** By the change, the order of the first event that it becomes. */
  readonly orders: ReadonlyMap<RowChange, Order>
  readonly total: number
  readonly tables: Readonly<Record<string, number>>
}

export class TransactionJudge {
  readonly #mysql: SimMysql
  readonly #signalTableEvents: boolean
  readonly #byId = new Map<string, Expected>()
  readonly #byTransaction = new Map<Transaction, Expected>()
  /** By status and id. */
  readonly #told = new Map<string, string>()
  #read = 0

  constructor(mysql: SimMysql, {signalTableEvents}: {readonly signalTableEvents: boolean}) {
    this.#mysql = mysql
    this.#signalTableEvents = signalTableEvents
  }

  landed(text: string): void {
    this.#catchUp()
    const {status, id, event_count, data_collections} = JSON.parse(text) as {
      readonly status: 'BEGIN' | 'END'
      readonly id: string
      readonly event_count: number | null
      readonly data_collections: readonly {readonly data_collection: string; readonly event_count: number}[] | null
    }
    const expected = this.#byId.get(id)
    promise(expected !== undefined, () => `${status} of ${id}, which is no transaction of the server`)
    const name = `${status} ${id}`
    const told = this.#told.get(name)
    promise(told === undefined || told === text, () => `${name} comes again as ${text} after ${told ?? ''}`)
    this.#told.set(name, text)
    if (status === 'BEGIN') return
    const tables = Object.fromEntries((data_collections ?? []).map(each => [each.data_collection, each.event_count]))
    const [found, wanted] = [
      {total: event_count, tables},
      {total: expected!.total, tables: expected!.tables},
    ].map(each => JSON.stringify(each))
    promise(found === wanted, () => `${name} counts ${found!}, wanted ${wanted!}`)
  }

  /** A streamed event of this change; the second one that a change of the key becomes has `isSecond`. */
  event(change: RowChange, transaction: Transaction, event: {block: TransactionBlock | null; isSecond: boolean}): void {
    this.#catchUp()
    const expected = this.#byTransaction.get(transaction)!
    const {total, inTable} = expected.orders.get(change)!
    const more = event.isSecond ? 1 : 0
    const wanted = {id: expected.id, total_order: total + more, data_collection_order: inTable + more}
    const found = JSON.stringify(event.block)
    promise(found === JSON.stringify(wanted), () => `an event says ${found}, wanted ${JSON.stringify(wanted)}`)
  }

  /** What lies before the stored offset was told, and so was the begin of the transaction that it lies in. */
  saved(offset: StoredOffset, baseline: StoredOffset): void {
    this.#catchUp()
    const [passed, before] = [passedBy(offset), passedBy(baseline)]
    for (const {id, transaction} of this.#byId.values()) {
      if (before({transaction, row: Infinity})) continue
      for (const [status, row] of [
        ['BEGIN', 0],
        ['END', Infinity],
      ] as const) {
        promise(
          !passed({transaction, row}) || this.#told.has(`${status} ${id}`),
          () => `I3: the stored offset passes ${status} of ${id}, which never landed`,
        )
      }
    }
  }

  #catchUp(): void {
    const {binlog} = this.#mysql
    for (; this.#read < binlog.length; this.#read++) {
      const {kind, transaction, file, startPos} = binlog[this.#read]!
      if (kind !== 'begin' || transaction === null) continue
      const id = this.#mysql.gtidOn ? `${SERVER_UUID}:${transaction.gno}` : `file=${file},pos=${startPos}`
      const expected = {id, transaction, ...this.#count(transaction)}
      this.#byId.set(id, expected)
      this.#byTransaction.set(transaction, expected)
    }
  }

  #count(transaction: Transaction): Pick<Expected, 'orders' | 'total' | 'tables'> {
    const orders = new Map<RowChange, Order>()
    const tables: Record<string, number> = {}
    let total = 0
    for (const change of transaction.changes) {
      const {definition, before, after} = change
      if (definition.table === SIGNAL_TABLE && !this.#signalTableEvents) continue
      const name = `${DATABASE}.${definition.table}`
      const inTable = tables[name] ?? 0
      orders.set(change, {total: total + 1, inTable: inTable + 1})
      const keys = new Set([before, after].filter(row => row !== null).map(row => keyOf(definition, row)))
      total += keys.size
      tables[name] = inTable + keys.size
    }
    return {orders, total, tables}
  }
}
