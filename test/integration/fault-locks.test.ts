// Others hold locks that Tidemark waits for, longer than the server lets it wait.

import assert from 'node:assert/strict'
import {after, before, test} from 'node:test'
import {startMysql, type MysqlServer} from '../../tools/servers/mysql-server.ts'
import {untilCopying} from '../support/outages.ts'
import {judge, snapshotUnderWrites} from '../support/snapshot-scenario.ts'
import type {TidemarkProcess} from '../support/tidemark-process.ts'

let server: MysqlServer
before(async () => {
  server = await startMysql({options: ['--lock-wait-timeout=1', '--innodb-lock-wait-timeout=1']})
})
after(async () => {
  await server.stop()
})

/** Until the log has one more line that begins so and names a lock wait time-out. */
async function refused(tidemark: TidemarkProcess, begin: string): Promise<void> {
  const seen = tidemark.log.length
  await tidemark.waitForLog(
    line => tidemark.log.indexOf(line) >= seen && line.msg.startsWith(begin) && /Lock wait timeout/.test(line.text),
  )
}

test('lock wait time-outs of chunks and of marks are waited out', async t => {
  const outcome = await snapshotUnderWrites(t, {
    server,
    config: {
      'incremental.snapshot.chunk.size': '20',
      'incremental.snapshot.watermarking.strategy': 'insert_delete',
      'snapshot.max.threads': '2',
    },
    snapshots: 1,
    kinds: 8,
    size: 500,
    restMs: 1,
    secondsPerRow: 0.01,
    meanwhile: async (capture, tidemark) => {
      const other = await capture.database.connect()
      await untilCopying(tidemark)
      const {snapshot} = await tidemark.status()
      const names = snapshot.tables.filter(({state}) => state !== 'done').map(({table}) => table)
      await other.query('SET SESSION lock_wait_timeout = 60, innodb_lock_wait_timeout = 60')
      await other.query(`LOCK TABLES ${names.map(name => `${name} WRITE`).join(', ')}`)
      await refused(tidemark, 'reading a chunk failed')
      await other.query('UNLOCK TABLES')

      await untilCopying(tidemark)
      await other.query('START TRANSACTION; SELECT COUNT(*) FROM debezium_signal FOR UPDATE')
      await refused(tidemark, 'cannot set a watermark')
      const {snapshot: waiting} = await tidemark.status()
      assert.equal(waiting.state, 'running', 'the snapshot was over before its marks were held up')
      assert.match(String(waiting.problem), /Lock wait timeout/)
      await other.query('ROLLBACK')
    },
  })
  const events = await outcome.capture.events()
  await judge(outcome, table => events.filter(event => event.topic === outcome.capture.topic(table)))
})
