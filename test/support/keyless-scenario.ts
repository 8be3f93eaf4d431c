// A table without a key that is copied by the parallel reader again and again while it is written to, whatever ends the
// process meanwhile, and what must hold afterwards: the events fold to the table, and every change came.

import assert from 'node:assert/strict'
import {writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import type {TestContext} from 'node:test'
import {loadSettings} from '../../src/config/load-settings.ts'
import {stateName} from '../../src/config/state-settings.ts'
import {decodeCheckpoint, type Checkpoint} from '../../src/state/checkpoint.ts'
import {eventually} from '../../tools/servers/eventually.ts'
import type {MysqlAddress} from '../../tools/servers/mysql-server.ts'
import {caughtUp, prepareCapture, receipt, type Capture} from './capture.ts'
import {committedState} from './committed-state.ts'
import {eventsInKafka} from './consume-topic.ts'
import {prepareExactlyOnce} from './exactly-once-scenario.ts'
import {assertKeyless} from './keyless-oracle.ts'
import {KeylessTable, KeylessWriter, storedRowCounts} from './keyless-writer.ts'
import {randomFor, type SeededRandom} from './seeded-random.ts'
import {TcpProxy} from './tcp-proxy.ts'
import type {Config} from './tidemark-config.ts'
import {runTidemark, type TidemarkProcess} from './tidemark-process.ts'

export const TABLE = 'clicks'
/** Nobody captures it: what is written to it only makes transactions long. */
export const BULK = 'bulk'

export interface KeylessScenario {
  /** Events go to this Kafka; without it to a file. */
  readonly bootstrap?: string
  readonly exactlyOnce?: boolean
  readonly seed?: number
  readonly server?: MysqlAddress
  readonly config?: Config
  /** Rows that the table begins with. */
  readonly rows: number
}

export interface KeylessRun {
  readonly capture: Capture
  readonly random: SeededRandom
  readonly writer: KeylessWriter
  /** Between the process and the server; the connections of `capture` do not go through it. */
  readonly proxy: TcpProxy
  /** Starts a process that is left running, with a copy of the table asked for where none is under way. */
  run(): Promise<TidemarkProcess>
  /** As the process has stored it, committed by now. */
  checkpoint(): Promise<Checkpoint | null>
  /** Ends the writer, brings everything to its end, stops, and judges what consumers see. */
  judge(): Promise<void>
}

/** The writer writes from now on. */
export async function keylessUnderWrites(t: TestContext, options: KeylessScenario): Promise<KeylessRun> {
  const random = randomFor(t, options.seed)
  const {bootstrap, server, exactlyOnce = false} = options
  const config = {
    'snapshot.max.rows.per.second': String(options.rows),
    'table.exclude.list': `.*[.]${BULK}`,
    ...options.config,
  }
  const capture =
    exactlyOnce && bootstrap !== undefined
      ? await prepareExactlyOnce(t, bootstrap, config)
      : await prepareCapture(t, {
          ...{prefix: 'keyless', config},
          ...(bootstrap === undefined ? {} : {bootstrap}),
          ...(server === undefined ? {} : {server}),
        })
  const {host, port} = capture.database.server
  const proxy = await TcpProxy.start(t, {host, port})
  await capture.connection.query(`CREATE TABLE ${BULK} (b LONGBLOB)`)
  const table = new KeylessTable(TABLE, random)
  for (const statement of table.setUp(options.rows)) await capture.connection.query(statement)
  // The state exists before anything is judged, so that every change made by the writer is after its offset.
  const first = await capture.run(t)
  await first.waitForStreaming()
  assert.deepEqual(await first.stop(), {code: 0, signal: null}, first.stderr)
  const settings = await settingsOf(capture)
  const writer = new KeylessWriter(await capture.database.connect(), table, random)
  writer.start(5)
  const checkpoint = async (): Promise<Checkpoint | null> => {
    const stored = await committedState(settings)
    return stored === null ? null : decodeCheckpoint(stored, stateName(settings.state))
  }
  const run = async (): Promise<TidemarkProcess> => {
    const stored = await checkpoint()
    const isGoing = (stored?.snapshots ?? []).some(({state}) => state === 'queued' || state === 'running')
    const tidemark = await capture.run(t, {'database.hostname': '127.0.0.1', 'database.port': String(proxy.port)})
    if (!isGoing && stored?.parallel?.state !== 'copying') await capture.snapshot([TABLE])
    return tidemark
  }
  const judge = async (): Promise<void> => {
    const last = await run()
    await last.waitForStreaming(60_000)
    await writer.stop()
    // Signals are dealt with in order: behind this one's answer, every snapshot that was asked for is known.
    await receipt(last, await capture.signal('log', {message: 'the end'}))
    await last.waitForStatus(({snapshot}) => snapshot.state === 'idle', 120_000)
    await caughtUp(last, capture.connection)
    await eventually({what: 'the main stream to have the table', timeoutMs: 60_000}, async () =>
      (await checkpoint())?.parallel === undefined ? true : undefined,
    )
    await caughtUp(last, capture.connection)
    await verified(t, capture)
    assert.deepEqual(await last.stop(), {code: 0, signal: null}, last.stderr)
    const events =
      bootstrap === undefined ? await capture.tableEvents(TABLE) : await eventsInKafka(bootstrap, capture.topic(TABLE))
    const counts = assertKeyless({
      name: TABLE,
      events,
      initial: table.initial,
      history: table.history,
      table: await storedRowCounts(capture.connection, TABLE),
      exactlyOnce,
      fromStart: true,
    })
    t.diagnostic(`${writer.transactions} transactions, ${table.size} rows, ${JSON.stringify(counts)}`)
    assert.ok(counts.copies > 0 && counts.streamed > 0, 'nothing to judge')
  }
  return {capture, random, writer, proxy, run, checkpoint, judge}
}

/** Until the readers have come from one state to another, while the process runs. `from` null: from whichever. */
export async function untilReaders(
  tidemark: TidemarkProcess,
  {from, to}: {readonly from: string | null; readonly to: string},
): Promise<void> {
  await tidemark.waitForLog(
    ({msg, fields}) => isOfReaders(msg) && fields['to'] === to && (from === null || fields['from'] === from),
    90_000,
  )
}

/** Of every change of the readers' state one line tells. */
export function isOfReaders(msg: string): boolean {
  return msg.startsWith('parallel reader')
}

async function settingsOf({config, folder}: Capture): Promise<ReturnType<typeof loadSettings>['settings']> {
  const path = join(folder, 'judged.json')
  await writeFile(path, JSON.stringify(config))
  return loadSettings(path, {env: {}}).settings
}

/** Also by what users have. */
async function verified(t: TestContext, {config, folder, database}: Capture): Promise<void> {
  const args = [`${database.name}.${TABLE}`]
  const run = await runTidemark(t, {config, folder, command: 'verify', args})
  const {code} = await run.ended
  assert.equal(code, 0, `${run.stdout}\n${run.stderr}`)
}
