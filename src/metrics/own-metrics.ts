// Tidemark's own metrics.

import type {HistogramReading} from '../core/histogram.ts'
import {byTable, histogramSamples, type MetricDefinition, type MetricSample} from './metric.ts'
import type {MetricsReading, OperationCounts} from './metrics-reading.ts'

export const OWN_METRICS: readonly MetricDefinition[] = [
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
  own('tidemark_signals_pending', 'Signals taken in and not answered yet.', r => r.signalsPending),
  own(
    'tidemark_signal_channel_failing',
    '1 while a channel beside the signal table cannot be read.',
    ({signalChannels}) => signalChannels.map(({channel, isFailing}) => ({value: Number(isFailing), labels: {channel}})),
    ['channel'],
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
    r => byTable(r.snapshot.superseded),
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
    r => byTable(r.rowsLeftOut),
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
  own(
    'tidemark_stream_bytes_total',
    'Row images in the stream, as the binlog has them.',
    ({stream}) => [...stream.rows].map(([table, {bytes}]) => ({value: bytes, labels: {table}})),
    ['table'],
  ),
  own('tidemark_snapshot_bytes_total', 'Rows read by chunks, as JSON.', r => byTable(r.snapshot.bytesRead), ['table']),
  own(
    'tidemark_snapshot_rows_per_second',
    'Speed of each table that is being copied, since it began or went on.',
    ({chunks}) => chunks.speeds.map(({table, rowsPerSecond}) => ({value: rowsPerSecond, labels: {table}})),
    ['table'],
  ),
  own(
    'tidemark_snapshot_seconds_left',
    'Until each table that is being copied is done at that speed, by an estimate of its rows; none while nobody can tell.',
    ({chunks}) =>
      chunks.speeds.flatMap(({table, secondsLeft}) =>
        secondsLeft === null ? [] : {value: secondsLeft, labels: {table}},
      ),
    ['table'],
  ),
  histogram('tidemark_chunk_read_seconds', 'How long the SELECT of a chunk took.', r => r.snapshot.chunkReadSeconds),
  histogram(
    'tidemark_sink_latency_seconds',
    'From handing a batch to the sink until it is confirmed.',
    r => r.sinkLatencySeconds,
  ),
  own(
    'tidemark_binlog_retention_seconds',
    'How long the server keeps a binlog file that has ended; none where for ever, or not known.',
    ({headroom}) => (headroom === null ? [] : [{value: headroom.retentionSeconds}]),
  ),
  own(
    'tidemark_binlog_headroom_seconds',
    'How long, at least, until the retention purges what the stored position needs; none without tidemark_binlog_retention_seconds.',
    ({headroom}) => (headroom?.seconds == null ? [] : [{value: headroom.seconds}]),
  ),
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

function histogram(name: string, help: string, of: (reading: MetricsReading) => HistogramReading): MetricDefinition {
  return {name, type: 'histogram', labels: [], help, read: reading => histogramSamples(of(reading))}
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
