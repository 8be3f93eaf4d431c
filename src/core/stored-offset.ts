// A place in the stream as it is stored: where a stream resumes.

export interface StoredOffset {
  readonly file: string
  readonly pos: number
  /** Executed set before the place; null where the server runs without GTIDs. */
  readonly gtidSet: string | null
  /** Rows of the transaction at the place that were emitted, in the binlog's count; with its GTID where it has one. */
  readonly rows: number
  readonly sid: string
  readonly gno: number
}
