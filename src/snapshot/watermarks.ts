// The port of watermarks. A mark is a number: marks are issued in order, become known to be committed, and come by in
// the stream. A low watermark is a mark that was known to be committed when the chunk's SELECT began; the high
// watermark is the first mark issued after its last row was read. Two kinds: rows of the signal table
// (signal-table-marks.ts), and executed GTID sets (gtid-marks.ts).

export interface Watermarks {
  /** Number of the last mark known to be committed; readers in other threads see it through `shared`. */
  readonly committed: number
  /** Int32 at index 0: `committed`. */
  readonly shared: Int32Array
  /**
   * Asks for a mark that is issued from now on (one that is on its way does not count), and returns its number.
   * It is issued as soon as the one before it allows; several requests share one. `promptly`: nothing that is under way
   * could share it, so that it need not wait for more requests.
   */
  request(promptly?: boolean): number
  /** Resolves when mark `number` is known to be committed. Rejects when the signal aborts. */
  whenCommitted(number: number, signal: AbortSignal): Promise<void>
  /** Issues what is wanted until the signal aborts; retries what can pass, rejects on what an operator must mend. */
  run(signal: AbortSignal): Promise<void>
  /** The stream has passed mark `number`. */
  seen(number: number): void
  /** Why no mark comes or comes by, in the operator's words; null while nothing is wrong. */
  readonly problem: string | null
  /** How long a committed mark has been waiting to come by in the stream, ms; 0 while none is. */
  readonly unseenMs: number
}
