import assert from 'node:assert/strict'
import {test} from 'node:test'
import type {Settings} from '../../../src/config/settings.ts'
import {defaultMemoryMb, snapshotPace, wholeDuration} from '../../../src/plan/plan-snapshot.ts'
import type {PlannedSink} from '../../../src/plan/plan-report.ts'

function settings(hostname: string, memoryBytes = 64 * 1024 * 1024): Settings {
  const snapshot = {maxThreads: 3, memoryBytes, throttle: {maxRowsPerSecond: 700}}
  return {database: {hostname}, snapshot} as unknown as Settings
}

const sink: PlannedSink = {type: 'file', basis: 'given', bytesPerSecond: 5, rowsPerSecond: 6, because: ''}

test('the limit of the running task counts, else the configured one', () => {
  const limit = (task: Parameters<typeof snapshotPace>[1]['task']): number | null =>
    snapshotPace(settings('db'), {task, sink, processors: 2}).maxRowsPerSecond
  assert.equal(limit(null), 700)
  assert.equal(limit({rowsPerSecond: null, maxRowsPerSecond: 50}), 50)
  assert.equal(limit({rowsPerSecond: null, maxRowsPerSecond: null}), null)
})

test('processors are shared with a MySQL on the same machine only', () => {
  const of = (hostname: string) => snapshotPace(settings(hostname), {task: null, sink, processors: 2})
  for (const host of ['localhost', '127.0.0.1', '127.1.2.3', '::1']) assert.equal(of(host).sharedProcessors, 2, host)
  for (const host of ['db.example', '10.127.0.1']) assert.equal(of(host).sharedProcessors, null, host)
  const {lanes, sinkBytesPerSecond, sinkRowsPerSecond} = of('db')
  assert.deepEqual([lanes, sinkBytesPerSecond, sinkRowsPerSecond], [3, 5, 6])
})

test('the whole takes what its tables take one after the other, and its start and end', () => {
  assert.equal(wholeDuration([{durationSeconds: 1.5}, {durationSeconds: 2}]), 4.8)
  assert.equal(wholeDuration([{durationSeconds: 1.5}, {durationSeconds: null}]), null)
})

test('a chunk may have a quarter of the memory for snapshots, and 8 MB at most', () => {
  assert.equal(defaultMemoryMb(settings('db')), 8)
  assert.equal(defaultMemoryMb(settings('db', 16 * 1024 * 1024)), 4)
})
