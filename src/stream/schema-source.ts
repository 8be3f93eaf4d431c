// The port to the server's definitions of tables, for events that do not name their columns.

import type {BinlogPosition} from '../core/binlog-position.ts'
import type {TableId} from '../core/table-id.ts'
import type {TableShape} from '../core/table-shape.ts'
import type {TidemarkError} from '../core/tidemark-error.ts'

/** What a table was like at exactly one place in the binlog. */
export interface SchemaReading {
  /** Statements on the table before this place are in `shape`, those behind it are not. */
  readonly place: BinlogPosition
  /** Null: no such table. An error: it cannot be captured as it is. */
  readonly shape: TableShape | TidemarkError | null
}

/** A statement in the binlog that is not row events. */
export interface BinlogStatement extends BinlogPosition {
  readonly database: string
  readonly sql: string
}

/** All of the server that the stream comes from. Questions are asked again until they are answered, or the task stops. */
export interface SchemaSource {
  /** Whether events are written without the names of columns now. */
  isMinimal(): Promise<boolean>
  /** In the order of `tables`. Without patience, a table that somebody holds a lock on counts as not there. */
  read(tables: readonly TableId[], options: {readonly patient: boolean}): Promise<SchemaReading[]>
  /**
   * The statements that stand between two places, in their order, as far as they are `wanted`. `from` is the beginning
   * of a transaction, `to` an end of the binlog as `read` gave it. Throws what makes the binlog unreadable there.
   */
  statements(
    from: BinlogPosition,
    to: BinlogPosition,
    wanted: (sql: string) => boolean,
  ): Promise<readonly BinlogStatement[]>
}
