import assert from 'node:assert/strict'
import {test} from 'node:test'
import {EventOrigin, type OriginFields} from '../../../src/encode/envelope.ts'
import {emitTruncate, sendReset} from '../../../src/stream/truncate-events.ts'
import {MemorySink} from '../../support/memory-sink.ts'
import {StreamParts, streamTable} from '../../support/stream-parts.ts'

const ORIGIN: OriginFields = {
  ...{tsUs: 1_700_000_000_123_000, snapshot: 'false', serverId: 1, sid: 's', gno: 7, file: 'b.000001', pos: 110},
  ...{threadId: null, nowUs: 1_700_000_000_200_000},
}

const HEADERS = {entries: [{name: 'h', value: Buffer.from('v')}]}

async function truncated(partitions: number, framed: boolean): Promise<MemorySink['sent']> {
  const sink = new MemorySink({partitions})
  const parts = await new StreamParts({sink, settings: {valueSchemasEnabled: framed}}).open()
  const target = await parts.catalog.target(streamTable('t').shape)
  const origin = new EventOrigin()
  origin.set(ORIGIN)
  emitTruncate(target, origin, {emitter: parts.emitter, headers: HEADERS})
  parts.emitter.flush()
  return sink.sent
}

const PAYLOAD =
  '{"before":null,"after":null,"source":{"version":"0","connector":"mysql","name":"p","ts_ms":1700000000123,' +
  '"snapshot":"false","db":"d","sequence":null,"ts_us":1700000000123000,"ts_ns":1700000000123000000,"table":"t",' +
  '"server_id":1,"gtid":"s:7","file":"b.000001","pos":110,"row":0,"thread":null,"query":null},"transaction":null,' +
  '"op":"t","ts_ms":1700000000200,"ts_us":1700000000200000,"ts_ns":1700000000200000000}'

test('a truncate is an event without key and rows, with headers, in every partition of the topic', async () => {
  const events = await truncated(3, false)
  assert.deepEqual(
    events.map(({topic, partition, key, value}) => ({topic, partition, key, value})),
    [0, 1, 2].map(partition => ({topic: 'p.d.t', partition, key: null, value: PAYLOAD})),
  )
  assert.deepEqual(events[0]!.headers, {h: 'v'})
})

test('with schemas it has the frame of the table', async () => {
  const [event] = await truncated(1, true)
  const {schema, payload} = JSON.parse(event!.value!) as {
    schema: {name: string; fields: {fields: {field: string}[]}[]}
    payload: unknown
  }
  assert.deepEqual(payload, JSON.parse(PAYLOAD))
  assert.equal(schema.name, 'p.d.t.Envelope')
  assert.deepEqual(
    schema.fields[0]!.fields.map(({field}) => field),
    ['id', 'v'],
  )
})

test('a reset stands in every partition behind what is open for it, and is done when all of them have acknowledged', async () => {
  const sink = new MemorySink({partitions: 2})
  const parts = await new StreamParts({sink}).open()
  const target = await parts.catalog.target(streamTable('t').shape)
  const origin = new EventOrigin()
  origin.set({...ORIGIN, snapshot: 'incremental'})
  emitTruncate(target, origin, {emitter: parts.emitter, headers: null})
  const done = sendReset(target, origin, {emitter: parts.emitter, headers: HEADERS})
  assert.deepEqual(
    sink.sent.map(({partition, key, headers}) => [partition, key, headers['h']]),
    [
      [0, null, undefined],
      [0, null, 'v'],
      [1, null, undefined],
      [1, null, 'v'],
    ],
  )
  await done
  assert.match(sink.sent[1]!.value!, /"snapshot":"incremental".*"op":"t"/)
})
