// The snapshots' half of a running task: watermarks in the signal table, and the coordinator with its lanes.

import type {Settings} from '../config/settings.ts'
import type {Log} from '../core/log.ts'
import type {EncoderOptions} from '../encode/encoder-options.ts'
import {SignalTableMarks} from '../snapshot/signal-table-marks.ts'
import {SnapshotCoordinator} from '../snapshot/snapshot-coordinator.ts'
import type {SnapshotCoordinatorOptions} from '../snapshot/coordinator-options.ts'
import {delay} from './backoff.ts'
import {isConnectionLoss, isRetryable} from './errors.ts'
import type {SourceServer} from './source-server.ts'

const CHUNK_BYTES = 8 * 1024 * 1024
/** Ten marks a second are plenty: what is read between two of them is a small part of the memory for chunks. */
const MARK_SPACING_MS = 100
/** After so long without a mark that was written, windows that wait for it are worth a word. */
const MARK_OVERDUE_MS = 30_000

export interface SnapshotSideOptions extends Pick<
  SnapshotCoordinatorOptions,
  'notes' | 'outlet' | 'openTarget' | 'onChange' | 'observers' | 'serverUuid' | 'signal'
> {
  readonly settings: Settings
  readonly server: SourceServer
  readonly encoderOptions: EncoderOptions
  readonly log: Log
}

export interface SnapshotSide {
  readonly marks: SignalTableMarks
  readonly coordinator: SnapshotCoordinator
}

/** Null where there is no signal table to write watermarks to: then nothing can be copied. */
export function createSnapshotSide(options: SnapshotSideOptions): SnapshotSide | null {
  const {settings, server, encoderOptions, log} = options
  const {dataCollection} = settings.signals
  if (dataCollection === null) return null
  const marks = new SignalTableMarks({
    signalTable: dataCollection,
    strategy: settings.snapshot.watermarking,
    spacingMs: MARK_SPACING_MS,
    execute: server.writeMark,
    // Whatever the server has against a mark (read-only during a failover, a full disk), the stream goes on without.
    isRetryable: () => true,
    delay,
    onProblem: (problem, attempt) => {
      const level = attempt >= 5 ? 'error' : 'warn'
      log[level]({problem, attempt}, 'cannot write a watermark, snapshots wait; will try again')
    },
  })
  const {maxThreads, chunkRows, memoryBytes} = settings.snapshot
  const coordinator = new SnapshotCoordinator({
    ...options,
    watermarks: marks,
    planning: server.planning,
    openLanes: events =>
      Array.from({length: maxThreads}, () => server.openLane(events, {encoderOptions, committedMark: marks.shared})),
    chunkRows,
    chunkBytes: Math.min(CHUNK_BYTES, Math.floor(memoryBytes / 4)),
    memoryBytes,
    onStoppedWhilePreparing: () => server.cancelPlanning(),
    isConnectionLoss,
    isTransient: isRetryable,
  })
  return {marks, coordinator}
}

/** Why snapshots do not get on, as far as it is the watermarks; null while they do. */
export function watermarkProblem(marks: SignalTableMarks): string | null {
  if (marks.problem !== null) return marks.problem
  if (marks.unseenMs < MARK_OVERDUE_MS) return null
  const seconds = Math.round(marks.unseenMs / 1000)
  return `watermark ${marks.committed} was written, but has not come by in the binlog for ${seconds} s: the stream is behind, or rows of the signal table do not reach it`
}
