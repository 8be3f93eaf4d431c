// The rows of a transaction that the stream has passed, read from the server once more.

import type {BinlogEvents, BinlogSource, RowsView, StreamStart} from '../binlog/binlog-events.ts'
import {GtidSet} from '../core/gtid-set.ts'
import type {PreparedTransaction} from '../core/prepared-transaction.ts'
import {TidemarkError} from '../core/tidemark-error.ts'

/** Rows of one event, and the statement that the server logged before them (binlog_rows_query_log_events), or ''. */
export interface PreparedRows {
  readonly view: RowsView
  readonly query: string
}

export interface ReplayRequest {
  readonly source: BinlogSource
  readonly transaction: PreparedTransaction
  /** What the stream has executed; null where that is not known, and the place must do. */
  readonly executed: GtidSet | null
  /** GTID of the transaction that the stream is in, which comes later in any server's binlog. */
  readonly until: {readonly sid: string; readonly gno: number}
  readonly signal: AbortSignal
}

/** The server has no such transaction any more. */
const LOST_CODES: ReadonlySet<string> = new Set([
  'TIDEMARK_BINLOG_PURGED',
  'TIDEMARK_BINLOG_POSITION_TOO_FAR',
  'TIDEMARK_BINLOG_XA_LOST',
])

export function isLost(error: unknown): error is TidemarkError {
  return error instanceof TidemarkError && LOST_CODES.has(error.code)
}

/**
 * Yields the transaction's rows as they stand in the binlog; each holds until the next is asked for. Throws an error of
 * `isLost` where the server does not have it any more, and what the source throws.
 */
export async function* replayedRows(request: ReplayRequest): AsyncGenerator<PreparedRows, void, undefined> {
  const {source, signal} = request
  const ending = new AbortController()
  const walk = new ReplayWalk(request)
  try {
    for await (const events of source.events(startOf(request), AbortSignal.any([signal, ending.signal]))) {
      while (events.next()) {
        const step = walk.next(events)
        if (step === 'rows') yield {view: events.rows, query: walk.query}
        if (step === 'end') return
      }
    }
  } finally {
    ending.abort()
  }
  signal.throwIfAborted()
  throw new TidemarkError('TIDEMARK_BINLOG_ENDED', 'the dump of a prepared transaction ended', {kind: 'retryable'})
}

/** By GTID, where GTIDs are known: that finds it on another server, too. The server then sends it and what is new. */
function startOf({transaction, executed}: ReplayRequest): StreamStart {
  const {sid, gno, file, pos} = transaction
  if (sid === '' || executed === null) return {type: 'position', file, pos}
  const itself = new GtidSet()
  itself.add(sid, gno)
  return {type: 'gtid', executed: executed.subtract(itself).toString()}
}

class ReplayWalk {
  readonly #request: ReplayRequest
  query = ''
  #isInside = false

  constructor(request: ReplayRequest) {
    this.#request = request
  }

  next(events: BinlogEvents): 'rows' | 'end' | 'other' {
    const {transaction} = this.#request
    switch (events.kind) {
      case 'gtid':
        this.#isInside = this.#isIt(events)
        return 'other'
      case 'xa-begin':
        // A position may mean another transaction, on a server that began its binlog anew.
        if (this.#isInside && events.xid !== transaction.xid) throw this.#lost('another one stands at its place')
        return 'other'
      case 'rows-query':
        this.query = events.sql
        return 'other'
      case 'rows':
        return this.#isInside ? 'rows' : 'other'
      case 'commit':
      case 'xa-prepare':
        return this.#isInside ? 'end' : 'other'
      case 'query':
      case 'rollback':
        if (this.#isInside) throw this.#lost('another one stands at its place')
        return 'other'
      default:
        return 'other'
    }
  }

  #isIt(events: BinlogEvents): boolean {
    const {transaction, until, executed} = this.#request
    if (transaction.sid !== '' && executed !== null) {
      if (events.sid === transaction.sid && events.gno === transaction.gno) return true
      if (events.sid === until.sid && events.gno === until.gno) throw this.#lost('the binlog does not have it')
      return false
    }
    if (events.file === transaction.file && events.startPos === transaction.pos) return true
    throw this.#lost('another one stands at its place')
  }

  #lost(why: string): TidemarkError {
    const {xid, file, pos} = this.#request.transaction
    return new TidemarkError('TIDEMARK_BINLOG_XA_LOST', `the XA transaction ${xid}, prepared at ${file}:${pos}: ${why}`)
  }
}
