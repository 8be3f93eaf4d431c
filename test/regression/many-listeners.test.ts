// Symptom: Node's own "MaxListenersExceededWarning: Possible EventTarget memory leak" among the log's lines. Cause:
// more than ten tables wait for one mark, or for their turn on one connection, and each listens for the end.

import assert from 'node:assert/strict'
import {test} from 'node:test'
import {numberedTable, prepareCapture, snapshotEnded} from '../support/capture.ts'

test('a snapshot of many tables writes nothing to standard error but log lines', async t => {
  const capture = await prepareCapture(t, {prefix: 'listeners', config: {'snapshot.max.threads': '4'}})
  const tables = Array.from({length: 40}, (_, i) => `t${i}`)
  await capture.connection.query(tables.map(table => numberedTable(table, 5)).join(''))
  const tidemark = await capture.run(t)
  await tidemark.waitForStreaming()
  const snapshots = [await capture.snapshot(tables), await capture.snapshot(tables)]
  for (const id of snapshots) await snapshotEnded(tidemark, id)
  await tidemark.stop()
  assert.deepEqual(
    tidemark.log.filter(({level}) => Number.isNaN(level)).map(({text}) => text),
    [],
  )
})
