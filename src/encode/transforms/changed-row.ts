// The row of one change as transforms see it: columns by name, looked for only where a transform asks.

import {jsonMembers, type JsonSlice} from '../json-slices.ts'

export type RowSide = 'before' | 'after'

/** What a transform may ask of a row. */
export interface RowAccess {
  /** JSON text of a column, null where there is no such image. */
  json(side: RowSide, column: string): string | null
}

/** Stands for a row while a table is compiled: what asks for it has to be decided row by row. */
export class RowNeeded extends Error {}

export const NO_ROW: RowAccess = {
  json() {
    throw new RowNeeded('a transform asks for values of the row')
  },
}

/** Reused from row to row; all places are in `bytes`. */
export class ChangedRow implements RowAccess {
  bytes: Buffer = Buffer.alloc(0)
  beforeStart = -1
  beforeEnd = -1
  afterStart = -1
  afterEnd = -1
  /** Of the message key; an empty range: there is none. */
  keyStart = 0
  keyEnd = 0
  #before: ReadonlyMap<string, JsonSlice> | null = null
  #after: ReadonlyMap<string, JsonSlice> | null = null

  /** An image that is not there begins at -1. */
  set(bytes: Buffer, before: readonly [number, number], after: readonly [number, number]): void {
    this.bytes = bytes
    this.beforeStart = before[0]
    this.beforeEnd = before[1]
    this.afterStart = after[0]
    this.afterEnd = after[1]
    this.#before = null
    this.#after = null
  }

  setKey(start: number, end: number): void {
    this.keyStart = start
    this.keyEnd = end
  }

  json(side: RowSide, column: string): string | null {
    const slice = this.slice(side, column)
    return slice === null ? null : this.bytes.toString('utf8', slice.start, slice.end)
  }

  /** Where a column's JSON lies. */
  slice(side: RowSide, column: string): JsonSlice | null {
    if (side === 'before') {
      if (this.beforeStart < 0) return null
      this.#before ??= jsonMembers(this.bytes, this.beforeStart)
      return this.#before.get(column) ?? null
    }
    if (this.afterStart < 0) return null
    this.#after ??= jsonMembers(this.bytes, this.afterStart)
    return this.#after.get(column) ?? null
  }
}
