import assert from 'node:assert/strict'
import {test} from 'node:test'
import {abortable} from '../../../bench/abortable.ts'

const forever = new Promise<never>(() => undefined)

test('a promise that settles first decides', async () => {
  const {signal} = new AbortController()
  assert.equal(await abortable(Promise.resolve(7), signal), 7)
  await assert.rejects(abortable(Promise.reject(new Error('broken')), signal), /broken/)
})

test('an abort ends the wait for what never answers', async () => {
  const controller = new AbortController()
  const waiting = abortable(forever, controller.signal)
  controller.abort(new Error('interrupted'))
  await assert.rejects(waiting, /interrupted/)
})

test('what fails after the abort is no unhandled rejection', async () => {
  const late = Promise.reject(new Error('late'))
  await assert.rejects(abortable(late, AbortSignal.abort(new Error('interrupted'))), /interrupted/)
  await new Promise(resolve => setImmediate(resolve)) // An unhandled rejection would fail the test here.
})
