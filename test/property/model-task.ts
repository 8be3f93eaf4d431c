// The real window engine (coordinator, notes, outlet, emitter, offset tracker) on a miniature MySQL, with every
// completion in the hands of the test: one `step` makes one of the things happen that may happen next.

import {NO_HEADERS_SETTINGS, modelShape} from './model-shape.ts'
import type {SinkTopic} from '../../src/sinks/sink.ts'
import {EnvelopeTemplate, EventOrigin} from '../../src/encode/envelope.ts'
import type {Lane, LaneEvents, RangeJob} from '../../src/snapshot/chunk-lane.ts'
import type {TableDescription} from '../../src/snapshot/prepared-table.ts'
import {SnapshotCoordinator} from '../../src/snapshot/snapshot-coordinator.ts'
import type {StoredSnapshots} from '../../src/snapshot/snapshot-plan.ts'
import type {Watermarks} from '../../src/snapshot/watermarks.ts'
import type {EventTarget} from '../../src/stream/captured-table.ts'
import {Emitter} from '../../src/stream/emitter.ts'
import type {Lane as OutletLane} from '../../src/stream/emitter.ts'
import {OffsetTracker} from '../../src/stream/offset-tracker.ts'
import type {StreamPlace} from '../../src/stream/offset-tracker.ts'
import {ReadOutlet} from '../../src/stream/read-outlet.ts'
import {NoteLog} from '../../src/stream/table-notes.ts'
import {TopicDirectory} from '../../src/stream/topic-lanes.ts'
import type {MemorySink} from '../support/memory-sink.ts'
import {PlayedThrottle} from '../support/played-throttle.ts'
import type {BinlogEntry, ModelMysql, ModelRow} from './model-mysql.ts'

export interface ModelTaskOptions extends StoredSnapshots {
  readonly mysql: ModelMysql
  readonly sink: MemorySink
  readonly lanes: number
  readonly chunkRows: number
  readonly noteBytes: number
  readonly skips: boolean
  /** The first copy of each table that this process begins, begins with a truncate event. */
  readonly resets: boolean
  /** Index into the binlog where the stream begins; the snapshots are those that were stored with it. */
  readonly from: number
}

interface Step {
  readonly name: string
  run(): void
}

/** Marks as the port wants them, on the model's binlog: wanted, issued, visible (committed), seen. */
export class ModelMarks implements Watermarks {
  readonly shared = new Int32Array(new SharedArrayBuffer(4))
  readonly problem = null
  readonly unseenMs = 0
  wanted = 0
  issued = 0
  #waiters: {number: number; resolve: () => void}[] = []

  get committed(): number {
    return this.shared[0]!
  }
  request(): number {
    this.wanted = Math.max(this.wanted, this.issued + 1)
    return this.wanted
  }
  commit(number: number): void {
    Atomics.store(this.shared, 0, number)
    for (const waiter of this.#waiters) if (waiter.number <= number) waiter.resolve()
    this.#waiters = this.#waiters.filter(waiter => waiter.number > number)
  }
  whenCommitted(number: number, signal: AbortSignal): Promise<void> {
    if (this.committed >= number) return Promise.resolve()
    if (signal.aborted) return Promise.reject(signal.reason as Error)
    return new Promise((resolve, reject) => {
      const abort = (): void => reject(signal.reason as Error)
      signal.addEventListener('abort', abort, {once: true})
      const committed = (): void => {
        signal.removeEventListener('abort', abort)
        resolve()
      }
      this.#waiters.push({number, resolve: committed})
    })
  }
  run(): Promise<void> {
    return Promise.resolve()
  }
  seen(): void {
    // Nothing to pace.
  }
}

/** A lane whose SELECT, and the low watermark taken before it, are steps of the test. */
class ModelLane implements Lane {
  job: RangeJob | null = null
  granted = 0
  low: number | null = null
  rows: ModelRow[] | null = null
  #after = 0
  #sequence = 0
  #cancelled = false
  readonly #events: LaneEvents
  readonly #mysql: ModelMysql
  readonly #marks: ModelMarks

  constructor(events: LaneEvents, mysql: ModelMysql, marks: ModelMarks) {
    this.#events = events
    this.#mysql = mysql
    this.#marks = marks
  }

  start(job: RangeJob): void {
    this.job = job
    this.low = null
    this.rows = null
    this.#cancelled = false
    this.#after = job.after === null ? -1 : Number(job.after[0])
    this.#sequence = 0
    this.granted = 0
    this.#events.wants(job.jobId, 100, job.chunkRows)
  }
  grant(jobId: number, bytes: number): void {
    if (this.job?.jobId === jobId) this.granted += bytes
  }
  cancel(jobId: number): void {
    if (this.job?.jobId === jobId) this.#cancelled = true
  }
  close(): Promise<void> {
    return Promise.resolve()
  }

  steps(): Step[] {
    const {job} = this
    if (job === null) return []
    if (this.#cancelled) return [{name: 'lane ends cancelled', run: () => this.#end(job)}]
    if (this.rows !== null) return [{name: 'lane delivers', run: () => this.#deliver(job)}]
    if (this.low !== null) return [{name: 'lane selects', run: () => this.#select(job)}]
    if (this.granted === 0) return []
    return [{name: 'lane takes its low watermark', run: () => (this.low = this.#marks.committed)}]
  }

  #select(job: RangeJob): void {
    const range = {after: this.#after, upTo: Number(job.upTo[0]), limit: job.chunkRows}
    this.rows = this.#mysql.select(job.shape.id.table, range)
  }

  #deliver(job: RangeJob): void {
    const rows = this.rows!
    const last = rows.length < job.chunkRows
    const parts: Buffer[] = []
    const ends: number[] = []
    let at = 0
    for (const row of rows) {
      for (const text of [`{"k":${row.key},"v":${row.version}}`, `{"k":${row.key}}`, String(row.key)]) {
        parts.push(Buffer.from(text))
        at += text.length
        ends.push(at)
      }
    }
    const end = last ? null : [String(rows.at(-1)!.key)]
    if (end !== null) this.#after = Number(end[0])
    const granted = this.granted
    const low = this.low!
    this.granted = 0
    this.low = null
    this.rows = null
    if (!last) this.#events.wants(job.jobId, 100, job.chunkRows)
    this.#events.chunk({
      jobId: job.jobId,
      sequence: this.#sequence++,
      low,
      rows: rows.length,
      bytes: new Uint8Array(Buffer.concat(parts)),
      ends: Uint32Array.from(ends),
      end,
      last,
      granted,
      milliseconds: 1,
    })
    if (last) this.#end(job)
  }

  #end(job: RangeJob): void {
    this.job = null
    this.#events.ended(job.jobId)
  }
}

type Change = Extract<BinlogEntry, {readonly type: 'change'}>

/** An event of the model alone: a change that is left out passed here. */
export const SKIPPED = 's'

/** Updates that are left out where some are. */
export function isSkippedChange({update, version}: Change): boolean {
  return update && version % 3 === 0
}

export class ModelTask {
  readonly coordinator: SnapshotCoordinator
  readonly #options: ModelTaskOptions
  readonly #marks = new ModelMarks()
  readonly #notes: NoteLog
  readonly #tracker = new OffsetTracker()
  readonly #emitter: Emitter
  readonly #outlet: ReadOutlet
  readonly #lanes: ModelLane[] = []
  readonly #topics = new Map<string, {topic: SinkTopic; lanes: OutletLane[]}>()
  readonly #stop = new AbortController()
  readonly #unreset: Set<string>
  #at: number
  #crashed = false

  constructor(options: ModelTaskOptions) {
    this.#options = options
    this.#at = options.from
    this.#unreset = new Set(options.resets ? TABLES : [])
    this.#notes = new NoteLog(options.noteBytes)
    this.#emitter = new Emitter({
      sink: options.sink,
      tracker: this.#tracker,
      streamBytes: 1 << 20,
      onFailure: error => {
        throw error
      },
      onAcknowledged: () => {
        if (!this.#crashed) this.#outlet.pump()
      },
    })
    this.#emitter.main.placeNow = () => this.#place()
    this.#outlet = new ReadOutlet({
      emitter: this.#emitter,
      notes: this.#notes,
      origin: new EventOrigin(),
      topics: new TopicDirectory(options.sink, this.#emitter),
      headers: null,
      reached: () => ({file: 'b.1', pos: this.#at, sid: '', gno: 0, serverId: 1, threadId: -1}),
    })
    this.coordinator = this.#createCoordinator()
    this.#outlet.windows = this.coordinator
  }

  async open(): Promise<void> {
    const {sink} = this.#options
    for (const name of TABLES) {
      const topic = await sink.topic(name)
      const lanes = Array.from({length: topic.partitions}, (_, partition) => this.#emitter.lane(topic, partition))
      this.#topics.set(name, {topic, lanes})
    }
    const {snapshots, snapshotsPaused = false} = this.#options
    this.coordinator.restore({snapshots: structuredClone(snapshots), snapshotsPaused})
    this.coordinator.begin()
  }

  /** What may happen next inside the task and its connections. */
  steps(): Step[] {
    const {mysql} = this.#options
    const steps = this.#lanes.flatMap(lane => lane.steps())
    if (this.#at < mysql.binlog.length) steps.push({name: 'stream', run: () => this.#stream()})
    if (this.#marks.wanted > this.#marks.issued && this.#marks.committed === this.#marks.issued) {
      steps.push({name: 'mark', run: () => this.#issueMark()})
    }
    return steps
  }

  /** What would be stored now. */
  checkpoint(): StoredSnapshots & {from: number} {
    const from = this.#tracker.safePlace(this.#place()).pos
    return {from, snapshots: structuredClone(this.coordinator.plans), snapshotsPaused: this.coordinator.paused}
  }

  get streamed(): number {
    return this.#at
  }

  crash(): void {
    this.#crashed = true
    this.#stop.abort(new Error('crashed'))
  }

  #place(): StreamPlace {
    return {file: 'b.1', pos: this.#at, gtidCount: 0, rows: 0, sid: '', gno: 0, transactions: 0}
  }

  #stream(): void {
    const entry = this.#options.mysql.binlog[this.#at]!
    if (entry.type === 'mark') {
      this.#at++
      // Marks of the run before the crash carry the same numbers here; the product tells them apart by their id.
      if (this.#ownMarks.has(entry)) this.coordinator.markSeen(entry.number)
    } else {
      const isSkipped = this.#options.skips && isSkippedChange(entry)
      this.#note(entry, isSkipped)
      const lane = this.#topics.get(entry.table)!.lanes[0]!
      const batch = this.#emitter.batch(lane)
      const key = Buffer.from(`{"k":${entry.key}}`)
      const value = Buffer.from(
        JSON.stringify({op: isSkipped ? SKIPPED : entry.deleted ? 'd' : 'u', k: entry.key, v: entry.version}),
      )
      batch.begin(key, 0, key.length, value.length, null)
      batch.writer.write(value)
      batch.end()
      this.#emitter.appended(lane)
      this.#at++
    }
    this.#emitter.flush()
    this.#notes.bound()
    this.#outlet.pump()
  }

  #note({table, key, version}: Change, isSkipped: boolean): void {
    const notes = this.#notes.of(`m.${table}`)
    if (!isSkipped) {
      notes?.note(String(key), this.#notes.place)
      return
    }
    const row = `{"k":${key},"v":${version}}`
    notes?.noteSilently(String(key), this.#notes.place, {bytes: Buffer.from(`${row}{"k":${key}}`), rowEnd: row.length})
  }

  readonly #ownMarks = new WeakSet<object>()

  #issueMark(): void {
    const number = ++this.#marks.issued
    const {mysql} = this.#options
    mysql.mark(number, () => {
      if (!this.#crashed) this.#marks.commit(number)
    })
    this.#ownMarks.add(mysql.binlog.at(-1)!)
  }

  #createCoordinator(): SnapshotCoordinator {
    const {mysql, lanes, chunkRows} = this.#options
    const log = {debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined}
    return new SnapshotCoordinator({
      throttle: new PlayedThrottle().throttle,
      watermarks: this.#marks,
      notes: this.#notes,
      outlet: this.#outlet,
      planning: {
        describe: table => Promise.resolve(describe(table.table)),
        maximumKey: table => {
          const key = mysql.maximumKey(table.table)
          return Promise.resolve(key === null ? null : [String(key)])
        },
        boundaries: (_, __, parts) => Promise.resolve(parts > 1 ? [[String(20)]] : []),
        sizes: tables => Promise.resolve(tables.map(() => ({rowsEstimated: 0, rowBytes: 64}))),
      },
      resetTopic: ({table}, target) => {
        if (!this.#unreset.delete(table.table)) return null
        return this.#outlet.reset(target as EventTarget)!.then(() => undefined)
      },
      openTarget: description => Promise.resolve(this.#target(description)),
      openLanes: events => {
        for (let i = 0; i < lanes; i++) this.#lanes.push(new ModelLane(events, mysql, this.#marks))
        return this.#lanes
      },
      chunkRows,
      chunkBytes: 1 << 20,
      memoryBytes: 100_000,
      serverUuid: () => 'model',
      log,
      onChange: () => undefined,
      observers: [],
      onStoppedWhilePreparing: () => undefined,
      isConnectionLoss: () => false,
      isTransient: () => false,
      signal: this.#stop.signal,
    })
  }

  #target(description: TableDescription): EventTarget {
    const {shape} = description
    const topic = shape.id.table
    return {
      shape,
      template: new EnvelopeTemplate({id: shape.id, topic, settings: NO_HEADERS_SETTINGS, shape, version: '0'}),
      lanes: this.#topics.get(topic)!,
      keyAddition: Buffer.alloc(0),
      records: null,
    }
  }
}

export const TABLES = ['a', 'b'] as const

function describe(table: string): TableDescription {
  return {
    shape: modelShape(table),
    messageKey: [0],
    rowKey: [0],
    chunkKey: [{column: 0, name: 'k', literal: 'plain', expression: null}],
    rowsEstimated: 1_000,
    rowBytes: 10,
  }
}
