// Rows that cannot be shown, where the configuration has them left out instead of stopping the task
// (event.processing.failure.handling.mode, inconsistent.schema.handling.mode). What is left out is said, counted, and
// marks its table as diverged before anything behind it leaves, so that no offset is stored beyond it without that.
//
// Only what the row encoder says of one row, or the definitions of one table, is passed over: an event whose rows cannot
// be counted stops the task, since the place inside a transaction is a count of rows; so do the signal table, whose
// signals must be answered, and outbox tables, whose events no copy brings again.

import type {RowsView, StreamTable} from '../binlog/binlog-events.ts'
import {countRows, keepsColumns, rowEnd} from '../binlog/row-count.ts'
import type {FailureMode} from '../config/settings.ts'
import type {Log} from '../core/log.ts'
import {tableIdText} from '../core/table-id.ts'
import type {TableId} from '../core/table-id.ts'
import {TidemarkError} from '../core/tidemark-error.ts'
import type {EventOrigin} from '../encode/envelope.ts'
import type {CapturedTable, TableCatalog} from './captured-table.ts'
import type {RowCount, RowEventWriter} from './row-event-writer.ts'
import type {NoteLog} from './table-notes.ts'

/** Of one row. The encoder throws them before anything of the row is noted or emitted. */
const ROW_CODES: ReadonlySet<string> = new Set([
  'TIDEMARK_BINLOG_ROW_INCOMPLETE',
  'TIDEMARK_BINLOG_ROW_MALFORMED',
  'TIDEMARK_VALUE_INVALID_DATE',
  'TIDEMARK_VALUE_TIME_RANGE',
])

/** Of a table whose definition is not the one that its events have, or not known. */
const DEFINITION_CODES: ReadonlySet<string> = new Set([
  'TIDEMARK_BINLOG_LAYOUT_MISMATCH',
  'TIDEMARK_BINLOG_METADATA_MINIMAL',
  'TIDEMARK_BINLOG_METADATA_MISMATCH',
])

/** Why rows were left out, as the status says it. */
export interface LeftOut {
  readonly code: string
  /** A row may stand in the topic that is not in the table any more. */
  readonly removesRows: boolean
}

export interface FailingRowsOptions {
  readonly modes: {readonly rows: FailureMode; readonly definitions: FailureMode}
  readonly writer: RowEventWriter
  readonly catalog: TableCatalog
  readonly notes: NoteLog
  readonly log: Log
  readonly isSignalTable: (table: TableId) => boolean
  /** Called before anything behind the rows is emitted. */
  readonly onLeftOut: (table: TableId, since: string, leftOut: LeftOut) => void
}

export class FailingRows {
  /** Rows left out since the start, by table. */
  readonly counts = new Map<string, number>()
  readonly #options: FailingRowsOptions
  /** Until a statement may have mended it, nobody is asked again. */
  #unresolved = new WeakMap<StreamTable, TidemarkError>()

  constructor(options: FailingRowsOptions) {
    this.#options = options
  }

  /** As the writer's, but for rows that fail. */
  write(table: CapturedTable, view: RowsView, origin: EventOrigin, count: RowCount): void {
    const {writer, notes} = this.#options
    const first = count.rows
    let at = view.start
    let row = 0
    let last: TidemarkError | null = null
    let rows = 0
    try {
      while (at < view.end) {
        try {
          writer.writeFrom(table, view, {origin, count, notes: notes.of(table.text), at, row: count.first + row})
          return
        } catch (error) {
          if (!this.#mayLeaveOut(table, view, error)) throw error
          for (; row < count.rows - first; row++) at = rowEnd(view, at)
          // One that an earlier run has passed is counted in its stored state.
          if (count.rows >= count.skip) {
            last = error
            rows++
            const removesRows = view.operation === 'd' || (view.operation === 'u' && !keepsKey(table, view, at))
            this.#leaveOut(table.id, {code: error.code, removesRows}, origin, 1)
          } else {
            this.#giveUpNotes(table.text)
          }
          at = rowEnd(view, at)
          row++
          count.rows++
        }
      }
    } finally {
      if (last !== null) this.#tell(this.#options.modes.rows, {view, origin, error: last, rows})
    }
  }

  /** As the catalog's; what it could not resolve fails again in the same way, until `forget`. */
  async resolve(table: StreamTable): Promise<CapturedTable | null> {
    const known = this.#unresolved.get(table)
    if (known !== undefined) throw known
    try {
      return await this.#options.catalog.resolve(table)
    } catch (error) {
      if (isOf(DEFINITION_CODES, error)) this.#unresolved.set(table, error)
      throw error
    }
  }

  /** A statement has come, or another server: definitions may be known now. */
  forget(): void {
    this.#unresolved = new WeakMap()
  }

  /** Leaves the event out where its table could not be resolved; false where that stops the task. Its rows are not counted. */
  passOver(error: unknown, view: RowsView, origin: EventOrigin, count: RowCount): boolean {
    const {id} = view.table.shape
    const {modes, isSignalTable} = this.#options
    if (modes.definitions === 'fail' || isSignalTable(id) || !isOf(DEFINITION_CODES, error)) return false
    if (!isCountable(view)) return false
    const rows = count.rows + countRows(view) - Math.max(count.rows, count.skip)
    if (rows <= 0) {
      this.#giveUpNotes(tableIdText(id))
      return true
    }
    this.#leaveOut(id, {code: error.code, removesRows: view.operation !== 'c'}, origin, rows)
    this.#tell(modes.definitions, {view, origin, error, rows})
    return true
  }

  #mayLeaveOut(table: CapturedTable, view: RowsView, error: unknown): error is TidemarkError {
    const {modes} = this.#options
    if (modes.rows === 'fail' || table.isSignalTable || table.target?.records?.isDynamic === true) return false
    return isOf(ROW_CODES, error) && isCountable(view)
  }

  #leaveOut(id: TableId, leftOut: LeftOut, {file, pos}: EventOrigin, rows: number): void {
    const text = tableIdText(id)
    this.counts.set(text, (this.counts.get(text) ?? 0) + rows)
    this.#giveUpNotes(text)
    this.#options.onLeftOut(id, `${file}:${pos}`, leftOut)
  }

  // Which keys the rows have is not known: what was read of the table and has not left is read again, behind them.
  #giveUpNotes(table: string): void {
    const {notes} = this.#options
    notes.of(table)?.overflow(notes.place)
  }

  #tell(mode: FailureMode, event: {view: RowsView; origin: EventOrigin; error: TidemarkError; rows: number}): void {
    const {view, origin, error, rows} = event
    const {code, message} = error
    const place = `${origin.file}:${origin.pos}`
    const fields = {table: tableIdText(view.table.shape.id), place, operation: view.operation, rows, code, message}
    this.#options.log[mode === 'warn' ? 'warn' : 'debug'](fields, 'rows that cannot be shown are left out')
  }
}

function isOf(codes: ReadonlySet<string>, error: unknown): error is TidemarkError {
  return error instanceof TidemarkError && error.kind === 'fatal' && codes.has(error.code)
}

function keepsKey({keyColumns}: CapturedTable, view: RowsView, at: number): boolean {
  return keyColumns.length > 0 && keepsColumns(view, at, keyColumns)
}

function isCountable(view: RowsView): boolean {
  try {
    countRows(view)
    return true
  } catch {
    return false
  }
}
