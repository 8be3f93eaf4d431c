import assert from 'node:assert/strict'
import {test} from 'node:test'
import {EventOfSink} from '../../../src/library/captured-event.ts'
import type {EventForm} from '../../../src/library/captured-event.ts'
import type {HandedEvent} from '../../../src/sinks/iterator-batch.ts'

const plain: EventForm = {keyConverter: 'json', keySchemasEnabled: false, valueSchemasEnabled: false}

function event(
  key: string | null,
  value: string | null,
  form: Partial<EventForm> = {},
  more: Partial<HandedEvent> = {},
): EventOfSink {
  const bytes = (text: string | null): Buffer | null => (text === null ? null : Buffer.from(text))
  return new EventOfSink(
    {
      topic: 't',
      partition: 0,
      key: bytes(key),
      value: bytes(value),
      headers: null,
      acknowledge: () => undefined,
      ...more,
    },
    {...plain, ...form},
  )
}

const CHANGE = '{"before":null,"after":{"id":9007199254740993,"name":"a"},"source":{"pos":4},"op":"c","ts_ms":1}'

test('the envelope of a change is typed by the caller and keeps every digit', () => {
  const envelope = event('{"id":1}', CHANGE).envelope<{id: number | bigint; name: string}>()
  assert.equal(envelope?.op, 'c')
  assert.equal(envelope?.after?.id, 9007199254740993n)
  assert.equal(envelope?.before, null)
})

test('the frame of a schema is taken off key and value', () => {
  const framed = (text: string): string => `{"schema":{"type":"struct"},"payload":${text}}`
  const shown = event(framed('{"id":1}'), framed(CHANGE), {keySchemasEnabled: true, valueSchemasEnabled: true})
  assert.deepEqual(shown.keyFields, {id: 1})
  assert.equal(shown.envelope()?.op, 'c')
})

test('a tombstone, a heartbeat and an unwrapped row have no envelope', () => {
  assert.equal(event('{"id":1}', null).envelope(), null)
  assert.equal(event('{"id":1}', null).payload, null)
  assert.equal(event('{}', '{"ts_ms":1}').envelope(), null)
  const row = event('{}', '{"op":"c","source":"shop"}')
  assert.equal(row.envelope(), null)
  assert.deepEqual(row.payload, {op: 'c', source: 'shop'})
})

test('a key of the StringConverter is its text', () => {
  assert.equal(
    event('Struct{id=1}', CHANGE, {keyConverter: 'string', keySchemasEnabled: true}).keyFields,
    'Struct{id=1}',
  )
  assert.equal(event(null, CHANGE).keyFields, null)
})

test('headers are bytes by name', () => {
  const headers = {
    entries: [
      {name: 'a', value: Buffer.from('1')},
      {name: 'b', value: null},
    ],
  }
  assert.deepEqual(event(null, CHANGE, {}, {headers}).headers, {a: Buffer.from('1'), b: null})
  assert.deepEqual(event(null, CHANGE).headers, {})
})

test('bytes that are no JSON are still there, and the error does not show them', () => {
  const broken = event(null, 'secret row')
  assert.throws(() => broken.payload, {code: 'TIDEMARK_LIBRARY_NOT_JSON', message: /^(?!.*secret)/})
  assert.equal(broken.value?.toString(), 'secret row')
})
