// The progress of snapshots as it happens: a bar for each table below some lines of text, drawn over and over on a
// terminal; elsewhere plain lines. The demo shows its snapshots with it, too.

import {MultiBar, type SingleBar} from 'cli-progress'
import type {TableStatus} from '../task/status.ts'
import {compactSeconds, numberText} from './number-text.ts'

export type BarTable = Pick<
  TableStatus,
  'table' | 'state' | 'rowsDone' | 'rowsEstimated' | 'rowsPerSecond' | 'secondsLeft' | 'percent'
>

export interface ProgressBarsOptions {
  readonly out: NodeJS.WritableStream
  /** Whether `out` can be drawn over. */
  readonly isTerminal: boolean
  /** Between two lines of the same table where nothing can be drawn over. Default 1000. */
  readonly lineEveryMs?: number
}

const BAR_FORMAT = '  {name} {bar} {percentage}%  {rows}  {speed}'
const BAR_COLUMNS = 24

export class ProgressBars {
  readonly #options: ProgressBarsOptions
  readonly #multi: MultiBar | null
  readonly #header: SingleBar[] = []
  readonly #bars = new Map<string, SingleBar>()
  #lineAt = -Infinity
  #lastLines = ''

  constructor(options: ProgressBarsOptions) {
    this.#options = options
    this.#multi = options.isTerminal
      ? new MultiBar({
          stream: options.out,
          format: BAR_FORMAT,
          barCompleteChar: '█',
          barIncompleteChar: '░',
          barsize: BAR_COLUMNS,
          hideCursor: true,
          linewrap: false,
          fps: 10,
          emptyOnZero: true,
          // Signals belong to whoever runs the bars; cli-progress would swallow them.
          gracefulExit: false,
          noTTYOutput: false,
        })
      : null
  }

  /** Shows the state of now; `header` are lines above the bars, always as many. */
  show(all: readonly BarTable[], header: readonly string[] = []): void {
    // A table copied again has a second entry; the last one is the one that goes on.
    const tables = [...new Map(all.map(table => [table.table, table])).values()]
    if (this.#multi === null) {
      this.#printLines(tables, header)
      return
    }
    for (const [index, text] of header.entries()) this.#showHeader(this.#multi, index, text)
    const width = Math.max(0, ...tables.map(({table}) => table.length))
    for (const table of tables) this.#showBar(this.#multi, table, width)
  }

  /** Leaves what was shown last on the screen. May be called twice. */
  close(): void {
    this.#multi?.stop()
  }

  #showHeader(multi: MultiBar, index: number, text: string): void {
    const known = this.#header[index]
    if (known !== undefined) known.update(0, {text})
    else this.#header.push(multi.create(1, 0, {text}, {format: '{text}'}))
  }

  #showBar(multi: MultiBar, table: BarTable, width: number): void {
    const isDone = table.state === 'done'
    const total = Math.max(1, isDone ? table.rowsDone : table.rowsEstimated)
    const value = isDone ? total : Math.min(table.rowsDone, total)
    const fields = {
      name: table.table.padEnd(width),
      rows: `${numberText(table.rowsDone).padStart(12)} rows`,
      speed: speedText(table),
    }
    const known = this.#bars.get(table.table)
    if (known === undefined) {
      this.#bars.set(table.table, multi.create(total, value, fields))
      return
    }
    known.setTotal(total)
    known.update(value, fields)
  }

  #printLines(tables: readonly BarTable[], header: readonly string[]): void {
    const lines = [...header, ...tables.map(progressLine)].join('\n')
    const now = performance.now()
    if (lines === '' || lines === this.#lastLines || now - this.#lineAt < (this.#options.lineEveryMs ?? 1000)) return
    this.#lineAt = now
    this.#lastLines = lines
    this.#options.out.write(`${lines}\n`)
  }
}

/** One table on one line, for where there are no bars. */
export function progressLine(table: BarTable): string {
  const rows = `${numberText(table.rowsDone)} of ${numberText(table.rowsEstimated)} rows`
  return `  ${table.table}  ${Math.floor(table.percent)} %, ${rows}, ${speedText(table)}`
}

function speedText({state, rowsPerSecond, secondsLeft}: BarTable): string {
  if (state === 'failed') return 'FAILED'
  if (state !== 'running') return state
  const left = secondsLeft === null ? '' : `, ${compactSeconds(secondsLeft)} left`
  return `${numberText(rowsPerSecond)} rows/s${left}`
}
