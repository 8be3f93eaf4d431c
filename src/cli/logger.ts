// The log: pino, one JSON object a line on stderr. stdout belongs to the stdout sink.

import {destination, pino, stdTimeFunctions, type DestinationStream, type Logger} from 'pino'
import {redact} from '../config/redact.ts'
import {describeError} from '../core/tidemark-error.ts'

const STDERR = 2

export interface LoggerOptions {
  readonly level: string
  /** Name of the task, on every line. */
  readonly task: string
  /** Replaced in every line, whatever field they are in. */
  readonly secrets: readonly string[]
  /** Default: stderr, written at once, so that the last lines of a process that dies are there. */
  readonly stream?: DestinationStream
}

export function createLogger({level, task, secrets, stream}: LoggerOptions): Logger {
  const out = stream ?? destination({fd: STDERR, sync: true})
  const redacting: DestinationStream = {write: line => out.write(redact(line, secrets))}
  return pino(
    {
      level,
      base: {task},
      timestamp: stdTimeFunctions.isoTime,
      // pino's own serializer writes all fields of an error; those of mysql2 hold the statement with its row data.
      serializers: {err: describeError, error: describeError},
    },
    redacting,
  )
}
