// What the page is told of the task: the parts of GET /status that it shows, and the samples of its charts.

export interface PageTable {
  readonly table: string
  /** Of the snapshot that copies it. */
  readonly snapshot: string
  readonly state: string
  readonly rowsDone: number
  readonly rowsEstimated: number
  readonly rowsPerSecond: number
  readonly secondsLeft: number | null
  readonly percent: number | null
  readonly key: string | null
  readonly problem: string | null
}

export interface PageSignal {
  readonly id: string
  readonly type: string
  readonly result: string
  readonly reason: string | null
}

export interface PageStatus {
  readonly name: string
  readonly version: string
  readonly state: string
  readonly streaming: boolean
  readonly position: {readonly file: string; readonly pos: number}
  readonly stored: {readonly file: string; readonly pos: number} | null
  readonly storeProblem: string | null
  readonly behindMs: number | null
  readonly snapshot: {
    readonly state: string
    readonly tables: readonly PageTable[]
    readonly windowsWaiting: number
    readonly bytesHeld: number
    readonly problem: string | null
    readonly throttle: {readonly waits: string | null}
  }
  readonly signals: readonly PageSignal[]
  readonly diverged: readonly {
    readonly table: string
    readonly since: string
    readonly reason: string
    readonly remedy: string
  }[]
  readonly sink: {
    readonly state: string
    readonly reason?: string
    readonly eventsEmitted: number
    readonly bytesInFlight: number
  }
  readonly error: {readonly code: string; readonly message: string} | null
}

/** Captured tables, summed up: a list of thousands is not sent every second. */
export interface PageCaptured {
  readonly count: number
  readonly complete: number
  /** The first ones, to choose from. */
  readonly names: readonly string[]
}

/** One moment of the charts. */
export interface Sample {
  /** ms since 1970. */
  readonly atMs: number
  /** Rows copied by snapshots. */
  readonly rowsPerSecond: number
  readonly eventsPerSecond: number
  /** Null while nobody knows. */
  readonly behindMs: number | null
  readonly bytesInFlight: number
}

/** Events of GET /events. */
export interface PageEvents {
  /** Once, at the beginning. */
  readonly history: {readonly everyMs: number; readonly keptMs: number; readonly samples: readonly Sample[]}
  readonly sample: Sample
  readonly status: PageStatus & {readonly captured: PageCaptured}
}
