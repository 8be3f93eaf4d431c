// The port of watermarks. A mark is a number: marks are issued in order, become known to be committed, and come by in
// the stream. A low watermark is a mark that was known to be committed when the chunk's SELECT began; the high
// watermark is the first mark issued after its last row was read. (Executed GTID sets fit the same shape: taking a set
// issues and commits a mark at once, and the mark is seen when the stream's set contains it.)

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
  /** Why the last attempt failed, or null. */
  readonly problem: string | null
}
