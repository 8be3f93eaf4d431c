// Another server behind the same address in the middle of a branch: what the branch had copied or streamed counts on, by
// GTID set, and its table is whole in the end.

import assert from 'node:assert/strict'
import {after, before, test, type TestContext} from 'node:test'
import {eventually} from '../../tools/servers/eventually.ts'
import {startMysql, type MysqlServer} from '../../tools/servers/mysql-server.ts'
import {
  assertCounted,
  atRest,
  copying,
  hurry,
  parallelScene,
  passed,
  reached,
  type ParallelScene,
} from '../support/parallel-scene.ts'
import {startReplica} from '../support/replica.ts'
import {TcpProxy} from '../support/tcp-proxy.ts'
import type {TidemarkProcess} from '../support/tidemark-process.ts'

let primary: MysqlServer
before(async () => {
  primary = await startMysql()
})
after(async () => {
  await primary.stop()
})

interface OnReplica extends ParallelScene {
  readonly proxy: TcpProxy
  readonly tidemark: TidemarkProcess
  /** The primary stands behind the address from now on; the task goes on there. */
  readonly failOver: () => Promise<void>
}

/** A task that streams from a replica, while the primary is written to until the test ends. */
async function onReplica(t: TestContext): Promise<OnReplica> {
  const replica = await startReplica(t, primary)
  const proxy = await TcpProxy.start(t, replica.server, {protocol: 'mysql'})
  const config = {'read.only': 'true', 'database.port': String(proxy.port), 'database.ssl.mode': 'disabled'}
  const scene = await parallelScene(t, {server: primary, config})
  await replica.caughtUp()
  const tidemark = await scene.capture.run(t)
  await tidemark.waitForStreaming()
  scene.writer.start(4)
  const failOver = async (): Promise<void> => {
    proxy.retarget(primary)
    await tidemark.waitForLog(({msg}) => msg === 'the stream goes on from another server')
    await tidemark.waitForStatus(({streaming}) => streaming)
  }
  return {...scene, proxy, tidemark, failOver}
}

async function end(scene: OnReplica): Promise<void> {
  await scene.writer.stop()
  await atRest(scene.tidemark, scene)
  await assertCounted(scene)
  assert.deepEqual((await scene.tidemark.status()).diverged, [])
  assert.deepEqual(await scene.tidemark.stop(), {code: 0, signal: null}, scene.tidemark.stderr)
}

test('a failover while a table is copied: the copy begins again there, and the topic is the table', async t => {
  const scene = await onReplica(t)
  const {tidemark, capture, failOver} = scene
  await copying(tidemark, scene)
  await failOver()
  await hurry(tidemark)
  await tidemark.waitForLog('snapshot done', 60_000)
  await end(scene)
  const ids = (await capture.tableEvents('clicks')).flatMap(({headers}) => headers['__tidemark.copy.id'] ?? [])
  assert.equal(new Set(ids).size, 2, 'a copy of the replica’s and one of the primary’s')
})

test('a failover while the branch follows: it goes on there by GTID set, and the topic is the table', async t => {
  const scene = await onReplica(t)
  const {tidemark, proxy, capture, failOver} = scene
  proxy.holdSecondDump(true)
  await copying(tidemark, scene)
  await passed(tidemark, capture)
  await hurry(tidemark)
  await tidemark.waitForLog(reached('following'), 60_000)
  await eventually({what: 'the binlog of the branch to be held', timeoutMs: 30_000}, () =>
    Promise.resolve(proxy.held > 0 || undefined),
  )
  await failOver()
  assert.equal((await tidemark.status()).snapshot.parallel?.state, 'following', 'the test proves nothing otherwise')
  proxy.holdSecondDump(false)
  await end(scene)
  const ids = (await capture.tableEvents('clicks')).flatMap(({headers}) => headers['__tidemark.copy.id'] ?? [])
  assert.equal(new Set(ids).size, 1)
})
