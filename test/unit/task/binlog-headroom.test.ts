import assert from 'node:assert/strict'
import {test} from 'node:test'
import type {StreamPlace} from '../../../src/stream/offset-tracker.ts'
import {BinlogHeadroom} from '../../../src/task/binlog-headroom.ts'
import {quietLog} from '../../support/quiet-log.ts'

const HOUR = 3_600_000

class Scene {
  now = 100 * HOUR
  file = 'b.1'
  seconds: number | null = 10 * 3600
  readonly headroom = new BinlogHeadroom({
    read: () => Promise.resolve({file: this.file, seconds: this.seconds}),
    log: quietLog,
    signal: new AbortController().signal,
    now: () => this.now,
  })

  /** The stream has reached `reached` transactions, the last of `eventMs`; what is safe is before `safe`. */
  stores(file: string, reached: number, safe: number, eventMs: number): void {
    const placeOf = (transactions: number): StreamPlace => ({file, transactions}) as StreamPlace
    const tracker = {safePlace: () => placeOf(safe)}
    this.headroom.collected({dispatcher: {place: placeOf(reached), lastEventMs: eventMs}, tracker})
    this.headroom.saved()
  }

  get hours(): number | null {
    const seconds = this.headroom.read()?.seconds ?? null
    return seconds === null ? null : seconds / 3600
  }
}

test('in the file that the server writes the whole retention is left, however old the last event is', async () => {
  const scene = new Scene()
  scene.stores('b.1', 5, 5, scene.now - 50 * HOUR)
  await scene.headroom.ask()
  assert.equal(scene.hours, 10)
  scene.now += HOUR
  assert.equal(scene.hours, 9, 'and an hour less for each hour in which nobody answers')
})

test('in a file that has ended, the age of the last stored event is gone from the retention, and it never falls below 0', async () => {
  const scene = new Scene()
  scene.file = 'b.7'
  scene.stores('b.1', 5, 5, scene.now - 8 * HOUR)
  await scene.headroom.ask()
  assert.equal(scene.hours, 2)
  scene.now += 3 * HOUR
  assert.equal(scene.hours, 0)
})

test('what the stream has read ahead of a sink that waits does not count', async () => {
  const scene = new Scene()
  scene.file = 'b.7'
  scene.stores('b.1', 5, 5, scene.now - 8 * HOUR)
  scene.stores('b.2', 90, 7, scene.now - HOUR)
  await scene.headroom.ask()
  assert.equal(scene.hours, 2)
  scene.stores('b.2', 90, 90, scene.now - HOUR)
  assert.equal(scene.hours, 9)
})

test('nothing is told where files are kept for ever, and only the retention where the place in time is not known', async () => {
  const scene = new Scene()
  assert.equal(scene.headroom.read(), null)
  scene.file = 'b.7'
  await scene.headroom.ask()
  assert.deepEqual(scene.headroom.read(), {retentionSeconds: 36_000, seconds: null})
  scene.seconds = null
  await scene.headroom.ask()
  assert.equal(scene.headroom.read(), null)
})
