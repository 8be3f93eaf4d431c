// What a transform cannot do with a table.

import {tableIdText, type TableId} from '../../core/table-id.ts'
import {TidemarkError} from '../../core/tidemark-error.ts'

/** `problem` says what is wrong and what to do. */
export function transformError(transform: string, table: TableId | null, problem: string): TidemarkError {
  const of = table === null ? '' : `${tableIdText(table)}: `
  return new TidemarkError('TIDEMARK_TRANSFORM_FIELD', `${of}transforms.${transform}: ${problem}`, {
    kind: 'configuration',
  })
}

/** A column that a transform needs. */
export function missingColumn(transform: string, table: TableId | null, column: string): TidemarkError {
  return transformError(
    transform,
    table,
    `the events have no column ${column}; mend the transform's options, or choose the tables that it takes with a ` +
      'predicate (TopicNameMatches)',
  )
}
