// A snapshot in simulated time: a reader and an outlet that share a processor, or wait for a sink, copy tables whose sizes
// the server estimates wrongly. Says at each look what time left is shown and what really is.

import type {ChunkRun, TableRun} from '../../src/snapshot/table-run.ts'
import {SnapshotTimeLeft} from '../../src/snapshot/snapshot-time-left.ts'
import {plan, tableRun} from './snapshot-parts.ts'

export interface SimulatedTable {
  readonly rows: number
  readonly rowsEstimated: number
  readonly rowBytes: number
}

export interface SimulatedCopy {
  readonly tables: readonly SimulatedTable[]
  /** Event bytes that a processor reads and sends in a second, if it does nothing else; at this moment. */
  readonly bytesPerSecond: (seconds: number) => number
  /** Of a row's work that is reading. */
  readonly readShare: number
  /** Of the processor that reading takes while there is something to send, too. */
  readonly readerTakes: number
  /** What the sink takes; default: anything. */
  readonly sinkBytesPerSecond?: number
  /** Rows that are read ahead at most. */
  readonly rowsAhead: number
}

export interface Look {
  /** Of all rows, those that are acknowledged. */
  readonly done: number
  readonly shown: number | null
  readonly left: number
}

const STEP_SECONDS = 0.02
const LOOK_SECONDS = 0.5
const CHUNK_ROWS = 2_000
const EVENT_BYTES = 400

export function simulateCopy(copy: SimulatedCopy): readonly Look[] {
  let now = 0
  let ahead = 0
  const timeLeft = new SnapshotTimeLeft(
    () => ahead >= copy.rowsAhead,
    () => now * 1000,
  )
  const names = copy.tables.map((_, i) => `t${i}`)
  const snapshot = plan(names)
  const runs = copy.tables.map(({rows, rowsEstimated, rowBytes}, index) => {
    const run = tableRun(snapshot, {index, ranges: [{after: null, upTo: [String(rows)], done: false}]})
    Object.assign(run.plan, {rowsEstimated})
    run.rowBytes = rowBytes
    return run
  })
  const reader = new Part(copy.tables)
  const outlet = new Part(copy.tables)
  const looks: {at: number; done: number; shown: number | null}[] = []
  const total = copy.tables.reduce((sum, {rows}) => sum + rows, 0)
  while (!outlet.isDone) {
    now += STEP_SECONDS
    const bytes = copy.bytesPerSecond(now) * STEP_SECONDS
    const mayRead = !reader.isDone && ahead < copy.rowsAhead
    const takes = !mayRead ? 0 : ahead === 0 ? 1 : copy.readerTakes
    for (const {table, rows} of reader.work((bytes * takes) / copy.readShare)) {
      ahead += rows
      const chunk = {run: runs[table]!, chunk: {rows}} as ChunkRun
      runs[table]!.ranges[0]!.chunks.push(chunk)
      timeLeft.chunkRead(chunk)
    }
    const sent = (bytes * (1 - takes)) / (1 - copy.readShare)
    const most = (copy.sinkBytesPerSecond ?? Infinity) * STEP_SECONDS
    for (const {table, rows} of outlet.work(Math.min(sent, most), ahead)) {
      ahead -= rows
      acknowledge(runs[table]!, rows, copy.tables[table]!.rows)
      timeLeft.progressed(runs[table]!)
      if (!runs[table]!.active) timeLeft.tableEnded(runs[table]!)
    }
    const looked = looks.at(-1)?.at ?? 0
    if (now - looked < LOOK_SECONDS) continue
    const done = runs.reduce((sum, run) => sum + run.plan.rowsDone, 0) / total
    looks.push({at: now, done, shown: timeLeft.seconds(runs)})
  }
  return looks.map(({at, done, shown}) => ({done, shown, left: now - at}))
}

function acknowledge(run: TableRun, rows: number, of: number): void {
  run.ranges[0]!.chunks.shift()
  run.plan.rowsDone += rows
  run.plan.ranges![0]!.after = [String(run.plan.rowsDone)]
  run.noteProgress()
  if (run.plan.rowsDone >= of) run.plan.state = 'done'
}

/** The reader, or the outlet: one chunk after the other, table after table. */
class Part {
  readonly #tables: readonly SimulatedTable[]
  #table = 0
  #rows = 0
  #bytes = 0

  constructor(tables: readonly SimulatedTable[]) {
    this.#tables = tables
  }

  get isDone(): boolean {
    return this.#table >= this.#tables.length
  }

  /** Chunks that so many bytes more are enough for, of `most` rows together. */
  *work(bytes: number, most = Infinity): Generator<{readonly table: number; readonly rows: number}> {
    this.#bytes += bytes
    for (let left = most; !this.isDone;) {
      const {rows, rowBytes} = this.#tables[this.#table]!
      const chunk = Math.min(CHUNK_ROWS, rows - this.#rows)
      const cost = chunk * (rowBytes + EVENT_BYTES)
      if (chunk > left) this.#bytes = Math.min(this.#bytes, cost)
      if (chunk > left || this.#bytes < cost) return
      this.#bytes -= cost
      left -= chunk
      yield {table: this.#table, rows: chunk}
      this.#rows += chunk
      if (this.#rows < rows) continue
      this.#table++
      this.#rows = 0
    }
  }
}
