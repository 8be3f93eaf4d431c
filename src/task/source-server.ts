// The port to the source server: whatever the engine asks of MySQL beside the stream itself. mysql-source-server.ts is
// the real one; the simulation (test/simulation) plays another.

import type {DeclaredColumns} from '../core/declared-columns.ts'
import type {TableDefinition} from '../core/table-definition.ts'
import type {GtidSet} from '../core/gtid-set.ts'
import type {TableId} from '../core/table-id.ts'
import type {TableShape} from '../core/table-shape.ts'
import type {EncoderOptions} from '../encode/encoder-options.ts'
import type {BinlogRetention} from '../mysql/binlog-retention.ts'
import type {SnapshotReaderOptions} from '../readers/snapshot-reader.ts'
import type {TableCopy} from '../readers/table-copy.ts'
import type {Lane, LaneEvents} from '../snapshot/chunk-lane.ts'
import type {PlanningSource} from '../snapshot/prepared-table.ts'
import type {ExecuteStatement} from '../snapshot/signal-table-marks.ts'
import type {TableRequest} from '../snapshot/snapshot-plan.ts'
import type {KeyReader} from '../snapshot/table-keys.ts'
import type {CascadeSource} from '../stream/cascade-book.ts'
import type {SchemaSource} from '../stream/schema-source.ts'
import type {InitialSchema} from '../stream/schema-changes.ts'

export interface LaneParts {
  readonly encoderOptions: EncoderOptions
  /** The number of the last committed mark, shared with the lane's thread. */
  readonly committedMark: Int32Array
}

export interface CopyParts extends Omit<SnapshotReaderOptions, 'view' | 'database' | 'events'> {
  readonly encoderOptions: EncoderOptions
}

/** All of it is of one server, and rejects with retryable errors while that is away. */
export interface SourceServer {
  /** Shapes, maximum keys and cuts of snapshots; may take long. */
  readonly planning: PlanningSource
  /** Keys for tables that the stream meets. */
  readonly streamKeys: KeyReader
  /** Definitions for events that do not name their columns; null where all do. */
  readonly schemas: SchemaSource | null
  /** Foreign keys whose cascades the binlog does not show; null where it shows all. */
  readonly cascades: CascadeSource | null
  /** What only definitions say of columns, for tables that the stream meets; empty for one that is gone. */
  declaredColumns(table: TableId): Promise<DeclaredColumns>
  /** Base tables that pass the filter. */
  tables(filter: (id: TableId) => boolean): Promise<TableId[]>
  /** Rejects with the reason where the table cannot be copied as asked. */
  probe(request: TableRequest, canSnapshot: boolean): Promise<void>
  /** The table as it is now; null where there is none, or none that could be captured. */
  shape(table: TableId): Promise<TableShape | null>
  /** The table's definition as it is now; null where there is none. */
  definition(table: TableId): Promise<TableDefinition | null>
  /** The statements that make these tables, and what their databases say; tables that are gone are left out. */
  initialSchema(tables: readonly TableId[]): Promise<InitialSchema>
  /** Whether names of tables that differ in case only are the same name (lower_case_table_names). */
  foldsNames(): Promise<boolean>
  /** Definitions may have changed: nothing that was described counts any more. */
  forget(): void
  /** What is being planned is of no more use: its query ends. */
  cancelPlanning(): void
  /** Writes one watermark; commits by itself. */
  readonly writeMark: ExecuteStatement
  /** GTIDs of the transactions that are visible on the server by now. */
  executedGtids(): Promise<GtidSet>
  /** What the server has purged, and the first binlog file that it still had behind that. */
  purgedGtids(): Promise<{readonly purged: GtidSet; readonly firstFile: string}>
  /** The file that the server writes now, and how long it keeps one that has ended; null: for ever, or nobody may know. */
  binlogRetention(): Promise<BinlogRetention>
  openLane(events: LaneEvents, parts: LaneParts): Lane
  /** A copy of a table by a read view, not yet begun. */
  openCopy(parts: CopyParts): TableCopy
  /**
   * What snapshot.throttle.query says. Null: go on. Otherwise why to wait, such as `returned 1`. Rejects where it fails; asked
   * on a connection of its own, one at a time.
   */
  asksToWait(query: string): Promise<string | null>
  /** Runs a statement of the operator's, such as heartbeat.action.query. */
  run(what: string, sql: string): Promise<void>
}
