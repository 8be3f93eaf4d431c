// Plans a snapshot of some tables: reads a little of each, and says how long the whole would take. Changes nothing.

import {availableParallelism} from 'node:os'
import type {Settings} from '../config/settings.ts'
import {SILENT} from '../core/log.ts'
import {openConnection, type MysqlConnection} from '../mysql/connections.ts'
import {isUnique, readKeys} from '../mysql/schema-reader.ts'
import {MysqlPlanningSource} from '../snapshot/mysql-planning-source.ts'
import {warmUp} from './chunk-samples.ts'
import {START_AND_END_SECONDS, type SnapshotPace} from './duration.ts'
import {chooseTables} from './planned-tables.ts'
import {planTable, type TablePlanning} from './plan-table.ts'
import {MOST_CHUNK_MB} from './planned-table.ts'
import type {PlannedSink, PlannedTable, PlanReport} from './plan-report.ts'
import {adviseRetention, advisedRetentionSeconds} from './retention-advice.ts'
import {readServerRetention} from './server-retention.ts'
import {sinkRate} from './sink-rate.ts'

export interface PlanRequest {
  readonly settings: Settings
  /** Names or patterns of tables; none: all that are captured. */
  readonly tables: readonly string[]
  readonly exact: boolean
  readonly chunkRows: number | null
  readonly surrogateKey: readonly string[] | null
  readonly chunkMemoryMb: number | null
  readonly safetyMarginSeconds: number
  readonly sinkRowsPerSecond: number | null
  /** What the running task says; null: none answers. */
  readonly task: RunningTask | null
  readonly signal: AbortSignal
  /** A sentence for whoever waits. */
  readonly onProgress: (sentence: string) => void
}

export interface RunningTask {
  /** Of all tables that are copied now; null: none is. */
  readonly rowsPerSecond: number | null
  readonly maxRowsPerSecond: number | null
}

const LOOPBACK = /^(?:localhost|127\..*|::1|\[::1\])$/i

export async function planSnapshot(request: PlanRequest): Promise<PlanReport> {
  const {settings, signal} = request
  const connection = await openConnection(settings.database, 'plan')
  const stop = (): void => {
    // The server would go on counting until it wrote to the connection.
    killQuery(settings, connection.threadId).catch(() => undefined)
  }
  signal.addEventListener('abort', stop, {once: true})
  try {
    return await planOn(connection, request)
  } finally {
    signal.removeEventListener('abort', stop)
    connection.destroy()
  }
}

async function planOn(connection: MysqlConnection, request: PlanRequest): Promise<PlanReport> {
  const {settings, task, signal} = request
  const ids = await chooseTables(connection, settings, request.tables)
  const sink = await sinkRate(settings.sink, {
    givenRowsPerSecond: request.sinkRowsPerSecond,
    observedRowsPerSecond: task?.rowsPerSecond ?? null,
  })
  const pace = snapshotPace(settings, {task, sink, processors: availableParallelism()})
  const chunkMemoryMb = request.chunkMemoryMb ?? defaultMemoryMb(settings)
  const planning: TablePlanning = {
    ...{connection, settings, pace, chunkMemoryMb, signal},
    source: planningSource(connection, settings),
    chunkRows: request.chunkRows ?? settings.snapshot.chunkRows,
    surrogateKey: request.surrogateKey,
    exact: request.exact,
  }
  const tables: PlannedTable[] = []
  await warmUp(connection)
  for (const [i, id] of ids.entries()) {
    signal.throwIfAborted()
    request.onProgress(`table ${i + 1} of ${ids.length}`)
    tables.push(await planTable(planning, id))
  }
  const durationSeconds = wholeDuration(tables)
  const advised = advisedRetentionSeconds(durationSeconds ?? 0, request.safetyMarginSeconds)
  return {
    formatVersion: 1,
    tables,
    rows: sum(tables, ({rows}) => rows),
    chunks: sum(tables, ({chunks}) => chunks),
    durationSeconds,
    ...{lanes: pace.lanes, maxRowsPerSecond: pace.maxRowsPerSecond, chunkMemoryMb, sink},
    retention: adviseRetention(await readServerRetention(connection), advised),
  }
}

function planningSource(connection: MysqlConnection, {events}: Settings): MysqlPlanningSource {
  return new MysqlPlanningSource({
    connection: () => Promise.resolve(connection),
    keys: {
      uniqueKey: async table => (await readKeys(connection, table))[0]?.columns ?? null,
      isUnique: async (table, columns) => isUnique(await readKeys(connection, table), columns),
    },
    events,
    log: SILENT,
  })
}

/** What one chunk may hold of what is read ahead. */
export function defaultMemoryMb({snapshot}: Pick<Settings, 'snapshot'>): number {
  return Math.min(MOST_CHUNK_MB, snapshot.memoryBytes / 4 / 1024 / 1024)
}

/** What the running task says of its limit counts, since it can be changed while it runs. */
export function snapshotPace(
  {database, snapshot}: Pick<Settings, 'database' | 'snapshot'>,
  {
    task,
    sink,
    processors,
  }: {readonly task: RunningTask | null; readonly sink: PlannedSink; readonly processors: number},
): SnapshotPace {
  return {
    lanes: snapshot.maxThreads,
    sinkBytesPerSecond: sink.bytesPerSecond,
    sinkRowsPerSecond: sink.rowsPerSecond,
    maxRowsPerSecond: task === null ? snapshot.throttle.maxRowsPerSecond : task.maxRowsPerSecond,
    sharedProcessors: LOOPBACK.test(database.hostname) ? processors : null,
  }
}

/** Null where that of a table is not known. */
export function wholeDuration(tables: readonly Pick<PlannedTable, 'durationSeconds'>[]): number | null {
  if (tables.some(({durationSeconds}) => durationSeconds === null)) return null
  return (
    Math.round((START_AND_END_SECONDS + tables.reduce((seconds, table) => seconds + table.durationSeconds!, 0)) * 10) /
    10
  )
}

function sum(tables: readonly PlannedTable[], of: (table: PlannedTable) => number): number {
  return tables.reduce((total, table) => total + of(table), 0)
}

async function killQuery(settings: Settings, threadId: number): Promise<void> {
  const killer = await openConnection(settings.database, 'kill')
  try {
    await killer.query(`KILL ${threadId}`)
  } finally {
    killer.destroy()
  }
}
