import assert from 'node:assert/strict'
import {test} from 'node:test'
import {WorkRate} from '../../../src/snapshot/work-rate.ts'

/** Notes a speed for so many seconds, from where it was. */
class Played {
  readonly rate = new WorkRate()
  now = 0
  read = 0
  left = 0

  run(seconds: number, {read, left}: {readonly read: number; readonly left: number}): void {
    for (const end = this.now + seconds * 1000; this.now < end;) {
      this.now += 100
      this.read += read / 10
      this.left += left / 10
      if (this.rate.isDue(this.now)) this.rate.note(this.now, this.read, this.left)
    }
  }
}

test('reading and leaving each count for their share of the work', () => {
  const played = new Played()
  played.run(10, {read: 3_000, left: 1_000})
  assert.equal(Math.round(played.rate.perSecond(played.now, 0.5)), 2_000)
  assert.equal(Math.round(played.rate.perSecond(played.now, 0)), 1_000)
})

test('before two notes there is no speed, and while nothing comes it falls', () => {
  const played = new Played()
  assert.equal(played.rate.perSecond(1_000, 0.5), 0)
  played.run(10, {read: 1_000, left: 1_000})
  assert.ok(played.rate.perSecond(played.now + 10_000, 0.5) < 500)
  played.rate.begin()
  assert.equal(played.rate.perSecond(played.now, 0.5), 0)
})

test('a speed that doubles for good is off by less than 1.5 after 30 seconds, and right after five minutes', () => {
  const played = new Played()
  played.run(1_000, {read: 1_000, left: 1_000})
  played.run(31, {read: 2_000, left: 2_000})
  const soon = played.rate.perSecond(played.now, 0.5)
  assert.ok(soon > 1_400 && soon < 1_600, String(soon))
  played.run(270, {read: 2_000, left: 2_000})
  assert.ok(played.rate.perSecond(played.now, 0.5) > 1_990)
})

test('the first fifth of the time, which is slow, is forgotten', () => {
  const played = new Played()
  played.run(10, {read: 100, left: 100})
  played.run(41, {read: 1_000, left: 1_000})
  assert.ok(played.rate.perSecond(played.now, 0.5) > 950)
})
