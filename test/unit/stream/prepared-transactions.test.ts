import assert from 'node:assert/strict'
import {test} from 'node:test'
import type {PreparedTransaction} from '../../../src/core/prepared-transaction.ts'
import {smallImage} from '../../support/binlog-bytes.ts'
import {MemorySink} from '../../support/memory-sink.ts'
import {BinlogScript, ScriptedSource, settled, SID, streamTable, StreamParts} from '../../support/stream-parts.ts'

const T = streamTable('t')

/** A transaction that is prepared, with its own GTID. */
function prepare(script: BinlogScript, gno: number, xid: string, ...images: Buffer[]): BinlogScript {
  script.gtid(gno).add({kind: 'xa-begin', xid, threadId: 7})
  if (images.length > 0) script.rows('c', T, ...images)
  return script.add({kind: 'xa-prepare', xid})
}

function end(script: BinlogScript, gno: number, kind: 'xa-commit' | 'xa-rollback', xid: string): BinlogScript {
  return script.gtid(gno).add({kind, xid, threadId: 8})
}

function rowNumbers(parts: StreamParts): number[] {
  return parts.sink.sent.map(({value}) => (JSON.parse(value!) as {source: {row: number}}).source.row)
}

test('rows come with the commit, in the order of the commits, and with its place', async () => {
  const parts = await new StreamParts().open()
  const script = new BinlogScript()
  prepare(script, 1, 'x', smallImage(1, 'a'))
  prepare(script, 2, 'y', smallImage(2, 'b'), smallImage(3, 'c'))
  await parts.dispatcher.dispatch(script.read())
  assert.deepEqual(parts.sentOps(), [])
  const at = end(script, 3, 'xa-commit', 'y').pos - 10
  await parts.dispatcher.dispatch(end(script, 4, 'xa-commit', 'x').read())
  assert.deepEqual(parts.sentOps(), ['c 2', 'c 3', 'c 1'])
  const {source} = JSON.parse(parts.sink.sent[0]!.value!) as {source: {gtid: string; pos: number}}
  assert.deepEqual([source.gtid, source.pos], [`${SID}:3`, at])
  assert.equal(parts.gtids.copyAt(parts.gtids.count).toString(), `${SID}:1-4`)
})

test('rows of several events, which share the place of the commit, are numbered through', async () => {
  const parts = await new StreamParts().open()
  const script = new BinlogScript().gtid(1).add({kind: 'xa-begin', xid: 'x', threadId: 7})
  script
    .rows('c', T, smallImage(1, 'a'), smallImage(2, 'b'))
    .rows('c', T, smallImage(3, 'c'))
    .add({kind: 'xa-prepare', xid: 'x'})
  await parts.dispatcher.dispatch(end(script, 2, 'xa-commit', 'x').read())
  assert.deepEqual(rowNumbers(parts), [0, 1, 2])
})

test('rows that are rolled back never come', async () => {
  const parts = await new StreamParts().open()
  const script = prepare(new BinlogScript(), 1, 'x', smallImage(1, 'a'))
  await parts.dispatcher.dispatch(end(script, 2, 'xa-rollback', 'x').read())
  assert.deepEqual(parts.sentOps(), [])
  assert.deepEqual([parts.prepared.find('x'), parts.lost], [null, []])
})

test('one phase: rows come at their own end', async () => {
  const parts = await new StreamParts().open()
  const script = new BinlogScript().gtid(1).add({kind: 'xa-begin', xid: 'x', threadId: 7})
  script.rows('c', T, smallImage(1, 'a'))
  await parts.dispatcher.dispatch(script.read())
  assert.deepEqual(parts.sentOps(), [])
  await parts.dispatcher.dispatch(script.commit().read())
  await parts.dispatcher.dispatch(script.begin(2).rows('c', T, smallImage(2, 'b')).commit().read())
  assert.deepEqual(parts.sentOps(), ['c 1', 'c 2'])
})

test('rows are noted where they take effect, not where they were prepared', async () => {
  const parts = await new StreamParts().open()
  const notes = parts.notes.begin('d.t')
  const script = prepare(new BinlogScript(), 1, 'x', smallImage(1, 'a'))
  await parts.dispatcher.dispatch(script.read())
  assert.equal(notes.size, 0)
  await parts.dispatcher.dispatch(end(script, 2, 'xa-commit', 'x').read())
  assert.equal(notes.size, 1)
})

test('rows count in the transaction of the commit: it is resumed behind those that were emitted', async () => {
  const sink = new MemorySink({acks: 'held', batchBytes: 10})
  const parts = await new StreamParts({sink}).open()
  const script = prepare(new BinlogScript(), 1, 'x', smallImage(1, 'a'), smallImage(2, 'b'), smallImage(3, 'c'))
  const commitPos = script.pos
  await parts.dispatcher.dispatch(end(script, 2, 'xa-commit', 'x').read())
  sink.acknowledge(2)
  await settled()
  const place = parts.tracker.safePlace(parts.dispatcher.place)
  assert.deepEqual([place.pos, place.rows, place.sid, place.gno, place.transactions], [commitPos, 2, SID, 2, 1])
  const stored = parts.prepared.at(place.transactions)
  assert.deepEqual(stored, [{xid: 'x', sid: SID, gno: 1, file: 'b.000001', pos: 100}])

  const again = prepare(new BinlogScript(), 1, 'x', smallImage(1, 'a'), smallImage(2, 'b'), smallImage(3, 'c'))
  const replay = new ScriptedSource([() => again.read()])
  const next = await new StreamParts({executed: `${SID}:1`, resume: place, preparedBefore: stored, replay}).open()
  await next.dispatcher.dispatch(end(new BinlogScript('b.000001', commitPos), 2, 'xa-commit', 'x').read())
  assert.deepEqual(next.sentOps(), ['c 3'])
  assert.deepEqual(replay.starts, [{type: 'gtid', executed: ''}])
  assert.equal(replay.open, 0, 'the second stream is closed again')
})

test('what a place needs is told for that place: prepared before it, and not ended before it', async () => {
  const parts = await new StreamParts().open()
  const script = prepare(new BinlogScript(), 1, 'x')
  end(script, 2, 'xa-commit', 'x')
  prepare(script, 3, 'x')
  prepare(script, 4, 'y')
  end(script, 5, 'xa-rollback', 'y')
  await parts.dispatcher.dispatch(script.read())
  const needed = [0, 1, 2, 3, 4, 5].map(count => parts.prepared.at(count).map(({xid, gno}) => `${xid}${String(gno)}`))
  assert.deepEqual(needed, [[], ['x1'], [], ['x3'], ['y4', 'x3'], ['x3']])
})

test('a connection that is lost inside a transaction leaves nothing of it', async () => {
  const parts = await new StreamParts().open()
  const script = new BinlogScript().gtid(1).add({kind: 'xa-begin', xid: 'x', threadId: 7})
  await parts.dispatcher.dispatch(script.rows('c', T, smallImage(1, 'a')).read())
  parts.dispatcher.reconnected(parts.dispatcher.place, null)
  const again = prepare(new BinlogScript(), 1, 'x', smallImage(1, 'a'))
  await parts.dispatcher.dispatch(end(again, 2, 'xa-commit', 'x').read())
  assert.deepEqual(parts.sentOps(), ['c 1'])
})

test('large transactions are not kept but read again', async () => {
  const large = Array.from({length: 300}, (_, id) => smallImage(id + 1, 'x'.repeat(20)))
  const write = (): BinlogScript => {
    const script = new BinlogScript().gtid(1).add({kind: 'xa-begin', xid: 'x', threadId: 7})
    for (let i = 0; i < 200; i++) script.rows('c', T, ...large)
    return script
  }
  const replay = new ScriptedSource([() => write().add({kind: 'xa-prepare', xid: 'x'}).read()])
  const parts = await new StreamParts({executed: '', replay}).open()
  await parts.dispatcher.dispatch(write().add({kind: 'xa-prepare', xid: 'x'}).read())
  await parts.dispatcher.dispatch(end(new BinlogScript(), 2, 'xa-commit', 'x').read())
  assert.equal(replay.starts.length, 1)
  assert.equal(parts.sentOps().length, 60_000)
})

const STORED: PreparedTransaction = {xid: 'x', sid: SID, gno: 5, file: 'b.000003', pos: 400}

interface Lost {
  readonly replay: () => BinlogScript
  readonly gtids?: boolean
}
const lost: Readonly<Record<string, Lost>> = {
  'has another transaction at its place': {replay: () => prepare(new BinlogScript('b.000003', 400), 5, 'other')},
  'is purged up to its commit': {replay: () => end(new BinlogScript('b.000003', 800), 9, 'xa-commit', 'x')},
  'begins at another place': {replay: () => prepare(new BinlogScript('b.000003', 500), 0, 'x'), gtids: false},
  'has a statement at its place': {replay: () => new BinlogScript('b.000003', 400).gtid(0).query('DROP TABLE a'), gtids: false}, // prettier-ignore
}
for (const [what, {replay, gtids = true}] of Object.entries(lost)) {
  test(`a binlog that ${what} is told, and the stream goes on`, async () => {
    const source = new ScriptedSource([() => replay().read()])
    const executed = gtids ? {executed: `${SID}:1-8`} : {}
    const parts = await new StreamParts({...executed, preparedBefore: [STORED], replay: source}).open()
    const script = end(new BinlogScript(), 9, 'xa-commit', 'x').begin(10).rows('c', T, smallImage(1, 'a')).commit()
    await parts.dispatcher.dispatch(script.read())
    assert.equal(parts.lost.length, 1)
    assert.deepEqual(parts.sentOps(), ['c 1'])
    assert.deepEqual([source.open, parts.prepared.at(parts.dispatcher.transactions)], [0, []])
  })
}

test('the commit of a transaction that nobody knows is told', async () => {
  const parts = await new StreamParts().open()
  await parts.dispatcher.dispatch(end(new BinlogScript(), 1, 'xa-commit', 'x').read())
  assert.match(parts.lost.join(), /prepared before the stream began/)
})

test('transactions of others that come before it are passed over, by GTID', async () => {
  const script = new BinlogScript('b.000003', 100)
  script.begin(30).rows('c', T, smallImage(9, 'z')).commit()
  const replay = new ScriptedSource([() => prepare(script, 5, 'x', smallImage(1, 'a')).read()])
  const parts = await new StreamParts({executed: `${SID}:1-8`, preparedBefore: [STORED], replay}).open()
  await parts.dispatcher.dispatch(end(new BinlogScript(), 9, 'xa-commit', 'x').read())
  assert.deepEqual(parts.sentOps(), ['c 1'])
  assert.deepEqual(replay.starts, [{type: 'gtid', executed: `${SID}:1-4:6-8`}])
})

test('without GTIDs it is read again from its place', async () => {
  const script = new BinlogScript('b.000003', 400).add({kind: 'gtid', sid: '', gno: 0})
  script.add({kind: 'xa-begin', xid: 'x'}).rows('c', T, smallImage(1, 'a')).add({kind: 'xa-prepare', xid: 'x'})
  const replay = new ScriptedSource([() => script.read()])
  const parts = await new StreamParts({preparedBefore: [{...STORED, sid: '', gno: 0}], replay}).open()
  await parts.dispatcher.dispatch(end(new BinlogScript(), 9, 'xa-commit', 'x').read())
  assert.deepEqual(parts.sentOps(), ['c 1'])
  assert.deepEqual(replay.starts, [{type: 'position', file: 'b.000003', pos: 400}])
})

test('a task that is stopped meanwhile does not take the rows for emitted', async () => {
  const replay = new ScriptedSource([])
  const parts = await new StreamParts({executed: `${SID}:1-8`, preparedBefore: [STORED], replay}).open()
  const dispatching = parts.dispatcher.dispatch(end(new BinlogScript(), 9, 'xa-commit', 'x').read())
  await settled()
  parts.stopping.abort()
  await assert.rejects(dispatching, {name: 'AbortError'})
  const {place, transactions} = parts.dispatcher
  assert.deepEqual([place.pos, place.rows, transactions], [100, 0, 0])
  assert.deepEqual(parts.prepared.at(transactions), [STORED])
})

test('transaction metadata: one transaction with the rows, where they are committed, and none for the preparing', async () => {
  const parts = await new StreamParts({transactions: true}).open()
  await parts.transactions?.open()
  const script = prepare(new BinlogScript(), 1, 'x', smallImage(1, 'a'), smallImage(2, 'b'))
  prepare(script, 2, 'y', smallImage(3, 'c'))
  end(script, 3, 'xa-rollback', 'y')
  await parts.dispatcher.dispatch(end(script, 4, 'xa-commit', 'x').read())
  parts.emitter.flush()
  const events = parts.sink.sent.filter(({topic}) => topic === 'p.transaction').map(({value}) => value!)
  const told = events.map(value => JSON.parse(value) as {status: string; id: string; event_count: number | null})
  assert.deepEqual(
    told.map(({status, id, event_count: count}) => [status, id, count]),
    [
      ['BEGIN', `${SID}:4`, null],
      ['END', `${SID}:4`, 2],
    ],
  )
})

test('rows name the statement that was logged before them, not the last one of their transaction', async () => {
  const write = (): BinlogScript => {
    const script = new BinlogScript().gtid(1).add({kind: 'xa-begin', xid: 'x', threadId: 7})
    script.add({kind: 'rows-query', sql: 'first'}).rows('c', T, smallImage(1, 'a'))
    script.add({kind: 'rows-query', sql: 'second'}).rows('c', T, smallImage(2, 'b'))
    return script.add({kind: 'xa-prepare', xid: 'x'})
  }
  const replay = new ScriptedSource([() => write().read()])
  const stored = [{xid: 'x', sid: SID, gno: 1, file: 'b.000001', pos: 100}]
  const kept = await new StreamParts({includesQuery: true}).open()
  await kept.dispatcher.dispatch(write().read())
  const again = await new StreamParts({
    includesQuery: true,
    executed: `${SID}:1`,
    preparedBefore: stored,
    replay,
  }).open()
  for (const parts of [kept, again]) {
    await parts.dispatcher.dispatch(end(new BinlogScript(), 2, 'xa-commit', 'x').read())
    parts.emitter.flush()
    const queries = parts.sink.sent.map(({value}) => (JSON.parse(value!) as {source: {query: string}}).source.query)
    assert.deepEqual(queries, ['first', 'second'])
  }
})
