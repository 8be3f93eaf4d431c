// Brings the branch (A) and the main stream (B) to one place. Where A is ahead, or they are equal, that place is A's and
// nobody waits. Where B is ahead, the main stream is held at the end of a transaction, for milliseconds, and A reads on to
// exactly there; what takes longer is given up and tried again, and the main stream goes on meanwhile.
//
// The main stream may be inside a transaction that A has not seen, of which it has left out the table's first rows: then
// it is ahead, although all that it has finished is in A.

import {compareBinlogPositions} from '../core/binlog-position.ts'
import type {StreamExtent} from '../core/stream-extent.ts'
import {BinlogReader} from './binlog-reader.ts'
import type {BinlogReaderOptions} from './binlog-reader.ts'
import type {BranchStream, MainStream} from './branch-stream.ts'
import {readToEnd, RunningReader} from './reader.ts'

/** The main stream waits no longer than this, and as long again between two tries. */
export const HOLD_MS = 500
/** So far apart the branch is near the main stream: it gets there in a moment. */
const NEAR_BYTES = 256 * 1024
const NEAR_TRANSACTIONS = 256

export interface ReconcilingOptions {
  readonly main: MainStream
  readonly reading: BinlogReaderOptions
  readonly end: ReconciledEnd
  /** In the same turn in which both are found at one place; A has been acknowledged up to there. */
  readonly onReconciled: (until: StreamExtent) => void
  readonly now: () => number
}

/** The end of the branch's stream, as it is moved: null while there is none. Its predicate is the stream's. */
export class ReconciledEnd {
  target: StreamExtent | null = null
  /** The stream ends wherever it is, to be looked at. */
  isAnywhere = false
  /** Called where the stream comes near while there is no end. */
  onNear: () => void = () => undefined
  readonly #main: MainStream
  readonly #isSameServer: () => boolean

  constructor(main: MainStream, isSameServer: () => boolean) {
    this.#main = main
    this.#isSameServer = isSameServer
  }

  readonly isReached = (stream: BranchStream): boolean => {
    if (this.isAnywhere) return true
    if (this.target !== null) return stream.extent().covers(this.target)
    if (this.isNear(stream)) this.onNear()
    return false
  }

  /** Cheap where both read one server's binlog. */
  isNear(stream: BranchStream): boolean {
    const a = stream.position
    const b = this.#main.position
    if (!this.#isSameServer()) return stream.extent().lacks(this.#main.extent()) <= NEAR_TRANSACTIONS
    return compareBinlogPositions(a, b) >= 0 || (a.file === b.file && b.pos - a.pos <= NEAR_BYTES)
  }
}

export class ReconcilingBinlogReader extends RunningReader {
  readonly #options: ReconcilingOptions
  #reader: BinlogReader | null = null
  #giveUp: NodeJS.Timeout | undefined
  #again: NodeJS.Timeout | undefined
  #isHolding = false
  #notBefore = 0
  /** Of the main stream. */
  holds = 0

  constructor(options: ReconcilingOptions) {
    super()
    this.#options = options
  }

  protected override async run(signal: AbortSignal): Promise<void> {
    const {reading, end} = this.#options
    const {stream} = reading
    end.onNear = () => void this.#hold(signal)
    try {
      for (;;) {
        await stream.drain()
        if (signal.aborted || this.#adopt()) return
        end.isAnywhere = false
        this.#reader = new BinlogReader(reading)
        await readToEnd(this.#reader, signal)
      }
    } finally {
      end.onNear = () => undefined
      this.#release()
      clearTimeout(this.#again)
    }
  }

  /** All in one turn. */
  #adopt(): boolean {
    const {main, reading, onReconciled} = this.#options
    const {stream} = reading
    if (!stream.isBetween) return false
    const a = stream.extent()
    const open = main.open()
    if (!a.covers(main.extent()) || (open !== null && !a.has(open))) return false
    onReconciled(a)
    return true
  }

  async #hold(signal: AbortSignal): Promise<void> {
    const {main, reading, end, now} = this.#options
    // The main stream does not wait for a connection.
    if (this.#isHolding || now() < this.#notBefore || reading.source.identity() === null) return
    this.#isHolding = true
    this.holds++
    const isHeld = await main.hold(HOLD_MS)
    if (signal.aborted) return
    if (!isHeld) {
      this.#lookAgain()
      return
    }
    end.target = main.extent()
    this.#giveUp = setTimeout(() => this.#lookAgain(), HOLD_MS)
    this.#reader?.moved()
  }

  #lookAgain(): void {
    this.#release()
    // The branch may have come further than the main stream meanwhile: then nobody need wait.
    this.#options.end.isAnywhere = true
    this.#reader?.moved()
  }

  #release(): void {
    const {main, end, now} = this.#options
    clearTimeout(this.#giveUp)
    clearTimeout(this.#again)
    if (this.#isHolding) main.release()
    this.#isHolding = false
    end.target = null
    this.#notBefore = now() + HOLD_MS
    // An idle stream would not be asked again.
    this.#again = setTimeout(() => this.#reader?.moved(), HOLD_MS)
  }
}
