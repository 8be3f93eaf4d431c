// The progress of a snapshot: a bar for each table on a terminal, else a line for each table every second.

import {MultiBar, type SingleBar} from 'cli-progress'
import type {TableStatus} from '../src/task/status.ts'
import {withCommas, type Terminal} from './terminal.ts'

const LINE_EVERY_MS = 1000
const STATE_MARKS: Readonly<Partial<Record<TableStatus['state'], string>>> = {
  waiting: 'waiting',
  done: 'done',
  stopped: 'stopped',
  failed: 'FAILED',
}

export class SnapshotBars {
  readonly #terminal: Terminal
  readonly #multi: MultiBar | null
  readonly #bars = new Map<string, SingleBar>()
  #lineAt = 0

  constructor(terminal: Terminal) {
    this.#terminal = terminal
    this.#multi = terminal.isTerminal
      ? new MultiBar({
          format: '      {table} {bar} {percentage}% {rows} rows  {speed}',
          barCompleteChar: '█',
          barIncompleteChar: '░',
          barsize: 24,
          hideCursor: true,
          fps: 20,
          // A signal is for us to handle: the bars must neither swallow it nor act on it.
          gracefulExit: false,
          noTTYOutput: false,
        })
      : null
  }

  show(tables: readonly TableStatus[]): void {
    if (this.#multi !== null) {
      for (const table of tables) this.#showBar(this.#multi, table)
      return
    }
    const now = performance.now()
    if (now - this.#lineAt < LINE_EVERY_MS) return
    this.#lineAt = now
    const running = tables.filter(table => table.state === 'running' && table.rowsDone > 0)
    for (const table of running) this.#terminal.line(progressLine(table))
  }

  /** The last state stays on the screen. */
  close(tables: readonly TableStatus[]): void {
    if (this.#multi === null) {
      for (const table of tables) this.#terminal.line(progressLine(table))
      return
    }
    this.show(tables)
    this.#multi.stop()
  }

  #showBar(multi: MultiBar, table: TableStatus): void {
    const name = table.table.slice(table.table.indexOf('.') + 1)
    const fields = {
      table: name.padEnd(12),
      rows: withCommas(table.rowsDone).padStart(8),
      speed: STATE_MARKS[table.state] ?? `${withCommas(table.rowsPerSecond)}/s`,
    }
    const total = table.state === 'done' ? table.rowsDone : table.rowsEstimated
    const known = this.#bars.get(table.table)
    if (known === undefined) {
      this.#bars.set(table.table, multi.create(Math.max(1, total), table.rowsDone, fields))
      return
    }
    known.setTotal(Math.max(1, total))
    known.update(table.rowsDone, fields)
  }
}

function progressLine({
  table,
  state,
  percent,
  rowsDone,
  rowsEstimated,
  rowsPerSecond,
  superseded,
}: TableStatus): string {
  const rows = `${withCommas(rowsDone)} of ${withCommas(rowsEstimated)} rows`
  const mark = STATE_MARKS[state] ?? `${withCommas(rowsPerSecond)} rows/s`
  return `${table.padEnd(18)} ${String(percent).padStart(3)} %  ${rows}, ${superseded} superseded, ${mark}`
}
