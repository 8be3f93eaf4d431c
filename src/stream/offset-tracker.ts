// Finds the highest place in the stream before which every event is acknowledged (I3).
// Batches open in stream order, and each remembers the place just before its first event; the oldest one that is not
// acknowledged holds the offset back. That is exact enough for "nothing lost" and costs one entry for each batch.

/** A place to resume from: the start of a transaction, plus the binlog rows of it that need not come again. */
export interface StreamPlace {
  readonly file: string
  readonly pos: number
  /** Number of GTIDs finished before the transaction: an index into GtidLog. */
  readonly gtidCount: number
  /** Rows of the transaction before this place, counted as the binlog has them, before any filter. */
  readonly rows: number
  /** GTID of the transaction that `rows` counts in; '' and 0 outside of one or without GTIDs. */
  readonly sid: string
  readonly gno: number
  /** Transactions that this process had finished before the place, with a GTID or without. */
  readonly transactions: number
}

/** The last event that the stream has brought. */
export interface ReachedPlace {
  readonly file: string
  readonly pos: number
  /** '' without GTIDs. */
  readonly sid: string
  readonly gno: number
  readonly serverId: number
  readonly threadId: number
}

export interface TrackedBatch {
  readonly place: StreamPlace
  acknowledged: boolean
}

export class OffsetTracker {
  readonly #open: TrackedBatch[] = []
  #head = 0

  /** Notes a batch whose first event follows `place`. Call in stream order. */
  open(place: StreamPlace): TrackedBatch {
    const batch = {place, acknowledged: false}
    this.#open.push(batch)
    return batch
  }

  acknowledge(batch: TrackedBatch): void {
    batch.acknowledged = true
    while (this.#head < this.#open.length && this.#open[this.#head]!.acknowledged) this.#head++
    if (this.#head > 1024 && this.#head * 2 > this.#open.length) {
      this.#open.splice(0, this.#head)
      this.#head = 0
    }
  }

  /** The place that may be stored, given that the stream has reached `current`. */
  safePlace(current: StreamPlace): StreamPlace {
    return this.#open[this.#head]?.place ?? current
  }

  /** Batches that are open or in flight. */
  get pending(): number {
    return this.#open.length - this.#head
  }
}
