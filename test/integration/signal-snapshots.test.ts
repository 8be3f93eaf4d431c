// What a signal may ask for, and that it is done: which tables, which rows, by which key; stopping; ids.

import assert from 'node:assert/strict'
import type {RowDataPacket} from 'mysql2/promise'
import {test, type TestContext} from 'node:test'
import {eventually} from '../../tools/servers/eventually.ts'
import {
  caughtUp,
  numberedTable,
  prepareCapture,
  readIds,
  receipt,
  snapshotEnded,
  type Capture,
} from '../support/capture.ts'
import {foldEvents} from '../support/observed-events.ts'
import type {Config} from '../support/tidemark-config.ts'
import type {TidemarkProcess} from '../support/tidemark-process.ts'

/** Every row of the table `slow` but its last takes this long, so that a SELECT is running when the test comes for it. */
const SLOW = 'id = 300 OR SLEEP(30) = 0'

async function start(
  t: TestContext,
  options: {tables: string; config?: Config},
): Promise<{capture: Capture; tidemark: TidemarkProcess}> {
  const capture = await prepareCapture(t, {
    prefix: 'signals',
    config: {'incremental.snapshot.chunk.size': '10', ...options.config},
  })
  await capture.connection.query(options.tables)
  const tidemark = await capture.run(t)
  await tidemark.waitForStreaming()
  return {capture, tidemark}
}

/** Until a SELECT of a chunk of the table runs, or none does any more. */
async function chunkSelectRuns(capture: Capture, table: string, runs = true): Promise<void> {
  await eventually({what: `the SELECT of a chunk to ${runs ? 'run' : 'end'}`, timeoutMs: 30_000}, async () => {
    const [rows] = await capture.connection.query<RowDataPacket[]>(
      "SELECT 1 FROM information_schema.PROCESSLIST WHERE INFO LIKE ? AND INFO NOT LIKE '%PROCESSLIST%'",
      [`SELECT %\`${capture.database.name}\`.\`${table}\`%LIMIT%`],
    )
    return rows.length > 0 === runs ? true : undefined
  })
}

test('several names and a regular expression copy exactly the tables that match', async t => {
  const tables = ['orders_1', 'orders_2', 'items', 'other'].map(name => numberedTable(name, 25)).join('')
  const {capture, tidemark} = await start(t, {tables})
  await snapshotEnded(tidemark, await capture.snapshot(['orders_.', 'items']))
  const counts = await Promise.all(
    ['orders_1', 'orders_2', 'items', 'other'].map(async name => await readIds(capture, name)),
  )
  assert.deepEqual(
    counts.map(ids => ids.length),
    [25, 25, 25, 0],
  )
})

test('additional-conditions copy the rows of their filter, of their table alone', async t => {
  const {capture, tidemark} = await start(t, {tables: numberedTable('a', 40) + numberedTable('b', 40)})
  const {name} = capture.database
  const id = await capture.snapshot(['a', 'b'], {
    'additional-conditions': [{'data-collection': `${name}.a`, filter: "id % 2 = 0 OR note = 'row 7'"}],
  })
  await snapshotEnded(tidemark, id)
  const even = Array.from({length: 40}, (_, i) => i + 1).filter(i => i % 2 === 0 || i === 7)
  assert.deepEqual(await readIds(capture, 'a'), even)
  assert.equal((await readIds(capture, 'b')).length, 40)
})

test('a condition that no row satisfies ends at once as done', async t => {
  const {capture, tidemark} = await start(t, {tables: numberedTable('a', 40)})
  const conditions = [{'data-collection': `${capture.database.name}.a`, filter: 'id > 100'}]
  await snapshotEnded(tidemark, await capture.snapshot(['a'], {'additional-conditions': conditions}))
  assert.deepEqual(await readIds(capture, 'a'), [])
})

test('an empty table is copied as nothing', async t => {
  const {capture, tidemark} = await start(t, {tables: 'CREATE TABLE no_rows (id INT PRIMARY KEY);'})
  await snapshotEnded(tidemark, await capture.snapshot(['no_rows']))
  assert.deepEqual(await readIds(capture, 'no_rows'), [])
})

const surrogateTable = `CREATE TABLE t (id INT PRIMARY KEY, code INT NOT NULL, grp INT NOT NULL, UNIQUE KEY (code), KEY (grp));
  INSERT INTO t WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 95)
    SELECT i, 1000 - i, i % 3 FROM n;`

test('a unique surrogate key orders the copy', async t => {
  const {capture, tidemark} = await start(t, {tables: surrogateTable})
  await snapshotEnded(tidemark, await capture.snapshot(['t'], {'surrogate-key': 'code'}))
  assert.deepEqual(
    await readIds(capture, 't'),
    Array.from({length: 95}, (_, i) => 95 - i),
  )
})

test('a surrogate key with equal values in more rows than a chunk has loses none of them', async t => {
  const {capture, tidemark} = await start(t, {tables: surrogateTable})
  await snapshotEnded(tidemark, await capture.snapshot(['t'], {'surrogate-key': 'grp'}))
  const ids = await readIds(capture, 't')
  assert.equal(new Set(ids).size, 95)
  assert.equal(ids.length, 95)
})

test('a row whose surrogate key moves back while it is copied is not lost and does not go back', async t => {
  const {capture, tidemark} = await start(t, {tables: surrogateTable})
  const {name} = capture.database
  const id = await capture.snapshot(['t'], {
    'surrogate-key': 'code',
    'additional-conditions': [{'data-collection': `${name}.t`, filter: 'SLEEP(0.005) = 0'}],
  })
  await tidemark.waitForStatus(({snapshot}) => snapshot.tables.some(({rowsDone}) => rowsDone >= 10))
  await capture.connection.query('UPDATE t SET code = -id WHERE id % 2 = 0')
  await snapshotEnded(tidemark, id)
  await caughtUp(tidemark, capture.connection)
  await tidemark.stop()
  const [rows] = await capture.connection.query<RowDataPacket[]>('SELECT id, code FROM t')
  const folded = [...foldEvents(await capture.tableEvents('t')).values()].map(text => JSON.parse(text) as {id: number})
  const byId = (a: {id?: number}, b: {id?: number}): number => (a.id ?? 0) - (b.id ?? 0)
  assert.deepEqual(
    folded.map(({id, code}: {id: number; code?: number}) => ({id, code})).sort(byId),
    rows.map(row => ({id: Number(row['id']), code: Number(row['code'])})).sort(byId),
  )
})

test('stop-snapshot for one table ends its running SELECT; the others are copied', async t => {
  const {capture, tidemark} = await start(t, {tables: numberedTable('slow', 300) + numberedTable('quick', 30)})
  const {name} = capture.database
  const id = await capture.snapshot(['slow', 'quick'], {
    'additional-conditions': [{'data-collection': `${name}.slow`, filter: SLOW}],
  })
  await chunkSelectRuns(capture, 'slow')
  const stop = await capture.signal('stop-snapshot', {'data-collections': [`${name}.slow`], type: 'incremental'})
  assert.equal((await receipt(tidemark, stop)).result, 'accepted')
  await snapshotEnded(tidemark, id)
  await chunkSelectRuns(capture, 'slow', false)
  assert.equal((await readIds(capture, 'quick')).length, 30)
  assert.deepEqual(await readIds(capture, 'slow'), [])
  const page = await tidemark.status()
  assert.deepEqual(
    page.snapshot.tables.map(({table, state}) => `${table} ${state}`),
    [`${name}.slow stopped`, `${name}.quick done`],
  )
})

test('stop-snapshot without tables ends what runs and what is queued', async t => {
  const {capture, tidemark} = await start(t, {tables: numberedTable('slow', 300) + numberedTable('quick', 30)})
  const conditions = [{'data-collection': `${capture.database.name}.slow`, filter: SLOW}]
  const running = await capture.snapshot(['slow'], {'additional-conditions': conditions})
  const queued = await capture.snapshot(['quick'])
  await receipt(tidemark, queued)
  await chunkSelectRuns(capture, 'slow')
  await receipt(tidemark, await capture.signal('stop-snapshot', null))
  await snapshotEnded(tidemark, running, {end: 'snapshot stopped'})
  await snapshotEnded(tidemark, queued, {end: 'snapshot stopped'})
  assert.deepEqual(await readIds(capture, 'quick'), [])
  // The lane that was cut off reads again.
  await snapshotEnded(tidemark, await capture.snapshot(['quick']))
  assert.equal((await readIds(capture, 'quick')).length, 30)
})

test('an id that is still queued or running is ignored, and may be used again afterwards', async t => {
  const {capture, tidemark} = await start(t, {tables: numberedTable('slow', 60)})
  const {name} = capture.database
  const data = {
    'data-collections': [`${name}.slow`],
    'additional-conditions': [{'data-collection': `${name}.slow`, filter: 'SLEEP(0.02) = 0'}],
  }
  await capture.signal('execute-snapshot', data, 'mine')
  await tidemark.waitForLog('table started')
  await capture.connection.query("DELETE FROM debezium_signal WHERE id = 'mine'")
  await capture.signal('execute-snapshot', data, 'mine')
  const ignored = await tidemark.waitForLog(({fields}) => fields['signal'] === 'mine' && fields['result'] === 'ignored')
  assert.match(String(ignored.fields['reason']), /a snapshot with id mine is queued or running/)
  await snapshotEnded(tidemark, 'mine')
  assert.equal((await readIds(capture, 'slow')).length, 60)
  await capture.connection.query("DELETE FROM debezium_signal WHERE id = 'mine'")
  await capture.signal('execute-snapshot', data, 'mine')
  await eventually({what: 'a second copy', timeoutMs: 30_000}, async () =>
    (await readIds(capture, 'slow')).length === 120 ? true : undefined,
  )
})

for (const strategy of ['insert_insert', 'insert_delete']) {
  test(`marks of ${strategy} fit a signal table of VARCHAR(36) ids`, async t => {
    const {capture, tidemark} = await start(t, {
      tables: numberedTable('a', 500),
      config: {'incremental.snapshot.watermarking.strategy': strategy, 'signal.table.events': 'false'},
    })
    await snapshotEnded(tidemark, await capture.snapshot(['a']))
    await tidemark.stop()
    const [rows] = await capture.connection.query<RowDataPacket[]>(
      "SELECT id, type FROM debezium_signal WHERE type LIKE 'snapshot-window-%'",
    )
    if (strategy === 'insert_insert') assert.ok(rows.length > 0)
    else assert.ok(rows.length <= 1, `${rows.length} marks are left`)
    assert.deepEqual(await capture.tableEvents('debezium_signal'), [], 'signal.table.events=false')
    assert.equal((await readIds(capture, 'a')).length, 500)
  })
}
