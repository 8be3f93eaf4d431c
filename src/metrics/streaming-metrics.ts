// Debezium's attributes of the streaming context.

import {told, type DebeziumMetric} from './debezium-metric.ts'
import {sumOf, total} from './metric.ts'
import type {LagReading} from './metrics-reading.ts'

const LAGS: readonly (readonly [string, keyof LagReading])[] = [
  ['MinValue', 'min'],
  ['MaxValue', 'max'],
  ['AverageValue', 'average'],
  ['P50', 'p50'],
  ['P95', 'p95'],
  ['P99', 'p99'],
]

const OPERATIONS = {c: ['Create', 'Inserted'], u: ['Update', 'Updated'], d: ['Delete', 'Deleted']} as const

export const STREAMING_METRICS: readonly DebeziumMetric[] = [
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
    name: 'SourceEventPosition',
    context: 'streaming',
    labels: ['filename', 'position', 'gtid'],
    help: 'Always 1: the place of the last event. A new series with every scrape of a busy stream: drop it where that is too much.',
    read: ({stream: {position}}) =>
      position === null ? [] : told({filename: position.file, position: String(position.pos), gtid: position.gtid}),
  },
  {
    name: 'LastTransactionId',
    context: 'streaming',
    labels: ['LastTransactionId'],
    help: 'Always 1: GTID of the last transaction; none without GTIDs. A new series with every scrape of a busy stream.',
    read: ({stream: {lastTransaction}}) => (lastTransaction === null ? [] : told({LastTransactionId: lastTransaction})),
  },
  {
    name: 'GtidSet',
    context: 'streaming',
    labels: ['GtidSet'],
    help: 'Always 1: GTIDs that the stream has reached, the first 500 characters; none without GTIDs. A new series with every scrape of a busy stream.',
    read: ({stream: {gtidSet}}) => (gtidSet === null ? [] : told({GtidSet: gtidSet})),
  },
  {
    name: 'NumberOfCommittedTransactions',
    type: 'counter',
    context: 'streaming',
    help: 'Committed transactions in the stream, those without captured rows and statements that are no row events included.',
    read: ({stream}) => stream.committed,
  },
  {
    name: 'NumberOfRolledBackTransactions',
    type: 'counter',
    context: 'streaming',
    help: 'Rolled back transactions in the stream; MySQL logs few.',
    read: ({stream}) => stream.rolledBack,
  },
  {
    name: 'NumberOfNotWellFormedTransactions',
    type: 'counter',
    context: 'streaming',
    help: 'Always 0: one that is not well formed stops the task.',
    read: () => 0,
  },
  {
    name: 'NumberOfLargeTransactions',
    type: 'counter',
    context: 'streaming',
    help: 'Always 0: no buffer holds a transaction, so that none is too large for it.',
    read: () => 0,
  },
  {
    name: 'NumberOfSkippedEvents',
    type: 'counter',
    context: 'streaming',
    help: 'Changed rows left out because they could not be shown (event.processing.failure.handling.mode).',
    read: ({rowsLeftOut}) => total(rowsLeftOut),
  },
  {
    name: 'NumberOfUnchangedEventsSkipped',
    context: 'streaming',
    help: 'Updates left out because nothing that comes out has changed; -1 without skip.messages.without.change.',
    read: ({stream}) => (stream.skipsUnchanged ? sumOf(stream.rows, 'unchanged') : -1),
  },
  ...(['c', 'u', 'd'] as const).map(operation => byOperation(operation)),
  ...LAGS.map(([name, key]) => lagMetric(name, key)),
]

function byOperation(operation: 'c' | 'u' | 'd'): DebeziumMetric {
  const [name, what] = OPERATIONS[operation]
  return {
    name: `NumberOf${name}EventsSeen`,
    type: 'counter',
    context: 'streaming',
    labels: ['table'],
    help: `${what} rows in the stream, by table.`,
    read: ({stream}) => [...stream.rows].map(([table, counts]) => ({value: counts[operation], labels: {table}})),
  }
}

function lagMetric(name: string, key: keyof LagReading): DebeziumMetric {
  return {
    name: `MilliSecondsBehindSource${name}`,
    context: 'streaming',
    help: `MilliSecondsBehindSource since the process began, as it was when transactions were taken in: ${key}. None before the first.`,
    read: ({stream: {lag}}) => (lag === null ? [] : [{value: lag[key]}]),
  }
}
