// The progress of snapshots as it happens: a bar for each table below some lines of text, drawn over and over on a
// terminal; elsewhere plain lines. The demo shows its snapshots with it, too.

import {MultiBar, type SingleBar} from 'cli-progress'
import type {TableStatus} from '../task/status.ts'
import {compactSeconds, numberText} from './number-text.ts'

export interface BarTable extends Pick<
  TableStatus,
  'table' | 'rowsDone' | 'rowsEstimated' | 'rowsPerSecond' | 'secondsLeft' | 'percent'
> {
  /** `paused` where all snapshots are held. */
  readonly state: TableStatus['state'] | 'paused'
  /** Last key read. */
  readonly key?: string | null
  /** Why the table failed, or is tried again. */
  readonly problem?: string | null
}

export interface ProgressBarsOptions {
  readonly out: NodeJS.WritableStream & {readonly rows?: number; readonly columns?: number}
  /** Whether `out` can be drawn over. */
  readonly isTerminal: boolean
  /** Between two sets of lines where nothing can be drawn over. Default 1000. */
  readonly lineEveryMs?: number
}

const BAR_COLUMNS = 24
const NARROW_BAR_COLUMNS = 10
const NARROW_TERMINAL = 100
/** Where a terminal does not tell its size. */
const USUAL_ROWS = 24
const USUAL_COLUMNS = 80

export class ProgressBars {
  readonly #options: ProgressBarsOptions
  readonly #multi: MultiBar | null
  /** Lines on the screen, from above; each shows whatever stands there now. */
  readonly #lines: SingleBar[] = []
  #lineAt = -Infinity
  #lastLines = ''

  constructor(options: ProgressBarsOptions) {
    this.#options = options
    this.#multi = options.isTerminal
      ? new MultiBar({
          stream: options.out,
          format: '{text}',
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

  /** Shows the state of now: `header`, a bar for each table, `footer`. What does not fit on the screen is summed up. */
  show(all: readonly BarTable[], header: readonly string[] = [], footer: readonly string[] = []): void {
    // A table copied again has a second entry; the last one is the one that goes on.
    const tables = [...new Map(all.map(table => [table.table, table])).values()]
    if (this.#multi === null) {
      this.#printLines([...header, ...tables.map(progressLine), ...footer])
      return
    }
    const {rows = USUAL_ROWS, columns = USUAL_COLUMNS} = this.#options.out
    // The last line stays free: where a terminal scrolls, what was drawn can no longer be drawn over.
    const room = Math.max(1, rows - 1 - header.length - footer.length)
    const {shown, others} = fittingTables(tables, room)
    this.#draw(this.#multi, [...header, ...barLines(shown, columns), ...others, ...footer])
  }

  /** Leaves what was shown last on the screen. May be called twice. */
  close(): void {
    this.#multi?.stop()
  }

  #draw(multi: MultiBar, lines: readonly string[]): void {
    for (let index = 0; index < Math.max(lines.length, this.#lines.length); index++) {
      const text = lines[index] ?? ''
      const known = this.#lines[index]
      if (known !== undefined) known.update(0, {text})
      else this.#lines.push(multi.create(1, 0, {text}))
    }
  }

  #printLines(all: readonly string[]): void {
    const lines = all.join('\n')
    const now = performance.now()
    if (lines === '' || lines === this.#lastLines || now - this.#lineAt < (this.#options.lineEveryMs ?? 1000)) return
    this.#lineAt = now
    this.#lastLines = lines
    this.#options.out.write(`${lines}\n`)
  }
}

const BY_INTEREST: readonly BarTable['state'][] = ['failed', 'running', 'paused', 'waiting', 'stopped', 'done']

/** The tables that have a place on `room` lines, in their order, and one line for the others. */
export function fittingTables<Table extends Pick<BarTable, 'state'>>(
  tables: readonly Table[],
  room: number,
): {readonly shown: readonly Table[]; readonly others: readonly string[]} {
  if (tables.length <= room) return {shown: tables, others: []}
  const interest = (table: Table): number => BY_INTEREST.indexOf(table.state)
  const chosen = new Set([...tables].sort((a, b) => interest(a) - interest(b)).slice(0, room - 1))
  const others = tables.filter(table => !chosen.has(table))
  const counts = BY_INTEREST.map(state => ({state, count: others.filter(table => table.state === state).length}))
  const text = counts.filter(({count}) => count > 0).map(({state, count}) => `${numberText(count)} ${state}`)
  return {shown: tables.filter(table => chosen.has(table)), others: [`  and ${text.join(', ')}`]}
}

/** One table on one line, for where there are no bars. */
export function progressLine(table: BarTable): string {
  const percent = table.percent === null ? '' : `${Math.floor(table.percent)} %, `
  return `  ${table.table}  ${percent}${rowsText(table)}, ${speedText(table)}${endText(table)}`
}

function barLines(tables: readonly BarTable[], columns: number): string[] {
  const widest = (text: (table: BarTable) => string): number => Math.max(0, ...tables.map(table => text(table).length))
  const name = widest(({table}) => table)
  const rows = widest(rowsText)
  const speed = widest(speedText)
  const bar = columns < NARROW_TERMINAL ? NARROW_BAR_COLUMNS : BAR_COLUMNS
  return tables.map(table => {
    const percent = (table.percent === null ? '' : `${Math.floor(table.percent)}%`).padStart(4)
    const cells = [table.table.padEnd(name), barText(table.percent ?? 0, bar) + percent, rowsText(table).padStart(rows)]
    return `  ${cells.join('  ')}  ${speedText(table).padEnd(speed)}${endText(table)}`.trimEnd()
  })
}

function barText(percent: number, width: number): string {
  const full = Math.floor((Math.min(100, Math.max(0, percent)) / 100) * width)
  return '█'.repeat(full) + '░'.repeat(width - full)
}

function rowsText({state, percent, rowsDone, rowsEstimated}: BarTable): string {
  return state === 'done' || percent === null
    ? `${numberText(rowsDone)} rows`
    : `${numberText(rowsDone)} of ${numberText(rowsEstimated)} rows`
}

function speedText({state, rowsPerSecond, secondsLeft}: BarTable): string {
  if (state === 'failed') return 'FAILED'
  if (state !== 'running') return state
  const left = secondsLeft === null ? '' : `, ${compactSeconds(secondsLeft)} left`
  return `${numberText(rowsPerSecond)} rows/s${left}`
}

function endText({state, key, problem}: BarTable): string {
  if (problem != null) return `  ${problem}`
  return key == null || key === '' || state === 'done' ? '' : `  key ${key}`
}
