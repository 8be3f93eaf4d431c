// What a plan says: the shape of `tidemark plan --json`.

import type {Bottleneck} from './duration.ts'
import type {RetentionAdvice} from './retention-advice.ts'

export interface PlanReport {
  /** Grows when a field changes its meaning or goes. */
  readonly formatVersion: 1
  readonly tables: readonly PlannedTable[]
  readonly rows: number
  readonly chunks: number
  /** The whole snapshot; null where the duration of a table is not known. */
  readonly durationSeconds: number | null
  /** Chunks read side by side: snapshot.max.threads. */
  readonly lanes: number
  readonly maxRowsPerSecond: number | null
  readonly chunkMemoryMb: number
  readonly sink: PlannedSink
  readonly retention: RetentionAdvice
}

export interface PlannedSink {
  readonly type: 'kafka' | 'file' | 'stdout'
  /** Where the figures come from. */
  readonly basis: 'given' | 'observed' | 'assumed'
  readonly bytesPerSecond: number | null
  readonly rowsPerSecond: number | null
  /** In a sentence. */
  readonly because: string
}

export interface ChunkSample {
  readonly place: 'first' | 'middle' | 'last'
  readonly rows: number
  /** Of the SELECT until its last row came. */
  readonly milliseconds: number
}

export interface PlannedKey {
  readonly columns: readonly string[]
  /** How the server would read a chunk, as EXPLAIN tells; null: the table is empty. */
  readonly access: string | null
  /** The index that it would use. */
  readonly index: string | null
  /** False: each chunk may scan far. */
  readonly isRange: boolean
}

export interface PlannedTable {
  readonly table: string
  readonly rows: number
  /** Counted, not the server's estimate. */
  readonly rowsExact: boolean
  /** Average in the table, as the server estimates it. */
  readonly rowBytes: number
  /** Average as an event with key and envelope, measured on the sample; null: nothing was sampled. */
  readonly eventBytes: number | null
  readonly reader: 'chunks' | 'parallel'
  /** Null where the table has none. */
  readonly key: PlannedKey | null
  readonly chunkRows: number
  readonly chunks: number
  readonly samples: readonly ChunkSample[]
  /** Of an average chunk: SELECT and encoding; null: nothing was sampled. */
  readonly chunkMilliseconds: number | null
  readonly durationSeconds: number | null
  /** What the duration hangs on. */
  readonly bottleneck: Bottleneck | null
  readonly advisedChunkRows: number
  /** What an operator should know before. */
  readonly notes: readonly string[]
}
