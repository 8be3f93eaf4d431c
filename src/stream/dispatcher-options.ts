// What the dispatcher is made of, and what it tells the rest.

import type {TransactionName} from '../core/stream-extent.ts'
import type {TableId} from '../core/table-id.ts'
import type {EventOrigin} from '../encode/envelope.ts'
import type {CapturedTable, TableCatalog} from './captured-table.ts'
import type {CascadeWatch} from './cascade-watch.ts'
import type {DdlChange, DdlEffect} from './ddl-change.ts'
import type {Emitter, LaneSource} from './emitter.ts'
import type {FailingRows} from './failing-rows.ts'
import type {GtidLog} from './gtid-log.ts'
import type {StreamPlace} from './offset-tracker.ts'
import type {PreparedTransactions} from './prepared-transactions.ts'
import type {RowEventWriter} from './row-event-writer.ts'
import type {StreamGate} from './stream-gate.ts'
import type {NoteLog} from './table-notes.ts'
import type {TransactionMetadata} from './transaction-metadata.ts'

/** What the dispatcher tells the rest; every call is made at the event's own place in the stream. */
export interface DispatcherEvents {
  /**
   * A statement that is not row events and may touch captured tables. What it comes to is answered, at once or when all
   * that it needs is known, and done by the dispatcher in one go: what has left before lies before the statement.
   */
  ddl(change: DdlChange): DdlEffect | Promise<DdlEffect>
  /** Row events came with this definition of the table. Called once for each definition in the stream. */
  definition(table: CapturedTable): void
  /** An XA transaction was committed here whose rows cannot be had; which tables it changed is not known. */
  rowsLost(reason: string): void
  /** Everything that one read of the socket brought has been dispatched and sent. */
  batchDone(): void
}

export interface DispatcherOptions {
  readonly emitter: Emitter
  readonly catalog: TableCatalog
  readonly writer: RowEventWriter
  /** Null where whatever cannot be shown stops the task. */
  readonly failing: FailingRows | null
  readonly origin: EventOrigin
  readonly notes: NoteLog
  readonly gtids: GtidLog
  readonly prepared: PreparedTransactions
  readonly events: DispatcherEvents
  /** provide.transaction.metadata; null: off. */
  readonly transactions: TransactionMetadata | null
  /** Absent: every change of a row is a row event. */
  readonly cascades?: Pick<CascadeWatch, 'ready' | 'passed'>
  /** include.query: events name the statement that the server logs before its rows. */
  readonly includesQuery: boolean
  /** Null where nobody needs to know. */
  readonly watch: TransactionWatch | null
  /** The stream's end of the outlet; absent: the main stream's. */
  readonly source?: LaneSource
  /** Absent: every event is this stream's. */
  readonly share?: StreamShare
  /** Absent: the stream never waits and never ends by itself. */
  readonly gate?: StreamGate
  /** Where the stored state says that the stream goes on, and what of its first transaction was emitted already. */
  readonly start: {readonly place: StreamPlace; readonly resume: ResumedTransaction | null}
}

/** Which transactions' events of a table are this stream's, while another stream has the others. */
export interface StreamShare {
  /** Null: every table is this stream's alone. */
  readonly table: TableId | null
  /** Asked for events of `table` only. */
  has(transaction: TransactionName): boolean
}

/** A transaction of which the first rows were emitted before a restart. */
export interface ResumedTransaction {
  readonly sid: string
  readonly gno: number
  readonly rows: number
}

/** Told of every transaction at its place in the stream. */
export interface TransactionWatch {
  /** Before its first row. `sid` is '' without GTIDs. */
  began(sid: string, gno: number): void
  /** Behind its last one, when it counts as finished. */
  finished(sid: string, gno: number): void
}
