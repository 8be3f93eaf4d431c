// Symptom: a snapshot that waited for an earlier one of the same table stayed queued for ever. Cause: nobody looked for
// more to read when the acknowledgement of its last rows ended a table.

import assert from 'node:assert/strict'
import {test} from 'node:test'
import {numberedTable, prepareCapture, readIds, snapshotEnded} from '../support/capture.ts'

test('a snapshot queued behind one of the same table begins when that ends', async t => {
  const capture = await prepareCapture(t, {prefix: 'queued'})
  await capture.connection.query(numberedTable('a', 50))
  const tidemark = await capture.run(t)
  await tidemark.waitForStreaming()
  const ids = [await capture.snapshot(['a']), await capture.snapshot(['a']), await capture.snapshot(['a'])]
  for (const id of ids) await snapshotEnded(tidemark, id, {timeoutMs: 30_000})
  assert.equal((await readIds(capture, 'a')).length, 150)
})
