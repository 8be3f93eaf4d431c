import assert from 'node:assert/strict'
import {test} from 'node:test'
import {heartbeatKey, heartbeatValue} from '../../../src/encode/heartbeat-event.ts'

const plain = {topicPrefix: 'app', keySchemasEnabled: false, valueSchemasEnabled: false, keyConverter: 'json'} as const

test('a heartbeat is the server name and a time', () => {
  assert.equal(heartbeatKey(plain).toString(), '{"serverName":"app"}')
  assert.equal(heartbeatValue(plain, 1_700_000_000_000).toString(), '{"ts_ms":1700000000000}')
  assert.equal(heartbeatKey({...plain, keyConverter: 'string'}).toString(), 'Struct{serverName=app}')
})

test('with schemas it stands in the frame with the names of Debezium', () => {
  const framed = {...plain, keySchemasEnabled: true, valueSchemasEnabled: true}
  const key = JSON.parse(heartbeatKey(framed).toString()) as {schema: {name: string}; payload: unknown}
  const value = JSON.parse(heartbeatValue(framed, 5).toString()) as {schema: {name: string}; payload: unknown}
  assert.equal(key.schema.name, 'io.debezium.connector.common.ServerNameKey')
  assert.deepEqual(key.payload, {serverName: 'app'})
  assert.equal(value.schema.name, 'io.debezium.connector.common.Heartbeat')
  assert.deepEqual(value.payload, {ts_ms: 5})
})
