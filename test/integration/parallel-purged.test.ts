// The binlog that a branch still needs is purged while the task is down: the branch is given up, and the task is not.

import assert from 'node:assert/strict'
import {test, type TestContext} from 'node:test'
import {startMysql, type MysqlServer} from '../../tools/servers/mysql-server.ts'
import {onCleanUp} from '../support/clean-up.ts'
import {
  assertCounted,
  atRest,
  changeState,
  copying,
  KEYED,
  KEYLESS,
  parallelScene,
  passed,
  type ParallelScene,
} from '../support/parallel-scene.ts'

const FAST = {'snapshot.max.rows.per.second': '0'}

async function ownServer(t: TestContext, options: readonly string[] = []): Promise<MysqlServer> {
  const server = await startMysql({options: [...options]})
  onCleanUp(t, async () => await server.stop())
  return server
}

/** The task was stopped in the middle of the copy, with changes behind the lock that only the branch is to stream. */
async function purgedWhileDown(t: TestContext, server: MysqlServer): Promise<ParallelScene> {
  const scene = await parallelScene(t, {server, config: {'notification.enabled.channels': 'log'}})
  const {capture, writer} = scene
  const {connection} = capture
  const tidemark = await capture.run(t)
  await tidemark.waitForStreaming()
  await copying(tidemark, scene)
  for (let i = 0; i < 10; i++) await writer.transaction()
  await connection.query('FLUSH BINARY LOGS')
  await connection.query(`INSERT INTO ${KEYED} (note) VALUES ('before')`)
  await passed(tidemark, capture)
  const {position} = await tidemark.status()
  await tidemark.stop()
  await connection.query('PURGE BINARY LOGS TO ?', [position!.file])
  for (let i = 0; i < 10; i++) await writer.transaction()
  await connection.query(`INSERT INTO ${KEYED} (note) VALUES ('while down')`)
  return scene
}

test('a copy that was cut off goes on without the changes that were purged, and its topic is the table', async t => {
  const scene = await purgedWhileDown(t, await ownServer(t))
  const {capture, writer, table} = scene
  const tidemark = await capture.run(t, FAST)
  await tidemark.waitForStreaming()
  for (let i = 0; i < 10; i++) await writer.transaction()
  const told = await tidemark.waitForLog(
    ({msg, fields}) => msg === 'notification' && fields['type'] === 'DIVERGED',
    60_000,
  )
  assert.match(told.text, new RegExp(`"data_collection":"${table}"`))
  await atRest(tidemark, scene)
  await assertCounted(scene)
  assert.deepEqual((await tidemark.status()).diverged, [])
  assert.equal((await capture.tableEvents(KEYED)).length, 2)
})

for (const [name, options] of [
  ['by GTID', []],
  ['by file and position', ['--gtid-mode=OFF', '--enforce-gtid-consistency=OFF']],
] as const) {
  test(`a branch whose changes were purged is given up (${name}): the table diverged, the stream takes it over, another signal mends it`, async t => {
    const scene = await purgedWhileDown(t, await ownServer(t, options))
    const {capture, writer, table} = scene
    // As a task leaves it that is stopped a moment after its copy was: no test is quick enough for that.
    let since = ''
    await changeState(scene, state => {
      const {parallel} = state
      assert.ok(parallel?.state === 'copying')
      since = `${parallel.from.file}:${parallel.from.pos}`
      return {...state, snapshots: [], parallel: {state: 'following', table: parallel.table, from: parallel.from}}
    })
    const tidemark = await capture.run(t, FAST)
    await tidemark.waitForStreaming()
    const line = await tidemark.waitForLog('a branch is given up: its changes were purged from the binlog', 60_000)
    assert.equal(line.fields['since'], since)
    assert.match(String(line.fields['remedy']), new RegExp(`tidemark signal .* execute-snapshot ${table}`))
    await tidemark.waitForLog(({msg, fields}) => msg === 'notification' && fields['type'] === 'DIVERGED')
    await atRest(tidemark, scene)
    const {diverged} = await tidemark.status()
    assert.deepEqual(
      diverged.map(each => [each.table, each.since]),
      [[table, since]],
    )
    const before = (await capture.tableEvents(KEYLESS)).length
    await capture.connection.query(`INSERT INTO ${KEYLESS} (n) VALUES (7)`)
    await passed(tidemark, capture)
    assert.equal((await capture.tableEvents(KEYLESS)).length, before + 1, 'the main stream has the table')
    await capture.snapshot([KEYLESS])
    await tidemark.waitForLog('snapshot done', 60_000)
    await writer.transaction()
    await atRest(tidemark, scene)
    await assertCounted(scene)
    assert.deepEqual((await tidemark.status()).diverged, [])
  })
}
