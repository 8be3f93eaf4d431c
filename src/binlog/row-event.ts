// WRITE_ROWS, UPDATE_ROWS and DELETE_ROWS events, version 1 and 2, and PARTIAL_UPDATE_ROWS: where their row images lie.

import type {RowOperation, RowsView, StreamTable} from './binlog-events.ts'
import * as Event from './event-types.ts'
import type {Malformed} from './json-tree.ts'
import {PartialUpdates} from './partial-update.ts'
import type {CachedTable} from './table-cache.ts'

const NO_TABLE: StreamTable = {
  shape: {id: {database: '', table: ''}, columns: [], primaryKey: []},
  layout: {types: new Uint8Array(0), metadata: new Uint16Array(0)},
}
const NO_BYTES = Buffer.alloc(0)

export interface RowEvent {
  readonly bytes: Buffer
  readonly body: number
  readonly end: number
  readonly type: number
  readonly table: CachedTable
}

/** The decoder's one RowsView. */
export class EventRows implements RowsView {
  operation: RowOperation = 'c'
  table: StreamTable = NO_TABLE
  buffer: Buffer = NO_BYTES
  start = 0
  end = 0
  presentBefore: Uint8Array = NO_BYTES
  presentAfter: Uint8Array = NO_BYTES
  full = true
  readonly #partialUpdates = new PartialUpdates()

  /** Takes the event's view. False where its head does not fit the table. */
  read({bytes, body, end, type, table}: RowEvent): boolean {
    // Table id and flags; version 2 has extra data behind them, whose length counts itself.
    let at = body + 8
    if (type >= Event.EVENT_WRITE_ROWS_V2) at += bytes[at]! | (bytes[at + 1]! << 8)
    const first = bytes[at++]!
    let columnCount = first
    if (first >= 0xfb) {
      if (first !== 0xfc) return false
      columnCount = bytes[at]! | (bytes[at + 1]! << 8)
      at += 2
    }
    if (columnCount !== table.columnCount) return false
    const bitmapBytes = table.allColumns.length
    const isUpdate = type === Event.EVENT_UPDATE_ROWS_V2 || type === Event.EVENT_UPDATE_ROWS_V1
    const images = at + (isUpdate ? bitmapBytes * 2 : bitmapBytes)
    if (!(images <= end)) return false
    this.presentBefore = bitmap(bytes, at, table.allColumns)
    this.presentAfter = isUpdate ? bitmap(bytes, at + bitmapBytes, table.allColumns) : this.presentBefore
    this.full = this.presentBefore === table.allColumns && this.presentAfter === table.allColumns
    this.operation = operationOf(type)
    this.table = table.table
    this.buffer = bytes
    this.start = images
    this.end = end
    return true
  }

  /** Of a PARTIAL_UPDATE_ROWS event, taken as an update: its rows with whole JSON documents. Throws what `malformed` makes. */
  makeWhole(malformed: Malformed): void {
    const {buffer: bytes, start, end, presentBefore, presentAfter} = this
    const {layout} = this.table
    const whole = this.#partialUpdates.rewrite({bytes, start, end, layout, presentBefore, presentAfter}, malformed)
    this.buffer = whole.buffer
    this.start = 0
    this.end = whole.end
    this.presentAfter = whole.presentAfter
  }
}

function operationOf(type: number): RowOperation {
  if (type === Event.EVENT_WRITE_ROWS_V2 || type === Event.EVENT_WRITE_ROWS_V1) return 'c'
  return type === Event.EVENT_UPDATE_ROWS_V2 || type === Event.EVENT_UPDATE_ROWS_V1 ? 'u' : 'd'
}

/** The shared bitmap where every column is set, which is nearly always; else a copy. */
function bitmap(bytes: Buffer, at: number, allColumns: Uint8Array): Uint8Array {
  for (let i = 0; i < allColumns.length; i++) {
    // Bits behind the last column may be set or not.
    if ((bytes[at + i]! & allColumns[i]!) !== allColumns[i]) {
      return Uint8Array.prototype.slice.call(bytes, at, at + allColumns.length)
    }
  }
  return allColumns
}
