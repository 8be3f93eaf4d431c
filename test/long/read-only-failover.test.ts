// A replica fails over to its primary behind one address, in the middle of a read-only snapshot.

import assert from 'node:assert/strict'
import {after, before, test} from 'node:test'
import {startMysql, type MysqlServer} from '../../tools/servers/mysql-server.ts'
import {untilCopying} from '../support/outages.ts'
import {startReplica} from '../support/replica.ts'
import {judge, snapshotUnderWrites} from '../support/snapshot-scenario.ts'
import {TcpProxy} from '../support/tcp-proxy.ts'

let primary: MysqlServer
before(async () => {
  primary = await startMysql()
})
after(async () => {
  await primary.stop()
})

test('a failover from the replica to the primary in the middle of a snapshot: its windows are read again, and nothing is lost', async t => {
  const replica = await startReplica(t, primary)
  const proxy = await TcpProxy.start(t, replica.server)
  let failedOver = false
  const outcome = await snapshotUnderWrites(t, {
    server: primary,
    config: {'read.only': 'true', 'database.port': String(proxy.port), 'incremental.snapshot.chunk.size': '40'},
    snapshots: 1,
    kinds: 6,
    size: 600,
    restMs: 3,
    secondsPerRow: 0.004,
    setUp: () => replica.caughtUp(),
    meanwhile: async (_capture, tidemark) => {
      await untilCopying(tidemark)
      proxy.retarget(primary)
      await tidemark.waitForLog(({msg}) => msg === 'the stream goes on from another server')
      const {snapshot} = await tidemark.waitForStatus(({streaming}) => streaming)
      failedOver = snapshot.state === 'running'
    },
  })
  assert.ok(failedOver, 'the snapshot was over before the failover: the test proves nothing')
  const events = await outcome.capture.events()
  await judge(outcome, table => events.filter(event => event.topic === outcome.capture.topic(table)))
})
