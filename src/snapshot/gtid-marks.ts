// Watermarks for servers that nobody may write to: mark n is the set of GTIDs that the server had executed when it was
// taken. A GTID enters that set only after its transaction is visible, so what is in the set a SELECT sees.
//
// Low: a transaction in the low set of a chunk is visible to its SELECT, so its notes do not supersede the chunk's rows;
// any other's do. High: a window closes when the stream has finished every transaction of the high set.
//
// The trap: the server sends a transaction to its replicas, and so to us, before it is visible (between sync and engine
// commit; for long under semi-sync). So a set is taken again until it holds everything that the stream had received
// when the mark was asked for, and what the stream receives while a set is being taken supersedes rows read behind it.
//
// GTIDs of several servers may come in any order: membership in a set decides, never order.

import type {GtidSet} from '../core/gtid-set.ts'
import {MarkSequence} from './mark-sequence.ts'
import type {MarkSequenceOptions} from './mark-sequence.ts'
import type {Watermarks} from './watermarks.ts'

export interface GtidMarksOptions extends Omit<MarkSequenceOptions, 'issue'> {
  /** `@@GLOBAL.gtid_executed` of the very server whose binlog is read. Rejects where the connection is to another one. */
  readonly readExecuted: () => Promise<GtidSet>
  /** Transactions that the stream has finished, as a copy. */
  readonly finished: () => GtidSet
  /** The transaction that the stream is in or will resume in, or null. */
  readonly open: () => {readonly sid: string; readonly gno: number} | null
  /** What the server has purged by now and would never send any more, given where the stream is. */
  readonly readNeverComing: () => Promise<GtidSet>
  /** The stream has passed mark `number`. */
  readonly onPassed: (number: number) => void
}

/** A set is taken again after this while it lacks something that the stream has received. */
const TAKE_AGAIN_MS = 2
const TAKE_AGAIN_AT_MOST_MS = 50
/** A mark that waits for so long is looked at: the server may have purged what it waits for. */
const STUCK_MS = 5_000
/** After so long it is worth a word. */
const OVERDUE_MS = 30_000
/** Marks that the stream has yet to pass of which the sets are kept; older ones are taken as lacking everything. */
const SETS_KEPT = 256
/** Of a set that something waits for, so much is shown. */
const SHOWN_CHARACTERS = 200

interface TakenSet {
  readonly number: number
  readonly set: GtidSet
  /** performance.now() */
  readonly takenAt: number
}

export class GtidMarks implements Watermarks {
  readonly #sequence: MarkSequence
  readonly #options: GtidMarksOptions
  /** Committed marks that the stream has not passed, oldest first. */
  #ahead: TakenSet[] = []
  /** What the stream must finish to pass the oldest of them. */
  #missing: GtidSet | null = null
  #missingCount = 0
  #missingSince = 0
  /** What the set that is being taken still lacks, and since when. */
  #invisible: {set: GtidSet; since: number} | null = null
  /** What marks have waited for in vain. */
  #gone: GtidSet | null = null
  #generation = 0

  constructor(options: GtidMarksOptions) {
    this.#options = options
    this.#sequence = new MarkSequence({...options, issue: (_number, signal) => this.#take(signal)})
  }

  get committed(): number {
    return this.#sequence.committed
  }

  get shared(): Int32Array {
    return this.#sequence.shared
  }

  get unseenMs(): number {
    return this.#sequence.unseenMs
  }

  get problem(): string | null {
    if (this.#sequence.problem !== null) return this.#sequence.problem
    const now = performance.now()
    if (this.#invisible !== null && now - this.#invisible.since >= OVERDUE_MS) {
      const seconds = Math.round((now - this.#invisible.since) / 1000)
      return (
        `the binlog has brought ${shown(this.#invisible.set)}, but the server does not show it as executed for ${seconds} s: ` +
        'its commit waits for a semi-sync acknowledgement, or for an earlier transaction on a replica'
      )
    }
    const oldest = this.#ahead[0]
    if (oldest === undefined || this.#missing === null || now - oldest.takenAt < OVERDUE_MS) return null
    const seconds = Math.round((now - oldest.takenAt) / 1000)
    return `the server has executed ${shown(this.#missing)}, which has not come by in the binlog for ${seconds} s: the stream is behind`
  }

  request(promptly = false): number {
    return this.#sequence.request(promptly)
  }

  whenCommitted(number: number, signal: AbortSignal): Promise<void> {
    return this.#sequence.whenCommitted(number, signal)
  }

  seen(number: number): void {
    this.#sequence.seen(number)
  }

  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#sequence.run(signal), this.#mendStuck(signal)])
  }

  /**
   * The place of the notes of a transaction: the last mark whose set does not show it. It supersedes what was read behind
   * that mark or an earlier one. Never too low; where the answer is not known, as high as it can be.
   */
  placeOf(sid: string, gno: number): number {
    const ahead = this.#ahead
    // The sets grow with their numbers, so the first that has it is found by halves.
    let low = 0
    let high = ahead.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (ahead[middle]!.set.has(sid, gno)) high = middle
      else low = middle + 1
    }
    return low === ahead.length ? this.#sequence.issued : ahead[low]!.number - 1
  }

  /** True while a mark waits for the stream, so that `finished` must be told. */
  get isAhead(): boolean {
    return this.#missing !== null
  }

  /** The stream has finished a transaction. */
  finished(sid: string, gno: number): void {
    if (this.#missing?.has(sid, gno) !== true) return
    if (--this.#missingCount === 0) this.#advance()
  }

  /** The stream comes from another server: nothing that was known of the former one's sets holds there. */
  serverChanged(): void {
    this.#generation++
    const last = this.#ahead.at(-1)
    this.#ahead = []
    this.#missing = null
    this.#gone = null
    // Windows up to here are read again, behind a mark that is issued from now on.
    if (last !== undefined) this.#options.onPassed(last.number)
  }

  async #take(signal: AbortSignal): Promise<void> {
    const generation = this.#generation
    const number = this.#sequence.issued
    const received = this.#received()
    const since = performance.now()
    try {
      for (let waitMs = TAKE_AGAIN_MS; ; waitMs = Math.min(TAKE_AGAIN_AT_MOST_MS, waitMs * 2)) {
        const set = await this.#options.readExecuted()
        if (generation !== this.#generation) throw new Error('the stream went over to another server')
        if (set.contains(received)) {
          const coming = this.#gone === null ? set : set.subtract(this.#gone)
          this.#taken({number, set: coming, takenAt: performance.now()})
          return
        }
        this.#invisible = {set: received.subtract(set), since}
        await this.#options.delay(waitMs, signal)
        if (signal.aborted) throw new Error('aborted')
      }
    } finally {
      this.#invisible = null
    }
  }

  #received(): GtidSet {
    const received = this.#options.finished()
    const open = this.#options.open()
    if (open !== null && open.sid !== '') received.add(open.sid, open.gno)
    return received
  }

  #taken(taken: TakenSet): void {
    this.#ahead.push(taken)
    if (this.#ahead.length > SETS_KEPT) this.#ahead.splice(1, 1)
    if (this.#missing === null) this.#advance()
  }

  /** Passes the oldest marks of which the stream has finished everything, and sees what the next one waits for. */
  #advance(): void {
    const finished = this.#ahead.length === 0 ? null : this.#options.finished()
    this.#missing = null
    let passed = 0
    while (finished !== null && this.#ahead.length > 0) {
      const {number, set} = this.#ahead[0]!
      const missing = set.subtract(finished)
      if (!missing.isEmpty) {
        this.#missing = missing
        this.#missingCount = missing.count
        this.#missingSince = performance.now()
        break
      }
      this.#ahead.shift()
      passed = number
    }
    if (passed > 0) this.#options.onPassed(passed)
  }

  // What the server has executed may never come: it was purged by hand, or set as purged while we stream.
  async #mendStuck(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#options.delay(STUCK_MS, signal).catch(() => undefined)
      if (signal.aborted || this.#missing === null || performance.now() - this.#missingSince < STUCK_MS) continue
      const generation = this.#generation
      const gone = await this.#options.readNeverComing().catch(() => null)
      if (gone === null || generation !== this.#generation || gone.isEmpty) continue
      this.#gone = this.#gone?.union(gone) ?? gone
      this.#ahead = this.#ahead.map(taken => ({...taken, set: taken.set.subtract(gone)}))
      this.#advance()
    }
  }
}

function shown(set: GtidSet): string {
  const text = set.toString()
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text
}
