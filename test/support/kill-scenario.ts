// Tidemark killed again and again while it streams and copies under writes, and what must hold afterwards.

import assert from 'node:assert/strict'
import {appendFile, readFile, stat} from 'node:fs/promises'
import type {TestContext} from 'node:test'
import {setTimeout as delay} from 'node:timers/promises'
import kafkajs from 'kafkajs'
import {caughtUp, prepareCapture, receipt, type Capture} from './capture.ts'
import {eventsInKafka} from './consume-topic.ts'
import {assertConverged, assertHistory} from './history-oracle.ts'
import {bigint, keyShapes} from './key-shapes.ts'
import {jsonMembers} from './json-members.ts'
import type {ObservedEvent} from './observed-events.ts'
import {RandomWriter, storedRows, WrittenTable} from './random-writer.ts'
import {randomFor, type SeededRandom} from './seeded-random.ts'
import {eventsFile, type Config} from './tidemark-config.ts'
import type {TidemarkProcess} from './tidemark-process.ts'

/** A table that nobody writes to, so that its read events can be counted. */
const QUIET = bigint(6_000, 'quiet')
/** Of a writer, behind each transaction: hundreds of transactions between two kills, and time for what else must run. */
const REST_MS = 4
const RUN_ID = '__debezium.context.runId'
/** Time that a checkpoint may take between the look at the state and the end of its file's write. */
const CHECKPOINT_SLACK_MS = 5_000

export interface KillScenario {
  readonly kills: number
  /** The instant of a kill, in ms after the start of the process or of its copying: at random between these. */
  readonly between: readonly [number, number]
  readonly seed?: number
  readonly bootstrap?: string
  readonly config?: Config
  /** What else goes wrong around a kill. `before` runs at its instant, `after` when the process is gone. */
  readonly around?: {before(tidemark: TidemarkProcess): Promise<void>; after(): Promise<void>}
  /** Keys of each written table. */
  readonly size: number
}

interface Scenario {
  readonly capture: Capture
  readonly random: SeededRandom
  readonly writers: readonly RandomWriter[]
  readonly events: (table: string) => Promise<ObservedEvent[]>
  readonly torn: {lines: number}
}

/** Kills, starts again, and judges I1, I2, I3 and the number of rows that were read twice. */
export async function surviveKills(t: TestContext, options: KillScenario): Promise<void> {
  const scenario = await setUp(t, options)
  const {capture, random, writers} = scenario
  for (const writer of writers) writer.start(REST_MS)
  let beyond = 0
  let repeated = 0
  for (let kill = 0; kill < options.kills; kill++) {
    const tidemark = await capture.run(t)
    await keepSnapshotGoing(capture)
    // Half of the kills come at any instant, the start included; half (all, where more goes wrong) while rows of the quiet table are leaving.
    if (kill % 2 === 1 || options.around !== undefined) await untilCopying(tidemark)
    await delay(random.integer(...options.between))
    await options.around?.before(tidemark)
    const end = await tidemark.kill()
    await options.around?.after()
    assert.equal(end.signal, 'SIGKILL', `the process ended by itself: ${tidemark.stderr}`)
    const now = await beyondState(scenario)
    assert.ok(
      now.beyond - beyond <= now.sinceCheckpoint,
      `kill ${kill}: ${now.beyond - beyond} rows are not in the state, ${now.sinceCheckpoint} were emitted since it was stored`,
    )
    repeated += now.beyond - beyond
    beyond = now.beyond
    if (options.bootstrap === undefined && random.chance(0.5)) {
      await appendFile(eventsFile(capture.folder), '{"topic":"torn","key":{"id":')
      scenario.torn.lines++
    }
  }
  const last = await capture.run(t)
  await last.waitForStreaming()
  await Promise.all(writers.map(async writer => await writer.stop()))
  // Signals are dealt with in order: behind this one's answer, every snapshot that was asked for is known.
  await receipt(last, await capture.signal('log', {message: 'the end'}))
  await last.waitForStatus(({snapshot}) => snapshot.state === 'idle', 120_000)
  await caughtUp(last, capture.connection)
  assert.deepEqual(await last.stop(), {code: 0, signal: null}, last.stderr)
  assert.equal((await beyondState(scenario)).beyond, beyond, 'a run without a kill reads no row twice')
  t.diagnostic(`${repeated} rows of ${QUIET.size} read again after ${options.kills} kills`)
  await judge(t, scenario)
}

async function setUp(t: TestContext, options: KillScenario): Promise<Scenario> {
  const random = randomFor(t, options.seed)
  const {bootstrap} = options
  const capture = await prepareCapture(t, {
    prefix: 'kills',
    ...(bootstrap === undefined ? {} : {bootstrap}),
    config: {
      'incremental.snapshot.chunk.size': String(random.pick([40, 150])),
      'snapshot.max.threads': String(random.pick([1, 3])),
      'incremental.snapshot.watermarking.strategy': random.pick(['insert_insert', 'insert_delete']),
      ...options.config,
    },
  })
  t.diagnostic(JSON.stringify(Object.entries(capture.config).filter(([key]) => key.includes('snapshot.'))))
  const tables = keyShapes(options.size).map(shape => new WrittenTable(shape, random))
  const quiet = new WrittenTable(QUIET, random)
  for (const table of [...tables, quiet]) {
    for (const statement of table.setUp(table === quiet ? 1 : 0.6)) await capture.connection.query(statement)
  }
  // The state exists before the first kill, so that every change made by the writers is after its offset.
  const first = await capture.run(t)
  await first.waitForStreaming()
  await first.stop()
  if (bootstrap !== undefined) await createTopic(bootstrap, capture.topic(QUIET.name))
  const halves = [0, 1].map(half => tables.filter((_table, index) => index % 2 === half))
  const writers = await Promise.all(
    halves.map(async half => new RandomWriter(await capture.database.connect(), half, random)),
  )
  const events = async (table: string): Promise<ObservedEvent[]> =>
    bootstrap === undefined ? await capture.tableEvents(table) : await eventsInKafka(bootstrap, capture.topic(table))
  return {capture, random, writers, events, torn: {lines: 0}}
}

async function createTopic(bootstrap: string, topic: string): Promise<void> {
  const admin = new kafkajs.Kafka({brokers: [bootstrap], logLevel: kafkajs.logLevel.NOTHING}).admin()
  await admin.connect()
  await admin.createTopics({topics: [{topic, numPartitions: 1, replicationFactor: 1}]})
  await admin.disconnect()
}

/** One more snapshot of everything where none is under way, as far as the state knows. */
async function keepSnapshotGoing(capture: Capture): Promise<void> {
  const {snapshots} = await readState(capture)
  const isGoing = snapshots.some(({state}) => state === 'queued' || state === 'running')
  if (!isGoing) {
    // Its rows come slowly, so that kills find the copy under way.
    const slow = {'data-collection': `${capture.database.name}.quiet`, filter: 'SLEEP(0.0002) = 0'}
    await capture.snapshot(['quiet', 'k_.*'], {'additional-conditions': [slow]})
  }
}

async function untilCopying(tidemark: TidemarkProcess): Promise<void> {
  await tidemark.waitForStatus(({snapshot}) =>
    snapshot.tables.some(({table, state, rowsDone}) => table.endsWith('.quiet') && state === 'running' && rowsDone > 0),
  )
}

interface StoredState {
  readonly snapshots: readonly {
    readonly state: string
    readonly tables: readonly {readonly table: {readonly table: string}; readonly rowsDone: number}[]
  }[]
}

async function readState(capture: Capture): Promise<StoredState> {
  return JSON.parse(await readFile(statePath(capture), 'utf8')) as StoredState
}

function statePath(capture: Capture): string {
  return capture.config['offset.storage.file.filename']!
}

/** Read events of the quiet table that the stored state does not know of, and those emitted since it was stored. */
async function beyondState({capture, events}: Scenario): Promise<{beyond: number; sinceCheckpoint: number}> {
  const {mtimeMs} = await stat(statePath(capture))
  const {snapshots} = await readState(capture)
  const done = snapshots
    .flatMap(({tables}) => tables)
    .filter(({table}) => table.table === QUIET.name)
    .reduce((sum, {rowsDone}) => sum + rowsDone, 0)
  const read = await events(QUIET.name)
  const since = read.filter(event => emittedAt(event) > mtimeMs - CHECKPOINT_SLACK_MS)
  return {beyond: read.length - done, sinceCheckpoint: since.length}
}

function emittedAt({valueText}: ObservedEvent): number {
  const members = jsonMembers(valueText ?? '{}')
  return Number(members.get('ts_ms'))
}

async function judge(t: TestContext, {capture, writers, events, torn}: Scenario): Promise<void> {
  const all = writers.flatMap(({tables}) => tables)
  let read = 0
  for (const {shape, history} of all) {
    const found = await events(shape.name)
    read += assertHistory({shape, runs: byRun(found), history}).read
    assertConverged(shape, found, await storedRows(capture.connection, shape))
  }
  assertConverged(QUIET, await events(QUIET.name), await storedRows(capture.connection, QUIET))
  t.diagnostic(
    `${writers.reduce((sum, {transactions}) => sum + transactions, 0)} transactions, ${torn.lines} torn lines`,
  )
  assert.ok(read > 0, 'no snapshot ran')
  if (torn.lines === 0) return
  const lines = (await readFile(eventsFile(capture.folder), 'utf8')).split('\n')
  assert.equal(lines.pop(), '')
  const broken = lines.filter(line => !line.startsWith(`{"topic":"${capture.database.name}.`))
  assert.deepEqual(broken, [], 'a torn line was continued')
}

/** The events of each run of the process, told apart by the header that names the run. */
function byRun(events: readonly ObservedEvent[]): ObservedEvent[][] {
  const runs = new Map<string, ObservedEvent[]>()
  for (const event of events) {
    const id = event.headers[RUN_ID] ?? ''
    const known = runs.get(id)
    if (known === undefined) runs.set(id, [event])
    else known.push(event)
  }
  return [...runs.values()]
}
