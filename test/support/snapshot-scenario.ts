// Snapshots of every kind of key while writers change the rows, and the judgement of what came out.

import assert from 'node:assert/strict'
import type {TestContext} from 'node:test'
import {eventually} from '../../tools/servers/eventually.ts'
import type {MysqlAddress} from '../../tools/servers/mysql-server.ts'
import {caughtUp, prepareCapture, snapshotEnded, type Capture} from './capture.ts'
import {onCleanUp} from './clean-up.ts'
import {assertConverged, assertHistory} from './history-oracle.ts'
import {keyShapes} from './key-shapes.ts'
import type {ObservedEvent} from './observed-events.ts'
import {RandomWriter, receiptsTable, storedRows, WrittenTable} from './random-writer.ts'
import {randomFor, type SeededRandom} from './seeded-random.ts'
import type {Config} from './tidemark-config.ts'
import type {TidemarkProcess} from './tidemark-process.ts'

const WRITERS = 2

/** Tables with rows, one for each kind of key or for some of them, and writers that begin when told. */
export async function writersFor(
  capture: Capture,
  random: SeededRandom,
  {size, kinds = Infinity}: {size: number; kinds?: number},
): Promise<RandomWriter[]> {
  const shapes = keyShapes(size)
  while (shapes.length > kinds) shapes.splice(random.integer(0, shapes.length - 1), 1)
  const tables = shapes.map(shape => new WrittenTable(shape, random))
  for (const table of tables) for (const statement of table.setUp(0.6)) await capture.connection.query(statement)
  return await Promise.all(
    Array.from({length: WRITERS}, async (_, number) => {
      const own = tables.filter((_table, index) => index % WRITERS === number)
      return new RandomWriter(await capture.database.connect(), own, random)
    }),
  )
}

async function outliveOutages(capture: Capture, writers: readonly RandomWriter[]): Promise<void> {
  await capture.connection.query(receiptsTable)
  for (const [writer, one] of writers.entries()) {
    one.outlive({
      writer,
      reconnected: async ask => {
        const {answer} = await eventually({what: 'the server to answer a writer', timeoutMs: 120_000}, async () => ({
          answer: await ask(await capture.database.connect()),
        }))
        return answer
      },
    })
  }
}

export async function stopWriters(writers: readonly RandomWriter[]): Promise<void> {
  await Promise.all(writers.map(async writer => await writer.stop()))
}

/** A condition for each table. How long a row takes stands in a table, so that it can change while the snapshot runs. */
async function conditions(
  capture: Capture,
  tables: readonly string[],
  {secondsPerRow = 0, filter = () => 'TRUE'}: Pick<SnapshotsUnderWrites, 'secondsPerRow' | 'filter'>,
): Promise<object> {
  const {connection, database} = capture
  await connection.query(`CREATE TABLE pace (seconds DOUBLE NOT NULL) SELECT ${secondsPerRow} AS seconds`)
  return {
    'additional-conditions': tables.map(table => ({
      'data-collection': `${database.name}.${table}`,
      filter: `SLEEP((SELECT seconds FROM ${database.name}.pace)) = 0 AND ${filter(table, database.name)}`,
    })),
  }
}

/** What `meanwhile` needed time for is over: the rows that are left take none. */
async function hurry({connection}: Capture): Promise<void> {
  await connection.query('UPDATE pace SET seconds = 0')
}

/** Rows that the stream superseded, from the logs' lines. */
function superseded(processes: readonly TidemarkProcess[]): number {
  return processes
    .flatMap(({log}) => log)
    .filter(({msg}) => msg === 'table done')
    .reduce((sum, {fields}) => sum + Number(fields['superseded']), 0)
}

export async function judge(
  {capture, writers, superseded}: {capture: Capture; writers: readonly RandomWriter[]; superseded: number},
  eventsOf: (table: string) => Promise<readonly ObservedEvent[]> | readonly ObservedEvent[],
): Promise<void> {
  const tables = writers.flatMap(writer => writer.tables)
  const found = await Promise.all(tables.map(async ({shape}) => await eventsOf(shape.name)))
  for (const [at, {shape, history}] of tables.entries()) {
    const events = found[at] ?? []
    const counts = assertHistory({shape, runs: [events], history})
    assert.ok(counts.read > 0 && counts.streamed > 0, `${shape.name}: ${JSON.stringify(counts)}`)
    assertConverged(shape, events, await storedRows(capture.connection, shape))
  }
  assert.ok(superseded > 0, 'no row was changed while it was read: the test proves nothing')
}

export interface SnapshotsUnderWrites {
  readonly config: Config
  readonly seed?: number
  readonly bootstrap?: string
  /** A server of the test's own, which `meanwhile` may stop and start. */
  readonly server?: MysqlAddress
  readonly snapshots: number
  readonly size: number
  /** Tables of so many kinds of key, drawn at random. Default: all. */
  readonly kinds?: number
  /** How long a writer rests behind each transaction. Default: not at all. */
  readonly restMs?: number
  /**
   * A row's SELECT takes this long until `meanwhile` or `interrupted` is done, so that these find the snapshot under way; it can
   * be as long as a slow machine needs, since the rest of the copy does not wait.
   */
  readonly secondsPerRow?: number
  /** One more condition on the rows of a table. It must hold for all of them. */
  readonly filter?: (table: string, database: string) => string
  /** Sends execute-snapshot for tables of the capture's database; the signal's id. Default: a row in the signal table. */
  readonly send?: (capture: Capture, tables: readonly string[], more: object) => Promise<string>
  /** Before the process starts; `tables` are there by then. */
  readonly setUp?: (capture: Capture, tables: readonly string[]) => Promise<void>
  /** Between a snapshot's signal and its end. */
  readonly meanwhile?: (capture: Capture, tidemark: TidemarkProcess) => Promise<void>
  /** As `meanwhile`, where the snapshot may fail or the process end in between: gives the process that goes on. */
  readonly interrupted?: (capture: Capture, tidemark: TidemarkProcess) => Promise<TidemarkProcess>
}

async function sendRow(capture: Capture, tables: readonly string[], more: object): Promise<string> {
  return await capture.snapshot(tables, more)
}

export interface WritesOutcome {
  readonly capture: Capture
  readonly writers: RandomWriter[]
  readonly superseded: number
}

/** The writers write from before the first snapshot to behind the last. */
export async function snapshotUnderWrites(t: TestContext, options: SnapshotsUnderWrites): Promise<WritesOutcome> {
  const random = randomFor(t, options.seed)
  const capture = await prepareCapture(t, {
    prefix: 'converge',
    config: options.config,
    ...(options.bootstrap === undefined ? {} : {bootstrap: options.bootstrap}),
    ...(options.server === undefined ? {} : {server: options.server}),
  })
  const writers = await writersFor(capture, random, options)
  const names = writers.flatMap(writer => writer.tables.map(({shape}) => shape.name))
  await options.setUp?.(capture, names)
  let tidemark = await capture.run(t)
  const processes = [tidemark]
  await tidemark.waitForStreaming()
  if (options.server !== undefined) await outliveOutages(capture, writers)
  // Where the test fails, writers that outlive outages would go on.
  onCleanUp(t, async () => {
    await stopWriters(writers).catch(() => undefined)
  })
  const {secondsPerRow, filter} = options
  const isSlow = secondsPerRow !== undefined
  const more = isSlow || filter !== undefined ? await conditions(capture, names, options) : {}
  for (const writer of writers) writer.start(options.restMs)
  for (let count = 0; count < options.snapshots; count++) {
    const id = await (options.send ?? sendRow)(capture, ['k_.*'], more)
    if (options.interrupted === undefined) {
      await options.meanwhile?.(capture, tidemark)
      if (isSlow) await hurry(capture)
      await snapshotEnded(tidemark, id)
    } else {
      tidemark = await options.interrupted(capture, tidemark)
      if (isSlow) await hurry(capture)
      if (!processes.includes(tidemark)) processes.push(tidemark)
      const {snapshot} = await tidemark.waitForStatus(page => page.snapshot.state === 'idle', 120_000)
      assert.deepEqual([...new Set(snapshot.tables.map(({state}) => state))], ['done'])
    }
  }
  await stopWriters(writers)
  await caughtUp(tidemark, capture.connection)
  assert.deepEqual(await tidemark.stop(), {code: 0, signal: null}, tidemark.stderr)
  const transactions = writers.reduce((sum, writer) => sum + writer.transactions, 0)
  t.diagnostic(`${transactions} transactions, ${superseded(processes)} rows superseded`)
  return {capture, writers, superseded: superseded(processes)}
}
