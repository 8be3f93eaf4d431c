// Snapshots of unusual sizes: many small tables share their windows, and wide rows do not fill the memory.

import assert from 'node:assert/strict'
import type {RowDataPacket} from 'mysql2/promise'
import {test} from 'node:test'
import {setTimeout as delay} from 'node:timers/promises'
import {caughtUp, numberedTable, prepareCapture, snapshotEnded} from '../support/capture.ts'
import {changeOf, foldEvents} from '../support/observed-events.ts'

const MEBIBYTE = 1024 * 1024

test('a hundred small tables need far fewer marks than tables', async t => {
  const capture = await prepareCapture(t, {prefix: 'many'})
  const {connection, database} = capture
  await connection.query(numberedTable('t0', 50))
  for (let table = 1; table < 100; table++) {
    await connection.query(`CREATE TABLE t${table} LIKE t0; INSERT INTO t${table} SELECT * FROM t0`)
  }
  const tidemark = await capture.run(t)
  await tidemark.waitForStreaming()
  await snapshotEnded(tidemark, await capture.snapshot(['t\\d+']))
  await tidemark.stop()
  const [[marks]] = await connection.query<RowDataPacket[]>(
    "SELECT COUNT(*) AS n FROM debezium_signal WHERE type LIKE 'snapshot-window-%'",
  )
  t.diagnostic(`${String(marks?.['n'])} marks`)
  assert.ok(Number(marks?.['n']) <= 80, `${String(marks?.['n'])} marks for 100 tables`)
  const read = (await capture.events()).filter(event => changeOf(event)?.op === 'r')
  assert.equal(read.length, 5000)
  assert.equal(new Set(read.map(({topic}) => topic)).size, 100)
  assert.ok(read.every(({topic}) => topic.startsWith(`${database.name}.`)))
})

test('rows of 1 MB behind small ones are read in chunks bounded in bytes', async t => {
  const memory = 8 * MEBIBYTE
  const rowBytes = MEBIBYTE
  const capture = await prepareCapture(t, {
    prefix: 'wide',
    config: {'snapshot.memory.bytes': String(memory), 'incremental.snapshot.chunk.size': '2048'},
  })
  const {connection} = capture
  // Two thousand narrow rows keep the server's average down, so that the wide ones come as a surprise.
  await connection.query(`${numberedTable('seed', 1000)}
    CREATE TABLE wide (id BINARY(4) PRIMARY KEY, body LONGTEXT NOT NULL) CHARACTER SET latin1;
    INSERT INTO wide SELECT UNHEX(LPAD(HEX(id), 8, '0')), 'narrow' FROM seed;
    INSERT INTO wide SELECT UNHEX(LPAD(HEX(id + 1000), 8, '0')), 'narrow' FROM seed;
    ANALYZE TABLE wide;
    INSERT INTO wide SELECT UNHEX(LPAD(HEX(id + 2000), 8, '0')), REPEAT(CHAR(97 + id % 26), ${rowBytes}) FROM seed LIMIT 48`)
  const tidemark = await capture.run(t)
  await tidemark.waitForStreaming()
  const id = await capture.snapshot(['wide'])
  let peak = 0
  let over = false
  const ended = snapshotEnded(tidemark, id).finally(() => (over = true))
  while (!over) {
    const {snapshot} = (await tidemark.status()) as unknown as {snapshot: {bytesHeld: number}}
    peak = Math.max(peak, snapshot.bytesHeld)
    await delay(2)
  }
  await ended
  await caughtUp(tidemark, connection)
  await tidemark.stop()
  t.diagnostic(`${(peak / MEBIBYTE).toFixed(1)} MiB held at most`)
  // A chunk is cut at a quarter of the memory, behind the row that passes it; the budget may be passed by one such chunk.
  assert.ok(peak > 0 && peak <= memory + memory / 4 + 2 * rowBytes, `${peak} bytes held`)
  const rows = foldEvents(await capture.tableEvents('wide'))
  assert.equal(rows.size, 2048)
  const lengths = [...rows.values()].map(text => (JSON.parse(text) as {body: string}).body.length)
  assert.equal(lengths.filter(length => length === rowBytes).length, 48)
})
