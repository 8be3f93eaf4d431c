// The real snapshot coordinator with marks, lanes, MySQL and the outlet in the hands of a test.

import assert from 'node:assert/strict'
import type {LaneEvents, Lane, RangeJob} from '../../src/snapshot/chunk-lane.ts'
import type {PlanningSource} from '../../src/snapshot/prepared-table.ts'
import {SnapshotCoordinator} from '../../src/snapshot/snapshot-coordinator.ts'
import {SnapshotProgressLog} from '../../src/snapshot/snapshot-progress-log.ts'
import type {SnapshotObserver} from '../../src/snapshot/snapshot-observer.ts'
import type {SnapshotPlan, SnapshotTerms} from '../../src/snapshot/snapshot-plan.ts'
import type {ChunkRun} from '../../src/snapshot/table-run.ts'
import type {ThrottleLimits} from '../../src/snapshot/throttle.ts'
import {NoteLog} from '../../src/stream/table-notes.ts'
import {ModelMarks} from '../property/model-task.ts'
import {PlayedThrottle} from './played-throttle.ts'
import {rememberingLog} from './quiet-log.ts'
import {description, readChunk, tableId} from './snapshot-parts.ts'
import type {ReadChunkOptions} from './snapshot-parts.ts'
import {settled} from './stream-parts.ts'

/** A lane that the test plays. */
export class PlayedLane implements Lane {
  job: RangeJob | null = null
  cancelled = 0
  granted = 0
  /** Of the chunk granted last. */
  grantedRows = 0
  readonly #events: LaneEvents
  #sequence = 0

  constructor(events: LaneEvents) {
    this.#events = events
  }

  start(job: RangeJob): void {
    assert.equal(this.job, null, 'one job at a time')
    this.job = job
    this.granted = 0
    this.#sequence = 0
    this.#events.wants(job.jobId, 100, job.chunkRows)
  }
  grant(_: number, bytes: number, rows: number): void {
    this.granted += bytes
    this.grantedRows = rows
  }
  cancel(): void {
    this.cancelled++
  }
  close(): Promise<void> {
    return Promise.resolve()
  }

  /** Hands over a chunk; the last one ends the job. */
  deliver(ids: readonly number[], options: ReadChunkOptions = {}): void {
    const {jobId} = this.job!
    const granted = this.granted
    this.granted = 0
    this.#events.chunk(readChunk(ids, {...options, jobId, granted, sequence: this.#sequence++}))
    if (options.more !== true) this.end()
    else this.#events.wants(jobId, 100, this.job!.chunkRows)
  }

  end(): void {
    const {jobId} = this.job!
    this.job = null
    this.#events.ended(jobId)
  }

  fail(error: Error): void {
    const {jobId} = this.job!
    this.job = null
    this.#events.failed(jobId, error)
  }
}

export class TransientError extends Error {}

interface CoordinationOptions {
  readonly lanes?: number
  readonly memoryBytes?: number
  readonly observers?: readonly SnapshotObserver[]
  readonly limits?: Partial<ThrottleLimits>
}

/** The real coordinator; marks, lanes, MySQL and the outlet are the test's. */
export class Coordination {
  readonly marks = new ModelMarks()
  readonly notes = new NoteLog(1_000_000)
  readonly log = rememberingLog()
  readonly lanes: PlayedLane[] = []
  readonly enqueued: ChunkRun[] = []
  readonly done: string[] = []
  readonly observer: SnapshotObserver = {
    tableEnded: run => {
      if (run.plan.state === 'done') this.done.push(run.text)
    },
  }
  readonly stop = new AbortController()
  readonly described: string[] = []
  describe: PlanningSource['describe'] = ({table}) => Promise.resolve(description(table))
  maximumKey: PlanningSource['maximumKey'] = () => Promise.resolve(['99'])
  boundaries: PlanningSource['boundaries'] = () => Promise.resolve([])
  sizes: PlanningSource['sizes'] = tables => Promise.resolve(tables.map(() => ({rowsEstimated: 500, rowBytes: 100})))
  killedPreparations = 0
  readonly coordinator: SnapshotCoordinator
  readonly played: PlayedThrottle

  constructor({lanes = 1, memoryBytes = 10_000, observers = [], limits = {}}: CoordinationOptions = {}) {
    this.played = new PlayedThrottle(limits)
    this.coordinator = new SnapshotCoordinator({
      watermarks: this.marks,
      notes: this.notes,
      outlet: {enqueue: chunk => this.enqueued.push(chunk), pump: () => undefined},
      planning: {
        describe: (table, surrogateKey) => {
          this.described.push(table.table)
          return this.describe(table, surrogateKey)
        },
        maximumKey: (...all) => this.maximumKey(...all),
        boundaries: (...all) => this.boundaries(...all),
        sizes: tables => this.sizes(tables),
      },
      resetTopic: () => null,
      openTarget: ({shape}) => Promise.resolve({shape}),
      throttle: this.played.throttle,
      openLanes: events => {
        for (let i = 0; i < lanes; i++) this.lanes.push(new PlayedLane(events))
        return this.lanes
      },
      chunkRows: 10,
      chunkBytes: 1_000,
      memoryBytes,
      serverUuid: () => 'one',
      log: this.log,
      onChange: () => undefined,
      observers: [new SnapshotProgressLog(this.log), this.observer, ...observers],
      onStoppedWhilePreparing: () => this.killedPreparations++,
      isConnectionLoss: () => false,
      isTransient: error => error instanceof TransientError,
      signal: this.stop.signal,
    })
  }

  begin(): this {
    this.coordinator.begin()
    return this
  }

  accept(tables: readonly string[], id = 's', terms: SnapshotTerms = {}): SnapshotPlan {
    return this.coordinator.accept({
      id,
      kind: 'incremental',
      terms,
      tables: tables.map(table => ({table: tableId(table), condition: null, surrogateKey: null})),
    })
  }

  /** The marks that are wanted are issued and committed; the stream sees them later. */
  async commit(): Promise<void> {
    this.marks.issued = Math.max(this.marks.issued, this.marks.wanted)
    this.marks.commit(this.marks.issued)
    for (let i = 0; i < 4; i++) await settled()
  }

  /** They come by in the stream, too. */
  async pass(): Promise<void> {
    await this.commit()
    this.coordinator.markSeen(this.marks.issued)
    await settled()
  }

  /** All rows of closed windows leave and are acknowledged. */
  leave(): void {
    for (const chunk of this.enqueued.splice(0)) {
      if (chunk.state !== 'closed') continue
      chunk.nextRow = chunk.chunk.rows
      this.coordinator.pieceSent(chunk, true)
      this.coordinator.pieceAcknowledged(chunk)
    }
  }

  lane(index = 0): PlayedLane & {job: RangeJob} {
    const lane = this.lanes[index]!
    assert.ok(lane.job, `lane ${index} has a job`)
    return lane as PlayedLane & {job: RangeJob}
  }

  /** Reads the table of the running job to its end. */
  async copy(ids: readonly number[] = [1]): Promise<void> {
    this.lane().deliver(ids)
    await this.pass()
    this.leave()
    await settled()
  }

  sentences(): string[] {
    return this.log.lines.map(line => line.sentence)
  }
}
