// How long a snapshot takes, from what a few of its chunks took; pure. Reading, building events and the sink work side by
// side, so a table takes as long as the slowest of the three, and tables follow one another.

/** What a table's rows cost, each step alone. */
export interface TableCost {
  readonly rows: number
  /** A chunk's SELECT until its rows are encoded, for each row. */
  readonly readSecondsPerRow: number
  /** Envelope, batch and compression. */
  readonly buildSecondsPerRow: number
  /** Bytes that the sink gets for each row, before compression. */
  readonly sinkBytesPerRow: number
  /** True where one SELECT reads the whole table, however many lanes there are. */
  readonly isOneRead: boolean
}

export interface SnapshotPace {
  /** Chunks read side by side. */
  readonly lanes: number
  readonly sinkBytesPerSecond: number | null
  readonly sinkRowsPerSecond: number | null
  /** The limit that is configured, or set on the running task. */
  readonly maxRowsPerSecond: number | null
  /** Processors that reading, building and MySQL share; null: MySQL runs elsewhere. */
  readonly sharedProcessors: number | null
}

/**
 * What a snapshot waits for before its first row and behind its last one: marks, topics, and the code's compilation, which makes
 * the first second of a process that has copied nothing yet worth half of a later one.
 */
export const START_AND_END_SECONDS = 1.3

/** Of a table that one SELECT reads, beside it: its lock, its read view, and a stream of its own that begins and ends. */
export const ONE_READ_SECONDS = 0.5

export type Bottleneck = 'reading' | 'events' | 'sink' | 'limit' | 'processors'

export interface TableDuration {
  readonly seconds: number
  readonly bottleneck: Bottleneck
}

export function tableDuration(cost: TableCost, pace: SnapshotPace): TableDuration {
  const {rows} = cost
  const perRow = (rowsPerSecond: number | null): number => (rowsPerSecond === null ? 0 : rows / rowsPerSecond)
  const reading = rows * cost.readSecondsPerRow
  const events = rows * cost.buildSecondsPerRow
  const bytes = pace.sinkBytesPerSecond === null ? 0 : (rows * cost.sinkBytesPerRow) / pace.sinkBytesPerSecond
  const steps: readonly (readonly [Bottleneck, number])[] = [
    ['reading', reading / (cost.isOneRead ? 1 : pace.lanes)],
    ['events', events],
    ['sink', Math.max(bytes, perRow(pace.sinkRowsPerSecond))],
    ['limit', perRow(pace.maxRowsPerSecond)],
    // With several lanes on few processors the work itself is what takes the time.
    ['processors', pace.sharedProcessors === null ? 0 : (reading + events) / pace.sharedProcessors],
  ]
  const [bottleneck, seconds] = steps.reduce((slowest, step) => (step[1] > slowest[1] ? step : slowest))
  return {seconds: seconds + (cost.isOneRead ? ONE_READ_SECONDS : 0), bottleneck}
}

/** The mean without the fastest and the slowest quarter, of three the middle one: chance is not the rule. 0 of none. */
export function usual(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const left = sorted.length < 3 ? 0 : Math.round(sorted.length / 4)
  const kept = sorted.slice(left, sorted.length - left)
  return kept.length === 0 ? 0 : kept.reduce((sum, value) => sum + value, 0) / kept.length
}
