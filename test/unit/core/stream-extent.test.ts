import assert from 'node:assert/strict'
import {test} from 'node:test'
import fc from 'fast-check'
import {StreamExtent} from '../../../src/core/stream-extent.ts'

const A = '01020304-0506-0708-090a-0b0c0d0e0f10'
const B = 'f1020304-0506-0708-090a-0b0c0d0e0f10'

test('with GTIDs membership decides, whatever the positions say', () => {
  const extent = StreamExtent.parse({file: 'b.000002', pos: 500, gtidSet: `${A}:1-5,${B}:3`})
  assert.equal(extent.has({sid: A, gno: 5, file: 'b.000009', pos: 4}), true)
  assert.equal(extent.has({sid: B, gno: 2, file: 'b.000001', pos: 4}), false)
  assert.equal(extent.covers(StreamExtent.parse({file: 'b.000009', pos: 4, gtidSet: `${B}:3`})), true)
  assert.equal(extent.covers(StreamExtent.parse({file: 'b.000001', pos: 4, gtidSet: `${A}:6`})), false)
})

test('without GTIDs a transaction is in where it begins before the position', () => {
  const extent = StreamExtent.parse({file: 'b.000002', pos: 500, gtidSet: null})
  assert.equal(extent.has({sid: '', gno: 0, file: 'b.000002', pos: 499}), true)
  assert.equal(extent.has({sid: '', gno: 0, file: 'b.000002', pos: 500}), false)
  assert.equal(extent.has({sid: '', gno: 0, file: 'b.000001', pos: 900}), true)
  assert.equal(extent.covers(StreamExtent.parse({file: 'b.000002', pos: 500, gtidSet: null})), true)
  assert.equal(extent.covers(StreamExtent.parse({file: 'b.1000000', pos: 4, gtidSet: null})), false)
})

test('an extent that covers another has every transaction that the other has, and is read back as it was written', () => {
  const numbers = fc.uniqueArray(fc.integer({min: 1, max: 12}))
  const set = (list: number[]) => list.map(gno => `${A}:${gno}`).join(',')
  fc.assert(
    fc.property(numbers, numbers, (mine, theirs) => {
      const extents = [mine, theirs].map(list => StreamExtent.parse({file: 'b.1', pos: 4, gtidSet: set(list)}))
      const [a, b] = [StreamExtent.parse(extents[0]!.text), extents[1]!]
      const all = Array.from({length: 12}, (_, i) => ({sid: A, gno: i + 1, file: 'b.1', pos: 4}))
      const every = all.every(transaction => !b.has(transaction) || a.has(transaction))
      assert.equal(a.covers(b), every)
    }),
  )
})
