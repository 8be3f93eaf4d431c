// Writes the events of one rows event: encode, note, put into the lane's batch. The loop that a stream's speed hangs on.

import type {RowsView} from '../binlog/binlog-events.ts'
import {ByteWriter} from '../core/byte-writer.ts'
import type {EventOrigin} from '../encode/envelope.ts'
import type {KeyChange} from '../encode/headers.ts'
import {partitionFor} from '../encode/partitioner.ts'
import {ChangedRow} from '../encode/transforms/changed-row.ts'
import type {TableRecordKind, TableRecords} from '../encode/transforms/table-records.ts'
import type {EventHeaders} from '../sinks/sink.ts'
import type {CapturedTable, EventTarget} from './captured-table.ts'
import type {Emitter} from './emitter.ts'
import type {NoteLog, RowImage, TableNotes} from './table-notes.ts'
import type {TransformedEvents} from './transformed-events.ts'

export interface RowEventWriterOptions {
  readonly emitter: Emitter
  readonly notes: NoteLog
  /** For tables whose events transforms change. */
  readonly transformed: TransformedEvents
  /** Constant headers of every event, or null. */
  readonly headers: EventHeaders | null
  /** Headers of the two events that an update of the key becomes, with the other event's key. */
  readonly keyChangeHeaders: (change: KeyChange) => EventHeaders
  readonly tombstones: boolean
  readonly skipped: ReadonlySet<string>
  /** skip.messages.without.change: updates after which every column that comes out is as before are left out. */
  readonly skipsUnchanged: boolean
  /** A row of the signal table, as JSON. */
  readonly onSignalRow: (operation: 'c' | 'd', json: string, row: number) => void
}

/** Rows of the open transaction, in the binlog's count. */
export interface RowCount {
  /** Rows that have been dealt with. */
  rows: number
  /** Rows of this transaction that an earlier run has emitted: they are noted, not emitted. */
  skip: number
  /** `source.row` of the first row of the event at hand. */
  first: number
}

export class RowEventWriter {
  readonly #options: RowEventWriterOptions
  readonly #skipCreate: boolean
  readonly #skipUpdate: boolean
  readonly #skipDelete: boolean
  // The rows of one event: before, its key; after, its key.
  readonly #scratch = new ByteWriter(256 * 1024)
  readonly #rowKey = new ByteWriter(1024)
  // The row at hand as transforms see it.
  readonly #row = new ChangedRow()

  constructor(options: RowEventWriterOptions) {
    this.#options = options
    this.#skipCreate = options.skipped.has('c')
    this.#skipUpdate = options.skipped.has('u')
    this.#skipDelete = options.skipped.has('d')
  }

  /** Before `write` where rows name topics: opens those. */
  async openTopics(table: CapturedTable, view: RowsView): Promise<void> {
    await this.#options.transformed.openTopics(table, view)
  }

  write(table: CapturedTable, view: RowsView, origin: EventOrigin, count: RowCount): void {
    const notes = this.#options.notes.of(table.text)
    this.writeFrom(table, view, {origin, count, notes, at: view.start, row: count.first})
  }

  /**
   * Where a row cannot be encoded it throws, with every row before it dealt with and counted, and nothing done of that
   * one; called again with the row behind it, it goes on.
   */
  writeFrom(table: CapturedTable, view: RowsView, step: RowStep): void {
    if (view.operation === 'u') this.#writeUpdates(table, view, step)
    else this.#writeSingles(table, view, step)
  }

  #writeSingles(table: CapturedTable, view: RowsView, step: RowStep): void {
    const {encoder, target, isSignalTable} = table
    const {count, notes, origin} = step
    const scratch = this.#scratch
    const create = view.operation === 'c'
    const present = view.full ? null : view.presentBefore
    const silent = target !== null && (create ? this.#skipCreate : this.#skipDelete)
    const {buffer, end} = view
    let {at} = step
    for (let {row} = step; at < end; row++) {
      scratch.clear()
      at = encoder.encodeImage(buffer, at, end, present, scratch)
      const rowEnd = scratch.length
      if (isSignalTable) {
        this.#options.onSignalRow(create ? 'c' : 'd', scratch.bytes.toString('utf8', 0, rowEnd), count.rows)
      }
      if (encoder.hasKey) encoder.writeMessageKey(scratch)
      if (notes !== null) {
        const hidden = silent || this.#isDropped(target, create ? 'c' : 'd', [0, rowEnd])
        const image = hidden && create ? copiedImage(scratch, 0, rowEnd) : null
        this.#note(notes, this.#rowKeyOf(table), image)
      }
      if (target !== null && !silent) {
        const place = {bytes: scratch.bytes, start: 0, rowEnd, keyEnd: scratch.length}
        if (count.rows < count.skip) origin.order?.pass(1)
        else if (create) this.#emit(target, place, {op: 'c', row, origin, headers: this.#options.headers})
        else this.#emitDelete(target, place, {row, origin, headers: this.#options.headers})
      }
      count.rows++
    }
  }

  #writeUpdates(table: CapturedTable, view: RowsView, step: RowStep): void {
    const {encoder, target} = table
    const {count, notes} = step
    const scratch = this.#scratch
    const before = view.full ? null : view.presentBefore
    const after = view.full ? null : view.presentAfter
    const {buffer, end} = view
    let {at} = step
    for (let {row} = step; at < end; row++) {
      scratch.clear()
      at = encoder.encodeImage(buffer, at, end, before, scratch)
      const keyBefore = notes === null ? '' : this.#rowKeyOf(table)
      const beforeEnd = scratch.length
      if (encoder.hasKey) encoder.writeMessageKey(scratch)
      const beforeKeyEnd = scratch.length
      at = encoder.encodeImage(buffer, at, end, after, scratch)
      const keyAfter = notes === null ? '' : this.#rowKeyOf(table)
      const afterEnd = scratch.length
      if (encoder.hasKey) encoder.writeMessageKey(scratch)
      const ends = [beforeEnd, beforeKeyEnd, afterEnd, scratch.length] as const
      const silent = target !== null && this.#isSilent(ends)
      if (notes !== null) {
        // What comes out of the row is as it was read: nothing is superseded by a change that nobody sees.
        const hidden = silent || this.#isUpdateDropped(target, ends)
        const unseen = hidden && keyBefore === keyAfter && isUnchanged(scratch.bytes, ends)
        if (keyBefore !== keyAfter) this.#note(notes, keyBefore, null)
        if (!unseen) this.#note(notes, keyAfter, hidden ? copiedImage(scratch, beforeKeyEnd, afterEnd) : null)
      }
      if (target !== null && !silent) {
        if (count.rows < count.skip) step.origin.order?.pass(isKeyChanged(scratch.bytes, ends) ? 2 : 1)
        else this.#emitUpdate(target, {row, step, ends})
      } else if (silent && this.#options.skipsUnchanged && count.rows >= count.skip) {
        if (isUnchanged(scratch.bytes, ends)) table.rowsSeen.unchanged++
      }
      count.rows++
    }
  }

  /** An update that is left out. One of the key never is: the old key's row is gone, and the new one's is there. */
  #isSilent(ends: UpdateEnds): boolean {
    if (!this.#skipUpdate && !this.#options.skipsUnchanged) return false
    const {bytes} = this.#scratch
    if (isKeyChanged(bytes, ends)) return false
    return this.#skipUpdate || isUnchanged(bytes, ends)
  }

  #emitUpdate(target: EventTarget, update: {row: number; step: RowStep; ends: UpdateEnds}): void {
    const {bytes} = this.#scratch
    const [beforeEnd, beforeKeyEnd, afterEnd, afterKeyEnd] = update.ends
    const {row, step} = update
    const {origin} = step
    if (!isKeyChanged(bytes, update.ends)) {
      const {emitter, headers, transformed} = this.#options
      if (target.records !== null) {
        origin.order?.next()
        this.#row.set(bytes, [0, beforeEnd], [beforeKeyEnd, afterEnd])
        this.#row.setKey(afterEnd, afterKeyEnd)
        transformed.emit(target.records, 'u', this.#row, {op: 'u', origin, row, headers})
        return
      }
      const lane = this.#lane(target, bytes, afterEnd, afterKeyEnd)
      const batch = emitter.batch(lane)
      origin.order?.next()
      const length = target.template.valueLength('u', beforeEnd, afterEnd - beforeKeyEnd, origin, row)
      batch.begin(afterKeyEnd === afterEnd ? null : bytes, afterEnd, afterKeyEnd, length, headers)
      target.template.writeUpdate(bytes, 0, beforeEnd, beforeKeyEnd, afterEnd, origin, row, batch.writer)
      batch.end()
      emitter.appended(lane)
      return
    }
    const {keyChangeHeaders} = this.#options
    const {keyAddition: added} = target
    const oldKey = Buffer.from(bytes.subarray(beforeEnd, beforeKeyEnd))
    const newKey = Buffer.from(bytes.subarray(afterEnd, afterKeyEnd))
    this.#emitDelete(
      target,
      {bytes, start: 0, rowEnd: beforeEnd, keyEnd: beforeKeyEnd},
      {row, origin, headers: keyChangeHeaders({name: 'newkey', key: newKey, added})},
    )
    const created = {bytes, start: beforeKeyEnd, rowEnd: afterEnd, keyEnd: afterKeyEnd}
    this.#emit(target, created, {op: 'c', row, origin, headers: keyChangeHeaders({name: 'oldkey', key: oldKey, added})})
  }

  #emitDelete(target: EventTarget, place: RowPlace, event: Omit<EventParts, 'op'>): void {
    this.#emit(target, place, {...event, op: 'd'})
    if (!this.#options.tombstones || place.keyEnd === place.rowEnd) return
    if (target.records !== null) {
      this.#emitTransformed(target.records, 'tombstone', place, {...event, op: 'd'})
      return
    }
    const lane = this.#lane(target, place.bytes, place.rowEnd, place.keyEnd)
    const batch = this.#options.emitter.batch(lane)
    batch.begin(place.bytes, place.rowEnd, place.keyEnd, -1, event.headers)
    batch.end()
    this.#options.emitter.appended(lane)
  }

  #emit(target: EventTarget, place: RowPlace, event: EventParts): void {
    if (target.records !== null) {
      event.origin.order?.next()
      this.#emitTransformed(target.records, event.op, place, event)
      return
    }
    const {emitter} = this.#options
    const {bytes, start, rowEnd, keyEnd} = place
    const lane = this.#lane(target, bytes, rowEnd, keyEnd)
    const batch = emitter.batch(lane)
    const {op, origin, row} = event
    origin.order?.next()
    const length = target.template.valueLength(op, rowEnd - start, 0, origin, row)
    batch.begin(keyEnd === rowEnd ? null : bytes, rowEnd, keyEnd, length, event.headers)
    target.template.writeSingle(op, bytes, start, rowEnd, origin, row, batch.writer)
    batch.end()
    emitter.appended(lane)
  }

  #emitTransformed(records: TableRecords, kind: TableRecordKind, place: RowPlace, event: EventParts): void {
    const {bytes, start, rowEnd, keyEnd} = place
    this.#setRow(bytes, event.op, [start, rowEnd])
    this.#row.setKey(rowEnd, keyEnd)
    this.#options.transformed.emit(records, kind, this.#row, event)
  }

  #setRow(bytes: Buffer, op: 'c' | 'd', range: readonly [number, number]): void {
    if (op === 'c') this.#row.set(bytes, ABSENT, range)
    else this.#row.set(bytes, range, ABSENT)
  }

  /** Whether transforms leave nothing of a row that was created or deleted. */
  #isDropped(target: EventTarget | null, op: 'c' | 'd', range: readonly [number, number]): boolean {
    const records = target?.records ?? null
    if (records === null) return false
    this.#setRow(this.#scratch.bytes, op, range)
    return records.plan(op, this.#row).template === null
  }

  /** The same of an update; of one of the key, whether nothing shows the new row. */
  #isUpdateDropped(target: EventTarget | null, ends: UpdateEnds): boolean {
    const records = target?.records ?? null
    if (records === null) return false
    const {bytes} = this.#scratch
    const [beforeEnd, beforeKeyEnd, afterEnd] = ends
    if (isKeyChanged(bytes, ends)) return this.#isDropped(target, 'c', [beforeKeyEnd, afterEnd])
    this.#row.set(bytes, [0, beforeEnd], [beforeKeyEnd, afterEnd])
    return records.plan('u', this.#row).template === null
  }

  #lane(target: EventTarget, bytes: Buffer, keyStart: number, keyEnd: number) {
    const {lanes} = target.lanes
    return lanes.length === 1 ? lanes[0]! : lanes[partitionFor(bytes, keyStart, keyEnd, lanes.length)]!
  }

  #rowKeyOf(table: CapturedTable): string {
    const key = this.#rowKey
    key.clear()
    table.encoder.writeRowKey(key)
    return key.bytes.toString('latin1', 0, key.length)
  }

  #note(notes: TableNotes, key: string, image: RowImage | null): void {
    const {place} = this.#options.notes
    if (image === null) notes.note(key, place)
    else notes.noteSilently(key, place, image)
  }
}

/** An image that is not there. */
const ABSENT = [-1, -1] as const

/** Where in the scratch end: the row before, its key, the row after, its key. */
type UpdateEnds = readonly [beforeEnd: number, beforeKeyEnd: number, afterEnd: number, afterKeyEnd: number]

function isKeyChanged(bytes: Buffer, [beforeEnd, beforeKeyEnd, afterEnd, afterKeyEnd]: UpdateEnds): boolean {
  return bytes.compare(bytes, afterEnd, afterKeyEnd, beforeEnd, beforeKeyEnd) !== 0
}

/** Of the columns that come out. */
function isUnchanged(bytes: Buffer, [beforeEnd, beforeKeyEnd, afterEnd]: UpdateEnds): boolean {
  return bytes.compare(bytes, 0, beforeEnd, beforeKeyEnd, afterEnd) === 0
}

/** The row from `start` on and the key behind it. */
function copiedImage(scratch: ByteWriter, start: number, rowEnd: number): RowImage {
  return {bytes: Buffer.from(scratch.bytes.subarray(start, scratch.length)), rowEnd: rowEnd - start}
}

/** The rows of one event from one of them on. */
export interface RowStep {
  readonly origin: EventOrigin
  readonly count: RowCount
  readonly notes: TableNotes | null
  /** Where the first of them begins in the event's buffer, and its `source.row`. */
  readonly at: number
  readonly row: number
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
