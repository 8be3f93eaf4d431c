// The stream of a running task: from where it is to its end, with a new connection after every loss.

import type {StreamStart} from '../binlog/binlog-events.ts'
import type {Log} from '../core/log.ts'
import {TidemarkError, describeError} from '../core/tidemark-error.ts'
import type {StoredOffset} from '../state/checkpoint.ts'
import {backoffMs, delay} from '../core/backoff.ts'
import type {Engine} from './engine.ts'
import {isConnectionLoss} from './errors.ts'
import type {TaskBinlog, TaskSession} from './task-parts.ts'
import {unlessStopped} from '../core/unless-stopped.ts'

export interface StreamLoopOptions {
  readonly engine: Engine
  readonly session: TaskSession
  readonly reader: TaskBinlog
  readonly log: Log
  readonly signal: AbortSignal
  /** True once a row that is written from now on will come through. */
  readonly onStreaming: (isStreaming: boolean) => void
  readonly onDisconnect: () => void
}

export class StreamLoop {
  readonly #options: StreamLoopOptions
  #malformedAt: string | null = null

  constructor(options: StreamLoopOptions) {
    this.#options = options
  }

  /** Streams until the signal aborts; reconnects from where it is after every loss. Rejects with what that does not mend. */
  async run(offset: StoredOffset): Promise<void> {
    const {engine, reader, log, signal, onStreaming, onDisconnect} = this.#options
    let start: StreamStart = streamStart(offset)
    for (let attempt = 0; !signal.aborted;) {
      let isStreaming = false
      try {
        for await (const events of reader.events(start, signal)) {
          if (!isStreaming) this.#streamBegan()
          isStreaming = true
          attempt = 0
          await unlessStopped(engine.dispatch(events), signal)
          if (signal.aborted) return
        }
        if (!signal.aborted) throw new TidemarkError('TIDEMARK_BINLOG_ENDED', 'the dump ended', {kind: 'retryable'})
      } catch (error) {
        onStreaming(false)
        if (signal.aborted) return
        onDisconnect()
        if (!isConnectionLoss(error) && !this.#mayPass(error)) throw error
        const {code, message} = describeError(error)
        const retryInMs = backoffMs(attempt++)
        const level = attempt > 3 ? 'warn' : 'info'
        log[level]({code, reason: message, retryInMs}, 'the binlog connection was lost, connecting again')
        await delay(retryInMs, signal)
        start = streamStart(engine.resumePlace())
      }
    }
  }

  // Bytes that could not be understood may have been damaged on the way: they are asked for once more, from the same
  // place. Where they come the same again, nothing but an operator helps. No event is ever passed over.
  #mayPass(error: unknown): boolean {
    if (describeError(error).code !== 'TIDEMARK_BINLOG_MALFORMED') return false
    const {file, pos} = this.#options.engine.dispatcher.place
    const place = `${file}:${pos}`
    const again = this.#malformedAt !== place
    this.#malformedAt = place
    return again
  }

  #streamBegan(): void {
    const {engine, session, reader, log, onStreaming} = this.#options
    const uuid = reader.identity()?.serverUuid ?? engine.serverUuid
    if (uuid !== engine.serverUuid) {
      if (engine.resumesByPosition) {
        throw new TidemarkError(
          'TIDEMARK_BINLOG_OTHER_SERVER',
          `the binlog now comes from server ${uuid}, not from ${engine.serverUuid}, and without GTIDs a position means nothing there; ` +
            `connect to ${engine.serverUuid} again, or set snapshot.mode=when_needed to copy all tables again`,
        )
      }
      log.warn({from: engine.serverUuid, to: uuid}, 'the stream goes on from another server')
      session.follow(uuid)
      engine.serverChanged(uuid)
    }
    onStreaming(true)
    log.info({position: engine.dispatcher.reached}, 'streaming')
    engine.begin()
  }
}

function streamStart(from: {gtidSet: string | null; file?: string; pos?: number; offset?: StoredOffset}): StreamStart {
  const {file, pos} = from.offset ?? from
  if (from.gtidSet !== null) return {type: 'gtid', executed: from.gtidSet}
  return {type: 'position', file: file ?? '', pos: pos ?? 4}
}
