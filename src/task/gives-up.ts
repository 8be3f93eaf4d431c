// How long an orderly end waits for what is in flight.

export const GAVE_UP =
  'ending without the acknowledgement of what is in flight: it comes again at the next start or resume'

const DRAIN_MS = 30_000
/** Where the brokers are away already: they may not come back, and what is in flight is read again at the next start. */
const AWAY_MS = 5_000

/** Resolves when it has waited long enough, or nobody is left to wait for. */
export function givesUp({
  isAway,
  patience,
}: {
  readonly isAway: boolean
  readonly patience?: AbortSignal
}): Promise<void> {
  const limits = [AbortSignal.timeout(isAway ? AWAY_MS : DRAIN_MS), ...(patience === undefined ? [] : [patience])]
  const limit = AbortSignal.any(limits)
  return new Promise(resolve => {
    limit.addEventListener('abort', () => resolve(), {once: true})
    if (limit.aborted) resolve()
  })
}
