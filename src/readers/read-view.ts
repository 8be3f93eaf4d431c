// The port to a read view of one table: a transaction that shows the table as it was at one moment, and the one SELECT
// that reads it.

import type {TableShape} from '../core/table-shape.ts'
import type {SliceEvents, SliceSizes} from './slice-writer.ts'

/** Fit for a message between threads. */
export interface ReadJob extends SliceSizes {
  readonly shape: TableShape
  readonly messageKey: readonly number[]
  readonly condition: string | null
}

/** One use; every rejection leaves nothing but `close`. */
export interface ReadView {
  /** Connects. Rejects (retryable) where the connection is to another server than the one whose binlog is read. */
  open(): Promise<void>
  /** From here on it shows the table as it is now, and the table keeps its definition. May be called again. */
  begin(): Promise<void>
  /** Reads all rows, slice by slice as they are granted. Resolves behind the last slice; the view is over then. */
  read(job: ReadJob, events: SliceEvents): Promise<void>
  grant(bytes: number, rows: number): void
  /** Ends whatever is under way, which rejects. */
  close(): Promise<void>
}
