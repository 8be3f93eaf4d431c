// Debezium's attributes that both the snapshot and the streaming context have, and those of the schema history.

import {debezium, DEBEZIUM_LABELS, told, type DebeziumMetric} from './debezium-metric.ts'
import {sumOf, total, type MetricDefinition, type MetricSample} from './metric.ts'
import type {MetricsReading} from './metrics-reading.ts'

interface CommonMetric {
  readonly name: string
  readonly type?: 'gauge' | 'counter'
  readonly labels?: readonly string[]
  readonly help: string
  readonly snapshot: (reading: MetricsReading) => number | readonly MetricSample[]
  readonly streaming: (reading: MetricsReading) => number | readonly MetricSample[]
}

const OPERATION_NAMES = {c: 'create', u: 'update', d: 'delete'} as const

const COMMON: readonly CommonMetric[] = [
  {
    name: 'LastEvent',
    labels: ['LastEvent'],
    help: 'Always 1: operation and table of the last event.',
    snapshot: ({snapshot: {lastTable}}) =>
      lastTable === null ? [] : told({LastEvent: `operation:read, table:${lastTable}`}),
    streaming: ({stream: {lastEvent}}) => {
      if (lastEvent === null) return []
      return told({LastEvent: `operation:${OPERATION_NAMES[lastEvent.operation]}, table:${lastEvent.table}`})
    },
  },
  {
    name: 'MilliSecondsSinceLastEvent',
    help: 'Streaming: age of the last transaction now. Snapshot: since rows were read or confirmed. -1 before the first.',
    snapshot: ({snapshot}) => snapshot.sinceLastEventMs ?? -1,
    streaming: ({stream}) => stream.sinceLastEventMs ?? -1,
  },
  {
    name: 'TotalNumberOfEventsSeen',
    type: 'counter',
    help: 'Changed rows in the stream, and rows copied, by context.',
    snapshot: ({snapshot}) => total(snapshot.rowsScanned),
    streaming: ({stream}) => sumOf(stream.rows, 'c') + sumOf(stream.rows, 'u') + sumOf(stream.rows, 'd'),
  },
  {
    name: 'TotalNumberOfCreateEventsSeen',
    type: 'counter',
    help: 'Inserted rows in the stream.',
    snapshot: () => 0,
    streaming: ({stream}) => sumOf(stream.rows, 'c'),
  },
  {
    name: 'TotalNumberOfUpdateEventsSeen',
    type: 'counter',
    help: 'Updated rows in the stream.',
    snapshot: () => 0,
    streaming: ({stream}) => sumOf(stream.rows, 'u'),
  },
  {
    name: 'TotalNumberOfDeleteEventsSeen',
    type: 'counter',
    help: 'Deleted rows in the stream.',
    snapshot: () => 0,
    streaming: ({stream}) => sumOf(stream.rows, 'd'),
  },
  {
    name: 'NumberOfEventsFiltered',
    type: 'counter',
    help: 'Changed rows of tables that are not captured.',
    snapshot: () => 0,
    streaming: ({stream}) => stream.filteredRows,
  },
  {
    name: 'NumberOfErroneousEvents',
    type: 'counter',
    help: 'Changed rows left out because they could not be shown. A snapshot leaves none out: it fails.',
    snapshot: () => 0,
    streaming: ({rowsLeftOut}) => total(rowsLeftOut),
  },
  {
    name: 'CapturedTables',
    help: 'Number of captured tables.',
    snapshot: ({stream}) => stream.capturedTables,
    streaming: ({stream}) => stream.capturedTables,
  },
  {
    name: 'QueueTotalCapacity',
    help: 'As MaxQueueSizeInBytes, in bytes: nothing is bounded by its number of events.',
    snapshot: ({chunks}) => chunks.memoryBytes,
    streaming: ({stream}) => stream.memoryBytes,
  },
  {
    name: 'QueueRemainingCapacity',
    help: 'What is left of QueueTotalCapacity, in bytes.',
    snapshot: ({chunks}) => Math.max(0, chunks.memoryBytes - chunks.heldBytes),
    streaming: ({stream}) => Math.max(0, stream.memoryBytes - stream.inFlightBytes),
  },
  {
    name: 'MaxQueueSizeInBytes',
    help: 'Bound on streamed events that wait for the sink (stream.memory.bytes), and on chunks (snapshot.memory.bytes).',
    snapshot: ({chunks}) => chunks.memoryBytes,
    streaming: ({stream}) => stream.memoryBytes,
  },
  {
    name: 'CurrentQueueSizeInBytes',
    help: 'Streamed events that wait for the sink, and memory held for chunks.',
    snapshot: ({chunks}) => chunks.heldBytes,
    streaming: ({stream}) => stream.inFlightBytes,
  },
]

/** Of both contexts at once. */
export const COMMON_METRICS: readonly MetricDefinition[] = COMMON.map(({name, type, labels = [], help, ...read}) => {
  const contexts = (['snapshot', 'streaming'] as const).map(context =>
    debezium({name, context, labels, help, read: read[context], ...(type === undefined ? {} : {type})}),
  )
  return {
    name: `debezium_metrics_${name}`,
    type: type ?? 'gauge',
    labels: [...DEBEZIUM_LABELS, ...labels],
    help,
    read: reading => contexts.flatMap(context => context.read(reading)),
  }
})

/** What of it has a meaning without a topic of its own that is read at each start. */
export const SCHEMA_HISTORY_METRICS: readonly DebeziumMetric[] = [
  {
    name: 'Status',
    context: 'schema-history',
    labels: ['Status'],
    help: 'Always 1: RUNNING while the stream runs, else STOPPED. Nothing is recovered: definitions come from the events and the stored state.',
    read: ({stream}) => told({Status: stream.isConnected ? 'RUNNING' : 'STOPPED'}),
  },
  {
    name: 'ChangesApplied',
    type: 'counter',
    context: 'schema-history',
    help: 'Statements in the stream that are no row events, each of which may change definitions.',
    read: ({stream}) => stream.statements,
  },
  {
    name: 'ChangesRecovered',
    type: 'counter',
    context: 'schema-history',
    help: 'Always 0, as nothing is recovered.',
    read: () => 0,
  },
  {
    name: 'MilliSecondsSinceLastAppliedChange',
    context: 'schema-history',
    help: 'Since the last of ChangesApplied; -1 before the first.',
    read: ({stream}) => stream.sinceLastStatementMs ?? -1,
  },
]
