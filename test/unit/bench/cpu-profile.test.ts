import assert from 'node:assert/strict'
import {test} from 'node:test'
import {threadProfile, type CpuProfile} from '../../../bench/cpu-profile.ts'

const everything = {fromUs: 0, toUs: Infinity}

function profile(
  functions: readonly [name: string, url: string][],
  samples: readonly [id: number, us: number][],
): CpuProfile {
  return {
    nodes: functions.map(([functionName, url], id) => ({id, callFrame: {functionName, url, lineNumber: 41}})),
    startTime: 1000,
    samples: samples.map(([id]) => id),
    timeDeltas: samples.map(([, us]) => us),
  }
}

const encode: [string, string] = ['encode', 'file:///somewhere/src/encode/row.js']
const idle: [string, string] = ['(idle)', '']
const collector: [string, string] = ['(garbage collector)', '']

test('self time is that of the samples, the hottest function first, in parts of the time that was not idle', () => {
  const {busyMs, idleMs, functions} = threadProfile(
    profile(
      [idle, encode, collector],
      [
        [0, 6000],
        [1, 1000],
        [2, 1000],
        [1, 2000],
      ],
    ),
    everything,
    10,
  )
  assert.deepEqual({busyMs, idleMs}, {busyMs: 4, idleMs: 6})
  assert.deepEqual(functions, [
    {place: 'encode encode/row.js:42', selfMs: 3, percent: 75},
    {place: '(garbage collector)', selfMs: 1, percent: 25},
  ])
})

test('nodes of the same function, called from several places, count together', () => {
  const {functions} = threadProfile(
    profile(
      [encode, encode],
      [
        [0, 1000],
        [1, 1000],
      ],
    ),
    everything,
    10,
  )
  assert.deepEqual(functions, [{place: 'encode encode/row.js:42', selfMs: 2, percent: 100}])
})

test('what was sampled before and after the measured span does not count', () => {
  const samples: [number, number][] = [
    [1, 1000],
    [2, 1000],
    [1, 5000],
  ]
  const {busyMs, functions} = threadProfile(profile([idle, encode, collector], samples), {fromUs: 2500, toUs: 3500}, 10)
  assert.equal(busyMs, 1)
  assert.deepEqual(
    functions.map(({place}) => place),
    ['(garbage collector)'],
  )
})

test('the thread that runs the reader worker is told from the main thread', () => {
  const worker: [string, string] = ['', 'file:///somewhere/src/snapshot/reader-worker.js']
  assert.equal(threadProfile(profile([worker], [[0, 1000]]), everything, 10).thread, 'reader worker')
  assert.equal(threadProfile(profile([encode], [[0, 1000]]), everything, 10).thread, 'main')
})
