import assert from 'node:assert/strict'
import {test} from 'node:test'
import {KeylessOrder, type RowPlace} from '../../../src/verify/keyless-order.ts'

const NO_GTID = {sid: '', gno: 0}

function place(pos: number, row = 0, gtid: {sid: string; gno: number} = NO_GTID, file = 'b.000002'): RowPlace {
  return {file, pos, row, ...gtid}
}

/** Which of the places count, all of updates. */
function taken(places: readonly RowPlace[]): boolean[] {
  const order = new KeylessOrder()
  return places.map(each => order.takesStreamed(each, {isCreate: false}))
}

test('a row counts once for its file, pos and row', () => {
  const places = [place(10), place(10, 1), place(30), place(10), place(10, 1), place(30), place(30, 1)]
  assert.deepEqual(taken(places), [true, true, true, false, false, false, true])
})

test('an update of the message key counts as a delete and a create of one place, once each', () => {
  const order = new KeylessOrder()
  const found = [false, false, true, false, true].map(isCreate => order.takesStreamed(place(10), {isCreate}))
  assert.deepEqual(found, [true, false, true, false, false])
})

test('a newer transaction at an earlier place is of a server that took over, and its places count from there', () => {
  const gtid = (gno: number) => ({sid: 'u', gno})
  const places = [
    place(500, 0, gtid(1)),
    place(900, 0, gtid(2)),
    place(40, 0, gtid(3), 'b.000001'),
    place(40, 1, gtid(3), 'b.000001'),
    place(40, 1, gtid(3), 'b.000001'),
    place(90, 0, gtid(4), 'b.000001'),
  ]
  assert.deepEqual(taken(places), [true, true, true, true, false, true])
})

test('transactions that commit out of their order all count', () => {
  const gtid = (gno: number) => ({sid: 'u', gno})
  assert.deepEqual(taken([place(10, 0, gtid(7)), place(20, 0, gtid(5)), place(30, 0, gtid(6))]), [true, true, true])
})

test('from a copy on only its own read events count, and what was streamed before it stays counted', () => {
  const order = new KeylessOrder()
  assert.equal(order.takesRead('a'), true)
  order.takesStreamed(place(10), {isCreate: true})
  order.beginCopy('b')
  assert.deepEqual([order.takesRead('a'), order.takesRead('b'), order.takesRead(null)], [false, true, false])
  const found = [10, 30, 20].map(pos => order.takesStreamed(place(pos), {isCreate: true}))
  assert.deepEqual(found, [false, true, false])
})
