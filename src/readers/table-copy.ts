// The port to a copy of one table by a read view; SnapshotReader is the real one.

import type {StoredOffset} from '../core/stored-offset.ts'
import type {TableShape} from '../core/table-shape.ts'

export interface CopyOptions {
  /** Names this copy in the header `__tidemark.copy.id` of its events. */
  readonly copyId: string
  /** Whatever the topic holds of the table is to be dropped by whoever folds it: a truncate event goes before the rows. */
  readonly resets: boolean
  readonly signal: AbortSignal
}

export interface LockOptions {
  readonly atPlace?: (locked: LockedPlace) => void
  readonly readsShape?: boolean
}

/** What a lock tells while it holds. */
export interface LockedPlace {
  readonly place: StoredOffset
  /** The table's definition at that place; null where it was not asked for. */
  readonly shape: TableShape | null
}

/** One copy of one table by a read view. */
export interface TableCopy {
  /**
   * Locks, opens the read view, unlocks. Resolves with the place P. Rejects with what an operator must mend, or
   * retryable. `atPlace` is called once P is known and *while the table is still locked*, so that no transaction that
   * writes the table can lie behind P before the main stream knows of P; what it throws ends the lock.
   * `readsShape`: events do not name their columns, so that the definition is read as well.
   */
  lock(signal: AbortSignal, options?: LockOptions): Promise<StoredOffset>
  /** Emits the truncate event where `resets`, then all rows with the copy id; resolves when all is acknowledged. Rejects retryable where it was cut off. */
  copy(options: CopyOptions): Promise<void>
  /** Something of it, be it the truncate event, may be in the topic. */
  readonly hasSent: boolean
  close(): Promise<void>
}
