// What a comparison found.

import type {BinlogPosition} from '../core/binlog-position.ts'
import type {Difference} from './fold.ts'

export interface TableReport {
  readonly table: string
  readonly topic: string
  /** No key of any kind: compared as a multiset of full rows. */
  readonly isKeyless: boolean
  readonly equal: boolean
  readonly rows: number
  /** Keys that the events add up to, or rows where there are no keys; with a condition only those that have a row. */
  readonly keys: number
  readonly events: number
  /** How many keys (rows): with a row but not in the topic, in the topic but without a row, in both but different. */
  readonly missing: number
  readonly ghosts: number
  readonly different: number
  /** The first ones. */
  readonly differences: readonly Difference[]
  /** What helps to understand the result. */
  readonly notes: readonly string[]
}

export interface VerifyReport {
  readonly equal: boolean
  /** The events up to here were folded, those of transactions under way just before it either way. */
  readonly place: BinlogPosition
  readonly tables: readonly TableReport[]
  readonly rows: number
  readonly events: number
  readonly seconds: number
  /** Most bytes of rows and events in memory at once, and bytes that went through temporary files. */
  readonly heldBytes: number
  readonly spilledBytes: number
}
