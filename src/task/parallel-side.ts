// The parallel reader of a running task, put together from the engine's parts.

import {randomUUID} from 'node:crypto'
import type {BinlogSource} from '../binlog/binlog-events.ts'
import {StreamExtent} from '../core/stream-extent.ts'
import {tableIdText, type TableId} from '../core/table-id.ts'
import {describeError} from '../core/tidemark-error.ts'
import type {EncoderOptions} from '../encode/encoder-options.ts'
import type {BranchSource, MainStream} from '../readers/branch-stream.ts'
import type {BranchState} from '../readers/branch-state.ts'
import type {Notifications} from '../notifications/notifications.ts'
import {ParallelSnapshotReader} from '../readers/parallel-snapshot-reader.ts'
import type {ParallelSnapshotOptions} from '../readers/parallel-snapshot-reader.ts'
import type {SnapshotCoordinator} from '../snapshot/snapshot-coordinator.ts'
import {isParallel} from '../snapshot/parallel-runs.ts'
import {keysOf} from '../snapshot/table-keys.ts'
import type {Checkpoint, StoredOffset} from '../state/checkpoint.ts'
import type {EventTarget, TableCatalog} from '../stream/captured-table.ts'
import type {CascadeBook} from '../stream/cascade-book.ts'
import type {Dispatcher} from '../stream/dispatcher.ts'
import type {DispatcherOptions} from '../stream/dispatcher-options.ts'
import type {Emitter} from '../stream/emitter.ts'
import type {GtidLog} from '../stream/gtid-log.ts'
import type {OffsetTracker} from '../stream/offset-tracker.ts'
import type {ReadOutlet} from '../stream/read-outlet.ts'
import {HoldGate} from '../stream/stream-gate.ts'
import {backoffMs, delay} from '../core/backoff.ts'
import type {Divergences} from './divergences.ts'
import {isConnectionLoss} from './errors.ts'
import {TableBranch} from './table-branch.ts'
import type {TableBranchParts} from './table-branch.ts'
import type {SourceServer} from './source-server.ts'

const SLICE_BYTES = 8 * 1024 * 1024

/** The main stream and the snapshots as the engine has them. The dispatcher may come into being later. */
export interface MainParts {
  readonly serverUuid: string
  readonly emitter: Emitter
  readonly dispatcher: Dispatcher
  readonly tracker: OffsetTracker
  readonly catalog: TableCatalog
  readonly divergences: Divergences
  readonly cascades: CascadeBook | null
  readonly outlet: ReadOutlet
  readonly coordinator: SnapshotCoordinator | null
  /** Null where no channel is enabled. */
  readonly notifications: Pick<Notifications, 'diverged'> | null
}

export interface ParallelParts extends Omit<
  ParallelSideOptions,
  | 'emitter'
  | 'divergences'
  | 'cascades'
  | 'openSource'
  | 'stored'
  | 'engine'
  | 'openCopy'
  | 'isCaptured'
  | 'hasRun'
  | 'onFree'
> {
  readonly openBranch: () => BranchSource
  readonly checkpoint: Pick<Checkpoint, 'knownTables' | 'tables' | 'parallel'> | null
  readonly encoding: EncoderOptions
}

export function createParallelSide(parts: ParallelParts, engine: MainParts): ParallelSide {
  const {checkpoint, openBranch, server, log, encoding, settings} = parts
  const {coordinator, emitter, divergences, catalog, outlet} = engine
  // Also of a table that has left the filter: its topic has rows of then.
  const touched = new Set([...(checkpoint?.knownTables ?? []), ...(checkpoint?.tables ?? []).map(({table}) => table)])
  const sliceBytes = Math.min(SLICE_BYTES, Math.floor(settings.snapshot.memoryBytes / 4))
  const side = new ParallelSide({
    ...{...parts, emitter, divergences, cascades: engine.cascades, openSource: openBranch},
    stored: checkpoint?.parallel ?? null,
    engine: () => engine,
    isCaptured: table => touched.has(tableIdText(table)) || catalog.seen.has(tableIdText(table)),
    hasRun: table => coordinator?.runs.some(run => run.text === tableIdText(table) && isParallel(run)) === true,
    onFree: () => coordinator?.advance(),
    openCopy: run => {
      touched.add(run.text)
      return server.openCopy({
        ...{run, log, encoderOptions: encoding, serverUuid: engine.serverUuid, sliceBytes},
        openTarget: ({shape}) => catalog.target(shape),
        resetTopic: (copied, target) => outlet.resetForCopy(copied, target as EventTarget),
        openSlices: copied => coordinator!.openSlices(copied),
      })
    },
  })
  if (coordinator !== null) coordinator.parallelTables = side.reader
  return side
}

export interface ParallelSideOptions
  extends
    Omit<TableBranchParts, 'replay' | 'server'>,
    Pick<ParallelSnapshotOptions, 'openCopy' | 'isCaptured' | 'hasRun' | 'onFree' | 'onFailure' | 'stored'> {
  readonly server: SourceServer
  /** The server's stream once more: one for each call. */
  readonly openSource: () => BranchSource
  readonly engine: () => MainParts
  /** Null where the server runs without GTIDs. */
  readonly gtids: GtidLog | null
}

export class ParallelSide {
  readonly reader: ParallelSnapshotReader
  /** Of the main stream. */
  readonly gate = new HoldGate()
  /** Stores the state as it is now. */
  store: () => Promise<void> = () => Promise.resolve()
  readonly #options: ParallelSideOptions

  constructor(options: ParallelSideOptions) {
    this.#options = options
    const {openSource, divergences} = options
    this.gate.isBetween = () => options.engine().dispatcher.isBetween
    this.reader = new ParallelSnapshotReader({
      ...options,
      main: this.#main(),
      openStream: stream => new TableBranch({...options, replay: openedLate(openSource)}, stream),
      newCopyId: randomUUID,
      isKeyless: table => this.#isKeyless(table),
      namesColumns: async () => (await options.server.schemas?.isMinimal()) !== true,
      store: () => this.store(),
      clearsGhosts: ({table, condition}) =>
        divergences.resets && condition === null && divergences.mayHaveGhosts(table),
      // A part of the table mends nothing.
      onCopied: ({table, condition}, _place, isReset) => {
        if (condition === null) divergences.copiedAt(table, {isReset})
      },
      onAbandoned: (table, {file, pos}) =>
        divergences.diverged(table, `${file}:${pos}`, 'its copy was stopped before its end', {removesRows: true}),
      onPurged: (...lost) => this.#purged(...lost),
      ...{delay, backoffMs, isConnectionLoss, now: () => performance.now()},
    })
  }

  /** What the main stream's dispatcher asks. */
  get ofMain(): Pick<DispatcherOptions, 'share' | 'gate'> {
    return {share: this.reader.shares, gate: this.gate}
  }

  /** For the state that is stored now. */
  stored(): {readonly parallel?: BranchState} {
    const parallel = this.reader.stored(() => this.#safe())
    return parallel === null ? {} : {parallel}
  }

  #main(): MainStream {
    const {engine, gtids, emitter} = this.#options
    const {gate} = this
    return {
      get serverUuid() {
        return engine().serverUuid
      },
      get position() {
        return engine().dispatcher.place
      },
      extent: () => {
        const {place} = engine().dispatcher
        return new StreamExtent(place, gtids?.copyAt(place.gtidCount) ?? null)
      },
      open: () => {
        const {openTransaction, place} = engine().dispatcher
        return openTransaction === null ? null : {...openTransaction, file: place.file, pos: place.pos}
      },
      safelyCovers: extent => this.#safe().covers(extent),
      sendOpen: () => emitter.sendOpen(emitter.main),
      hold: ms => gate.hold(ms),
      release: () => gate.release(),
    }
  }

  #safe(): StreamExtent {
    const {engine, gtids} = this.#options
    const {tracker, dispatcher} = engine()
    const safe = tracker.safePlace(dispatcher.place)
    return new StreamExtent(safe, gtids?.copyAt(safe.gtidCount) ?? null)
  }

  /** What the branch was to stream is gone from the server, and only a copy brings the table back into its topic. */
  #purged(
    table: TableId,
    {file, pos}: StoredOffset,
    {isCopied, error}: {readonly isCopied: boolean; readonly error: unknown},
  ): void {
    const {divergences, log, engine} = this.#options
    const text = tableIdText(table)
    const since = `${file}:${pos}`
    const reason = 'its changes from there on were purged from the binlog before they were read'
    const remedy = isCopied ? 'none: it is being copied again' : `tidemark signal CONFIG execute-snapshot ${text}`
    const what = {table: text, since, remedy, reason: describeError(error).message}
    if (isCopied) log.warn(what, 'the copy goes on without changes that were purged from the binlog')
    else log.error(what, 'a branch is given up: its changes were purged from the binlog')
    divergences.diverged(table, since, reason, {removesRows: true})
    engine().notifications?.diverged({table: text, since, reason, remedy})
  }

  async #isKeyless(table: TableId): Promise<boolean> {
    const {server, settings} = this.#options
    const shape = await server.shape(table)
    if (shape === null) return false
    const {rowKey} = await keysOf(shape, settings.events, server.streamKeys)
    return rowKey.length === 0
  }
}

/** A source that is made when it is first needed, which is rare. */
function openedLate(open: () => BinlogSource): BinlogSource {
  return {events: (start, signal) => open().events(start, signal)}
}
