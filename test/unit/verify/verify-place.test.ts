import assert from 'node:assert/strict'
import {test} from 'node:test'
import {GtidSet} from '../../../src/core/gtid-set.ts'
import {standingOf, type EventPlace, type VerifyPlace} from '../../../src/verify/verify-place.ts'

const sid = '2d27e3f2-e590-11f1-ac5b-02fc00000001'
const from = {file: 'binlog.000002', pos: 500}
const to = {file: 'binlog.000002', pos: 900}
const withGtids: VerifyPlace = {executed: GtidSet.parse(`${sid}:1-10:12`), from, to}
const withoutGtids: VerifyPlace = {executed: null, from, to}

function streamed(pos: number, gno = 0, file = 'binlog.000002'): EventPlace {
  return {file, pos, sid: gno === 0 ? '' : sid, gno, isRead: false}
}
function read(pos: number, gno = 0): EventPlace {
  return {...streamed(pos, gno), isRead: true}
}

test('an executed transaction is shown, wherever it lies in the binlog', () => {
  assert.equal(standingOf(withGtids, streamed(700, 12)), 'shown')
  assert.equal(standingOf(withGtids, streamed(4, 3, 'mysql-bin.999999')), 'shown')
})

test('a transaction that was in the binlog but not executed yet may be shown or not', () => {
  assert.equal(standingOf(withGtids, streamed(400, 11)), 'open')
  assert.equal(standingOf(withGtids, streamed(899, 13)), 'open')
})

test('an event that begins at the end of the binlog lies behind it', () => {
  assert.equal(standingOf(withGtids, streamed(900, 14)), 'behind')
  assert.equal(standingOf(withGtids, streamed(4, 14, 'binlog.000003')), 'behind')
})

test('without GTIDs the binlog end before the read view parts what is shown from what may be', () => {
  assert.equal(standingOf(withoutGtids, streamed(499)), 'shown')
  assert.equal(standingOf(withoutGtids, streamed(500)), 'open')
  assert.equal(standingOf(withoutGtids, streamed(899)), 'open')
  assert.equal(standingOf(withoutGtids, streamed(900)), 'behind')
})

test('a read event names the place reached, so one at the end still counts', () => {
  assert.equal(standingOf(withoutGtids, read(500)), 'shown')
  assert.equal(standingOf(withoutGtids, read(900)), 'open')
  assert.equal(standingOf(withoutGtids, read(901)), 'behind')
  assert.equal(standingOf(withGtids, read(900, 15)), 'open')
})

test('a binlog number that has grown a digit is the later one', () => {
  const place: VerifyPlace = {executed: null, from: {file: 'b.999999', pos: 4}, to: {file: 'b.1000000', pos: 200}}
  assert.equal(standingOf(place, streamed(100, 0, 'b.1000000')), 'open')
})
