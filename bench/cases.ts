// The cases on real servers. Each gives its variants one after the other, so that the first figures show early.

import {randomUUID} from 'node:crypto'
import type {CaseName} from './bench-options.ts'
import {manyOrders, narrow, orderChange, orders, warmUpOrders} from './bench-tables.ts'
import {progress, type BenchWorld} from './bench-world.ts'
import {
  backlog,
  collection,
  executeSnapshot,
  isWanted,
  loadWarmUp,
  measured,
  snapshotRun,
  streamRun,
  untilQuiet,
  warmUpCopy,
  type CaseContext,
  type Variants,
} from './case-runs.ts'
import type {WarmUp} from './contender.ts'
import {latencyCase} from './latency-case.ts'
import {measure} from './measurement.ts'
import {startCase} from './start-case.ts'
import {TableWriter} from './table-writer.ts'
import {verify} from './verification.ts'
import {warmUpBroker} from './warm-up.ts'

export const cases: Readonly<Record<CaseName, (context: CaseContext) => Variants>> = {
  snapshot: snapshotCase,
  'snapshot-under-writes': underWritesCase,
  stream: streamCase,
  'many-tables': manyTablesCase,
  latency: latencyCase,
  start: startCase,
  memory: memoryCase,
}

/** Rows of a chunk in the race, and in cases that do not compare sizes: Tidemark's default, twice Debezium's. */
const CHUNK_ROWS = 2048
const CHANGES_PER_SECOND = 500
const WRITER_CONNECTIONS = 4
const MANY_TABLES = 100
const ROWS_OF_MANY = 1000
/** Of the rows of a case, how many there are where each has a transaction of its own. */
const ONE_ROW_SHARE = 1 / 5

async function* snapshotCase(context: CaseContext): Variants {
  const {world, isRace} = context
  // What a race promises of CPU is told for a million rows; a task that begins cold needs as many to show its pace.
  const rows = world.options.rows ?? (isRace ? 1_000_000 : 500_000)
  const warmUp = await loadWarmUp(world)
  await world.createTable(orders)
  await world.load(orders, rows, null)
  for (const chunkRows of isRace ? [CHUNK_ROWS] : [CHUNK_ROWS, 8192]) {
    for (const sink of ['kafka uncompressed', 'kafka lz4', 'file'] as const) {
      if (isRace && sink === 'file') continue
      const variant = `snapshot, chunks of ${chunkRows}, ${sink}`
      yield* measured(context, {case: 'snapshot', variant}, async contender => {
        const setup = {world, name: variant, tables: [orders.name], rows, warmUp, sink, chunkRows, from: null}
        return await snapshotRun(contender, setup, [collection(orders.name)])
      })
    }
  }
}

async function* underWritesCase(context: CaseContext): Variants {
  const {world} = context
  const rows = world.options.rows ?? 500_000
  const sink = 'kafka lz4'
  const variant = `snapshot under ${CHANGES_PER_SECOND} changes/s, ${sink}`
  if (!isWanted(world, variant)) return
  const warmUp = await loadWarmUp(world)
  await world.createTable(orders)
  await world.load(orders, rows, null)
  const common = {world, name: variant, tables: [orders.name], rows, warmUp, sink, chunkRows: CHUNK_ROWS} as const
  // Numbers of changes go on from run to run, so that no insert meets a row of an earlier one.
  let lastChange = 0
  yield* measured(context, {case: 'snapshot-under-writes', variant}, async contender => {
    const setup = {...common, from: null}
    return await contender.within(setup, async run => {
      await run.streaming()
      await warmUpCopy(run)
      const first = lastChange
      const writer = orderWriter(world, rows, n => {
        // Connections run ahead of each other: what counts is the highest number given out, not how many changes there were.
        lastChange = Math.max(lastChange, first + n)
        return first + n
      })
      const finish = measure(run)
      const from = Date.now()
      const to = await run.snapshotEnd(await executeSnapshot(run, [collection(orders.name)]))
      const figures = await finish({from, to})
      const pace = await writer.stop()
      await untilQuiet(run, setup.tables)
      const verified = await verify(run, {tables: setup.tables, events: null})
      return {type: 'rows', ...figures, verified: `${verified}, ${Math.round(pace)} changes/s`}
    })
  })
}

/** `numberOf` gives the n-th change of this writer its number among all writers' changes. */
function orderWriter(world: BenchWorld, rows: number, numberOf: (n: number) => number): TableWriter {
  return new TableWriter({
    changesPerSecond: CHANGES_PER_SECOND,
    connections: WRITER_CONNECTIONS,
    connect: async () => await world.connect(),
    change: async (connection, n) => {
      const {sql, values} = orderChange(numberOf(n), rows)
      await connection.query(sql, [...values])
    },
    signal: world.signal,
  })
}

async function* streamCase(context: CaseContext): Variants {
  const {world, isRace} = context
  const rows = world.options.rows ?? (isRace ? 1_000_000 : 500_000)
  for (const transactionRows of [1000, 1]) {
    const size = transactionRows === 1 ? 'transactions of one row' : `transactions of ${transactionRows} rows`
    // Those of one transaction each take longer to write.
    const share = transactionRows === 1 ? ONE_ROW_SHARE : 1
    const count = Math.ceil(rows * share)
    const sinks =
      isRace && transactionRows === 1
        ? (['kafka uncompressed'] as const)
        : (['kafka uncompressed', 'kafka lz4'] as const)
    const variants = sinks.map(sink => ({variant: `stream, ${size}, ${sink}`, sink}))
    if (!variants.some(({variant}) => isWanted(world, variant))) continue
    const warmUpRows = Math.ceil(world.options.warmUpRows * share)
    const warmUp = warmUpRows === 0 ? null : {tables: [warmUpOrders.name], rows: warmUpRows}
    const places = await backlog(context, {table: orders, rows: count, warmUp, transactionRows})
    for (const {variant, sink} of variants) {
      yield* measured(context, {case: 'stream', variant}, async contender => {
        const from = places.get(contender)!
        return await streamRun(contender, {
          world,
          name: variant,
          tables: [orders.name],
          rows: count,
          warmUp,
          sink,
          chunkRows: null,
          from,
        })
      })
    }
  }
}

async function* manyTablesCase(context: CaseContext): Variants {
  const {world} = context
  const each = Math.min(ROWS_OF_MANY, world.options.rows ?? ROWS_OF_MANY)
  const sink = 'kafka lz4'
  const variant = `${MANY_TABLES} tables of ${each.toLocaleString('en')} rows, ${sink}`
  if (!isWanted(world, variant)) return
  const tables = manyOrders('many', MANY_TABLES)
  await world.createAndLoadAll(tables, each)
  const warmUp = await loadManyWarmUp(world, each)
  const names = tables.map(({name}) => name)
  yield* measured(context, {case: 'many-tables', variant}, async contender => {
    const rows = MANY_TABLES * each
    const setup = {
      world,
      name: variant,
      tables: names,
      rows,
      warmUp,
      sink,
      chunkRows: CHUNK_ROWS,
      from: null,
    } as const
    return await snapshotRun(contender, setup, [collection('many_.*')])
  })
}

/** As many tables again: what is measured is the work on a table, not on its rows. */
async function loadManyWarmUp(world: BenchWorld, each: number): Promise<WarmUp | null> {
  if (world.options.warmUpRows === 0) return null
  const tables = manyOrders('warm_up', MANY_TABLES)
  await world.createAndLoadAll(tables, each)
  return {tables: tables.map(({name}) => name), rows: MANY_TABLES * each}
}

async function* memoryCase(context: CaseContext): Variants {
  const {world} = context
  const rows = world.options.rows ?? 5_000_000
  const sink = 'kafka lz4'
  const common = {world, tables: [narrow.name], warmUp: null, sink, chunkRows: null} as const
  const snapshot = 'memory, snapshot of narrow rows, kafka lz4'
  if (isWanted(world, snapshot)) {
    await world.createTable(narrow)
    await world.load(narrow, rows, null)
    yield* measured(context, {case: 'memory', variant: snapshot}, async contender => {
      const setup = {...common, name: snapshot, rows, from: null}
      return await snapshotRun(contender, setup, [collection(narrow.name)])
    })
  }
  const stream = 'memory, one long transaction, kafka lz4'
  if (!isWanted(world, stream)) return
  const count = Math.ceil((rows * 2) / 5)
  const places = await backlog(context, {table: narrow, rows: count, warmUp: null, transactionRows: count})
  yield* measured(context, {case: 'memory', variant: stream}, async contender => {
    return await streamRun(contender, {...common, name: stream, rows: count, from: places.get(contender)!})
  })
}

/** A broker that has just started is brought to where one in use is. */
export async function warmUp({world}: CaseContext): Promise<void> {
  progress('warming up the broker')
  const topic = `warm-up-${randomUUID()}`
  await warmUpBroker(world.kafka, topic, world.signal)
  await world.topics.deleteTopic(topic)
}
