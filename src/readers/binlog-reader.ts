// Reads the binlog for a branch from where its stream is until a predicate says that it is near, or exactly at, a place
// that another party may move meanwhile. Connects again after a loss, as the main stream does.

import {describeError, TidemarkError} from '../core/tidemark-error.ts'
import type {Log} from '../core/log.ts'
import {unlessStopped} from '../core/unless-stopped.ts'
import type {BranchSource, BranchStream} from './branch-stream.ts'
import {RunningReader} from './reader.ts'

export interface BinlogReaderOptions {
  readonly source: BranchSource
  readonly stream: BranchStream
  /** The server that the places are of. */
  readonly serverUuid: () => string
  readonly log: Log
  readonly delay: (ms: number, signal: AbortSignal) => Promise<void>
  readonly backoffMs: (attempt: number) => number
  readonly isConnectionLoss: (error: unknown) => boolean
}

export class BinlogReader extends RunningReader {
  readonly #options: BinlogReaderOptions
  /** Aborted where the end is moved to where the stream is already. */
  readonly #ending = new AbortController()
  #isDispatching = false
  /** Why it does not get on; null while it does. */
  problem: string | null = null

  constructor(options: BinlogReaderOptions) {
    super()
    this.#options = options
  }

  /** The predicate may say something else now: an idle stream is asked at once, another at its next end of a transaction. */
  moved(): void {
    if (!this.#isDispatching && this.#options.stream.isAtEnd()) this.#ending.abort()
  }

  protected override async run(signal: AbortSignal): Promise<void> {
    const {stream, isConnectionLoss} = this.#options
    const ended = AbortSignal.any([signal, this.#ending.signal])
    for (let attempt = 0; !ended.aborted && !stream.isAtEnd();) {
      try {
        await this.#stream(ended, () => (attempt = 0))
        return
      } catch (error) {
        if (ended.aborted) return
        if (!isConnectionLoss(error)) throw error
        await this.#pause(error, attempt++, ended)
      }
    }
  }

  async #stream(signal: AbortSignal, onEvents: () => void): Promise<void> {
    const {source, stream} = this.#options
    let isChecked = false
    for await (const events of source.events(stream.resume(), signal)) {
      // What comes in the very turn in which it was ended must not take the stream beyond its end.
      if (signal.aborted) return
      if (!isChecked) this.#check()
      isChecked = true
      onEvents()
      this.problem = null
      this.#isDispatching = true
      await unlessStopped(stream.dispatch(events), signal)
      this.#isDispatching = false
      if (signal.aborted || stream.hasStopped) return
    }
    if (!signal.aborted) throw new TidemarkError('TIDEMARK_BINLOG_ENDED', 'the dump ended', {kind: 'retryable'})
  }

  /** By GTID it goes on from whatever server there is. */
  #check(): void {
    const {source, stream, serverUuid} = this.#options
    const uuid = source.identity()?.serverUuid ?? serverUuid()
    if (!stream.resumesByPosition || uuid === serverUuid()) return
    throw new TidemarkError(
      'TIDEMARK_BINLOG_OTHER_SERVER',
      `the binlog now comes from server ${uuid}, not from ${serverUuid()}, and without GTIDs a position means nothing there; ` +
        `connect to ${serverUuid()} again, or set snapshot.mode=when_needed to copy all tables again`,
    )
  }

  async #pause(error: unknown, attempt: number, signal: AbortSignal): Promise<void> {
    const {log, delay, backoffMs} = this.#options
    const {code, message} = describeError(error)
    const retryInMs = backoffMs(attempt)
    this.problem = message
    log[attempt > 2 ? 'warn' : 'info'](
      {code, reason: message, retryInMs},
      'the parallel reader’s binlog connection was lost, connecting again',
    )
    await delay(retryInMs, signal)
  }
}
