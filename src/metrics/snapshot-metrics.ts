// Debezium's attributes of the snapshot context.

import type {DebeziumMetric} from './debezium-metric.ts'
import {byTable, type MetricSample} from './metric.ts'
import type {ChunkReading} from './metrics-reading.ts'

export const SNAPSHOT_METRICS: readonly DebeziumMetric[] = [
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
    read: ({snapshot}) => byTable(snapshot.rowsScanned),
  },
  {
    name: 'ChunkId',
    context: 'snapshot',
    labels: ['table', 'ChunkId', 'ChunkFrom', 'ChunkTo', 'TableFrom', 'TableTo'],
    help: 'Always 1, for each table that is being copied: its chunk read last, the key before it (empty: none) and its last key, and the key at which the table ends.',
    read: ({snapshot}) => snapshot.chunks.map(chunkSample),
  },
  {
    name: 'SnapshotSkipped',
    context: 'snapshot',
    help: '1 while the task has begun without copying anything (snapshot.mode), and nothing was copied since.',
    read: ({snapshot}) => snapshot.isSkipped,
  },
  {
    name: 'HoldingGlobalLock',
    context: 'snapshot',
    help: 'Always 0: no snapshot takes a global lock.',
    read: () => 0,
  },
  {
    name: 'TableChunkCounts',
    context: 'snapshot',
    labels: ['table'],
    help: 'Chunks of each table of the snapshots under way: those copied, and an estimate of those to come.',
    read: ({snapshot}) => snapshot.tableChunks.map(({table, total}) => ({value: total, labels: {table}})),
  },
  {
    name: 'TableChunksCompletedCounts',
    context: 'snapshot',
    labels: ['table'],
    help: 'Chunks of each table of the snapshots under way that are copied.',
    read: ({snapshot}) => snapshot.tableChunks.map(({table, done}) => ({value: done, labels: {table}})),
  },
]

function chunkSample(chunk: ChunkReading): MetricSample {
  const {id, table, chunkFrom, chunkTo, tableFrom, tableTo} = chunk
  const labels = {table, ChunkId: id, ChunkFrom: chunkFrom, ChunkTo: chunkTo, TableFrom: tableFrom, TableTo: tableTo}
  return {value: 1, labels}
}
