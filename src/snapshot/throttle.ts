// The gate before every chunk: it lets a SELECT begin when the limits on rows a second, of all snapshots together and of
// the snapshot itself, allow it, and a query of the operator's does not say to wait. Who is not let in waits, outside of
// everything that others need: no bytes are held, no SELECT runs, and the stream does not notice.

import type {Log} from '../core/log.ts'
import {describeError} from '../core/tidemark-error.ts'
import {Pace} from './pace.ts'
import type {SnapshotPlan} from './snapshot-plan.ts'

export interface ThrottleLimits {
  /** Rows a second of all snapshots together; null: no limit. */
  readonly maxRowsPerSecond: number | null
  /** A SELECT that says to wait; null: none. */
  readonly query: string | null
}

/** Null: go on. Otherwise why to wait, such as `returned 1`. Rejects where the query fails. */
export type AskToWait = (query: string) => Promise<string | null>

export interface SnapshotThrottleOptions {
  readonly limits: ThrottleLimits
  readonly ask: AskToWait
  readonly log: Log
  /** Milliseconds that never go back. */
  readonly now: () => number
  /** Calls once; what it returns takes that back. */
  readonly setTimer: (run: () => void, ms: number) => () => void
}

/** Rows that a chunk was let in with; what it really reads corrects it. */
export interface Admission {
  readonly rows: number
  readonly snapshot: SnapshotPlan
}

export interface ChunkRequest {
  readonly snapshot: SnapshotPlan
  /** Higher is let in first; else the one that came first. */
  readonly rank: number
  readonly rows: number
  readonly admit: (admission: Admission) => void
  readonly isWanted: () => boolean
}

const ASK_EVERY_MS = 1_000
/** An answer older than this says nothing any more: the query hangs. */
const ANSWER_LASTS_MS = 2 * ASK_EVERY_MS
/** How often the log tells of waiting and going on, at most. */
const TELL_EVERY_MS = 10_000

export class SnapshotThrottle {
  readonly #options: SnapshotThrottleOptions
  #limits: ThrottleLimits
  readonly #pace: Pace
  readonly #own = new WeakMap<SnapshotPlan, Pace>()
  #waiting: ChunkRequest[] = []
  #wake: (() => void) | null = null
  readonly #query: QueryWatch
  #closed = false

  constructor(options: SnapshotThrottleOptions) {
    this.#options = options
    this.#limits = options.limits
    this.#pace = new Pace(options.limits.maxRowsPerSecond, options.now())
    this.#query = new QueryWatch({...options, isNeeded: () => this.#needsAnswers(), onAnswer: () => this.#serve()})
  }

  get limits(): ThrottleLimits {
    return this.#limits
  }

  /** Holds from now on, also for chunks that wait already. */
  change(limits: ThrottleLimits): void {
    if (limits.query !== this.#limits.query) this.#query.forget()
    this.#limits = limits
    this.#pace.change(limits.maxRowsPerSecond, this.#options.now())
    this.#serve()
  }

  /** Calls `admit`, now or when it may be, with as many rows or fewer; not at all where `isWanted` is false by then. */
  request(request: ChunkRequest): void {
    const behind = this.#waiting.findIndex(other => other.rank < request.rank)
    this.#waiting.splice(behind < 0 ? this.#waiting.length : behind, 0, request)
    this.#serve()
  }

  /** A chunk was let in with more rows than it had. */
  correct({rows, snapshot}: Admission, read: number): void {
    const now = this.#options.now()
    this.#pace.giveBack(rows - read, now)
    this.#paceOf(snapshot)?.giveBack(rows - read, now)
    if (this.#waiting.length > 0) this.#serve()
  }

  /** Why a chunk waits here now; null where none does. */
  get waits(): string | null {
    const first = this.#waiting.find(request => request.isWanted())
    if (first === undefined) return null
    const now = this.#options.now()
    if (this.#limits.query !== null && this.#query.objection !== null) return this.#query.objection
    if (this.#pace.waitMs(now) > 0)
      return `at most ${this.#limits.maxRowsPerSecond} rows/s (snapshot.max.rows.per.second)`
    return `snapshot ${first.snapshot.id}: at most ${first.snapshot.maxRowsPerSecond} rows/s (max-rows-per-second)`
  }

  /** Nobody is let in any more. */
  close(): void {
    this.#closed = true
    this.#waiting = []
    this.#wake?.()
    this.#query.forget()
  }

  #needsAnswers(): boolean {
    this.#waiting = this.#waiting.filter(request => request.isWanted())
    return this.#waiting.length > 0
  }

  // Letting one in may have the next one asked for at once, so each is taken out before it is told.
  #serve(): void {
    this.#wake?.()
    this.#wake = null
    if (this.#closed) return
    if (!this.#needsAnswers()) return
    if (this.#limits.query !== null && !this.#query.maySnapshotsGoOn(this.#limits.query)) return
    const now = this.#options.now()
    for (;;) {
      const wait = this.#pace.waitMs(now)
      if (wait > 0) return this.#wakeIn(wait)
      const next = this.#waiting.findIndex(({snapshot}) => (this.#paceOf(snapshot)?.waitMs(now) ?? 0) === 0)
      if (next < 0) break
      const [request] = this.#waiting.splice(next, 1)
      if (request!.isWanted()) this.#admit(request!, now)
    }
    const waits = this.#waiting.map(({snapshot}) => this.#paceOf(snapshot)!.waitMs(now))
    if (waits.length > 0) this.#wakeIn(Math.min(...waits))
  }

  #admit({snapshot, rows: wanted, admit}: ChunkRequest, now: number): void {
    const own = this.#paceOf(snapshot)
    const rows = Math.min(wanted, this.#pace.rowsOfASecond, own?.rowsOfASecond ?? wanted)
    this.#pace.take(rows, now)
    own?.take(rows, now)
    admit({rows, snapshot})
  }

  #wakeIn(ms: number): void {
    this.#wake?.()
    this.#wake = this.#options.setTimer(() => {
      this.#wake = null
      this.#serve()
    }, ms)
  }

  #paceOf(snapshot: SnapshotPlan): Pace | null {
    if (snapshot.maxRowsPerSecond === undefined) return null
    let pace = this.#own.get(snapshot)
    if (pace === undefined) {
      pace = new Pace(snapshot.maxRowsPerSecond, this.#options.now())
      this.#own.set(snapshot, pace)
    }
    return pace
  }
}

type Verdict = 'go on' | 'wait' | 'failed'

interface QueryWatchOptions extends Pick<SnapshotThrottleOptions, 'ask' | 'log' | 'now' | 'setTimer'> {
  /** True while a chunk waits. */
  readonly isNeeded: () => boolean
  readonly onAnswer: () => void
}

/** Asks the operator's query once a second while chunks are read, and not otherwise. Whatever is no clear "go on" is "wait". */
class QueryWatch {
  readonly #options: QueryWatchOptions
  /** Of the last answer; null: go on. */
  #reason: string | null = null
  /** When the last answer came; null: none that counts. */
  #answeredAt: number | null = null
  /** When somebody last wanted to read. */
  #neededAt = 0
  /** What is being asked; another one in its place makes its answer worthless. */
  #asked: object | null = null
  #timer: (() => void) | null = null
  #told: {what: Verdict; at: number} = {what: 'go on', at: -Infinity}

  constructor(options: QueryWatchOptions) {
    this.#options = options
  }

  /** Has it asked where nothing that counts is known. */
  maySnapshotsGoOn(query: string): boolean {
    this.#neededAt = this.#options.now()
    if (this.#asked === null && this.#timer === null) this.#ask(query)
    return this.objection === null
  }

  /** Why not; null: they may. */
  get objection(): string | null {
    const isKnown = this.#answeredAt !== null && this.#options.now() - this.#answeredAt < ANSWER_LASTS_MS
    return isKnown ? this.#reason : 'snapshot.throttle.query has not answered yet'
  }

  forget(): void {
    this.#timer?.()
    this.#timer = null
    this.#asked = null
    this.#answeredAt = null
  }

  #ask(query: string): void {
    const asked = {}
    this.#asked = asked
    const askedAt = this.#options.now()
    const answered = (what: Verdict, reason: string | null): void => {
      if (this.#asked !== asked) return
      this.#asked = null
      const now = this.#options.now()
      this.#answeredAt = now
      this.#reason = reason
      this.#tell(what, reason)
      this.#timer = this.#options.setTimer(() => this.#next(query), Math.max(1, askedAt + ASK_EVERY_MS - now))
      this.#options.onAnswer()
    }
    this.#options.ask(query).then(
      reason =>
        reason === null
          ? answered('go on', null)
          : answered('wait', `snapshot.throttle.query says to wait: it ${reason}`),
      (error: unknown) =>
        answered('failed', `snapshot.throttle.query fails, which counts as wait: ${describeError(error).message}`),
    )
  }

  #next(query: string): void {
    this.#timer = null
    const isInUse = this.#options.isNeeded() || this.#options.now() - this.#neededAt < 2 * ASK_EVERY_MS
    if (isInUse) this.#ask(query)
    else this.#answeredAt = null
  }

  #tell(what: Verdict, reason: string | null): void {
    const now = this.#options.now()
    if (what === this.#told.what || now - this.#told.at < TELL_EVERY_MS) return
    this.#told = {what, at: now}
    if (what === 'failed') this.#options.log.warn({reason}, 'snapshots wait: snapshot.throttle.query fails')
    else if (what === 'wait') this.#options.log.info({reason}, 'snapshots wait: snapshot.throttle.query says so')
    else this.#options.log.info({}, 'snapshots go on: snapshot.throttle.query has nothing against it')
  }
}
