// The snapshots' half of a running task: watermarks of either kind, and the coordinator with its lanes.

import type {Settings} from '../config/settings.ts'
import type {Log} from '../core/log.ts'
import type {EncoderOptions} from '../encode/encoder-options.ts'
import {compareBinlogPositions} from '../core/binlog-position.ts'
import {GtidSet} from '../core/gtid-set.ts'
import {GtidMarks} from '../snapshot/gtid-marks.ts'
import type {GtidMarksOptions} from '../snapshot/gtid-marks.ts'
import type {MarkSequenceOptions} from '../snapshot/mark-sequence.ts'
import {SignalTableMarks} from '../snapshot/signal-table-marks.ts'
import {SnapshotCoordinator} from '../snapshot/snapshot-coordinator.ts'
import type {SnapshotCoordinatorOptions} from '../snapshot/coordinator-options.ts'
import type {TransactionWatch} from '../stream/dispatcher-options.ts'
import {SnapshotThrottle} from '../snapshot/throttle.ts'
import {delay} from '../core/backoff.ts'
import {isConnectionLoss, isRetryable} from './errors.ts'
import type {SourceServer} from './source-server.ts'

const CHUNK_BYTES = 8 * 1024 * 1024
/** Ten marks a second are plenty: what is read between two of them is a small part of the memory for chunks. */
const MARK_SPACING_MS = 100

export interface SnapshotSideOptions extends Pick<
  SnapshotCoordinatorOptions,
  'notes' | 'outlet' | 'openTarget' | 'resetTopic' | 'onChange' | 'observers' | 'serverUuid' | 'signal'
> {
  readonly settings: Settings
  readonly server: SourceServer
  readonly encoderOptions: EncoderOptions
  readonly log: Log
  /** Where the stream is, for watermarks that are executed GTIDs; null where it runs without GTIDs. */
  readonly stream: (Pick<GtidMarksOptions, 'finished' | 'open'> & {readonly file: () => string}) | null
}

export interface SnapshotSide {
  readonly marks: Marks
  readonly coordinator: SnapshotCoordinator
}

/** The watermarks in use: of one kind. */
export type Marks =
  | {readonly kind: 'signal-table'; readonly watermarks: SignalTableMarks}
  | {readonly kind: 'executed-gtids'; readonly watermarks: GtidMarks}

/** Null where there are no watermarks, neither a signal table nor GTIDs: then nothing can be copied. */
export function createSnapshotSide(options: SnapshotSideOptions): SnapshotSide | null {
  const {settings, server, encoderOptions} = options
  const marks = createMarks(options, number => {
    coordinator.markSeen(number)
    // An idle stream closes windows without an event, so nothing else would have their rows leave.
    coordinator.advance()
  })
  if (marks === null) return null
  const {watermarks} = marks
  const {maxThreads, chunkRows, memoryBytes} = settings.snapshot
  const coordinator: SnapshotCoordinator = new SnapshotCoordinator({
    ...options,
    watermarks,
    planning: server.planning,
    openLanes: events =>
      Array.from({length: maxThreads}, () =>
        server.openLane(events, {encoderOptions, committedMark: watermarks.shared}),
      ),
    throttle: createThrottle(options),
    chunkRows,
    chunkBytes: Math.min(CHUNK_BYTES, Math.floor(memoryBytes / 4)),
    memoryBytes,
    onStoppedWhilePreparing: () => server.cancelPlanning(),
    isConnectionLoss,
    isTransient: isRetryable,
  })
  return {marks, coordinator}
}

function createThrottle({settings, server, log}: SnapshotSideOptions): SnapshotThrottle {
  return new SnapshotThrottle({
    limits: settings.snapshot.throttle,
    ask: query => server.asksToWait(query),
    log,
    now: () => performance.now(),
    setTimer: (run, ms) => {
      const timer = setTimeout(run, ms)
      timer.unref()
      return () => clearTimeout(timer)
    },
  })
}

function createMarks(options: SnapshotSideOptions, onPassed: (number: number) => void): Marks | null {
  const {settings, server, stream, log} = options
  const {dataCollection} = settings.signals
  const common: Omit<MarkSequenceOptions, 'issue'> = {
    spacingMs: MARK_SPACING_MS,
    // Whatever the server has against a mark (read-only during a failover, a full disk), the stream goes on without.
    isRetryable: () => true,
    delay,
    onProblem: (problem, attempt) => {
      const level = attempt >= 5 ? 'error' : 'warn'
      log[level]({problem, attempt}, 'cannot set a watermark, snapshots wait; will try again')
    },
  }
  if (settings.snapshot.watermarks === 'signal-table' && dataCollection !== null) {
    const {watermarking: strategy} = settings.snapshot
    const {writeMark: execute} = server
    const watermarks = new SignalTableMarks({...common, signalTable: dataCollection, strategy, execute})
    return {kind: 'signal-table', watermarks}
  }
  if (stream === null) return null
  const watermarks = new GtidMarks({
    ...common,
    finished: stream.finished,
    open: stream.open,
    readExecuted: () => server.executedGtids(),
    readNeverComing: async () => {
      const {purged, firstFile} = await server.purgedGtids()
      // Everything that was ever in a purged file has come once the stream is behind those.
      const isBehind = compareBinlogPositions({file: stream.file(), pos: 0}, {file: firstFile, pos: 0}) >= 0
      return isBehind ? purged : new GtidSet()
    },
    onPassed,
  })
  return {kind: 'executed-gtids', watermarks}
}

/** Gives the notes of each transaction their place, and tells the marks what the stream has finished. */
export function noteWatch(marks: GtidMarks, notes: {place: number}): TransactionWatch {
  return {
    // Places never fall: a note that stands too high only supersedes a row whose event comes anyway.
    began: (sid, gno) => (notes.place = Math.max(notes.place, marks.placeOf(sid, gno))),
    finished: (sid, gno) => marks.finished(sid, gno),
  }
}
