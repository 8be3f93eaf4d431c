// What a run measured, and how it is shown.

export interface RunFigures {
  readonly rows: number
  /** From the signal's row, or from `streaming`, to the last acknowledgement. */
  readonly seconds: number
  /** The same from the start of the process. */
  readonly wholeSeconds: number
  readonly rowsPerSecond: number
  /** Bytes of keys and values before compression, a second. */
  readonly megabytesPerSecond: number
  /** Keys, values and headers of one event. */
  readonly bytesPerEvent: EventBytes
  /** CPU seconds for a million rows; null where the process is not ours to look at. */
  readonly cpu: {readonly tidemark: number | null; readonly mysqld: number | null; readonly kafka: number | null}
  /** CPU seconds of the task's busiest threads. */
  readonly threads: Readonly<Record<string, number>>
  readonly peakRssMb: number | null
  /** Processes that wanted a core before the run, over a minute: above 0 others had their share of the machine. */
  readonly loadBefore: number
  /** How the result was found to be complete. */
  readonly verified: string
}

export interface EventBytes {
  readonly key: number
  readonly value: number
  readonly headers: number
}

export interface VariantFigures {
  readonly case: string
  readonly variant: string
  readonly runs: readonly RunFigures[]
}

/** Of an odd number the middle one, of an even number the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  if (sorted.length === 0) return Number.NaN
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

const columns: readonly {readonly head: string; readonly cell: (runs: readonly RunFigures[]) => string}[] = [
  {head: 'rows', cell: runs => whole(runs, run => run.rows)},
  {head: 'rows/s', cell: runs => whole(runs, run => run.rowsPerSecond)},
  {head: 'MB/s', cell: runs => whole(runs, run => run.megabytesPerSecond)},
  {head: 'seconds', cell: runs => fixed(runs, run => run.seconds)},
  {head: 'with start', cell: runs => fixed(runs, run => run.wholeSeconds)},
  {head: 'CPU tidemark', cell: runs => fixed(runs, run => run.cpu.tidemark)},
  {head: 'mysqld', cell: runs => fixed(runs, run => run.cpu.mysqld)},
  {head: 'kafka', cell: runs => fixed(runs, run => run.cpu.kafka)},
  {head: 'CPU sum', cell: runs => fixed(runs, cpuSum)},
  {head: 'peak MB', cell: runs => whole(runs, run => run.peakRssMb)},
  {head: 'load', cell: runs => fixed(runs, run => run.loadBefore)},
  {head: 'bytes/event', cell: runs => (runs[0] === undefined ? '' : eventBytesText(runs[0].bytesPerEvent))},
]

/** One line for each variant, the median of its runs. */
export function figuresTable(variants: readonly VariantFigures[]): string {
  const rows = variants.map(({variant, runs}) => [variant, ...columns.map(({cell}) => cell(runs))])
  const table = [['', ...columns.map(({head}) => head)], ...rows]
  const widths = table[0]!.map((_, index) => Math.max(...table.map(row => row[index]!.length)))
  const align = (cell: string, index: number) => (index === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[index]!))
  return table.map(row => row.map(align).join('  ').trimEnd()).join('\n')
}

/** Of all three processes: what bounds the rows a second of a machine that does nothing else. */
function cpuSum({cpu}: RunFigures): number | null {
  return cpu.tidemark === null || cpu.mysqld === null || cpu.kafka === null
    ? null
    : cpu.tidemark + cpu.mysqld + cpu.kafka
}

function eventBytesText({key, value, headers}: EventBytes): string {
  return `${Math.round(key)}+${Math.round(value)}+${Math.round(headers)}`
}

function whole(runs: readonly RunFigures[], figure: (run: RunFigures) => number | null): string {
  const values = known(runs, figure)
  return values.length === 0 ? '–' : Math.round(median(values)).toLocaleString('en')
}

function fixed(runs: readonly RunFigures[], figure: (run: RunFigures) => number | null): string {
  const values = known(runs, figure)
  return values.length === 0 ? '–' : median(values).toFixed(2)
}

function known(runs: readonly RunFigures[], figure: (run: RunFigures) => number | null): number[] {
  return runs.map(figure).filter(value => value !== null)
}
