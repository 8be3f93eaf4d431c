// A blocking signal, which the parallel reader answers, for a keyed table that may have ghosts or has diverged: what it
// resets, and what a part of the table does not mend.

import assert from 'node:assert/strict'
import type {RowDataPacket} from 'mysql2/promise'
import {test, type TestContext} from 'node:test'
import {caughtUp, numberedTable, prepareCapture, snapshotEnded, type Capture} from '../support/capture.ts'
import {changeOf, foldEvents} from '../support/observed-events.ts'
import type {TidemarkProcess} from '../support/tidemark-process.ts'

/** A task whose table lost rows without events: it was away from the filter meanwhile. */
async function diverged(t: TestContext, skipped: string): Promise<{capture: Capture; tidemark: TidemarkProcess}> {
  const config = {'skipped.operations': skipped, 'snapshot.new.tables': 'off'}
  const capture = await prepareCapture(t, {prefix: 'resets', config})
  const {name} = capture.database
  await capture.connection.query(numberedTable('a', 3) + numberedTable('b', 30))
  const tidemark = await capture.run(t)
  await tidemark.waitForStreaming()
  await snapshotEnded(tidemark, await capture.snapshot(['b']))
  await filter(tidemark, `${name}.a`)
  await capture.connection.query("DELETE FROM b WHERE id < 10; UPDATE b SET note = 'meanwhile'")
  await caughtUp(tidemark, capture.connection)
  await filter(tidemark, `${name}.[ab]`)
  assert.equal((await tidemark.status()).diverged.length, 1)
  return {capture, tidemark}
}

async function filter(tidemark: TidemarkProcess, list: string): Promise<void> {
  const headers = {'content-type': 'application/json'}
  const body = JSON.stringify({'table.include.list': list})
  const response = await fetch(`${tidemark.url}/config`, {method: 'PATCH', headers, body})
  assert.equal(response.status, 200, await response.text())
}

async function copiedBy(capture: Capture, tidemark: TidemarkProcess, more: object): Promise<void> {
  await snapshotEnded(tidemark, await capture.snapshot(['b'], {type: 'blocking', ...more}))
  await tidemark.waitForStatus(({snapshot}) => snapshot.parallel === null)
}

async function foldedIds(capture: Capture): Promise<number[]> {
  const rows = [...foldEvents(await capture.tableEvents('b')).values()].map(text => JSON.parse(text) as {id: number})
  return rows.map(({id}) => id).sort((a, b) => a - b)
}

async function serverIds(capture: Capture): Promise<number[]> {
  const [rows] = await capture.connection.query<RowDataPacket[]>('SELECT id FROM b ORDER BY id')
  return rows.map(row => Number(row['id']))
}

test('I1: a keyed table that may have ghosts is reset before the parallel reader copies it', async t => {
  const {capture, tidemark} = await diverged(t, 'none')
  await copiedBy(capture, tidemark, {})
  assert.deepEqual(await foldedIds(capture), await serverIds(capture))
  assert.deepEqual((await tidemark.status()).diverged, [])
  const ops = (await capture.tableEvents('b')).map(event => changeOf(event)?.op)
  assert.equal(ops.filter(op => op === 't').length, 1)
})

test('where truncate events are skipped, ghosts stay named behind a copy by the parallel reader', async t => {
  const {capture, tidemark} = await diverged(t, 't')
  await copiedBy(capture, tidemark, {})
  assert.equal((await foldedIds(capture)).length, 30)
  const {diverged: list} = await tidemark.status()
  assert.deepEqual(
    list.map(({reason}) => reason),
    ['ghosts possible: absence from the filter removed rows without events'],
  )
})

test('a copy of a part by the parallel reader resets nothing and mends nothing', async t => {
  const {capture, tidemark} = await diverged(t, 'none')
  const before = (await tidemark.status()).diverged
  const condition = {'data-collection': `${capture.database.name}.b`, filter: 'id > 28'}
  await copiedBy(capture, tidemark, {'additional-conditions': [condition]})
  assert.deepEqual((await tidemark.status()).diverged, before)
  const events = await capture.tableEvents('b')
  assert.deepEqual(
    events.slice(30).map(event => changeOf(event)?.op),
    ['r', 'r'],
  )
})
