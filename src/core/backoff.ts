// Waiting that can be called off, and the pace of retries.

/** Resolves after `ms`, or at once when the signal aborts. */
export function delay(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) {
      resolve()
      return
    }
    const done = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done, {once: true})
  })
}

/** 0.2 s, 0.4 s … up to 5 s, so that after an outage work goes on within seconds. */
export function backoffMs(attempt: number): number {
  return Math.min(5_000, 200 * 2 ** attempt)
}
