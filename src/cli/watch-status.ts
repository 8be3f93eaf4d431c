// `tidemark status --watch`: the status, over and over. A task that is gone may be starting again: it is said, and tried again.

import {setTimeout as sleep} from 'node:timers/promises'
import {describeError, TidemarkError} from '../core/tidemark-error.ts'
import type {StatusReport} from '../task/status.ts'
import {divergedLines, parallelLines, shownTables, signalLines, statusHeader} from './status-text.ts'

const WATCH_MS = 500
const SIGNALS_SHOWN = 3
const DIVERGED_SHOWN = 3

export interface StatusView {
  /** What the task said last; null: it has not answered yet. */
  readonly report: StatusReport | null
  /** Why it does not answer now. */
  readonly away: string | null
  readonly header: readonly string[]
  readonly tables: ReturnType<typeof shownTables>
  readonly footer: readonly string[]
}

export interface WatchOptions {
  readonly read: () => Promise<StatusReport>
  readonly show: (view: StatusView) => void
  /** Rejects where no task answers. */
  readonly failsWhenGone: boolean
  /** Ends it. */
  readonly signal: AbortSignal
  readonly intervalMs?: number
}

/** Rejects with what is not mended by waiting: a token that is refused, another program at the address. */
export async function watchStatus({read, show, failsWhenGone, signal, intervalMs}: WatchOptions): Promise<void> {
  let last: StatusReport | null = null
  while (!signal.aborted) {
    let away: string | null = null
    try {
      last = await read()
    } catch (error) {
      const isGone = error instanceof TidemarkError && error.code === 'TIDEMARK_STATUS_UNREACHABLE'
      if (!isGone || failsWhenGone) throw error
      away = `${describeError(error).message}; trying again`
    }
    if (signal.aborted) return
    show(statusView(last, away))
    await sleep(intervalMs ?? WATCH_MS, undefined, {signal}).catch(() => undefined)
  }
}

export function statusView(report: StatusReport | null, away: string | null): StatusView {
  if (report === null) return {report, away, header: [away ?? ''], tables: [], footer: []}
  return {
    report,
    away,
    header: statusHeader(report, away),
    tables: shownTables(report),
    footer: [
      ...parallelLines(report),
      ...signalLines(report, SIGNALS_SHOWN),
      ...divergedLines(report, DIVERGED_SHOWN),
      ...(report.error === null ? [] : [`error     ${report.error.message} (${report.error.code})`]),
    ],
  }
}
