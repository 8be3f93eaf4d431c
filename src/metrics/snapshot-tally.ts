// What the snapshots have come to, for the metrics: told as it happens, per chunk at most, and never reset, not where the
// task begins again inside the process either. Counts begin with what the stored state knows of each table.

import {keyText} from '../snapshot/chunk-key.ts'
import type {KeyValues} from '../snapshot/chunk-key.ts'
import type {SnapshotObserver} from '../snapshot/snapshot-observer.ts'
import {failedTables, isActive} from '../snapshot/snapshot-plan.ts'
import type {SnapshotPlan, TablePlan} from '../snapshot/snapshot-plan.ts'
import type {ChunkRun, TableRun} from '../snapshot/table-run.ts'
import {tableIdText} from '../core/table-id.ts'
import {Histogram, SECONDS_BOUNDS} from '../core/histogram.ts'
import type {ChunkReading, SnapshotReading} from './metrics-reading.ts'

type Ended = NonNullable<SnapshotReading['ended']>

/** What of a table's plan is counted already. */
interface Counted {
  rows: number
  superseded: number
}

interface LastChunk {
  readonly number: number
  readonly from: KeyValues | null
  readonly to: KeyValues
  readonly upTo: KeyValues
}

export class SnapshotTally implements SnapshotObserver {
  readonly #rows = new Map<string, number>()
  readonly #superseded = new Map<string, number>()
  readonly #counted = new WeakMap<TablePlan, Counted>()
  readonly #chunks = new Map<TableRun, LastChunk>()
  readonly #bytes = new Map<string, number>()
  readonly #readTimes = new Histogram(SECONDS_BOUNDS)
  readonly #endedCounts: Record<Ended, number> = {completed: 0, stopped: 0, failed: 0}
  /** Of the start before this one, what is counted of each plan's table: `restored` goes on with it. */
  #carried: Map<string, Counted> | null = null
  /** What is told until the next start has restored them. */
  #suspended: {readonly plans: readonly SnapshotPlan[]; readonly isPaused: boolean} | null = null
  #isSkipped = false
  /** When rows were read or confirmed last, and of which table. */
  #last: {readonly at: number; readonly table: string} | null = null
  /** Snapshots since nothing was under way: those that have not ended, and the tables of the others. */
  #round = new Set<SnapshotPlan>()
  #endedTables = 0
  #lastEnded: Ended | null = null
  #beganAt: number | null = null
  #lastedMs = 0
  #pausedAt: number | null = null
  #pausedMs = 0
  readonly #now: () => number

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** What the stored state holds, before anything is told. */
  restored(plans: readonly SnapshotPlan[], isPaused: boolean): void {
    const goesOn = this.#carried !== null && this.#beganAt !== null
    this.#suspended = null
    this.#round = new Set()
    for (const plan of plans) {
      for (const table of plan.tables) {
        const counted = this.#carried?.get(planText(plan, table))
        if (counted !== undefined) this.#counted.set(table, counted)
        this.#count(table)
      }
      if (isActive(plan) && goesOn) this.#round.add(plan)
      else if (isActive(plan)) this.accepted(plan)
    }
    this.#carried = null
    if (goesOn && this.#round.size === 0) this.#endRound()
    if (!isPaused) this.#endPause()
    const last = plans.at(-1)
    if (last !== undefined && this.#round.size === 0) {
      this.#lastEnded = endedAs(last)
      this.#endedTables = last.tables.length
    }
    if (isPaused) this.paused()
  }

  /** The task ends, and may begin again with these, or with older ones, restored. */
  suspended(plans: readonly SnapshotPlan[], isPaused: boolean): void {
    // A start that was cut off before it has restored them knows nothing of them.
    if (this.#suspended !== null) return
    this.#suspended = {plans: [...plans], isPaused}
    this.#carried = new Map()
    for (const plan of plans) {
      for (const table of plan.tables) {
        this.#count(table)
        this.#carried.set(planText(plan, table), this.#counted.get(table)!)
      }
    }
    this.#chunks.clear()
  }

  /** The task began without copying anything. */
  skipped(): void {
    this.#isSkipped = true
  }

  accepted(plan: SnapshotPlan): void {
    this.#isSkipped = false
    this.#begin()
    this.#round.add(plan)
  }

  chunkRead(chunk: ChunkRun): void {
    const {range, run} = chunk
    this.#count(run.plan) // A copy that began again counts from nothing, as nobody tells of rows before this.
    const {bytes, milliseconds} = chunk.chunk
    this.#bytes.set(run.text, (this.#bytes.get(run.text) ?? 0) + bytes.byteLength)
    this.#readTimes.observe(milliseconds / 1000)
    this.#last = {at: this.#now(), table: run.text}
    const before = range.chunks[range.chunks.indexOf(chunk) - 1]
    this.#chunks.set(run, {
      number: (this.#chunks.get(run)?.number ?? run.plan.chunksDone) + 1,
      from: before === undefined ? range.plan.after : before.chunk.end,
      to: chunk.chunk.end ?? range.plan.upTo,
      upTo: run.plan.ranges?.at(-1)?.upTo ?? range.plan.upTo,
    })
  }

  progressed(run: TableRun): void {
    this.#last = {at: this.#now(), table: run.text}
    this.#count(run.plan)
  }

  tableEnded(run: TableRun): void {
    this.#count(run.plan)
    this.#chunks.delete(run)
  }

  paused(): void {
    this.#pausedAt ??= this.#now()
  }

  resumed(plans: readonly SnapshotPlan[]): void {
    this.#endPause()
    // What had failed and goes on is under way again.
    for (const plan of plans) {
      if (this.#round.has(plan)) continue
      this.#begin()
      this.#round.add(plan)
    }
  }

  snapshotEnded(plan: SnapshotPlan): void {
    for (const table of plan.tables) this.#count(table)
    const ended = endedAs(plan)
    if (ended !== null) this.#endedCounts[ended]++
    this.#lastEnded = ended
    if (!this.#round.delete(plan)) return
    this.#endedTables += plan.tables.length
    if (this.#round.size === 0) this.#endRound()
  }

  #endRound(): void {
    this.#endPause()
    this.#lastedMs = this.#now() - (this.#beganAt ?? this.#now())
    this.#beganAt = null
  }

  /** Everything as it is now; `current` are the plans that the coordinator keeps. */
  read(current: readonly SnapshotPlan[], isPausedNow: boolean): SnapshotReading {
    const {plans, isPaused} = this.#suspended ?? {plans: current, isPaused: isPausedNow}
    const active = plans.some(isActive)
    const states = tableStates(plans)
    const now = this.#now()
    const remaining = states.waiting + states.running + states.failed
    const inRound = [...this.#round].reduce((sum, plan) => sum + plan.tables.length, this.#endedTables)
    return {
      isRunning: active && !isPaused,
      isPaused,
      isSkipped: this.#isSkipped && !active && this.#lastEnded === null,
      sinceLastEventMs: this.#last === null ? null : Math.round(now - this.#last.at),
      lastTable: this.#last?.table ?? null,
      bytesRead: this.#bytes,
      chunkReadSeconds: this.#readTimes,
      tableChunks: chunksByTable(plans.filter(isActive)),
      ended: active ? null : this.#lastEnded,
      endedCounts: this.#endedCounts,
      // What failed in an earlier round remains, too.
      tables: {total: Math.max(inRound, remaining), remaining, ...states},
      rowsScanned: this.#rows,
      superseded: this.#superseded,
      chunks: [...this.#chunks].map(([run, chunk]) => chunkReading(run, chunk)),
      durationSeconds: (this.#beganAt === null ? this.#lastedMs : now - this.#beganAt) / 1000,
      pausedSeconds: (this.#pausedMs + (this.#pausedAt === null ? 0 : now - this.#pausedAt)) / 1000,
    }
  }

  #begin(): void {
    if (this.#round.size > 0) return
    this.#endedTables = 0
    this.#beganAt = this.#now()
    this.#pausedMs = 0
  }

  #endPause(): void {
    if (this.#pausedAt === null) return
    this.#pausedMs += this.#now() - this.#pausedAt
    this.#pausedAt = null
  }

  // A table that begins again with another key counts anew, on top of what was read before.
  #count(table: TablePlan): void {
    const text = tableIdText(table.table)
    const counted = this.#counted.get(table) ?? {rows: 0, superseded: 0}
    const rows = Math.max(0, table.rowsDone - counted.rows)
    const superseded = Math.max(0, table.superseded - counted.superseded)
    this.#rows.set(text, (this.#rows.get(text) ?? 0) + rows)
    this.#superseded.set(text, (this.#superseded.get(text) ?? 0) + superseded)
    this.#counted.set(table, {rows: table.rowsDone, superseded: table.superseded})
  }
}

function planText({id}: SnapshotPlan, {table}: TablePlan): string {
  return JSON.stringify([id, tableIdText(table)])
}

// Several snapshots may have the same table.
function chunksByTable(plans: readonly SnapshotPlan[]): SnapshotReading['tableChunks'] {
  const sums = new Map<string, SnapshotReading['tableChunks'][number]>()
  for (const {table, done, total} of plans.flatMap(({tables}) => tables.map(chunksOf))) {
    const {done: doneBefore, total: totalBefore} = sums.get(table) ?? {done: 0, total: 0}
    sums.set(table, {table, done: doneBefore + done, total: totalBefore + total})
  }
  return [...sums.values()]
}

// How many there will be is estimated from the rows of those so far.
function chunksOf({
  table,
  chunksDone,
  rowsDone,
  rowsEstimated,
  state,
}: TablePlan): SnapshotReading['tableChunks'][number] {
  const rowsLeft = Math.max(0, rowsEstimated - rowsDone)
  const isOver = state !== 'waiting' && state !== 'running'
  const left = isOver || rowsDone === 0 ? 0 : Math.ceil((rowsLeft * chunksDone) / rowsDone)
  return {table: tableIdText(table), done: chunksDone, total: chunksDone + left}
}

function endedAs({state}: SnapshotPlan): Ended | null {
  return state === 'completed' || state === 'stopped' || state === 'failed' ? state : null
}

// A failed table is still to be copied, by resume-snapshot or by a later snapshot, whichever has copied it first.
function tableStates(plans: readonly SnapshotPlan[]): {waiting: number; running: number; failed: number} {
  const tables = plans.flatMap(plan => plan.tables)
  const count = (state: TablePlan['state']): number => tables.filter(table => table.state === state).length
  return {waiting: count('waiting'), running: count('running'), failed: failedTables(plans).length}
}

function chunkReading(run: TableRun, chunk: LastChunk): ChunkReading {
  return {
    id: `${run.snapshot.id}/${run.text}/${chunk.number}`,
    table: run.text,
    chunkFrom: chunk.from === null ? '' : keyText(chunk.from),
    chunkTo: keyText(chunk.to),
    tableFrom: '',
    tableTo: keyText(chunk.upTo),
  }
}
