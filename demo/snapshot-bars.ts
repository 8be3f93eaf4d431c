// The progress of a snapshot in the demo: the bars of `tidemark status` on a terminal, lines elsewhere.

import {ProgressBars, progressLine} from '../src/cli/progress-bars.ts'
import type {TableStatus} from '../src/task/status.ts'
import {withCommas, type Terminal} from './terminal.ts'
import type {UndoStack} from './undo-stack.ts'

export class SnapshotBars {
  readonly #terminal: Terminal
  readonly #bars: ProgressBars

  /** On a terminal the cursor is hidden until `close` or the end. */
  constructor(terminal: Terminal, undo: UndoStack) {
    this.#terminal = terminal
    this.#bars = new ProgressBars({out: terminal.out, isTerminal: terminal.isTerminal})
    undo.add(async () => {
      this.#bars.close()
    })
  }

  show(tables: readonly TableStatus[]): void {
    if (this.#terminal.isSilent) return
    // Lines cannot be drawn over, so only those that say something are printed.
    const hasNews = (table: TableStatus): boolean => table.state === 'running' && table.rowsDone > 0
    this.#bars.show(this.#terminal.isTerminal ? tables : tables.filter(hasNews))
  }

  /** The last state stays on the screen. */
  close(tables: readonly TableStatus[]): void {
    if (this.#terminal.isTerminal) this.#bars.show(tables)
    this.#bars.close()
    if (this.#terminal.isTerminal) return
    for (const table of tables)
      this.#terminal.line(`${progressLine(table)}, ${withCommas(table.superseded)} superseded`)
  }
}
