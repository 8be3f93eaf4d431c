// Keys as transforms leave them: of tables, heartbeats and notifications, and in the headers of a changed key.

import assert from 'node:assert/strict'
import {test} from 'node:test'
import {nameRewrite} from '../../../src/config/java-replacement.ts'
import type {EncoderOptions} from '../../../src/encode/encoder-options.ts'
import {compileRowEncoder} from '../../../src/encode/compile-row-encoder.ts'
import {keyChangeHeaders} from '../../../src/encode/headers.ts'
import {heartbeatKey} from '../../../src/encode/heartbeat-event.ts'
import {keyFieldBytes} from '../../../src/encode/key-fields.ts'
import {columnShape, ENCODER_SETTINGS, tableShape, textField, written} from '../../support/encode-value.ts'

type Schema = {readonly name: string; readonly fields: readonly unknown[]}

function transforms(name: string): EncoderOptions['settings']['transforms'] {
  const topic = nameRewrite('p\\.shop\\.(.*)', 'all "$1"')
  return [
    {
      type: 'logical-table-router',
      name: 'shards',
      choice: null,
      topic: {...topic, replacement: ['all']},
      schemaNames: 'none',
      keyField: {name, value: topic},
    },
  ]
}

function key(settings: Partial<EncoderOptions['settings']>, id: string | null = '7'): string {
  const encoder = compileRowEncoder({
    shape: tableShape([columnShape('int', {name: 'id'})]),
    messageKey: [0],
    rowKey: [0],
    options: {settings: {...ENCODER_SETTINGS, transforms: transforms('from'), ...settings}},
  })
  const packet = textField(id)
  written(out => encoder.encodeText(packet, 0, packet.length, out))
  return written(out => encoder.writeMessageKey(out))
}

test('the field comes last in the key, and its value is escaped', () => {
  assert.equal(key({}), '{"id":7,"from":"all \\"orders\\""}')
})

test('with schemas the key’s schema is named after the new topic and has the field', () => {
  const {schema, payload} = JSON.parse(key({keySchemasEnabled: true})) as {schema: Schema; payload: unknown}
  assert.equal(schema.name, 'all.Key')
  assert.deepEqual(schema.fields.at(-1), {type: 'string', optional: false, field: 'from'})
  assert.deepEqual(payload, {id: 7, from: 'all "orders"'})
})

test('the StringConverter’s key has it as text', () => {
  assert.equal(key({keyConverter: 'string'}), 'Struct{id=7,from=all "orders"}')
  assert.equal(key({keyConverter: 'string'}, null), 'Struct{from=all "orders"}')
})

test('the row key, by which rows supersede one another, is what it is without transforms', () => {
  const rowKey = (settings: EncoderOptions['settings']): string => {
    const shape = tableShape([columnShape('int', {name: 'id'})])
    const encoder = compileRowEncoder({shape, messageKey: [0], rowKey: [0], options: {settings}})
    const packet = textField('7')
    written(out => encoder.encodeText(packet, 0, packet.length, out))
    return written(out => encoder.writeRowKey(out))
  }
  assert.equal(rowKey({...ENCODER_SETTINGS, transforms: transforms('from')}), rowKey(ENCODER_SETTINGS))
})

test('a field that the key has already is refused by name', () => {
  assert.throws(() => key({transforms: transforms('id')}), {
    code: 'TIDEMARK_TRANSFORM_KEY_FIELD',
    kind: 'configuration',
    message: /the key of shop\.orders has a field id already/,
  })
  assert.throws(
    () => key({transforms: [...transforms('a'), ...transforms('a').map(unlimited)]}),
    /has a field a already/,
  )
})

function unlimited(router: EncoderOptions['settings']['transforms'][number]) {
  return {...router, topic: nameRewrite('.*', 'again')}
}

test('the key of heartbeats has the field and the schema’s name, too', () => {
  const settings = {topicPrefix: 'p', keySchemasEnabled: false, keyConverter: 'json'} as const
  const route = {schemaTopic: 'all', keyFields: [{name: 'from', value: 'beats'}]}
  assert.equal(heartbeatKey(settings, route).toString(), '{"serverName":"p","from":"beats"}')
  assert.equal(heartbeatKey({...settings, keyConverter: 'string'}, route).toString(), 'Struct{serverName=p,from=beats}')
  const framed = JSON.parse(heartbeatKey({...settings, keySchemasEnabled: true}, route).toString()) as {schema: Schema}
  assert.equal(framed.schema.name, 'all.Key')
  assert.equal(framed.schema.fields.length, 2)
})

test('the headers of a changed key have it as it was before the transforms', () => {
  const fields = [{name: 'from', value: 'orders'}]
  const header = (text: string, converter: 'json' | 'string'): string =>
    keyChangeHeaders(null, {
      name: 'oldkey',
      key: Buffer.from(text),
      added: keyFieldBytes(fields, converter),
    }).entries[0]!.value!.toString()
  assert.equal(header('{"id":7,"from":"orders"}', 'json'), '{"id":7}')
  const schema = '{"type":"struct","fields":[],"optional":false}'
  assert.equal(header(`{"schema":${schema},"payload":{"id":7,"from":"orders"}}`, 'json'), '{"id":7}')
  assert.equal(header('Struct{id=7,from=orders}', 'string'), 'Struct{id=7}')
  assert.equal(header('Struct{from=orders}', 'string'), 'Struct{}')
})
