import assert from 'node:assert/strict'
import {test} from 'node:test'
import {History} from '../../../src/http/history.ts'

function played(eventsEmitted: () => number, everyMs = 10_000) {
  let now = 1_000_000
  const history = new History({
    status: () => ({
      behindMs: null,
      sink: {eventsEmitted: eventsEmitted(), bytesInFlight: 7},
      snapshot: {
        tables: [
          {state: 'running', rowsPerSecond: 100},
          {state: 'running', rowsPerSecond: 50.4},
          {state: 'done', rowsPerSecond: 900},
        ],
      },
    }),
    now: () => now,
    everyMs,
  })
  return {
    history,
    after: (ms: number) => {
      now += ms
      history.take()
    },
  }
}

test('a sample has the events since the one before, also where a task that began again counts from 0', () => {
  const counts = [500, 800, 20]
  const {history, after} = played(() => counts.shift()!)
  for (let index = 0; index < 3; index++) after(10_000)
  assert.deepEqual(
    history.samples.map(({eventsPerSecond, rowsPerSecond, bytesInFlight}) => [
      eventsPerSecond,
      rowsPerSecond,
      bytesInFlight,
    ]),
    [
      [0, 150, 7],
      [30, 150, 7],
      [0, 150, 7],
    ],
  )
})

test('an hour is kept, however many samples were taken', () => {
  const {history, after} = played(() => 0)
  for (let index = 0; index < 1000; index++) after(10_000)
  assert.equal(history.samples.length, 360)
  assert.equal(history.samples.at(-1)!.atMs - history.samples[0]!.atMs, 3_590_000)
  after(7_200_000)
  assert.equal(history.samples.length, 1, 'what lies before a gap is gone, too')
})

test('whoever listens is told each new sample until it no longer listens', () => {
  const {history, after} = played(() => 0)
  const told: number[] = []
  const stop = history.onSample(({atMs}) => told.push(atMs))
  after(1)
  stop()
  after(1)
  assert.deepEqual(told, [1_000_001])
})
