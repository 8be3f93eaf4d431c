// Tidemark with exactly.once.support=required, killed or cut off again and again while it streams and copies under
// writes; a consumer with read_committed must see every event once.

import assert from 'node:assert/strict'
import type {TestContext} from 'node:test'
import {setTimeout as delay} from 'node:timers/promises'
import {caughtUp, prepareCapture, receipt, type Capture} from './capture.ts'
import {eventsInKafka} from './consume-topic.ts'
import {assertConverged, assertHistory} from './history-oracle.ts'
import {bigint, keyShapes} from './key-shapes.ts'
import {changeOf, type ObservedEvent} from './observed-events.ts'
import {RandomWriter, storedRows, WrittenTable} from './random-writer.ts'
import {randomFor, type SeededRandom} from './seeded-random.ts'
import type {Config} from './tidemark-config.ts'
import {runTidemark, type TidemarkProcess} from './tidemark-process.ts'

/** A table that nobody writes to: each of its rows is read once for each snapshot. */
const QUIET = bigint(6_000, 'quiet')

export interface ExactlyOnceScenario {
  readonly bootstrap: string
  readonly seed?: number
  readonly config?: Config
  /** Keys of each written table, and how many of the tables. */
  readonly size: number
  readonly kinds?: number
}

export interface ExactlyOnceRun {
  readonly capture: Capture
  readonly random: SeededRandom
  /** Starts a process that is left running, with a snapshot under way where `copies`. */
  run(copies?: boolean): Promise<TidemarkProcess>
  /** Ends the writers, brings everything to its end, stops, and judges what consumers see. */
  judge(): Promise<void>
}

/** The configuration of a task that delivers exactly once. */
export function exactlyOnceConfig(more: Config = {}): Config {
  return {
    'exactly.once.support': 'required',
    'topic.creation.default.partitions': '2',
    'topic.creation.default.replication.factor': '1',
    'notification.enabled.channels': 'sink,log',
    ...more,
  }
}

/** A capture whose state is in a topic. */
export async function prepareExactlyOnce(t: TestContext, bootstrap: string, config: Config = {}): Promise<Capture> {
  const capture = await prepareCapture(t, {prefix: 'once', bootstrap, config: exactlyOnceConfig(config)})
  const {'offset.storage.file.filename': _file, ...rest} = capture.config
  const topics = {'notification.sink.topic.name': `${capture.database.name}.notifications`}
  Object.assign(capture, {config: {...rest, ...topics}})
  return {...capture, run: async (context, more) => await runWith(capture, {...rest, ...topics, ...more}, context)}
}

async function runWith(capture: Capture, config: Config, t: Parameters<Capture['run']>[0]): Promise<TidemarkProcess> {
  return await runTidemark(t, {config, folder: capture.folder})
}

export async function exactlyOnceUnderWrites(t: TestContext, options: ExactlyOnceScenario): Promise<ExactlyOnceRun> {
  const random = randomFor(t, options.seed)
  const {bootstrap} = options
  const capture = await prepareExactlyOnce(t, bootstrap, {
    'incremental.snapshot.chunk.size': String(random.pick([40, 2048])),
    'snapshot.max.threads': String(random.pick([1, 3])),
    ...options.config,
  })
  const shapes = keyShapes(options.size).slice(0, options.kinds)
  const tables = shapes.map(shape => new WrittenTable(shape, random))
  const quiet = new WrittenTable(QUIET, random)
  for (const table of [...tables, quiet]) {
    for (const statement of table.setUp(table === quiet ? 1 : 0.6)) await capture.connection.query(statement)
  }
  // The state exists before anything is judged, so that every change made by the writers is after its offset.
  const first = await capture.run(t)
  await first.waitForStreaming()
  assert.deepEqual(await first.stop(), {code: 0, signal: null}, first.stderr)
  const writer = new RandomWriter(await capture.database.connect(), tables, random)
  writer.start(3)
  const events = async (table: string): Promise<ObservedEvent[]> => await eventsInKafka(bootstrap, capture.topic(table))

  const run = async (copies = true): Promise<TidemarkProcess> => {
    const tidemark = await capture.run(t)
    if (!copies) return tidemark
    const {snapshot} = await tidemark.waitForStreaming(60_000)
    if (snapshot.state === 'idle') {
      // Its rows come slowly, so that what happens finds the copy under way.
      const slow = {'data-collection': `${capture.database.name}.quiet`, filter: 'SLEEP(0.0002) = 0'}
      await capture.snapshot(['quiet', 'k_.*'], {'additional-conditions': [slow]})
    }
    return tidemark
  }

  const judge = async (): Promise<void> => {
    const last = await run(false)
    await last.waitForStreaming(60_000)
    await writer.stop()
    await receipt(last, await capture.signal('log', {message: 'the end'}))
    await last.waitForStatus(({snapshot}) => snapshot.state === 'idle', 120_000)
    await caughtUp(last, capture.connection)
    assert.deepEqual(await last.stop(), {code: 0, signal: null}, last.stderr)
    let streamed = 0
    for (const {shape, history} of tables) {
      const found = await events(shape.name)
      // One run: a change that comes twice is not the next one of its key's history.
      streamed += assertHistory({shape, runs: [found], history}).streamed
      assertConverged(shape, found, await storedRows(capture.connection, shape))
    }
    const copies = assertReadTogether(await events(QUIET.name), QUIET.size)
    const notes = await eventsInKafka(bootstrap, `${capture.database.name}.notifications`)
    assertToldOnce(notes)
    t.diagnostic(`${streamed} streamed events, ${copies} copies of the quiet table, ${notes.length} notifications`)
    assert.ok(streamed > 0 && copies > 0, 'nothing to judge')
  }
  return {capture, random, run, judge}
}

/** Every row as often as every other: once for each snapshot. */
function assertReadTogether(events: readonly ObservedEvent[], rows: number): number {
  const counts = new Map<string, number>()
  for (const event of events) {
    assert.equal(changeOf(event)?.op, 'r')
    counts.set(event.keyText ?? '', (counts.get(event.keyText ?? '') ?? 0) + 1)
  }
  const [times = 0] = counts.values()
  const others = [...counts].filter(([, count]) => count !== times)
  assert.deepEqual(others.slice(0, 5), [], `${others.length} rows were not read ${times} times`)
  assert.equal(counts.size, rows)
  return times
}

function assertToldOnce(events: readonly ObservedEvent[]): void {
  const seen = new Set<string>()
  for (const {valueText} of events) {
    const {
      id,
      type,
      aggregate_type: kind,
      additional_data: more,
    } = JSON.parse(valueText ?? '{}') as {
      readonly id: string
      readonly type: string
      readonly aggregate_type: string
      readonly additional_data: Readonly<Record<string, string>>
    }
    const what = `${kind} ${type} ${id} ${more['scanned_collection'] ?? ''} ${more['current_collection_in_progress'] ?? ''} ${more['last_processed_key'] ?? ''}`
    assert.ok(type === 'IN_PROGRESS' || !seen.has(what), `told twice: ${what}`)
    seen.add(what)
  }
}

/** Kills at random instants: of the start as well as of the copy. */
export async function killed(
  t: TestContext,
  {run, random}: ExactlyOnceRun,
  {kills, between}: {readonly kills: number; readonly between: readonly [number, number]},
): Promise<void> {
  for (let kill = 0; kill < kills; kill++) {
    const isCopying = kill % 3 > 0
    const tidemark = await run(isCopying)
    await delay(random.integer(...between))
    const end = await tidemark.kill()
    assert.equal(end.signal, 'SIGKILL', `the process ended by itself: ${tidemark.stderr}`)
  }
  t.diagnostic(`${kills} kills`)
}
