import assert from 'node:assert/strict'
import {test} from 'node:test'
import {backoffMs, delay} from '../../../src/core/backoff.ts'

test('retries come at 0.2 s and then at twice the time each, but never later than 5 s', () => {
  assert.deepEqual([0, 1, 2, 3, 4, 5, 100, 5_000].map(backoffMs), [200, 400, 800, 1_600, 3_200, 5_000, 5_000, 5_000])
})

test('a delay ends with its signal, at once where that was aborted before', async () => {
  const stop = new AbortController()
  const waiting = delay(3_600_000, stop.signal)
  stop.abort()
  await waiting
  await delay(3_600_000, stop.signal)
})

test('a delay ends by itself, and listens to its signal no longer', async () => {
  const {signal} = new AbortController()
  let listeners = 0
  const add = signal.addEventListener.bind(signal)
  const remove = signal.removeEventListener.bind(signal)
  signal.addEventListener = (...all: Parameters<typeof add>) => {
    listeners++
    add(...all)
  }
  signal.removeEventListener = (...all: Parameters<typeof remove>) => {
    listeners--
    remove(...all)
  }
  await delay(1, signal)
  assert.equal(listeners, 0)
})
