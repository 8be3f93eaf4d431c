// What an engine is made of, beside what it makes itself.

import type {BinlogSource} from '../binlog/binlog-events.ts'
import type {Settings} from '../config/settings.ts'
import type {Log} from '../core/log.ts'
import type {Notification} from '../notifications/notification.ts'
import type {BranchSource} from '../readers/branch-stream.ts'
import type {Sink} from '../sinks/sink.ts'
import type {KafkaSignalOffsets} from '../signals/kafka-signal-channel.ts'
import type {SignalReceipt} from '../signals/signal-processor.ts'
import type {SnapshotObserver} from '../snapshot/snapshot-observer.ts'
import type {Checkpoint, KnownTable, StoredOffset} from '../state/checkpoint.ts'
import type {StreamTally} from '../stream/stream-tally.ts'
import type {SourceServer} from './source-server.ts'

export interface EngineOptions {
  readonly settings: Settings
  readonly version: string
  readonly runId: string
  readonly log: Log
  readonly sink: Sink
  readonly serverUuid: string
  readonly server: SourceServer
  /** The server's stream once more, beside the one that is dispatched: for prepared transactions. */
  readonly replay: BinlogSource
  /** And once more: a stream of its own with every call. */
  readonly openBranch: () => BranchSource
  readonly offset: StoredOffset
  readonly checkpoint: Checkpoint | null
  /** Known even where nothing else of the stored state is kept: signals of old are not acted on again. */
  readonly signalOffsets: KafkaSignalOffsets | null
  /** So are tables that were captured before. */
  readonly storedTables: readonly KnownTable[]
  readonly initialSnapshotQueued: boolean
  /** Notifications of the stored state that may not have arrived. */
  readonly unsent: readonly Notification[]
  /** Counts what is streamed, across the starts of one process. */
  readonly tally: StreamTally
  /** Told what happens to snapshots, behind the log. */
  readonly observers: readonly SnapshotObserver[]
  /** Told of every answer to a signal. */
  readonly onAnswer: (receipt: SignalReceipt) => void
  /** Ends everything; the engine's own failures go to `onFailure`. */
  readonly signal: AbortSignal
  readonly onFailure: (error: unknown) => void
}
