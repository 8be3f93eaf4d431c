// What the binlog reader hands to the dispatcher: runs of complete events, walked with a cursor that is reused, so that
// a stream of small transactions allocates nothing per event.

import type {TableShape} from '../core/table-shape.ts'

/** How a row image spells each column: the binlog's type codes and metadata, from the TABLE_MAP event. */
export interface ImageLayout {
  /** Real type codes (enum/set/char told apart, see MYSQL_TYPE_*), one for each column. */
  readonly types: Uint8Array
  /** The type's metadata as one number, as the server's `field_metadata` has it (low byte first for two-byte forms). */
  readonly metadata: Uint16Array
}

/** One version of one table in the stream. The same object as long as the server sends the same definition. */
export interface StreamTable {
  readonly shape: TableShape
  readonly layout: ImageLayout
  /** binlog_row_metadata=MINIMAL: the shape has no names, labels and primary key; they must be found elsewhere. */
  readonly unnamed?: true
}

export type RowOperation = 'c' | 'u' | 'd'

/**
 * - `gtid`: a transaction begins (also where GTIDs are off: then `sid` is ''); `sid`, `gno`, `commitTimestampUs`
 * - `begin`: QUERY 'BEGIN'; `threadId`
 * - `rows`: row images of `table`; see `RowsView`
 * - `commit`: XID or QUERY 'COMMIT': the transaction ends
 * - `rollback`: QUERY 'ROLLBACK'
 * - `xa-begin`: QUERY 'XA START', in the place of `begin`; `xid`, `threadId`. Its rows take effect with an XA COMMIT only
 * - `xa-prepare`: the transaction ends, and its rows wait for the end of `xid`. Where it is done in one phase a `commit` comes
 * - `xa-commit`, `xa-rollback`: the end of `xid`, a transaction of its own without rows
 * - `query`: any other QUERY (DDL); it is a transaction of its own; `database`, `sql`, `threadId`. The one exception comes
 *   between `begin` and `commit` and ends nothing: CREATE TABLE … SELECT, whose rows follow it
 * - `rotate`: `file` has changed already, and `endPos` is where its next event stands
 * - `heartbeat`: the server is idle (or skips events) up to here
 * - `rows-query`: the statement text of include.query; `sql`
 * - `other`: nothing of interest; it still moves `endPos`
 * The events of a compressed transaction come like any others; see `startPos`. So do the rows of an update that was logged
 * as differences of JSON documents (PARTIAL_JSON): with whole documents.
 * What cannot be carried on (statement DML, INCIDENT, unknown row events, undecodable bytes)
 * is thrown by `next` as a TidemarkError.
 */
export type BinlogEventKind =
  | 'gtid'
  | 'begin'
  | 'rows'
  | 'commit'
  | 'rollback'
  | 'xa-begin'
  | 'xa-prepare'
  | 'xa-commit'
  | 'xa-rollback'
  | 'query'
  | 'rotate'
  | 'heartbeat'
  | 'rows-query'
  | 'other'

/** Where the row images of a `rows` event lie. Rows follow one another from `start` until `end`; each is one image (c, d) or before and after (u). */
export interface RowsView {
  operation: RowOperation
  table: StreamTable
  buffer: Buffer
  start: number
  end: number
  /** Bitmaps of the columns present in the before (d, u) or only (c) image, and in the after image of u. Little-endian bits. */
  presentBefore: Uint8Array
  presentAfter: Uint8Array
  /** True where every bit of both is set (binlog_row_image=FULL). */
  full: boolean
}

/** All fields hold until the next call of `next`; fields that a kind does not name are stale. */
export interface BinlogEvents {
  /** Moves to the next event. False at the end of what one read of the socket brought, or of a part of a large compressed transaction. */
  next(): boolean
  readonly kind: BinlogEventKind
  /**
   * Current file; start and end offset of the event in it (end 0 for artificial events: keep the last one). The events of
   * a compressed transaction stand in one event of the file: all start where that starts and end there, too, since
   * nothing inside can be resumed from; only the last one has its end.
   */
  readonly file: string
  readonly startPos: number
  readonly endPos: number
  /** Header timestamp, seconds. */
  readonly timestampSeconds: number
  readonly serverId: number
  /** Source id (and `:tag`) of the transaction's GTID, '' without; the same string object while it does not change. */
  readonly sid: string
  readonly gno: number
  /** Original commit time in microseconds since 1970, 0 where the server does not send it. */
  readonly commitTimestampUs: number
  readonly threadId: number
  readonly database: string
  readonly sql: string
  /** Names an XA transaction: `X'global id',X'branch',format`. */
  readonly xid: string
  readonly rows: RowsView
}

/** Where a stream begins: behind a GTID set (the server finds the file) or at a position. */
export type StreamStart =
  | {readonly type: 'gtid'; readonly executed: string}
  | {readonly type: 'position'; readonly file: string; readonly pos: number}

/**
 * The port of the source's stream. `events` yields until the signal aborts (then it returns) or the connection fails
 * (then it throws a retryable TidemarkError; the caller reconnects from its own place) or the stream cannot be carried
 * on (a fatal TidemarkError). Reading the socket pauses while the consumer does not ask for more.
 */
export interface BinlogSource {
  events(start: StreamStart, signal: AbortSignal): AsyncIterable<BinlogEvents>
}
