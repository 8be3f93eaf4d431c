// The parts of a running task, put together: the stream with its outlet on one side, snapshots with their lanes on the
// other, and the one place where they meet. The only file that knows all of them.

import type {BinlogEvents} from '../binlog/binlog-events.ts'
import type {Settings} from '../config/settings.ts'
import {createTableFilter, isSignalTable} from '../config/table-filter.ts'
import type {Log} from '../core/log.ts'
import {tableIdText} from '../core/table-id.ts'
import type {TableId} from '../core/table-id.ts'
import {GtidSet} from '../core/gtid-set.ts'
import type {EncoderOptions} from '../encode/compile-row-encoder.ts'
import {EventOrigin} from '../encode/envelope.ts'
import {extendedHeaders, keyChangeHeaders} from '../encode/headers.ts'
import type {ReopeningConnection} from '../mysql/reopening-connection.ts'
import type {Sink} from '../sinks/sink.ts'
import {SignalProcessor} from '../signals/signal-processor.ts'
import {SignalTableMarks} from '../snapshot/signal-table-marks.ts'
import {SnapshotCoordinator} from '../snapshot/snapshot-coordinator.ts'
import {keysOf} from '../snapshot/table-keys.ts'
import {WorkerLane} from '../snapshot/worker-lane.ts'
import type {Checkpoint, StoredOffset} from '../state/checkpoint.ts'
import {TableCatalog} from '../stream/captured-table.ts'
import {Dispatcher} from '../stream/dispatcher.ts'
import {Emitter} from '../stream/emitter.ts'
import {GtidLog} from '../stream/gtid-log.ts'
import {OffsetTracker} from '../stream/offset-tracker.ts'
import {ReadOutlet} from '../stream/read-outlet.ts'
import {RowEventWriter} from '../stream/row-event-writer.ts'
import {NoteLog} from '../stream/table-notes.ts'
import {TopicDirectory} from '../stream/topic-lanes.ts'
import {delay} from './backoff.ts'
import {Divergences} from './divergences.ts'
import {isConnectionLoss, isRetryable} from './errors.ts'
import {Heartbeat} from './heartbeat.ts'
import {SnapshotDatabase} from './snapshot-database.ts'
import {SignalTableReader} from './signal-table-reader.ts'

/** One connection for each kind of work, so that a slow query of one never holds up the others, least of all the stream. */
export interface EngineConnections {
  /** Shapes, maximum keys and cuts of snapshots; may take long. */
  readonly planning: ReopeningConnection
  /** Signals: which tables there are, whether a filter is one. */
  readonly signals: ReopeningConnection
  /** Keys of tables without a primary key, when the stream meets them; heartbeats. */
  readonly stream: ReopeningConnection
  readonly watermarks: ReopeningConnection
}

export interface EngineOptions {
  readonly settings: Settings
  readonly version: string
  readonly runId: string
  readonly log: Log
  readonly sink: Sink
  readonly serverUuid: string
  readonly connections: EngineConnections
  readonly offset: StoredOffset
  readonly checkpoint: Checkpoint | null
  readonly initialSnapshotQueued: boolean
  /** Ends everything; the engine's own failures go to `onFailure`. */
  readonly signal: AbortSignal
  readonly onFailure: (error: unknown) => void
}

const CHUNK_BYTES = 8 * 1024 * 1024
/** A mark is one small INSERT; longer than this only a connection that hangs takes. */
const MARK_TIMEOUT_MS = 30_000
/** Ten marks a second are plenty: what is read between two of them is a small part of the memory for chunks. */
const MARK_SPACING_MS = 100
/** After so long without a mark that was written, windows that wait for it are worth a word. */
const MARK_OVERDUE_MS = 30_000

export class Engine {
  readonly emitter: Emitter
  readonly tracker = new OffsetTracker()
  readonly dispatcher: Dispatcher
  readonly catalog: TableCatalog
  readonly coordinator: SnapshotCoordinator | null
  readonly marks: SignalTableMarks | null
  readonly signals: SignalProcessor
  readonly outlet: ReadOutlet
  readonly divergences: Divergences
  readonly notes: NoteLog
  initialSnapshotQueued: boolean
  /** Changes with a failover to another server that has the same GTIDs. */
  serverUuid: string
  readonly #gtids: GtidLog
  readonly #heartbeat: Heartbeat
  readonly #gtidsKnown: boolean
  #begun = false
  #known: readonly string[] = []
  readonly #options: EngineOptions
  readonly #database: SnapshotDatabase

  constructor(options: EngineOptions) {
    const {settings, sink, log, offset, checkpoint} = options
    this.#options = options
    this.serverUuid = options.serverUuid
    this.initialSnapshotQueued = options.initialSnapshotQueued
    this.#gtidsKnown = offset.gtidSet !== null
    this.#gtids = new GtidLog(GtidSet.parse(offset.gtidSet ?? ''))
    this.notes = new NoteLog(settings.stream.memoryBytes)
    this.divergences = new Divergences(checkpoint?.diverged ?? [], log)
    this.emitter = new Emitter({
      sink,
      tracker: this.tracker,
      streamBytes: settings.stream.memoryBytes,
      onFailure: options.onFailure,
      onAcknowledged: () => this.outlet.pump(),
    })
    const topics = new TopicDirectory(sink, this.emitter)
    this.#heartbeat = new Heartbeat({
      settings,
      topics,
      emitter: this.emitter,
      connection: options.connections.stream,
      log,
    })
    this.#database = new SnapshotDatabase({connections: options.connections, settings, log})
    const {topicPrefix, topicDelimiter, keySchemasEnabled, keyConverter} = settings.events
    const encoderOptions: EncoderOptions = {settings: {topicPrefix, topicDelimiter, keySchemasEnabled, keyConverter}}
    this.catalog = this.#createCatalog(topics, encoderOptions)
    const headers = extendedHeaders(settings.events, options.runId)
    const reader = new SignalTableReader(this)
    this.outlet = new ReadOutlet({
      emitter: this.emitter,
      notes: this.notes,
      origin: new EventOrigin(),
      headers,
      reached: () => this.dispatcher.reached,
    })
    this.marks = this.#createMarks()
    this.coordinator = this.marks === null ? null : this.#createCoordinator(this.marks, encoderOptions)
    this.outlet.windows = this.coordinator
    this.signals = this.#createSignals()
    this.dispatcher = new Dispatcher({
      emitter: this.emitter,
      catalog: this.catalog,
      origin: new EventOrigin(),
      notes: this.notes,
      gtids: this.#gtids,
      events: {
        ddl: (reading, touches) => this.#ddl({reading, touches}),
        definition: table => {
          if (!table.isSignalTable) this.divergences.watch(table.id)
          this.coordinator?.schemaChanged(table.id, table.fingerprint)
        },
        batchDone: () => this.#batchDone(),
      },
      start: {place: {...offset, gtidCount: 0}, resume: offset.rows > 0 ? offset : null},
      writer: new RowEventWriter({
        emitter: this.emitter,
        notes: this.notes,
        headers,
        keyChangeHeaders: (name, key) => keyChangeHeaders(headers, name, key),
        tombstones: settings.events.tombstonesOnDelete,
        skipped: settings.events.skippedOperations,
        onSignalRow: (operation, json, row) => reader.row(operation, json, row),
      }),
    })
    this.signals.restore(checkpoint?.signals ?? {pending: [], occurrences: []})
  }

  /** Stored plans are taken up here, before the stream begins, so that noting begins with it. */
  restorePlans(): void {
    this.coordinator?.restore(this.#options.checkpoint?.snapshots ?? [])
  }

  /** The stream is on its way: reading and signals may begin. */
  begin(): void {
    if (!this.#begun) this.#heartbeat.start(this.#options.signal)
    this.#begun = true
    this.coordinator?.begin()
    this.signals.begin()
  }

  /** The stream comes from another server now: no window may be partly of the old one. */
  serverChanged(serverUuid: string): void {
    this.serverUuid = serverUuid
    for (const run of this.coordinator?.runs ?? []) this.coordinator?.schemaChanged(run.plan.table, null)
  }

  dispatch = (events: BinlogEvents): Promise<void> => this.dispatcher.dispatch(events)

  /** Where a new connection must resume, given what has been emitted (acknowledged or not) in this process. */
  resumePlace(): {offset: StoredOffset; gtidSet: string | null} {
    const {place} = this.dispatcher
    this.dispatcher.reconnected(place, place.rows > 0 ? place : null)
    const gtidSet = this.#gtidsKnown ? this.#gtids.copyAt(place.gtidCount).toString() : null
    return {offset: {...place, gtidSet}, gtidSet}
  }

  /** True where the stream can only be resumed by file and position. */
  get resumesByPosition(): boolean {
    return !this.#gtidsKnown
  }

  /** Why snapshots do not get on, as far as it is the watermarks; null while they do. */
  get watermarkProblem(): string | null {
    const {marks} = this
    if (marks === null) return null
    if (marks.problem !== null) return marks.problem
    if (marks.unseenMs < MARK_OVERDUE_MS) return null
    const seconds = Math.round(marks.unseenMs / 1000)
    return `watermark ${marks.committed} was written, but has not come by in the binlog for ${seconds} s: the stream is behind, or rows of the signal table do not reach it`
  }

  /** Where the stream is, for the status. */
  currentPosition(): {file: string; pos: number; gtidSet: string | null} {
    const {file, pos} = this.dispatcher.reached
    const {gtidCount} = this.dispatcher.place
    return {file, pos, gtidSet: this.#gtidsKnown ? this.#gtids.copyAt(gtidCount).toString() : null}
  }

  /** The state that may be stored now. */
  checkpoint(): Checkpoint {
    const safe = this.tracker.safePlace(this.dispatcher.place)
    const {file, pos, rows, sid, gno} = safe
    const gtidSet = this.#gtidsKnown ? this.#gtids.setAt(safe.gtidCount).toString() : null
    return {
      connector: this.#options.settings.name,
      serverUuid: this.serverUuid,
      offset: {file, pos, gtidSet, rows, sid, gno},
      snapshots: this.coordinator?.plans ?? this.#options.checkpoint?.snapshots ?? [],
      initialSnapshotQueued: this.initialSnapshotQueued,
      signals: {
        pending: this.signals.pending,
        occurrences: this.signals.occurrencesSince(safe),
      },
      diverged: this.divergences.list,
      knownTables: [...new Set([...this.#known, ...this.catalog.seen])],
    }
  }

  /** Captured tables as the server has them now, the signal table left out. */
  async capturedTables(): Promise<TableId[]> {
    const filter = createTableFilter(this.#options.settings)
    const tables = await this.#database.tables(filter)
    const captured = tables.filter(table => !isSignalTable(this.#options.settings, table))
    for (const table of captured) this.divergences.watch(table)
    return captured
  }

  /**
   * Takes note of the tables captured from now on. Those that the stored state does not know have rows that were never
   * streamed: they are copied without anybody asking (snapshot.new.tables).
   */
  welcome(captured: readonly TableId[]): void {
    const {checkpoint, settings, log} = this.#options
    const copying = new Set(this.coordinator?.runs.map(run => run.text))
    const added = captured.filter(table => {
      const text = tableIdText(table)
      return checkpoint !== null && !checkpoint.knownTables.includes(text) && !copying.has(text)
    })
    this.#known = captured.map(tableIdText)
    if (added.length === 0 || settings.snapshot.newTables === 'off') return
    const tables = added.map(tableIdText)
    if (this.coordinator === null) {
      log.warn(
        {tables},
        'tables are new in the filter, but without a signal table they cannot be copied: only streamed',
      )
      return
    }
    log.info({tables}, 'tables are new in the filter, copying them')
    this.coordinator.accept({
      id: `new-tables-${Date.now()}`,
      kind: 'incremental',
      tables: added.map(table => ({table, condition: null, surrogateKey: null})),
    })
  }

  /** Queues the initial snapshot of snapshot.mode: all captured tables. */
  async queueInitialSnapshot(id: string): Promise<void> {
    const {includeCollections} = this.#options.settings.snapshot
    const tables = (await this.capturedTables()).filter(
      table => includeCollections === null || includeCollections.some(pattern => pattern.test(tableIdText(table))),
    )
    this.coordinator?.accept({
      id,
      kind: 'initial',
      tables: tables.map(table => ({table, condition: null, surrogateKey: null})),
    })
    this.initialSnapshotQueued = true
  }

  async close(): Promise<void> {
    this.signals.stop()
    await this.coordinator?.close()
  }

  #createCatalog(topics: TopicDirectory, encoderOptions: EncoderOptions): TableCatalog {
    const {settings, version} = this.#options
    return new TableCatalog({
      settings: settings.events,
      encoderOptions,
      version,
      topics,
      isCaptured: createTableFilter(settings),
      isSignalTable: id => isSignalTable(settings, id),
      signalTableEvents: settings.signals.tableEvents,
      keysOf: shape => keysOf(shape, settings.events, this.#database.streamKeys),
      onKeyChange: table => {
        const {file, pos} = this.dispatcher.reached
        this.divergences.diverged(table, `${file}:${pos}`, 'the message key changed')
      },
    })
  }

  #createMarks(): SignalTableMarks | null {
    const {settings, connections, log} = this.#options
    const signalTable = settings.signals.dataCollection
    if (signalTable === null) return null
    return new SignalTableMarks({
      signalTable,
      strategy: settings.snapshot.watermarking,
      spacingMs: MARK_SPACING_MS,
      execute: (sql, values) =>
        connections.watermarks.use('write a watermark to the signal table', async connection => {
          await connection.query({sql, timeout: MARK_TIMEOUT_MS}, [...values])
        }),
      // Whatever the server has against a mark (read-only during a failover, a full disk), the stream goes on without.
      isRetryable: () => true,
      delay,
      onProblem: (problem, attempt) => {
        const level = attempt >= 5 ? 'error' : 'warn'
        log[level]({problem, attempt}, 'cannot write a watermark, snapshots wait; will try again')
      },
    })
  }

  #createCoordinator(marks: SignalTableMarks, encoderOptions: EncoderOptions): SnapshotCoordinator {
    const {settings, log, signal} = this.#options
    return new SnapshotCoordinator({
      watermarks: marks,
      notes: this.notes,
      outlet: this.outlet,
      planning: this.#database.planning,
      openTarget: ({shape}) => this.catalog.target(shape),
      openLanes: events =>
        Array.from(
          {length: settings.snapshot.maxThreads},
          () => new WorkerLane(events, {database: settings.database, encoderOptions, committedMark: marks.shared}),
        ),
      chunkRows: settings.snapshot.chunkRows,
      chunkBytes: Math.min(CHUNK_BYTES, Math.floor(settings.snapshot.memoryBytes / 4)),
      memoryBytes: settings.snapshot.memoryBytes,
      log,
      onChange: () => {
        this.emitter.snapshotActive = this.coordinator?.active ?? false
      },
      onTableDone: run => this.divergences.copied(run.plan),
      onStoppedWhilePreparing: () => this.#options.connections.planning.drop(),
      serverUuid: () => this.serverUuid,
      isConnectionLoss,
      isTransient: isRetryable,
      signal,
    })
  }

  #createSignals(): SignalProcessor {
    const {log, signal} = this.#options
    return new SignalProcessor({
      log,
      isConnectionLoss,
      onChange: () => undefined,
      delay: ms => delay(ms, signal),
      targets: {
        tables: () => this.capturedTables(),
        probe: request => this.#database.probe(request, this.coordinator !== null),
        execute: (id, tables) => this.coordinator?.accept({id, kind: 'incremental', tables}),
        stop: matches => this.coordinator?.stop(matches) ?? [],
        isActive: id =>
          this.coordinator?.plans.some(
            plan => plan.id === id && (plan.state === 'queued' || plan.state === 'running'),
          ) ?? false,
        describePlace: () => JSON.stringify(this.dispatcher.reached),
      },
    })
  }

  #ddl(change: {reading: {verb: string; changesRows: boolean}; touches: (table: TableId) => boolean}): void {
    const {reading, touches} = change
    this.#database.forget()
    // Keys other than the primary key are not in the binlog: they may have come or gone with this.
    this.catalog.forget()
    const {file, pos} = this.dispatcher.reached
    for (const table of this.divergences.watched) {
      if (!touches(table)) continue
      this.coordinator?.schemaChanged(table, null)
      if (reading.changesRows) this.divergences.diverged(table, `${file}:${pos}`, reading.verb)
    }
  }

  #batchDone(): void {
    this.notes.bound()
    this.outlet.pump()
  }
}
