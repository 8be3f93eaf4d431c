// Which events of the branch's table are the main stream's: decided for each transaction by the state of the branch.

import {StreamExtent} from '../core/stream-extent.ts'
import type {TransactionName} from '../core/stream-extent.ts'
import type {TableId} from '../core/table-id.ts'
import type {StreamShare} from '../stream/dispatcher-options.ts'
import type {BranchState} from './branch-state.ts'

/** Transactions that are remembered while a table is being locked; beyond that the lock is tried again. */
const MOST_SEEN = 10_000

export class TableShares implements StreamShare {
  table: TableId | null = null
  #has: (transaction: TransactionName) => boolean = () => true
  #seen: TransactionName[] | null = null

  has(transaction: TransactionName): boolean {
    return this.#has(transaction)
  }

  /** From now on it is remembered which transactions of the table the main stream emits. */
  watch(table: TableId): void {
    const seen: TransactionName[] = []
    this.#seen = seen
    // Of a table that was locked before, the main stream emits what it is given, and nothing else.
    if (this.table !== null) return
    this.table = table
    this.#has = transaction => {
      const last = seen.at(-1)
      if (last?.pos !== transaction.pos || last.gno !== transaction.gno || last.file !== transaction.file) {
        if (seen.length <= MOST_SEEN) seen.push(transaction)
      }
      return true
    }
  }

  /** Whether the main stream has emitted nothing of the watched table that does not lie before `place`. */
  agrees(place: StreamExtent): boolean {
    const seen = this.#seen ?? []
    return seen.length <= MOST_SEEN && seen.every(transaction => place.has(transaction))
  }

  follow(state: BranchState | null): void {
    this.#seen = null
    this.table = state?.table ?? null
    this.#has = shareOf(state)
  }
}

function shareOf(state: BranchState | null): (transaction: TransactionName) => boolean {
  switch (state?.state) {
    case undefined:
      return () => true
    case 'copying':
    case 'following': {
      const {mainUntil = null} = state
      const until = mainUntil === null ? null : StreamExtent.parse(mainUntil)
      return transaction => until?.has(transaction) === true
    }
    case 'adopted': {
      const emitted = StreamExtent.parse(state.until)
      return transaction => !emitted.has(transaction)
    }
  }
}
