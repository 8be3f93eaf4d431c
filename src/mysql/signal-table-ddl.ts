// The signal table's DDL, the same as in sql/signal-table.sql.

import type {TableId} from '../core/table-id.ts'
import {quoteTable} from './identifiers.ts'

export const SIGNAL_TABLE_COLUMNS = '(id VARCHAR(36) PRIMARY KEY, type VARCHAR(32) NOT NULL, data TEXT NULL)'

export function signalTableDdl(id: TableId): string {
  return `CREATE TABLE ${quoteTable(id)} ${SIGNAL_TABLE_COLUMNS};`
}
