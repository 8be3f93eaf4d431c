import assert from 'node:assert/strict'
import {test} from 'node:test'
import {TidemarkError} from '../../../src/core/tidemark-error.ts'
import {mysqlErrorNumber, toMysqlError} from '../../../src/mysql/mysql-error.ts'

function clientError(fields: object, message = 'text'): Error {
  return Object.assign(new Error(message), fields)
}

test('an error is known by its number or code, never by its text', () => {
  const denied = toMysqlError(clientError({code: 'ER_ACCESS_DENIED_ERROR', errno: 1045}), 'connect')
  assert.equal(denied.code, 'TIDEMARK_MYSQL_ACCESS_DENIED')
  assert.equal(denied.kind, 'configuration')
  const refused = toMysqlError(clientError({code: 'ECONNREFUSED', errno: -111, fatal: true}), 'connect')
  assert.equal(refused.code, 'TIDEMARK_MYSQL_UNREACHABLE')
  assert.equal(refused.kind, 'retryable')
  const liar = toMysqlError(clientError({errno: 1064}, 'Access denied, connect ECONNREFUSED'), 'query')
  assert.equal(liar.code, 'TIDEMARK_MYSQL_ERROR')
  assert.equal(liar.kind, 'fatal')
})

test('a connection that is closed already counts as lost, though mysql2 gives no code', () => {
  const error = toMysqlError(clientError({fatal: true}), 'query')
  assert.equal(error.code, 'TIDEMARK_MYSQL_CONNECTION_LOST')
  assert.equal(error.kind, 'retryable')
})

test('the message says what failed, what was found and what to do; the server’s text can be left out', () => {
  const cause = clientError({code: 'ER_DUP_ENTRY', errno: 1062}, "Duplicate entry 'row data'")
  const error = toMysqlError(cause, 'write a mark', {quoteServer: false})
  assert.match(error.message, /^cannot write a mark: \(ER_DUP_ENTRY, error 1062\); /)
  assert.equal(error.cause, cause)
  assert.match(toMysqlError(cause, 'write a mark').message, /Duplicate entry/)
})

test('a TidemarkError passes through, and keeps its number', () => {
  const error = toMysqlError(clientError({errno: 1317}), 'read')
  assert.equal(toMysqlError(error, 'something else'), error)
  assert.equal(mysqlErrorNumber(new TidemarkError('TIDEMARK_X', 'x', {cause: error})), 1317)
  assert.equal(mysqlErrorNumber(new Error('x')), null)
})
