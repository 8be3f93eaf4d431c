import assert from 'node:assert/strict'
import {test} from 'node:test'
import {PlayedThrottle} from '../../support/played-throttle.ts'
import {plan} from '../../support/snapshot-parts.ts'

const first = plan(['t'], {id: 'first'})
const second = plan(['u'], {id: 'second'})
const slow = plan(['w'], {id: 'slow', terms: {maxRowsPerSecond: 10}})

test('without limits every chunk is let in at once, with all its rows', () => {
  const played = new PlayedThrottle()
  assert.deepEqual(played.want(first, 2_048).admission, {rows: 2_048, snapshot: first})
  assert.equal(played.throttle.waits, null)
  assert.equal(played.timers, 0)
})

test('a limit holds for all snapshots together, and a chunk has no more rows than a second may have', () => {
  const played = new PlayedThrottle({maxRowsPerSecond: 100})
  const all = [first, second, first].map(snapshot => played.want(snapshot, 2_048))
  assert.deepEqual(
    all.map(({at}) => at),
    [0, null, null],
  )
  assert.equal(played.throttle.waits, 'at most 100 rows/s (snapshot.max.rows.per.second)')
  played.pass(3_000)
  assert.deepEqual(
    all.map(({at}) => at),
    [0, 1_000, 2_000],
  )
  assert.ok(all.every(({admission}) => admission?.rows === 100))
  assert.equal(played.throttle.waits, null)
})

test('rows that were not there do not count', () => {
  const played = new PlayedThrottle({maxRowsPerSecond: 100})
  const {admission} = played.want(first, 100)
  const next = played.want(first, 100)
  played.pass(100)
  played.throttle.correct(admission!, 25)
  played.pass(149)
  assert.equal(next.at, null)
  played.pass(1)
  assert.equal(next.at, 250)
})

test('a snapshot with a limit of its own holds up no other one', () => {
  const played = new PlayedThrottle()
  played.want(slow, 5)
  const waiting = played.want(slow, 5)
  assert.deepEqual([waiting.at, played.want(first, 5_000).at, played.want(second, 5_000).at], [null, 0, 0])
  assert.equal(played.throttle.waits, 'snapshot slow: at most 10 rows/s (max-rows-per-second)')
  played.pass(500)
  assert.equal(waiting.at, 500)
})

test('the chunk of a higher rank is let in first, others as they came', () => {
  const played = new PlayedThrottle({maxRowsPerSecond: 100})
  played.want(first, 100)
  const [low, other, high] = [played.want(first, 100), played.want(second, 100), played.want(first, 100, {rank: 5})]
  played.pass(3_000)
  assert.deepEqual([high.at, low.at, other.at], [1_000, 2_000, 3_000])
})

test('another limit holds at once for what waits already', () => {
  const played = new PlayedThrottle({maxRowsPerSecond: 1})
  for (let i = 0; i < 2; i++) played.want(first, 1)
  const waiting = played.want(first, 500)
  played.throttle.change({maxRowsPerSecond: null, query: null})
  assert.equal(waiting.at, 0)
  played.throttle.change({maxRowsPerSecond: 10, query: null})
  assert.equal(played.want(first, 500).admission?.rows, 10)
  assert.equal(played.want(first, 500).admission, null)
})

test('a chunk that is not wanted any more is forgotten, and takes nothing', () => {
  const played = new PlayedThrottle({maxRowsPerSecond: 10})
  played.want(first, 10)
  const [gone, next] = [played.want(first, 10), played.want(second, 10)]
  gone.isWanted = false
  played.pass(1_000)
  assert.deepEqual([gone.at, next.at], [null, 1_000])
})

test('nothing is read before the query has answered, nor while it says to wait; it is asked once a second', async () => {
  const played = new PlayedThrottle({query: 'SELECT 1'})
  const chunk = played.want(first, 5)
  assert.deepEqual(
    played.asked.map(({query}) => query),
    ['SELECT 1'],
  )
  assert.match(played.throttle.waits!, /has not answered yet/)
  await played.asked[0]!.answer('returned 1')
  assert.equal(chunk.at, null)
  assert.equal(played.throttle.waits, 'snapshot.throttle.query says to wait: it returned 1')
  played.pass(999)
  assert.equal(played.asked.length, 0)
  played.pass(1)
  await played.asked[0]!.answer(null)
  assert.equal(chunk.at, 1_000)
  assert.equal(played.throttle.waits, null)
})

test('while chunks come the query is asked on, and not once none does', async () => {
  const played = new PlayedThrottle({query: 'SELECT 0'})
  played.want(first, 5)
  await played.asked[0]!.answer(null)
  assert.equal(played.want(first, 5).at, 0, 'one answer serves all chunks of its second')
  for (let i = 0; i < 2; i++) {
    played.pass(1_000)
    if (played.asked.length > 0) await played.asked[0]!.answer(null)
  }
  played.pass(60_000)
  assert.deepEqual([played.asked.length, played.timers], [0, 0])
  const later = played.want(first, 5)
  assert.equal(later.at, null, 'an answer of old says nothing')
  assert.equal(played.asked.length, 1)
})

test('a query that fails counts as wait, is told, and is asked again', async () => {
  const played = new PlayedThrottle({query: 'SELECT lag FROM gone'})
  const chunk = played.want(first, 5)
  await played.asked[0]!.fail(new Error('no such table'))
  assert.equal(chunk.at, null)
  assert.equal(played.throttle.waits, 'snapshot.throttle.query fails, which counts as wait: no such table')
  assert.deepEqual(
    played.log.lines.map(({level, sentence}) => [level, sentence]),
    [['warn', 'snapshots wait: snapshot.throttle.query fails']],
  )
  played.pass(1_000)
  await played.asked[0]!.answer(null)
  assert.equal(chunk.at, 1_000)
})

test('a query that hangs has everything wait, though its last answer was to go on', async () => {
  const played = new PlayedThrottle({query: 'SELECT SLEEP(100)'})
  played.want(first, 5)
  await played.asked[0]!.answer(null)
  played.pass(1_500)
  assert.equal(played.asked.length, 1)
  assert.equal(played.want(first, 5).at, 1_500)
  played.pass(1_000)
  const chunk = played.want(first, 5)
  assert.equal(chunk.at, null)
  played.pass(5_000)
  assert.equal(played.asked.length, 1, 'one at a time')
  await played.asked[0]!.answer(null)
  assert.equal(chunk.at, 7_500)
})

test('another query begins anew; the answer to the one before counts for nothing', async () => {
  const played = new PlayedThrottle({query: 'SELECT 1'})
  const chunk = played.want(first, 5)
  const [old] = played.asked
  played.throttle.change({maxRowsPerSecond: null, query: 'SELECT 2'})
  await old!.answer(null)
  assert.equal(chunk.at, null)
  await played.asked[0]!.answer(null)
  assert.equal(chunk.at, 0)
  played.throttle.change({maxRowsPerSecond: null, query: null})
  played.pass(60_000)
  assert.equal(played.asked.length, 0)
})

test('the log tells of waiting and going on, at most every ten seconds', async () => {
  const played = new PlayedThrottle({query: 'SELECT 1'})
  for (let i = 0; i < 12; i++) {
    played.want(first, 5)
    await played.asked[0]!.answer(i % 2 === 0 ? 'returned 1' : null)
    played.pass(1_000)
  }
  assert.deepEqual(
    played.log.lines.map(({sentence}) => sentence),
    [
      'snapshots wait: snapshot.throttle.query says so',
      'snapshots go on: snapshot.throttle.query has nothing against it',
    ],
  )
})

test('after the end nobody is let in, and no timer is left', () => {
  const played = new PlayedThrottle({maxRowsPerSecond: 1})
  played.want(first, 1)
  const chunk = played.want(first, 1)
  played.throttle.close()
  played.pass(10_000)
  assert.deepEqual([chunk.at, played.timers, played.throttle.waits], [null, 0, null])
})
