// Writes the events of one rows event: encode, note, put into the lane's batch. The loop that a stream's speed hangs on.

import type {RowsView} from '../binlog/binlog-events.ts'
import {ByteWriter} from '../core/byte-writer.ts'
import type {EventOrigin} from '../encode/envelope.ts'
import {partitionFor} from '../encode/partitioner.ts'
import type {EventHeaders} from '../sinks/sink.ts'
import type {CapturedTable, EventTarget} from './captured-table.ts'
import type {Emitter} from './emitter.ts'
import type {NoteLog, TableNotes} from './table-notes.ts'

export interface RowEventWriterOptions {
  readonly emitter: Emitter
  readonly notes: NoteLog
  /** Constant headers of every event, or null. */
  readonly headers: EventHeaders | null
  /** Headers of the two events that an update of the key becomes, with the other event's key. */
  readonly keyChangeHeaders: (name: 'oldkey' | 'newkey', key: Buffer) => EventHeaders
  readonly tombstones: boolean
  readonly skipped: ReadonlySet<string>
  /** A row of the signal table, as JSON. */
  readonly onSignalRow: (operation: 'c' | 'd', json: string, row: number) => void
}

/** Rows of the open transaction, in the binlog's count. */
export interface RowCount {
  /** Rows that have been dealt with. */
  rows: number
  /** Rows of this transaction that an earlier run has emitted: they are noted, not emitted. */
  skip: number
}

export class RowEventWriter {
  readonly #options: RowEventWriterOptions
  readonly #skipCreate: boolean
  readonly #skipUpdate: boolean
  readonly #skipDelete: boolean
  // The rows of one event: before, its key; after, its key.
  readonly #scratch = new ByteWriter(256 * 1024)
  readonly #rowKey = new ByteWriter(1024)

  constructor(options: RowEventWriterOptions) {
    this.#options = options
    this.#skipCreate = options.skipped.has('c')
    this.#skipUpdate = options.skipped.has('u')
    this.#skipDelete = options.skipped.has('d')
  }

  write(table: CapturedTable, view: RowsView, origin: EventOrigin, count: RowCount): void {
    const notes = this.#options.notes.of(table.text)
    if (view.operation === 'u') this.#writeUpdates(table, view, {origin, count, notes})
    else this.#writeSingles(table, view, {origin, count, notes})
  }

  #writeSingles(table: CapturedTable, view: RowsView, step: Step): void {
    const {encoder, target, isSignalTable} = table
    const {count, notes, origin} = step
    const scratch = this.#scratch
    const create = view.operation === 'c'
    const present = view.full ? null : view.presentBefore
    const emits = target !== null && !(create ? this.#skipCreate : this.#skipDelete)
    const {buffer, end} = view
    let at = view.start
    for (let row = 0; at < end; row++) {
      scratch.clear()
      at = encoder.encodeImage(buffer, at, end, present, scratch)
      const rowEnd = scratch.length
      if (notes !== null) this.#note(table, notes)
      if (isSignalTable) {
        this.#options.onSignalRow(create ? 'c' : 'd', scratch.bytes.toString('utf8', 0, rowEnd), count.rows)
      }
      if (emits && count.rows >= count.skip) {
        if (encoder.hasKey) encoder.writeMessageKey(scratch)
        const place = {bytes: scratch.bytes, start: 0, rowEnd, keyEnd: scratch.length}
        if (create) this.#emit(target, place, {op: 'c', row, origin, headers: this.#options.headers})
        else this.#emitDelete(target, place, {row, origin, headers: this.#options.headers})
      }
      count.rows++
    }
  }

  #writeUpdates(table: CapturedTable, view: RowsView, step: Step): void {
    const {encoder, target} = table
    const {count, notes} = step
    const scratch = this.#scratch
    const before = view.full ? null : view.presentBefore
    const after = view.full ? null : view.presentAfter
    const {buffer, end} = view
    let at = view.start
    for (let row = 0; at < end; row++) {
      scratch.clear()
      at = encoder.encodeImage(buffer, at, end, before, scratch)
      if (notes !== null) this.#note(table, notes)
      const beforeEnd = scratch.length
      if (encoder.hasKey) encoder.writeMessageKey(scratch)
      const beforeKeyEnd = scratch.length
      at = encoder.encodeImage(buffer, at, end, after, scratch)
      if (notes !== null) this.#note(table, notes)
      const afterEnd = scratch.length
      if (target !== null && count.rows >= count.skip) {
        if (encoder.hasKey) encoder.writeMessageKey(scratch)
        this.#emitUpdate(target, {row, step, ends: [beforeEnd, beforeKeyEnd, afterEnd, scratch.length]})
      }
      count.rows++
    }
  }

  #emitUpdate(
    target: EventTarget,
    update: {row: number; step: Step; ends: readonly [number, number, number, number]},
  ): void {
    const {bytes} = this.#scratch
    const [beforeEnd, beforeKeyEnd, afterEnd, afterKeyEnd] = update.ends
    const {row, step} = update
    const {origin} = step
    const keyChanged = bytes.compare(bytes, afterEnd, afterKeyEnd, beforeEnd, beforeKeyEnd) !== 0
    if (!keyChanged) {
      if (this.#skipUpdate) return
      const {emitter, headers} = this.#options
      const lane = this.#lane(target, bytes, afterEnd, afterKeyEnd)
      const batch = emitter.batch(lane)
      const length = target.template.valueLength('u', beforeEnd, afterEnd - beforeKeyEnd, origin, row)
      batch.begin(afterKeyEnd === afterEnd ? null : bytes, afterEnd, afterKeyEnd, length, headers)
      target.template.writeUpdate(bytes, 0, beforeEnd, beforeKeyEnd, afterEnd, origin, row, batch.writer)
      batch.end()
      emitter.appended(lane)
      return
    }
    const {keyChangeHeaders} = this.#options
    const oldKey = Buffer.from(bytes.subarray(beforeEnd, beforeKeyEnd))
    const newKey = Buffer.from(bytes.subarray(afterEnd, afterKeyEnd))
    this.#emitDelete(
      target,
      {bytes, start: 0, rowEnd: beforeEnd, keyEnd: beforeKeyEnd},
      {row, origin, headers: keyChangeHeaders('newkey', newKey)},
    )
    const created = {bytes, start: beforeKeyEnd, rowEnd: afterEnd, keyEnd: afterKeyEnd}
    this.#emit(target, created, {op: 'c', row, origin, headers: keyChangeHeaders('oldkey', oldKey)})
  }

  #emitDelete(target: EventTarget, place: RowPlace, event: Omit<EventParts, 'op'>): void {
    this.#emit(target, place, {...event, op: 'd'})
    if (!this.#options.tombstones || place.keyEnd === place.rowEnd) return
    const lane = this.#lane(target, place.bytes, place.rowEnd, place.keyEnd)
    const batch = this.#options.emitter.batch(lane)
    batch.begin(place.bytes, place.rowEnd, place.keyEnd, -1, event.headers)
    batch.end()
    this.#options.emitter.appended(lane)
  }

  #emit(target: EventTarget, place: RowPlace, event: EventParts): void {
    const {emitter} = this.#options
    const {bytes, start, rowEnd, keyEnd} = place
    const lane = this.#lane(target, bytes, rowEnd, keyEnd)
    const batch = emitter.batch(lane)
    const {op, origin, row} = event
    const length = target.template.valueLength(op, rowEnd - start, 0, origin, row)
    batch.begin(keyEnd === rowEnd ? null : bytes, rowEnd, keyEnd, length, event.headers)
    target.template.writeSingle(op, bytes, start, rowEnd, origin, row, batch.writer)
    batch.end()
    emitter.appended(lane)
  }

  #lane(target: EventTarget, bytes: Buffer, keyStart: number, keyEnd: number) {
    const {lanes} = target.lanes
    return lanes.length === 1 ? lanes[0]! : lanes[partitionFor(bytes, keyStart, keyEnd, lanes.length)]!
  }

  #note(table: CapturedTable, notes: TableNotes): void {
    const key = this.#rowKey
    key.clear()
    table.encoder.writeRowKey(key)
    notes.note(key.bytes.toString('latin1', 0, key.length), this.#options.notes.place)
  }
}

interface Step {
  readonly origin: EventOrigin
  readonly count: RowCount
  readonly notes: TableNotes | null
}

interface RowPlace {
  readonly bytes: Buffer
  readonly start: number
  readonly rowEnd: number
  readonly keyEnd: number
}

interface EventParts {
  readonly op: 'c' | 'd'
  readonly row: number
  readonly origin: EventOrigin
  readonly headers: EventHeaders | null
}
