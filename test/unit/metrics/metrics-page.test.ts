import assert from 'node:assert/strict'
import {test} from 'node:test'
import {METRICS} from '../../../src/metrics/metric-table.ts'
import {MetricsPage} from '../../../src/metrics/metrics-page.ts'
import type {MetricsReading} from '../../../src/metrics/metrics-reading.ts'
import {parsePrometheusText, valueOf} from '../../support/prometheus-text.ts'

const reading: MetricsReading = {
  version: '1.2.3',
  server: 'shop',
  state: 'running',
  sinkState: 'waiting',
  checkpointAgeSeconds: 0.25,
  stream: {
    isConnected: true,
    behindMs: 12,
    sinceLastEventMs: 3000,
    rows: new Map([
      ['shop.orders', {c: 5, u: 3, d: 1, unchanged: 2, bytes: 90}],
      ['shop.items', {c: 2, u: 0, d: 0, unchanged: 0, bytes: 10}],
    ]),
    filteredRows: 9,
    committed: 8,
    rolledBack: 1,
    disconnects: 2,
    position: {file: 'binlog.000003', pos: 4711, gtid: 'u:17'},
    gtidSet: 'x'.repeat(2000),
    lastTransaction: 'u:17',
    lastEvent: {table: 'shop.orders', operation: 'u'},
    lag: {min: 1, max: 9, average: 3.5, p50: 3, p95: 8, p99: 9},
    skipsUnchanged: true,
    statements: 3,
    sinceLastStatementMs: null,
    gtidMode: true,
    capturedTables: 4,
    inFlightBytes: 100,
    memoryBytes: 1000,
    batchesPending: 3,
  },
  snapshot: {
    isRunning: true,
    isPaused: false,
    isSkipped: false,
    sinceLastEventMs: 40,
    lastTable: 'shop.orders',
    bytesRead: new Map([['shop.orders', 4200]]),
    chunkReadSeconds: {bounds: [0.1, 1], counts: [3, 2, 1], sum: 7.5, count: 6},
    tableChunks: [{table: 'shop.orders', done: 7, total: 20}],
    ended: null,
    endedCounts: {completed: 1, stopped: 0, failed: 0},
    tables: {total: 3, remaining: 2, waiting: 1, running: 1, failed: 0},
    rowsScanned: new Map([['shop.orders', 42]]),
    superseded: new Map([['shop.orders', 6]]),
    chunks: [
      {id: 'a/shop.orders/7', table: 'shop.orders', chunkFrom: 'x"\\\ny', chunkTo: '9', tableFrom: '', tableTo: '99'},
    ],
    durationSeconds: 61.7,
    pausedSeconds: 0,
  },
  chunks: {
    windowsWaiting: 1,
    isThrottled: true,
    heldBytes: 2,
    memoryBytes: 3,
    inFlightRows: 4,
    inFlightBytes: 5,
    watermarkOverdueSeconds: 0.5,
    speeds: [
      {table: 'shop.orders', rowsPerSecond: 1234, secondsLeft: 5},
      {table: 'shop.items', rowsPerSecond: 0, secondsLeft: null},
    ],
  },
  eventsEmitted: 77,
  sinkLatencySeconds: {bounds: [0.1], counts: [0, 2], sum: 1, count: 2},
  headroom: {retentionSeconds: 1000, seconds: 150},
  notesOverflowed: 1,
  rowsLeftOut: new Map([['d.t', 6]]),
  divergedTables: 1,
  signalsPending: 1,
  signalChannels: [{channel: 'kafka', isFailing: true}],
  signals: [
    {channel: 'source', result: 'accepted', count: 4},
    {channel: 'kafka', result: 'rejected', count: 1},
  ],
}

test('every metric of the table is on the page in the text format, with its type, meaning and labels', async () => {
  const page = new MetricsPage(() => reading)
  assert.equal(page.contentType, 'text/plain; version=0.0.4; charset=utf-8')
  const metrics = parsePrometheusText(await page.text())
  for (const {name, type, labels, help} of METRICS) {
    const metric = metrics.get(name)
    assert.equal(metric?.type, type, name)
    assert.equal(metric.help, help)
    assert(metric.samples.length > 0, `${name} has no value`)
    for (const sample of metric.samples) {
      const found = Object.keys(sample.labels).filter(label => type !== 'histogram' || label !== 'le')
      assert.deepEqual(found.sort(), [...labels].sort())
    }
  }
  for (const own of ['process_resident_memory_bytes', 'nodejs_eventloop_lag_p99_seconds']) assert(metrics.has(own), own)
})

test('Debezium’s metrics have the names and labels of its JMX exporter', async () => {
  const metrics = parsePrometheusText(await new MetricsPage(() => reading).text())
  const snapshot = {context: 'snapshot', name: 'shop', plugin: 'mysql'}
  const streaming = {...snapshot, context: 'streaming'}
  const wanted: [string, Record<string, string>, number][] = [
    ['SnapshotRunning', snapshot, 1],
    ['SnapshotPaused', snapshot, 0],
    ['SnapshotCompleted', snapshot, 0],
    ['SnapshotAborted', snapshot, 0],
    ['SnapshotDurationInSeconds', snapshot, 61],
    ['TotalTableCount', snapshot, 3],
    ['RemainingTableCount', snapshot, 2],
    ['RowsScanned', {...snapshot, table: 'shop.orders'}, 42],
    ['ChunkId', {...snapshot, table: 'shop.orders', ChunkId: 'a/shop.orders/7', ChunkFrom: 'x"\\\ny', ChunkTo: '9'}, 1],
    ['Connected', streaming, 1],
    ['MilliSecondsBehindSource', streaming, 12],
    ['MilliSecondsSinceLastEvent', streaming, 3000],
    ['TotalNumberOfEventsSeen', streaming, 11],
    ['TotalNumberOfEventsSeen', snapshot, 42],
    ['TotalNumberOfCreateEventsSeen', streaming, 7],
    ['TotalNumberOfUpdateEventsSeen', streaming, 3],
    ['TotalNumberOfDeleteEventsSeen', streaming, 1],
    ['TotalNumberOfDeleteEventsSeen', snapshot, 0],
    ['NumberOfCreateEventsSeen', {...streaming, table: 'shop.items'}, 2],
    ['NumberOfUnchangedEventsSkipped', streaming, 2],
    ['NumberOfEventsFiltered', streaming, 9],
    ['NumberOfErroneousEvents', streaming, 6],
    ['NumberOfCommittedTransactions', streaming, 8],
    ['NumberOfRolledBackTransactions', streaming, 1],
    ['QueueRemainingCapacity', streaming, 900],
    ['QueueRemainingCapacity', snapshot, 1],
    ['SourceEventPosition', {...streaming, filename: 'binlog.000003', position: '4711', gtid: 'u:17'}, 1],
    ['LastTransactionId', {...streaming, LastTransactionId: 'u:17'}, 1],
    ['LastEvent', {...streaming, LastEvent: 'operation:update, table:shop.orders'}, 1],
    ['GtidSet', {...streaming, GtidSet: `${'x'.repeat(499)}…`}, 1],
    ['MilliSecondsBehindSourceP95', streaming, 8],
    ['TableChunkCounts', {...snapshot, table: 'shop.orders'}, 20],
    ['ChangesApplied', {context: 'schema-history'}, 3],
    ['NumberOfDisconnects', streaming, 2],
    ['BinlogPosition', streaming, 4711],
    ['BinlogFilename', {...streaming, BinlogFilename: 'binlog.000003'}, 1],
  ]
  for (const [name, labels, value] of wanted) assert.equal(valueOf(metrics, `debezium_metrics_${name}`, labels), value)
  const signals = metrics.get('tidemark_signals_total')!.samples.map(({labels, value}) => [labels, value])
  assert.deepEqual(signals, [
    [{channel: 'source', result: 'accepted'}, 4],
    [{channel: 'kafka', result: 'rejected'}, 1],
  ])
})

test('a page shows the moment: what ended is gone, what is unknown is absent or -1, and a task that cannot be read rejects', async () => {
  let now: MetricsReading | null = reading
  const page = new MetricsPage(() => {
    if (now === null) throw new Error('no task')
    return now
  })
  await page.text()
  const {stream, snapshot} = reading
  now = {
    ...reading,
    checkpointAgeSeconds: null,
    stream: {...stream, behindMs: null, sinceLastEventMs: null, position: null},
    snapshot: {...snapshot, chunks: []},
  }
  const metrics = parsePrometheusText(await page.text())
  assert.equal(valueOf(metrics, 'debezium_metrics_MilliSecondsBehindSource'), -1)
  assert.equal(valueOf(metrics, 'debezium_metrics_MilliSecondsSinceLastEvent', {context: 'streaming'}), -1)
  const absent = ['tidemark_checkpoint_age_seconds', 'debezium_metrics_BinlogPosition', 'debezium_metrics_ChunkId']
  for (const name of absent) assert.equal(valueOf(metrics, name), null, name)
  assert.equal(valueOf(metrics, 'debezium_metrics_RowsScanned'), 42)
  now = null
  await assert.rejects(page.text(), /no task/)
})

test('a histogram counts in each bucket what lies below it, and headroom is left out where it is not known', async () => {
  const metrics = parsePrometheusText(await new MetricsPage(() => reading).text())
  const {type, samples} = metrics.get('tidemark_chunk_read_seconds')!
  assert.equal(type, 'histogram')
  assert.deepEqual(
    samples.map(({name, labels, value}) => [name.replace('tidemark_chunk_read_seconds', ''), labels['le'], value]),
    [
      ['_bucket', '0.1', 3],
      ['_bucket', '1', 5],
      ['_bucket', '+Inf', 6],
      ['_sum', undefined, 7.5],
      ['_count', undefined, 6],
    ],
  )
  assert.equal(valueOf(metrics, 'tidemark_binlog_headroom_seconds'), 150)
  assert.equal(valueOf(metrics, 'tidemark_snapshot_seconds_left', {table: 'shop.items'}), null)
  const unknown = {...reading, headroom: {retentionSeconds: 1000, seconds: null}}
  const later = parsePrometheusText(await new MetricsPage(() => unknown).text())
  assert.equal(valueOf(later, 'tidemark_binlog_headroom_seconds'), null)
  assert.equal(valueOf(later, 'tidemark_binlog_retention_seconds'), 1000)
})
