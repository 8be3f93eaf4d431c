// What is known of a table once its snapshot may begin: shape, keys, where its events go. And the ports that find it out.

import type {TableId} from '../core/table-id.ts'
import type {TableShape} from '../core/table-shape.ts'
import type {TablePlan} from './snapshot-plan.ts'
import type {ChunkKey, KeyValues} from './chunk-key.ts'

/** Where read events of a table go; the stream side knows what is inside and hands it back to its own outlet. */
export interface ReadTarget {
  readonly shape: TableShape
}

export interface PreparedTable {
  readonly shape: TableShape
  readonly fingerprint: string
  /** Columns of the message key, of the row key that supersedes, and of the key that orders chunks. */
  readonly messageKey: readonly number[]
  readonly rowKey: readonly number[]
  readonly chunkKey: ChunkKey
  readonly target: ReadTarget
  /** Bytes of one encoded row, estimated. */
  readonly rowBytes: number
}

export interface TableDescription {
  readonly shape: TableShape
  readonly messageKey: readonly number[]
  readonly rowKey: readonly number[]
  readonly chunkKey: ChunkKey
  readonly rowsEstimated: number
  readonly rowBytes: number
}

/** MySQL as planning needs it. Every method may reject with a TidemarkError. */
export interface PlanningSource {
  /** Shape, keys and size of a table. Rejects where it is missing or has no key to read chunks by. */
  describe(table: TableId, surrogateKey: readonly string[] | null): Promise<TableDescription>
  /** The last key, or null where no row matches. */
  maximumKey(table: TableId, key: ChunkKey, condition: string | null): Promise<KeyValues | null>
  /** Keys that cut the table into at most `parts` ranges of like size, in key order; fewer or none where it is small. */
  boundaries(description: TableDescription, table: TableId, parts: number): Promise<KeyValues[]>
  /** What the server estimates, in the order of the tables; 0 rows of one that is not there. */
  sizes(tables: readonly TableId[]): Promise<readonly Pick<TableDescription, 'rowsEstimated' | 'rowBytes'>[]>
}

/** Opens where the read events of a table go (its topic is created where it is missing). */
export type OpenTarget = (description: TableDescription) => Promise<ReadTarget>

/**
 * Where the topic may have rows that the table does not have, empties it by a truncate event before anything of the copy
 * is read. Resolves when that is acknowledged; null where there is nothing to do.
 */
export type ResetTopic = (plan: TablePlan, target: ReadTarget) => Promise<void> | null
