// How long the server will still keep what the stored position needs: a lower bound, in seconds. MySQL purges a file
// when it ended longer ago than the retention. The file of the stored position ended after the last event before that
// position, and after every moment at which the server was still writing it; whichever is later counts. So while we keep
// up the whole retention is left, and where we are behind it is what the lag leaves of it. Retention and the server's
// file are asked for once a minute, beside everything else.

import type {Log} from '../core/log.ts'
import type {BinlogRetention} from '../mysql/binlog-retention.ts'
import type {OffsetTracker, StreamPlace} from '../stream/offset-tracker.ts'

const INTERVAL_MS = 60_000

export interface HeadroomReading {
  readonly retentionSeconds: number
  /** Null before it is known where the stored position is in time. */
  readonly seconds: number | null
}

/** The stream as far as its place in time is asked. */
export interface TimedStream {
  readonly dispatcher: {readonly place: StreamPlace; readonly lastEventMs: number}
  readonly tracker: Pick<OffsetTracker, 'safePlace'>
}

interface Moment {
  readonly transactions: number
  readonly atMs: number
}

export interface BinlogHeadroomOptions {
  readonly read: () => Promise<BinlogRetention>
  readonly log: Log
  readonly signal: AbortSignal
  readonly now?: () => number
}

export class BinlogHeadroom {
  readonly #options: BinlogHeadroomOptions
  readonly #now: () => number
  #retentionSeconds: number | null = null
  /** When the stored position's file was seen to be the one that the server writes; 0: never. Holds for later files, too. */
  #currentAtMs = 0
  /** Times of the stream at checkpoints, the newest that is stored first. */
  #moments: Moment[] = []
  #collected: {readonly file: string; readonly atMs: number} | null = null
  #stored: {readonly file: string; readonly atMs: number} | null = null

  constructor(options: BinlogHeadroomOptions) {
    this.#options = options
    this.#now = options.now ?? Date.now
  }

  /** Asks now, and once a minute until the signal aborts. */
  start(): void {
    const {signal} = this.#options
    void this.ask()
    const timer = setInterval(() => void this.ask(), INTERVAL_MS)
    signal.addEventListener('abort', () => clearInterval(timer), {once: true})
  }

  /** A server that does not answer is asked again; what was known still holds. */
  async ask(): Promise<void> {
    try {
      const {file, seconds} = await this.#options.read()
      this.#retentionSeconds = seconds
      if (file !== '' && file === this.#stored?.file) this.#currentAtMs = this.#now()
    } catch (error) {
      this.#options.log.debug({reason: String(error)}, 'how long the binlog is kept could not be read')
    }
  }

  /** A state is collected, at the place that is safe now. */
  collected({dispatcher: {place, lastEventMs}, tracker}: TimedStream): void {
    const safe = tracker.safePlace(place)
    // A stream that waits for its sink brings no transactions, so that these stay few.
    if (lastEventMs > 0 && this.#moments.at(-1)?.transactions !== place.transactions) {
      this.#moments.push({transactions: place.transactions, atMs: lastEventMs})
    }
    const newest = this.#moments.findLastIndex(({transactions}) => transactions <= safe.transactions)
    if (newest > 0) this.#moments.splice(0, newest)
    const atMs = newest < 0 ? 0 : this.#moments[0]!.atMs
    this.#collected = {file: safe.file, atMs}
  }

  /** What was collected last is stored. */
  saved(): void {
    this.#stored = this.#collected
  }

  /** Null where files are kept for ever, or nobody could say yet. */
  read(): HeadroomReading | null {
    const retentionSeconds = this.#retentionSeconds
    if (retentionSeconds === null) return null
    const aliveAtMs = Math.max(this.#stored?.atMs ?? 0, this.#currentAtMs)
    if (aliveAtMs === 0) return {retentionSeconds, seconds: null}
    const agoSeconds = Math.max(0, this.#now() - aliveAtMs) / 1000
    return {retentionSeconds, seconds: Math.max(0, retentionSeconds - agoSeconds)}
  }
}
