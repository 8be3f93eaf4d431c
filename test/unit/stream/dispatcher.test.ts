import assert from 'node:assert/strict'
import {test} from 'node:test'
import type {StreamPlace} from '../../../src/stream/offset-tracker.ts'
import {smallImage} from '../../support/binlog-bytes.ts'
import {MemorySink} from '../../support/memory-sink.ts'
import {
  BinlogScript,
  rowsView,
  settled,
  SID,
  signalTable,
  streamTable,
  StreamParts,
  textImage,
} from '../../support/stream-parts.ts'

const T = streamTable('t')
const UNCAPTURED = streamTable('elsewhere')

const captured = {isCaptured: (table: string) => table === 't'}

function startPlace(): StreamPlace {
  return {file: 'b.000001', pos: 100, gtidCount: 0, rows: 0, sid: '', gno: 0, transactions: 0}
}

test('before anything came the place is the one to start from', async () => {
  const parts = await new StreamParts().open()
  assert.deepEqual(parts.dispatcher.place, startPlace())
})

test('inside a transaction the place is its start with the rows dealt with, behind it the end of its commit', async () => {
  const parts = await new StreamParts().open()
  const script = new BinlogScript()
  await parts.dispatcher.dispatch(script.begin(1).rows('c', T, smallImage(1, 'a'), smallImage(2, 'b')).read())
  assert.deepEqual(parts.dispatcher.place, {...startPlace(), rows: 2, sid: SID, gno: 1})
  await parts.dispatcher.dispatch(script.rows('d', T, smallImage(1, 'a')).read())
  assert.deepEqual(parts.dispatcher.place, {...startPlace(), rows: 3, sid: SID, gno: 1})
  await parts.dispatcher.dispatch(script.commit().read())
  assert.deepEqual(parts.dispatcher.place, {...startPlace(), pos: script.pos, gtidCount: 1, transactions: 1})
  assert.equal(parts.gtids.copyAt(1).toString(), `${SID}:1`)
  assert.deepEqual(parts.sentOps(), ['c 1', 'c 2', 'd 1', '- 1'])
})

test('each batch is tracked from the place just before its first event', async () => {
  const parts = await new StreamParts({sink: new MemorySink({acks: 'held', batchBytes: 10})}).open()
  const script = new BinlogScript()
  await parts.dispatcher.dispatch(script.begin(1).rows('c', T, smallImage(1, 'a'), smallImage(2, 'b')).commit().read())
  const places: unknown[] = []
  while (parts.tracker.pending > 0) {
    const {pos, rows} = parts.tracker.safePlace(parts.dispatcher.place)
    places.push([pos, rows])
    parts.sink.acknowledge(1)
    await settled()
  }
  assert.deepEqual(places, [
    [100, 0],
    [100, 1],
  ])
  assert.equal(parts.tracker.safePlace(parts.dispatcher.place).pos, script.pos)
})

test('rows of a table that nobody captures count, and nothing is emitted for them', async () => {
  const parts = await new StreamParts(captured).open()
  const script = new BinlogScript().begin(1)
  script.rows('u', UNCAPTURED, smallImage(1, 'a'), smallImage(1, 'b'), smallImage(2, 'a'), smallImage(2, 'b'))
  script.rows('c', T, smallImage(1, 'a'))
  await parts.dispatcher.dispatch(script.read())
  assert.equal(parts.dispatcher.place.rows, 3)
  assert.deepEqual(parts.sentOps(), ['c 1'])
  const {rows, filteredRows} = parts.catalog.tally
  const {c, u, d} = rows.get('d.t')!
  assert.deepEqual([c, u, d, filteredRows], [1, 0, 0, 2])
  assert.deepEqual([...parts.catalog.seen], ['d.t'])
})

test('resumed inside a transaction, rows emitted before are noted and not emitted, those behind come', async () => {
  const parts = await new StreamParts({...captured, resume: {sid: SID, gno: 5, rows: 3}}).open()
  const notes = parts.notes.begin('d.t')
  const script = new BinlogScript().begin(5)
  script.rows('c', UNCAPTURED, smallImage(8, 'x'))
  script.rows('c', T, smallImage(1, 'a'), smallImage(2, 'b'), smallImage(3, 'c'))
  await parts.dispatcher.dispatch(script.commit().read())
  assert.deepEqual(parts.sentOps(), ['c 3'])
  assert.equal(notes.size, 3, 'what was emitted before is not visible to SELECTs for certain, so it is noted, too')
})

test('resumed without GTIDs, the rows of the first transaction are passed over and none of the second', async () => {
  const parts = await new StreamParts({resume: {sid: '', gno: 0, rows: 1}}).open()
  const script = new BinlogScript()
  script.add({kind: 'gtid', sid: '', gno: 0}).begin().rows('c', T, smallImage(1, 'a'), smallImage(2, 'b')).commit()
  script.add({kind: 'gtid', sid: '', gno: 0}).begin().rows('c', T, smallImage(3, 'c')).commit()
  await parts.dispatcher.dispatch(script.read())
  assert.deepEqual(parts.sentOps(), ['c 2', 'c 3'])
})

test('resumed by GTID, transactions of another source that come before keep all their rows', async () => {
  const parts = await new StreamParts({resume: {sid: SID, gno: 5, rows: 1}}).open()
  const other = 'ffffffff-0506-0708-090a-0b0c0d0e0f10'
  const script = new BinlogScript()
  script.begin(5, other).rows('c', T, smallImage(1, 'a')).commit()
  script.begin(5).rows('c', T, smallImage(2, 'b'), smallImage(3, 'c')).commit()
  await parts.dispatcher.dispatch(script.read())
  assert.deepEqual(parts.sentOps(), ['c 1', 'c 3'])
})

test('until the transaction that is resumed has come, the place still names its rows', async () => {
  const resume = {sid: SID, gno: 5, rows: 2}
  const parts = await new StreamParts({resume}).open()
  assert.deepEqual(parts.dispatcher.place, {...startPlace(), ...resume})
  const script = new BinlogScript()
  await parts.dispatcher.dispatch(script.begin(5).rows('c', T, smallImage(1, 'a')).read())
  assert.deepEqual(
    parts.dispatcher.place,
    {...startPlace(), ...resume},
    'rows that are passed over were emitted before',
  )
  await parts.dispatcher.dispatch(script.rows('c', T, smallImage(2, 'b'), smallImage(3, 'c')).read())
  assert.equal(parts.dispatcher.place.rows, 3)
})

test('connections that are lost again before the transaction came back repeat no row', async () => {
  const parts = await new StreamParts().open()
  const script = new BinlogScript()
  await parts.dispatcher.dispatch(script.begin(1).rows('c', T, smallImage(1, 'a'), smallImage(2, 'b')).read())
  for (let lost = 0; lost < 3; lost++) {
    const {place} = parts.dispatcher
    parts.dispatcher.reconnected(place, place.rows > 0 ? place : null)
  }
  assert.deepEqual(parts.dispatcher.place, {...startPlace(), rows: 2, sid: SID, gno: 1})
  const again = new BinlogScript().begin(1)
  again.rows('c', T, smallImage(1, 'a'), smallImage(2, 'b'), smallImage(3, 'c')).commit()
  await parts.dispatcher.dispatch(again.read())
  assert.deepEqual(parts.sentOps(), ['c 1', 'c 2', 'c 3'])
})

test('DDL is a transaction of its own: its GTID is executed and the place lies behind it', async () => {
  const parts = await new StreamParts().open()
  const script = new BinlogScript().gtid(1)
  const at = script.pos
  await parts.dispatcher.dispatch(script.query('ALTER TABLE t ADD c INT').read())
  assert.deepEqual(parts.dispatcher.place, {...startPlace(), pos: script.pos, gtidCount: 1, transactions: 1})
  assert.equal(parts.ddl.length, 1)
  assert.equal(parts.ddl[0]!.at, `b.000001:${at}`)
  assert.equal(parts.ddl[0]!.touches('t'), true)
  assert.equal(parts.ddl[0]!.touches('u'), false)
})

test('DDL takes effect between the rows before and behind it', async () => {
  const parts = await new StreamParts({sink: new MemorySink({batchBytes: 1})}).open()
  const script = new BinlogScript().begin(1).rows('c', T, smallImage(1, 'a')).commit()
  script.gtid(2).query('TRUNCATE t')
  script.begin(3).rows('c', T, smallImage(2, 'b')).commit()
  await parts.dispatcher.dispatch(script.read())
  assert.deepEqual(parts.ddl[0]!.before, ['c 1'])
  assert.deepEqual(parts.sentOps(), ['c 1', 'c 2'])
  assert.equal(parts.gtids.copyAt(3).toString(), `${SID}:1-3`)
})

test('DDL between BEGIN and COMMIT does not end the transaction (CREATE TABLE ... SELECT)', async () => {
  const parts = await new StreamParts().open()
  const script = new BinlogScript().begin(1).query('CREATE TABLE t (id INT)')
  await parts.dispatcher.dispatch(script.rows('c', T, smallImage(1, 'a')).read())
  assert.deepEqual(parts.dispatcher.place, {...startPlace(), rows: 1, sid: SID, gno: 1})
  await parts.dispatcher.dispatch(script.commit().read())
  assert.deepEqual(parts.dispatcher.place, {...startPlace(), pos: script.pos, gtidCount: 1, transactions: 1})
})

test('a rollback ends its transaction, and its GTID is executed', async () => {
  const parts = await new StreamParts().open()
  const script = new BinlogScript().begin(1).add({kind: 'rollback'})
  await parts.dispatcher.dispatch(script.read())
  assert.deepEqual(parts.dispatcher.place, {...startPlace(), pos: script.pos, gtidCount: 1, transactions: 1})
})

test('an idle server moves the place with heartbeats and rotations, but never inside a transaction', async () => {
  const parts = await new StreamParts().open()
  const script = new BinlogScript()
  await parts.dispatcher.dispatch(script.add({kind: 'heartbeat', endPos: 500}).read())
  assert.deepEqual(parts.dispatcher.place, {...startPlace(), pos: 500})
  await parts.dispatcher.dispatch(script.add({kind: 'heartbeat', endPos: 0}).read())
  assert.equal(parts.dispatcher.place.pos, 500, 'artificial events have no place')
  script.file = 'b.000002'
  await parts.dispatcher.dispatch(script.add({kind: 'rotate', endPos: 4}).read())
  assert.deepEqual(parts.dispatcher.place, {...startPlace(), file: 'b.000002', pos: 4})
  await parts.dispatcher.dispatch(
    script.begin(1).add({kind: 'heartbeat', endPos: 900}).add({kind: 'rows-query'}).read(),
  )
  assert.deepEqual(parts.dispatcher.place, {...startPlace(), file: 'b.000002', pos: 4, rows: 0, sid: SID, gno: 1})
  assert.equal(parts.dispatcher.reached.pos, 910, 'the reached place is that of the last event')
})

test('streamed events name the place, the transaction and the row they come from', async () => {
  const parts = await new StreamParts().open()
  const script = new BinlogScript().begin(7)
  const pos = script.pos
  await parts.dispatcher.dispatch(script.rows('c', T, smallImage(1, 'a'), smallImage(2, 'b')).commit().read())
  const {source} = JSON.parse(parts.sink.sent[1]!.value!) as {source: Record<string, unknown>}
  const {file, row, gtid, thread, snapshot, ts_us: tsUs, server_id: serverId} = source
  assert.deepEqual(
    {file, pos: source['pos'], row, gtid, thread, snapshot, tsUs, serverId},
    {
      file: 'b.000001',
      pos,
      row: 1,
      gtid: `${SID}:7`,
      thread: 7,
      snapshot: 'false',
      tsUs: 1_700_000_000_123_456,
      serverId: 1,
    },
  )
})

test('rows of a compressed transaction, whose events share one place, are numbered through it, also when resumed', async () => {
  const rowNumbers = async (skip: number): Promise<number[]> => {
    const resume = skip === 0 ? null : {sid: SID, gno: 7, rows: skip}
    const parts = await new StreamParts({...captured, resume}).open()
    const script = new BinlogScript().begin(7)
    const endPos = script.pos
    script.add({kind: 'rows', rows: rowsView('c', T, [smallImage(1, 'a'), smallImage(2, 'b')]), endPos})
    script.add({kind: 'rows', rows: rowsView('c', UNCAPTURED, [smallImage(3, 'c')]), endPos})
    script.add({kind: 'rows', rows: rowsView('c', T, [smallImage(4, 'd'), smallImage(5, 'e')]), endPos})
    await parts.dispatcher.dispatch(script.commit().read())
    return parts.sink.sent.map(({value}) => (JSON.parse(value!) as {source: {row: number}}).source.row)
  }
  assert.deepEqual(await rowNumbers(0), [0, 1, 3, 4])
  assert.deepEqual(await rowNumbers(1), [1, 3, 4])
})

test('without a commit timestamp the time is that of the header', async () => {
  const parts = await new StreamParts().open()
  const script = new BinlogScript().add({kind: 'gtid', sid: '', gno: 0, commitTimestampUs: 0}).begin()
  await parts.dispatcher.dispatch(script.rows('c', T, smallImage(1, 'a')).commit().read())
  const {source} = JSON.parse(parts.sink.sent[0]!.value!) as {source: Record<string, unknown>}
  assert.deepEqual([source['ts_ms'], source['gtid']], [1_700_000_000_000, null])
  assert.equal(parts.dispatcher.lastEventMs, 1_700_000_000_000)
})

test('a definition is told once, before its first row, and again when another one comes', async () => {
  const parts = await new StreamParts().open()
  const script = new BinlogScript().begin(1).rows('c', T, smallImage(1, 'a')).rows('c', T, smallImage(2, 'a')).commit()
  await parts.dispatcher.dispatch(script.read())
  assert.equal(parts.definitions.length, 1)
  const changed = streamTable('t', {primaryKey: [0, 1]})
  await parts.dispatcher.dispatch(script.begin(2).rows('c', changed, smallImage(3, 'a')).commit().read())
  assert.equal(parts.definitions.length, 2)
  assert.notEqual(parts.definitions[0], parts.definitions[1])
})

test('dispatch returns only when there is room, and waits for it between two events, too', async () => {
  const sink = new MemorySink({acks: 'held', batchBytes: 1})
  const parts = await new StreamParts({sink, streamBytes: 1}).open()
  const script = new BinlogScript().begin(1).rows('c', T, smallImage(1, 'a')).rows('c', T, smallImage(2, 'b')).commit()
  let returned = false
  const dispatching = parts.dispatcher.dispatch(script.read()).then(() => (returned = true))
  await settled()
  assert.deepEqual(parts.sentOps(), ['c 1'], 'the second event waits for the first to be acknowledged')
  assert.equal(parts.dispatcher.caughtUp, false)
  sink.acknowledge()
  await settled()
  assert.deepEqual(parts.sentOps(), ['c 1', 'c 2'])
  assert.equal(returned, false)
  sink.acknowledge()
  await dispatching
  assert.equal(parts.dispatcher.caughtUp, true)
  assert.equal(parts.batches, 1)
})

test('a dispatch that waits when it is stopped emits nothing more: the state stored then knows all that has left', async () => {
  const sink = new MemorySink({acks: 'held', batchBytes: 1})
  const parts = await new StreamParts({sink, streamBytes: 1}).open()
  const script = new BinlogScript().begin(1).rows('c', T, smallImage(1, 'a')).rows('c', T, smallImage(2, 'b')).commit()
  let returned = false
  void parts.dispatcher.dispatch(script.read()).then(() => (returned = true))
  await settled()
  parts.dispatcher.stop()
  sink.acknowledge()
  await settled()
  assert.deepEqual([parts.sentOps(), parts.dispatcher.place.rows, returned], [['c 1'], 1, false])
})

test('a sink that failed ends the dispatch', async () => {
  const sink = new MemorySink({acks: 'held', batchBytes: 1})
  const parts = await new StreamParts({sink, streamBytes: 1}).open()
  const dispatching = parts.dispatcher.dispatch(new BinlogScript().begin(1).rows('c', T, smallImage(1, 'a')).read())
  await settled()
  sink.fail(new Error('disk full'))
  await assert.rejects(dispatching, /disk full/)
})

test('a row of the signal table is told at its own place, with the occurrence of its transaction', async () => {
  const parts = await new StreamParts().open()
  const script = new BinlogScript().begin(3)
  const pos = script.pos
  await parts.dispatcher.dispatch(script.rows('c', signalTable(), textImage('id', 'log', '{}')).read())
  assert.deepEqual(
    parts.signalRows.map(({operation, row, at}) => ({operation, row, at})),
    [{operation: 'c', row: 0, at: `b.000001:${pos}`}],
  )
  assert.deepEqual(parts.dispatcher.occurrence, {gtid: `${SID}:3`, file: 'b.000001', pos: 100})
})

test('a table whose keys cannot be read now ends the dispatch at its place, and the next connection goes on there', async () => {
  let refusals = 1
  const parts = await new StreamParts({
    keysOf: shape => {
      if (refusals-- > 0) throw new Error('server away')
      return {messageKey: shape.primaryKey, rowKey: shape.primaryKey}
    },
  }).open()
  const rows = [smallImage(1, 'a'), smallImage(2, 'b')]
  await assert.rejects(
    parts.dispatcher.dispatch(
      new BinlogScript()
        .begin(1)
        .rows('c', T, ...rows)
        .commit()
        .read(),
    ),
    /away/,
  )
  const {place} = parts.dispatcher
  assert.deepEqual(place, {...startPlace(), sid: SID, gno: 1})
  parts.dispatcher.reconnected(place, place.rows > 0 ? place : null)
  await parts.dispatcher.dispatch(
    new BinlogScript()
      .begin(1)
      .rows('c', T, ...rows)
      .commit()
      .read(),
  )
  assert.deepEqual(parts.sentOps(), ['c 1', 'c 2'])
})
