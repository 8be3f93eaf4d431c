// Tables copied by the real read view on a real server: coordinator, outlet and emitter as in a task, the sink in memory,
// and a parallel reader that only copies, with no branch behind.

import {randomUUID} from 'node:crypto'
import {EventOrigin} from '../../src/encode/envelope.ts'
import type {Log} from '../../src/core/log.ts'
import type {TableId} from '../../src/core/table-id.ts'
import {TidemarkError} from '../../src/core/tidemark-error.ts'
import type {StoredOffset} from '../../src/core/stored-offset.ts'
import {openConnection, type MysqlConnection} from '../../src/mysql/connections.ts'
import {isUnique, readKeys} from '../../src/mysql/schema-reader.ts'
import {readServerIdentity} from '../../src/mysql/server-reader.ts'
import {SnapshotReader} from '../../src/readers/snapshot-reader.ts'
import {MysqlReadView} from '../../src/readers/mysql-read-view.ts'
import {WorkerReadView} from '../../src/readers/worker-read-view.ts'
import {MysqlPlanningSource} from '../../src/snapshot/mysql-planning-source.ts'
import type {PlanningSource} from '../../src/snapshot/prepared-table.ts'
import type {ParallelEvents, ParallelTables} from '../../src/snapshot/parallel-tables.ts'
import {SnapshotCoordinator} from '../../src/snapshot/snapshot-coordinator.ts'
import type {SnapshotPlan, SnapshotTerms} from '../../src/snapshot/snapshot-plan.ts'
import type {TableRun} from '../../src/snapshot/table-run.ts'
import type {DatabaseSettings} from '../../src/config/settings.ts'
import type {EventTarget} from '../../src/stream/captured-table.ts'
import {isConnectionLoss, isRetryable} from '../../src/task/errors.ts'
import {ReadOutlet} from '../../src/stream/read-outlet.ts'
import {eventually} from '../../tools/servers/eventually.ts'
import {ModelMarks} from '../property/model-task.ts'
import {readerSettings} from './binlog-reading.ts'
import {onCleanUp, type CleanUpContext} from './clean-up.ts'
import type {FreshDatabase} from './fresh-database.ts'
import type {MemorySink, MemoryEvent} from './memory-sink.ts'
import {PlayedThrottle} from './played-throttle.ts'
import {rememberingLog} from './quiet-log.ts'
import {EVENT_SETTINGS, StreamParts} from './stream-parts.ts'

export interface CopySceneOptions {
  readonly database: FreshDatabase
  readonly settings?: Partial<DatabaseSettings>
  readonly sink?: MemorySink
  readonly memoryBytes?: number
  readonly chunkRows?: number
  /** False: rows are read in the test's own thread, which begins faster where there are many tables. */
  readonly hasThread?: boolean
  /** Between the lock and the first row. */
  readonly locked?: (place: StoredOffset) => Promise<void>
}

/** A parallel reader that copies, and copies again where it was cut off. */
class OnlyCopies implements ParallelTables {
  busy = false
  readonly status = null
  readonly copyIds: string[] = []
  readonly stopped: string[] = []
  readonly places: StoredOffset[] = []
  readonly #open: (run: TableRun) => SnapshotReader
  readonly #locked: (place: StoredOffset) => Promise<void>
  readonly abort = new AbortController()
  /** Ends of attempts. */
  readonly ended: Promise<void>[] = []
  #running: AbortController | null = null
  readonly #begun = new Set<string>()

  constructor(open: (run: TableRun) => SnapshotReader, locked: (place: StoredOffset) => Promise<void>) {
    this.#open = open
    this.#locked = locked
  }

  start(run: TableRun, told: ParallelEvents): void {
    this.busy = true
    const copyId = randomUUID()
    const running = (this.#running = new AbortController())
    const reader = this.#open(run)
    const copying = async (): Promise<void> => {
      const place = await reader.lock(running.signal)
      this.places.push(place)
      await this.#locked(place)
      const resets = this.#begun.has(run.text)
      this.#begun.add(run.text)
      this.copyIds.push(copyId)
      await reader.copy({copyId, resets, signal: running.signal})
    }
    this.ended.push(
      copying()
        .finally(() => reader.close())
        .then(
          () => {
            this.busy = false
            told.copied()
            told.free()
          },
          (error: unknown) => {
            this.busy = false
            told.failed(error)
          },
        ),
    )
  }

  stop(run: TableRun): void {
    this.stopped.push(run.text)
    this.#running?.abort()
  }
}

interface SceneServer {
  readonly settings: DatabaseSettings
  readonly serverUuid: string
  readonly connection: MysqlConnection
}

export class CopyScene {
  readonly log = rememberingLog()
  readonly parts: StreamParts
  readonly outlet: ReadOutlet
  readonly coordinator: SnapshotCoordinator
  readonly parallel: OnlyCopies
  readonly marks = new ModelMarks()
  readonly played = new PlayedThrottle({})
  readonly #database: string

  private constructor(options: CopySceneOptions, parts: SceneServer) {
    const {memoryBytes = 1 << 20, chunkRows = 1_000} = options
    this.#database = options.database.name
    this.parts = new StreamParts(options.sink === undefined ? {} : {sink: options.sink})
    this.outlet = new ReadOutlet({
      emitter: this.parts.emitter,
      notes: this.parts.notes,
      origin: new EventOrigin(),
      topics: this.parts.topics,
      headers: null,
      reached: () => ({file: 'b.1', pos: 4, sid: '', gno: 0, serverId: 1, threadId: -1}),
    })
    const openTarget = ({shape}: {shape: EventTarget['shape']}): Promise<EventTarget> =>
      this.parts.catalog.target(shape)
    this.coordinator = new SnapshotCoordinator({
      watermarks: this.marks,
      notes: this.parts.notes,
      outlet: this.outlet,
      planning: planning(planningSource(parts.connection, this.log)),
      openTarget,
      resetTopic: () => null,
      openLanes: () => [],
      throttle: this.played.throttle,
      chunkRows,
      chunkBytes: memoryBytes / 4,
      memoryBytes,
      serverUuid: () => parts.serverUuid,
      log: this.log,
      onChange: () => undefined,
      observers: [],
      onStoppedWhilePreparing: () => undefined,
      isConnectionLoss,
      isTransient: isRetryable,
      signal: this.parts.stopping.signal,
    })
    this.outlet.windows = this.coordinator
    this.parallel = new OnlyCopies(
      run =>
        new SnapshotReader({
          run,
          database: parts.settings,
          events: EVENT_SETTINGS,
          serverUuid: parts.serverUuid,
          view: new (options.hasThread === false ? MysqlReadView : WorkerReadView)({
            database: parts.settings,
            serverUuid: parts.serverUuid,
            table: run.plan.table,
            encoderOptions: {settings: EVENT_SETTINGS},
          }),
          openTarget,
          resetTopic: (of, target) => this.outlet.resetForCopy(of, target as EventTarget),
          openSlices: of => this.coordinator.openSlices(of),
          sliceBytes: memoryBytes / 4,
          log: this.log,
        }),
      options.locked ?? (() => Promise.resolve()),
    )
    this.coordinator.parallelTables = this.parallel
    // What the engine does after each acknowledgement.
    this.parts.onAcknowledged = () => this.outlet.pump()
  }

  static async open(t: CleanUpContext, options: CopySceneOptions): Promise<CopyScene> {
    const settings = readerSettings(options.database.server, options.settings)
    const connection = await openConnection(settings, 'test')
    const {serverUuid} = await readServerIdentity(connection)
    const scene = new CopyScene(options, {settings, serverUuid, connection})
    await scene.parts.open()
    scene.coordinator.begin()
    onCleanUp(t, async () => {
      scene.parts.stopping.abort()
      for (const run of scene.coordinator.runs) scene.parallel.stop(run)
      await Promise.all(scene.parallel.ended)
      await scene.coordinator.close()
      connection.destroy()
    })
    return scene
  }

  accept(
    tables: readonly string[],
    {kind = 'incremental', terms = {}, id = 's', isAsked = true}: AcceptOptions = {},
  ): SnapshotPlan {
    const plan = this.coordinator.accept({
      id,
      kind,
      terms,
      tables: tables.map(table => ({
        table: {database: this.#database, table},
        condition: null,
        surrogateKey: null,
        ...(isAsked ? {reader: 'parallel' as const} : {}),
      })),
    })
    this.marks.issued = this.marks.wanted
    this.marks.commit(this.marks.issued)
    return plan
  }

  /** Until every snapshot has ended. */
  async done(timeoutMs = 60_000): Promise<void> {
    await eventually({what: 'the copies to end', timeoutMs}, () =>
      Promise.resolve(!this.coordinator.active || undefined),
    )
  }

  get events(): readonly MemoryEvent[] {
    return this.parts.sink.acknowledged
  }

  /** JSON of the rows of the table's read events, as they came, from the last truncate event on. */
  rows(table: string): string[] {
    const topic = `p.${this.#database}.${table}`
    const rows: string[] = []
    for (const {topic: of, value} of this.events) {
      if (of !== topic || value === null) continue
      if (value.includes('"op":"t"')) rows.length = 0
      else rows.push(value.slice(value.indexOf('"after":') + 8, value.indexOf(',"source":')))
    }
    return rows
  }
}

interface AcceptOptions {
  readonly kind?: SnapshotPlan['kind']
  readonly terms?: SnapshotTerms
  readonly id?: string
  /** The parallel reader is asked for; else it is found out that the table has no key. */
  readonly isAsked?: boolean
}

function planning(source: MysqlPlanningSource): PlanningSource {
  return {
    describe: async (table, surrogateKey) => {
      const [description] = await source.describeAll([{table, surrogateKey}])
      if (description === undefined || description instanceof TidemarkError) throw description!
      return description
    },
    maximumKey: (...all) => source.maximumKey(...all),
    boundaries: (...all) => source.boundaries(...all),
    sizes: tables => Promise.resolve(tables.map(() => ({rowsEstimated: 0, rowBytes: 64}))),
  }
}

function planningSource(connection: MysqlConnection, log: Log): MysqlPlanningSource {
  const keys = {
    uniqueKey: async (table: TableId) => (await readKeys(connection, table))[0]?.columns ?? null,
    isUnique: async (table: TableId, columns: readonly string[]) =>
      isUnique(await readKeys(connection, table), columns),
  }
  return new MysqlPlanningSource({connection: () => Promise.resolve(connection), keys, events: EVENT_SETTINGS, log})
}
