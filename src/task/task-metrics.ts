// What GET /metrics tells, read from the running parts at the moment of a scrape.

import type {Histogram} from '../core/histogram.ts'
import type {Settings} from '../config/settings.ts'
import type {
  LagReading,
  MetricsReading,
  SnapshotReading,
  StreamReading,
  TableSpeed,
} from '../metrics/metrics-reading.ts'
import type {SinkStatus} from '../sinks/sink.ts'
import {progressOf} from '../snapshot/snapshot-progress-log.ts'
import type {TableRun} from '../snapshot/table-run.ts'
import type {BinlogHeadroom} from './binlog-headroom.ts'
import type {Engine} from './engine.ts'
import {behindMs} from './status.ts'
import type {TaskState} from './status.ts'
import type {TaskTally} from './task-tally.ts'

export interface MetricsContext {
  readonly settings: Settings
  readonly version: string
  readonly state: TaskState
  readonly streaming: boolean
  readonly sinkStatus: SinkStatus
  readonly engine: Engine | null
  readonly tally: TaskTally
  readonly headroom: BinlogHeadroom | null
  /** ms since 1970; 0: not yet. */
  readonly savedAtMs: number
}

export function metricsReading(context: MetricsContext): MetricsReading {
  const {settings, version, state, engine, savedAtMs, tally} = context
  const {counts} = tally
  return {
    version,
    server: settings.events.topicPrefix,
    state,
    sinkState: context.sinkStatus.state,
    checkpointAgeSeconds: savedAtMs === 0 ? null : Math.max(0, Date.now() - savedAtMs) / 1000,
    stream: streamReading(context),
    snapshot: snapshotReading(context),
    chunks: chunksReading(context),
    eventsEmitted: counts.eventsEmitted,
    rowsLeftOut: counts.rowsLeftOut,
    notesOverflowed: counts.notesOverflowed,
    sinkLatencySeconds: tally.stream.sinkLatency,
    headroom: context.headroom?.read() ?? null,
    divergedTables: engine?.divergences.count ?? 0,
    signalsPending: engine?.signals.pending.length ?? 0,
    signalChannels: (engine?.signalChannels ?? []).map(({channel, state}) => ({
      channel,
      isFailing: state === 'waiting',
    })),
    signals: [...counts.signals].map(([key, count]) => {
      const [channel = '', result = ''] = key.split(',')
      return {channel, result, count}
    }),
  }
}

function streamReading({engine, settings, streaming, tally: {stream}}: MetricsContext): StreamReading {
  const lastEventMs = engine?.dispatcher.lastEventMs ?? 0
  return {
    isConnected: streaming,
    behindMs: behindMs(engine, streaming),
    sinceLastEventMs: lastEventMs === 0 ? null : Math.max(0, Math.round(Date.now() - lastEventMs)),
    rows: stream.rows,
    filteredRows: stream.filteredRows,
    committed: stream.committed,
    rolledBack: stream.rolledBack,
    disconnects: stream.disconnects,
    ...placeReading(engine),
    lastTransaction: stream.lastSid === '' ? null : `${stream.lastSid}:${stream.lastGno}`,
    lastEvent: stream.lastTable === '' ? null : {table: stream.lastTable, operation: stream.lastOperation},
    lag: lagReading(stream.lag),
    skipsUnchanged: settings.events.skipsUnchanged,
    statements: stream.statements,
    sinceLastStatementMs: stream.lastStatementMs === 0 ? null : Math.max(0, Date.now() - stream.lastStatementMs),
    gtidMode: engine !== null && !engine.resumesByPosition,
    capturedTables: engine === null ? 0 : [...engine.divergences.watched].length,
    inFlightBytes: engine?.emitter.streamBytes ?? 0,
    memoryBytes: settings.stream.memoryBytes,
    batchesPending: engine?.tracker.pending ?? 0,
  }
}

function placeReading(engine: Engine | null): Pick<StreamReading, 'position' | 'gtidSet'> {
  if (engine === null) return {position: null, gtidSet: null}
  const {file, pos, sid, gno} = engine.dispatcher.reached
  return {position: {file, pos, gtid: sid === '' ? '' : `${sid}:${gno}`}, gtidSet: engine.currentPosition().gtidSet}
}

function lagReading(lag: Histogram): LagReading | null {
  const {count, sum, min, max} = lag
  if (count === 0) return null
  const at = (share: number): number => Math.round(lag.quantile(share)!)
  return {min, max, average: sum / count, p50: at(0.5), p95: at(0.95), p99: at(0.99)}
}

function snapshotReading({engine, tally}: MetricsContext): SnapshotReading {
  return tally.snapshots.read(engine?.coordinator?.plans ?? [], engine?.coordinator?.paused ?? false)
}

function chunksReading({engine, settings}: MetricsContext): MetricsReading['chunks'] {
  const coordinator = engine?.coordinator ?? null
  const ranges = (coordinator?.runs ?? []).flatMap(run => run.ranges)
  const rows = ranges.flatMap(range => range.chunks).reduce((sum, {chunk}) => sum + chunk.rows, 0)
  return {
    windowsWaiting: coordinator?.waitingWindows ?? 0,
    isThrottled: (coordinator?.throttle.waits ?? null) !== null,
    heldBytes: coordinator?.budget.held ?? 0,
    memoryBytes: settings.snapshot.memoryBytes,
    inFlightRows: rows,
    inFlightBytes: engine?.emitter.snapshotBytesInFlight ?? 0,
    speeds: (coordinator?.runs ?? []).filter(({plan}) => plan.state === 'running').map(speedOf),
    watermarkOverdueSeconds: Math.round(engine?.marks?.unseenMs ?? 0) / 1000,
  }
}

function speedOf(run: TableRun): TableSpeed {
  const {rowsPerSecond, secondsLeft} = progressOf(run)
  return {table: run.text, rowsPerSecond, secondsLeft}
}
