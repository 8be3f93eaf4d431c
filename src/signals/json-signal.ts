// A signal as one JSON object with type, data and, if wanted, id: a record's value, a line of a file, a request's body.

import {jsonProblem} from './signal.ts'
import type {SignalRecord} from './signal.ts'

const EXAMPLE = '{"type": "execute-snapshot", "data": {"data-collections": ["db.table"]}}'

/**
 * Broken where the text cannot be a signal, so that it is answered all the same. One without id has its occurrence for an id,
 * which stays the same over a crash. `what` names the text in the reason.
 */
export function jsonSignal(
  text: string,
  base: Pick<SignalRecord, 'channel' | 'occurrence'>,
  what: string,
): SignalRecord {
  const {occurrence} = base
  const broken = (reason: string, id = occurrence, type = ''): SignalRecord => {
    return {...base, id, type, data: null, broken: reason}
  }
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    return broken(`${what} is not JSON: ${jsonProblem(text)}`)
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    return broken(`${what} must be a JSON object like ${EXAMPLE}`)
  }
  const {id: givenId, type, data} = parsed as {id?: unknown; type?: unknown; data?: unknown}
  const id = typeof givenId === 'string' && givenId !== '' ? givenId : occurrence
  if (givenId !== undefined && givenId !== null && typeof givenId !== 'string') {
    return broken('"id" must be a text', occurrence, typeof type === 'string' ? type : '')
  }
  if (typeof type !== 'string') return broken('"type" is missing, or no text', id)
  return {...base, id, type, data: dataText(data)}
}

/** Debezium wants an object; JSON in a text, as in the signal table, is taken, too. */
function dataText(data: unknown): string | null {
  if (data === undefined || data === null) return null
  return typeof data === 'string' ? data : JSON.stringify(data)
}
