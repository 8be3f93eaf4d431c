// A foreign key by which a change of one table changes or removes rows of another. Up to MySQL 9.5 the binlog has no row
// events of that.

import type {TableId} from './table-id.ts'

export interface CascadingKey {
  readonly name: string
  readonly parent: TableId
  readonly child: TableId
  /** What becomes of the child's rows; null: nothing, or the statement is refused. */
  readonly onDelete: 'removed' | 'changed' | null
  /** Rows of the child change with the columns that they refer to. */
  readonly changesOnUpdate: boolean
  /** The child's columns. */
  readonly columns: readonly string[]
  /** The parent's columns, in the same order, and where they stand in its definition; -1 where that is not known. */
  readonly parentColumns: readonly {readonly name: string; readonly index: number}[]
  /** The child's primary key. */
  readonly childKey: readonly string[]
}
