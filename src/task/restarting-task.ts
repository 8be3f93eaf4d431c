// A task that begins again inside the process: where its transaction is lost, from the last committed state, with
// everything that was open dropped and read again; where its configuration is changed or somebody asks for it, behind an
// orderly end; and where it is resumed after a pause, during which there is no task but its HTTP interface.

import type {Log} from '../core/log.ts'
import {describeError, TidemarkError} from '../core/tidemark-error.ts'
import type {MetricsPage} from '../metrics/metrics-page.ts'
import type {MetricsReading} from '../metrics/metrics-reading.ts'
import {TRANSACTION_LOST} from '../sinks/kafka/kafka-transactions.ts'
import {backoffMs, delay} from '../core/backoff.ts'
import type {TableChanges} from './captured-tables.ts'
import type {StatusReport} from './status.ts'
import type {HttpAnswer} from '../http/route.ts'

export interface RunnableTask {
  status(): StatusReport
  metrics(): MetricsReading
  metricsPage(): Promise<MetricsPage>
  submitSignal(text: string, channel?: 'http' | 'program'): Promise<HttpAnswer>
  throttle(change: string | null): HttpAnswer
  run(): Promise<void>
  /** Ends it as a signal does: what is in flight is waited for, and the state is stored. */
  stop(): void
  /** Ends it likewise, and stores that it is to stay so over a restart. */
  pause(): void
  /** It has ended since it is paused. */
  readonly isPaused: boolean
  /** Its tables are known and its state is stored: from here on it goes on by itself. Pending while it cannot. */
  readonly begun: Promise<TableChanges>
  /** Of the server that is streamed; null before that is known. */
  readonly serverUuid: string | null
}

/** `resumes`: it goes on where its state says that it is paused. */
export type CreateTask = (isRestart: boolean, resumes?: boolean) => RunnableTask

export interface RestartingTaskOptions {
  readonly create: CreateTask
  readonly log: Log
  readonly signal: AbortSignal
}

/** A task that ran for so long begins again at once. */
const GOOD_RUN_MS = 60_000

/** Another task that is to take the place of the one that runs. */
interface Change {
  readonly create: CreateTask
  /** What is gone back to where it cannot begin. */
  readonly before: CreateTask
  /** The one that ran has ended, and the other one is beginning. */
  isTaken: boolean
  readonly resolve: (tables: TableChanges) => void
  readonly reject: (error: unknown) => void
}

export class RestartingTask implements RunnableTask {
  readonly #options: RestartingTaskOptions
  #task: RunnableTask
  #create: CreateTask
  #change: Change | null = null
  #wanted: 'running' | 'paused' | null = null
  /** Somebody asked that it begin again as it is. */
  #restarts = false
  /** Ends the wait of a task that is paused. */
  #wake: () => void = () => undefined

  constructor(options: RestartingTaskOptions) {
    this.#options = options
    this.#create = options.create
    this.#task = options.create(false)
  }

  status(): StatusReport {
    return this.#task.status()
  }

  metrics(): MetricsReading {
    return this.#task.metrics()
  }

  metricsPage(): Promise<MetricsPage> {
    return this.#task.metricsPage()
  }

  submitSignal(text: string, channel?: 'http' | 'program'): Promise<HttpAnswer> {
    return this.#task.submitSignal(text, channel)
  }

  throttle(change: string | null): HttpAnswer {
    return this.#task.throttle(change)
  }

  stop(): void {
    this.#task.stop()
  }

  /** Ends the task in good order; it stays so, over a restart of the process, too, until it is resumed. May be called twice. */
  pause(): void {
    this.#wanted = 'paused'
    if (!this.#task.isPaused) this.#task.pause()
  }

  /** Nothing where it is not paused. */
  resume(): void {
    this.#wanted = 'running'
    this.#wake()
  }

  /** Ends the task in good order and begins again with it; a paused one stays paused. */
  restart(): void {
    if (this.isPaused || this.#wanted === 'paused') return
    this.#restarts = true
    this.#task.stop()
  }

  get isPaused(): boolean {
    return this.#task.isPaused
  }

  /** It has been asked to begin again, and has not yet. */
  get isRestarting(): boolean {
    return this.#restarts
  }

  get serverUuid(): string | null {
    return this.#task.serverUuid
  }

  get begun(): Promise<TableChanges> {
    return this.#task.begun
  }

  /**
   * Ends the task in good order and begins again with what `create` makes; resolves once that has begun. Where it cannot
   * begin, the one of before begins again, and this rejects. One change at a time.
   */
  async change(create: CreateTask): Promise<TableChanges> {
    return await new Promise((resolve, reject) => {
      this.#change = {create, before: this.#create, isTaken: false, resolve, reject}
      if (this.#task.isPaused) this.#changePaused()
      else this.#task.stop()
    })
  }

  async run(): Promise<void> {
    const {signal} = this.#options
    for (let attempt = 0; ; attempt++) {
      const began = performance.now()
      try {
        await this.#task.run()
        if (signal.aborted) return
        if (this.#task.isPaused) {
          if (!(await this.#waitedForResume())) return
        } else if (!this.#restarts && (this.#change === null || this.#change.isTaken)) return
      } catch (error) {
        const isLost = beginsAgain(error)
        if (signal.aborted || (!isLost && this.#change?.isTaken !== true)) {
          this.#change?.reject(error)
          throw error
        }
        if (performance.now() - began > GOOD_RUN_MS) attempt = 0
        if (!isLost) this.#goBack(error)
        else if (!(await this.#waitedForState(error, attempt))) return
      }
      this.#beginAgain()
    }
  }

  /** False where it is to stop meanwhile. */
  async #waitedForState(error: unknown, attempt: number): Promise<boolean> {
    const {log, signal} = this.#options
    const retryInMs = backoffMs(attempt)
    const {code, message} = describeError(error)
    log.warn({code, reason: message, retryInMs}, 'the transaction was lost, beginning again from the committed state')
    await delay(retryInMs, signal)
    return !signal.aborted
  }

  /** False where the process is to end meanwhile. */
  async #waitedForResume(): Promise<boolean> {
    const {log, signal} = this.#options
    this.#restarts = false
    this.#changePaused()
    // A state that was stored as paused is the wish of before.
    this.#wanted ??= 'paused'
    while (this.#wanted === 'paused' && !signal.aborted) {
      await new Promise<void>(resolve => {
        this.#wake = resolve
        signal.addEventListener('abort', () => resolve(), {once: true})
      })
    }
    if (!signal.aborted) log.info({}, 'resumed, beginning again from the stored state')
    return !signal.aborted
  }

  /** What begins when the task is resumed; whether it can, nobody knows before. */
  #changePaused(): void {
    const change = this.#change
    if (change === null) return
    this.#change = null
    this.#create = change.create
    change.resolve({added: [], returned: [], left: [], copied: []})
  }

  #goBack(error: unknown): void {
    const change = this.#change!
    this.#change = null
    this.#create = change.before
    const {code, message} = describeError(error)
    this.#options.log.error(
      {code, reason: message},
      'the change cannot begin, going back to the configuration of before',
    )
    change.reject(error)
  }

  #beginAgain(): void {
    const change = this.#change
    if (change !== null) {
      change.isTaken = true
      this.#create = change.create
    }
    const task = (this.#task = this.#create(true, this.#wanted === 'running'))
    this.#restarts = false
    // Asked for while none ran.
    if (this.#wanted === 'paused') task.pause()
    if (change === null) return
    void task.begun.then(tables => {
      if (this.#change !== change) return
      this.#change = null
      change.resolve(tables)
    })
  }
}

/** True for what a start from the last committed state mends. */
export function beginsAgain(error: unknown): boolean {
  return error instanceof TidemarkError && error.code === TRANSACTION_LOST
}
