// What cases are made of: variants for each contender in turn, a snapshot by a signal, a stream from a backlog.

import {randomUUID} from 'node:crypto'
import {setTimeout as sleep} from 'node:timers/promises'
import type {CaseName} from './bench-options.ts'
import {database} from './bench-database.ts'
import {warmUpOrders, type BenchTable} from './bench-tables.ts'
import {progress, type BenchWorld} from './bench-world.ts'
import {
  RUN_TIMEOUT_MS,
  type Contender,
  type ContenderRun,
  type Place,
  type RunSetup,
  type SnapshotType,
  type WarmUp,
} from './contender.ts'
import type {Figures, RunFigures, VariantFigures} from './figures.ts'
import {measure, topicOf} from './measurement.ts'
import {verify} from './verification.ts'

export type Variants = AsyncGenerator<VariantFigures, void>

export interface CaseContext {
  readonly world: BenchWorld
  /** In the order in which they take turns. */
  readonly contenders: readonly Contender[]
  /** Variants that only one product has, as a file, and sizes that would take too long are left out. */
  readonly isRace: boolean
}

export interface VariantNames {
  readonly case: CaseName
  readonly variant: string
}

export function isWanted({options}: BenchWorld, variant: string): boolean {
  return options.only.length === 0 || options.only.some(text => variant.includes(text))
}

/** Runs A B A B, two builds or ways A B B A: what the machine does beside us, and what a run leaves behind, meets every contender alike. */
export async function* measured(
  {world, contenders}: CaseContext,
  names: VariantNames,
  run: (contender: Contender) => Promise<Figures>,
): Variants {
  if (!isWanted(world, names.variant)) return
  const runs = new Map<Contender, Figures[]>(contenders.map(contender => [contender, []]))
  for (let round = 1; round <= world.options.runs; round++) {
    const {against, readOnly} = world.options
    const turnAround = (against?.type === 'build' || readOnly) && round % 2 === 0
    for (const contender of turnAround ? [...contenders].reverse() : contenders) {
      progress(`${names.variant}: ${contender.name}, ${round} of ${world.options.runs}`)
      runs.get(contender)!.push(await run(contender))
    }
  }
  for (const [contender, own] of runs) yield {...names, contender: contender.name, runs: own}
}

/** From the signal's row to the end of its snapshot: said by the product, and every event in its topic. */
export async function snapshotRun(
  contender: Contender,
  setup: RunSetup,
  dataCollections: readonly string[],
): Promise<RunFigures> {
  return await contender.within(setup, async run => {
    await run.streaming()
    await warmUpCopy(run)
    const finish = measure(run)
    const from = Date.now()
    const said = await run.snapshotEnd(await executeSnapshot(run, dataCollections))
    const to = await untilTopicsHold(run, setup, said)
    const figures = await finish({from, to})
    const verified = await verify(run, {tables: setup.tables, events: setup.rows})
    return {type: 'rows', ...figures, verified}
  })
}

/** Fills a table for `warmUpCopy`. */
export async function loadWarmUp(world: BenchWorld): Promise<WarmUp | null> {
  const {warmUpRows: rows} = world.options
  if (rows === 0) return null
  await world.createTable(warmUpOrders)
  await world.load(warmUpOrders, rows, null)
  return {tables: [warmUpOrders.name], rows}
}

/** The task copies the warm-up's tables by a signal, to the end. */
export async function warmUpCopy(run: ContenderRun): Promise<void> {
  const {world, warmUp, sink} = run.setup
  if (warmUp === null) return
  const said = await run.snapshotEnd(await executeSnapshot(run, warmUp.tables.map(collection)))
  await untilTopicsHold(run, {...warmUp, world, sink}, said)
}

/** Gives the id of the signal. */
export async function executeSnapshot(
  run: ContenderRun,
  dataCollections: readonly string[],
  type: SnapshotType = 'incremental',
): Promise<string> {
  if (run.executeSnapshot !== undefined) return await run.executeSnapshot(dataCollections, type)
  const {world} = run.setup
  const id = randomUUID()
  const data = JSON.stringify({type, 'data-collections': dataCollections})
  await world.connection.query("INSERT INTO debezium_signal VALUES (?, 'execute-snapshot', ?)", [id, data])
  return id
}

/** Places from before the load, one for each contender, and the load: whoever starts from there has it all before him, the warm-up first. */
export async function backlog(
  {world, contenders}: CaseContext,
  load: {
    readonly table: BenchTable
    readonly rows: number
    readonly warmUp: WarmUp | null
    readonly transactionRows: number
  },
): Promise<ReadonlyMap<Contender, Place>> {
  const {table, rows, warmUp, transactionRows} = load
  // The table is there before: a task copies what is new to it, and a DDL statement in the backlog would be more than rows.
  await world.createTable(table)
  if (warmUp !== null) await world.createTable(warmUpOrders)
  const places = new Map<Contender, Place>()
  for (const contender of contenders) {
    const setup = {
      world,
      name: 'before the backlog',
      tables: [table.name],
      rows,
      warmUp,
      chunkRows: null,
      from: null,
    }
    places.set(contender, await contender.presentPlace({...setup, sink: 'kafka uncompressed'}))
  }
  if (warmUp !== null) await world.load(warmUpOrders, warmUp.rows, transactionRows)
  await world.load(table, rows, transactionRows)
  return places
}

/** From the moment at which the product streams, or the topic holds all of the warm-up, to the one at which its topic holds every event. */
export async function streamRun(contender: Contender, setup: RunSetup): Promise<RunFigures> {
  return await contender.within(setup, async run => {
    const {rows, warmUp, tables} = setup
    const streaming = await run.streaming()
    const from =
      warmUp === null ? streaming : await untilTopicHolds(run, {table: warmUp.tables[0]!, rows: warmUp.rows}, streaming)
    const finish = measure(run)
    const to = await untilTopicHolds(run, {table: tables[0]!, rows}, from)
    const figures = await finish({from, to})
    const verified = await verify(run, {tables, events: rows})
    return {type: 'rows', ...figures, verified}
  })
}

/** Waits until no event comes any more: nothing is left between the binlog and the topic. */
export async function untilQuiet(run: ContenderRun, tables: readonly string[]): Promise<void> {
  const {world} = run.setup
  const topics = tables.map(table => topicOf(run, table))
  let last = -1
  for (let same = 0; same < 4;) {
    const count = await world.topics.countAll(topics)
    same = count === last ? same + 1 : 0
    last = count
    await sleep(500, undefined, {signal: world.signal})
  }
}

/** The broker is asked the more often the nearer the end is: asking costs time of the cores that are measured. */
async function untilTopicHolds(
  run: ContenderRun,
  {table, rows}: {readonly table: string; readonly rows: number},
  from: number,
): Promise<number> {
  const {world} = run.setup
  const topic = topicOf(run, table)
  for (;;) {
    const count = await world.topics.count(topic)
    const now = Date.now()
    if (count >= rows) return now
    if (run.hasEnded() || now - from > RUN_TIMEOUT_MS) {
      throw new Error(`${topic} holds ${count} of ${rows} events after ${(now - from) / 1000} s`)
    }
    const leftMs = count === 0 ? 200 : ((now - from) / count) * (rows - count)
    await sleep(Math.min(200, Math.max(5, leftMs / 3)))
  }
}

const SETTLE_MS = 30_000

/** `said`, where every event is there when it is first looked at, else the time of the look that finds all. */
async function untilTopicsHold(
  run: ContenderRun,
  {world, rows, tables, sink}: Pick<RunSetup, 'world' | 'rows' | 'tables' | 'sink'>,
  said: number,
): Promise<number> {
  if (sink === 'file') return said
  const topics = tables.map(table => topicOf(run, table))
  for (let looks = 1; ; looks++) {
    const count = await world.topics.countAll(topics)
    const now = Date.now()
    if (count >= rows) return looks === 1 ? said : now
    if (run.hasEnded() || now - said > SETTLE_MS) {
      throw new Error(`${run.prefix}.* hold ${count} of ${rows} events ${(now - said) / 1000} s after the snapshot`)
    }
    await sleep(5)
  }
}

/** What a signal calls a table of the bench. */
export function collection(table: string): string {
  return `${database}.${table}`
}
