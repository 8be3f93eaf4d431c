// The stream of one table beside the main one: the same parts once more, made for this table alone.

import type {BinlogEvents, BinlogSource, StreamStart} from '../binlog/binlog-events.ts'
import type {Settings} from '../config/settings.ts'
import {createTableFilter} from '../config/table-filter.ts'
import {GtidSet} from '../core/gtid-set.ts'
import type {Log} from '../core/log.ts'
import {StreamExtent} from '../core/stream-extent.ts'
import type {TableId} from '../core/table-id.ts'
import {encoderOptions} from '../encode/encoder-options.ts'
import {EventOrigin} from '../encode/envelope.ts'
import type {BranchPlace} from '../readers/branch-state.ts'
import type {BranchStream, BranchStreamOptions} from '../readers/branch-stream.ts'
import type {EventHeaders, Sink} from '../sinks/sink.ts'
import {keysOf} from '../snapshot/table-keys.ts'
import {TableCatalog} from '../stream/captured-table.ts'
import type {CascadeBook} from '../stream/cascade-book.ts'
import {Dispatcher} from '../stream/dispatcher.ts'
import type {Emitter, LaneSource} from '../stream/emitter.ts'
import {GtidLog} from '../stream/gtid-log.ts'
import {OffsetTracker} from '../stream/offset-tracker.ts'
import {PreparedTransactions} from '../stream/prepared-transactions.ts'
import {StopGate} from '../stream/stream-gate.ts'
import {NoteLog} from '../stream/table-notes.ts'
import type {StreamTally} from '../stream/stream-tally.ts'
import {TopicDirectory} from '../stream/topic-lanes.ts'
import {watchCascades} from './cascade-side.ts'
import {DdlSide} from './ddl-side.ts'
import type {Divergences} from './divergences.ts'
import {createRowWriters} from './row-writers.ts'
import {SchemaSide} from './schema-side.ts'
import type {SourceServer} from './source-server.ts'

export interface TableBranchParts {
  readonly settings: Settings
  readonly version: string
  readonly log: Log
  readonly sink: Sink
  readonly emitter: Emitter
  readonly headers: EventHeaders | null
  /** What the streams have come to. */
  readonly tally: StreamTally
  readonly server: Pick<SourceServer, 'declaredColumns' | 'streamKeys' | 'forget' | 'foldsNames' | 'shape' | 'schemas'>
  readonly divergences: Divergences
  /** Null where there are no cascades that the binlog does not show. */
  readonly cascades: CascadeBook | null
  /** The server's stream once more, for prepared transactions. */
  readonly replay: BinlogSource
  readonly signal: AbortSignal
}

/** So much of a branch is open or in flight that the main stream never waits for it. */
const BRANCH_BYTES = 512 * 1024

export class TableBranch implements BranchStream {
  readonly resumesByPosition: boolean
  readonly #parts: TableBranchParts
  readonly #table: TableId
  readonly #tracker = new OffsetTracker()
  readonly #source: LaneSource
  readonly #gtids: GtidLog
  readonly #prepared: PreparedTransactions
  readonly #schemas: SchemaSide
  readonly #catalog: TableCatalog
  readonly #dispatcher: Dispatcher
  readonly #gate: StopGate
  readonly #isAtEnd: () => boolean

  constructor(parts: TableBranchParts, {table, at, has, isReached}: BranchStreamOptions) {
    const {settings, emitter} = parts
    const {from, prepared, schemas = []} = at
    this.#parts = parts
    this.#table = table
    this.resumesByPosition = from.gtidSet === null
    this.#source = emitter.openBranch(this.#tracker, BRANCH_BYTES)
    this.#gtids = new GtidLog(GtidSet.parse(from.gtidSet ?? ''))
    this.#isAtEnd = () => this.isBetween && isReached(this)
    this.#gate = new StopGate(this.#isAtEnd)
    // The table's definitions are the branch's own, as it is at another place than the main stream.
    const {server} = parts
    const stored = {schemas, serverUuid: ''}
    this.#schemas = new SchemaSide({server, serverUuid: '', checkpoint: stored, offset: from}, () => this.#dispatcher)
    const topics = new TopicDirectory(parts.sink, emitter, this.#source)
    this.#catalog = this.#createCatalog(topics)
    // What was prepared before the table was locked cannot have changed it: it would have held the lock up.
    this.#prepared = new PreparedTransactions(
      {checkpoint: {prepared}, replay: parts.replay, signal: parts.signal, passesUnknown: true},
      this.resumesByPosition ? null : this.#gtids,
    )
    const notes = new NoteLog(1)
    const ddl = this.#createDdl()
    const cascades = watchCascades(parts.cascades, {
      ...{divergences: parts.divergences, catalog: this.#catalog},
      dispatcher: () => this.#dispatcher,
    })
    this.#dispatcher = new Dispatcher({
      ...cascades,
      ...{emitter, notes, gtids: this.#gtids, prepared: this.#prepared, catalog: this.#catalog},
      ...createRowWriters({...parts, topics, notes, catalog: this.#catalog, onSignalRow: () => undefined}),
      origin: new EventOrigin(),
      source: this.#source,
      share: {table, has},
      gate: this.#gate,
      watch: null,
      transactions: null,
      includesQuery: settings.stream.includesQuery,
      events: {
        rowsLost: reason => this.#diverged(reason),
        ddl: change => ddl.effectOf(change),
        definition: () => undefined,
        batchDone: () => this.#schemas.batchDone(),
      },
      start: {place: {...from, gtidCount: 0, transactions: 0}, resume: from.rows > 0 ? from : null},
    })
  }

  dispatch(events: BinlogEvents): Promise<void> {
    return this.#dispatcher.dispatch(events)
  }

  isAtEnd(): boolean {
    return this.#isAtEnd()
  }

  get hasStopped(): boolean {
    return this.#gate.hasStopped
  }

  get isBetween(): boolean {
    return this.#dispatcher.isBetween
  }

  get position(): {readonly file: string; readonly pos: number} {
    return this.#dispatcher.place
  }

  extent(): StreamExtent {
    const {place} = this.#dispatcher
    return new StreamExtent(place, this.resumesByPosition ? null : this.#gtids.copyAt(place.gtidCount))
  }

  stored(): BranchPlace {
    const safe = this.#tracker.safePlace(this.#dispatcher.place)
    const {file, pos, rows, sid, gno} = safe
    const gtidSet = this.resumesByPosition ? null : this.#gtids.setAt(safe.gtidCount).toString()
    const prepared = this.#prepared.at(safe.transactions)
    return {from: {file, pos, gtidSet, rows, sid, gno}, prepared, schemas: [], ...this.#schemas.stored(safe)}
  }

  resume(): StreamStart {
    const {place} = this.#dispatcher
    this.#gate.reset()
    // The new connection may be to another server, whose places are others.
    this.#schemas.serverChanged()
    this.#dispatcher.reconnected(place, place.rows > 0 ? place : null)
    const {file, pos} = place
    if (this.resumesByPosition) return {type: 'position', file, pos}
    return {type: 'gtid', executed: this.#gtids.copyAt(place.gtidCount).toString()}
  }

  async drain(): Promise<void> {
    await this.#parts.emitter.drain(this.#source)
  }

  stop(): void {
    this.#dispatcher.stop()
  }

  close(): void {
    this.#dispatcher.stop()
    this.#parts.emitter.closeBranch(this.#source)
  }

  #diverged(reason: string, removesRows = true): void {
    const {file, pos} = this.#dispatcher.reached
    this.#parts.divergences.diverged(this.#table, `${file}:${pos}`, reason, {removesRows})
  }

  #createCatalog(topics: TopicDirectory): TableCatalog {
    const {settings, version, server} = this.#parts
    const isCaptured = createTableFilter(settings)
    return new TableCatalog({
      settings: settings.events,
      encoderOptions: encoderOptions(settings.events),
      version,
      topics,
      isCaptured: id => this.#isIts(id) && isCaptured(id),
      isSignalTable: () => false,
      signalTableEvents: false,
      shapeOf: streamed => this.#schemas.shapeOf(streamed),
      declaredColumns: id => server.declaredColumns(id),
      tally: this.#parts.tally.branch(),
      keysOf: shape => keysOf(shape, settings.events, server.streamKeys),
      changesOthers: id => this.#parts.cascades?.isParent(id) === true,
      onKeyChange: id => this.#parts.divergences.keyChanged(id, this.#dispatcher.reached),
    })
  }

  #createDdl(): DdlSide {
    const {divergences, emitter, settings, server, headers} = this.#parts
    const dispatcher = (): Dispatcher => this.#dispatcher
    return new DdlSide(
      {
        catalog: this.#catalog,
        emitter,
        // Those are the main stream's.
        schemaChanges: null,
        schemas: this.#schemas,
        cascades: this.#parts.cascades,
        tables: {changedBy: () => undefined},
        coordinator: null,
        divergences: {
          watched: [this.#table],
          watch: () => undefined,
          returned: () => undefined,
          gone: (...told) => divergences.gone(...told),
          diverged: (...told) => divergences.diverged(...told),
          emptied: (...told) => divergences.emptied(...told),
        },
        get dispatcher() {
          return dispatcher()
        },
        owns: id => this.#isIts(id) && !dispatcher().omits(id),
      },
      {settings: settings.events, server, headers},
    )
  }

  #isIts({database, table}: TableId): boolean {
    return table === this.#table.table && database === this.#table.database
  }
}
