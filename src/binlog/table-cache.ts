// The tables that the stream has named. A steady table costs a comparison of bytes for each of its TABLE_MAP events, and
// keeps one StreamTable object for as long as its definition is the same, whatever table ids the server gives it.

import type {StreamTable} from './binlog-events.ts'
import type {Collations} from './collations.ts'
import {parseTableMap, TABLE_MAP_HEAD_BYTES} from './table-map.ts'

export interface CachedTable {
  readonly table: StreamTable
  /** The event's body behind table id and flags. */
  readonly body: Buffer
  readonly columnCount: number
  /** A bitmap with every column set. */
  readonly allColumns: Uint8Array
}

/** Definitions that are kept; behind it all are forgotten, which costs a parse for each table that comes again. */
const MOST_TABLES = 20_000

export class TableCache {
  readonly #collations: Collations
  readonly #byId = new Map<number, CachedTable>()
  /** By schema and table name as they stand at the front of the body, in latin1. */
  readonly #byName = new Map<string, CachedTable>()
  #lastId = -1
  #last: CachedTable | null = null

  constructor(collations: Collations) {
    this.#collations = collations
  }

  /** Takes the TABLE_MAP event whose body is `bytes[start, end)`. */
  add(bytes: Buffer, start: number, end: number, place: () => string): void {
    const id = tableId(bytes, start)
    const from = start + TABLE_MAP_HEAD_BYTES
    const known = this.find(id)
    if (known !== null && known.body.compare(bytes, from, end) === 0) return
    this.#lastId = id
    this.#last = this.#sameDefinition(bytes, from, end) ?? this.#parse(bytes, from, end, place)
    this.#byId.set(id, this.#last)
  }

  /** The table of a row event, or null where no TABLE_MAP event named it. */
  find(id: number): CachedTable | null {
    if (id === this.#lastId) return this.#last
    const found = this.#byId.get(id) ?? null
    if (found !== null) {
      this.#lastId = id
      this.#last = found
    }
    return found
  }

  /** At a new file: a row event's TABLE_MAP is in the same file, and a server that was restarted counts ids anew. */
  forgetIds(): void {
    this.#byId.clear()
    this.#lastId = -1
    this.#last = null
  }

  #sameDefinition(bytes: Buffer, from: number, end: number): CachedTable | null {
    const known = this.#byName.get(nameKey(bytes, from))
    return known !== undefined && known.body.compare(bytes, from, end) === 0 ? known : null
  }

  #parse(bytes: Buffer, from: number, end: number, place: () => string): CachedTable {
    const body = Buffer.from(bytes.subarray(from, end))
    const table = parseTableMap(body, {place: place(), collations: this.#collations})
    const columnCount = table.shape.columns.length
    const allColumns = new Uint8Array((columnCount + 7) >> 3).fill(0xff)
    if ((columnCount & 7) !== 0) allColumns[allColumns.length - 1] = (1 << (columnCount & 7)) - 1
    const cached = {table, body, columnCount, allColumns}
    if (this.#byName.size >= MOST_TABLES) this.#byName.clear()
    this.#byName.set(nameKey(body, 0), cached)
    return cached
  }
}

/** Six bytes, little-endian. */
export function tableId(bytes: Buffer, at: number): number {
  return (
    (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16)) +
    (bytes[at + 3]! | (bytes[at + 4]! << 8) | (bytes[at + 5]! << 16)) * 0x1000000
  )
}

function nameKey(bytes: Buffer, from: number): string {
  const schemaLength = bytes[from]!
  const tableLength = bytes[from + schemaLength + 2]!
  return bytes.toString('latin1', from, from + schemaLength + tableLength + 4)
}
