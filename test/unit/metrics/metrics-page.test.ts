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
      ['shop.orders', {c: 5, u: 3, d: 1}],
      ['shop.items', {c: 2, u: 0, d: 0}],
    ]),
    transactions: 8,
    disconnects: 2,
    position: {file: 'binlog.000003', pos: 4711},
    gtidMode: true,
    capturedTables: 4,
    inFlightBytes: 100,
    memoryBytes: 1000,
    batchesPending: 3,
  },
  snapshot: {
    isRunning: true,
    isPaused: false,
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
  },
  eventsEmitted: 77,
  notesOverflowed: 1,
  rowsLeftOut: new Map([['d.t', 6]]),
  divergedTables: 1,
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
    for (const sample of metric.samples) assert.deepEqual(Object.keys(sample.labels).sort(), [...labels].sort())
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
  assert.equal(valueOf(metrics, 'debezium_metrics_MilliSecondsSinceLastEvent'), -1)
  const absent = ['tidemark_checkpoint_age_seconds', 'debezium_metrics_BinlogPosition', 'debezium_metrics_ChunkId']
  for (const name of absent) assert.equal(valueOf(metrics, name), null, name)
  assert.equal(valueOf(metrics, 'debezium_metrics_RowsScanned'), 42)
  now = null
  await assert.rejects(page.text(), /no task/)
})
