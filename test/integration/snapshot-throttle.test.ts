// How fast snapshots may read: limits, the operator's query, changes while they run, priorities.

import assert from 'node:assert/strict'
import {test} from 'node:test'
import {eventually} from '../../tools/servers/eventually.ts'
import {numberedTable, prepareCapture, readIds, receipt, snapshotEnded} from '../support/capture.ts'
import type {TidemarkProcess} from '../support/tidemark-process.ts'

interface Throttle {
  readonly maxRowsPerSecond: number | null
  readonly query: string | null
  readonly waits: string | null
}

async function throttleOf(tidemark: TidemarkProcess): Promise<Throttle> {
  const response = await fetch(`${tidemark.url}/snapshot/throttle`)
  assert.equal(response.status, 200)
  return (await response.json()) as Throttle
}

async function change(tidemark: TidemarkProcess, body: object): Promise<[number, Throttle & {error?: string}]> {
  const response = await fetch(`${tidemark.url}/snapshot/throttle`, {
    method: 'PUT',
    headers: {'content-type': 'application/json'},
    body: JSON.stringify(body),
  })
  return [response.status, (await response.json()) as Throttle & {error?: string}]
}

async function waitsFor(tidemark: TidemarkProcess, reason: RegExp): Promise<void> {
  await eventually({what: `a wait for ${reason.source}`, timeoutMs: 30_000}, async () =>
    reason.test((await throttleOf(tidemark)).waits ?? '') ? true : undefined,
  )
}

async function rowsDone(tidemark: TidemarkProcess, table: string): Promise<number> {
  const {snapshot} = await tidemark.status()
  return snapshot.tables.find(each => each.table.endsWith(`.${table}`))?.rowsDone ?? 0
}

test('a limit on rows a second is kept, shown with its reason, and lifted over HTTP while the snapshot runs', async t => {
  const capture = await prepareCapture(t, {prefix: 'pace', config: {'snapshot.max.rows.per.second': '50'}})
  await capture.connection.query(numberedTable('a', 1_000))
  const tidemark = await capture.run(t)
  await tidemark.waitForStreaming()
  const began = performance.now()
  const id = await capture.snapshot(['a'])
  await tidemark.waitForStatus(({snapshot}) => snapshot.tables.some(each => each.rowsDone >= 100))
  const rows = await rowsDone(tidemark, 'a')
  // A slow machine only makes it fewer; each chunk has a second's worth, and the first one does not wait.
  const most = 50 * ((performance.now() - began) / 1000 + 1)
  assert.ok(rows <= most, `${rows} rows, at most ${most} may have come`)
  await waitsFor(tidemark, /at most 50 rows\/s/)
  const metrics = await (await fetch(`${tidemark.url}/metrics`)).text()
  assert.match(metrics, /^tidemark_snapshot_throttled 1$/m)
  assert.deepEqual(await change(tidemark, {maxRowsPerSecond: null}), [
    200,
    {maxRowsPerSecond: null, query: null, waits: null},
  ])
  await snapshotEnded(tidemark, id)
  assert.equal((await readIds(capture, 'a')).length, 1_000)
  const [status, {error}] = await change(tidemark, {maxRowsPerSecond: 'much'})
  assert.deepEqual([status, error?.includes('whole number')], [400, true])
  assert.equal((await throttleOf(tidemark)).waits, null)
})

test('while the query says to wait, or fails, nothing is read, the stream goes on, and then the snapshot does', async t => {
  const capture = await prepareCapture(t, {prefix: 'query'})
  const {name} = capture.database
  await capture.connection.query(
    `${numberedTable('a', 500)} CREATE TABLE replica_lag (seconds INT); INSERT INTO replica_lag VALUES (99)`,
  )
  const config = {'snapshot.throttle.query': `SELECT seconds > 10 FROM ${name}.replica_lag`}
  const tidemark = await capture.run(t, config)
  await tidemark.waitForStreaming()
  const id = await capture.snapshot(['a'])
  await waitsFor(tidemark, /says to wait: it returned 1/)
  await capture.connection.query(`UPDATE a SET note = 'streamed' WHERE id = 7`)
  await eventually({what: 'the update in the stream', timeoutMs: 30_000}, async () =>
    (await capture.tableEvents('a')).length > 0 ? true : undefined,
  )
  await capture.connection.query('RENAME TABLE replica_lag TO gone')
  await waitsFor(tidemark, /fails, which counts as wait: .*lag/)
  assert.deepEqual(await readIds(capture, 'a'), [])
  assert.equal((await tidemark.status()).state, 'running')
  await capture.connection.query('RENAME TABLE gone TO replica_lag; UPDATE replica_lag SET seconds = 3')
  await snapshotEnded(tidemark, id)
  // The row that was streamed meanwhile may be left out: the topic has it already.
  assert.equal(new Set([7, ...(await readIds(capture, 'a'))]).size, 500)
  assert.equal((await throttleOf(tidemark)).waits, null)
})

test('a snapshot of a higher priority overtakes one that runs, which then goes on where it was; a restart keeps both', async t => {
  const capture = await prepareCapture(t, {prefix: 'prio'})
  await capture.connection.query(numberedTable('big', 1_000) + numberedTable('small', 60))
  const first = await capture.run(t)
  await first.waitForStreaming()
  const low = await capture.snapshot(['big'], {'chunk-size': 20, 'max-rows-per-second': 40})
  await first.waitForStatus(({snapshot}) => snapshot.tables.some(each => each.rowsDone >= 40))
  const high = await capture.snapshot(['small'], {priority: 5, 'max-rows-per-second': 20})
  assert.equal((await receipt(first, high)).result, 'accepted')
  await first.waitForStatus(({snapshot}) =>
    snapshot.tables.some(each => each.table.endsWith('.small') && each.rowsDone > 0),
  )
  await waitsFor(first, new RegExp(`snapshot ${high}: at most 20 rows/s`))
  await first.stop('SIGKILL')

  const second = await capture.run(t)
  await second.waitForStreaming()
  await waitsFor(second, new RegExp(`snapshot ${high}: at most 20 rows/s`))
  await snapshotEnded(second, high)
  assert.ok((await rowsDone(second, 'big')) < 1_000, 'the big one was overtaken')
  await waitsFor(second, new RegExp(`snapshot ${low}: at most 40 rows/s`))
  const chunks = (await second.status()).snapshot.tables.find(each => each.table.endsWith('.big'))
  assert.ok(chunks!.rowsDone <= chunks!.chunks * 20, 'its chunks are its own')
  await capture.signal('stop-snapshot', {})
  await snapshotEnded(second, low, {end: 'snapshot stopped'})
  const ids = await readIds(capture, 'big')
  assert.deepEqual(
    [...new Set(ids)],
    [...new Set(ids)].sort((a, b) => a - b),
    'in key order, without a gap',
  )
  assert.equal(Math.max(...ids), new Set(ids).size)
})

test('a signal with terms that are none is rejected with the reason', async t => {
  const capture = await prepareCapture(t, {prefix: 'terms'})
  await capture.connection.query(numberedTable('a', 1))
  const tidemark = await capture.run(t)
  await tidemark.waitForStreaming()
  const {result, reason} = await receipt(tidemark, await capture.snapshot(['a'], {'chunk-size': 0}))
  assert.deepEqual([result, reason], ['rejected', '"chunk-size" must be a whole number from 1 to 1000000, not 0'])
})
