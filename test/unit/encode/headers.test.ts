import assert from 'node:assert/strict'
import {test} from 'node:test'
import {extendedHeaders, keyChangeHeaders, type KeyChange} from '../../../src/encode/headers.ts'
import type {EventHeaders} from '../../../src/sinks/sink.ts'

const settings = {extendedHeaders: true, topicPrefix: 'app', connectorName: 'shop-connector'}
const entries = (headers: EventHeaders | null) => headers?.entries.map(({name, value}) => [name, value?.toString()])

test('the extended headers are the four that Debezium adds', () => {
  assert.deepEqual(entries(extendedHeaders(settings, 'run-1')), [
    ['__debezium.context.connectorLogicalName', 'app'],
    ['__debezium.context.taskId', '0'],
    ['__debezium.context.connectorName', 'shop-connector'],
    ['__debezium.context.runId', 'run-1'],
  ])
  assert.equal(extendedHeaders({...settings, extendedHeaders: false}, 'run-1'), null)
})

function change(name: KeyChange['name'], key: Buffer | string): KeyChange {
  return {name, key: Buffer.from(key), added: Buffer.alloc(0)}
}

test("a changed key's events name each other's key, without its schema", () => {
  const key = '{"id":1,"payload":{}}'
  assert.deepEqual(entries(keyChangeHeaders(null, change('newkey', key))), [['__debezium.newkey', key]])
  const framed = Buffer.from(`{"schema":{"type":"struct","fields":[],"optional":false},"payload":${key}}`)
  assert.deepEqual(entries(keyChangeHeaders(null, change('oldkey', framed))), [['__debezium.oldkey', key]])
  assert.equal(keyChangeHeaders(extendedHeaders(settings, 'r'), change('oldkey', framed)).entries.length, 5)
  assert.deepEqual(entries(keyChangeHeaders(null, change('newkey', '{"schema":1}'))), [
    ['__debezium.newkey', '{"schema":1}'],
  ])
})
