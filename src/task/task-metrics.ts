// What GET /metrics tells, read from the running parts at the moment of a scrape.

import type {Settings} from '../config/settings.ts'
import type {MetricsReading, SnapshotReading, StreamReading} from '../metrics/metrics-reading.ts'
import type {SnapshotTally} from '../metrics/snapshot-tally.ts'
import type {SinkStatus} from '../sinks/sink.ts'
import type {Engine} from './engine.ts'
import {behindMs} from './status.ts'
import type {TaskState} from './status.ts'

export interface MetricsContext {
  readonly settings: Settings
  readonly version: string
  readonly state: TaskState
  readonly streaming: boolean
  readonly sinkStatus: SinkStatus
  readonly engine: Engine | null
  readonly tally: SnapshotTally
  /** Losses of the binlog connection. */
  readonly disconnects: number
  /** ms since 1970; 0: not yet. */
  readonly savedAtMs: number
}

export function metricsReading(context: MetricsContext): MetricsReading {
  const {settings, version, state, engine, savedAtMs} = context
  return {
    version,
    server: settings.events.topicPrefix,
    state,
    sinkState: context.sinkStatus.state,
    checkpointAgeSeconds: savedAtMs === 0 ? null : Math.max(0, Date.now() - savedAtMs) / 1000,
    stream: streamReading(context),
    snapshot: snapshotReading(context),
    chunks: chunksReading(context),
    eventsEmitted: engine?.emitter.eventsEmitted ?? 0,
    rowsLeftOut: engine?.failing?.counts ?? new Map(),
    notesOverflowed: engine?.notes.overflows ?? 0,
    divergedTables: engine?.divergences.count ?? 0,
    signals: [...(engine?.signals.counts ?? [])].map(([key, count]) => {
      const [channel = '', result = ''] = key.split(',')
      return {channel, result, count}
    }),
  }
}

function streamReading({engine, settings, streaming, disconnects}: MetricsContext): StreamReading {
  const lastEventMs = engine?.dispatcher.lastEventMs ?? 0
  return {
    isConnected: streaming,
    behindMs: behindMs(engine, streaming),
    sinceLastEventMs: lastEventMs === 0 ? null : Math.max(0, Math.round(Date.now() - lastEventMs)),
    rows: engine?.catalog.rowsSeen ?? new Map(),
    transactions: engine?.dispatcher.transactions ?? 0,
    disconnects,
    position: engine?.dispatcher.reached ?? null,
    gtidMode: engine !== null && !engine.resumesByPosition,
    capturedTables: engine === null ? 0 : [...engine.divergences.watched].length,
    inFlightBytes: engine?.emitter.streamBytes ?? 0,
    memoryBytes: settings.stream.memoryBytes,
    batchesPending: engine?.tracker.pending ?? 0,
  }
}

function snapshotReading({engine, tally}: MetricsContext): SnapshotReading {
  return tally.read(engine?.coordinator?.plans ?? [], engine?.coordinator?.paused ?? false)
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
    watermarkOverdueSeconds: Math.round(engine?.marks?.unseenMs ?? 0) / 1000,
  }
}
