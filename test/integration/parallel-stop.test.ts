// stop-snapshot for a table that the parallel reader has: the whole product, on a real server.

import assert from 'node:assert/strict'
import {test} from 'node:test'
import {receipt} from '../support/capture.ts'
import {
  assertCounted,
  assertFolds,
  atRest,
  copying,
  hurry,
  KEYED,
  KEYLESS,
  parallelScene,
  passed,
  reached,
  throttle,
  type ParallelScene,
} from '../support/parallel-scene.ts'
import type {TidemarkProcess} from '../support/tidemark-process.ts'

async function write({capture, writer}: ParallelScene): Promise<void> {
  for (let i = 0; i < 5; i++) await writer.transaction()
  await capture.connection.query(`INSERT INTO ${KEYED} (note) VALUES ('x')`)
}

/** By a row of the signal table, which the stream must bring. */
async function stop(tidemark: TidemarkProcess, {capture, table}: ParallelScene): Promise<void> {
  const id = await capture.signal('stop-snapshot', {'data-collections': [table]})
  assert.deepEqual(await receipt(tidemark, id), {result: 'accepted', reason: null})
  await tidemark.waitForLog('snapshot stopped', 60_000)
}

test('a copy that is stopped between its rows: the table diverged, the stream goes on, and a new copy mends it', async t => {
  const scene = await parallelScene(t)
  const {capture, table} = scene
  const tidemark = await capture.run(t)
  await tidemark.waitForStreaming()
  await copying(tidemark, scene)
  await write(scene)
  await stop(tidemark, scene)
  await write(scene)
  await atRest(tidemark, scene)
  await assertFolds(scene, KEYED)
  const {diverged} = await tidemark.status()
  assert.deepEqual(
    diverged.map(each => [each.table, each.reason]),
    [[table, 'its copy was stopped before its end']],
  )
  const before = (await capture.tableEvents(KEYLESS)).length
  await capture.connection.query(`INSERT INTO ${KEYLESS} (n) VALUES (7)`)
  await passed(tidemark, capture)
  assert.equal((await capture.tableEvents(KEYLESS)).length, before + 1, 'its stream goes on')
  await hurry(tidemark)
  await capture.snapshot([KEYLESS])
  await tidemark.waitForLog('snapshot done', 60_000)
  await write(scene)
  await atRest(tidemark, scene)
  // Left out of the writer's model: what the server has counts.
  await assertCounted(scene)
  assert.deepEqual((await tidemark.status()).diverged, [])
})

test('a copy that is stopped before its first row leaves the topic as it was: whole', async t => {
  const scene = await parallelScene(t, {rows: 200, config: {'snapshot.max.rows.per.second': '0'}})
  const {capture} = scene
  const tidemark = await capture.run(t)
  await tidemark.waitForStreaming()
  await capture.snapshot([KEYLESS])
  await tidemark.waitForLog('snapshot done', 60_000)
  await atRest(tidemark, scene)
  await assertCounted(scene)
  const {length} = await capture.tableEvents(KEYLESS)
  await throttle(tidemark, {query: 'SELECT 1'})
  const copies = tidemark.log.length
  await capture.snapshot([KEYLESS])
  await tidemark.waitForLog(line => tidemark.log.indexOf(line) >= copies && reached('copying')(line), 60_000)
  await tidemark.waitForStatus(
    ({snapshot}) => snapshot.parallel?.state === 'copying' && snapshot.parallel.waitsFor === null,
    60_000,
  )
  await write(scene)
  await stop(tidemark, scene)
  await atRest(tidemark, scene)
  assert.deepEqual((await tidemark.status()).diverged, [])
  const behind = (await capture.tableEvents(KEYLESS)).slice(length)
  assert.ok(behind.every(({valueText}) => !/"op":"[rt]"/.test(valueText ?? '')))
  await assertCounted(scene)
})
