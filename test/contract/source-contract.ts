// What every source server must do as a task asks it (src/task/source-server.ts) and as it streams
// (src/binlog/binlog-events.ts); run by MySQL and by the simulated server, so that what the simulation says holds.

import assert from 'node:assert/strict'
import {test} from 'node:test'
import type {TestContext} from 'node:test'
import type {BinlogEvents, BinlogSource, StreamStart, StreamTable} from '../../src/binlog/binlog-events.ts'
import {countRows} from '../../src/binlog/row-count.ts'
import {shapeFingerprint} from '../../src/core/table-shape.ts'
import type {TableId} from '../../src/core/table-id.ts'
import {TidemarkError} from '../../src/core/tidemark-error.ts'
import type {LaneEvents, RangeJob, ReadChunk} from '../../src/snapshot/chunk-lane.ts'
import type {SourceServer} from '../../src/task/source-server.ts'
import {EVENT_SETTINGS} from '../support/stream-parts.ts'

export interface SourceChange {
  readonly op: 'c' | 'u' | 'd'
  readonly id: number
  readonly v?: number
}

export interface SourceUnderTest {
  readonly server: SourceServer
  readonly binlog: BinlogSource
  readonly serverUuid: string
  /** `a` (id INT PRIMARY KEY, v INT), empty, and `b`, its like. */
  readonly database: string
  /** (id, type, data). */
  readonly signalTable: TableId
  /** One transaction on table `a`; it is visible when this resolves. */
  write(changes: readonly SourceChange[]): Promise<void>
  /** Adds a VARCHAR column to `a`. */
  addColumn(name: string): Promise<void>
  /** Places behind everything that is committed now: by GTID and by position. */
  places(): Promise<readonly StreamStart[]>
  /** Ids in the signal table, as a SELECT sees them now. */
  markIds(): Promise<readonly string[]>
  /** Every connection of the server and the stream is lost. */
  breakConnections(): Promise<void>
}

export type SourceFactory = (t: TestContext) => Promise<SourceUnderTest>

interface Seen {
  readonly kind: string
  readonly table: StreamTable | null
  readonly rows: number
  readonly startPos: number
  readonly endPos: number
  readonly sql: string
}

const OF_INTEREST = new Set(['gtid', 'begin', 'rows', 'commit', 'query'])

export function sourceContract(name: string, fresh: SourceFactory): void {
  test(`${name}: a transaction is streamed as it was committed, by GTID and by position`, async t => {
    const source = await fresh(t)
    const places = await source.places()
    await source.write([
      {op: 'c', id: 1, v: 10},
      {op: 'c', id: 2, v: 20},
    ])
    await source.write([
      {op: 'u', id: 1, v: 11},
      {op: 'd', id: 2},
    ])
    for (const place of places) {
      const seen = await stream(source, place, events => events.filter(({kind}) => kind === 'commit').length === 2)
      const kinds = seen.map(({kind, rows}) => (kind === 'rows' ? `rows ${rows}` : kind))
      const inserted = kinds.slice(0, kinds.indexOf('commit') + 1)
      assert.deepEqual([inserted[0], inserted[1], inserted.at(-1)], ['gtid', 'begin', 'commit'])
      assert.equal(rowsIn(seen), 4, 'rows in the binlog’s count')
      for (const [i, each] of seen.entries()) {
        if (i > 0) assert.ok(each.startPos >= seen[i - 1]!.endPos, 'events follow one another')
        assert.ok(each.endPos > each.startPos)
      }
    }
  })

  test(`${name}: what lies before the start does not come`, async t => {
    const source = await fresh(t)
    await source.write([{op: 'c', id: 1, v: 1}])
    const places = await source.places()
    await source.write([{op: 'u', id: 1, v: 2}])
    for (const place of places) {
      const seen = await stream(source, place, events => events.some(({kind}) => kind === 'commit'))
      assert.equal(rowsIn(seen), 1)
    }
  })

  test(`${name}: a definition is one object until DDL changes it, and the DDL names its table`, async t => {
    const source = await fresh(t)
    const [place] = await source.places()
    await source.write([{op: 'c', id: 1, v: 1}])
    await source.write([{op: 'c', id: 2, v: 2}])
    await source.addColumn('more')
    await source.write([{op: 'c', id: 3, v: 3}])
    const seen = await stream(source, place!, events => rowsIn(events) === 3)
    const [first, second, third] = seen.flatMap(({table}) => table ?? [])
    assert.equal(first, second)
    assert.deepEqual(
      third?.shape.columns.map(column => column.name),
      ['id', 'v', 'more'],
    )
    const ddl = seen.find(({kind}) => kind === 'query')
    assert.match(ddl?.sql ?? '', /ALTER TABLE .*\ba\b.* ADD/i)
  })

  test(`${name}: a stream whose connection is lost says so as something to try again, and begins again where it is asked to`, async t => {
    const source = await fresh(t)
    const [place] = await source.places()
    await source.write([{op: 'c', id: 1, v: 1}])
    let broken = false
    const stop = new AbortController()
    const reading = (async () => {
      for await (const events of source.binlog.events(place!, stop.signal)) {
        while (events.next());
        if (!broken) {
          broken = true
          await source.breakConnections()
        }
      }
    })()
    await assert.rejects(reading, (error: unknown) => error instanceof TidemarkError && error.kind === 'retryable')
    const seen = await stream(source, place!, events => rowsIn(events) === 1)
    assert.equal(rowsIn(seen), 1)
  })

  test(`${name}: a stream ends without a word when its signal aborts`, async t => {
    const source = await fresh(t)
    const [place] = await source.places()
    await source.write([{op: 'c', id: 1, v: 1}])
    const stop = new AbortController()
    for await (const events of source.binlog.events(place!, stop.signal)) {
      while (events.next());
      stop.abort()
    }
    for await (const _ of source.binlog.events(place!, stop.signal)) assert.fail('nothing comes after the abort')
  })

  test(`${name}: tables are listed through the filter, and described as the stream describes them`, async t => {
    const source = await fresh(t)
    const {server, database} = source
    const tables = await server.tables(id => id.database === database)
    const names = tables.map(({table}) => table)
    assert.ok(names.includes('a') && names.includes('b'))
    assert.deepEqual(await server.tables(({table}) => table === 'no such table'), [])

    const [place] = await source.places()
    await source.write([{op: 'c', id: 1, v: 1}])
    const seen = await stream(source, place!, events => rowsIn(events) === 1)
    const described = await server.planning.describe({database, table: 'a'}, null)
    const streamed = seen.find(({kind}) => kind === 'rows')!.table!
    assert.equal(shapeFingerprint(described.shape), shapeFingerprint(streamed.shape))
    assert.deepEqual(described.rowKey, [0])
    await assert.rejects(server.planning.describe({database, table: 'missing'}, null), {
      code: 'TIDEMARK_SNAPSHOT_UNKNOWN_TABLE',
    })
  })

  test(`${name}: a request that cannot be carried out is refused with the reason`, async t => {
    const {server, database} = await fresh(t)
    const request = {table: {database, table: 'a'}, condition: null, surrogateKey: null}
    await server.probe(request, true)
    await server.probe({...request, condition: 'id > 3'}, true)
    await assert.rejects(server.probe(request, false), {code: 'TIDEMARK_SNAPSHOT_NO_WATERMARKS'})
    await assert.rejects(server.probe({...request, condition: 'id >'}, true), {
      code: 'TIDEMARK_SNAPSHOT_FILTER_REFUSED',
    })
    await assert.rejects(server.probe({...request, table: {database, table: 'missing'}}, true), {
      code: 'TIDEMARK_SNAPSHOT_UNKNOWN_TABLE',
    })
  })

  test(`${name}: the maximum key is the last that matches, and null where none does`, async t => {
    const source = await fresh(t)
    const table = {database: source.database, table: 'a'}
    const {planning} = source.server
    const {chunkKey} = await planning.describe(table, null)
    assert.equal(await planning.maximumKey(table, chunkKey, null), null)
    await source.write([3, 20, 100].map(id => ({op: 'c', id, v: 0})))
    assert.deepEqual(await planning.maximumKey(table, chunkKey, null), ['100'])
    assert.deepEqual(await planning.maximumKey(table, chunkKey, 'id < 100'), ['20'])
  })

  test(`${name}: a mark that is written is visible and in the binlog when its statement returns`, async t => {
    const source = await fresh(t)
    const [place] = await source.places()
    const {server, signalTable} = source
    const name = `\`${signalTable.database}\`.\`${signalTable.table}\``
    await server.writeMark(`INSERT INTO ${name} VALUES (?, ?, ?)`, ['m-1', 'snapshot-window-open', '{}'])
    assert.ok((await source.markIds()).includes('m-1'))
    await server.writeMark(`DELETE FROM ${name} WHERE \`id\` = ?`, ['m-1'])
    assert.ok(!(await source.markIds()).includes('m-1'))
    const seen = await stream(source, place!, events => rowsIn(events) === 2)
    assert.equal(rowsIn(seen), 2)
  })

  test(`${name}: after a loss of every connection the next question is answered`, async t => {
    const source = await fresh(t)
    const ask = (): Promise<unknown> => source.server.tables(() => true)
    await ask()
    await source.breakConnections()
    // A loss that is noticed only with the next question fails that one, as something to try again.
    await ask().catch((error: unknown) => assert.equal((error as TidemarkError).kind, 'retryable'))
    await ask()
  })

  test(`${name}: a lane reads a range in chunks, in key order, to its end and no further`, async t => {
    const source = await fresh(t)
    const ids = [1, 2, 3, 10, 11, 200, 201]
    await source.write(ids.map(id => ({op: 'c', id, v: id * 2})))
    const lane = new LaneUnderTest(t, source)
    const end = await lane.run({after: ['1'], upTo: ['200'], chunkRows: 2})
    assert.equal(end, 'ended')
    const rows = lane.chunks.flatMap(rowsOf)
    assert.deepEqual(
      rows,
      [2, 3, 10, 11, 200].map(id => ({id, v: id * 2})),
    )
    assert.deepEqual(
      lane.chunks.map(({last}) => last),
      [false, false, true],
    )
  })

  test(`${name}: a lane reads no more rows than it is granted, and goes on behind them`, async t => {
    const source = await fresh(t)
    const ids = [1, 2, 3, 10, 11]
    await source.write(ids.map(id => ({op: 'c', id, v: id})))
    const lane = new LaneUnderTest(t, source)
    lane.mostRows = 2
    assert.equal(await lane.run({after: null, upTo: ['11'], chunkRows: 4}), 'ended')
    assert.deepEqual(
      lane.chunks.map(({rows}) => rows),
      [2, 2, 1],
    )
    assert.deepEqual(
      lane.chunks.flatMap(rowsOf),
      ids.map(id => ({id, v: id})),
    )
  })

  test(`${name}: the operator's query says whether to wait, and what is none fails`, async t => {
    const {server} = await fresh(t)
    assert.equal(await server.asksToWait('SELECT RAND() < 0.0'), null)
    assert.equal(await server.asksToWait('SELECT RAND() < 1.0'), 'returned 1')
    await assert.rejects(server.asksToWait('SELECT lag FROM'))
    assert.equal(await server.asksToWait('SELECT RAND() < 0.0'), null)
  })

  test(`${name}: a lane without rows brings one empty chunk, and reads its next range after it`, async t => {
    const source = await fresh(t)
    const lane = new LaneUnderTest(t, source)
    assert.equal(await lane.run({after: null, upTo: ['9'], chunkRows: 2}), 'ended')
    assert.deepEqual(
      lane.chunks.map(({rows, last}) => [rows, last]),
      [[0, true]],
    )
    await source.write([{op: 'c', id: 4, v: 4}])
    assert.equal(await lane.run({after: null, upTo: ['9'], chunkRows: 2}), 'ended')
    assert.deepEqual(lane.chunks.flatMap(rowsOf), [{id: 4, v: 4}])
  })

  test(`${name}: a lane's job that is cancelled ends and brings nothing more`, async t => {
    const source = await fresh(t)
    await source.write([1, 2, 3].map(id => ({op: 'c', id, v: id})))
    const lane = new LaneUnderTest(t, source)
    lane.onChunk = () => lane.cancel()
    assert.equal(await lane.run({after: null, upTo: ['3'], chunkRows: 1}), 'ended')
    assert.ok(lane.chunks.length < 3)
  })
}

class LaneUnderTest {
  readonly chunks: ReadChunk[] = []
  onChunk: () => void = () => undefined
  /** Of one grant. */
  mostRows = Infinity
  readonly #source: SourceUnderTest
  readonly #lane
  #ended: (how: 'ended' | 'failed') => void = () => undefined
  #jobId = 0

  constructor(t: TestContext, source: SourceUnderTest) {
    this.#source = source
    const events: LaneEvents = {
      wants: (jobId, bytes, rows) => this.#lane.grant(jobId, bytes, Math.min(rows, this.mostRows)),
      chunk: chunk => {
        this.chunks.push(chunk)
        this.onChunk()
      },
      ended: () => this.#ended('ended'),
      failed: () => this.#ended('failed'),
    }
    this.#lane = source.server.openLane(events, {
      encoderOptions: {settings: EVENT_SETTINGS},
      committedMark: new Int32Array(new SharedArrayBuffer(4)),
    })
    t.after(() => this.#lane.close())
  }

  async run(range: Pick<RangeJob, 'after' | 'upTo' | 'chunkRows'>): Promise<'ended' | 'failed'> {
    const {server, database, serverUuid} = this.#source
    const {shape, messageKey, rowKey, chunkKey} = await server.planning.describe({database, table: 'a'}, null)
    const ended = new Promise<'ended' | 'failed'>(resolve => (this.#ended = resolve))
    this.#lane.start({
      jobId: ++this.#jobId,
      serverUuid,
      shape,
      messageKey,
      rowKey,
      chunkKey,
      condition: null,
      chunkBytes: 1 << 20,
      rowBytes: 20,
      ...range,
    })
    return await ended
  }

  cancel(): void {
    this.#lane.cancel(this.#jobId)
  }
}

function rowsOf({rows, bytes, ends}: ReadChunk): unknown[] {
  return Array.from({length: rows}, (_, row) => {
    const start = row === 0 ? 0 : ends[row * 3 - 1]!
    return JSON.parse(Buffer.from(bytes).toString('utf8', start, ends[row * 3])) as unknown
  })
}

/** Events of interest from `start` on until `isEnough`; other databases' are left out. */
async function stream(
  source: SourceUnderTest,
  start: StreamStart,
  isEnough: (seen: readonly Seen[]) => boolean,
): Promise<Seen[]> {
  const seen: Seen[] = []
  const stop = new AbortController()
  const isOther = (events: BinlogEvents): boolean => {
    if (events.kind === 'rows') return events.rows.table.shape.id.database !== source.database
    return events.kind === 'query' && events.database !== source.database
  }
  // Transactions of other tests on the same server are passed over whole.
  let transaction: Seen[] = []
  let own = false
  for await (const events of source.binlog.events(start, stop.signal)) {
    while (events.next()) {
      if (!OF_INTEREST.has(events.kind)) continue
      const {kind, startPos, endPos, sql} = events
      if (kind === 'gtid') {
        transaction = []
        own = false
      }
      if (kind === 'rows' || kind === 'query') own ||= !isOther(events)
      transaction.push({
        kind,
        startPos,
        endPos,
        sql: kind === 'query' ? sql : '',
        table: kind === 'rows' ? events.rows.table : null,
        rows: kind === 'rows' ? countRows(events.rows) : 0,
      })
      if ((kind === 'commit' || kind === 'query') && own) seen.push(...transaction)
      if (isEnough(seen)) {
        stop.abort()
        return seen
      }
    }
  }
  return seen
}

function rowsIn(seen: readonly Seen[]): number {
  return seen.reduce((sum, {rows}) => sum + rows, 0)
}
