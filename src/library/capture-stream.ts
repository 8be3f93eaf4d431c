// The stream of events as a program sees it: an async iterator over a running task. The program's speed is the stream's:
// what it has not acknowledged is bounded in bytes, and at the bound the binlog is read no further.

import type {Settings} from '../config/settings.ts'
import type {HttpAnswer} from '../http/route.ts'
import {describeError, TidemarkError} from '../core/tidemark-error.ts'
import type {HandedEvent} from '../sinks/iterator-batch.ts'
import type {IteratorSink} from '../sinks/iterator-sink.ts'
import type {StatusReport} from '../task/status.ts'
import {EventOfSink} from './captured-event.ts'
import type {CapturedEvent, EventForm} from './captured-event.ts'

/** A signal as Debezium knows it. */
export interface SignalRequest {
  /** `execute-snapshot`, `stop-snapshot`, `pause-snapshot`, `resume-snapshot`, `log`. */
  readonly type: string
  /** Comes back in the answer and in notifications. Default: a UUID. */
  readonly id?: string
  /** `{'data-collections': ['shop.orders']}`, say. */
  readonly data?: object
}

export interface SignalAnswer {
  readonly id: string
  readonly type: string
  /** `pending`: the server does not answer yet; the signal is stored, and its answer comes with the status. */
  readonly result: 'accepted' | 'rejected' | 'ignored' | 'pending'
  readonly reason: string | null
}

export interface CaptureStream extends AsyncIterableIterator<CapturedEvent, undefined> {
  /** The next event, when there is one. Rejects once with what ended the task; done when it was stopped. */
  next(): Promise<IteratorResult<CapturedEvent, undefined>>
  /** As `close`; the loop calls it where it is left by `break`, `return` or an error. */
  return(): Promise<IteratorResult<CapturedEvent, undefined>>
  /** As `GET /status` shows it. */
  status(): StatusReport
  /** Sends a signal; resolves with its answer. */
  signal(signal: SignalRequest): Promise<SignalAnswer>
  /**
   * Hands out nothing more: the loop ends. Events that were handed out may still be acknowledged; when all of them are, or
   * half a minute has passed, the state is stored and everything is freed. Aborting the signal given to `capture` does the same.
   */
  stop(): void
  /**
   * Stores the state behind what is acknowledged now and frees everything. Rejects with what ended the task, where `next`
   * has not told it. May be called twice.
   */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** What the stream drives. */
export interface StreamedTask {
  status(): StatusReport
  submitSignal(text: string, channel: 'program'): Promise<HttpAnswer>
}

export interface CaptureStreamOptions {
  readonly sink: IteratorSink
  readonly settings: Pick<Settings, 'events'>
  readonly task: StreamedTask
  /** Has the task end. */
  readonly stop: () => void
  /** Has its end wait no longer for acknowledgements. */
  readonly giveUp: () => void
  /** The task's end: rejects with what an operator must mend. */
  readonly ended: Promise<void>
}

interface Waiter {
  readonly resolve: (result: IteratorResult<CapturedEvent, undefined>) => void
  readonly reject: (error: unknown) => void
}

const DONE: IteratorResult<CapturedEvent, undefined> = {done: true, value: undefined}

export class TaskStream implements CaptureStream {
  readonly #options: CaptureStreamOptions
  readonly #form: EventForm
  readonly #waiters: Waiter[] = []
  #isStopped = false
  #isOver = false
  /** What ended the task, until somebody was told. */
  #failure: {readonly error: unknown} | null = null

  constructor(options: CaptureStreamOptions) {
    this.#options = options
    this.#form = options.settings.events
    options.ended.then(
      () => this.#over(),
      (error: unknown) => {
        this.#failure = {error: asTidemarkError(error)}
        this.#over()
      },
    )
  }

  next(): Promise<IteratorResult<CapturedEvent, undefined>> {
    if (this.#isStopped || this.#isOver) return this.#end()
    const event = this.#waiters.length === 0 ? this.#options.sink.take() : null
    if (event !== null) return Promise.resolve(this.#result(event))
    return new Promise((resolve, reject) => this.#waiters.push({resolve, reject}))
  }

  async return(): Promise<IteratorResult<CapturedEvent, undefined>> {
    await this.close()
    return DONE
  }

  status(): StatusReport {
    return this.#options.task.status()
  }

  async signal(signal: SignalRequest): Promise<SignalAnswer> {
    const {status, body} = await this.#options.task.submitSignal(JSON.stringify(signal), 'program')
    if (status === 503) {
      const {error} = body as {error: string}
      throw new TidemarkError('TIDEMARK_LIBRARY_SIGNAL', error, {kind: 'retryable'})
    }
    const {id, type, result, reason} = body as SignalAnswer
    return {id, type, result, reason}
  }

  stop(): void {
    if (this.#isStopped) return
    this.#isStopped = true
    const {sink, stop, giveUp} = this.#options
    sink.stopHandingOut()
    stop()
    void sink.settled().then(giveUp)
    for (const {resolve, reject} of this.#waiters.splice(0)) this.#end().then(resolve, reject)
  }

  async close(): Promise<void> {
    this.stop()
    this.#options.giveUp()
    await this.#options.ended.catch(() => undefined)
    this.#tellFailure()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  get [Symbol.toStringTag](): string {
    return 'CaptureStream'
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** There may be events. */
  wake(): void {
    while (this.#waiters.length > 0) {
      const event = this.#options.sink.take()
      if (event === null) return
      this.#waiters.shift()!.resolve(this.#result(event))
    }
  }

  // A program that has acknowledged everything finds its state stored when the loop ends. One that still has something
  // to acknowledge must not wait here for its own doing.
  async #end(): Promise<IteratorResult<CapturedEvent, undefined>> {
    if (this.#isOver || this.#options.sink.outstanding === 0) await this.#options.ended.catch(() => undefined)
    if (this.#isOver) this.#tellFailure()
    return DONE
  }

  #result(event: HandedEvent): IteratorResult<CapturedEvent, undefined> {
    return {done: false, value: new EventOfSink(event, this.#form)}
  }

  #over(): void {
    this.#isOver = true
    this.#options.sink.stopHandingOut()
    for (const {resolve, reject} of this.#waiters.splice(0)) this.#end().then(resolve, reject)
  }

  /** Once. */
  #tellFailure(): void {
    const failure = this.#failure
    this.#failure = null
    if (failure !== null) throw failure.error as Error
  }
}

/** Errors of the server or the file system that nothing has put a name to keep their own code in the message. */
export function asTidemarkError(error: unknown): TidemarkError {
  if (error instanceof TidemarkError) return error
  const {code, message} = describeError(error)
  return new TidemarkError('TIDEMARK_LIBRARY_TASK', `the task failed: ${code}: ${message}; capture again`, {
    cause: error,
  })
}
