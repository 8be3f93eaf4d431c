// Snapshots of every kind of key while writers change the rows, and the judgement of what came out.

import assert from 'node:assert/strict'
import type {TestContext} from 'node:test'
import {caughtUp, prepareCapture, snapshotEnded, type Capture} from './capture.ts'
import {assertConverged, assertHistory} from './history-oracle.ts'
import {keyShapes} from './key-shapes.ts'
import type {ObservedEvent} from './observed-events.ts'
import {RandomWriter, storedRows, WrittenTable} from './random-writer.ts'
import {randomFor, type SeededRandom} from './seeded-random.ts'
import type {Config} from './tidemark-config.ts'
import type {TidemarkProcess} from './tidemark-process.ts'

const WRITERS = 2

/** Tables with rows, and writers that begin when told. */
async function writersFor(capture: Capture, random: SeededRandom, size: number): Promise<RandomWriter[]> {
  const tables = keyShapes(size).map(shape => new WrittenTable(shape, random))
  for (const table of tables) for (const statement of table.setUp(0.6)) await capture.connection.query(statement)
  return await Promise.all(
    Array.from({length: WRITERS}, async (_, number) => {
      const own = tables.filter((_table, index) => index % WRITERS === number)
      return new RandomWriter(await capture.database.connect(), own, random)
    }),
  )
}

async function stopWriters(writers: readonly RandomWriter[]): Promise<void> {
  await Promise.all(writers.map(async writer => await writer.stop()))
}

/** Rows that the stream superseded, from the log's lines. */
function superseded(tidemark: TidemarkProcess): number {
  return tidemark.log
    .filter(({msg}) => msg === 'table done')
    .reduce((sum, {fields}) => sum + Number(fields['superseded']), 0)
}

export async function judge(
  {capture, writers, superseded}: {capture: Capture; writers: readonly RandomWriter[]; superseded: number},
  eventsOf: (table: string) => Promise<readonly ObservedEvent[]> | readonly ObservedEvent[],
): Promise<void> {
  for (const {shape, history} of writers.flatMap(({tables}) => tables)) {
    const events = await eventsOf(shape.name)
    const counts = assertHistory({shape, runs: [events], history})
    assert.ok(counts.read > 0 && counts.streamed > 0, `${shape.name}: ${JSON.stringify(counts)}`)
    assertConverged(shape, events, await storedRows(capture.connection, shape))
  }
  assert.ok(superseded > 0, 'no row was changed while it was read: the test proves nothing')
}

/** The writers write from before the first snapshot to behind the last. */
export async function snapshotUnderWrites(
  t: TestContext,
  options: {
    config: Config
    seed?: number
    bootstrap?: string
    snapshots: number
    size: number
    /** Between a snapshot's signal and its end. */
    meanwhile?: (capture: Capture, tidemark: TidemarkProcess) => Promise<void>
  },
): Promise<{capture: Capture; writers: RandomWriter[]; superseded: number}> {
  const random = randomFor(t, options.seed)
  const capture = await prepareCapture(t, {
    prefix: 'converge',
    config: options.config,
    ...(options.bootstrap === undefined ? {} : {bootstrap: options.bootstrap}),
  })
  const writers = await writersFor(capture, random, options.size)
  const tidemark = await capture.run(t)
  await tidemark.waitForStreaming()
  for (const writer of writers) writer.start()
  for (let count = 0; count < options.snapshots; count++) {
    const id = await capture.snapshot(['k_.*'])
    await options.meanwhile?.(capture, tidemark)
    await snapshotEnded(tidemark, id)
  }
  await stopWriters(writers)
  await caughtUp(tidemark, capture.connection)
  assert.deepEqual(await tidemark.stop(), {code: 0, signal: null}, tidemark.stderr)
  const transactions = writers.reduce((sum, writer) => sum + writer.transactions, 0)
  t.diagnostic(`${transactions} transactions, ${superseded(tidemark)} rows superseded`)
  return {capture, writers, superseded: superseded(tidemark)}
}
