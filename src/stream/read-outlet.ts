// The outlet of read events: rows of closed windows leave in pieces of one batch, as room allows, and until a row has
// left a streamed event for its key still supersedes it. A row has left when its batch got its place in the partition's
// sequence, which happens here, in one go with the look at the notes, so that no event can come between.

import type {EventOrigin} from '../encode/envelope.ts'
import {copyHeaders} from '../encode/headers.ts'
import {partitionFor} from '../encode/partitioner.ts'
import {ChangedRow} from '../encode/transforms/changed-row.ts'
import type {TableRecords} from '../encode/transforms/table-records.ts'
import type {EventBatch, EventHeaders} from '../sinks/sink.ts'
import {isToldAsInitial} from '../snapshot/snapshot-plan.ts'
import {hasLeft} from '../snapshot/table-run.ts'
import type {ChunkRun, TableRun} from '../snapshot/table-run.ts'
import type {EventTarget} from './captured-table.ts'
import type {ReachedPlace} from './dispatcher.ts'
import type {Emitter, Lane} from './emitter.ts'
import type {NoteLog, RowImage, TableNotes} from './table-notes.ts'
import type {TopicDirectory} from './topic-lanes.ts'
import {noPartition, partitionOf} from './transformed-events.ts'
import {sendReset} from './truncate-events.ts'

/** What the outlet tells the snapshot about its windows. */
export interface WindowEvents {
  /** Tables under snapshot. */
  readonly runs: readonly TableRun[]
  windowLost(chunk: ChunkRun): void
  pieceSent(chunk: ChunkRun, left: boolean): void
  pieceAcknowledged(chunk: ChunkRun): void
  finishedWithoutPiece(chunk: ChunkRun): void
}

/** Debezium's `source.snapshot` of a read event. */
export type SnapshotMarker =
  'incremental' | 'first' | 'first_in_data_collection' | 'true' | 'last_in_data_collection' | 'last'

export interface ReadOutletOptions {
  readonly emitter: Emitter
  readonly notes: NoteLog
  readonly origin: EventOrigin
  readonly topics: Pick<TopicDirectory, 'open' | 'opened'>
  readonly headers: EventHeaders | null
  /** The place that the stream has reached. */
  readonly reached: () => ReachedPlace
}

/** A streamed event waits behind no more of a piece than this; two of them are what is in flight (I4). */
const PIECE_BYTES = 256 * 1024
/** Tables of which pieces may be on their way at the same time. */
const TABLES_AT_ONCE = 4
const ENDS = 3
const ABSENT = [-1, -1] as const

export class ReadOutlet {
  windows: WindowEvents | null = null
  rowsSent = 0
  readonly #queue: ChunkRun[] = []
  readonly #options: ReadOutletOptions
  /** A topic that a row names is being opened; nothing leaves until it is. */
  #isOpening = false
  #isHeld = false
  #isEnding = false
  /** Headers of the copy by a read view that is under way. */
  #copy: {readonly id: string; readonly headers: EventHeaders} | null = null

  constructor(options: ReadOutletOptions) {
    this.#options = options
  }

  enqueue(chunk: ChunkRun): void {
    this.#queue.push(chunk)
  }

  /** Chunks whose rows have not all left. */
  get length(): number {
    return this.#queue.filter(({state}) => state === 'closed').length
  }

  /** While held no chunk begins to leave; those of which a part has left go on to their end. */
  hold(): void {
    this.#isHeld = true
  }

  release(): void {
    this.#isHeld = this.#isEnding
    this.pump()
  }

  /** The task ends: as `hold`, for good. What would leave behind the last state would only come again. */
  end(): void {
    this.#isEnding = true
    this.hold()
  }

  /** True where no chunk has left in part. */
  get isWhole(): boolean {
    return !this.#queue.some(isPartlySent)
  }

  /** A truncate event before a table is copied; see `sendReset`. */
  reset(target: EventTarget): Promise<unknown> | null {
    this.#setOrigin('incremental')
    return sendReset(target, this.#options.origin, this.#options)
  }

  /** The same with the id of the run's copy by a read view, whatever the options let through. */
  resetForCopy(run: TableRun, target: EventTarget): Promise<unknown> | null {
    this.#setOrigin(isToldAsInitial(run.snapshot) ? 'true' : 'incremental')
    const {origin, emitter} = this.#options
    return sendReset(target, origin, {emitter, headers: this.#headersOf(run)})
  }

  pump(): void {
    for (
      let chunk = this.#next();
      chunk !== null && !this.#isOpening && this.#options.emitter.roomForRead;
      chunk = this.#next()
    ) {
      const notes = this.#options.notes.of(chunk.run.text)
      if (notes?.lostSince(chunk.chunk.low) === true) this.windows!.windowLost(chunk)
      else this.#sendPiece(chunk, notes)
    }
  }

  // The oldest chunk; while its table has a piece on its way, that of the next table in the queue, so that pieces of small
  // tables share requests instead of waiting for each other's acknowledgements. A table's own chunks stay in order.
  #next(): ChunkRun | null {
    while (this.#queue.length > 0 && this.#queue[0]!.state !== 'closed') this.#queue.shift()
    if (this.#isHeld) return this.#queue.find(isPartlySent) ?? null
    const front = this.#queue[0]
    if (front === undefined) return null
    const tables = new Set<TableRun>()
    for (const chunk of this.#queue) {
      if (chunk.state !== 'closed' || tables.has(chunk.run)) continue
      if (chunk.run.piecesInFlight === 0) return chunk
      if (tables.add(chunk.run).size === TABLES_AT_ONCE) break
    }
    return front
  }

  #sendPiece(chunk: ChunkRun, notes: TableNotes | null): void {
    const target = chunk.target as EventTarget
    const {lanes} = target.lanes
    const batches: (EventBatch | null)[] = lanes.map(() => null)
    const before = chunk.nextRow
    const rows = new PieceRows(chunk, notes, {...this.#options, headers: this.#headersOf(chunk.run)})
    if (!isToldAsInitial(chunk.run.snapshot)) {
      this.#setOrigin('incremental')
      rows.write({target, batches, origin: this.#options.origin, until: chunk.chunk.rows})
    } else {
      this.#writeInitial(chunk, rows, {target, batches})
    }
    if (rows.unopened !== null) this.#openTopic(rows.unopened)
    const left = chunk.nextRow === chunk.chunk.rows
    const sent = [...rows.routed]
    for (const [partition, batch] of batches.entries()) if (batch !== null) sent.push([lanes[partition]!, batch])
    if (sent.length === 0) {
      if (left) this.windows!.finishedWithoutPiece(chunk)
      return
    }
    this.rowsSent += chunk.nextRow - before
    chunk.run.piecesInFlight++
    this.windows!.pieceSent(chunk, left)
    const acknowledged = sent.map(([lane, batch]) => this.#options.emitter.sendRead(lane, batch))
    void Promise.all(acknowledged).then(() => {
      chunk.run.piecesInFlight--
      this.windows!.pieceAcknowledged(chunk)
    })
  }

  #headersOf(run: TableRun): EventHeaders | null {
    const {headers} = this.#options
    if (run.copyId === null) return headers
    if (this.#copy?.id !== run.copyId) this.#copy = {id: run.copyId, headers: copyHeaders(headers, run.copyId)}
    return this.#copy.headers
  }

  #openTopic(name: string): void {
    this.#isOpening = true
    this.#options.topics.open(name).then(
      () => {
        this.#isOpening = false
        this.pump()
      },
      (error: unknown) => {
        this.#options.emitter.fail(error)
      },
    )
  }

  // An initial snapshot names its first and last rows. Those leave with an origin of their own.
  #writeInitial(chunk: ChunkRun, rows: PieceRows, piece: {target: EventTarget; batches: (EventBatch | null)[]}): void {
    const {run} = chunk
    const {origin} = this.#options
    const step = {...piece, origin}
    const isFirstOfTable = run.plan.rowsDone === run.plan.superseded && !run.firstRowSent
    const last = endsTable(chunk) ? rows.lastLeft() : -1
    const first = isFirstOfTable ? rows.firstLeft() : -1
    if (first >= 0 && first !== last) {
      this.#setOrigin(run.snapshot.firstRowSent ? 'first_in_data_collection' : 'first')
      rows.write({...step, until: first + 1})
      if (rows.unopened !== null) return
      run.firstRowSent = true
      run.snapshot.firstRowSent = true
    }
    this.#setOrigin('true')
    rows.write({...step, until: last >= 0 ? last : chunk.chunk.rows})
    if (last < 0 || chunk.nextRow !== last) return
    this.#setOrigin(this.#endsSnapshot(run) ? 'last' : 'last_in_data_collection')
    rows.write({...step, until: chunk.chunk.rows})
    run.firstRowSent = true
    run.snapshot.firstRowSent = true
  }

  // Rows of other tables may have left and not be acknowledged yet: those come no more.
  #endsSnapshot({plan, snapshot}: TableRun): boolean {
    const coming = snapshot.tables.filter(t => t !== plan && (t.state === 'waiting' || t.state === 'running'))
    return coming.every(t => this.windows!.runs.some(run => run.plan === t && run.hasLeft))
  }

  #setOrigin(snapshot: SnapshotMarker): void {
    const {origin, reached} = this.#options
    const nowUs = Math.round((performance.timeOrigin + performance.now()) * 1000)
    origin.set({...reached(), tsUs: nowUs, snapshot, nowUs})
  }
}

/** Rows on their way: up to `until` (exclusive), with this origin. */
interface PieceStep {
  readonly target: EventTarget
  readonly batches: (EventBatch | null)[]
  readonly origin: EventOrigin
  readonly until: number
}

/** A row as it leaves: its JSON in `bytes[start, rowEnd)`, its message key behind it. */
interface LeavingRow {
  readonly bytes: Buffer
  readonly start: number
  readonly rowEnd: number
  readonly keyEnd: number
}

/** The rows of one chunk on their way into batches. */
class PieceRows {
  /** Batches for topics that transforms have chosen. */
  readonly routed = new Map<Lane, EventBatch>()
  /** A topic without which no further row can leave. */
  unopened: string | null = null
  readonly #chunk: ChunkRun
  readonly #bytes: Buffer
  readonly #notes: TableNotes | null
  readonly #headers: EventHeaders | null
  readonly #topics: ReadOutletOptions['topics']
  readonly #row = new ChangedRow()
  #bytesWritten = 0

  constructor(chunk: ChunkRun, notes: TableNotes | null, {headers, topics}: ReadOutletOptions) {
    this.#chunk = chunk
    const {bytes} = chunk.chunk
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#notes = notes === null || notes.quietSince(chunk.chunk.low) ? null : notes
    this.#headers = headers
    this.#topics = topics
  }

  /** Writes rows up to `until` (exclusive), or until a batch is full. */
  write(step: PieceStep): void {
    const {target, batches, origin, until} = step
    if (target.records !== null) return this.#writeTransformed(step, target.records)
    const {template} = target
    const {topic, lanes} = target.lanes
    const headers = this.#headers
    const partitions = lanes.length
    const most = Math.min(topic.readBatchBytes ?? topic.batchBytes, PIECE_BYTES)
    let row = this.#chunk.nextRow
    while (row < until) {
      const source = this.#leaving(row)
      if (source === null) {
        this.#chunk.superseded++
        row++
        continue
      }
      const partition = partitions === 1 ? 0 : partitionFor(source.bytes, source.rowEnd, source.keyEnd, partitions)
      const batch = (batches[partition] ??= topic.newBatch(partition))
      // Over however many partitions the piece spreads.
      if (this.#bytesWritten >= most) break
      const before = batch.byteLength
      const length = template.valueLength('r', source.rowEnd - source.start, 0, origin, 0)
      const key = source.keyEnd === source.rowEnd ? null : source.bytes
      batch.begin(key, source.rowEnd, source.keyEnd, length, headers)
      template.writeSingle('r', source.bytes, source.start, source.rowEnd, origin, 0, batch.writer)
      batch.end()
      this.#bytesWritten += batch.byteLength - before
      row++
    }
    this.#chunk.nextRow = row
  }

  /** As `write`, with the topic, the value and the headers that transforms have chosen, or without the row. */
  #writeTransformed({origin, until}: PieceStep, records: TableRecords): void {
    const view = this.#row
    let row = this.#chunk.nextRow
    for (; row < until && this.unopened === null && this.#bytesWritten < PIECE_BYTES; row++) {
      const source = this.#leaving(row)
      if (source === null) {
        this.#chunk.superseded++
        continue
      }
      view.set(source.bytes, ABSENT, [source.start, source.rowEnd])
      view.setKey(source.rowEnd, source.keyEnd)
      const {template} = records.plan('r', view)
      if (template === null) continue
      const opened = this.#topics.opened(template.topic)
      if (opened === undefined) {
        this.unopened = template.topic
        break
      }
      const {topic, lanes} = opened
      const key = template.key(view)
      const partition = key.partition ?? partitionOf(key.bytes ?? source.bytes, key, lanes.length)
      const lane = lanes[partition]
      if (lane === undefined) throw noPartition(topic.name, partition, lanes.length)
      const batch = this.routed.get(lane) ?? topic.newBatch(partition)
      this.routed.set(lane, batch)
      if (batch.byteLength >= (topic.readBatchBytes ?? topic.batchBytes)) break
      const before = batch.byteLength
      template.append(batch, key, view, {op: 'r', origin, row: 0, headers: this.#headers})
      this.#bytesWritten += batch.byteLength - before
    }
    this.#chunk.nextRow = row
  }

  /** Null: superseded, and nothing is left of it. */
  #leaving(row: number): LeavingRow | null {
    const {ends} = this.#chunk.chunk
    const start = row === 0 ? 0 : ends[row * ENDS - 1]!
    const rowEnd = ends[row * ENDS]!
    const keyEnd = ends[row * ENDS + 1]!
    if (!this.#superseded(row, keyEnd)) return {bytes: this.#bytes, start, rowEnd, keyEnd}
    const image = this.#imageOf(row, keyEnd)
    return image === null ? null : {bytes: image.bytes, start: 0, rowEnd: image.rowEnd, keyEnd: image.bytes.length}
  }

  firstLeft(): number {
    const {rows} = this.#chunk.chunk
    for (let row = this.#chunk.nextRow; row < rows; row++) if (!this.#isSuperseded(row)) return row
    return -1
  }

  lastLeft(): number {
    for (let row = this.#chunk.chunk.rows - 1; row >= this.#chunk.nextRow; row--)
      if (!this.#isSuperseded(row)) return row
    return -1
  }

  /** And leaves no trace. */
  #isSuperseded(row: number): boolean {
    const keyEnd = this.#chunk.chunk.ends[row * ENDS + 1]!
    return this.#superseded(row, keyEnd) && this.#imageOf(row, keyEnd) === null
  }

  #superseded(row: number, keyEnd: number): boolean {
    return this.#notes !== null && this.#notes.supersedes(this.#rowKey(row, keyEnd), this.#chunk.chunk.low)
  }

  #imageOf(row: number, keyEnd: number): RowImage | null {
    return this.#notes?.imageOf(this.#rowKey(row, keyEnd)) ?? null
  }

  #rowKey(row: number, keyEnd: number): string {
    return this.#bytes.toString('latin1', keyEnd, this.#chunk.chunk.ends[row * ENDS + 2])
  }
}

function isPartlySent({state, nextRow}: ChunkRun): boolean {
  return state === 'closed' && nextRow > 0
}

function endsTable(chunk: ChunkRun): boolean {
  if (!chunk.chunk.last) return false
  return chunk.run.ranges.every(range => range === chunk.range || hasLeft(range))
}
