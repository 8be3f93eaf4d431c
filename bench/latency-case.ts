// How long a change takes from its commit to a consumer, and to the broker's acknowledgement: idle, during an incremental
// snapshot, and during a copy by the parallel reader, which is what a signal for a blocking snapshot asks of us.
// The changes go to a table of their own, so that the consumer need not read the snapshot's flood; they are in the same
// stream as the copied rows all the same.

import {setTimeout as sleep} from 'node:timers/promises'
import {orders, ticks} from './bench-tables.ts'
import type {BenchWorld} from './bench-world.ts'
import {
  collection,
  executeSnapshot,
  isWanted,
  measured,
  untilQuiet,
  type CaseContext,
  type Variants,
} from './case-runs.ts'
import type {Contender, ContenderRun, SnapshotType} from './contender.ts'
import {latencies, type Latencies, type LatencyFigures} from './figures.ts'
import {topicOf} from './measurement.ts'
import {peakRssMb, resetPeak} from './process-usage.ts'
import {TableWriter} from './table-writer.ts'
import {verify} from './verification.ts'

const CHANGES_PER_SECOND = 50
const CHUNK_ROWS = 2048
/** Until the code that a change passes is compiled, in every product; not measured. */
const WARM_UP_SECONDS = 3
/** The broker stamps events itself, when it appends them: the moment before the acknowledgement. */
const topicConfig = {[ticks.name]: {'message.timestamp.type': 'LogAppendTime'}}

export async function* latencyCase(context: CaseContext): Variants {
  const {world} = context
  const rows = world.options.rows ?? 500_000
  const variant = `latency at ${CHANGES_PER_SECOND} changes/s`
  if (!isWanted(world, variant)) return
  await world.createTable(orders)
  await world.load(orders, rows, null)
  yield* measured(context, {case: 'latency', variant}, async contender => await latencyRun(world, {contender, variant}))
}

/** Times of one change, ms since 1970: of its commit, its append and its arrival at a consumer. */
interface Change {
  readonly committed: number
  appended?: number
  arrived?: number
}

async function latencyRun(
  world: BenchWorld,
  {contender, variant}: {readonly contender: Contender; readonly variant: string},
): Promise<LatencyFigures> {
  await world.createTable(ticks)
  const tables = [ticks.name, orders.name]
  const common = {world, name: variant, tables, rows: 0, warmUp: null} as const
  const setup = {...common, sink: 'kafka lz4', chunkRows: CHUNK_ROWS, from: null} as const
  return await contender.within({...setup, topicConfig}, async run => {
    await run.streaming()
    const probe = await LatencyProbe.start(world, run)
    resetPeak(run.pid)
    await sleep(WARM_UP_SECONDS * 1000, undefined, {signal: world.signal})
    const idle = await probe.during(async () => {
      await sleep(world.options.seconds * 1000, undefined, {signal: world.signal})
    })
    const before = await world.topics.count(topicOf(run, orders.name))
    const snapshot = await probe.during(async () => {
      await copyAgainAndAgain(run, 'incremental')
    })
    const snapshotRows = (await world.topics.count(topicOf(run, orders.name))) - before
    const parallel = await parallelCopies(contender, run, probe)
    const changes = await probe.stop(run)
    const peak = peakRssMb(run.pid)
    const verified = await verify(run, {tables: [ticks.name], events: changes})
    return {
      type: 'latency',
      idle: toConsumer(idle),
      duringSnapshot: toConsumer(snapshot),
      idleToAck: toAck(idle),
      duringSnapshotToAck: toAck(snapshot),
      duringParallel: parallel === null ? null : toConsumer(parallel),
      duringParallelToAck: parallel === null ? null : toAck(parallel),
      snapshotRows,
      peakRssMb: peak,
      verified,
    }
  })
}

/** Changes made meanwhile; null where a blocking snapshot would stop the stream that is measured. */
async function parallelCopies(
  {hasParallelReader}: Contender,
  run: ContenderRun,
  probe: LatencyProbe,
): Promise<readonly Change[] | null> {
  if (!hasParallelReader) return null
  return await probe.during(async () => {
    await copyAgainAndAgain(run, 'blocking')
  })
}

/** At least once, and until the time of a part is over. */
async function copyAgainAndAgain(run: ContenderRun, type: SnapshotType): Promise<void> {
  const until = Date.now() + run.setup.world.options.seconds * 1000
  do await run.snapshotEnd(await executeSnapshot(run, [collection(orders.name)], type))
  while (Date.now() < until)
}

/** Writes changes and meets their events again. Both clocks are this machine's. */
class LatencyProbe {
  readonly #changes = new Map<number, Change>()
  readonly #early = new Map<number, {readonly appended: number; readonly arrived: number}>()
  readonly #listening = new AbortController()
  #writer: TableWriter | null = null

  static async start(world: BenchWorld, run: ContenderRun): Promise<LatencyProbe> {
    const probe = new LatencyProbe()
    const onMessage = ({key, timestamp}: {readonly key: Buffer | null; readonly timestamp: string}): void => {
      const {id} = JSON.parse(String(key)) as {id: number}
      probe.#meet(id, {appended: Number(timestamp), arrived: now()})
    }
    await world.topics.listen(topicOf(run, ticks.name), onMessage, probe.#listening.signal)
    probe.#writer = new TableWriter({
      changesPerSecond: CHANGES_PER_SECOND,
      connections: 1,
      connect: async () => await world.connect(),
      change: async (connection, n) => {
        await connection.query(`INSERT INTO ticks SELECT ${ticks.values} FROM (SELECT ? AS n) AS number`, [n])
        probe.#commit(n, now())
      },
      signal: world.signal,
    })
    return probe
  }

  /** Changes that were committed while the work was done. */
  async during(work: () => Promise<void>): Promise<readonly Change[]> {
    const from = now()
    await work()
    const to = now()
    // Objects, not copies: what is still on its way is met later.
    return [...this.#changes.values()].filter(({committed}) => committed >= from && committed <= to)
  }

  /** Ends the writer and the consumer after the last event has been met; gives the number of changes. */
  async stop(run: ContenderRun): Promise<number> {
    try {
      await this.#writer?.stop()
      await untilQuiet(run, [ticks.name])
      const missed = [...this.#changes.values()].filter(({arrived}) => arrived === undefined).length
      if (missed > 0) throw new Error(`${missed} of ${this.#changes.size} changes never arrived`)
      return this.#changes.size
    } finally {
      this.#listening.abort()
    }
  }

  /** The event may be quicker than the commit's answer to the writer. */
  #meet(id: number, times: {readonly appended: number; readonly arrived: number}): void {
    const change = this.#changes.get(id)
    if (change === undefined) this.#early.set(id, times)
    else Object.assign(change, times)
  }

  #commit(id: number, committed: number): void {
    this.#changes.set(id, {committed, ...this.#early.get(id)})
    this.#early.delete(id)
  }
}

function now(): number {
  return performance.timeOrigin + performance.now()
}

function toConsumer(changes: readonly Change[]): Latencies {
  return latencies(changes.map(({committed, arrived}) => Math.max(0, (arrived ?? Infinity) - committed)))
}

/** The broker's clock has no fractions: a commit counts from the beginning of its millisecond, never to our favour. */
function toAck(changes: readonly Change[]): Latencies {
  return latencies(changes.map(({committed, appended}) => Math.max(0, (appended ?? Infinity) - Math.floor(committed))))
}
