// Every metric: name, type, labels, meaning, and where its values come from. GET /metrics and docs/metrics.md are made
// from this. Names with capitals are Debezium's JMX attributes as its JMX exporter configuration spells them.

import type {ChunkReading, MetricsReading, OperationCounts} from './metrics-reading.ts'

export interface MetricSample {
  readonly value: number
  readonly labels?: Readonly<Record<string, string>>
}

export interface MetricDefinition {
  readonly name: string
  readonly type: 'gauge' | 'counter'
  readonly labels: readonly string[]
  readonly help: string
  readonly read: (reading: MetricsReading) => readonly MetricSample[]
}

type Context = 'snapshot' | 'streaming'

const DEBEZIUM_LABELS = ['context', 'name', 'plugin']

interface DebeziumMetric {
  readonly name: string
  readonly type?: 'gauge' | 'counter'
  readonly context: Context
  readonly labels?: readonly string[]
  readonly help: string
  readonly read: (reading: MetricsReading) => readonly MetricSample[] | number | boolean
}

function debezium(metric: DebeziumMetric): MetricDefinition {
  const {name, type = 'gauge', context, labels = [], help, read} = metric
  return {
    name: `debezium_metrics_${name}`,
    type,
    labels: [...DEBEZIUM_LABELS, ...labels],
    help,
    read: reading => {
      const values = read(reading)
      const samples = typeof values === 'object' ? values : [{value: Number(values)}]
      const common = {context, name: reading.server, plugin: 'mysql'}
      return samples.map(({value, labels: own = {}}) => ({value, labels: {...common, ...own}}))
    },
  }
}

const SNAPSHOT_METRICS: readonly DebeziumMetric[] = [
  {
    name: 'SnapshotRunning',
    context: 'snapshot',
    help: '1 while tables are copied or queued, and not paused.',
    read: ({snapshot}) => snapshot.isRunning,
  },
  {
    name: 'SnapshotPaused',
    context: 'snapshot',
    help: '1 between pause-snapshot and resume-snapshot.',
    read: ({snapshot}) => snapshot.isPaused,
  },
  {
    name: 'SnapshotCompleted',
    context: 'snapshot',
    help: '1 when no snapshot is under way and the last one was completed.',
    read: ({snapshot}) => snapshot.ended === 'completed',
  },
  {
    name: 'SnapshotAborted',
    context: 'snapshot',
    help: '1 when no snapshot is under way and the last one was stopped or failed.',
    read: ({snapshot}) => snapshot.ended === 'stopped' || snapshot.ended === 'failed',
  },
  {
    name: 'SnapshotDurationInSeconds',
    context: 'snapshot',
    help: 'How long the snapshots under way have taken, or those before that ended; pauses included.',
    read: ({snapshot}) => Math.floor(snapshot.durationSeconds),
  },
  {
    name: 'SnapshotPausedDurationInSeconds',
    context: 'snapshot',
    help: 'How long they were paused.',
    read: ({snapshot}) => Math.floor(snapshot.pausedSeconds),
  },
  {
    name: 'TotalTableCount',
    context: 'snapshot',
    help: 'Tables of all snapshots since the last time that none was under way.',
    read: ({snapshot}) => snapshot.tables.total,
  },
  {
    name: 'RemainingTableCount',
    context: 'snapshot',
    help: 'Tables still to be copied, those that failed included until they have been copied; 0 when all is done.',
    read: ({snapshot}) => snapshot.tables.remaining,
  },
  {
    name: 'RowsScanned',
    type: 'counter',
    context: 'snapshot',
    labels: ['table'],
    help: 'Rows copied of each table and confirmed by the sink, all its snapshots together.',
    read: ({snapshot}) => [...snapshot.rowsScanned].map(([table, value]) => ({value, labels: {table}})),
  },
  {
    name: 'ChunkId',
    context: 'snapshot',
    labels: ['table', 'ChunkId', 'ChunkFrom', 'ChunkTo', 'TableFrom', 'TableTo'],
    help: 'Always 1, for each table that is being copied: its chunk read last, the key before it (empty: none) and its last key, and the key at which the table ends.',
    read: ({snapshot}) => snapshot.chunks.map(chunkSample),
  },
]

const STREAMING_METRICS: readonly DebeziumMetric[] = [
  {
    name: 'Connected',
    context: 'streaming',
    help: '1 while the binlog is being read.',
    read: ({stream}) => stream.isConnected,
  },
  {
    name: 'MilliSecondsBehindSource',
    context: 'streaming',
    help: 'Age of the last transaction when it was taken in; grows while it waits or the server is away; -1 before the first.',
    read: ({stream}) => stream.behindMs ?? -1,
  },
  {
    name: 'MilliSecondsSinceLastEvent',
    context: 'streaming',
    help: 'Age of the last transaction now; -1 before the first.',
    read: ({stream}) => stream.sinceLastEventMs ?? -1,
  },
  {
    name: 'TotalNumberOfCreateEventsSeen',
    type: 'counter',
    context: 'streaming',
    help: 'Inserted rows in the stream.',
    read: ({stream}) => sumOf(stream.rows, 'c'),
  },
  {
    name: 'TotalNumberOfUpdateEventsSeen',
    type: 'counter',
    context: 'streaming',
    help: 'Updated rows in the stream.',
    read: ({stream}) => sumOf(stream.rows, 'u'),
  },
  {
    name: 'TotalNumberOfDeleteEventsSeen',
    type: 'counter',
    context: 'streaming',
    help: 'Deleted rows in the stream.',
    read: ({stream}) => sumOf(stream.rows, 'd'),
  },
  {
    name: 'NumberOfCommittedTransactions',
    type: 'counter',
    context: 'streaming',
    help: 'Transactions in the stream, those without captured rows included.',
    read: ({stream}) => stream.transactions,
  },
  {
    name: 'NumberOfDisconnects',
    type: 'counter',
    context: 'streaming',
    help: 'Losses of the binlog connection since the start.',
    read: ({stream}) => stream.disconnects,
  },
  {
    name: 'BinlogPosition',
    context: 'streaming',
    help: 'Offset within the binlog file that the stream has reached.',
    read: ({stream}) => (stream.position === null ? [] : [{value: stream.position.pos}]),
  },
  {
    name: 'BinlogFilename',
    context: 'streaming',
    labels: ['BinlogFilename'],
    help: 'Always 1: the binlog file that the stream has reached.',
    read: ({stream}) => (stream.position === null ? [] : [{value: 1, labels: {BinlogFilename: stream.position.file}}]),
  },
  {
    name: 'IsGtidModeEnabled',
    context: 'streaming',
    help: '1 where the stream is resumed by GTID set, 0 by file and position.',
    read: ({stream}) => stream.gtidMode,
  },
  {
    name: 'CapturedTables',
    context: 'streaming',
    help: 'Number of captured tables.',
    read: ({stream}) => stream.capturedTables,
  },
  {
    name: 'MaxQueueSizeInBytes',
    context: 'streaming',
    help: 'Bound on streamed events that wait for the sink (stream.memory.bytes).',
    read: ({stream}) => stream.memoryBytes,
  },
  {
    name: 'CurrentQueueSizeInBytes',
    context: 'streaming',
    help: 'Streamed events that wait for the sink.',
    read: ({stream}) => stream.inFlightBytes,
  },
]

/** Debezium has it in both contexts. */
const TOTAL_EVENTS: MetricDefinition = {
  name: 'debezium_metrics_TotalNumberOfEventsSeen',
  type: 'counter',
  labels: DEBEZIUM_LABELS,
  help: 'Changed rows in the stream, and rows copied, by context.',
  read: ({server, stream, snapshot}) => {
    const common = {name: server, plugin: 'mysql'}
    const streamed = sumOf(stream.rows, 'c') + sumOf(stream.rows, 'u') + sumOf(stream.rows, 'd')
    const copied = [...snapshot.rowsScanned.values()].reduce((sum, rows) => sum + rows, 0)
    return [
      {value: copied, labels: {context: 'snapshot', ...common}},
      {value: streamed, labels: {context: 'streaming', ...common}},
    ]
  },
}

const OWN_METRICS: readonly MetricDefinition[] = [
  own('tidemark_build_info', 'Always 1: the version.', ({version}) => [{value: 1, labels: {version}}], ['version']),
  own(
    'tidemark_task_state',
    '1 for the state that the task is in.',
    ({state}) => oneOf('state', ['starting', 'running', 'paused', 'stopping', 'failed'], state),
    ['state'],
  ),
  own(
    'tidemark_signals_total',
    'Signals answered.',
    ({signals}) => signals.map(({channel, result, count}) => ({value: count, labels: {channel, result}})),
    ['channel', 'result'],
  ),
  own(
    'tidemark_stream_rows_total',
    'Changed rows in the stream: create, update, delete.',
    ({stream}) => [...stream.rows].flatMap(([table, counts]) => operationSamples(table, counts)),
    ['table', 'operation'],
  ),
  own('tidemark_events_emitted_total', 'Events given to the sink, copied and streamed.', r => r.eventsEmitted),
  own('tidemark_stream_in_flight_bytes', 'Streamed events that wait for the sink.', r => r.stream.inFlightBytes),
  own('tidemark_stream_pending_batches', 'Batches of streamed events not confirmed yet.', r => r.stream.batchesPending),
  own(
    'tidemark_snapshot_tables',
    'Tables of snapshots that wait, run, or have failed.',
    ({snapshot: {tables}}) =>
      (['waiting', 'running', 'failed'] as const).map(state => ({value: tables[state], labels: {state}})),
    ['state'],
  ),
  own(
    'tidemark_snapshots_ended_total',
    'Snapshots that ended, by how.',
    ({snapshot: {endedCounts}}) =>
      (['completed', 'stopped', 'failed'] as const).map(result => ({value: endedCounts[result], labels: {result}})),
    ['result'],
  ),
  own(
    'tidemark_snapshot_superseded_rows_total',
    'Copied rows left out because the stream had something newer.',
    ({snapshot}) => [...snapshot.superseded].map(([table, value]) => ({value, labels: {table}})),
    ['table'],
  ),
  own('tidemark_snapshot_in_flight_rows', 'Rows read and not confirmed yet.', r => r.chunks.inFlightRows),
  own('tidemark_snapshot_in_flight_bytes', 'Read events that the sink has not confirmed.', r => r.chunks.inFlightBytes),
  own('tidemark_snapshot_windows_waiting', 'Chunks that wait for their mark to come by.', r => r.chunks.windowsWaiting),
  own('tidemark_snapshot_throttled', '1 while a chunk waits for a limit on rows/s or for snapshot.throttle.query.', r =>
    Number(r.chunks.isThrottled),
  ),
  own('tidemark_snapshot_held_bytes', 'Memory held for chunks.', r => r.chunks.heldBytes),
  own('tidemark_snapshot_memory_bytes', 'Bound on it (snapshot.memory.bytes).', r => r.chunks.memoryBytes),
  own(
    'tidemark_watermark_overdue_seconds',
    'How long a mark that was written has been waiting to come by in the stream.',
    r => r.chunks.watermarkOverdueSeconds,
  ),
  own(
    'tidemark_notes_overflowed_total',
    'Times that so much changed during a chunk that it was read again in smaller ones.',
    r => r.notesOverflowed,
  ),
  own(
    'tidemark_events_skipped_total',
    'Changed rows left out because they could not be shown (event.processing.failure.handling.mode).',
    r => [...r.rowsLeftOut].map(([table, value]) => ({value, labels: {table}})),
    ['table'],
  ),
  own(
    'tidemark_diverged_tables',
    'Tables changed by statements that the binlog shows no rows of, or with rows left out: snapshot them again.',
    r => r.divergedTables,
  ),
  own(
    'tidemark_sink_state',
    '1 for the state that the sink is in; waiting: it retries what the other side does not take.',
    ({sinkState}) => oneOf('state', ['open', 'waiting', 'closed'], sinkState),
    ['state'],
  ),
  own('tidemark_checkpoint_age_seconds', 'Since everything confirmed was stored last.', ({checkpointAgeSeconds}) =>
    checkpointAgeSeconds === null ? [] : [{value: checkpointAgeSeconds}],
  ),
]

export const METRICS: readonly MetricDefinition[] = [
  ...SNAPSHOT_METRICS.map(debezium),
  ...STREAMING_METRICS.map(debezium),
  TOTAL_EVENTS,
  ...OWN_METRICS,
]

function own(
  name: string,
  help: string,
  read: (reading: MetricsReading) => readonly MetricSample[] | number,
  labels: readonly string[] = [],
): MetricDefinition {
  return {
    name,
    type: name.endsWith('_total') ? 'counter' : 'gauge',
    labels,
    help,
    read: reading => {
      const values = read(reading)
      return typeof values === 'number' ? [{value: values}] : values
    },
  }
}

function chunkSample(chunk: ChunkReading): MetricSample {
  const {id, table, chunkFrom, chunkTo, tableFrom, tableTo} = chunk
  const labels = {table, ChunkId: id, ChunkFrom: chunkFrom, ChunkTo: chunkTo, TableFrom: tableFrom, TableTo: tableTo}
  return {value: 1, labels}
}

function operationSamples(table: string, counts: OperationCounts): MetricSample[] {
  return [
    {value: counts.c, labels: {table, operation: 'create'}},
    {value: counts.u, labels: {table, operation: 'update'}},
    {value: counts.d, labels: {table, operation: 'delete'}},
  ]
}

function oneOf(label: string, values: readonly string[], current: string): MetricSample[] {
  return values.map(value => ({value: Number(value === current), labels: {[label]: value}}))
}

function sumOf(rows: ReadonlyMap<string, OperationCounts>, operation: keyof OperationCounts): number {
  let sum = 0
  for (const counts of rows.values()) sum += counts[operation]
  return sum
}
