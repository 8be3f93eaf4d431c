import assert from 'node:assert/strict'
import {test} from 'node:test'
import fc from 'fast-check'
import {EventDecoder} from '../../../src/binlog/event-decoder.ts'
import type {BinlogEventKind} from '../../../src/binlog/binlog-events.ts'
import {countRows} from '../../../src/binlog/row-count.ts'
import {TidemarkError} from '../../../src/core/tidemark-error.ts'
import {
  DumpBytes,
  jsonTableMap,
  smallImage,
  smallTableMap,
  TEST_COLLATIONS,
  TEST_SID,
} from '../../support/binlog-bytes.ts'
import {prefixed} from '../../support/encode-value.ts'
import {jsonBinary, type JsonValue} from '../../support/json-binary.ts'
import {jsonDiff} from '../../support/json-diff.ts'

const UPDATE_ROWS = 31
const WRITE_ROWS = 30
const PARTIAL_UPDATE_ROWS = 39

function decoderOf(chunks: readonly Buffer[], checksum = true): EventDecoder {
  const left = [...chunks]
  return new EventDecoder({collations: TEST_COLLATIONS, checksum, nextChunk: () => left.shift() ?? null})
}

function dump(): DumpBytes {
  return new DumpBytes().rotate('binlog.000007').formatDescription()
}

function kindsOf(decoder: EventDecoder): BinlogEventKind[] {
  const kinds: BinlogEventKind[] = []
  while (decoder.next()) kinds.push(decoder.kind)
  return kinds
}

/** Decodes to the end; the error's code, or 'none'. */
function stopCode(bytes: Buffer): string {
  try {
    kindsOf(decoderOf([bytes]))
    return 'none'
  } catch (error) {
    assert.ok(error instanceof TidemarkError, String(error))
    assert.match(error.message, /binlog\.000007:\d+/)
    return error.code
  }
}

function oneRowTransaction(bytes: DumpBytes, id = 1): DumpBytes {
  return bytes
    .gtid()
    .query('BEGIN')
    .tableMap(smallTableMap())
    .rows(WRITE_ROWS, {images: smallImage(id, 'abc'), present: [0b11], columns: 2})
    .xid()
}

test('a one-row transaction comes as gtid, begin, table, rows, commit with its places', () => {
  const bytes = oneRowTransaction(dump())
  const decoder = decoderOf([bytes.bytes()])
  const ends: number[] = []
  const seen: unknown[] = []
  while (decoder.next()) {
    ends.push(decoder.endPos)
    if (decoder.kind === 'gtid') seen.push([decoder.sid, decoder.gno, decoder.commitTimestampUs])
    if (decoder.kind === 'begin') seen.push(decoder.threadId)
    if (decoder.kind === 'rows') {
      const {table, operation, full, buffer, start, end} = decoder.rows
      seen.push([operation, full, table.shape.id, Buffer.compare(buffer.subarray(start, end), smallImage(1, 'abc'))])
    }
  }
  assert.deepEqual(seen, [[TEST_SID, 1, 1_700_000_000_123_456], 7, ['c', true, {database: 'd', table: 't'}, 0]])
  assert.equal(decoder.file, 'binlog.000007')
  assert.equal(ends.at(-1), bytes.pos)
  assert.deepEqual(
    ends,
    [...ends].sort((a, b) => a - b),
  )
})

test('the table has the shape that the metadata says', () => {
  const decoder = decoderOf([oneRowTransaction(dump()).bytes()])
  while (decoder.next()) if (decoder.kind === 'rows') break
  const {shape, layout} = decoder.rows.table
  assert.deepEqual(shape.primaryKey, [0])
  const common = {precision: null, scale: null, fraction: 0, labels: null}
  assert.deepEqual(shape.columns, [
    {name: 'id', type: 'int', unsigned: true, nullable: false, length: null, charset: null, ...common},
    {name: 'v', type: 'varchar', unsigned: false, nullable: true, length: 20, charset: 'utf8mb4', ...common},
  ])
  assert.deepEqual([...layout.types], [3, 15])
  assert.deepEqual([...layout.metadata], [0, 80])
})

test('one definition is one object, also under another table id and in another file', () => {
  const bytes = oneRowTransaction(oneRowTransaction(dump()))
  bytes
    .rotate('binlog.000008')
    .formatDescription()
    .gtid()
    .query('BEGIN')
    .tableMap(smallTableMap(), 3000)
    .rows(WRITE_ROWS, {images: smallImage(9, 'x'), present: [0b11], columns: 2, tableId: 3000})
    .tableMap(smallTableMap('t', {names: ['id', 'w']}), 3001)
    .rows(WRITE_ROWS, {images: smallImage(9, 'x'), present: [0b11], columns: 2, tableId: 3001})
    .xid()
  const decoder = decoderOf([bytes.bytes()])
  const tables: unknown[] = []
  while (decoder.next()) if (decoder.kind === 'rows') tables.push(decoder.rows.table)
  assert.equal(tables.length, 4)
  assert.equal(tables[1], tables[0])
  assert.equal(tables[2], tables[0])
  assert.notEqual(tables[3], tables[0])
})

test('the source name is one string object while it does not change', () => {
  const decoder = decoderOf([dump().gtid().xid().gtid().xid().bytes()])
  const names: string[] = []
  while (decoder.next()) if (decoder.kind === 'gtid') names.push(decoder.sid)
  assert.deepEqual(names, [TEST_SID, TEST_SID])
})

test('an update with missing columns says which of its images have which', () => {
  const images = Buffer.from([0, 1, 0, 0, 0, 0, 1, 0x61])
  const bytes = dump().gtid().query('BEGIN').tableMap(smallTableMap())
  bytes.rows(UPDATE_ROWS, {images, present: [0b01, 0b10], columns: 2})
  const decoder = decoderOf([bytes.bytes()])
  while (decoder.next()) continue
  const {operation, full, presentBefore, presentAfter, start, end} = decoder.rows
  assert.deepEqual(
    [operation, full, [...presentBefore], [...presentAfter], end - start],
    ['u', false, [0b01], [0b10], 8],
  )
})

test('an XA transaction is told by its name, from its start to its end', () => {
  const bytes = dump()
  for (const onePhase of [false, true]) {
    bytes.gtid().query("XA START X'6AFF',X'62',7", {threadId: 11}).tableMap(smallTableMap())
    bytes.rows(WRITE_ROWS, {images: smallImage(1, 'a'), present: [0b11], columns: 2})
    bytes.query("XA END X'6aff',X'62',7").xaPrepare({onePhase, format: 7, global: '6aff', branch: '62'})
  }
  bytes.gtid().query("XA COMMIT X'6aff',X'62',7").gtid().query("XA ROLLBACK X'',X'',1")
  const decoder = decoderOf([bytes.bytes()])
  const seen: unknown[] = []
  while (decoder.next()) {
    const {kind, xid, threadId} = decoder
    if (kind.startsWith('xa-')) seen.push(kind === 'xa-begin' ? [kind, xid, threadId] : [kind, xid])
    else if (kind === 'rows' || kind === 'commit') seen.push(kind)
  }
  const xid = "X'6aff',X'62',7"
  assert.deepEqual(seen, [
    ['xa-begin', xid, 11],
    'rows',
    ['xa-prepare', xid],
    ['xa-begin', xid, 11],
    'rows',
    'commit',
    ['xa-commit', xid],
    ['xa-rollback', "X'',X'',1"],
  ])
})

test('an update that holds differences of JSON documents comes as an ordinary one with whole documents', () => {
  const document = (value: JsonValue, large = false): Buffer => prefixed(jsonBinary(value, large), 4)
  const before = Buffer.concat([Buffer.of(0, 1, 0, 0, 0), document([1, 2])])
  const diffs = prefixed(jsonDiff('replace', '$[1]', 'two'), 4)
  const after = Buffer.concat([Buffer.of(1, 0b1, 0, 1, 0, 0, 0), diffs])
  const bytes = dump().gtid().query('BEGIN').tableMap(jsonTableMap())
  bytes.rows(PARTIAL_UPDATE_ROWS, {images: Buffer.concat([before, after]), present: [0b11, 0b11], columns: 2}).xid()
  const decoder = decoderOf([bytes.bytes()])
  while (decoder.next()) if (decoder.kind === 'rows') break
  const {operation, full, buffer, start, end} = decoder.rows
  assert.deepEqual([operation, full, countRows(decoder.rows)], ['u', true, 1])
  const whole = Buffer.concat([before, Buffer.of(0, 1, 0, 0, 0), document([1, 'two'], true)])
  assert.equal(buffer.toString('hex', start, end), whole.toString('hex'))
})

test('a difference that does not fit its document is told with its place', () => {
  const before = Buffer.concat([Buffer.of(0, 1, 0, 0, 0), prefixed(jsonBinary([1, 2]), 4)])
  const after = Buffer.concat([Buffer.of(1, 0b1, 0, 1, 0, 0, 0), prefixed(jsonDiff('remove', '$[2]'), 4)])
  const bytes = dump().gtid().query('BEGIN').tableMap(jsonTableMap())
  const at = bytes.pos
  bytes.rows(PARTIAL_UPDATE_ROWS, {images: Buffer.concat([before, after]), present: [0b11, 0b11], columns: 2})
  const decoder = decoderOf([bytes.bytes()])
  assert.throws(
    () => {
      while (decoder.next()) continue
    },
    {code: 'TIDEMARK_BINLOG_MALFORMED', message: new RegExp(`binlog.000007:${String(at)} .*does not fit`)},
  )
})

test('however the dump is cut into chunks, the same events come', () => {
  const bytes = oneRowTransaction(oneRowTransaction(dump()).query('DROP TABLE x')).bytes()
  const expected = kindsOf(decoderOf([bytes]))
  fc.assert(
    fc.property(fc.array(fc.nat(bytes.length), {maxLength: 30}), cuts => {
      const places = [0, ...cuts.sort((a, b) => a - b), bytes.length]
      const chunks = places.slice(1).map((to, i) => bytes.subarray(places[i], to))
      assert.deepEqual(kindsOf(decoderOf(chunks)), expected)
    }),
  )
})

test('checksums are cut off where the FORMAT_DESCRIPTION event says that they are there', () => {
  const without = new DumpBytes({checksum: false})
    .rotate('binlog.000001')
    .formatDescription()
    .gtid()
    .query('DROP TABLE a')
  const decoder = decoderOf([without.bytes()], false)
  while (decoder.next()) continue
  assert.equal(decoder.sql, 'DROP TABLE a')
  const withThem = dump().gtid().query('DROP TABLE b')
  const other = decoderOf([withThem.bytes()], true)
  while (other.next()) continue
  assert.equal(other.sql, 'DROP TABLE b')
})

test('positions go on beyond 4 GB although the header counts modulo 2^32', () => {
  const bytes = new DumpBytes().rotate('binlog.000007', 0xffffff80).formatDescription().gtid().query('DROP TABLE a')
  const decoder = decoderOf([bytes.bytes()])
  while (decoder.next()) continue
  assert.equal(decoder.endPos, bytes.pos)
  assert.ok(decoder.endPos > 0xffffffff)
})

test('a statement is read in the character set of its client', () => {
  const status = Buffer.concat([
    Buffer.from([0, 0, 0, 0, 0, 1]),
    Buffer.alloc(8),
    Buffer.from([6, 3]),
    Buffer.from('std'),
  ])
  const latin1 = Buffer.concat([status, Buffer.from([4, 8, 0, 8, 0, 8, 0])])
  const sql = Buffer.from('DROP TABLE caf\xe9', 'latin1')
  const decoder = decoderOf([dump().gtid().query(sql, {status: latin1}).bytes()])
  while (decoder.next()) continue
  assert.equal(decoder.sql, 'DROP TABLE café')
})

test('what cannot be carried on stops with its code and place', () => {
  const inside = (): DumpBytes => dump().gtid().query('BEGIN')
  const oneName = smallTableMap('t', {names: ['id']})
  const cases: readonly (readonly [string, DumpBytes])[] = [
    ['TIDEMARK_BINLOG_MALFORMED', inside().event(38, Buffer.alloc(12))],
    ['TIDEMARK_BINLOG_MALFORMED', inside().event(38, Buffer.alloc(30, 1))],
    ['TIDEMARK_BINLOG_STATEMENT_FORMAT', dump().gtid().query("XA START X'61',X'',1").query('DELETE FROM t')],
    ['TIDEMARK_BINLOG_INCIDENT', dump().event(26, Buffer.alloc(3))],
    ['TIDEMARK_BINLOG_STATEMENT_FORMAT', inside().query('insert into t values (1)')],
    ['TIDEMARK_BINLOG_STATEMENT_FORMAT', inside().query('/* why */ with x as (select 1) update t set a = 1')],
    ['TIDEMARK_BINLOG_STATEMENT_FORMAT', inside().event(18, Buffer.alloc(40))],
    ['TIDEMARK_BINLOG_STATEMENT_FORMAT', dump().gtid().query('DELETE FROM t')],
    ['TIDEMARK_BINLOG_PARTIAL_ROLLBACK', inside().query('ROLLBACK TO `a`')],
    ['TIDEMARK_BINLOG_MALFORMED', inside().tableMap(oneName)],
    ['TIDEMARK_BINLOG_EVENT_UNKNOWN', dump().event(99, Buffer.alloc(5))],
    ['TIDEMARK_BINLOG_EVENT_UNKNOWN', dump().event(162, Buffer.alloc(19))],
    ['TIDEMARK_BINLOG_MALFORMED', inside().rows(WRITE_ROWS, {images: smallImage(1, 'a'), present: [3], columns: 2})],
  ]
  for (const [code, bytes] of cases) assert.equal(stopCode(bytes.bytes()), code)
})

test('a table without the names of its columns comes with everything else that the event says of them', () => {
  const bytes = dump()
    .gtid()
    .query('BEGIN')
    .tableMap(smallTableMap('t', {names: []}))
    .rows(WRITE_ROWS, {images: smallImage(1, 'a'), present: [0b11], columns: 2})
  const decoder = decoderOf([bytes.bytes()])
  while (decoder.next() && decoder.kind !== 'rows') continue
  const {shape, unnamed} = decoder.rows.table
  assert.equal(unnamed, true)
  assert.deepEqual(
    shape.columns.map(({name, type, unsigned, nullable, length, charset}) => [
      ...[name, type, unsigned],
      ...[nullable, length, charset],
    ]),
    [
      ['', 'int', true, false, null, null],
      ['', 'varchar', false, true, 20, 'utf8mb4'],
    ],
  )
  assert.deepEqual(shape.primaryKey, [])
})

test('a statement that changes rows is not shown in the error', () => {
  const decoder = decoderOf([dump().gtid().query('BEGIN').query("INSERT INTO t VALUES ('secret')").bytes()])
  assert.throws(
    () => kindsOf(decoder),
    (error: Error) => error.message.includes('INSERT') && !error.message.includes('secret'),
  )
})

test('savepoints, unknown ignorable events and the heartbeats of RDS pass', () => {
  const bytes = dump()
    .gtid()
    .query('BEGIN')
    .query('SAVEPOINT `a`')
    .xid()
    .event(99, Buffer.alloc(5), {flags: 0x80})
    .gtid()
    .query('BEGIN')
    .query('INSERT INTO mysql.rds_heartbeat2(id, value) values (1,2) ON DUPLICATE KEY UPDATE value = 2')
    .query('COMMIT')
  const kinds = kindsOf(decoderOf([bytes.bytes()])).slice(2)
  assert.deepEqual(kinds, ['gtid', 'begin', 'other', 'commit', 'other', 'gtid', 'begin', 'other', 'commit'])
})

test('CREATE TABLE … SELECT is a query inside its transaction', () => {
  const kinds = kindsOf(
    decoderOf([dump().gtid().query('BEGIN').query('CREATE TABLE a (b int) START TRANSACTION').xid().bytes()]),
  )
  assert.deepEqual(kinds.slice(2), ['gtid', 'begin', 'query', 'commit'])
})

test('an error packet ends the events and is kept', () => {
  const error = Buffer.concat([Buffer.from([0xff, 0xd4, 0x04]), Buffer.from('#HY000no')])
  const decoder = decoderOf([dump().packet(error).gtid().bytes()])
  assert.deepEqual(kindsOf(decoder), ['rotate', 'other'])
  assert.deepEqual(decoder.dumpEnd, error)
  assert.equal(decoder.next(), false)
})

test('whatever bytes come, the decoder returns or throws its own error', () => {
  const whole = oneRowTransaction(dump().query('DROP TABLE x')).bytes()
  const change = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), {minLength: 1, maxLength: 8})
  fc.assert(
    fc.property(change, fc.nat(whole.length), (changes, length) => {
      const bytes = Buffer.from(whole)
      for (const [at, value] of changes) bytes[at] = value
      try {
        kindsOf(decoderOf([bytes.subarray(0, length)]))
      } catch (error) {
        assert.ok(error instanceof TidemarkError, String(error))
      }
    }),
    {numRuns: 3000},
  )
})

test('whatever body a known event type has, the decoder returns or throws its own error', () => {
  const body = fc.uint8Array({maxLength: 120}).map(bytes => Buffer.from(bytes))
  const type = fc.constantFrom(2, 4, 15, 16, 19, 23, 24, 25, 27, 29, 30, 31, 32, 33, 34, 35, 38, 39, 40, 41, 42)
  fc.assert(
    fc.property(type, body, (eventType, bytes) => {
      try {
        kindsOf(decoderOf([dump().tableMap(smallTableMap()).event(eventType, bytes).bytes()]))
      } catch (error) {
        assert.ok(error instanceof TidemarkError, `type ${eventType}: ${String(error)}`)
      }
    }),
    {numRuns: 5000},
  )
})

// Found by test/property/damaged-rows.test.ts: a RangeError came out.
test('a table map that ends in the middle of its metadata is refused as malformed', () => {
  const body = smallTableMap()
  // Database and table, two columns, their types, and one byte of the three that the metadata should have.
  const cut = body.subarray(0, 11)
  assert.equal(stopCode(dump().gtid().query('BEGIN').tableMap(cut).bytes()), 'TIDEMARK_BINLOG_MALFORMED')
})
