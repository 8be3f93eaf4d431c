// A grant is taken away in the middle of a snapshot: the table is there, and must not count as dropped.

import assert from 'node:assert/strict'
import {test} from 'node:test'
import {caughtUp, numberedTable, prepareCapture, readIds, receipt} from '../support/capture.ts'

test('a table that Tidemark may not read any more is failed, not skipped, and resume-snapshot copies it', async t => {
  const capture = await prepareCapture(t, {prefix: 'revoked', config: {'incremental.snapshot.chunk.size': '10'}})
  const {connection} = capture
  const {name} = capture.database
  await connection.query(numberedTable('a', 200) + numberedTable('b', 30))
  await connection.query(`CREATE USER ${name} IDENTIFIED BY 'x';
    GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO ${name}; GRANT SELECT ON ${name}.a TO ${name};
    GRANT SELECT ON ${name}.b TO ${name}; GRANT SELECT, INSERT, DELETE ON ${name}.debezium_signal TO ${name}`)
  const tidemark = await capture.run(t, {'database.user': name, 'database.password': 'x'})
  await tidemark.waitForStreaming()
  // `b` waits behind `a`; its first row event comes while it waits.
  const slowly = {'data-collection': `${name}.a`, filter: 'SLEEP(0.01) = 0'}
  const id = await capture.snapshot(['a', 'b'], {'additional-conditions': [slowly]})
  await receipt(tidemark, id)
  await connection.query(`REVOKE SELECT ON ${name}.b FROM ${name}; UPDATE b SET note = 'new' WHERE id = 7`)
  await tidemark.waitForStatus(({snapshot}) => snapshot.state === 'failed', 60_000)
  const {snapshot} = await tidemark.status()
  assert.deepEqual(
    snapshot.tables.map(({table, state}) => [table, state]),
    [
      [`${name}.a`, 'done'],
      [`${name}.b`, 'failed'],
    ],
  )
  await connection.query(`GRANT SELECT ON ${name}.b TO ${name}`)
  const {result} = await receipt(tidemark, await capture.signal('resume-snapshot', null))
  assert.equal(result, 'accepted')
  await tidemark.waitForStatus(page => page.snapshot.state === 'idle')
  await caughtUp(tidemark, connection)
  assert.equal((await readIds(capture, 'b')).length, 30)
  await tidemark.stop()
  await connection.query(`DROP USER ${name}`)
})
