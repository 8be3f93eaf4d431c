// GET /metrics over whole runs with crashes, lost connections and restarts inside the process.

import {test} from 'node:test'
import {assertKept} from './assert-kept.ts'

test('16 seeds: at every step and at the end the metrics are what landed, was answered and has ended', async () => {
  await assertKept({from: 1, seeds: 16, metrics: true})
})
