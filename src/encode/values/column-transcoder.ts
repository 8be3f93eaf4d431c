// One column's way from MySQL's bytes to JSON bytes. The objects of all families have one hidden class, so that the row
// encoder's loop stays monomorphic; what differs is in the functions they hold.

import type {ByteWriter} from '../../core/byte-writer.ts'
import type {ColumnShape} from '../../core/table-shape.ts'
import {TidemarkError} from '../../core/tidemark-error.ts'

/** Writes the JSON of the text-protocol field `source[start, end)`. */
export type FromText = (source: Buffer, start: number, end: number, out: ByteWriter) => void

/** Writes the JSON of the value that begins at `start` of a row image and returns the offset behind it. Never reads at or beyond `end`. */
export type FromImage = (source: Buffer, start: number, end: number, out: ByteWriter) => number

/**
 * Set by a transcoder when several values share one JSON text (all zero dates are null or 0) so that the row key stays
 * injective: the raw value as two numbers, else -1 in `value`.
 */
export interface KeyMark {
  value: number
  detail: number
}

/** What a column family makes of a column. `image` builds the binlog entrance once the layout is known. */
export interface ColumnFamily {
  readonly fromText: FromText
  readonly image: (type: number, metadata: number) => FromImage
  readonly mark?: KeyMark
  /** SELECT-list expression where the plain column would lose something. */
  readonly select?: (quoted: string) => string
}

/** Used by all families whose JSON is injective. Never written. */
export const NO_MARK: KeyMark = {value: -1, detail: 0}

/** The error for a binlog column that is not what the table's shape says. The row encoder adds the table. */
export function layoutMismatch(column: ColumnShape, type: number): TidemarkError {
  return new TidemarkError(
    'TIDEMARK_BINLOG_LAYOUT_MISMATCH',
    `column ${column.name} is ${column.type} in the table's definition, but type ${type} in the binlog; ` +
      `a temporal column from before MySQL 5.6 is rewritten by ALTER TABLE … FORCE, everything else is a change of the table that was not seen`,
  )
}

export class ColumnTranscoder {
  readonly name: string
  readonly fromText: FromText
  fromImage: FromImage
  readonly mark: KeyMark
  readonly #image: (type: number, metadata: number) => FromImage

  constructor(name: string, family: ColumnFamily) {
    this.name = name
    this.fromText = family.fromText
    this.fromImage = unbound
    this.mark = family.mark ?? NO_MARK
    this.#image = family.image
  }

  bind(type: number, metadata: number): void {
    this.fromImage = this.#image(type, metadata)
  }
}

function unbound(): number {
  throw new TidemarkError(
    'TIDEMARK_INTERNAL_INVARIANT',
    'internal error: encodeImage before bindLayout; please report it',
  )
}
