// The ports of a branch: the second stream, which it drives, and the main one, which it only asks to wait for a moment.

import type {BinlogEvents, BinlogSource, StreamStart} from '../binlog/binlog-events.ts'
import type {BinlogPosition} from '../core/binlog-position.ts'
import type {StreamExtent, TransactionName} from '../core/stream-extent.ts'
import type {TableId} from '../core/table-id.ts'
import type {BranchPlace} from './branch-state.ts'

/** The server's stream once more, and the server that it comes from: null while none runs. */
export interface BranchSource extends BinlogSource {
  identity(): {readonly serverUuid: string} | null
}

/** One table's events on their way from the binlog to the sink, beside the main stream. */
export interface BranchStream {
  /** Returns when there is room for more, or the stream has come to its end. */
  dispatch(events: BinlogEvents): Promise<void>
  /** Asks the predicate: true where the stream is to end where it is. */
  isAtEnd(): boolean
  /** The predicate has ended it since `resume`: nothing behind that place was dispatched. */
  readonly hasStopped: boolean
  /** Between two transactions; else in one, and `extent` lies before it. */
  readonly isBetween: boolean
  /** What it has dispatched. */
  readonly position: BinlogPosition
  extent(): StreamExtent
  /** What of it is acknowledged. Later calls never say less. */
  stored(): BranchPlace
  /** Where a new connection begins; what was seen of an open transaction is forgotten. */
  resume(): StreamStart
  /** True where the stream can only be resumed by file and position. */
  readonly resumesByPosition: boolean
  /** Resolves when everything that was dispatched is acknowledged. */
  drain(): Promise<void>
  /** Nothing more of it is emitted. What it has emitted is still acknowledged and stored. */
  stop(): void
  /** It is of no more use: all that it has emitted is acknowledged, or nobody waits for that. */
  close(): void
}

export interface BranchStreamOptions {
  readonly table: TableId
  /** Where it begins. */
  readonly at: BranchPlace
  /** Which transactions' events are its own. */
  readonly has: (transaction: TransactionName) => boolean
  /** Asked at the end of every transaction, and whenever the stream is idle; what it answers may be moved by anybody. */
  readonly isReached: StopPredicate
}

/** Whether a stream is to end where it is, between two transactions. */
export type StopPredicate = (stream: BranchStream) => boolean

/** The main stream, as far as a branch needs to know it. */
export interface MainStream {
  readonly serverUuid: string
  readonly position: BinlogPosition
  /** What it has dispatched, the open transaction not included. */
  extent(): StreamExtent
  /** The transaction that it is in, or is to go on with. */
  open(): TransactionName | null
  /** Whether all of that is dispatched and acknowledged. */
  safelyCovers(extent: StreamExtent): boolean
  /** Sends what is open, so that it keeps its place before what others send. */
  sendOpen(): void
  /** See HoldGate. */
  hold(ms: number): Promise<boolean>
  release(): void
}
