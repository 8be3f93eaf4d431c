// What a task has come to since the process began, however often it began again inside it: each start has an engine of
// its own, whose counters are added up here when it ends.

import {SnapshotTally} from '../metrics/snapshot-tally.ts'
import {StreamTally} from '../stream/stream-tally.ts'
import type {Engine} from './engine.ts'

export interface EngineCounts {
  readonly eventsEmitted: number
  readonly notesOverflowed: number
  /** By table. */
  readonly rowsLeftOut: ReadonlyMap<string, number>
  /** By `channel,result`. */
  readonly signals: ReadonlyMap<string, number>
}

const NOTHING: EngineCounts = {eventsEmitted: 0, notesOverflowed: 0, rowsLeftOut: new Map(), signals: new Map()}

export class TaskTally {
  readonly snapshots = new SnapshotTally()
  readonly stream = new StreamTally()
  #before = NOTHING
  #current: Engine | null = null

  begun(engine: Engine): void {
    this.#current = engine
  }

  /** Nothing is counted by the engine any more. May be called twice. */
  ended(): void {
    if (this.#current === null) return
    const {coordinator} = this.#current
    this.snapshots.suspended(coordinator?.plans ?? [], coordinator?.paused ?? false)
    this.#before = this.counts
    this.#current = null
  }

  get counts(): EngineCounts {
    if (this.#current === null) return this.#before
    const {emitter, notes, failing, signals} = this.#current
    const before = this.#before
    return {
      eventsEmitted: before.eventsEmitted + emitter.eventsEmitted,
      notesOverflowed: before.notesOverflowed + notes.overflows,
      rowsLeftOut: added(before.rowsLeftOut, failing?.counts ?? NOTHING.rowsLeftOut),
      signals: added(before.signals, signals.counts),
    }
  }
}

function added(before: ReadonlyMap<string, number>, now: ReadonlyMap<string, number>): Map<string, number> {
  const sum = new Map(before)
  for (const [key, count] of now) sum.set(key, (sum.get(key) ?? 0) + count)
  return sum
}
