// What the stream has come to, for the metrics: told per event of rows, per transaction, or rarer, and never reset. It
// belongs to the process, not to one start of its task, so that counters do not fall where the task begins again. A
// branch counts the rows of its table here, too, and nothing else: its transactions are the main stream's.

import type {BinlogEvents, RowsView} from '../binlog/binlog-events.ts'
import {Histogram, risingBounds, SECONDS_BOUNDS} from '../core/histogram.ts'

/** Row changes of a table by operation; those that an earlier run, or the connection before, has emitted are not counted again. */
export interface RowsSeen {
  c: number
  u: number
  d: number
  /** Left out because nothing that comes out has changed (skip.messages.without.change). */
  unchanged: number
  /** Bytes of row images, as the binlog has them. */
  bytes: number
}

export interface CountedTable {
  readonly text: string
  readonly rowsSeen: RowsSeen
}

/** Milliseconds, a tenth apart: from 1 to about a year. */
const LAG_BOUNDS = risingBounds({from: 1, factor: 1.1, count: 256})

export class StreamTally {
  readonly rows: Map<string, RowsSeen>
  /** Changed rows of tables that are not captured. */
  filteredRows = 0
  committed = 0
  rolledBack = 0
  /** Statements that are no row events. */
  statements = 0
  /** ms since 1970; 0: none yet. */
  lastStatementMs = 0
  disconnects = 0
  /** Of the last event of rows of a captured table; '' before it. */
  lastTable = ''
  lastOperation: RowsView['operation'] = 'c'
  /** GTID of the last transaction that ended; `lastSid` is '' before the first, and without GTIDs. */
  lastSid = ''
  lastGno = 0
  /** Age of the last transaction of each read of the socket, in ms, when it was dispatched. */
  readonly lag = new Histogram(LAG_BOUNDS)
  /** Seconds from handing a batch to the sink until it is acknowledged. */
  readonly sinkLatency = new Histogram(SECONDS_BOUNDS)

  constructor(rows = new Map<string, RowsSeen>()) {
    this.rows = rows
  }

  /** For a stream beside the main one. */
  branch(): StreamTally {
    return new StreamTally(this.rows)
  }

  /** One object for each table, whatever becomes of its definition. */
  rowsOf(table: string): RowsSeen {
    const known = this.rows.get(table) ?? {c: 0, u: 0, d: 0, unchanged: 0, bytes: 0}
    this.rows.set(table, known)
    return known
  }

  changed({rowsSeen, text}: CountedTable, {operation, start, end}: RowsView, rows: number): void {
    this.lastTable = text
    this.lastOperation = operation
    if (rows <= 0) return
    rowsSeen[operation] += rows
    rowsSeen.bytes += end - start
  }

  ended(kind: BinlogEvents['kind'], sid: string, gno: number): void {
    if (kind === 'rollback' || kind === 'xa-rollback') this.rolledBack++
    else if (kind !== 'xa-prepare') this.committed++
    this.lastSid = sid
    this.lastGno = gno
  }

  /** Returns what it is told. */
  lagged(ms: number): number {
    this.lag.observe(ms)
    return ms
  }

  statement(): void {
    this.statements++
    this.lastStatementMs = Date.now()
  }
}
