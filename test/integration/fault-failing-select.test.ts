// A table whose SELECT keeps failing: it is `failed` and says why, the rest goes on, and resume-snapshot finishes it once
// the cause is gone (in the same process: fault-revoked.test.ts).

import assert from 'node:assert/strict'
import {test} from 'node:test'
import {caughtUp, receipt, type Capture} from '../support/capture.ts'
import {judge, snapshotUnderWrites} from '../support/snapshot-scenario.ts'
import type {StatusPage, TidemarkProcess} from '../support/tidemark-process.ts'

/** While a table has two rows in `breaker`, the SELECT of each of its chunks fails, and EXPLAIN does not. */
const breaker = (table: string, database: string): string =>
  `(SELECT ok FROM ${database}.breaker WHERE name = '${table}') = 1`

type TableStatus = StatusPage['snapshot']['tables'][number]

/** Breaks a table of which some rows are done and most are not. */
async function breakOne(capture: Capture, tidemark: TidemarkProcess): Promise<string> {
  const isUnderWay = ({state, rowsDone, rowsEstimated}: TableStatus): boolean =>
    state === 'running' && rowsDone > 0 && rowsDone < (rowsEstimated ?? 0) / 3
  const {snapshot} = await tidemark.waitForStatus(page => page.snapshot.tables.some(isUnderWay))
  const table = snapshot.tables.find(isUnderWay)?.table ?? ''
  await capture.connection.query('INSERT INTO breaker VALUES (?, 1)', [table.split('.')[1]])
  return table
}

async function untilFailed(tidemark: TidemarkProcess, table: string): Promise<TableStatus> {
  const ofTable = (page: StatusPage): TableStatus | undefined => page.snapshot.tables.find(one => one.table === table)
  const page = await tidemark.waitForStatus(now => ofTable(now)?.state === 'failed')
  return ofTable(page)!
}

test('a table whose SELECT keeps failing is failed, and resume-snapshot finishes it, also after a restart', async t => {
  const outcome = await snapshotUnderWrites(t, {
    config: {'incremental.snapshot.chunk.size': '40'},
    snapshots: 1,
    kinds: 4,
    size: 1500,
    restMs: 1,
    secondsPerRow: 0.001,
    filter: breaker,
    interrupted: async (capture, first) => {
      const table = await breakOne(capture, first)
      const failed = await untilFailed(first, table)
      assert.match(failed.problem ?? '', /more than 1 row/)
      const line = await first.waitForLog(({msg}) => msg.startsWith('table scan failed'))
      assert.equal(line.fields['table'], table)
      // The others are copied to their ends, and the stream goes on.
      const {snapshot, streaming} = await first.waitForStatus(page => page.snapshot.state === 'failed')
      assert.ok(streaming)
      assert.deepEqual(
        snapshot.tables.filter(({state}) => state !== 'done').map(one => one.table),
        [table],
      )
      await caughtUp(first, capture.connection)
      await first.stop()
      const tidemark = await capture.run(t)
      await tidemark.waitForStreaming()
      assert.equal((await untilFailed(tidemark, table)).problem, failed.problem)
      await capture.connection.query('DELETE FROM breaker WHERE name = ? LIMIT 1', [table.split('.')[1]])
      const {result} = await receipt(tidemark, await capture.signal('resume-snapshot', null))
      assert.equal(result, 'accepted')
      const done = await tidemark.waitForStatus(page => page.snapshot.state === 'idle')
      const rows = done.snapshot.tables.find(one => one.table === table)?.rowsDone ?? 0
      assert.ok(rows > failed.rowsDone && failed.rowsDone > 0, `${failed.rowsDone} rows, then ${rows}`)
      return tidemark
    },
    setUp: async (capture, names) => {
      await capture.connection.query('CREATE TABLE breaker (name VARCHAR(40) NOT NULL, ok INT NOT NULL)')
      await capture.connection.query('INSERT INTO breaker VALUES ?', [names.map(name => [name, 1])])
    },
  })
  const events = await outcome.capture.events()
  await judge(outcome, table => events.filter(event => event.topic === outcome.capture.topic(table)))
})
