// SIGTERM in the middle of streaming and copying. All runs of the process are judged as one: nothing comes twice.

import assert from 'node:assert/strict'
import {readFile} from 'node:fs/promises'
import type {TestContext} from 'node:test'
import {setTimeout as delay} from 'node:timers/promises'
import {caughtUp, numberedTable, prepareCapture, type Capture} from './capture.ts'
import {eventsInKafka} from './consume-topic.ts'
import {changeOf, type ObservedEvent} from './observed-events.ts'
import {untilCopying} from './outages.ts'
import {randomFor} from './seeded-random.ts'
import {judge, snapshotUnderWrites} from './snapshot-scenario.ts'

const oneLeader = {'topic.creation.default.partitions': '1', 'topic.creation.default.replication.factor': '1'}

async function eventsOf(capture: Capture, table: string, bootstrap?: string): Promise<ObservedEvent[]> {
  return bootstrap === undefined
    ? await capture.tableEvents(table)
    : await eventsInKafka(bootstrap, capture.topic(table))
}

/** Stops in the middle of a snapshot under writes. */
export async function stoppedAgainAndAgain(
  t: TestContext,
  {stops, bootstrap}: {stops: number; bootstrap?: string},
): Promise<void> {
  const random = randomFor(t)
  const outcome = await snapshotUnderWrites(t, {
    ...(bootstrap === undefined ? {} : {bootstrap}),
    config: {'incremental.snapshot.chunk.size': '100', 'snapshot.max.threads': '2', ...oneLeader},
    snapshots: 1,
    kinds: 6,
    size: 700 * stops,
    restMs: 1,
    secondsPerRow: 0.003,
    interrupted: async (capture, first) => {
      let tidemark = first
      for (let stop = 0; stop < stops; stop++) {
        await untilCopying(tidemark)
        await delay(random.integer(0, 150))
        assert.deepEqual(await tidemark.stop(), {code: 0, signal: null}, tidemark.stderr)
        assert.ok(!tidemark.log.some(({msg}) => msg === 'snapshot done'), 'the snapshot was over before it was stopped')
        tidemark = await capture.run(t)
        await tidemark.waitForStreaming()
      }
      return tidemark
    },
  })
  await judge(outcome, async table => {
    const events = await eventsOf(outcome.capture, table, bootstrap)
    assertReadOnce(events)
    return events
  })
}

/** A snapshot reads every key once. */
function assertReadOnce(events: readonly ObservedEvent[]): void {
  const seen = new Set<string | null>()
  for (const event of events) {
    if (changeOf(event)?.op !== 'r') continue
    assert.ok(!seen.has(event.keyText), `${event.topic}: ${event.keyText} was read twice`)
    seen.add(event.keyText)
  }
}

/** Rows with a kilobyte each, in the table's one transaction and order. */
const ROWS = 40_000

async function ids(capture: Capture, op: string, bootstrap?: string): Promise<number[]> {
  const events = await eventsOf(capture, 'wide', bootstrap)
  return events.flatMap(event => {
    if (changeOf(event)?.op !== op) return []
    return [Number(/"id":(\d+)/.exec(event.keyText ?? '')?.[1])]
  })
}

async function prepareWide(t: TestContext, bootstrap?: string): Promise<Capture> {
  const capture = await prepareCapture(t, {
    prefix: 'stopped',
    config: oneLeader,
    ...(bootstrap === undefined ? {} : {bootstrap}),
  })
  await capture.connection.query(
    `${numberedTable('seed', 1000)} CREATE TABLE wide (id INT PRIMARY KEY, filler VARCHAR(1000) NOT NULL)`,
  )
  return capture
}

interface StoredState {
  readonly offset: {readonly rows: number}
  readonly snapshots: readonly {readonly state: string; readonly tables: readonly {readonly rowsDone: number}[]}[]
}

async function stored(capture: Capture): Promise<StoredState> {
  return JSON.parse(await readFile(capture.config['offset.storage.file.filename']!, 'utf8')) as StoredState
}

/** Stops inside one long transaction, then inside chunks of many wide rows, which leave in pieces. */
export async function stoppedInside(t: TestContext, {bootstrap}: {bootstrap?: string}): Promise<void> {
  const random = randomFor(t)
  const capture = await prepareWide(t, bootstrap)
  let tidemark = await capture.run(t)
  const stopSoon = async (): Promise<StoredState> => {
    await delay(random.integer(0, 200))
    assert.deepEqual(await tidemark.stop(), {code: 0, signal: null}, tidemark.stderr)
    tidemark = await capture.run(t)
    return await stored(capture)
  }
  await tidemark.waitForStreaming()
  await capture.connection.query(
    `INSERT INTO wide SELECT (x.id - 1) * 1000 + y.id, REPEAT('x', 1000) FROM seed x JOIN seed y
        WHERE x.id <= ${ROWS / 1000} ORDER BY 1`,
  )
  let inside = 0
  for (let stop = 0; stop < 3; stop++) {
    await tidemark.waitForStreaming()
    if ((await stopSoon()).offset.rows > 0) inside++
  }
  assert.ok(inside > 0, 'no stop fell into the transaction')
  await caughtUp(tidemark, capture.connection)

  await capture.snapshot(['wide'])
  for (let stop = 0; stop < 2; stop++) {
    await untilCopying(tidemark)
    const {snapshots} = await stopSoon()
    const done = snapshots[0]?.tables[0]?.rowsDone ?? 0
    assert.ok(stop > 0 || (done > 0 && done < ROWS), `stopped behind ${done} rows`)
    if (snapshots[0]?.state === 'completed') break
  }
  await tidemark.waitForStatus(({snapshot}) => snapshot.tables.some(({state}) => state === 'done'))
  await tidemark.stop()
  const all = Array.from({length: ROWS}, (_, at) => at + 1)
  assert.deepEqual(await ids(capture, 'c', bootstrap), all)
  assert.deepEqual(await ids(capture, 'r', bootstrap), all)
}
