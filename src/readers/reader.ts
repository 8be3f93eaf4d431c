// What reads a part of the history of tables: a copy, a stretch of the binlog, or several of them one after the other.

/** Told once, and not at all where the reader was stopped. */
export interface Completion {
  completed(): void
  failed(error: unknown): void
}

export interface Reader {
  /** Begins to read; once. */
  start(): void
  /** Ends it before its time. Resolves when nothing of it goes on. */
  stop(): Promise<void>
  /** Before `start`. */
  uponCompletion(completion: Completion): void
}

/** A reader that is one piece of work. */
export abstract class RunningReader implements Reader {
  readonly #stopping = new AbortController()
  #completion: Completion | null = null
  #running: Promise<void> = Promise.resolve()

  uponCompletion(completion: Completion): void {
    this.#completion = completion
  }

  start(): void {
    const {signal} = this.#stopping
    this.#running = this.run(signal).then(
      () => {
        if (!signal.aborted) this.#completion?.completed()
      },
      (error: unknown) => {
        if (!signal.aborted) this.#completion?.failed(error)
      },
    )
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#running
  }

  /** Resolves when everything was read, or soon after the signal aborts. */
  protected abstract run(signal: AbortSignal): Promise<void>
}

/** Runs a reader to its end within another. Stopped with the signal; resolves then, too. */
export async function readToEnd(reader: Reader, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  let stop = (): void => undefined
  const stopped = new Promise<void>(resolve => {
    stop = () => {
      reader.stop().then(resolve, resolve)
    }
  })
  signal.addEventListener('abort', stop, {once: true})
  try {
    const ended = new Promise<void>((completed, failed) => reader.uponCompletion({completed, failed}))
    reader.start()
    await Promise.race([ended, stopped])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
