// Keys and values of notification events, as Debezium's.

import type {EventSettings} from '../config/settings.ts'
import {notificationSchemaText, singleFieldSchemaText} from '../encode/schema-frame.ts'
import type {Notification} from './notification.ts'

const KEY_SCHEMA = singleFieldSchemaText('io.debezium.connector.common.NotificationKey', 'string', 'id')
const VALUE_SCHEMA = notificationSchemaText()

export function notificationKey(
  id: string,
  settings: Pick<EventSettings, 'keySchemasEnabled' | 'keyConverter'>,
): Buffer {
  if (settings.keyConverter === 'string') return Buffer.from(`Struct{id=${id}}`)
  return framed(JSON.stringify({id}), settings.keySchemasEnabled ? KEY_SCHEMA : null)
}

export function notificationValue(
  notification: Notification,
  settings: Pick<EventSettings, 'valueSchemasEnabled'>,
): Buffer {
  const {id, type, aggregate_type, additional_data, timestamp} = notification
  const payload = JSON.stringify({id, type, aggregate_type, additional_data, timestamp})
  return framed(payload, settings.valueSchemasEnabled ? VALUE_SCHEMA : null)
}

function framed(payload: string, schema: string | null): Buffer {
  return Buffer.from(schema === null ? payload : `{"schema":${schema},"payload":${payload}}`)
}
