// The cases on real servers. Each gives its variants one after the other, so that the first figures show early.

import {randomUUID} from 'node:crypto'
import {copyFile} from 'node:fs/promises'
import {join} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'
import type {CaseName} from './bench-options.ts'
import {narrow, orders, type BenchTable} from './bench-tables.ts'
import {database, progress, type BenchWorld} from './bench-world.ts'
import type {RunFigures, VariantFigures} from './figures.ts'
import {warmUpBroker} from './warm-up.ts'
import {logTimeMs, RUN_TIMEOUT_MS, TidemarkRun, type Config} from './tidemark-run.ts'

export type Variants = AsyncGenerator<VariantFigures, void>

export const cases: Readonly<Record<CaseName, (world: BenchWorld) => Variants>> = {
  snapshot: snapshotCase,
  stream: streamCase,
  memory: memoryCase,
}

const warmedUp = new WeakSet<BenchWorld>()

async function* snapshotCase(world: BenchWorld): Variants {
  const rows = world.options.rows ?? 500_000
  await warmUp(world)
  await world.createTable(orders)
  await world.load(orders, rows, null)
  for (const chunk of [2048, 8192]) {
    for (const sink of ['kafka uncompressed', 'kafka lz4', 'file'] as const) {
      const variant = `snapshot, chunks of ${chunk}, ${sink}`
      const config = {'incremental.snapshot.chunk.size': String(chunk)}
      yield* measured(world, {case: 'snapshot', variant}, async () => {
        return await snapshotRun(world, {variant, table: orders, rows, sink, config})
      })
    }
  }
}

async function* streamCase(world: BenchWorld): Variants {
  const rows = world.options.rows ?? 500_000
  await warmUp(world)
  for (const transactionRows of [1000, 1]) {
    const size = transactionRows === 1 ? 'transactions of one row' : `transactions of ${transactionRows} rows`
    const count = transactionRows === 1 ? Math.ceil(rows / 5) : rows
    const variants = (['kafka uncompressed', 'kafka lz4'] as const).map(sink => ({
      variant: `stream, ${size}, ${sink}`,
      sink,
    }))
    if (!variants.some(({variant}) => isWanted(world, variant))) continue
    const state = await backlog(world, {table: orders, rows: count, transactionRows})
    for (const {variant, sink} of variants) {
      yield* measured(world, {case: 'stream', variant}, async () => {
        return await streamRun(world, {variant, table: orders, rows: count, sink, state})
      })
    }
  }
}

async function* memoryCase(world: BenchWorld): Variants {
  const rows = world.options.rows ?? 5_000_000
  const sink = 'kafka lz4'
  await warmUp(world)
  const snapshot = 'memory, snapshot of narrow rows, kafka lz4'
  if (isWanted(world, snapshot)) {
    await world.createTable(narrow)
    await world.load(narrow, rows, null)
    yield* measured(world, {case: 'memory', variant: snapshot}, async () => {
      return await snapshotRun(world, {variant: snapshot, table: narrow, rows, sink, config: {}})
    })
  }
  const stream = 'memory, one long transaction, kafka lz4'
  if (!isWanted(world, stream)) return
  const count = Math.ceil((rows * 2) / 5)
  const state = await backlog(world, {table: narrow, rows: count, transactionRows: count})
  yield* measured(world, {case: 'memory', variant: stream}, async () => {
    return await streamRun(world, {variant: stream, table: narrow, rows: count, sink, state})
  })
}

function isWanted({options}: BenchWorld, variant: string): boolean {
  return options.only.length === 0 || options.only.some(text => variant.includes(text))
}

async function* measured(
  world: BenchWorld,
  names: {readonly case: string; readonly variant: string},
  run: () => Promise<RunFigures>,
): Variants {
  if (!isWanted(world, names.variant)) return
  const runs: RunFigures[] = []
  for (let i = 0; i < world.options.runs; i++) {
    progress(names.variant)
    runs.push(await run())
  }
  yield {...names, runs}
}

type SinkName = 'kafka uncompressed' | 'kafka lz4' | 'file'

interface RunChoice {
  /** Default: as the options say. */
  readonly profile?: boolean
  readonly variant: string
  readonly table: BenchTable
  readonly rows: number
  readonly sink: SinkName
}

function sinkConfig(world: BenchWorld, sink: SinkName): Config {
  if (sink === 'file') {
    return {'sink.type': 'file', 'sink.file.path': join(world.folder, `${randomUUID()}.jsonl`)}
  }
  const compression = sink === 'kafka lz4' ? {'producer.override.compression.type': 'lz4'} : {}
  return {'bootstrap.servers': world.kafka.bootstrap, ...compression}
}

/** From the signal's row to the log's "snapshot done", which comes after the last acknowledgement. */
async function snapshotRun(world: BenchWorld, choice: RunChoice & {readonly config: Config}): Promise<RunFigures> {
  const {table, rows, variant, sink} = choice
  const config = {...sinkConfig(world, sink), ...choice.config}
  const state = join(world.folder, `${randomUUID()}.state`)
  const {profile = world.options.profile} = choice
  const setup = {world, name: variant, table: table.name, rows, config, state, profile}
  return await TidemarkRun.within(setup, async run => {
    await run.task.waitForLog('streaming')
    const id = randomUUID()
    const finish = run.measure()
    const from = Date.now()
    const data = JSON.stringify({'data-collections': [`${database}.${table.name}`]})
    await world.connection.query("INSERT INTO debezium_signal VALUES (?, 'execute-snapshot', ?)", [id, data])
    const ends = /^snapshot (done|stopped|failed)$/
    const done = await run.task.waitForLog(
      ({msg, fields}) => ends.test(msg) && fields['snapshot'] === id,
      RUN_TIMEOUT_MS,
    )
    if (done.msg !== 'snapshot done') throw new Error(`wanted "snapshot done", got ${done.text}`)
    const figures = await finish({from, to: logTimeMs(done)})
    return {...figures, verified: await run.verify()}
  })
}

/** A state from before the load, and the load: whoever starts from the state has it all before him. */
async function backlog(
  world: BenchWorld,
  load: {readonly table: BenchTable; readonly rows: number; readonly transactionRows: number},
): Promise<string> {
  const {table, rows, transactionRows} = load
  const state = join(world.folder, `before-${randomUUID()}.state`)
  const setup = {
    world,
    name: 'before the backlog',
    table: table.name,
    rows,
    config: sinkConfig(world, 'file'),
    state,
    profile: false,
  }
  // The table is there before: a task copies what is new to it, and a DDL statement in the backlog would be more than rows.
  await world.createTable(table)
  await TidemarkRun.within(setup, async run => {
    await run.task.waitForLog('streaming')
  })
  await world.load(table, rows, transactionRows)
  return state
}

/** From the log's "streaming" to the moment at which the topic holds every event. */
async function streamRun(world: BenchWorld, choice: RunChoice & {readonly state: string}): Promise<RunFigures> {
  const {table, rows, variant, sink} = choice
  const state = join(world.folder, `${randomUUID()}.state`)
  await copyFile(choice.state, state)
  const config = sinkConfig(world, sink)
  const {profile = world.options.profile} = choice
  const setup = {world, name: variant, table: table.name, rows, config, state, profile}
  return await TidemarkRun.within(setup, async run => {
    const streaming = await run.task.waitForLog('streaming')
    const finish = run.measure()
    const from = logTimeMs(streaming)
    const to = await untilTopicHolds(world, {run, rows, from})
    const figures = await finish({from, to})
    return {...figures, verified: await run.verify()}
  })
}

/** The broker is asked the more often the nearer the end is: asking costs time of the cores that are measured. */
async function untilTopicHolds(
  world: BenchWorld,
  {run, rows, from}: {readonly run: TidemarkRun; readonly rows: number; readonly from: number},
): Promise<number> {
  let ended = false
  void run.task.ended.then(() => (ended = true))
  for (;;) {
    const count = await world.topics.count(run.topic)
    const now = Date.now()
    if (count >= rows) return now
    if (ended || now - from > RUN_TIMEOUT_MS) {
      throw new Error(`${run.topic} holds ${count} of ${rows} events after ${(now - from) / 1000} s`)
    }
    const leftMs = count === 0 ? 200 : ((now - from) / count) * (rows - count)
    await sleep(Math.min(200, Math.max(5, leftMs / 3)))
  }
}

/** Once for each bench, whatever cases it has. */
async function warmUp(world: BenchWorld): Promise<void> {
  if (warmedUp.has(world)) return
  warmedUp.add(world)
  progress('warming up the broker')
  const topic = `warm-up-${randomUUID()}`
  await warmUpBroker(world.kafka, topic, world.signal)
  await world.topics.deleteTopics(topic)
}
