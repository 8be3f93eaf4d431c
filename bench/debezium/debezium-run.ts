// Debezium's connector as a contender: a connector of its own for each run, all in one worker that stays warm.

import {mkdtemp, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import type {RowDataPacket} from 'mysql2/promise'
import {database} from '../bench-database.ts'
import {
  BenchError,
  capturedTables,
  newPrefix,
  RUN_TIMEOUT_MS,
  type Contender,
  type ContenderRun,
  type Place,
  type RunSetup,
} from '../contender.ts'
import {presentState, tidemarkConfig} from '../tidemark-run.ts'
import type {ConnectorOffset, ConnectWorker} from './connect-worker.ts'
import {connectorConfig, type Tuning} from './connector-config.ts'

const START_MS = 120_000
const LOG_LINES = 20

export function debezium(worker: ConnectWorker, tuning: Tuning): Contender {
  const name = `debezium ${tuning}`
  return {
    name,
    hasParallelReader: false,
    within: async (setup, work) => await withinConnector({worker, tuning, name, setup}, work),
    presentPlace: async ({world}) => {
      const [rows] = await world.connection.query<RowDataPacket[]>('SHOW BINARY LOG STATUS')
      const {File: file, Position: pos, Executed_Gtid_Set: gtids} = rows[0]!
      const offset = {ts_sec: 0, file: String(file), pos: Number(pos), gtids: String(gtids).replaceAll('\n', '')}
      return await Promise.resolve({contender: name, value: JSON.stringify(offset)})
    },
  }
}

interface ConnectorRun {
  readonly worker: ConnectWorker
  readonly tuning: Tuning
  readonly name: string
  readonly setup: RunSetup
}

async function withinConnector<T>(parts: ConnectorRun, work: (run: ContenderRun) => Promise<T>): Promise<T> {
  const {worker, tuning, name, setup} = parts
  const {world, chunkRows, sink} = setup
  if (sink === 'file') throw new BenchError(`${name} writes to Kafka only`)
  world.signal.throwIfAborted()
  const prefix = newPrefix()
  const config = connectorConfig({
    tuning,
    prefix,
    mysql: world.mysql,
    serverId: 1_000_000 + Math.floor(Math.random() * 1_000_000_000),
    database,
    tables: capturedTables(setup),
    chunkRows,
    compression: sink === 'kafka lz4' ? 'lz4' : 'none',
    headers: world.options.headers,
    hasOffset: setup.from !== null,
  })
  await world.topics.create(prefix, setup)
  const run = new DebeziumRun(worker, setup, prefix)
  try {
    await worker.create(prefix, config, offsetOf(setup.from))
    return await work(run)
  } catch (error) {
    const cause = world.signal.aborted ? '' : `\nthe end of the worker's log:\n${worker.lastLines(run.mark, LOG_LINES)}`
    const message = error instanceof Error ? error.message : String(error)
    throw new BenchError(`${setup.name}, ${name}: ${message}${cause}`, {cause: error})
  } finally {
    if (!worker.hasEnded) await worker.delete(prefix).catch(() => undefined)
    await world.topics.deleteAll(prefix)
  }
}

function offsetOf(place: Place | null): ConnectorOffset | null {
  return place === null ? null : (JSON.parse(place.value) as ConnectorOffset)
}

class DebeziumRun implements ContenderRun {
  readonly setup: RunSetup
  readonly prefix: string
  readonly mark: number
  readonly startedAtMs = Date.now()
  readonly eventsFile = null
  readonly #worker: ConnectWorker

  constructor(worker: ConnectWorker, setup: RunSetup, prefix: string) {
    this.#worker = worker
    this.setup = setup
    this.prefix = prefix
    this.mark = worker.mark
  }

  get pid(): number {
    return this.#worker.pid
  }

  async streaming(): Promise<number> {
    return await this.#timeOf(text => text.includes('Connected to binlog at'), START_MS)
  }

  async snapshotEnd(signalId: string): Promise<number> {
    const end = /aggregateType='Incremental Snapshot', type='(COMPLETED|ABORTED|FAILED)'/
    return await this.#timeOf(text => text.includes(`id='${signalId}'`) && end.test(text), RUN_TIMEOUT_MS)
  }

  hasEnded(): boolean {
    return this.#worker.hasEnded
  }

  /** Of Tidemark's configuration for the same topics, with a state that says what the caller promises. */
  async verificationConfig(): Promise<string> {
    const {world} = this.setup
    const {value: state} = await presentState(this.setup)
    const folder = await mkdtemp(join(world.folder, 'verify-'))
    const file = join(folder, 'verify.json')
    await writeFile(file, JSON.stringify(await tidemarkConfig(this.setup, {prefix: this.prefix, state})))
    return file
  }

  measured(): void {
    // Nothing of it is kept beside the figures.
  }

  async #timeOf(matches: (text: string) => boolean, timeoutMs: number): Promise<number> {
    const {timeMs, text} = await this.#worker.waitForLine(this.mark, matches, timeoutMs)
    if (timeMs === null) throw new Error(`a line of the log without time: ${text}`)
    return timeMs
  }
}
