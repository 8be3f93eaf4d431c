// A snapshot as it is stored: the ordered tables with their key bounds fixed at the start, and how far each has come.
// `after` of a range is the end of the unbroken prefix of chunks whose rows have all left and been acknowledged.

import {tableIdText} from '../core/table-id.ts'
import type {TableId} from '../core/table-id.ts'
import type {KeyValues} from './chunk-key.ts'

export interface RangePlan {
  /** Rows up to here are done. Null: nothing yet, from the first row on. */
  after: KeyValues | null
  /** Inclusive. */
  readonly upTo: KeyValues
  done: boolean
}

export type TablePlanState = 'waiting' | 'running' | 'done' | 'stopped' | 'failed'

export interface TablePlan {
  readonly table: TableId
  /** The signal's filter for this table, verbatim. */
  readonly condition: string | null
  /** Key columns named by the signal, or null for the table's own key. */
  readonly surrogateKey: readonly string[] | null
  /** Copied by a read view, with a branch of the stream beside; absent: by windows. */
  reader?: 'parallel'
  state: TablePlanState
  /** Null until the maximum key was read. An empty array: the table is empty. */
  ranges: RangePlan[] | null
  /** Names of the chunk key's columns the ranges belong to; another key later means beginning again. */
  keyColumns: readonly string[] | null
  rowsEstimated: number
  /** Rows that were read in chunks which are done, superseded ones too. */
  rowsDone: number
  superseded: number
  chunksDone: number
  startedAtMs: number | null
  error: string | null
}

export type SnapshotState = 'queued' | 'running' | 'completed' | 'stopped' | 'failed'

/** What a signal says of how its snapshot is read; what it leaves out is as configured. */
export interface SnapshotTerms {
  /** Rows of one chunk. */
  readonly chunkRows?: number
  readonly maxRowsPerSecond?: number
  /** Higher is read first; absent: 0. */
  readonly priority?: number
  /** The signal asked for a blocking snapshot, and consumers are told so. Nothing blocks. */
  readonly isBlocking?: true
}

export interface SnapshotPlan extends SnapshotTerms {
  /** The signal's own id. */
  readonly id: string
  /** `initial` comes from snapshot.mode and marks its rows as Debezium's initial snapshot does. */
  readonly kind: 'incremental' | 'initial'
  state: SnapshotState
  readonly tables: TablePlan[]
  /** For `initial`: the first row has left already. */
  firstRowSent: boolean
}

/** For consumers it is what Debezium's initial and blocking snapshots are: `source.snapshot` and notifications say so. */
export function isToldAsInitial({kind, isBlocking}: Pick<SnapshotPlan, 'kind' | 'isBlocking'>): boolean {
  return kind === 'initial' || isBlocking === true
}

/** The part of the checkpoint that is the snapshots'. */
export interface StoredSnapshots {
  readonly snapshots: readonly SnapshotPlan[]
  /** pause-snapshot holds them all; absent in states from before there was a pause. */
  readonly snapshotsPaused?: boolean
}

export interface TableRequest {
  readonly table: TableId
  readonly condition: string | null
  readonly surrogateKey: readonly string[] | null
  readonly reader?: 'parallel'
}

export interface SnapshotRequest {
  readonly id: string
  readonly kind: SnapshotPlan['kind']
  readonly tables: readonly TableRequest[]
  readonly terms?: SnapshotTerms
}

export function newSnapshotPlan({id, kind, tables, terms}: SnapshotRequest): SnapshotPlan {
  return {
    id,
    kind,
    ...terms,
    state: 'queued',
    firstRowSent: false,
    tables: tables.map(request => ({
      ...request,
      state: 'waiting',
      ranges: null,
      keyColumns: null,
      rowsEstimated: 0,
      rowsDone: 0,
      superseded: 0,
      chunksDone: 0,
      startedAtMs: null,
      error: null,
    })),
  }
}

/** True while the snapshot still has something to read. */
export function isActive(plan: SnapshotPlan): boolean {
  return plan.state === 'queued' || plan.state === 'running'
}

/** What has become of a snapshot whose tables have all ended. */
export function endedState({tables}: SnapshotPlan): SnapshotState {
  if (tables.some(table => table.state === 'failed')) return 'failed'
  return tables.length > 0 && tables.every(table => table.state === 'stopped') ? 'stopped' : 'completed'
}

/** Has a failed snapshot wait for its failed tables again; what was acknowledged of them counts. */
export function reopenFailed(plan: SnapshotPlan): SnapshotPlan {
  plan.state = 'queued'
  for (const table of plan.tables) {
    if (table.state !== 'failed') continue
    table.state = 'waiting'
    table.error = null
  }
  return plan
}

/** Tables whose copy failed, and which no later snapshot has copied in full since. */
export function failedTables(plans: readonly SnapshotPlan[]): TableId[] {
  const failed = new Map<string, TableId>()
  for (const {table, state, condition} of plans.flatMap(plan => plan.tables)) {
    const text = tableIdText(table)
    if (state === 'failed') failed.set(text, table)
    else if (state === 'done' && condition === null) failed.delete(text)
  }
  return [...failed.values()]
}

const ENDED_KEPT = 10
const FAILED_KEPT = 20

/** The stored state keeps the last few ended snapshots for the status, and those that failed last. */
export function forgetOldPlans(plans: SnapshotPlan[]): void {
  const forget = (old: SnapshotPlan[], kept: number): void => {
    for (const plan of old.slice(0, Math.max(0, old.length - kept))) plans.splice(plans.indexOf(plan), 1)
  }
  forget(
    plans.filter(plan => plan.state === 'completed' || plan.state === 'stopped'),
    ENDED_KEPT,
  )
  forget(
    plans.filter(plan => plan.state === 'failed'),
    FAILED_KEPT,
  )
}
