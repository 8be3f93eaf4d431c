// What the task says of itself: GET /status, and everything that shows progress, reads this.

import {compareBinlogPositions} from '../core/binlog-position.ts'
import type {SignalChannelStatus} from '../signals/signal-channel.ts'
import type {SignalReceipt} from '../signals/signal-processor.ts'
import {keyText} from '../snapshot/chunk-key.ts'
import {progressOf} from '../snapshot/snapshot-progress-log.ts'
import {failedTables} from '../snapshot/snapshot-plan.ts'
import type {SnapshotPlan, TablePlan} from '../snapshot/snapshot-plan.ts'
import type {SnapshotThrottle, ThrottleLimits} from '../snapshot/throttle.ts'
import type {BranchStatus} from '../readers/parallel-snapshot-reader.ts'
import type {SinkStatus} from '../sinks/sink.ts'
import type {Divergence, KnownTable} from '../state/checkpoint.ts'
import type {Engine} from './engine.ts'

export type TaskState = 'starting' | 'running' | 'paused' | 'stopping' | 'failed'

export interface TableStatus {
  readonly table: string
  readonly snapshot: string
  readonly state: TablePlan['state']
  readonly rowsDone: number
  readonly rowsEstimated: number
  readonly rowsPerSecond: number
  readonly secondsLeft: number | null
  /** Null where nobody knows how many rows there are. */
  readonly percent: number | null
  readonly chunks: number
  readonly superseded: number
  /** Last key read, for people. */
  readonly key: string | null
  readonly problem: string | null
}

export interface CapturedTableStatus {
  readonly table: string
  /** `file:pos` from which on its topic, folded by key, is the table; null while it is not: copied now, only streamed, diverged, left. */
  readonly completeSince: string | null
  /** Not captured since `file:pos`, because of the filter or since there is no such table; null while it is captured. */
  readonly left: NonNullable<KnownTable['left']> | null
}

export interface ThrottleStatus extends ThrottleLimits {
  /** Why a chunk waits now; null while none does. */
  readonly waits: string | null
}

export interface StatusReport {
  readonly name: string
  readonly version: string
  readonly state: TaskState
  /** True once a row that is written from now on will come through. */
  readonly streaming: boolean
  readonly position: {readonly file: string; readonly pos: number; readonly gtidSet: string | null}
  /** The place up to which every event is stored as done. */
  readonly stored: {readonly file: string; readonly pos: number; readonly gtidSet: string | null} | null
  /** Why the state cannot be stored at the moment, a full disk say; null while it can. */
  readonly storeProblem: string | null
  /** Age of the last transaction when it was dispatched, and growing while the sink takes no more; null before the first. */
  readonly behindMs: number | null
  readonly snapshot: {
    readonly state: 'idle' | 'running' | 'paused' | 'failed'
    readonly tables: readonly TableStatus[]
    /** Until all of them are copied; null: nothing runs, or it cannot be told yet. */
    readonly secondsLeft: number | null
    /** Windows that wait for their high watermark, and bytes held for chunks. */
    readonly windowsWaiting: number
    readonly bytesHeld: number
    readonly problem: string | null
    /** The table that is copied by a read view and streamed beside the others; null: none. */
    readonly parallel: BranchStatus | null
    readonly throttle: ThrottleStatus
  }
  readonly signals: readonly SignalReceipt[]
  /** The signal channels beside the signal table, which is part of the stream. */
  readonly signalChannels: readonly SignalChannelStatus[]
  /** `remedy`: what an operator does about it. */
  readonly diverged: readonly (Pick<Divergence, 'table' | 'since' | 'reason'> & {readonly remedy: string})[]
  /** Every table that is captured or was, by name. */
  readonly tables: readonly CapturedTableStatus[]
  readonly sink: SinkStatus & {readonly eventsEmitted: number; readonly bytesInFlight: number}
  readonly notesOverflowed: number
  readonly error: {readonly code: string; readonly message: string} | null
}

export interface StatusContext {
  readonly name: string
  readonly version: string
  readonly state: TaskState
  readonly streaming: boolean
  readonly engine: Engine | null
  readonly sinkStatus: SinkStatus
  readonly stored: StatusReport['stored']
  readonly storeProblem: string | null
  readonly error: StatusReport['error']
}

export function statusReport(context: StatusContext): StatusReport {
  const {engine, name, version, state, streaming, stored, storeProblem, error} = context
  const position = engine?.currentPosition() ?? {file: '', pos: 0, gtidSet: null}
  return {
    name,
    version,
    state,
    streaming,
    position,
    stored,
    storeProblem,
    behindMs: behindMs(engine, streaming),
    snapshot: snapshotStatus(engine),
    signals: (engine?.signals.receipts ?? []).slice(-20),
    signalChannels: engine?.signalChannels ?? [],
    diverged: (engine?.divergences.list ?? []).map(known => {
      const {table, since, reason} = known
      return {table, since, reason, remedy: engine!.divergences.remedyOf(known)}
    }),
    tables: capturedTables(engine),
    sink: {
      ...context.sinkStatus,
      eventsEmitted: engine?.emitter.eventsEmitted ?? 0,
      bytesInFlight: (engine?.emitter.streamBytes ?? 0) + (engine?.emitter.snapshotBytesInFlight ?? 0),
    },
    notesOverflowed: engine?.notes.overflows ?? 0,
    error,
  }
}

function capturedTables(engine: Engine | null): CapturedTableStatus[] {
  const diverged = new Set(engine?.divergences.list.map(({table}) => table))
  const known = [...(engine?.tables.known.list ?? [])].sort((a, b) => (a.table < b.table ? -1 : 1))
  return known.map(({table, completeSince, left = null}) => ({
    table,
    completeSince: diverged.has(table) ? null : completeSince,
    left,
  }))
}

/** As `StatusReport.behindMs`. */
export function behindMs(engine: Engine | null, streaming: boolean): number | null {
  if (engine === null) return null
  const {lastEventMs, lagMs, caughtUp, lastHeardMs} = engine.dispatcher
  // While the binlog is out of reach nobody knows what it holds: as far behind as it has been silent.
  if (!streaming) return lastHeardMs === 0 ? null : Math.max(0, Date.now() - lastHeardMs)
  if (caughtUp) return Math.round(lagMs)
  return lastEventMs === 0 ? null : Math.max(0, Math.round(Date.now() - lastEventMs))
}

function snapshotStatus(engine: Engine | null): StatusReport['snapshot'] {
  const plans = engine?.coordinator?.plans ?? []
  const shown = plans.filter(plan => plan.state !== 'completed' && plan.state !== 'stopped')
  const recent = plans.slice(-3).filter(plan => !shown.includes(plan))
  return {
    state: engine?.coordinator?.paused === true ? 'paused' : overallState(plans),
    tables: [...recent, ...shown].flatMap(plan => plan.tables.map(table => tableStatus(engine!, plan, table))),
    secondsLeft: engine?.coordinator == null ? null : engine.timeLeft.seconds(engine.coordinator.runs),
    windowsWaiting: engine?.coordinator?.waitingWindows ?? 0,
    bytesHeld: engine?.coordinator?.budget.held ?? 0,
    problem: engine?.watermarkProblem ?? null,
    parallel: engine?.parallel.reader.status ?? null,
    throttle: throttleStatus(engine?.coordinator?.throttle ?? null),
  }
}

export function throttleStatus(throttle: SnapshotThrottle | null): ThrottleStatus {
  const {maxRowsPerSecond = null, query = null} = throttle?.limits ?? {}
  return {maxRowsPerSecond, query, waits: throttle?.waits ?? null}
}

function overallState(plans: readonly SnapshotPlan[]): StatusReport['snapshot']['state'] {
  if (plans.some(plan => plan.state === 'running' || plan.state === 'queued')) return 'running'
  return failedTables(plans).length > 0 ? 'failed' : 'idle'
}

function tableStatus(engine: Engine, snapshot: SnapshotPlan, plan: TablePlan): TableStatus {
  const run = engine.coordinator?.runs.find(candidate => candidate.plan === plan)
  const progress = run === undefined ? null : progressOf(run)
  const last = plan.ranges?.at(-1)
  return {
    table: `${plan.table.database}.${plan.table.table}`,
    snapshot: snapshot.id,
    state: plan.state,
    rowsDone: plan.rowsDone,
    rowsEstimated:
      progress === null || plan.state !== 'running' ? Math.max(plan.rowsEstimated, plan.rowsDone) : progress.rowsTotal,
    rowsPerSecond: progress?.rowsPerSecond ?? 0,
    secondsLeft: plan.state === 'done' ? 0 : (progress?.secondsLeft ?? null),
    percent: progress === null ? endedPercent(plan) : progress.percent,
    chunks: plan.chunksDone,
    superseded: plan.superseded,
    key: progress?.key ?? (last == null ? null : keyText(last.done ? last.upTo : (last.after ?? []))),
    problem: run?.problem ?? plan.error,
  }
}

/** Of a table that is not copied any more. Its estimate is what was known of its size at the end; see TableRun.end. */
function endedPercent({state, rowsDone, rowsEstimated}: TablePlan): number | null {
  if (state === 'done') return 100
  if (rowsDone === 0) return 0
  return rowsEstimated <= rowsDone ? null : Math.floor((rowsDone / rowsEstimated) * 100)
}

/** True where the stored offset lies at or behind a place: everything before it is in the sink. */
export function hasStored(report: StatusReport, place: {file: string; pos: number}): boolean {
  return report.stored !== null && compareBinlogPositions(report.stored, place) >= 0
}
