// Copies the branch's table: locks it for a moment, has the main stream come to the place of the lock, streams what lies
// between an earlier lock and this one, and copies the rows. Cut off anywhere, it is begun anew with another lock.

import {StreamExtent} from '../core/stream-extent.ts'
import type {StoredOffset} from '../core/stored-offset.ts'
import {storedShape, type StoredSchema, type StoredVersion} from '../core/stored-schemas.ts'
import type {TableShape} from '../core/table-shape.ts'
import {tableIdText} from '../core/table-id.ts'
import type {TableId} from '../core/table-id.ts'
import {invariant, TidemarkError} from '../core/tidemark-error.ts'
import type {Copying} from './branch-state.ts'
import type {MainStream} from './branch-stream.ts'
import {MainStreamReader} from './main-stream-reader.ts'
import {readToEnd, RunningReader} from './reader.ts'
import type {LockedPlace, TableCopy} from './table-copy.ts'
import type {TableShares} from './table-shares.ts'

export interface CopyingOptions {
  readonly table: TableId
  readonly copy: TableCopy
  readonly main: MainStream
  readonly shares: TableShares
  /** The table was locked at this place: the branch's state changes in this very turn. */
  readonly onLocked: (locked: CopyPlace) => void
  readonly state: () => Copying
  /** Whoever folds the table's topic can only take the rows for new ones. */
  readonly isKeyless: (table: TableId) => Promise<boolean>
  /** Rows may be in the topic that the table does not have, and a truncate event may take them away. */
  readonly clearsGhosts: () => boolean
  /** Whether events of the table name its columns. */
  readonly namesColumns: () => Promise<boolean>
  /** Stores the state as it is now. */
  readonly store: () => Promise<void>
  /** Streams the table from where the branch is to this place, and no further; all of it is acknowledged then. */
  readonly readTo: (place: CopyPlace, signal: AbortSignal) => Promise<void>
  readonly onCopied: (copied: CopyPlace, resets: boolean) => void
  /** What it waits for, for the status. */
  readonly onWait: (reason: string | null) => void
  readonly delay: (ms: number, signal: AbortSignal) => Promise<void>
}

/** Where the table was locked, and its definition there where events do not name their columns. */
export interface CopyPlace {
  readonly place: StoredOffset
  readonly schemas: readonly StoredSchema[]
}

export class CopyingReader extends RunningReader {
  readonly #options: CopyingOptions
  #locked: CopyPlace | null = null

  constructor(options: CopyingOptions) {
    super()
    this.#options = options
  }

  protected override async run(signal: AbortSignal): Promise<void> {
    const {table, copy, state, isKeyless, clearsGhosts, store, readTo, onCopied, onWait} = this.#options
    try {
      const keyless = await isKeyless(table)
      if (signal.aborted) return
      await this.#lock(signal)
      if (signal.aborted) return
      // Nothing of the copy may be in the topic before the state says that it may.
      await store()
      await this.#mainAt(signal)
      if (!signal.aborted && state().isAgain) await readTo(this.#locked!, signal)
      if (signal.aborted) return
      onWait(null)
      const {copyId, isAgain, mainUntil} = state()
      const resets = (keyless && (isAgain || mainUntil !== null)) || clearsGhosts()
      await copy.copy({copyId, resets, signal})
      if (!signal.aborted) onCopied(this.#locked!, resets)
    } finally {
      await copy.close()
    }
  }

  async #lock(signal: AbortSignal): Promise<void> {
    const {table, copy, shares, namesColumns, onLocked, onWait} = this.#options
    onWait(`the lock of ${tableIdText(table)}`)
    const readsShape = !(await namesColumns())
    shares.watch(table)
    const atPlace = ({place: at, shape}: LockedPlace): void => {
      if (signal.aborted || this.#locked !== null) return
      if (!shares.agrees(StreamExtent.parse(at))) throw passed(table)
      this.#locked = {place: at, schemas: shape === null ? [] : [{table, versions: [knownFrom(shape)]}]}
      onLocked(this.#locked)
    }
    await copy.lock(signal, {atPlace, readsShape})
    invariant(this.#locked !== null || signal.aborted, 'a lock says its place while it holds')
  }

  async #mainAt(signal: AbortSignal): Promise<void> {
    const {main, state, onWait, delay} = this.#options
    const {mainUntil} = state()
    if (mainUntil === null) return
    onWait('the stream, to come to the place of the lock')
    await readToEnd(new MainStreamReader({main, delay, until: mainUntil}), signal)
  }
}

function knownFrom(shape: TableShape): StoredVersion {
  return {since: null, shape: storedShape(shape)}
}

function passed(table: TableId): TidemarkError {
  return new TidemarkError(
    'TIDEMARK_READER_LOCK_PASSED',
    `the stream was beyond the place of the lock on ${tableIdText(table)} already; it is locked again`,
    {kind: 'retryable'},
  )
}
