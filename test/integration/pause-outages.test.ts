// A pause and a resume while MySQL is away (fault-broker.test.ts: Kafka), and a pause over kill -9 in an initial snapshot: nothing is lost.

import assert from 'node:assert/strict'
import {test} from 'node:test'
import {caughtUp, numberedTable, prepareCapture, readIds, type Capture} from '../support/capture.ts'
import {changeOf} from '../support/observed-events.ts'
import {GOES_ON_WITHIN_MS, rowsDone} from '../support/outages.ts'
import {TcpProxy} from '../support/tcp-proxy.ts'
import type {TidemarkProcess} from '../support/tidemark-process.ts'

async function put(tidemark: TidemarkProcess, {database}: Capture, what: 'pause' | 'resume'): Promise<void> {
  const {status} = await fetch(`${tidemark.url}/connectors/${database.name}/${what}`, {method: 'PUT'})
  assert.equal(status, 202)
}

const isPaused = ({state}: {state: string}): boolean => state === 'paused'

const upTo = (last: number): number[] => Array.from({length: last}, (_, index) => index + 1)

async function insert({connection}: Capture, from: number, to: number): Promise<void> {
  const rows = upTo(to).slice(from - 1)
  await connection.query('INSERT INTO b VALUES ?', [rows.map(id => [id])])
}

/** The ids of the rows created in the table `b`, in the order of their events. */
async function createdIds(capture: Capture): Promise<number[]> {
  return (await capture.tableEvents('b')).map(event => {
    const change = changeOf(event)
    assert.equal(change?.op, 'c')
    return (JSON.parse(change.after!) as {id: number}).id
  })
}

async function settled(capture: Capture, tidemark: TidemarkProcess): Promise<void> {
  await caughtUp(tidemark, capture.connection)
  await tidemark.waitForStatus(({sink}) => sink.bytesInFlight === 0)
}

test('a task is paused and resumed while MySQL is away, and goes on by itself when that is back', async t => {
  const capture = await prepareCapture(t, {prefix: 'pause'})
  await capture.connection.query('CREATE TABLE b (id INT PRIMARY KEY)')
  const proxy = await TcpProxy.start(t, capture.database.server)
  const tidemark = await capture.run(t, {'database.hostname': '127.0.0.1', 'database.port': String(proxy.port)})
  await tidemark.waitForStreaming()
  await insert(capture, 1, 5)
  await settled(capture, tidemark)

  proxy.refuse(true)
  await tidemark.waitForStatus(({streaming}) => !streaming)
  await put(tidemark, capture, 'pause')
  await tidemark.waitForStatus(isPaused, GOES_ON_WITHIN_MS)
  await insert(capture, 6, 10)
  await put(tidemark, capture, 'resume')
  const waiting = await tidemark.waitForStatus(({state}) => state === 'starting')
  assert.equal(waiting.streaming, false)
  proxy.refuse(false)
  await tidemark.waitForStreaming(GOES_ON_WITHIN_MS)
  await insert(capture, 11, 15)
  await settled(capture, tidemark)
  assert.deepEqual(await createdIds(capture), upTo(15))
})

test('a task that is killed while it is paused in its initial snapshot stays paused, and a resume copies the rest', async t => {
  const capture = await prepareCapture(t, {
    prefix: 'pause',
    config: {
      'snapshot.mode': 'initial',
      'incremental.snapshot.chunk.size': '20',
      'snapshot.max.rows.per.second': '200',
    },
  })
  await capture.connection.query(numberedTable('a', 300))
  const first = await capture.run(t)
  await first.waitForStatus(page => rowsDone(page) >= 40)
  await put(first, capture, 'pause')
  const {snapshot} = await first.waitForStatus(isPaused)
  assert.ok(snapshot.tables[0]!.rowsDone < 300, 'copied before the pause')
  const copied = await readIds(capture, 'a')
  await first.kill()

  const second = await capture.run(t)
  await second.waitForStatus(isPaused)
  assert.deepEqual(await readIds(capture, 'a'), copied)
  await put(second, capture, 'resume')
  await second.waitForLog('snapshot done', GOES_ON_WITHIN_MS)
  assert.deepEqual(await readIds(capture, 'a'), upTo(300))
})
