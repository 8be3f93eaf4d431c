// What the snapshot coordinator is made of: its ports to marks, notes, MySQL, lanes and the stream's outlet.

import type {Log} from '../core/log.ts'
import type {Lane, LaneEvents} from './chunk-lane.ts'
import type {Notes} from './notes.ts'
import type {OpenTarget, PlanningSource, ResetTopic} from './prepared-table.ts'
import type {SnapshotObserver} from './snapshot-observer.ts'
import type {ChunkRun} from './table-run.ts'
import type {SnapshotThrottle} from './throttle.ts'
import type {Watermarks} from './watermarks.ts'

/** Where closed windows go: the stream side's outlet for read events. */
export interface WindowOutlet {
  /** Rows of the chunk may leave from now on, behind those of chunks handed over before. */
  enqueue(chunk: ChunkRun): void
  /** Sends what may be sent. Called whenever something changed here. */
  pump(): void
}

export interface SnapshotCoordinatorOptions {
  readonly watermarks: Watermarks
  readonly notes: Notes
  readonly outlet: WindowOutlet
  readonly planning: PlanningSource
  readonly openTarget: OpenTarget
  readonly resetTopic: ResetTopic
  /** Makes the lanes; their events come back here. */
  readonly openLanes: (events: LaneEvents) => readonly Lane[]
  /** Before every chunk. */
  readonly throttle: SnapshotThrottle
  readonly chunkRows: number
  readonly chunkBytes: number
  readonly memoryBytes: number
  /** The server whose binlog is read. */
  readonly serverUuid: () => string
  readonly log: Log
  /** The stored state has changed. */
  readonly onChange: () => void
  /** Told in this order. */
  readonly observers: readonly SnapshotObserver[]
  /** A table was stopped while MySQL is asked for its keys: that query is of no more use. */
  readonly onStoppedWhilePreparing: () => void
  /** True for errors that time heals and that are tried again without end: the server is away. */
  readonly isConnectionLoss: (error: unknown) => boolean
  /** True for errors that say nothing against the statement: a loss, a lock wait, a killed query. */
  readonly isTransient: (error: unknown) => boolean
  readonly signal: AbortSignal
}
