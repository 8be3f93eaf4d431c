// Work that whoever is told to stop does not wait for.

/**
 * Resolves when the work is done, or the signal aborts: a sink that takes nothing must not keep a task or a reader from
 * stopping. What could not be sent is not stored as done.
 */
export async function unlessStopped(work: Promise<void>, signal: AbortSignal): Promise<void> {
  let stop = (): void => undefined
  const stopped = new Promise<void>(resolve => {
    stop = resolve
    signal.addEventListener('abort', stop, {once: true})
    if (signal.aborted) stop()
  })
  try {
    await Promise.race([work, stopped])
  } finally {
    signal.removeEventListener('abort', stop)
    work.catch(() => undefined)
  }
}
