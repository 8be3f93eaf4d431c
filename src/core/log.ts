// The log as the parts see it: fields, then a fixed sentence. pino fits it; a test can collect lines.

/** For whoever has no log. */
export const SILENT: Log = {debug: nothing, info: nothing, warn: nothing, error: nothing}

export interface Log {
  debug(fields: object, sentence: string): void
  info(fields: object, sentence: string): void
  warn(fields: object, sentence: string): void
  error(fields: object, sentence: string): void
}

function nothing(): void {
  // Nobody listens.
}
