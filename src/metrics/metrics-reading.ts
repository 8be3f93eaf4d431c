// What the metrics are made of, read from a running task at the moment of a scrape. Plain values, so that the table of
// metrics knows nothing of the parts they come from.

/** Row changes by operation: create, update, delete. */
export interface OperationCounts {
  readonly c: number
  readonly u: number
  readonly d: number
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
  readonly transactions: number
  readonly disconnects: number
  readonly position: {readonly file: string; readonly pos: number} | null
  readonly gtidMode: boolean
  readonly capturedTables: number
  readonly inFlightBytes: number
  readonly memoryBytes: number
  readonly batchesPending: number
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
  }
  readonly eventsEmitted: number
  readonly notesOverflowed: number
  /** By table, since the start. */
  readonly rowsLeftOut: ReadonlyMap<string, number>
  readonly divergedTables: number
  readonly signals: readonly {readonly channel: string; readonly result: string; readonly count: number}[]
}
