import assert from 'node:assert/strict'
import {test} from 'node:test'
import {TidemarkError} from '../../../src/core/tidemark-error.ts'
import {untilAnswered} from '../../../src/task/until-answered.ts'
import {rememberingLog} from '../../support/quiet-log.ts'

const lost = (): Error => new TidemarkError('TIDEMARK_MYSQL_CONNECTION_LOST', 'lost', {kind: 'retryable'})

test('a connection that is lost under a question at the start is no reason to end: it is asked again', async t => {
  t.mock.timers.enable({apis: ['setTimeout']})
  const log = rememberingLog()
  const answers = [() => Promise.reject(lost()), () => Promise.reject(lost()), () => Promise.resolve(7)]
  const answer = untilAnswered(() => answers.shift()!(), {signal: new AbortController().signal, log})
  for (let i = 0; i < 2; i++) {
    await new Promise(resolve => setImmediate(resolve))
    t.mock.timers.tick(5_000)
  }
  assert.equal(await answer, 7)
  assert.equal(log.lines.length, 2)
})

test('a question ends with the signal, also while it is being answered', async () => {
  const log = rememberingLog()
  const stop = new AbortController()
  const asked = untilAnswered(
    () => {
      stop.abort()
      return Promise.reject(lost())
    },
    {signal: stop.signal, log},
  )
  assert.equal(await asked, null)
  assert.deepEqual(log.lines, [])
})

test('an answer that time does not heal is passed on', async () => {
  const denied = new TidemarkError('TIDEMARK_MYSQL_MISSING_GRANT', 'no')
  const {signal} = new AbortController()
  await assert.rejects(
    untilAnswered(() => Promise.reject(denied), {signal, log: rememberingLog()}),
    denied,
  )
})
