import assert from 'node:assert/strict'
import {test} from 'node:test'
import {createLogger} from '../../../src/cli/logger.ts'
import {TidemarkError} from '../../../src/core/tidemark-error.ts'

function loggedLines(level = 'info'): {log: ReturnType<typeof createLogger>; lines: string[]} {
  const lines: string[] = []
  const stream = {write: (line: string) => void lines.push(line)}
  return {log: createLogger({level, task: 'shop', secrets: ['pa55"word'], stream}), lines}
}

test('a line is one JSON object with the task, and levels below the configured one are left out', () => {
  const {log, lines} = loggedLines('warn')
  log.info({}, 'started')
  log.warn({table: 'shop.orders'}, 'table scan retried')
  assert.equal(lines.length, 1)
  const line = JSON.parse(lines[0]!) as Record<string, unknown>
  assert.equal(line['task'], 'shop')
  assert.equal(line['table'], 'shop.orders')
  assert.equal(line['msg'], 'table scan retried')
})

test('a secret is redacted in whatever field it comes', () => {
  const {log, lines} = loggedLines()
  log.info({nested: {deep: 'x pa55"word y'}, error: new Error('pa55"word')}, 'denied pa55"word')
  assert.ok(!lines[0]!.includes('pa55'))
  assert.equal((JSON.parse(lines[0]!) as {msg: string}).msg, 'denied ***')
})

test('an error is logged by code and message, without the statement that mysql2 keeps in it', () => {
  const {log, lines} = loggedLines()
  const cause = Object.assign(new Error('refused'), {sql: "INSERT INTO t VALUES ('row data')"})
  log.error({err: cause, error: new TidemarkError('TIDEMARK_X', 'x failed', {cause})}, 'failed')
  assert.ok(!lines[0]!.includes('row data'))
  const line = JSON.parse(lines[0]!) as Record<string, unknown>
  assert.deepEqual(line['error'], {code: 'TIDEMARK_X', message: 'x failed'})
})
