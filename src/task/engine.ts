// The parts of a running task, put together: the stream with its outlet on one side, snapshots with their lanes on the
// other, and the one place where they meet. The only file that knows all of them.

import type {BinlogEvents} from '../binlog/binlog-events.ts'
import {createTableFilter, isSignalTable} from '../config/table-filter.ts'
import {GtidSet} from '../core/gtid-set.ts'
import type {TableId} from '../core/table-id.ts'
import {encoderOptions, type EncoderOptions} from '../encode/encoder-options.ts'
import {EventOrigin} from '../encode/envelope.ts'
import {extendedHeaders} from '../encode/headers.ts'
import {createNotifications, type Notifications} from '../notifications/notifications.ts'
import type {SignalChannelStatus} from '../signals/signal-channel.ts'
import type {SignalProcessor} from '../signals/signal-processor.ts'
import type {SignalTableMarks} from '../snapshot/signal-table-marks.ts'
import type {SnapshotCoordinator} from '../snapshot/snapshot-coordinator.ts'
import type {Watermarks} from '../snapshot/watermarks.ts'
import type {TablePlan} from '../snapshot/snapshot-plan.ts'
import {SnapshotProgressLog} from '../snapshot/snapshot-progress-log.ts'
import {SnapshotTimeLeft} from '../snapshot/snapshot-time-left.ts'
import {keysOf} from '../snapshot/table-keys.ts'
import type {Checkpoint, StoredOffset} from '../state/checkpoint.ts'
import {TableCatalog, type CapturedTable, type EventTarget} from '../stream/captured-table.ts'
import {CascadeBook} from '../stream/cascade-book.ts'
import {Dispatcher} from '../stream/dispatcher.ts'
import {Emitter} from '../stream/emitter.ts'
import type {FailingRows} from '../stream/failing-rows.ts'
import {GtidLog} from '../stream/gtid-log.ts'
import {OffsetTracker} from '../stream/offset-tracker.ts'
import {PreparedTransactions} from '../stream/prepared-transactions.ts'
import {ReadOutlet} from '../stream/read-outlet.ts'
import {NoteLog} from '../stream/table-notes.ts'
import {TopicDirectory} from '../stream/topic-lanes.ts'
import {createTransactionMetadata, type TransactionMetadata} from '../stream/transaction-metadata.ts'
import {DdlSide} from './ddl-side.ts'
import {delay} from '../core/backoff.ts'
import {watchCascades} from './cascade-side.ts'
import {CapturedTables} from './captured-tables.ts'
import {Divergences} from './divergences.ts'
import type {EngineOptions} from './engine-options.ts'
import {Heartbeat} from './heartbeat.ts'
import {createParallelSide, type ParallelSide} from './parallel-side.ts'
import {createRowWriters} from './row-writers.ts'
import {SchemaChangeEvents} from './schema-change-events.ts'
import {SchemaSide} from './schema-side.ts'
import {SignalSide} from './signal-side.ts'
import {SignalTableReader} from './signal-table-reader.ts'
import {createSnapshotSide, noteWatch} from './snapshot-side.ts'
import type {Marks, SnapshotSide} from './snapshot-side.ts'

export class Engine {
  readonly emitter: Emitter
  readonly tracker = new OffsetTracker()
  readonly dispatcher: Dispatcher
  readonly catalog: TableCatalog
  readonly coordinator: SnapshotCoordinator | null
  readonly outlet: ReadOutlet
  readonly timeLeft = new SnapshotTimeLeft(() => this.coordinator?.budget.isWaitedFor === true)
  readonly divergences: Divergences
  /** Null where nothing is left out. */
  readonly failing: FailingRows | null
  readonly notes: NoteLog
  readonly schemas: SchemaSide
  /** Null where the server has no cascades that the binlog does not show. */
  readonly cascades: CascadeBook | null
  /** Null where no channel is enabled. */
  readonly notifications: Notifications | null
  /** Null where no schema change events are wanted. */
  readonly schemaChanges: SchemaChangeEvents | null
  readonly tables: CapturedTables
  /** Tables that are copied by a read view and streamed beside the main stream. */
  readonly parallel: ParallelSide
  /** Changes with a failover to another server that has the same GTIDs. */
  serverUuid: string
  /** Null where provide.transaction.metadata is off. */
  readonly #transactions: TransactionMetadata | null
  readonly #gtids: GtidLog
  readonly #prepared: PreparedTransactions
  readonly #heartbeat: Heartbeat
  readonly #gtidsKnown: boolean
  readonly #marks: Marks | null
  #begun = false
  readonly #signals: SignalSide
  readonly #ddl: DdlSide
  readonly #options: EngineOptions

  constructor(options: EngineOptions) {
    const {settings, sink, log, offset, checkpoint} = options
    this.#options = options
    this.serverUuid = options.serverUuid
    this.#gtidsKnown = offset.gtidSet !== null
    this.#gtids = new GtidLog(GtidSet.parse(offset.gtidSet ?? ''))
    this.notes = new NoteLog(settings.stream.memoryBytes)
    this.divergences = this.#createDivergences()
    this.emitter = new Emitter({
      ...{sink, tracker: this.tracker, latency: options.tally.sinkLatency},
      streamBytes: settings.stream.memoryBytes,
      onFailure: options.onFailure,
      onAcknowledged: () => this.outlet.pump(),
    })
    const topics = new TopicDirectory(sink, this.emitter)
    this.notifications = createNotifications({...options, topics, emitter: this.emitter, delay})
    this.#transactions = createTransactionMetadata({settings, topics, emitter: this.emitter})
    this.#heartbeat = new Heartbeat({settings, topics, emitter: this.emitter, server: options.server, log})
    this.schemas = new SchemaSide(options, () => this.dispatcher)
    this.cascades = options.server.cascades === null ? null : new CascadeBook(options.server.cascades)
    const encoding = encoderOptions(settings.events)
    this.catalog = this.#createCatalog(topics, encoding)
    const headers = extendedHeaders(settings.events, options.runId)
    const reader = new SignalTableReader(this, settings.signals.enabledChannels)
    this.outlet = new ReadOutlet({
      emitter: this.emitter,
      notes: this.notes,
      origin: new EventOrigin(),
      topics,
      headers,
      reached: () => this.dispatcher.reached,
    })
    const snapshots = this.#createSnapshots(encoding)
    this.#marks = snapshots?.marks ?? null
    this.coordinator = snapshots?.coordinator ?? null
    this.outlet.windows = this.coordinator
    const {divergences, coordinator} = this
    this.tables = new CapturedTables({...options, goesOn: checkpoint !== null, divergences, coordinator})
    this.#signals = this.#createSignals()
    this.schemaChanges = SchemaChangeEvents.create({...options, topics, emitter: this.emitter, headers})
    this.#ddl = new DdlSide(this, {settings: settings.events, server: options.server, headers})
    const rows = createRowWriters({
      ...{...options, emitter: this.emitter, topics, notes: this.notes, catalog: this.catalog, headers},
      divergences: this.divergences,
      onSignalRow: (operation, json, row) => reader.row(operation, json, row),
    })
    this.failing = rows.failing
    const gtids = this.#gtidsKnown ? this.#gtids : null
    this.parallel = createParallelSide({...options, headers, encoding, gtids}, this)
    const cascades = watchCascades(this.cascades, {...this, dispatcher: () => this.dispatcher})
    this.dispatcher = new Dispatcher({
      ...{...this.parallel.ofMain, ...cascades, emitter: this.emitter, catalog: this.catalog},
      origin: new EventOrigin(),
      notes: this.notes,
      gtids: this.#gtids,
      prepared: (this.#prepared = new PreparedTransactions(options, gtids)),
      watch: this.#marks?.kind === 'executed-gtids' ? noteWatch(this.#marks.watermarks, this.notes) : null,
      events: {
        rowsLost: reason => this.divergences.allDiverged(this.dispatcher.reached, reason),
        ddl: change => this.#ddl.effectOf(change),
        definition: table => this.#defined(table),
        batchDone: () => this.#batchDone(),
      },
      transactions: this.#transactions,
      includesQuery: settings.stream.includesQuery,
      start: {place: {...offset, gtidCount: 0, transactions: 0}, resume: offset.rows > 0 ? offset : null},
      ...rows,
    })
  }

  /** Null where nothing can be copied, for want of watermarks. */
  get marks(): Watermarks | null {
    return this.#marks?.watermarks ?? null
  }

  /** The watermarks where they are rows of the signal table. */
  get tableMarks(): SignalTableMarks | null {
    return this.#marks?.kind === 'signal-table' ? this.#marks.watermarks : null
  }

  get signals(): SignalProcessor {
    return this.#signals.processor
  }

  get signalChannels(): readonly SignalChannelStatus[] {
    return this.#signals.channels
  }

  /** Before the stream begins. Rejects for what an operator must mend. */
  async openTopics(): Promise<void> {
    await Promise.all([this.notifications?.open(), this.#transactions?.open()])
  }

  /** What `checkpoint` gave last is durable. */
  saved(): void {
    this.notifications?.saved()
    this.#signals.saved()
  }

  /** Stored plans are taken up here, before the stream begins, so that noting begins with it. */
  restorePlans(): void {
    if (this.#options.checkpoint !== null) this.coordinator?.restore(this.#options.checkpoint)
  }

  /** The stream is on its way: reading and signals may begin. */
  begin(): void {
    if (!this.#begun) this.#heartbeat.start(this.#options.signal)
    this.#begun = true
    this.parallel.reader.begin()
    this.coordinator?.begin()
    this.#signals.begin()
  }

  /** The stream comes from another server now: no window may be partly of the old one. */
  serverChanged(serverUuid: string): void {
    this.serverUuid = serverUuid
    this.schemas.serverChanged()
    this.cascades?.serverChanged()
    this.catalog.forget()
    this.parallel.reader.serverChanged()
    for (const run of this.coordinator?.runs ?? []) this.coordinator?.schemaChanged(run.plan.table, null)
    if (this.#marks?.kind === 'executed-gtids') this.#marks.watermarks.serverChanged()
  }

  /** Whether events of the table are the main stream's where that is. */
  owns(table: TableId): boolean {
    return !this.dispatcher.omits(table)
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
    return this.marks?.problem ?? null
  }

  /** Where the stream is, for the status. */
  currentPosition(): {file: string; pos: number; gtidSet: string | null} {
    const {file, pos} = this.dispatcher.reached
    const {gtidCount} = this.dispatcher.place
    return {file, pos, gtidSet: this.#gtidsKnown ? this.#gtids.copyAt(gtidCount).toString() : null}
  }

  /** The state that may be stored now; `saved` when it is. */
  checkpoint(): Checkpoint {
    const safe = this.tracker.safePlace(this.dispatcher.place)
    const {file, pos, rows, sid, gno} = safe
    const executed = this.#gtidsKnown ? this.#gtids.setAt(safe.gtidCount) : null
    const prepared = this.#prepared.at(safe.transactions)
    return {
      connector: this.#options.settings.name,
      serverUuid: this.serverUuid,
      offset: {file, pos, gtidSet: executed?.toString() ?? null, rows, sid, gno},
      snapshots: this.coordinator?.plans ?? this.#options.checkpoint?.snapshots ?? [],
      snapshotsPaused: this.coordinator?.paused ?? this.#options.checkpoint?.snapshotsPaused ?? false,
      initialSnapshotQueued: this.tables.initialSnapshotQueued,
      signals: this.#signals.checkpoint(safe, executed),
      diverged: this.divergences.list,
      ...this.tables.known.stored,
      ...(prepared.length === 0 ? {} : {prepared}),
      ...(this.notifications === null ? {} : {notifications: this.notifications.collect()}),
      ...this.schemas.stored(safe),
      ...this.parallel.stored(),
    }
  }

  async close(): Promise<void> {
    this.dispatcher.stop()
    this.outlet.end()
    await this.parallel.reader.close()
    await this.#signals.close()
    await this.coordinator?.close()
  }

  #createDivergences(): Divergences {
    const {settings, checkpoint, log} = this.#options
    return new Divergences(checkpoint?.diverged ?? [], log, {
      resets: !settings.events.skippedOperations.has('t'),
      watch: {
        diverged: table => this.tables.known.incomplete(table),
        emptied: (table, since) => this.tables.known.complete(table, since),
      },
    })
  }

  #createCatalog(topics: TopicDirectory, encoding: EncoderOptions): TableCatalog {
    const {settings, version, tally} = this.#options
    return new TableCatalog({
      tally,
      settings: settings.events,
      encoderOptions: encoding,
      version,
      topics,
      isCaptured: createTableFilter(settings),
      isSignalTable: id => isSignalTable(settings, id),
      signalTableEvents: settings.signals.tableEvents,
      shapeOf: table => this.schemas.shapeOf(table),
      declaredColumns: table => this.#options.server.declaredColumns(table),
      keysOf: shape => keysOf(shape, settings.events, this.#options.server.streamKeys),
      changesOthers: table => this.cascades?.isParent(table) === true,
      onKeyChange: table => this.divergences.keyChanged(table, this.dispatcher.reached),
    })
  }

  #createSnapshots(encoding: EncoderOptions): SnapshotSide | null {
    const {settings, log, signal, server, observers} = this.#options
    return createSnapshotSide({
      settings,
      server,
      encoderOptions: encoding,
      log,
      signal,
      notes: this.notes,
      outlet: this.outlet,
      openTarget: async ({shape, messageKey}) => {
        if (this.catalog.noteKey(shape, messageKey))
          this.divergences.keyChanged(shape.id, this.dispatcher.reached, {byCopy: true})
        return await this.catalog.target(shape)
      },
      resetTopic: (plan, target) => this.#resetTopic(plan, target as EventTarget),
      onChange: () => {
        this.emitter.snapshotActive = this.coordinator?.active === true && !this.coordinator.paused
      },
      observers: [
        new SnapshotProgressLog(log),
        this.timeLeft,
        {tableEnded: ({plan}) => (plan.state === 'done' ? this.#copied(plan) : undefined)},
        ...(this.notifications === null ? [] : [this.notifications.observer]),
        ...observers,
      ],
      serverUuid: () => this.serverUuid,
      stream: this.#gtidsKnown
        ? {
            finished: () => this.#gtids.copyAt(this.#gtids.count),
            open: () => this.dispatcher.openTransaction,
            file: () => this.dispatcher.reached.file,
          }
        : null,
    })
  }

  // Only a copy of the whole table brings back what the event takes away.
  #resetTopic({table, condition}: TablePlan, target: EventTarget): Promise<void> | null {
    const {divergences} = this
    if (!divergences.resets || condition !== null || !divergences.mayHaveGhosts(table)) return null
    const sent = this.outlet.reset(target)
    if (sent === null) return null
    const {file, pos} = this.dispatcher.reached
    divergences.reset(table, `${file}:${pos}`)
    return sent.then(() => undefined)
  }

  #createSignals(): SignalSide {
    const {settings, log, signal, onFailure, checkpoint, signalOffsets, server} = this.#options
    return new SignalSide({
      settings,
      log,
      signal,
      onFailure,
      coordinator: this.coordinator,
      targets: {
        tables: () => this.tables.list(),
        probe: request => server.probe(request, this.coordinator !== null),
        describePlace: () => JSON.stringify(this.dispatcher.reached),
      },
      stored: {
        pending: checkpoint?.signals.pending ?? [],
        occurrences: checkpoint?.signals.occurrences ?? [],
        ...(checkpoint?.signals.file === undefined ? {} : {file: checkpoint.signals.file}),
        ...(signalOffsets === null ? {} : {kafka: signalOffsets}),
      },
      onAnswer: receipt => {
        this.notifications?.answered(receipt)
        this.#options.onAnswer(receipt)
      },
    })
  }

  #defined({id, fingerprint, isSignalTable: isSignals}: CapturedTable): void {
    if (!isSignals) {
      this.divergences.watch(id)
      this.tables.seen(id)
    }
    this.coordinator?.schemaChanged(id, fingerprint)
  }

  #copied(plan: TablePlan): void {
    const {file, pos} = this.dispatcher.reached
    this.tables.copied(plan, `${file}:${pos}`)
    this.divergences.copied(plan)
  }

  #batchDone(): void {
    this.schemas.batchDone()
    this.notes.bound()
    this.outlet.pump()
  }
}
