import assert from 'node:assert/strict'
import {test} from 'node:test'
import {NO_COLUMN_RULES} from '../../../src/config/column-rules.ts'
import {DEFAULT_VALUE_MODES} from '../../../src/config/value-modes.ts'
import {EnvelopeTemplate, EventOrigin} from '../../../src/encode/envelope.ts'
import type {OriginFields} from '../../../src/encode/envelope.ts'
import {TransactionOrder} from '../../../src/stream/transaction-order.ts'
import {columnShape, tableShape, written} from '../../support/encode-value.ts'
import {AS_THEY_ARE} from '../../../src/encode/output-columns.ts'

const SID = '3e11fa47-71ca-11e1-9e33-c80aa9429562'
const FIELDS: OriginFields = {
  tsUs: 1_700_000_000_123_456,
  snapshot: 'false',
  serverId: 1,
  sid: SID,
  gno: 23,
  file: 'binlog.000003',
  pos: 4321,
  threadId: 11,
  nowUs: 1_700_000_000_130_000,
}
const shape = tableShape([columnShape('int', {name: 'id', nullable: false})], [0])
const BEFORE = Buffer.from('{"id":6}')
const AFTER = Buffer.from('{"id":7}')

function template(valueSchemasEnabled = false): EnvelopeTemplate {
  return new EnvelopeTemplate({
    id: {database: 'shop', table: 'it"em'},
    topic: 'app.shop.item',
    settings: {
      topicPrefix: 'app',
      valueSchemasEnabled,
      valueModes: DEFAULT_VALUE_MODES,
      columns: NO_COLUMN_RULES,
      ...AS_THEY_ARE,
    },
    shape,
    version: '0.1.0',
  })
}

function originOf(fields: Partial<OriginFields> = {}): EventOrigin {
  const origin = new EventOrigin()
  origin.set({...FIELDS, ...fields})
  return origin
}

function orderOf(id: string): TransactionOrder {
  const order = new TransactionOrder()
  order.begin(id)
  return order
}

/** Writes one event and checks that its length was told right. */
function event(envelope: EnvelopeTemplate, op: 'c' | 'r' | 'u' | 'd', origin: EventOrigin, row = 0): string {
  if (op === 'u') {
    const both = Buffer.concat([BEFORE, AFTER])
    const length = envelope.valueLength('u', BEFORE.length, AFTER.length, origin, row)
    const text = written(out => {
      envelope.writeUpdate(both, 0, BEFORE.length, BEFORE.length, both.length, origin, row, out)
    })
    assert.equal(Buffer.byteLength(text), length)
    return text
  }
  const image = op === 'd' ? BEFORE : AFTER
  const length = envelope.valueLength(op, image.length, 0, origin, row)
  const text = written(out => {
    envelope.writeSingle(op, image, 0, image.length, origin, row, out)
  })
  assert.equal(Buffer.byteLength(text), length)
  return text
}

test("the envelope is Debezium's, field by field", () => {
  assert.equal(
    event(template(), 'c', originOf(), 5),
    '{"before":null,"after":{"id":7},"source":{"version":"0.1.0","connector":"mysql","name":"app",' +
      '"ts_ms":1700000000123,"snapshot":"false","db":"shop","sequence":null,"ts_us":1700000000123456,' +
      `"ts_ns":1700000000123456000,"table":"it\\"em","server_id":1,"gtid":"${SID}:23","file":"binlog.000003",` +
      '"pos":4321,"row":5,"thread":11,"query":null},"transaction":null,"op":"c","ts_ms":1700000000130,' +
      '"ts_us":1700000000130000,"ts_ns":1700000000130000000}',
  )
})

test('each operation has its rows where Debezium has them', () => {
  const envelope = template()
  const origin = originOf()
  const rows = (op: 'c' | 'r' | 'u' | 'd') => {
    const {before, after, op: found} = JSON.parse(event(envelope, op, origin)) as Record<string, unknown>
    return {before, after, op: found}
  }
  assert.deepEqual(rows('c'), {before: null, after: {id: 7}, op: 'c'})
  assert.deepEqual(rows('u'), {before: {id: 6}, after: {id: 7}, op: 'u'})
  assert.deepEqual(rows('d'), {before: {id: 6}, after: null, op: 'd'})
  assert.deepEqual(rows('r'), {before: null, after: {id: 7}, op: 'r'})
})

test('without GTIDs and thread both are null, and zero times have no zeros behind them', () => {
  const text = event(template(), 'r', originOf({sid: '', gno: 0, threadId: -1, tsUs: 0, snapshot: 'incremental'}))
  const {source} = JSON.parse(text) as {source: Record<string, unknown>}
  assert.equal(source['gtid'], null)
  assert.equal(source['thread'], null)
  assert.equal(source['ts_ns'], 0)
  assert.equal(source['snapshot'], 'incremental')
  assert.equal((JSON.parse(event(template(), 'r', originOf({threadId: null}))) as typeof source)['op'], 'r')
})

test('one template gives the same bytes whatever origins it has seen before', () => {
  const envelope = template()
  const changes: Partial<OriginFields>[] = [
    {},
    {tsUs: 1_700_000_001_000_001, nowUs: 1_700_000_001_999_999},
    {gno: 24},
    {gno: 100, pos: 9999},
    {pos: 10_000},
    {pos: 4_294_967_296_123, gno: 9_007_199_254_740_991},
    {pos: 4_294_967_296_124},
    {file: 'binlog.000004', pos: 4},
    {sid: '', gno: 0},
    {sid: '', gno: 0, pos: 5},
    {sid: `${SID}:tag`, gno: 1},
    {threadId: 12},
    {threadId: -1},
    {serverId: 2},
    {snapshot: 'incremental'},
    {snapshot: 'last_in_data_collection'},
    {tsUs: 0},
    {tsUs: 999_999_999_999_999},
    {tsUs: 1_700_000_000_000_000},
    {query: 'UPDATE "t"'},
    {query: 'UPDATE "u"'},
    {order: orderOf(`${SID}:23`)},
    {gno: 24, order: orderOf(`${SID}:24`)},
    {gno: 100, order: orderOf(`${SID}:100`), query: 'UPDATE "t"'},
    {sid: '', gno: 0, order: orderOf('file=b.1,pos=4')},
    {sid: '', gno: 0, order: orderOf('file=b.1,pos=5')},
  ]
  const origin = new EventOrigin()
  for (const from of changes) {
    for (const to of changes) {
      for (const change of [from, to]) {
        origin.set({...FIELDS, ...change})
        assert.equal(event(envelope, 'u', origin, 3), event(template(), 'u', originOf(change), 3))
      }
    }
  }
})

test('two origins in turn, as a window between streamed events, do not mix', () => {
  const envelope = template()
  const stream = originOf()
  const window = originOf({snapshot: 'incremental', pos: 99})
  for (let i = 0; i < 3; i++) {
    assert.match(event(envelope, 'c', stream), /"snapshot":"false".*"pos":4321,/)
    assert.match(event(envelope, 'r', window), /"snapshot":"incremental".*"pos":99,/)
  }
})

test('an event of a transaction names its place in it and among those of its table, at every length', () => {
  const envelope = template()
  const order = orderOf(`${SID}:23`)
  const origin = originOf({order})
  for (const [other, own] of [
    [0, 1],
    [1, 8],
    [0, 1],
    [89, 1],
    [10_000, 900],
  ] as const) {
    order.enter('shop.other')
    order.pass(other)
    order.enter('shop.item')
    order.pass(own)
    const {transaction} = JSON.parse(event(envelope, 'u', origin, 7)) as Record<string, unknown>
    assert.deepEqual(transaction, {
      id: `${SID}:23`,
      total_order: order.total,
      data_collection_order: order.inTable,
    })
  }
  assert.deepEqual([order.total, order.inTable], [11_001, 911])
})

test('read events between those of a transaction belong to none', () => {
  const envelope = template()
  const order = orderOf(`${SID}:23`)
  order.next()
  for (let i = 0; i < 2; i++) {
    assert.match(event(envelope, 'c', originOf({order})), /"transaction":\{"id":"[^"]+:23","total_order":1,/)
    assert.match(event(envelope, 'r', originOf({snapshot: 'incremental'})), /"transaction":null,"op":"r"/)
  }
})

test('the statement stands in the source as JSON, and read events have none', () => {
  const query = 'INSERT /* "π" */ INTO t\nVALUES (1)'
  const {source} = JSON.parse(event(template(), 'c', originOf({query}))) as {source: Record<string, unknown>}
  assert.equal(source['query'], query)
})

test('row numbers of every length keep the promised length', () => {
  const envelope = template()
  const origin = originOf()
  for (const row of [0, 9, 10, 99, 100, 999, 1000, 9999, 10_000, 123_456_789]) {
    assert.match(event(envelope, 'c', origin, row), new RegExp(`"row":${row},`))
  }
})

test('with schemas the envelope stands behind its schema', () => {
  const text = event(template(true), 'u', originOf())
  const {schema, payload} = JSON.parse(text) as {schema: {name: string; fields: {field: string}[]}; payload: unknown}
  assert.equal(schema.name, 'app.shop.item.Envelope')
  assert.deepEqual(
    schema.fields.map(({field}) => field),
    Object.keys(payload as object),
  )
  assert.deepEqual(payload, JSON.parse(event(template(), 'u', originOf())))
})
