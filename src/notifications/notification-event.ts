// Keys and values of notification events, as Debezium's.

import type {EventSettings} from '../config/settings.ts'
import {notificationSchemaText} from '../encode/schemas/schema-frame.ts'
import {singleFieldKey} from '../encode/single-field-key.ts'
import {NO_ROUTE, type KeyRoute} from '../encode/topic-routing.ts'
import type {Notification} from './notification.ts'

const KEY_SCHEMA = 'io.debezium.connector.common.NotificationKey'
const VALUE_SCHEMA = notificationSchemaText()

export function notificationKey(
  id: string,
  settings: Pick<EventSettings, 'keySchemasEnabled' | 'keyConverter'>,
  route: KeyRoute = NO_ROUTE,
): Buffer {
  return singleFieldKey({field: 'id', value: id, schemaName: KEY_SCHEMA, owner: 'notifications'}, settings, route)
}

export function notificationValue(
  notification: Notification,
  settings: Pick<EventSettings, 'valueSchemasEnabled'>,
): Buffer {
  const {id, type, aggregate_type, additional_data, timestamp} = notification
  const payload = JSON.stringify({id, type, aggregate_type, additional_data, timestamp})
  return Buffer.from(settings.valueSchemasEnabled ? `{"schema":${VALUE_SCHEMA},"payload":${payload}}` : payload)
}
