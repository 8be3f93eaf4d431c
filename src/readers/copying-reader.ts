// Copies the branch's table: locks it for a moment, has the main stream come to the place of the lock, streams what lies
// between an earlier lock and this one, and copies the rows. Cut off anywhere, it is begun anew with another lock.

import {StreamExtent} from '../core/stream-extent.ts'
import type {StoredOffset} from '../core/stored-offset.ts'
import {tableIdText} from '../core/table-id.ts'
import type {TableId} from '../core/table-id.ts'
import {invariant, TidemarkError} from '../core/tidemark-error.ts'
import type {Copying} from './branch-state.ts'
import type {MainStream} from './branch-stream.ts'
import {RunningReader} from './reader.ts'
import type {TableCopy} from './table-copy.ts'
import type {TableShares} from './table-shares.ts'

export interface CopyingOptions {
  readonly table: TableId
  readonly copy: TableCopy
  readonly main: MainStream
  readonly shares: TableShares
  /** The table was locked at this place: the branch's state changes in this very turn. */
  readonly onLocked: (place: StoredOffset) => void
  readonly state: () => Copying
  /** Whoever folds the table's topic can only take the rows for new ones. */
  readonly isKeyless: (table: TableId) => Promise<boolean>
  /** Rows may be in the topic that the table does not have, and a truncate event may take them away. */
  readonly clearsGhosts: () => boolean
  /** Stores the state as it is now. */
  readonly store: () => Promise<void>
  /** Streams the table from where the branch is to this place, and no further; all of it is acknowledged then. */
  readonly readTo: (place: StoredOffset, signal: AbortSignal) => Promise<void>
  readonly onCopied: (place: StoredOffset, resets: boolean) => void
  /** What it waits for, for the status. */
  readonly onWait: (reason: string | null) => void
  readonly delay: (ms: number, signal: AbortSignal) => Promise<void>
}

const LOOK_EVERY_MS = 20

export class CopyingReader extends RunningReader {
  readonly #options: CopyingOptions
  #place: StoredOffset | null = null

  constructor(options: CopyingOptions) {
    super()
    this.#options = options
  }

  protected override async run(signal: AbortSignal): Promise<void> {
    const {table, copy, state, isKeyless, clearsGhosts, store, readTo, onCopied, onWait} = this.#options
    try {
      const keyless = await isKeyless(table)
      if (signal.aborted) return
      const place = await this.#lock(signal)
      if (signal.aborted) return
      // Nothing of the copy may be in the topic before the state says that it may.
      await store()
      await this.#mainAt(signal)
      if (!signal.aborted && state().isAgain) await readTo(place, signal)
      if (signal.aborted) return
      onWait(null)
      const {copyId, isAgain, mainUntil} = state()
      const resets = (keyless && (isAgain || mainUntil !== null)) || clearsGhosts()
      await copy.copy({copyId, resets, signal})
      if (!signal.aborted) onCopied(place, resets)
    } finally {
      await copy.close()
    }
  }

  async #lock(signal: AbortSignal): Promise<StoredOffset> {
    const {table, copy, shares, onLocked, onWait} = this.#options
    onWait(`the lock of ${tableIdText(table)}`)
    shares.watch(table)
    const place = await copy.lock(signal, at => {
      if (signal.aborted || this.#place !== null) return
      if (!shares.agrees(StreamExtent.parse(at))) throw passed(table)
      this.#place = at
      onLocked(at)
    })
    invariant(this.#place !== null || signal.aborted, 'a lock says its place while it holds')
    return place
  }

  // Acknowledged, so that no state that says less is stored once the copy has begun.
  async #mainAt(signal: AbortSignal): Promise<void> {
    const {main, state, onWait, delay} = this.#options
    const {mainUntil} = state()
    if (mainUntil === null) return
    const until = StreamExtent.parse(mainUntil)
    onWait('the stream, to come to the place of the lock')
    while (!signal.aborted && !main.safelyCovers(until)) {
      main.sendOpen()
      await delay(LOOK_EVERY_MS, signal)
    }
  }
}

function passed(table: TableId): TidemarkError {
  return new TidemarkError(
    'TIDEMARK_READER_LOCK_PASSED',
    `the stream was beyond the place of the lock on ${tableIdText(table)} already; it is locked again`,
    {kind: 'retryable'},
  )
}
