// MySQL is stopped and started, or killed and started, while writers write and a snapshot runs. Nobody touches Tidemark.

import assert from 'node:assert/strict'
import {after, before, test} from 'node:test'
import {startMysql, type MysqlServer} from '../../tools/servers/mysql-server.ts'
import {GOES_ON_WITHIN_MS, rowsDone, untilCopying} from '../support/outages.ts'
import {judge, snapshotUnderWrites} from '../support/snapshot-scenario.ts'

let server: MysqlServer
before(async () => {
  server = await startMysql()
})
after(async () => {
  await server.stop()
})

test('the stream and a snapshot under writes go on by themselves when MySQL was stopped, and when it was killed', async t => {
  const outcome = await snapshotUnderWrites(t, {
    server,
    config: {'incremental.snapshot.chunk.size': '40', 'snapshot.max.threads': '2'},
    snapshots: 1,
    kinds: 8,
    size: 600,
    restMs: 3,
    secondsPerRow: 0.015,
    meanwhile: async (capture, tidemark) => {
      for (const end of ['pause', 'kill'] as const) {
        await untilCopying(tidemark)
        await server[end]()
        const away = await tidemark.waitForStatus(({streaming}) => !streaming)
        assert.equal(away.snapshot.state, 'running', 'the snapshot was over before the outage')
        await server.start()
        await capture.reconnect()
        await tidemark.waitForStreaming(GOES_ON_WITHIN_MS)
        await tidemark.waitForStatus(
          page => rowsDone(page) > rowsDone(away) || page.snapshot.state === 'idle',
          GOES_ON_WITHIN_MS,
        )
      }
    },
  })
  const events = await outcome.capture.events()
  await judge(outcome, table => events.filter(event => event.topic === outcome.capture.topic(table)))
})
