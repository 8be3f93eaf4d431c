/** A server that cannot be had or started: the message says what was tried and what would help. */
export class ServersError extends Error {
  override readonly name = 'ServersError'
}

/** Thrown by a way that does not exist on this machine, as opposed to one that fails. */
export class NotHere extends ServersError {}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
