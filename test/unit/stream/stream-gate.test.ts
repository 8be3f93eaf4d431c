import assert from 'node:assert/strict'
import {test} from 'node:test'
import {StreamExtent} from '../../../src/core/stream-extent.ts'
import {HoldGate, StopGate} from '../../../src/stream/stream-gate.ts'
import {smallImage} from '../../support/binlog-bytes.ts'
import {BinlogScript, settled, SID, streamTable, StreamParts} from '../../support/stream-parts.ts'

const T = streamTable('t')
const OTHER = streamTable('other')

test('a stream that is held stands at the end of its transaction, and goes on when it is released', async () => {
  const gate = new HoldGate()
  const parts = await new StreamParts({executed: '', gate}).open()
  gate.isBetween = () => parts.dispatcher.isBetween
  const script = new BinlogScript()
  await parts.dispatcher.dispatch(script.begin(1).rows('c', T, smallImage(1, 'a')).read())
  const holding = gate.hold(60_000)
  const rest = parts.dispatcher.dispatch(
    script.rows('c', T, smallImage(2, 'b')).commit().begin(2).rows('c', T, smallImage(3, 'c')).commit().read(),
  )
  assert.equal(await holding, true)
  assert.deepEqual(parts.sentOps(), ['c 1', 'c 2'])
  assert.equal(parts.gtids.copyAt(parts.gtids.count).toString(), `${SID}:1`)
  gate.release()
  await rest
  assert.deepEqual(parts.sentOps(), ['c 1', 'c 2', 'c 3'])
})

test('an idle stream is held at once', async () => {
  const gate = new HoldGate()
  const parts = await new StreamParts({gate}).open()
  gate.isBetween = () => parts.dispatcher.isBetween
  assert.equal(await gate.hold(0), true)
  let hasCome = false
  const script = new BinlogScript().begin(1).rows('c', T, smallImage(1, 'a')).commit()
  const dispatched = parts.dispatcher.dispatch(script.read()).then(() => (hasCome = true))
  await settled()
  assert.equal(hasCome, false)
  gate.release()
  await dispatched
})

test('a stream inside a transaction that does not end is not held, and goes on', async () => {
  const gate = new HoldGate()
  const parts = await new StreamParts({gate}).open()
  gate.isBetween = () => parts.dispatcher.isBetween
  const script = new BinlogScript()
  await parts.dispatcher.dispatch(script.begin(1).rows('c', T, smallImage(1, 'a')).read())
  assert.equal(await gate.hold(1), false)
  await parts.dispatcher.dispatch(script.commit().begin(2).rows('c', T, smallImage(2, 'b')).commit().read())
  assert.deepEqual(parts.sentOps(), ['c 1', 'c 2'])
})

for (const gtids of [true, false]) {
  const how = gtids ? 'GTID' : 'position'
  test(`a stream that is to end at a place by ${how} dispatches all before it and nothing behind it`, async () => {
    const script = begin(new BinlogScript(), 1, gtids).rows('c', T, smallImage(1, 'a')).commit()
    const until = StreamExtent.parse({file: script.file, pos: script.pos, gtidSet: gtids ? `${SID}:1` : null})
    const gate: StopGate = new StopGate(() => {
      const {place} = parts.dispatcher
      return new StreamExtent(place, gtids ? parts.gtids.copyAt(place.gtidCount) : null).covers(until)
    })
    const parts = await new StreamParts({executed: '', gate}).open()
    begin(script, 2, gtids).rows('c', T, smallImage(2, 'b')).commit()
    await parts.dispatcher.dispatch(script.read())
    assert.deepEqual(parts.sentOps(), ['c 1'])
    assert.equal(gate.hasStopped, true)
  })
}

test('a stream at its place already dispatches nothing at all', async () => {
  const gate = new StopGate(() => true)
  const parts = await new StreamParts({gate}).open()
  await parts.dispatcher.dispatch(new BinlogScript().begin(1).rows('c', T, smallImage(1, 'a')).commit().read())
  assert.deepEqual(parts.sentOps(), [])
})

test('events that are another stream’s count, their table is not resolved, and all others come', async () => {
  const mine = StreamExtent.parse({file: 'b.000001', pos: 100, gtidSet: `${SID}:1`})
  const share = {table: T.shape.id, has: mine.has.bind(mine)}
  const parts = await new StreamParts({executed: '', share}).open()
  const script = new BinlogScript()
  script.begin(1).rows('c', T, smallImage(1, 'a')).commit()
  script.begin(2).rows('c', OTHER, smallImage(2, 'b')).rows('c', streamTable('t'), smallImage(3, 'c'))
  await parts.dispatcher.dispatch(script.read())
  assert.deepEqual(parts.sentOps(), ['c 1', 'c 2'])
  assert.equal(parts.dispatcher.place.rows, 2)
  assert.equal(parts.definitions.length, 2)
  assert.equal(parts.dispatcher.omits(T.shape.id), true)
  assert.equal(parts.dispatcher.omits(OTHER.shape.id), false)
})

/** A server without GTIDs says where a transaction begins all the same. */
function begin(script: BinlogScript, gno: number, gtids: boolean): BinlogScript {
  return gtids ? script.begin(gno) : script.gtid(0, '').begin()
}
