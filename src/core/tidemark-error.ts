// The one error class of the project: a code for machines, a sentence for people, a cause for whoever digs deeper.

/** What the process does about an error: `configuration` ends with exit code 2, `prerequisite` with 3, the others with 1. */
export type ErrorKind = 'configuration' | 'prerequisite' | 'fatal' | 'retryable'

export interface TidemarkErrorOptions {
  readonly cause?: unknown
  /** `retryable` is tried again with backoff by whoever supervises the part; everything else needs an operator. Default `fatal`. */
  readonly kind?: ErrorKind
}

/**
 * An error that names the thing, what was found and wanted, and what to do.
 * Codes are `TIDEMARK_<AREA>_<WHAT>`. Never put a secret or row data into the message.
 */
export class TidemarkError extends Error {
  override readonly name = 'TidemarkError'
  readonly code: string
  readonly kind: ErrorKind

  constructor(code: string, message: string, options: TidemarkErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : {cause: options.cause})
    this.code = code
    this.kind = options.kind ?? 'fatal'
  }
}

/** The message and code of anything that was thrown, for a log line; never a stack. */
export function describeError(error: unknown): {code: string; message: string} {
  if (error instanceof Error) {
    const code = (error as {code?: unknown}).code
    return {code: typeof code === 'string' ? code : error.name, message: error.message}
  }
  return {code: 'UNKNOWN', message: String(error)}
}

/** Stops the task when the program itself is wrong; never used for input from outside. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new TidemarkError('TIDEMARK_INTERNAL_INVARIANT', `internal error: ${message}; please report it`)
}

/** Proves to the compiler that every member of a union was handled. */
export function assertNever(value: never): never {
  throw new TidemarkError('TIDEMARK_INTERNAL_INVARIANT', `internal error: unexpected ${JSON.stringify(value)}`)
}
