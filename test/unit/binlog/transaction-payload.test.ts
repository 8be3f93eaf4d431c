import assert from 'node:assert/strict'
import {test} from 'node:test'
import fc from 'fast-check'
import {EventDecoder} from '../../../src/binlog/event-decoder.ts'
import {TidemarkError} from '../../../src/core/tidemark-error.ts'
import {DumpBytes, smallImage, smallTableMap, TEST_COLLATIONS, type PayloadFields} from '../../support/binlog-bytes.ts'
import {zstdFrame} from '../../support/zstd-frame.ts'

const WRITE_ROWS = 30

/**
 * Body of the event that MySQL 9.7 writes at its default level for INSERT INTO d.t (id INT UNSIGNED PRIMARY KEY,
 * v VARCHAR(20)) VALUES (1, 'the first'), (2, 'the second'), (3, 'the third'), (4, NULL), (5, 'the fifth') … (10, 'the tenth').
 */
const CAPTURED = Buffer.from(
  '0201000303fc4b010101e10028b52ffd604b00bd0600324b262c704bd318f0a18af7ffeed50950ffff2992270b0a89de' +
    'feb6453f26c29f5815e178f11329467429a8912d650aff7f8340b0cd8bdcba8ad796dd466d6a013fc06e311e5476fbbc' +
    '27419449cfed9a4517140d36bfbe507acf4273cb1c75bd6043812305ce654af634418e1d4b3332f5091d58fae62c4f8b' +
    '6f3880f241494440380eb3a3c1f1ea0a610b97e268cc90277ccebcfcf0a742f9a0021a00a004e2642622aa7032890915' +
    '0d6707b6152b3c0e849749ec86ee8183118a3899581b0e0cf4813102c108680e5c7c841d2ceb01f1c0c803f002',
  'hex',
)

function decoderOf(bytes: Buffer, checksum = true): EventDecoder {
  const left = [bytes]
  return new EventDecoder({collations: TEST_COLLATIONS, checksum, nextChunk: () => left.shift() ?? null})
}

function dump({checksum = true} = {}): DumpBytes {
  return new DumpBytes({checksum}).rotate('binlog.000007').formatDescription()
}

/** What stands behind a GTID: BEGIN, rows, COMMIT. */
function transaction(bytes: DumpBytes, rows = 3): DumpBytes {
  bytes.query('BEGIN').tableMap(smallTableMap())
  for (let id = 1; id <= rows; id++) {
    bytes.rows(WRITE_ROWS, {images: smallImage(id, 'v'.repeat(id % 50)), present: [0b11], columns: 2})
  }
  return bytes.xid()
}

function eventsInside(rows = 3): Buffer {
  return transaction(new DumpBytes({checksum: false}), rows).eventBytes()
}

interface SeenEvent {
  readonly kind: string
  readonly image: string
  readonly startPos: number
  readonly endPos: number
}

/** Events behind the first two, which begin every dump; over all turns. */
function eventsOf(decoder: EventDecoder): SeenEvent[] {
  const seen: SeenEvent[] = []
  do {
    while (decoder.next()) {
      const {kind, startPos, endPos, rows} = decoder
      const image = kind === 'rows' ? rows.buffer.toString('latin1', rows.start, rows.end) : ''
      seen.push({kind, image, startPos, endPos})
    }
  } while (decoder.hasMore)
  return seen.slice(2)
}

function withoutPlaces(events: readonly SeenEvent[]): unknown[] {
  return events.map(({kind, image}) => [kind, image])
}

function stopOf(bytes: Buffer, checksum = true): TidemarkError {
  try {
    eventsOf(decoderOf(bytes, checksum))
  } catch (error) {
    assert.ok(error instanceof TidemarkError, String(error))
    assert.match(error.message, /binlog\.000007:\d+/)
    return error
  }
  return assert.fail('nothing was thrown')
}

test('however a transaction is cut into zstd blocks and frames, the same events come as without compression', () => {
  const inside = eventsInside(40)
  const expected = withoutPlaces(eventsOf(decoderOf(transaction(dump().gtid(), 40).gtid().xid().bytes())))
  const options = fc.record({
    blockBytes: fc.integer({min: 1, max: inside.length + 1}),
    windowLog: fc.constantFrom(undefined, 15, 21),
    checksum: fc.boolean(),
  })
  fc.assert(
    fc.property(options, options, fc.nat(inside.length), (first, second, cut) => {
      const frames = [zstdFrame(inside.subarray(0, cut), given(first)), zstdFrame(inside.subarray(cut), given(second))]
      const bytes = dump().gtid().payload(Buffer.concat(frames), inside.length).gtid().xid().bytes()
      assert.deepEqual(withoutPlaces(eventsOf(decoderOf(bytes))), expected)
    }),
  )
})

/** Without the members that are undefined, which exact optional properties do not take. */
function given({windowLog, ...options}: {blockBytes: number; windowLog: number | undefined; checksum: boolean}) {
  return windowLog === undefined ? options : {...options, windowLog}
}

test('a payload that is not compressed gives the same events, whether it says its uncompressed size or not', () => {
  const inside = eventsInside()
  const expected = withoutPlaces(eventsOf(decoderOf(transaction(dump().gtid()).bytes())))
  for (const uncompressed of [inside.length, null]) {
    const bytes = dump().gtid().payload(inside, inside.length, {compression: 255, uncompressed}).bytes()
    assert.deepEqual(withoutPlaces(eventsOf(decoderOf(bytes))), expected)
  }
})

test('every event inside begins and ends where the payload begins, and only the last one ends where it ends', () => {
  const inside = eventsInside()
  const bytes = dump().gtid()
  const start = bytes.pos
  bytes.payload(zstdFrame(inside), inside.length)
  const end = bytes.pos
  const [gtid, ...events] = eventsOf(decoderOf(bytes.gtid().bytes()))
  const next = events.pop()!
  assert.deepEqual([gtid!.endPos, next.startPos], [start, end])
  assert.deepEqual(
    events.map(({kind, startPos, endPos}) => [kind, startPos, endPos]),
    ['begin', 'other', 'rows', 'rows', 'rows', 'commit'].map(kind => [kind, start, kind === 'commit' ? end : start]),
  )
})

test('a large transaction comes in turns, and is never held whole', () => {
  const rows = 200_000
  const inside = eventsInside(rows)
  assert.ok(inside.length > 10_000_000)
  const bytes = dump()
    .gtid()
    .payload(zstdFrame(inside, {windowLog: 20}), inside.length)
    .bytes()
  const decoder = decoderOf(bytes)
  let turns = 0
  let seen = 0
  do {
    turns++
    let turnBytes = 0
    while (decoder.next()) {
      if (decoder.kind !== 'rows') continue
      seen++
      turnBytes += decoder.rows.end - decoder.rows.start
    }
    assert.ok(turnBytes < 1_100_000, `${turnBytes} bytes in one turn`)
  } while (decoder.hasMore)
  assert.equal(seen, rows)
  assert.ok(turns >= 10, `${turns} turns`)
  assert.ok(decoder.mostPayloadBytes > 0)
  assert.ok(decoder.mostPayloadBytes < 1_800_000, `${decoder.mostPayloadBytes} bytes were held`)
})

test('a small transaction needs no larger window than itself, whatever its frame asks for', () => {
  const inside = eventsInside()
  const decoder = decoderOf(
    dump()
      .gtid()
      .payload(zstdFrame(inside, {windowLog: 27}), inside.length)
      .bytes(),
  )
  eventsOf(decoder)
  assert.ok(decoder.mostPayloadBytes <= 2 * inside.length, `${decoder.mostPayloadBytes} bytes were held`)
})

test('a payload that was cut off, at any byte, is malformed', () => {
  const inside = eventsInside()
  for (const frame of [zstdFrame(inside), zstdFrame(inside, {blockBytes: 20, windowLog: 15, checksum: true})]) {
    for (let length = 0; length < frame.length; length++) {
      const bytes = dump().gtid().payload(frame.subarray(0, length), inside.length).bytes()
      assert.equal(stopOf(bytes).code, 'TIDEMARK_BINLOG_MALFORMED')
    }
  }
})

test('a head that was cut off, at any byte, is malformed', () => {
  const frame = zstdFrame(eventsInside())
  const whole = new DumpBytes({checksum: false}).payload(frame, 200).eventBytes().subarray(19)
  const head = whole.length - frame.length
  for (let length = 0; length < head; length++) {
    assert.equal(stopOf(dump().gtid().event(40, whole.subarray(0, length)).bytes()).code, 'TIDEMARK_BINLOG_MALFORMED')
  }
})

test('sizes that do not agree are malformed, and the error says what was found', () => {
  const inside = eventsInside()
  const frame = zstdFrame(inside)
  const cases: readonly (readonly [fields: PayloadFields, says: RegExp])[] = [
    [{size: frame.length - 1}, /says \d+ bytes and has \d+/],
    [{size: frame.length + 1}, /says \d+ bytes and has \d+/],
    [{size: null}, /does not say its size/],
    [{uncompressed: null}, /does not say its uncompressed size/],
    [{uncompressed: inside.length - 1}, /more than it (says|may)/],
    [{uncompressed: inside.length + 1}, /1 bytes are missing|ends within an event/],
    [{uncompressed: 2 ** 40}, /are missing/],
    [{compression: 255}, /is not compressed/],
  ]
  for (const [fields, says] of cases) {
    const {code, message} = stopOf(dump().gtid().payload(frame, inside.length, fields).bytes())
    assert.equal(code, 'TIDEMARK_BINLOG_MALFORMED')
    assert.match(message, says)
  }
})

test('fields of the head that are not known are passed over', () => {
  const inside = eventsInside()
  const frame = zstdFrame(inside)
  const known = new DumpBytes({checksum: false}).payload(frame, inside.length).eventBytes().subarray(19)
  const bytes = dump()
    .gtid()
    .event(40, Buffer.concat([Buffer.from([9, 3, 1, 2, 3]), known]))
    .bytes()
  assert.equal(eventsOf(decoderOf(bytes)).length, 7)
})

test('a compression that is not known stops with its own code and names it', () => {
  for (const compression of [1, 254]) {
    const {code, message} = stopOf(dump().gtid().payload(Buffer.alloc(30), 30, {compression}).bytes())
    assert.equal(code, 'TIDEMARK_BINLOG_COMPRESSION_UNKNOWN')
    assert.match(message, new RegExp(`found ${compression}, wanted 0 \\(zstd\\)`))
  }
})

test('events that stand only between transactions are malformed inside one', () => {
  const inside = eventsInside()
  const outside = (): DumpBytes => new DumpBytes({checksum: false})
  for (const bytes of [outside().gtid(), outside().payload(inside, inside.length), outside().rotate('binlog.000009')]) {
    const alone = bytes.eventBytes()
    assert.equal(
      stopOf(dump().gtid().payload(zstdFrame(alone), alone.length).bytes()).code,
      'TIDEMARK_BINLOG_MALFORMED',
    )
  }
})

test('what a compressed transaction may not hold stops with its own code, and says that it was compressed', () => {
  const inside = new DumpBytes({checksum: false}).query('BEGIN').query('INSERT INTO t VALUES (1)').eventBytes()
  const {code, message} = stopOf(dump().gtid().payload(zstdFrame(inside), inside.length).bytes())
  assert.equal(code, 'TIDEMARK_BINLOG_STATEMENT_FORMAT')
  assert.match(message, /in a compressed transaction/)
})

const ORDINALS = ['first', 'second', 'third', null, 'fifth', 'sixth', 'seventh', 'eighth', 'ninth', 'tenth']

function rowsOf(image: string): unknown[] {
  const bytes = Buffer.from(image, 'latin1')
  const rows: unknown[] = []
  for (let at = 0; at < bytes.length;) {
    const isNull = (bytes[at]! & 2) !== 0
    const length = isNull ? 0 : 1 + bytes[at + 5]!
    rows.push([bytes.readUInt32LE(at + 1), isNull ? null : bytes.toString('utf8', at + 6, at + 5 + length)])
    at += 5 + length
  }
  return rows
}

test('a transaction that a server compressed comes out as it was written', () => {
  const decoder = decoderOf(dump().gtid().event(40, CAPTURED).bytes())
  const [, begin, table, rows, commit, ...more] = eventsOf(decoder)
  assert.deepEqual([begin?.kind, table?.kind, rows?.kind, commit?.kind, more], ['begin', 'other', 'rows', 'commit', []])
  assert.deepEqual(decoder.rows.table.shape.id, {database: 'd', table: 't'})
  assert.deepEqual(
    rowsOf(rows!.image),
    ORDINALS.map((ordinal, i) => [i + 1, ordinal === null ? null : `the ${ordinal}`]),
  )
})

test('one damaged byte anywhere in a compressed transaction is found by the checksum, before it is decompressed', () => {
  const whole = dump().gtid().event(40, CAPTURED).bytes()
  const start = whole.length - 4 - CAPTURED.length
  for (let at = start; at < whole.length; at++) {
    const damaged = Buffer.from(whole)
    damaged[at]! ^= 0x10
    const {code, message} = stopOf(damaged)
    assert.equal(code, 'TIDEMARK_BINLOG_MALFORMED')
    assert.match(message, /checksum/)
  }
})

test('whatever a payload holds, the decoder returns or throws its own error, also without checksums', () => {
  const whole = dump({checksum: false}).gtid().event(40, CAPTURED).bytes()
  const start = whole.length - CAPTURED.length
  const change = fc.tuple(fc.nat(CAPTURED.length - 1), fc.nat(255))
  fc.assert(
    fc.property(fc.array(change, {minLength: 1, maxLength: 6}), changes => {
      const bytes = Buffer.from(whole)
      for (const [at, value] of changes) bytes[start + at] = value
      try {
        eventsOf(decoderOf(bytes, false))
      } catch (error) {
        assert.ok(error instanceof TidemarkError, String(error))
      }
    }),
    {numRuns: 5000},
  )
})
