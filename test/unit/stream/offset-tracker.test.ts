import assert from 'node:assert/strict'
import {test} from 'node:test'
import fc from 'fast-check'
import {OffsetTracker} from '../../../src/stream/offset-tracker.ts'
import type {StreamPlace, TrackedBatch} from '../../../src/stream/offset-tracker.ts'

function place(pos: number): StreamPlace {
  return {file: 'b.1', pos, gtidCount: 0, rows: 0, sid: '', gno: 0, transactions: 0}
}

test('the safe place is the place of the oldest batch that is not acknowledged, whatever the order of acknowledgements', () => {
  const steps = fc.array(fc.tuple(fc.constantFrom('open', 'acknowledge'), fc.nat(10_000)), {maxLength: 200})
  fc.assert(
    fc.property(steps, plan => {
      const tracker = new OffsetTracker()
      const open: TrackedBatch[] = []
      let pos = 0
      for (const [step, choice] of plan) {
        if (step === 'open') open.push(tracker.open(place((pos += 1 + (choice % 3)))))
        else {
          const waiting = open.filter(batch => !batch.acknowledged)
          if (waiting.length > 0) tracker.acknowledge(waiting[choice % waiting.length]!)
        }
        const oldest = open.find(batch => !batch.acknowledged)
        assert.equal(tracker.safePlace(place(pos + 1)).pos, oldest?.place.pos ?? pos + 1)
        assert.equal(tracker.pending === 0, oldest === undefined)
      }
    }),
  )
})

test('thousands of acknowledged batches behind and before an open one change nothing', () => {
  const tracker = new OffsetTracker()
  const batches = Array.from({length: 6_000}, (_, i) => tracker.open(place(i)))
  for (const batch of batches) if (batch !== batches[3_000]) tracker.acknowledge(batch)
  assert.equal(tracker.safePlace(place(9_999)).pos, 3_000)
  assert.equal(tracker.pending, 3_000)
  tracker.acknowledge(batches[3_000]!)
  assert.equal(tracker.safePlace(place(9_999)).pos, 9_999)
  assert.equal(tracker.pending, 0)
})
