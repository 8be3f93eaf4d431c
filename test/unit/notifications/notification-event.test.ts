import assert from 'node:assert/strict'
import {test} from 'node:test'
import {notificationKey, notificationValue} from '../../../src/notifications/notification-event.ts'
import type {Notification} from '../../../src/notifications/notification.ts'

const notification: Notification = {
  id: 'ad-hoc-1',
  type: 'COMPLETED',
  aggregate_type: 'Incremental Snapshot',
  additional_data: {connector_name: 'app'},
  timestamp: 1_700_000_000_000,
}
const payload =
  '{"id":"ad-hoc-1","type":"COMPLETED","aggregate_type":"Incremental Snapshot","additional_data":{"connector_name":"app"},"timestamp":1700000000000}'

test('a notification is five members, its key the id', () => {
  const settings = {keySchemasEnabled: false, valueSchemasEnabled: false, keyConverter: 'json'} as const
  assert.equal(notificationKey('ad-hoc-1', settings).toString(), '{"id":"ad-hoc-1"}')
  assert.equal(notificationValue(notification, settings).toString(), payload)
  assert.equal(notificationKey('a', {...settings, keyConverter: 'string'}).toString(), 'Struct{id=a}')
})

test('with schemas a notification stands in the frame that JsonConverter gives Debezium’s schemas', () => {
  const settings = {keySchemasEnabled: true, valueSchemasEnabled: true, keyConverter: 'json'} as const
  assert.equal(
    notificationKey('ad-hoc-1', settings).toString(),
    '{"schema":{"type":"struct","fields":[{"type":"string","optional":false,"field":"id"}],"optional":false,' +
      '"name":"io.debezium.connector.common.NotificationKey","version":1},"payload":{"id":"ad-hoc-1"}}',
  )
  assert.equal(
    notificationValue(notification, settings).toString(),
    '{"schema":{"type":"struct","fields":[{"type":"string","optional":false,"field":"id"},' +
      '{"type":"string","optional":false,"field":"type"},{"type":"string","optional":false,"field":"aggregate_type"},' +
      '{"type":"map","keys":{"type":"string","optional":false},"values":{"type":"string","optional":false},' +
      '"optional":true,"field":"additional_data"},{"type":"int64","optional":false,"field":"timestamp"}],' +
      `"optional":false,"name":"io.debezium.connector.common.Notification","version":1},"payload":${payload}}`,
  )
})
