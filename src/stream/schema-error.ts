// The stops of events without column names whose table's definition at their place is not known.

import {SNAPSHOT_AGAIN} from '../binlog/binlog-error.ts'
import {tableIdText} from '../core/table-id.ts'
import type {TableId} from '../core/table-id.ts'
import {TidemarkError} from '../core/tidemark-error.ts'

const MEND =
  'run `SET PERSIST binlog_row_metadata = FULL` (sessions take it up at once), with which every event names its columns. ' +
  SNAPSHOT_AGAIN

export function unknownDefinition(table: TableId, place: string, why: string, cause?: unknown): TidemarkError {
  return new TidemarkError(
    'TIDEMARK_BINLOG_METADATA_MINIMAL',
    `cannot read the changes of ${tableIdText(table)} at ${place}: the binlog does not hold the names of its columns ` +
      `(binlog_row_metadata, found MINIMAL, wanted FULL), and what they were there is not known: ${why}; ${MEND}`,
    {cause},
  )
}

export function differentDefinition(table: TableId, place: string, difference: string): TidemarkError {
  return new TidemarkError(
    'TIDEMARK_BINLOG_METADATA_MISMATCH',
    `cannot read the changes of ${tableIdText(table)} at ${place}: the binlog does not hold the names of its columns ` +
      `(binlog_row_metadata, found MINIMAL, wanted FULL), and the definition that is known does not fit: ${difference}; ` +
      `the table was changed by a statement that is not in the binlog (sql_log_bin=0?); ${MEND}`,
  )
}
