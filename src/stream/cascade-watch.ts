// One stream's eye on rows whose changes change other tables without row events.

import type {RowsView} from '../binlog/binlog-events.ts'
import type {BinlogPosition} from '../core/binlog-position.ts'
import {tableIdText, type TableId} from '../core/table-id.ts'
import type {CascadeBook} from './cascade-book.ts'

export interface Cascade {
  readonly child: TableId
  readonly parent: string
  /** The events of the child's rows may have another key than the rows, or be of rows that are gone. */
  readonly removesRows: boolean
}

export interface CascadeWatchOptions {
  readonly book: CascadeBook
  readonly reached: () => BinlogPosition
  /** Whether the child is captured, and what becomes of it here is this stream's to tell. */
  readonly owns: (child: TableId) => boolean
  /** The key that the child's events have had last; undefined: none was seen. */
  readonly lastKey: (child: TableId) => readonly string[] | undefined
  readonly onCascade: (cascade: Cascade) => void
}

export class CascadeWatch {
  readonly #options: CascadeWatchOptions

  constructor(options: CascadeWatchOptions) {
    this.#options = options
  }

  /** Null: the rows that come next may be shown to it. */
  ready(): Promise<void> | null {
    return this.#options.book.ready()
  }

  /** Rows of any table, captured or not. */
  passed(view: RowsView): void {
    const {book, reached, owns, lastKey, onCascade} = this.#options
    for (const {child, columns, key} of book.effects(view, reached())) {
      if (!owns(child)) continue
      const names = [...key, ...(lastKey(child) ?? [])]
      const removesRows = columns === null || columns.some(column => names.includes(column))
      onCascade({child, parent: tableIdText(view.table.shape.id), removesRows})
    }
  }
}
