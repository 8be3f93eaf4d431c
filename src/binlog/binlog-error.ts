// The stops of the binlog's decoding: what cannot be carried on, by name, with what an operator does about it.

import {TidemarkError} from '../core/tidemark-error.ts'
import * as Event from './event-types.ts'

export const SNAPSHOT_AGAIN =
  'What is in the binlog already cannot be mended: start again behind it and copy the tables anew ' +
  '(remove the state file, or set snapshot.mode=when_needed after the binlog was purged)'

const WHY_ALL_TABLES =
  'It stops for tables that are not captured, too: which tables such a change touches cannot be told without carrying it out.'

/** Why an event of a type that is not read stops the stream; null where it may be passed over. */
export function refusalOf(
  type: number,
  {ignorable, place}: {readonly ignorable: boolean; readonly place: string},
): TidemarkError | null {
  switch (type) {
    case Event.EVENT_INCIDENT:
      return incident(place)
    case Event.EVENT_APPEND_BLOCK:
    case Event.EVENT_BEGIN_LOAD_QUERY:
    case Event.EVENT_EXECUTE_LOAD_QUERY:
      return statementFormat(place, 'LOAD DATA')
    default:
      return ignorable ? null : unknownEvent(type, place)
  }
}

/** Bytes that are not what the format says; also where the connection mixed them up. */
export function malformedEvent(what: string, place: string, cause?: unknown): TidemarkError {
  return new TidemarkError(
    'TIDEMARK_BINLOG_MALFORMED',
    `cannot read the binlog event ${place}: ${what}; compare with \`mysqlbinlog\` on the server, and report it if that reads the event`,
    {cause},
  )
}

export function unknownEvent(type: number, place: string): TidemarkError {
  return new TidemarkError(
    'TIDEMARK_BINLOG_EVENT_UNKNOWN',
    `cannot carry on at the binlog event ${place}: its type ${type} is not known and may hold changes; ` +
      'use a MySQL version that is supported (8.0 to 9.x), or a newer version of this program',
  )
}

export function unknownCompression(type: number, place: string): TidemarkError {
  return new TidemarkError(
    'TIDEMARK_BINLOG_COMPRESSION_UNKNOWN',
    `cannot carry on at ${place}: the transaction is compressed in a way that is not known, found ${type}, wanted 0 (zstd) or 255 (none); ` +
      'use a newer version of this program, or run `SET PERSIST binlog_transaction_compression = OFF` (and in sessions that set it). ' +
      SNAPSHOT_AGAIN,
  )
}

export function incident(place: string): TidemarkError {
  return new TidemarkError(
    'TIDEMARK_BINLOG_INCIDENT',
    `cannot carry on at ${place}: the server says by an INCIDENT event that changes are missing from its binlog; ` +
      `look into its error log. ${SNAPSHOT_AGAIN}`,
  )
}

export function statementFormat(place: string, keyword: string): TidemarkError {
  return new TidemarkError(
    'TIDEMARK_BINLOG_STATEMENT_FORMAT',
    `cannot carry on at ${place}: the binlog holds a change as a statement (${keyword}), not as rows; ` +
      'run `SET PERSIST binlog_format = ROW` (and in sessions that set it). ' +
      `${WHY_ALL_TABLES} ${SNAPSHOT_AGAIN}`,
  )
}

export function rollbackToSavepoint(place: string): TidemarkError {
  return new TidemarkError(
    'TIDEMARK_BINLOG_PARTIAL_ROLLBACK',
    `cannot carry on at ${place}: a transaction that mixes engines was rolled back in part, and its rows are in the binlog all the same; ` +
      `keep tables of one engine in one transaction. ${SNAPSHOT_AGAIN}`,
  )
}
