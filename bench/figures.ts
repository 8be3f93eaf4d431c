// What a run measured, and how it is shown.

export interface RunFigures {
  readonly type: 'rows'
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
  readonly cpu: {readonly task: number | null; readonly mysqld: number | null; readonly kafka: number | null}
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

/** Milliseconds from the commit's return to the writer. */
export interface Latencies {
  readonly p50: number
  readonly p99: number
  readonly max: number
  readonly changes: number
}

/** One run: the idle task, then the same task during snapshots. */
export interface LatencyFigures {
  readonly type: 'latency'
  /** Until a consumer has the event. */
  readonly idle: Latencies
  readonly duringSnapshot: Latencies
  /** Until the broker has appended it, which is when it is acknowledged; the broker counts whole milliseconds. */
  readonly idleToAck: Latencies
  readonly duringSnapshotToAck: Latencies
  /** The same while the parallel reader copies the table; null where there is none. */
  readonly duringParallel: Latencies | null
  readonly duringParallelToAck: Latencies | null
  /** Rows copied meanwhile. */
  readonly snapshotRows: number
  readonly peakRssMb: number | null
  readonly verified: string
}

/** One start of the process on an empty state. */
export interface StartFigures {
  readonly type: 'start'
  readonly seconds: number
}

export type Figures = RunFigures | LatencyFigures | StartFigures

export interface VariantFigures {
  readonly case: string
  readonly variant: string
  readonly contender: string
  readonly runs: readonly Figures[]
}

/** Of unsorted values, by the nearest rank. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? Number.NaN
}

export function latencies(values: readonly number[]): Latencies {
  return {
    p50: percentile(values, 50),
    p99: percentile(values, 99),
    max: percentile(values, 100),
    changes: values.length,
  }
}

export function rowRuns({runs}: VariantFigures): RunFigures[] {
  return runs.filter(run => run.type === 'rows')
}

export function latencyRuns({runs}: VariantFigures): LatencyFigures[] {
  return runs.filter(run => run.type === 'latency')
}

export function startRuns({runs}: VariantFigures): StartFigures[] {
  return runs.filter(run => run.type === 'start')
}

/** Of an odd number the middle one, of an even number the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  if (sorted.length === 0) return Number.NaN
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

interface Column<T> {
  readonly head: string
  readonly cell: (runs: readonly T[]) => string
}

const rowColumns: readonly Column<RunFigures>[] = [
  {head: 'rows', cell: runs => whole(runs, run => run.rows)},
  {head: 'rows/s', cell: runs => whole(runs, run => run.rowsPerSecond)},
  {head: 'MB/s', cell: runs => whole(runs, run => run.megabytesPerSecond)},
  {head: 'seconds', cell: runs => fixed(runs, run => run.seconds)},
  {head: 'with start', cell: runs => fixed(runs, run => run.wholeSeconds)},
  {head: 'CPU task', cell: runs => fixed(runs, run => run.cpu.task)},
  {head: 'mysqld', cell: runs => fixed(runs, run => run.cpu.mysqld)},
  {head: 'kafka', cell: runs => fixed(runs, run => run.cpu.kafka)},
  {head: 'CPU sum', cell: runs => fixed(runs, cpuSum)},
  {head: 'peak MB', cell: runs => whole(runs, run => run.peakRssMb)},
  {head: 'load', cell: runs => fixed(runs, run => run.loadBefore)},
  {head: 'bytes/event', cell: runs => (runs[0] === undefined ? '' : eventBytesText(runs[0].bytesPerEvent))},
]

const latencyColumns: readonly Column<LatencyFigures>[] = [
  {head: 'idle p50 ms', cell: runs => fixed(runs, run => run.idle.p50)},
  {head: 'p99', cell: runs => fixed(runs, run => run.idle.p99)},
  {head: 'max', cell: runs => fixed(runs, run => run.idle.max)},
  {head: 'in snapshot p50', cell: runs => fixed(runs, run => run.duringSnapshot.p50)},
  {head: 'p99', cell: runs => fixed(runs, run => run.duringSnapshot.p99)},
  {head: 'to ack p50', cell: runs => fixed(runs, run => run.duringSnapshotToAck.p50)},
  {head: 'p99', cell: runs => fixed(runs, run => run.duringSnapshotToAck.p99)},
  {head: 'parallel p50', cell: runs => fixed(runs, run => run.duringParallel?.p50 ?? null)},
  {head: 'p99', cell: runs => fixed(runs, run => run.duringParallel?.p99 ?? null)},
  {head: 'to ack p50', cell: runs => fixed(runs, run => run.duringParallelToAck?.p50 ?? null)},
  {head: 'p99', cell: runs => fixed(runs, run => run.duringParallelToAck?.p99 ?? null)},
  {head: 'changes', cell: runs => whole(runs, run => run.idle.changes + run.duringSnapshot.changes)},
  {head: 'peak MB', cell: runs => whole(runs, run => run.peakRssMb)},
]

const startColumns: readonly Column<StartFigures>[] = [
  {head: 'starts', cell: runs => String(runs.length)},
  {head: 'median s', cell: runs => fixed(runs, run => run.seconds)},
  {head: 'fastest', cell: runs => Math.min(...runs.map(run => run.seconds)).toFixed(2)},
  {head: 'slowest', cell: runs => Math.max(...runs.map(run => run.seconds)).toFixed(2)},
]

/** One line for each variant and contender, the median of its runs; a table for each kind of figures. */
export function figuresTable(variants: readonly VariantFigures[]): string {
  return [
    tableOf(variants, rowRuns, rowColumns),
    tableOf(variants, latencyRuns, latencyColumns),
    tableOf(variants, startRuns, startColumns),
  ]
    .filter(table => table !== null)
    .join('\n\n')
}

function tableOf<T>(
  variants: readonly VariantFigures[],
  runsOf: (variant: VariantFigures) => readonly T[],
  columns: readonly Column<T>[],
): string | null {
  const several = new Set(variants.map(({contender}) => contender)).size > 1
  const rows = variants
    .filter(variant => runsOf(variant).length > 0)
    .map(variant => {
      const name = several ? `${variant.variant}: ${variant.contender}` : variant.variant
      return [name, ...columns.map(({cell}) => cell(runsOf(variant)))]
    })
  if (rows.length === 0) return null
  const table = [['', ...columns.map(({head}) => head)], ...rows]
  const widths = table[0]!.map((_, index) => Math.max(...table.map(row => row[index]!.length)))
  const align = (cell: string, index: number) => (index === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[index]!))
  return table.map(row => row.map(align).join('  ').trimEnd()).join('\n')
}

/** Of all three processes: what bounds the rows a second of a machine that does nothing else. */
function cpuSum({cpu}: RunFigures): number | null {
  return cpu.task === null || cpu.mysqld === null || cpu.kafka === null ? null : cpu.task + cpu.mysqld + cpu.kafka
}

function eventBytesText({key, value, headers}: EventBytes): string {
  return `${Math.round(key)}+${Math.round(value)}+${Math.round(headers)}`
}

function whole<T>(runs: readonly T[], figure: (run: T) => number | null): string {
  const values = known(runs, figure)
  return values.length === 0 ? '–' : Math.round(median(values)).toLocaleString('en')
}

function fixed<T>(runs: readonly T[], figure: (run: T) => number | null): string {
  const values = known(runs, figure)
  return values.length === 0 ? '–' : median(values).toFixed(2)
}

function known<T>(runs: readonly T[], figure: (run: T) => number | null): number[] {
  return runs.map(figure).filter(value => value !== null)
}
