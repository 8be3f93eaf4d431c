// How long an orderly end waits for what is in flight.

const DRAIN_MS = 30_000

/** Resolves when it has waited long enough, or nobody is left to wait for. */
export function givesUp(patience?: AbortSignal): Promise<void> {
  const limits = [AbortSignal.timeout(DRAIN_MS), ...(patience === undefined ? [] : [patience])]
  const limit = AbortSignal.any(limits)
  return new Promise(resolve => {
    limit.addEventListener('abort', () => resolve(), {once: true})
    if (limit.aborted) resolve()
  })
}
