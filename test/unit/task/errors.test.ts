import assert from 'node:assert/strict'
import {test} from 'node:test'
import {TidemarkError} from '../../../src/core/tidemark-error.ts'
import {isConnectionLoss, isRetryable} from '../../../src/task/errors.ts'

function mysqlError(errno: number, code: string): Error {
  return Object.assign(new Error(code), {errno, code})
}

const CASES: readonly (readonly [string, unknown, boolean, boolean])[] = [
  ['a refused connection', Object.assign(new Error('refused'), {code: 'ECONNREFUSED'}), true, true],
  ['a reset connection', Object.assign(new Error('reset'), {code: 'ECONNRESET'}), true, true],
  ['a server that shuts down', mysqlError(1053, 'ER_SERVER_SHUTDOWN'), true, true],
  ['a lock wait', mysqlError(1205, 'ER_LOCK_WAIT_TIMEOUT'), false, true],
  ['a deadlock', mysqlError(1213, 'ER_LOCK_DEADLOCK'), false, true],
  ['a killed query', mysqlError(1317, 'ER_QUERY_INTERRUPTED'), false, true],
  ['a syntax error', mysqlError(1064, 'ER_PARSE_ERROR'), false, false],
  ['a missing grant', mysqlError(1142, 'ER_TABLEACCESS_DENIED_ERROR'), false, false],
  ['our own retryable error', new TidemarkError('TIDEMARK_X', 'x', {kind: 'retryable'}), true, true],
  ['our own fatal error', new TidemarkError('TIDEMARK_X', 'x'), false, false],
  ['an error of the program', new TypeError('undefined is not a function'), false, false],
]
for (const [what, error, lost, retryable] of CASES) {
  test(`${what} is ${lost ? '' : 'not '}a lost connection and ${retryable ? '' : 'not '}worth another try`, () => {
    assert.deepEqual([isConnectionLoss(error), isRetryable(error)], [lost, retryable])
  })
}
