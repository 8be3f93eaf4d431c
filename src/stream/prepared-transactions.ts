// XA transactions that are prepared and neither committed nor rolled back: in the binlog their rows stand where they were
// prepared, and they take effect where the XA COMMIT stands, any time later. Each is remembered by name and place. Small
// ones are also kept, those that are too large are read from the binlog once more when they are committed (I5).

import type {BinlogSource, RowsView} from '../binlog/binlog-events.ts'
import type {PreparedTransaction} from '../core/prepared-transaction.ts'
import {invariant} from '../core/tidemark-error.ts'
import type {GtidLog} from './gtid-log.ts'
import {isLost, replayedRows, type PreparedRows} from './replayed-rows.ts'

/** Rows of one transaction, and of all together, that are kept. */
const KEPT_BYTES = 1024 * 1024
const KEPT_BYTES_TOGETHER = 16 * 1024 * 1024
/** What one event's view costs beside its bytes, about. */
const VIEW_BYTES = 300

interface Entry {
  readonly transaction: PreparedTransaction
  /** Transactions of the stream that were finished once this was prepared, and once it ended; null: it has not. */
  from: number
  until: number | null
  /** Null where they are too large. */
  rows: PreparedRows[] | null
  bytes: number
}

export interface PreparedTransactionsOptions {
  /** The stored state, if any. */
  readonly checkpoint: {readonly prepared?: readonly PreparedTransaction[]} | null
  /** Where those that are not kept are read again, beside the stream. */
  readonly replay: BinlogSource
  readonly signal: AbortSignal
  /** What was prepared before the stream began has nothing of it. */
  readonly passesUnknown?: boolean
}

export class PreparedTransactions {
  /** Prepared and not ended, by name, in the order of their preparing. */
  readonly #prepared = new Map<string, Entry>()
  #ended: Entry[] = []
  #open: Entry | null = null
  #keptBytes = 0
  readonly #options: PreparedTransactionsOptions
  readonly #gtids: GtidLog | null

  /** `gtids`: what the stream has executed; null where the server runs without GTIDs. */
  constructor(options: PreparedTransactionsOptions, gtids: GtidLog | null) {
    this.#options = options
    this.#gtids = gtids
    for (const transaction of options.checkpoint?.prepared ?? []) {
      this.#prepared.set(transaction.xid, {transaction, from: 0, until: null, rows: null, bytes: 0})
    }
  }

  /** True between XA START and the end of its transaction, whose rows are collected meanwhile. */
  get isOpen(): boolean {
    return this.#open !== null
  }

  begin(transaction: PreparedTransaction): void {
    this.abandon()
    this.#open = {transaction, from: 0, until: null, rows: [], bytes: 0}
  }

  collect(view: RowsView, query: string): void {
    const open = this.#open
    invariant(open !== null, 'rows are collected inside an XA transaction')
    if (open.rows === null) return
    const {buffer, start, end, table, operation, presentBefore, presentAfter, full} = view
    this.#take(open, end - start + query.length * 2 + VIEW_BYTES)
    if (open.bytes > KEPT_BYTES) {
      this.#drop(open)
      return
    }
    const bytes = Buffer.from(buffer.subarray(start, end))
    const {length} = bytes
    const kept = {buffer: bytes, start: 0, end: length, table, operation, presentBefore, presentAfter, full}
    open.rows.push({view: kept, query})
  }

  /** The open transaction is prepared. `transactions` are finished, it included. */
  prepared(transactions: number): void {
    const open = this.#open
    invariant(open !== null, 'a transaction is prepared behind its XA START')
    // Of that name there can be only one: if another is known, its end was not seen.
    this.ended(open.transaction.xid, transactions)
    open.from = transactions
    this.#prepared.set(open.transaction.xid, open)
    this.#open = null
    for (const entry of this.#prepared.values()) {
      if (this.#keptBytes <= KEPT_BYTES_TOGETHER) break
      this.#drop(entry)
    }
  }

  /** The open transaction is over (it was committed in one phase), or its connection was lost. */
  abandon(): void {
    if (this.#open !== null) this.#drop(this.#open)
    this.#open = null
  }

  /** Null where it was prepared before the stream began. */
  find(xid: string): PreparedTransaction | null {
    return this.#prepared.get(xid)?.transaction ?? null
  }

  /** The transaction was committed or rolled back. `transactions` are finished, that one included. */
  ended(xid: string, transactions: number): void {
    const entry = this.#prepared.get(xid)
    if (entry === undefined) return
    entry.until = transactions
    this.#drop(entry)
    this.#prepared.delete(xid)
    this.#ended.push(entry)
  }

  /** Its rows, or of the open transaction those of `null`. See `replayedRows`. */
  async *rows(
    xid: string | null,
    until: {readonly sid: string; readonly gno: number},
  ): AsyncGenerator<PreparedRows, void> {
    const entry = xid === null ? this.#open : this.#prepared.get(xid)
    invariant(entry, 'rows are asked for of a transaction that is known')
    if (entry.rows !== null) {
      yield* entry.rows
      return
    }
    const {replay: source, signal} = this.#options
    const executed = this.#gtids?.copyAt(this.#gtids.count) ?? null
    yield* replayedRows({source, transaction: entry.transaction, executed, until, signal})
  }

  /** As `rows` of a transaction that is committed here; none where they cannot be had, which is told. */
  async *committed(
    xid: string | null,
    until: {readonly sid: string; readonly gno: number},
    rowsLost: (reason: string) => void,
  ): AsyncGenerator<PreparedRows, void> {
    if (xid !== null && this.find(xid) === null) {
      if (this.#options.passesUnknown === true) return
      rowsLost(`an XA transaction (${xid}) was committed that had been prepared before the stream began`)
      return
    }
    try {
      yield* this.rows(xid, until)
    } catch (error) {
      if (!isLost(error)) throw error
      rowsLost(`an XA transaction was committed whose rows the server does not have any more (${error.message})`)
    }
  }

  /** Those that a stream needs that goes on where `transactions` were finished; later calls must not name a smaller number. */
  at(transactions: number): readonly PreparedTransaction[] {
    this.#ended = this.#ended.filter(({until}) => until! > transactions)
    const needed = [...this.#ended, ...this.#prepared.values()].filter(({from}) => from <= transactions)
    return needed.map(({transaction}) => transaction)
  }

  #take(entry: Entry, bytes: number): void {
    entry.bytes += bytes
    this.#keptBytes += bytes
  }

  #drop(entry: Entry): void {
    this.#keptBytes -= entry.bytes
    entry.bytes = 0
    entry.rows = null
  }
}
