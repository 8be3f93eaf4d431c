// Signals and snapshots as an operator sees them, in the log: every signal is answered, and acted on once, and every
// accepted snapshot ends once, whatever crashed in between.

import {isActive} from '../../src/snapshot/snapshot-plan.ts'
import type {Checkpoint} from '../../src/state/checkpoint.ts'
import {promise} from './broken-promise.ts'
import type {HistoryRow} from './history.ts'
import type {Workload} from './workload.ts'

const ENDS = ['snapshot done', 'snapshot stopped', 'snapshot failed']

interface LogFields {
  readonly signal?: string
  readonly snapshot?: string
  readonly result?: string
  readonly type?: string
  readonly reason?: string | null
}

export class SignalJudge {
  readonly #workload: Workload
  /** The last answer to each signal that is more than "received before". */
  readonly answers = new Map<string, string>()
  /** Those that this process had answered when the state was collected that is stored next. */
  #answeredThen: ReadonlySet<string> = new Set()
  readonly #answeredNow = new Set<string>()
  /** Signals that a stored state counts as dealt with. */
  readonly #settled = new Set<string>()
  /** Snapshots that a stored state knows, and those that it calls ended. */
  readonly #stored = new Set<string>()
  readonly #storedEnds = new Set<string>()
  /** Signals from before the stream began: nobody reads them. */
  #early: Set<string> | null = null
  /** Snapshots that this process has accepted or taken up again and not ended. */
  readonly #open = new Set<string>()
  /** The pause-snapshot that holds the snapshots. */
  #pausedBy: string | null = null
  /** This process began with paused snapshots, and nothing has let them go on. */
  #isHeld = false

  constructor(workload: Workload) {
    this.#workload = workload
  }

  /** A process begins with this state. */
  began(checkpoint: Checkpoint | null): void {
    this.#answeredNow.clear()
    this.#answeredThen = new Set()
    this.#open.clear()
    for (const plan of checkpoint?.snapshots ?? []) if (isActive(plan)) this.#open.add(plan.id)
    if (this.#pausedBy !== null && !this.#settled.has(this.#pausedBy)) this.#pausedBy = null
    this.#isHeld = this.#pausedBy !== null && this.#open.size > 0
  }

  /** A read event has landed. */
  read(what: string): void {
    promise(!this.#isHeld, () => `${what} comes though the snapshots were paused before the restart`)
  }

  logged(fields: LogFields, sentence: string): void {
    const {signal = '', snapshot = '', result = '', reason} = fields
    if (/^signal (accepted|rejected|ignored)$/.test(sentence) && reason !== 'this very signal was received before') {
      promise(
        !this.#settled.has(signal),
        () => `${signal} was dealt with, as a stored state says, and is now ${result}`,
      )
      this.answers.set(signal, result)
      this.#answeredNow.add(signal)
      if (fields.type === 'pause-snapshot' && result === 'accepted') this.#pausedBy = signal
    }
    if (sentence === 'snapshot accepted') {
      promise(!this.#stored.has(snapshot), () => `${snapshot} is accepted once more`)
      this.#open.add(snapshot)
    }
    if (sentence === 'snapshot resumed') this.#open.add(snapshot)
    // Where all that were paused have ended, later ones are not held.
    if (sentence === 'snapshot resumed' || ENDS.includes(sentence)) {
      this.#isHeld = false
      this.#pausedBy = null
    }
    if (ENDS.includes(sentence)) {
      promise(this.#open.delete(snapshot), () => `${sentence}: ${snapshot} had ended or was never accepted`)
      promise(
        !this.#storedEnds.has(snapshot),
        () => `${sentence}: ${snapshot} had ended before, as a stored state says`,
      )
    }
  }

  /** A state is collected: signals answered before are part of it. */
  collected(): void {
    this.#answeredThen = new Set(this.#answeredNow)
  }

  saved(checkpoint: Checkpoint, passed: (row: Pick<HistoryRow, 'transaction' | 'row'>) => boolean): void {
    for (const plan of checkpoint.snapshots) {
      this.#stored.add(plan.id)
      if (plan.state === 'completed' || plan.state === 'stopped') this.#storedEnds.add(plan.id)
    }
    const {signals} = this.#workload
    this.#early ??= new Set(signals.filter(({transaction}) => passed({transaction, row: 0})).map(({id}) => id))
    const pending = new Set(checkpoint.signals.pending.map(({id}) => id))
    for (const {id, transaction} of signals) {
      if (!this.#early.has(id) && passed({transaction, row: 0}) && !pending.has(id)) {
        promise(this.answers.has(id), () => `the stored state has passed ${id}, which was not answered`)
        this.#settled.add(id)
      }
    }
    for (const id of this.#answeredThen) if (!pending.has(id)) this.#settled.add(id)
  }

  ended(checkpoint: Checkpoint): void {
    promise(!checkpoint.snapshots.some(isActive), () => 'a snapshot has not ended')
    for (const {id, type} of this.#workload.signals) {
      if (this.#early?.has(id) === true) continue
      const answer = this.answers.get(id)
      promise(answer !== undefined, () => `${id} was never answered`)
      if (type !== 'execute-snapshot' || answer !== 'accepted') continue
      promise(
        checkpoint.snapshots.some(plan => plan.id === id),
        () => `${id} was accepted, and its snapshot is not there`,
      )
    }
  }
}
