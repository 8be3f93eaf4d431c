// GET and PUT /snapshot/throttle: how fast snapshots may read, looked at and changed while they run. What was changed
// holds until the process ends, or the configuration's own limits are changed.

import {isSelect} from '../config/throttle-settings.ts'
import type {Log} from '../core/log.ts'
import type {HttpAnswer} from '../http/route.ts'
import {jsonProblem} from '../signals/signal.ts'
import type {SnapshotThrottle, ThrottleLimits} from '../snapshot/throttle.ts'
import type {Engine} from './engine.ts'
import type {ThrottleMemory} from './throttle-memory.ts'
import {throttleStatus} from './status.ts'

export interface ThrottledTask {
  readonly engine: Engine | null
  readonly state: string
  readonly log: Log
  /** Takes note of what holds from now on. */
  readonly memory: ThrottleMemory
  readonly configured: ThrottleLimits
}

/** GET, or PUT with the text of a change. */
export function answerThrottle(
  change: string | null,
  {engine, state, log, memory, configured}: ThrottledTask,
): HttpAnswer {
  if (engine === null) return {status: 503, body: {error: `the task is ${state}; try again`}}
  const throttle = engine.coordinator?.throttle ?? null
  if (change === null) return shownThrottle(throttle)
  const answer = changeThrottle(change, throttle, log)
  if (throttle !== null && answer.status === 200) memory.set(throttle.limits, configured)
  return answer
}

/** Null where nothing can be copied. */
export function shownThrottle(throttle: SnapshotThrottle | null): HttpAnswer {
  if (throttle === null) return {status: 409, body: {error: 'nothing can be copied here, for want of watermarks'}}
  return {status: 200, body: throttleStatus(throttle)}
}

/** 200 with what holds now; 400 with the reason, and nothing is changed. */
export function changeThrottle(text: string, throttle: SnapshotThrottle | null, log: Log): HttpAnswer {
  if (throttle === null) return shownThrottle(null)
  const limits = limitsOf(text, throttle.limits)
  if (typeof limits === 'string') return {status: 400, body: {error: limits}}
  throttle.change(limits)
  log.info({...limits}, 'snapshot throttle changed')
  return shownThrottle(throttle)
}

/** A member that is left out stays as it is. A text is what is wrong. */
function limitsOf(text: string, known: ThrottleLimits): ThrottleLimits | string {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return `the body is not JSON: ${jsonProblem(text)}`
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return 'the body must be a JSON object like {"maxRowsPerSecond": 5000, "query": null}'
  }
  const {maxRowsPerSecond = known.maxRowsPerSecond, query = known.query, ...others} = value as Record<string, unknown>
  const [unknown] = Object.keys(others)
  if (unknown !== undefined) return `${JSON.stringify(unknown)} is not known here; known are maxRowsPerSecond and query`
  const isLimit =
    maxRowsPerSecond === null ||
    (typeof maxRowsPerSecond === 'number' && Number.isSafeInteger(maxRowsPerSecond) && maxRowsPerSecond >= 0)
  if (!isLimit) {
    const found = JSON.stringify(maxRowsPerSecond)
    return `"maxRowsPerSecond" must be a whole number, or null (or 0) for no limit, not ${found}`
  }
  if (query !== null && (typeof query !== 'string' || !isSelect(query))) {
    return `"query" must be a SELECT that returns 1 to wait and 0 to go on, or null for none, not ${JSON.stringify(query)}`
  }
  return {maxRowsPerSecond: maxRowsPerSecond === 0 ? null : maxRowsPerSecond, query}
}
