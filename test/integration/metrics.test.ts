// GET /metrics is true before, during and after a snapshot; status --watch shows the same where there is no terminal.

import assert from 'node:assert/strict'
import {test} from 'node:test'
import {eventually} from '../../tools/servers/eventually.ts'
import {numberedTable, prepareCapture, receipt, snapshotEnded} from '../support/capture.ts'
import {parsePrometheusText, valueOf} from '../support/prometheus-text.ts'
import {runTidemark, type TidemarkProcess} from '../support/tidemark-process.ts'

/** Chunks of ten rows take a moment, so that the snapshot is seen under way. */
const SLOWLY = 'SLEEP(0.01) = 0'

async function scrape(
  tidemark: TidemarkProcess,
): Promise<(name: string, labels?: Record<string, string>) => number | null> {
  const response = await fetch(new URL('/metrics', tidemark.statusUrl))
  assert.equal(response.status, 200)
  assert.match(response.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/)
  const metrics = parsePrometheusText(await response.text())
  return (name, labels = {}) => valueOf(metrics, name, labels)
}

const SNAPSHOT = [
  'SnapshotRunning',
  'SnapshotPaused',
  'SnapshotCompleted',
  'SnapshotAborted',
  'RemainingTableCount',
  'TotalTableCount',
]

async function snapshotState(tidemark: TidemarkProcess): Promise<(number | null)[]> {
  const value = await scrape(tidemark)
  return SNAPSHOT.map(name => value(`debezium_metrics_${name}`, {context: 'snapshot'}))
}

test('snapshot metrics are true before, during, paused, after, and after a restart', async t => {
  const capture = await prepareCapture(t, {prefix: 'metrics', config: {'incremental.snapshot.chunk.size': '10'}})
  const {name} = capture.database
  await capture.connection.query(numberedTable('a', 300) + numberedTable('b', 30))
  const tidemark = await capture.run(t)
  await tidemark.waitForStreaming()
  assert.deepEqual(await snapshotState(tidemark), [0, 0, 0, 0, 0, 0])

  const id = await capture.snapshot(['a', 'b'], {
    'additional-conditions': [{'data-collection': `${name}.a`, filter: SLOWLY}],
  })
  const scanned: number[] = []
  const rowsOf = async (table: string): Promise<number> =>
    (await scrape(tidemark))('debezium_metrics_RowsScanned', {table: `${name}.${table}`}) ?? 0
  await eventually({what: 'rows to be scanned', timeoutMs: 30_000}, async () => {
    scanned.push(await rowsOf('a'))
    return scanned.at(-1)! >= 30 ? true : undefined
  })
  assert.deepEqual(await snapshotState(tidemark), [1, 0, 0, 0, 2, 2])
  assert.equal((await scrape(tidemark))('debezium_metrics_ChunkId', {table: `${name}.a`, TableTo: '300'}), 1)

  await receipt(tidemark, await capture.signal('pause-snapshot', null))
  assert.deepEqual(await snapshotState(tidemark), [0, 1, 0, 0, 2, 2])
  await receipt(tidemark, await capture.signal('resume-snapshot', null))
  await snapshotEnded(tidemark, id)
  assert.deepEqual(await snapshotState(tidemark), [0, 0, 1, 0, 0, 2])
  scanned.push(await rowsOf('a'))
  assert.deepEqual(
    scanned,
    scanned.toSorted((x, y) => x - y),
    'rows only grow',
  )
  assert.deepEqual([await rowsOf('a'), await rowsOf('b')], [300, 30])
  const value = await scrape(tidemark)
  assert.equal(value('debezium_metrics_ChunkId'), null)
  assert.equal(value('tidemark_signals_total', {channel: 'source', result: 'accepted'}), 3)
  assert.equal(value('debezium_metrics_Connected'), 1)

  await tidemark.stop()
  const second = await capture.run(t)
  await second.waitForStreaming()
  assert.deepEqual(await snapshotState(second), [0, 0, 1, 0, 0, 2])
  assert.equal((await scrape(second))('debezium_metrics_RowsScanned', {table: `${name}.a`}), 300)
})

test('row changes are counted by table and operation, and told to those who have the token', async t => {
  const capture = await prepareCapture(t, {prefix: 'metrics', config: {'http.token': 'let-me-in'}})
  const {name} = capture.database
  await capture.connection.query(numberedTable('a', 5))
  const tidemark = await capture.run(t)
  await tidemark.waitForLog('streaming')
  await capture.connection.query("UPDATE a SET note = 'x' WHERE id < 3; DELETE FROM a WHERE id = 5")
  const url = new URL('/metrics', tidemark.statusUrl)
  assert.equal((await fetch(url)).status, 401, 'not without the token')
  const headers = {authorization: 'Bearer let-me-in'}
  await eventually({what: 'the delete to be counted', timeoutMs: 30_000}, async () => {
    const metrics = parsePrometheusText(await (await fetch(url, {headers})).text())
    const of = (operation: string): number | null =>
      valueOf(metrics, 'tidemark_stream_rows_total', {table: `${name}.a`, operation})
    if (of('delete') !== 1) return undefined
    assert.equal(of('update'), 2)
    assert.equal(valueOf(metrics, 'debezium_metrics_TotalNumberOfDeleteEventsSeen', {context: 'streaming'}), 1)
    return true
  })
})

test('status --watch prints lines where there is no terminal, and ends cleanly at Ctrl-C', async t => {
  const capture = await prepareCapture(t, {prefix: 'metrics', config: {'incremental.snapshot.chunk.size': '10'}})
  const {name} = capture.database
  await capture.connection.query(numberedTable('a', 300))
  const tidemark = await capture.run(t)
  await tidemark.waitForStreaming()
  const id = await capture.snapshot(['a'], {
    'additional-conditions': [{'data-collection': `${name}.a`, filter: SLOWLY}],
  })
  const {config, folder} = capture
  const watch = await runTidemark(t, {command: 'status', config, folder, args: ['--watch']})
  const line = new RegExp(`^  ${name}\\.a  \\d+ %, \\d+ of 300 rows, \\d+ rows/s, \\d+ s left  key \\d+$`, 'm')
  await eventually({what: 'a line of progress', timeoutMs: 30_000}, async () => {
    await Promise.resolve()
    return line.test(watch.stdout) ? true : undefined
  })
  await receipt(tidemark, await capture.signal('pause-snapshot', null, 'p1'))
  const held = new RegExp(
    `^  ${name}\\.a  .*, paused .*\\nsignal    ${id} execute-snapshot: accepted\\nsignal    p1 `,
    'm',
  )
  await eventually({what: 'the pause', timeoutMs: 30_000}, async () => {
    await Promise.resolve()
    return held.test(watch.stdout) ? true : undefined
  })
  assert.doesNotMatch(watch.stdout, /\x1B/)
  const {code} = await watch.stop('SIGINT')
  assert.equal(code, 0)
})
