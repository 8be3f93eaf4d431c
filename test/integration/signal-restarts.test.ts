// Snapshots that run or wait survive the end of the process, an orderly one and a kill, and go on where they were.

import assert from 'node:assert/strict'
import {readFile} from 'node:fs/promises'
import {test} from 'node:test'
import {caughtUp, prepareCapture, readIds, receipt, snapshotEnded, type Capture} from '../support/capture.ts'

const ROWS = 400
const tables = `CREATE TABLE running (id INT PRIMARY KEY); CREATE TABLE queued (id INT PRIMARY KEY);
  INSERT INTO running WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${ROWS}) SELECT i FROM n;
  INSERT INTO queued SELECT * FROM running;`

/** Rows of the table that the stored state counts as done. */
async function storedRowsDone(capture: Capture, table: string): Promise<number> {
  interface State {
    snapshots: {tables: {table: {table: string}; rowsDone: number}[]}[]
  }
  const path = capture.config['offset.storage.file.filename'] ?? ''
  const {snapshots} = JSON.parse(await readFile(path, 'utf8')) as State
  return snapshots.flatMap(plan => plan.tables).find(plan => plan.table.table === table)?.rowsDone ?? 0
}

for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
  test(`a running and a queued snapshot go on after ${signal}`, async t => {
    const capture = await prepareCapture(t, {prefix: 'restarts', config: {'incremental.snapshot.chunk.size': '10'}})
    await capture.connection.query(tables)
    const {name} = capture.database
    const first = await capture.run(t)
    await first.waitForStreaming()
    const conditions = [{'data-collection': `${name}.running`, filter: 'SLEEP(0.005) = 0 AND id <> 77'}]
    const running = await capture.snapshot(['running'], {'additional-conditions': conditions})
    const queued = await capture.snapshot(['queued'])
    await receipt(first, queued)
    await first.waitForStatus(({snapshot}) => snapshot.tables.some(table => table.rowsDone >= 50))
    const end = await first.stop(signal)
    assert.deepEqual(end, signal === 'SIGTERM' ? {code: 0, signal: null} : {code: null, signal: 'SIGKILL'})
    const emitted = (await readIds(capture, 'running')).length
    assert.ok(emitted < ROWS - 1, 'the snapshot was over before the process ended')
    const done = await storedRowsDone(capture, 'running')
    if (signal === 'SIGTERM') assert.equal(done, emitted, 'an orderly end stores everything that has left')

    const second = await capture.run(t)
    await snapshotEnded(second, running)
    await snapshotEnded(second, queued)
    assert.equal(second.log.filter(({msg}) => msg === 'snapshot accepted').length, 0, 'they go on, they are not new')
    const ids = await readIds(capture, 'running')
    assert.equal(new Set(ids).size, ROWS - 1)
    assert.ok(!ids.includes(77), 'the filter holds after the restart')
    assert.equal(ids.length, ROWS - 1 + (emitted - done), 'it went on behind the last stored chunk')
    assert.equal((await readIds(capture, 'queued')).length, ROWS)
  })
}

test('a signal written while the task is down is acted on at the next start, once', async t => {
  const capture = await prepareCapture(t, {prefix: 'restarts'})
  await capture.connection.query(tables)
  const first = await capture.run(t)
  await first.waitForStreaming()
  await first.stop()
  const id = await capture.snapshot(['queued'])
  const second = await capture.run(t)
  await snapshotEnded(second, id)
  await second.stop()
  const third = await capture.run(t)
  await third.waitForStreaming()
  await caughtUp(third, capture.connection)
  await third.stop()
  assert.equal((await readIds(capture, 'queued')).length, ROWS)
  assert.equal(third.log.filter(({msg}) => msg.startsWith('signal ')).length, 0)
})

test('a stopped snapshot stays stopped after a restart', async t => {
  const capture = await prepareCapture(t, {prefix: 'restarts', config: {'incremental.snapshot.chunk.size': '10'}})
  await capture.connection.query(tables)
  const first = await capture.run(t)
  await first.waitForStreaming()
  const conditions = [{'data-collection': `${capture.database.name}.running`, filter: 'SLEEP(0.02) = 0'}]
  const running = await capture.snapshot(['running'], {'additional-conditions': conditions})
  await first.waitForStatus(({snapshot}) => snapshot.tables.some(table => table.rowsDone >= 10))
  await capture.signal('stop-snapshot', null)
  await snapshotEnded(first, running, {end: 'snapshot stopped'})
  await first.stop()
  const emitted = (await readIds(capture, 'running')).length
  const second = await capture.run(t)
  await second.waitForStreaming()
  const queued = await capture.snapshot(['queued'])
  await snapshotEnded(second, queued)
  assert.equal((await readIds(capture, 'running')).length, emitted)
})
