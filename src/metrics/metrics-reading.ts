// What the metrics are made of, read from a running task at the moment of a scrape. Plain values, so that the table of
// metrics knows nothing of the parts they come from.

import type {HistogramReading} from '../core/histogram.ts'

/** Row changes by operation: create, update, delete. */
export interface OperationCounts {
  readonly c: number
  readonly u: number
  readonly d: number
  /** Updates left out because nothing that comes out has changed. */
  readonly unchanged: number
  /** Of the row images, as the binlog has them. */
  readonly bytes: number
}

/** The chunk of a table that was read last, while its table is being copied. */
export interface ChunkReading {
  readonly id: string
  readonly table: string
  /** Keys for people; empty where there is none: a table is read from its first row on. */
  readonly chunkFrom: string
  readonly chunkTo: string
  readonly tableFrom: string
  readonly tableTo: string
}

/** What the snapshots have come to, as `SnapshotTally` keeps it. */
export interface SnapshotReading {
  readonly isRunning: boolean
  readonly isPaused: boolean
  /** The task began without copying anything, and nothing has been copied since. */
  readonly isSkipped: boolean
  /** Since rows were read or confirmed; null before the first. */
  readonly sinceLastEventMs: number | null
  readonly lastTable: string | null
  /** Row JSON and keys read, by table. */
  readonly bytesRead: ReadonlyMap<string, number>
  readonly chunkReadSeconds: HistogramReading
  /** Of snapshots under way; `total` is estimated. */
  readonly tableChunks: readonly {readonly table: string; readonly done: number; readonly total: number}[]
  /** How the last snapshot ended, while none is under way; null before the first and during one. */
  readonly ended: 'completed' | 'stopped' | 'failed' | null
  readonly endedCounts: Readonly<Record<'completed' | 'stopped' | 'failed', number>>
  readonly tables: {
    readonly total: number
    readonly remaining: number
    readonly waiting: number
    readonly running: number
    readonly failed: number
  }
  readonly rowsScanned: ReadonlyMap<string, number>
  readonly superseded: ReadonlyMap<string, number>
  readonly chunks: readonly ChunkReading[]
  readonly durationSeconds: number
  readonly pausedSeconds: number
}

export interface StreamReading {
  readonly isConnected: boolean
  /** Null before the first event. */
  readonly behindMs: number | null
  /** Age of the last transaction, null before the first. */
  readonly sinceLastEventMs: number | null
  readonly rows: ReadonlyMap<string, OperationCounts>
  /** Rows of tables that are not captured. */
  readonly filteredRows: number
  readonly committed: number
  readonly rolledBack: number
  readonly disconnects: number
  readonly position: {readonly file: string; readonly pos: number; readonly gtid: string} | null
  /** Executed GTIDs at `position`; null without GTIDs. */
  readonly gtidSet: string | null
  /** '' without GTIDs; null before the first transaction. */
  readonly lastTransaction: string | null
  /** Null before the first row. */
  readonly lastEvent: {readonly table: string; readonly operation: 'c' | 'u' | 'd'} | null
  /** Ages of transactions when they were dispatched, in ms; null before the first. */
  readonly lag: LagReading | null
  readonly skipsUnchanged: boolean
  readonly statements: number
  /** Null before the first. */
  readonly sinceLastStatementMs: number | null
  readonly gtidMode: boolean
  readonly capturedTables: number
  readonly inFlightBytes: number
  readonly memoryBytes: number
  readonly batchesPending: number
}

export interface LagReading {
  readonly min: number
  readonly max: number
  readonly average: number
  readonly p50: number
  readonly p95: number
  readonly p99: number
}

/** A table that is being copied. */
export interface TableSpeed {
  readonly table: string
  readonly rowsPerSecond: number
  /** Null while nobody can tell. */
  readonly secondsLeft: number | null
}

export interface MetricsReading {
  readonly version: string
  /** topic.prefix. */
  readonly server: string
  readonly state: 'starting' | 'running' | 'paused' | 'stopping' | 'failed'
  readonly sinkState: 'open' | 'waiting' | 'closed'
  /** Null before the first. */
  readonly checkpointAgeSeconds: number | null
  readonly stream: StreamReading
  readonly snapshot: SnapshotReading
  /** Chunks between reading and acknowledgement. */
  readonly chunks: {
    readonly windowsWaiting: number
    readonly isThrottled: boolean
    readonly heldBytes: number
    readonly memoryBytes: number
    readonly inFlightRows: number
    readonly inFlightBytes: number
    readonly watermarkOverdueSeconds: number
    readonly speeds: readonly TableSpeed[]
  }
  readonly eventsEmitted: number
  readonly sinkLatencySeconds: HistogramReading
  /** What the server will still keep of what is needed; null where it keeps everything, or nobody knows. */
  readonly headroom: {readonly retentionSeconds: number; readonly seconds: number | null} | null
  readonly notesOverflowed: number
  /** By table, since the start. */
  readonly rowsLeftOut: ReadonlyMap<string, number>
  readonly divergedTables: number
  readonly signalsPending: number
  /** Channels beside the signal table, and whether they wait for what they are read from. */
  readonly signalChannels: readonly {readonly channel: string; readonly isFailing: boolean}[]
  readonly signals: readonly {readonly channel: string; readonly result: string; readonly count: number}[]
}
