// Where a task begins: from the stored offset, or anew as snapshot.mode says; and which tables are copied first.

import type {Settings, SnapshotMode} from '../config/settings.ts'
import {TidemarkError} from '../core/tidemark-error.ts'
import type {Checkpoint, StoredOffset} from '../state/checkpoint.ts'

export interface ServerState {
  readonly serverUuid: string
  readonly gtidOn: boolean
  readonly executed: string
  readonly end: {readonly file: string; readonly pos: number}
  readonly start: {readonly file: string; readonly pos: number}
  readonly purged: string
  /** Whether the stored offset can still be resumed here; null: there is none. Not ok: why, and what to do. */
  readonly stored: {readonly ok: true} | {readonly ok: false; readonly reason: string} | null
}

export interface StartDecision {
  readonly offset: StoredOffset
  /** Queue an initial snapshot of all captured tables. */
  readonly snapshot: boolean
  /** Stop when the initial snapshot is done. */
  readonly stopAfterSnapshot: boolean
  /** Snapshots that were queued or running go on. */
  readonly keepSnapshots: boolean
  /** The stream was broken since the last copy: rows deleted meanwhile stay in the topics as ghosts. */
  readonly ghosts: boolean
}

/** Throws TIDEMARK_START_OFFSET_LOST where the stored offset cannot be resumed and snapshot.mode does not allow to begin anew. */
export function decideStart(settings: Settings, checkpoint: Checkpoint | null, server: ServerState): StartDecision {
  const {mode} = settings.snapshot
  const stopAfterSnapshot = mode === 'initial_only'
  if (checkpoint !== null && server.stored?.ok === true) {
    return {
      offset: checkpoint.offset,
      snapshot: mode === 'always' && !initialRuns(checkpoint),
      stopAfterSnapshot,
      keepSnapshots: true,
      ghosts: false,
    }
  }
  if (checkpoint !== null && mode !== 'when_needed') {
    const reason = server.stored?.ok === false ? server.stored.reason : 'it does not fit this server'
    throw new TidemarkError(
      'TIDEMARK_START_OFFSET_LOST',
      `cannot go on from the stored offset ${checkpoint.offset.file}:${checkpoint.offset.pos}: ${reason}; changes since then are ` +
        `lost to the stream, and the state is kept as it is. Set snapshot.mode=when_needed to begin at the present ` +
        `and copy all tables again, or move the state away`,
      // As `tidemark check` says; starting again does not help, so a supervisor shall not.
      {kind: 'prerequisite'},
    )
  }
  return {
    offset: beginning(mode, server),
    snapshot: wantsSnapshot(mode),
    stopAfterSnapshot,
    keepSnapshots: false,
    ghosts: checkpoint !== null,
  }
}

function wantsSnapshot(mode: SnapshotMode): boolean {
  return mode === 'initial' || mode === 'initial_only' || mode === 'always' || mode === 'when_needed'
}

function initialRuns(checkpoint: Checkpoint): boolean {
  return checkpoint.snapshots.some(
    plan => plan.kind === 'initial' && (plan.state === 'queued' || plan.state === 'running'),
  )
}

// `never` promises the history that the binlog still has; every other mode begins at the present.
function beginning(mode: SnapshotMode, server: ServerState): StoredOffset {
  const place = mode === 'never' ? server.start : server.end
  const gtidSet = mode === 'never' ? server.purged : server.executed
  return {...place, gtidSet: server.gtidOn ? gtidSet : null, rows: 0, sid: '', gno: 0}
}
