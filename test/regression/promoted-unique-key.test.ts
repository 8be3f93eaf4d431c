// Symptom: "table definition changed, reading windows again" for tables without a primary key whenever the stream
// brought their first row. Cause: the binlog names the unique key that the server promotes as the primary key, the
// schema did not, and so the two definitions of one table differed.

import assert from 'node:assert/strict'
import {test} from 'node:test'
import {caughtUp, prepareCapture, snapshotEnded} from '../support/capture.ts'
import {changeOf} from '../support/observed-events.ts'

const keys = [
  'UNIQUE KEY zz (b), UNIQUE KEY aa (a, c)',
  'UNIQUE KEY aa (a, c), UNIQUE KEY zz (b)',
  'UNIQUE KEY n (n), UNIQUE KEY part (s(3)), UNIQUE KEY zz (b)',
  'KEY k (a), UNIQUE KEY long_one (c, b, a), UNIQUE KEY short_one (b)',
  'UNIQUE KEY e ((a + b)), UNIQUE KEY zz (s, b)',
]

for (const key of keys) {
  test(`read and streamed events have the same key: ${key}`, async t => {
    const capture = await prepareCapture(t, {prefix: 'promoted', config: {'incremental.snapshot.chunk.size': '2'}})
    await capture.connection.query(`
      CREATE TABLE t (a INT NOT NULL, b INT NOT NULL, c INT NOT NULL, n INT NULL, s VARCHAR(10) NOT NULL, ${key});
      INSERT INTO t VALUES (1, 2, 3, NULL, 'one'), (2, 3, 4, 5, 'two'), (5, 6, 7, 8, 'three'), (8, 9, 10, 11, 'four')`)
    const tidemark = await capture.run(t)
    await tidemark.waitForStreaming()
    const slow = {'data-collection': `${capture.database.name}.t`, filter: 'SLEEP(0.1) = 0'}
    const id = await capture.snapshot(['t'], {'additional-conditions': [slow]})
    await tidemark.waitForStatus(({snapshot}) => snapshot.tables.some(({rowsDone}) => rowsDone >= 2))
    await capture.connection.query('UPDATE t SET n = 100 WHERE a = 1')
    await snapshotEnded(tidemark, id)
    await caughtUp(tidemark, capture.connection)
    await tidemark.stop()
    const events = await capture.tableEvents('t')
    const keyOf = (op: string): string | null | undefined =>
      events.find(event => {
        const change = changeOf(event)
        return change?.op === op && (JSON.parse(change.after ?? '{}') as {a: number}).a === 1
      })?.keyText
    assert.equal(typeof keyOf('r'), 'string')
    assert.equal(keyOf('u'), keyOf('r'))
    const again = tidemark.log.filter(({msg}) => msg === 'table definition changed, reading windows again')
    assert.equal(again.length, 0, 'its definition has not changed')
  })
}
