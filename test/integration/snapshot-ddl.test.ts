// The table's definition changes while it is copied: no row comes out in a wrong shape, the copy goes on or ends, and
// what the topic cannot show is said. Every kind of statement is in ddl-moments.

import assert from 'node:assert/strict'
import type {RowDataPacket} from 'mysql2/promise'
import {test, type TestContext} from 'node:test'
import {caughtUp, numberedTable, prepareCapture, snapshotEnded, type Capture} from '../support/capture.ts'
import {changeOf, foldEvents} from '../support/observed-events.ts'
import type {TidemarkProcess} from '../support/tidemark-process.ts'

interface Running {
  readonly capture: Capture
  readonly tidemark: TidemarkProcess
  readonly id: string
}

/** A copy of `a` (1 to 600) that has come to row 50 at least and takes seconds more. */
async function whileCopying(t: TestContext): Promise<Running> {
  const capture = await prepareCapture(t, {prefix: 'ddl', config: {'incremental.snapshot.chunk.size': '20'}})
  await capture.connection.query(numberedTable('a', 600))
  const tidemark = await capture.run(t)
  await tidemark.waitForStreaming()
  const slow = {'data-collection': `${capture.database.name}.a`, filter: 'SLEEP(0.004) = 0'}
  const id = await capture.snapshot(['a'], {'additional-conditions': [slow]})
  await tidemark.waitForStatus(({snapshot}) => snapshot.tables.some(({rowsDone}) => rowsDone >= 50))
  return {capture, tidemark, id}
}

async function folded(capture: Capture, table: string): Promise<Record<string, unknown>[]> {
  const rows = [...foldEvents(await capture.tableEvents(table)).values()]
  return rows.map(text => JSON.parse(text) as Record<string, unknown>).sort((a, b) => Number(a['id']) - Number(b['id']))
}

async function stored(capture: Capture, table: string): Promise<Record<string, unknown>[]> {
  const [rows] = await capture.connection.query<RowDataPacket[]>(`SELECT * FROM ${table} ORDER BY id`)
  return rows.map(row => ({...row}))
}

async function divergedTables(tidemark: TidemarkProcess): Promise<string[]> {
  const {diverged} = (await tidemark.status()) as unknown as {diverged: {table: string}[]}
  return diverged.map(({table}) => table)
}

test('a column that moves and changes in the middle of a copy, with keys that change: a second copy equals the table', async t => {
  const {capture, tidemark, id} = await whileCopying(t)
  await capture.connection.query('ALTER TABLE a MODIFY note VARCHAR(200) NOT NULL FIRST')
  await capture.connection.query('UPDATE a SET id = id + 1000 WHERE id % 7 = 0')
  await snapshotEnded(tidemark, id)
  await snapshotEnded(tidemark, await capture.snapshot(['a']))
  await caughtUp(tidemark, capture.connection)
  assert.deepEqual(await divergedTables(tidemark), [], 'a whole copy that was begun later mends it')
  await tidemark.stop()
  assert.deepEqual(await folded(capture, 'a'), await stored(capture, 'a'))
})

test('a column added in the middle of a copy is said to make the topic diverge', async t => {
  const {capture, tidemark, id} = await whileCopying(t)
  await capture.connection.query('ALTER TABLE a ADD COLUMN more INT NOT NULL DEFAULT 7')
  await snapshotEnded(tidemark, id)
  assert.deepEqual(await divergedTables(tidemark), [`${capture.database.name}.a`])
  await tidemark.stop()
  const rows = await folded(capture, 'a')
  assert.equal(rows.length, 600)
  for (const row of rows) assert.ok(row['more'] === 7 || !('more' in row), JSON.stringify(row))
})

test('TRUNCATE in the middle of a copy ends it, and nothing of before comes behind it', async t => {
  const {capture, tidemark, id} = await whileCopying(t)
  await capture.connection.query('TRUNCATE a')
  await capture.connection.query("INSERT INTO a VALUES (5, 'new')")
  await snapshotEnded(tidemark, id)
  await caughtUp(tidemark, capture.connection)
  assert.deepEqual(await divergedTables(tidemark), [`${capture.database.name}.a`])
  await tidemark.stop()
  const events = await capture.tableEvents('a')
  const inserted = events.findIndex(event => changeOf(event)?.op === 'c')
  assert.ok(inserted >= 0, 'the new row did not come')
  assert.deepEqual(
    events.slice(inserted).filter(event => event.keyText !== '{"id":5}'),
    [],
  )
  assert.deepEqual((await folded(capture, 'a')).find(row => row['id'] === 5)?.['note'], 'new')
})

test('DROP TABLE in the middle of a copy ends it with an answer, and the task goes on', async t => {
  const {capture, tidemark, id} = await whileCopying(t)
  await capture.connection.query('DROP TABLE a')
  const ends = new Set(['snapshot done', 'snapshot stopped', 'snapshot failed'])
  await tidemark.waitForLog(({msg, fields}) => ends.has(msg) && fields['snapshot'] === id, 60_000)
  await capture.connection.query(numberedTable('b', 30))
  await snapshotEnded(tidemark, await capture.snapshot(['b']))
  assert.equal((await folded(capture, 'b')).length, 30)
})

test('a table renamed in the middle of its copy is answered, and its new name can be copied', async t => {
  const {capture, tidemark, id} = await whileCopying(t)
  await capture.connection.query('RENAME TABLE a TO z')
  const ends = new Set(['snapshot done', 'snapshot stopped', 'snapshot failed'])
  await tidemark.waitForLog(({msg, fields}) => ends.has(msg) && fields['snapshot'] === id, 60_000)
  await snapshotEnded(tidemark, await capture.snapshot(['z']))
  await tidemark.stop()
  assert.deepEqual(await folded(capture, 'z'), await stored(capture, 'z'))
})
