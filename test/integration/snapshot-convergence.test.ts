// The claim of the whole: snapshots run while a writer changes rows of every kind of key, and each topic, folded by key,
// equals its table, with no event older than one before it.

import assert from 'node:assert/strict'
import {test, type TestContext} from 'node:test'
import {caughtUp, prepareCapture, snapshotEnded, type Capture} from '../support/capture.ts'
import {consumeTopic} from '../support/consume-topic.ts'
import {assertConverged, assertHistory} from '../support/history-oracle.ts'
import {integrationServers} from '../support/integration-servers.ts'
import {keyShapes} from '../support/key-shapes.ts'
import type {ObservedEvent} from '../support/observed-events.ts'
import {RandomWriter, storedRows, WrittenTable} from '../support/random-writer.ts'
import {randomFor, type SeededRandom} from '../support/seeded-random.ts'
import type {Config} from '../support/tidemark-config.ts'
import type {TidemarkProcess} from '../support/tidemark-process.ts'

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

async function judge(
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
async function snapshotUnderWrites(
  t: TestContext,
  options: {config: Config; seed?: number; bootstrap?: string; snapshots: number; size: number},
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
    await snapshotEnded(tidemark, await capture.snapshot(['k_.*']))
  }
  await stopWriters(writers)
  await caughtUp(tidemark, capture.connection)
  assert.deepEqual(await tidemark.stop(), {code: 0, signal: null}, tidemark.stderr)
  const transactions = writers.reduce((sum, writer) => sum + writer.transactions, 0)
  t.diagnostic(`${transactions} transactions, ${superseded(tidemark)} rows superseded`)
  return {capture, writers, superseded: superseded(tidemark)}
}

const variants: readonly {name: string; config: Config}[] = [
  {
    name: 'one thread, insert_insert, chunks of 50 rows',
    config: {'incremental.snapshot.chunk.size': '50'},
  },
  {
    name: 'three threads, insert_delete, chunks of 50 rows',
    config: {
      'incremental.snapshot.chunk.size': '50',
      'snapshot.max.threads': '3',
      'incremental.snapshot.watermarking.strategy': 'insert_delete',
    },
  },
  {
    name: 'one thread, insert_delete, chunks of 200 rows',
    config: {
      'incremental.snapshot.chunk.size': '200',
      'incremental.snapshot.watermarking.strategy': 'insert_delete',
    },
  },
  {
    name: 'three threads, insert_insert, chunks of 7 rows',
    config: {'incremental.snapshot.chunk.size': '7', 'snapshot.max.threads': '3'},
  },
]

for (const {name, config} of variants) {
  test(`every table converges and no row goes back: ${name}`, async t => {
    const outcome = await snapshotUnderWrites(t, {config, snapshots: 2, size: 1500})
    const {capture} = outcome
    const events = await capture.events()
    await judge(outcome, table => events.filter(event => event.topic === capture.topic(table)))
  })
}

test('every table converges and no row goes back: topics of three partitions in Kafka', async t => {
  const {kafka} = await integrationServers()
  const outcome = await snapshotUnderWrites(t, {
    bootstrap: kafka.bootstrap,
    config: {
      'incremental.snapshot.chunk.size': '100',
      'snapshot.max.threads': '2',
      'topic.creation.default.partitions': '3',
      'topic.creation.default.replication.factor': '1',
    },
    snapshots: 1,
    size: 1000,
  })
  await judge(outcome, async table => await consumeTopic(kafka.bootstrap, outcome.capture.topic(table)))
})
