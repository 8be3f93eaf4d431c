// How far a stream has come, as a set of transactions: those that it has passed. With GTIDs a transaction is in the set
// by its membership and never by an order, since servers log the transactions of several sources in orders of their own;
// without GTIDs it is in the set where it begins before the position.

import {compareBinlogPositions} from './binlog-position.ts'
import {GtidSet} from './gtid-set.ts'

/** As it is stored. Lies between two transactions. */
export interface ExtentText {
  readonly file: string
  readonly pos: number
  /** Null where the server runs without GTIDs. */
  readonly gtidSet: string | null
}

/** One transaction: its GTID ('' without), and where it begins. */
export interface TransactionName {
  readonly sid: string
  readonly gno: number
  readonly file: string
  readonly pos: number
}

export class StreamExtent {
  readonly file: string
  readonly pos: number
  readonly #gtids: GtidSet | null

  /** `gtids` is not changed any more by anybody. */
  constructor({file, pos}: {readonly file: string; readonly pos: number}, gtids: GtidSet | null) {
    this.file = file
    this.pos = pos
    this.#gtids = gtids
  }

  static parse({file, pos, gtidSet}: ExtentText): StreamExtent {
    return new StreamExtent({file, pos}, gtidSet === null ? null : GtidSet.parse(gtidSet))
  }

  /** Whether the transaction is in it. */
  has(transaction: TransactionName): boolean {
    if (this.#gtids !== null && transaction.sid !== '') return this.#gtids.has(transaction.sid, transaction.gno)
    return compareBinlogPositions(transaction, this) < 0
  }

  /** Whether every transaction of the other is in it. */
  covers(other: StreamExtent): boolean {
    const mine = this.#gtids
    const theirs = other.#gtids
    if (mine !== null && theirs !== null) return mine.contains(theirs)
    return compareBinlogPositions(this, other) >= 0
  }

  /** How many transactions of the other are not in it; without GTIDs nobody can say how many, where there are any. */
  lacks(other: StreamExtent): number {
    if (this.#gtids !== null && other.#gtids !== null) return other.#gtids.subtract(this.#gtids).count
    return this.covers(other) ? 0 : Infinity
  }

  get text(): ExtentText {
    return {file: this.file, pos: this.pos, gtidSet: this.#gtids?.toString() ?? null}
  }
}
