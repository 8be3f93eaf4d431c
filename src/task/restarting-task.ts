// A task that begins again inside the process where its transaction is lost: from the last committed state, with
// everything that was open dropped and read again.

import type {Log} from '../core/log.ts'
import {describeError, TidemarkError} from '../core/tidemark-error.ts'
import type {MetricsPage} from '../metrics/metrics-page.ts'
import {TRANSACTION_LOST} from '../sinks/kafka/kafka-transactions.ts'
import {backoffMs, delay} from './backoff.ts'
import type {StatusReport} from './status.ts'
import type {HttpAnswer} from '../http/status-server.ts'

export interface RunnableTask {
  status(): StatusReport
  metricsPage(): Promise<MetricsPage>
  submitSignal(text: string): Promise<HttpAnswer>
  throttle(change: string | null): HttpAnswer
  run(): Promise<void>
}

export interface RestartingTaskOptions {
  readonly create: (isRestart: boolean) => RunnableTask
  readonly log: Log
  readonly signal: AbortSignal
}

/** A task that ran for so long begins again at once. */
const GOOD_RUN_MS = 60_000

export class RestartingTask implements RunnableTask {
  readonly #options: RestartingTaskOptions
  #task: RunnableTask

  constructor(options: RestartingTaskOptions) {
    this.#options = options
    this.#task = options.create(false)
  }

  status(): StatusReport {
    return this.#task.status()
  }

  metricsPage(): Promise<MetricsPage> {
    return this.#task.metricsPage()
  }

  submitSignal(text: string): Promise<HttpAnswer> {
    return this.#task.submitSignal(text)
  }

  /** What is changed holds until the task begins again. */
  throttle(change: string | null): HttpAnswer {
    return this.#task.throttle(change)
  }

  async run(): Promise<void> {
    const {create, log, signal} = this.#options
    for (let attempt = 0; ; attempt++) {
      const began = performance.now()
      try {
        await this.#task.run()
        return
      } catch (error) {
        if (!beginsAgain(error) || signal.aborted) throw error
        if (performance.now() - began > GOOD_RUN_MS) attempt = 0
        const retryInMs = backoffMs(attempt)
        const {code, message} = describeError(error)
        log.warn(
          {code, reason: message, retryInMs},
          'the transaction was lost, beginning again from the committed state',
        )
        await delay(retryInMs, signal)
        if (signal.aborted) return
        this.#task = create(true)
      }
    }
  }
}

/** True for what a start from the last committed state mends. */
export function beginsAgain(error: unknown): boolean {
  return error instanceof TidemarkError && error.code === TRANSACTION_LOST
}
