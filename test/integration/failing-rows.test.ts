// Rows of the stream that cannot be shown, left out as the configuration says: under a running copy, over a kill, and
// mended by a copy that is begun later.

import assert from 'node:assert/strict'
import {test} from 'node:test'
import type {RowDataPacket} from 'mysql2/promise'
import {caughtUp, prepareCapture, snapshotEnded, type Capture} from '../support/capture.ts'
import {changeOf, foldEvents} from '../support/observed-events.ts'
import type {TidemarkProcess} from '../support/tidemark-process.ts'

const MODE = 'event.processing.failure.handling.mode'
/** What nanoseconds since 1970 cannot express in 64 bits. */
const FAR = "'9999-01-01'"
const NANOS = {'time.precision.mode': 'nanoseconds', 'incremental.snapshot.chunk.size': '20'}
const MOST = 400

/** `a` (1 to 400), whose times all can be shown. */
async function filled(t: Parameters<typeof prepareCapture>[0]): Promise<Capture> {
  const capture = await prepareCapture(t, {prefix: 'failing', config: {...NANOS, [MODE]: 'warn'}})
  await capture.connection.query(`CREATE TABLE a (id INT PRIMARY KEY, at DATETIME NOT NULL, n INT NOT NULL);
    INSERT INTO a WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${MOST})
      SELECT i, '2024-01-01', 0 FROM n;`)
  return capture
}

async function folded(capture: Capture): Promise<(readonly [number, number])[]> {
  const rows = [...foldEvents(await capture.tableEvents('a')).values()]
  return rows
    .map(text => JSON.parse(text) as {id: number; n: number})
    .map(({id, n}) => [id, n] as const)
    .sort(([a], [b]) => a - b)
}

async function stored(capture: Capture): Promise<(readonly [number, number])[]> {
  const [rows] = await capture.connection.query<RowDataPacket[]>('SELECT id, n FROM a ORDER BY id')
  return rows.map(row => [Number(row['id']), Number(row['n'])] as const)
}

async function diverged(tidemark: TidemarkProcess): Promise<{table: string; reason: string}[]> {
  const page = (await tidemark.status()) as unknown as {diverged: {table: string; reason: string}[]}
  return page.diverged.map(({table, reason}) => ({table, reason}))
}

/** A change that no SELECT shows in between, whose rows in the binlog cannot be shown. */
async function changeThroughFar(capture: Capture, id: number, n: number): Promise<void> {
  await capture.connection.query(
    `BEGIN; UPDATE a SET at = ${FAR} WHERE id = ${id}; UPDATE a SET at = '2024-01-01', n = ${n} WHERE id = ${id}; COMMIT`,
  )
}

test('rows left out under a copy and over a kill are counted and reported, and a later copy mends the topic', async t => {
  const capture = await filled(t)
  const {connection} = capture
  const table = `${capture.database.name}.a`
  let tidemark = await capture.run(t)
  await tidemark.waitForStreaming()
  const slow = {'data-collection': table, filter: 'SLEEP(0.005) = 0'}
  const first = await capture.snapshot(['a'], {'additional-conditions': [slow]})
  await tidemark.waitForStatus(({snapshot}) => snapshot.tables.some(({rowsDone}) => rowsDone >= 40))
  for (let i = 1; i <= 10; i++) {
    await changeThroughFar(capture, i * 7, i)
    await connection.query(`UPDATE a SET n = ${i} WHERE id BETWEEN ${i * 3} AND ${i * 3 + 2}`)
  }
  await tidemark.waitForStatus(page => (page as unknown as {diverged: unknown[]}).diverged.length === 1)
  await tidemark.kill()
  for (let i = 11; i <= 20; i++) await changeThroughFar(capture, i * 7, i)
  // Rows before and behind it in the same event come.
  await connection.query(`INSERT INTO a VALUES (1001, '2024-01-01', 1), (1002, ${FAR}, 2), (1003, '2024-01-01', 3)`)
  await connection.query("UPDATE a SET at = '2024-01-01', n = 9 WHERE id = 1002")
  tidemark = await capture.run(t)
  await snapshotEnded(tidemark, first)
  await caughtUp(tidemark, connection)
  const reason = 'rows left out: TIDEMARK_VALUE_TIME_RANGE'
  assert.deepEqual(await diverged(tidemark), [{table, reason}], 'a copy with a condition mends nothing')
  const metrics = await (await fetch(`${tidemark.url}/metrics`)).text()
  const count = /^tidemark_events_skipped_total\{table="[^"]*\.a"\} (\d+)$/m.exec(metrics)?.[1]
  assert.ok(Number(count) >= 22, `counted ${count ?? 'nothing'}`)
  const line = await tidemark.waitForLog('rows that cannot be shown are left out')
  assert.deepEqual([line.level, line.fields['table'], line.fields['code']], [40, table, 'TIDEMARK_VALUE_TIME_RANGE'])
  assert.match(String(line.fields['place']), /^\S+:\d+$/)
  const inserted = (await capture.tableEvents('a')).flatMap(event => {
    const change = changeOf(event)
    return change?.op === 'c' ? [(JSON.parse(change.after!) as {id: number}).id] : []
  })
  assert.deepEqual([...new Set(inserted)], [1001, 1003])

  await snapshotEnded(tidemark, await capture.snapshot(['a']))
  await caughtUp(tidemark, connection)
  assert.deepEqual(await diverged(tidemark), [], 'a whole copy that was begun later mends it')
  await tidemark.stop()
  assert.deepEqual(await folded(capture), await stored(capture))
})

test('a session that writes incomplete rows does not stop the task, and other sessions’ rows come', async t => {
  const capture = await filled(t)
  const tidemark = await capture.run(t)
  await tidemark.waitForStreaming()
  const other = await capture.database.connect()
  await other.query('SET SESSION binlog_row_image = MINIMAL')
  await other.query('UPDATE a SET n = 5 WHERE id IN (1, 2)')
  await other.query('DELETE FROM a WHERE id = 3')
  await capture.connection.query('UPDATE a SET n = 6 WHERE id = 4')
  await caughtUp(tidemark, capture.connection)
  const table = `${capture.database.name}.a`
  const reason = 'rows left out: TIDEMARK_BINLOG_ROW_INCOMPLETE'
  assert.deepEqual(await diverged(tidemark), [{table, reason}])
  assert.deepEqual(await folded(capture), [[4, 6]])
  await snapshotEnded(tidemark, await capture.snapshot(['a']))
  const [left] = await diverged(tidemark)
  assert.match(left!.reason, /^ghosts possible: /, 'the row that was deleted may be in the topic for ever')
  await tidemark.stop()
  assert.deepEqual(await folded(capture), await stored(capture))
})

test('with fail, the default, such a row stops the task, and the same place goes on with warn', async t => {
  const capture = await filled(t)
  const {connection} = capture
  const stopping = await capture.run(t, {[MODE]: 'fail'})
  await stopping.waitForStreaming()
  await connection.query(`INSERT INTO a VALUES (1001, '2024-01-01', 1), (1002, ${FAR}, 2), (1003, '2024-01-01', 3)`)
  const {code} = await stopping.ended
  assert.equal(code, 1)
  const tidemark = await capture.run(t)
  await tidemark.waitForStreaming()
  await caughtUp(tidemark, connection)
  await tidemark.stop()
  assert.deepEqual(await folded(capture), [
    [1001, 1],
    [1003, 3],
  ])
})
