// The row encoder's face: compiled once for a table shape and a set of options, it turns the bytes of a SELECT's text
// protocol or of a binlog row image into the same JSON bytes (I7). Implemented in encode/compile-row-encoder.ts.

import type {ImageLayout} from '../binlog/binlog-events.ts'
import type {ByteWriter} from '../core/byte-writer.ts'
import type {TableShape} from '../core/table-shape.ts'

export interface RowEncoder {
  readonly shape: TableShape
  /** True where the table has a message key (primary key, unique NOT NULL key, or message.key.columns). */
  readonly hasKey: boolean
  /**
   * SELECT-list expressions, quoted, one for each column and in shape order, that make a row readable by `encodeText`
   * (a FLOAT needs a DOUBLE cast to keep its digits, for instance).
   */
  readonly selectList: readonly string[]
  /** Tells how images of this table are spelled; needed before `encodeImage`. */
  bindLayout(layout: ImageLayout): void
  /** Appends the row's JSON object. `packet[start, end)` is one text-protocol row packet without its header. Extra fields behind the shape's columns are passed over. */
  encodeText(packet: Buffer, start: number, end: number, out: ByteWriter): void
  /** Appends the row's JSON object and returns the offset behind the image. `present` null: all columns are there. Throws TIDEMARK_BINLOG_ROW_MALFORMED. */
  encodeImage(image: Buffer, start: number, end: number, present: Uint8Array | null, out: ByteWriter): number
  /** Appends the message key (with its schema frame where configured) of the row encoded last. Only where `hasKey`. */
  writeMessageKey(out: ByteWriter): void
  /**
   * Appends the row key of the row encoded last: the canonical bytes by which a streamed event supersedes a row that was
   * read. Equal for the same key values from either entrance, different for different ones; not meant for people.
   */
  writeRowKey(out: ByteWriter): void
  /** Byte range in the last `packet` of column `index`'s text, or start -1 for NULL. Only after `encodeText`. */
  fieldStart(index: number): number
  fieldEnd(index: number): number
}
