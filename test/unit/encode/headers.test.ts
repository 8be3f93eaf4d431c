import assert from 'node:assert/strict'
import {test} from 'node:test'
import {extendedHeaders, keyChangeHeaders} from '../../../src/encode/headers.ts'
import type {EventHeaders} from '../../../src/sinks/sink.ts'

const settings = {extendedHeaders: true, topicPrefix: 'app', connectorName: 'shop-connector'}
const entries = (headers: EventHeaders | null) => headers?.entries.map(({name, value}) => [name, value.toString()])

test('the extended headers are the four that Debezium adds', () => {
  assert.deepEqual(entries(extendedHeaders(settings, 'run-1')), [
    ['__debezium.context.connectorLogicalName', 'app'],
    ['__debezium.context.taskId', '0'],
    ['__debezium.context.connectorName', 'shop-connector'],
    ['__debezium.context.runId', 'run-1'],
  ])
  assert.equal(extendedHeaders({...settings, extendedHeaders: false}, 'run-1'), null)
})

test("a changed key's events name each other's key, without its schema", () => {
  const key = '{"id":1,"payload":{}}'
  assert.deepEqual(entries(keyChangeHeaders(null, 'newkey', Buffer.from(key))), [['__debezium.newkey', key]])
  const framed = Buffer.from(`{"schema":{"type":"struct","fields":[],"optional":false},"payload":${key}}`)
  assert.deepEqual(entries(keyChangeHeaders(null, 'oldkey', framed)), [['__debezium.oldkey', key]])
  assert.equal(keyChangeHeaders(extendedHeaders(settings, 'r'), 'oldkey', framed).entries.length, 5)
  assert.deepEqual(entries(keyChangeHeaders(null, 'newkey', Buffer.from('{"schema":1}'))), [
    ['__debezium.newkey', '{"schema":1}'],
  ])
})
