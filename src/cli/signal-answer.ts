// Waits for a running task's answer to a signal: asks for its status until the signal's id is among the answers.

import {setTimeout as sleep} from 'node:timers/promises'
import {describeError, TidemarkError} from '../core/tidemark-error.ts'
import type {SignalReceipt} from '../signals/signal-processor.ts'
import type {StatusReport} from '../task/status.ts'

export interface AnswerWait {
  readonly id: string
  readonly timeoutMs: number
  /** Rejects with TIDEMARK_STATUS_UNREACHABLE where no task answers. */
  readonly readStatus: () => Promise<StatusReport>
  /** Waits between two looks; tests give their own. */
  readonly pause?: (ms: number) => Promise<void>
}

const POLL_MS = 100

/** One look at the task before the signal is sent: is it there, and has it answered this id before? */
export class AnswerWatch {
  readonly #wait: AnswerWait
  #known = new Set<number>()
  #absence: unknown = null

  private constructor(wait: AnswerWait) {
    this.#wait = wait
  }

  /** Rejects where the task refuses to answer; one that is away is no error yet. */
  static async begin(wait: AnswerWait): Promise<AnswerWatch> {
    const watch = new AnswerWatch(wait)
    try {
      const {signals} = await wait.readStatus()
      watch.#known = new Set(signals.filter(({id}) => id === wait.id).map(({atMs}) => atMs))
    } catch (error) {
      if (!isAbsence(error)) throw error
      watch.#absence = error
    }
    return watch
  }

  /** The answer to the signal that was sent. Throws TIDEMARK_SIGNAL_NO_ANSWER where none comes. */
  async answer(): Promise<SignalReceipt> {
    const {id, timeoutMs, readStatus, pause = sleep} = this.#wait
    const deadline = performance.now() + timeoutMs
    let last: StatusReport | null = null
    for (;;) {
      let problem: unknown = null
      try {
        last = await readStatus()
        const found = last.signals.findLast(receipt => receipt.id === id && !this.#known.has(receipt.atMs))
        if (found !== undefined) return found
      } catch (error) {
        if (!isAbsence(error)) throw error
        problem = error
      }
      // A task that was there may be starting again; one that was not there is not waited for.
      const isAway = problem !== null && this.#absence !== null
      if (isAway || performance.now() >= deadline) throw noAnswer({id, timeoutMs, problem, last})
      await pause(POLL_MS)
    }
  }
}

function isAbsence(error: unknown): boolean {
  return describeError(error).code === 'TIDEMARK_STATUS_UNREACHABLE'
}

function noAnswer(wait: {id: string; timeoutMs: number; problem: unknown; last: StatusReport | null}): TidemarkError {
  const {id, timeoutMs, problem, last} = wait
  if (problem !== null) {
    return new TidemarkError(
      'TIDEMARK_SIGNAL_NO_ANSWER',
      `signal ${id} was sent, and is acted on when the task runs; ${describeError(problem).message}`,
      {cause: problem},
    )
  }
  const seconds = timeoutMs / 1000
  return new TidemarkError(
    'TIDEMARK_SIGNAL_NO_ANSWER',
    `signal ${id} was sent, but not answered within ${seconds} s: ${whyNot(last)}; wait longer with --timeout, or look at \`tidemark status\``,
  )
}

function whyNot(report: StatusReport | null): string {
  if (report === null) return 'the task said nothing'
  if (report.error !== null) return `the task failed (${report.error.message})`
  if (!report.streaming) return 'the task does not stream yet'
  if ((report.behindMs ?? 0) > 1000) return `the stream is ${Math.round(report.behindMs! / 1000)} s behind`
  if (report.sink.state === 'waiting') return `the sink waits (${report.sink.reason ?? 'no reason given'})`
  return 'the task streams and has not met it; does it read the channel of this configuration?'
}
