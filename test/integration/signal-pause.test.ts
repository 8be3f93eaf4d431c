// pause-snapshot and resume-snapshot: reading ends at once, the stream goes on, and what was missed meanwhile is right.

import assert from 'node:assert/strict'
import type {RowDataPacket} from 'mysql2/promise'
import {test} from 'node:test'
import {setTimeout as sleep} from 'node:timers/promises'
import {eventually} from '../../tools/servers/eventually.ts'
import {
  caughtUp,
  numberedTable,
  prepareCapture,
  readIds,
  receipt,
  snapshotEnded,
  type Capture,
} from '../support/capture.ts'
import {judge, snapshotUnderWrites} from '../support/snapshot-scenario.ts'
import type {TidemarkProcess} from '../support/tidemark-process.ts'

/** Chunks of ten rows take a moment, so that a pause finds the snapshot under way. */
const SLOWLY = 'SLEEP(0.01) = 0'

async function send(capture: Capture, tidemark: TidemarkProcess, type: string): Promise<string> {
  const {result, reason} = await receipt(tidemark, await capture.signal(type, null))
  return `${result}${reason === null ? '' : `: ${reason}`}`
}

async function noChunkSelectRuns(capture: Capture): Promise<void> {
  await eventually({what: 'the SELECT of a chunk to end', timeoutMs: 30_000}, async () => {
    const [rows] = await capture.connection.query<RowDataPacket[]>(
      "SELECT 1 FROM information_schema.PROCESSLIST WHERE INFO LIKE ? AND INFO NOT LIKE '%PROCESSLIST%'",
      [`SELECT %\`${capture.database.name}\`.%LIMIT%`],
    )
    return rows.length === 0 ? true : undefined
  })
}

test('a paused snapshot reads nothing, also after kill -9, and resume-snapshot finishes it', async t => {
  const capture = await prepareCapture(t, {prefix: 'pause', config: {'incremental.snapshot.chunk.size': '10'}})
  const {name} = capture.database
  await capture.connection.query(numberedTable('a', 300) + numberedTable('b', 30))
  const first = await capture.run(t)
  await first.waitForStreaming()
  const id = await capture.snapshot(['a'], {
    'additional-conditions': [{'data-collection': `${name}.a`, filter: SLOWLY}],
  })
  await first.waitForStatus(({snapshot}) => snapshot.tables.some(({rowsDone}) => rowsDone >= 30))
  assert.equal(await send(capture, first, 'pause-snapshot'), 'accepted')
  const queued = await capture.snapshot(['b'])
  assert.equal((await receipt(first, queued)).result, 'accepted', 'what is sent during a pause waits, too')
  await noChunkSelectRuns(capture)
  assert.equal(
    await send(capture, first, 'pause-snapshot'),
    'ignored: no snapshot runs or is queued, or all are paused already',
  )
  await caughtUp(first, capture.connection)
  const before = (await readIds(capture, 'a')).length
  assert.equal((await first.status()).snapshot.state, 'paused')
  await first.stop('SIGKILL')

  const second = await capture.run(t)
  await second.waitForStreaming()
  assert.equal((await second.status()).snapshot.state, 'paused')
  await capture.connection.query(`DELETE FROM a WHERE id = 299; UPDATE a SET note = 'new' WHERE id = 298`)
  await caughtUp(second, capture.connection)
  assert.equal((await readIds(capture, 'a')).length, before, 'nothing was read during the pause')
  assert.equal(await send(capture, second, 'resume-snapshot'), 'accepted')
  await snapshotEnded(second, id)
  await snapshotEnded(second, queued)
  assert.equal(await send(capture, second, 'resume-snapshot'), 'ignored: no snapshot is paused or has failed')
  const ids = new Set(await readIds(capture, 'a'))
  assert.deepEqual([ids.size, ids.has(299), ids.has(298)], [299, false, true])
  assert.equal((await readIds(capture, 'b')).length, 30)
  assert.notEqual((await second.status()).snapshot.state, 'paused')
})

test('stop-snapshot works while paused and ends the pause', async t => {
  const capture = await prepareCapture(t, {prefix: 'pause', config: {'incremental.snapshot.chunk.size': '10'}})
  const {name} = capture.database
  await capture.connection.query(numberedTable('a', 300) + numberedTable('b', 30))
  const tidemark = await capture.run(t)
  await tidemark.waitForStreaming()
  const id = await capture.snapshot(['a'], {
    'additional-conditions': [{'data-collection': `${name}.a`, filter: SLOWLY}],
  })
  await tidemark.waitForStatus(({snapshot}) => snapshot.tables.some(({rowsDone}) => rowsDone >= 30))
  assert.equal(await send(capture, tidemark, 'pause-snapshot'), 'accepted')
  assert.equal(await send(capture, tidemark, 'stop-snapshot'), 'accepted')
  await snapshotEnded(tidemark, id, {end: 'snapshot stopped'})
  await snapshotEnded(tidemark, await capture.snapshot(['b']))
})

test('every table converges and no row goes back, however often the snapshot is paused', async t => {
  let pauses = 0
  const outcome = await snapshotUnderWrites(t, {
    config: {'incremental.snapshot.chunk.size': '20', 'snapshot.max.threads': '2'},
    snapshots: 1,
    size: 1500,
    meanwhile: async (capture, tidemark) => {
      for (let i = 0; i < 5; i++) {
        await sleep(150)
        if ((await send(capture, tidemark, 'pause-snapshot')) === 'accepted') pauses++
        await sleep(150)
        await send(capture, tidemark, 'resume-snapshot')
      }
    },
  })
  assert.ok(pauses > 0, 'the snapshot was over before it could be paused')
  const events = await outcome.capture.events()
  await judge(outcome, table => events.filter(event => event.topic === outcome.capture.topic(table)))
})
