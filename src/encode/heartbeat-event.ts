// Keys and values of heartbeat events, as Debezium's.

import type {EventSettings} from '../config/settings.ts'
import {singleFieldSchemaText} from './schemas/schema-frame.ts'
import {singleFieldKey} from './single-field-key.ts'
import {NO_ROUTE, type KeyRoute} from './topic-routing.ts'

const KEY_SCHEMA = 'io.debezium.connector.common.ServerNameKey'
const VALUE_SCHEMA = 'io.debezium.connector.common.Heartbeat'

/** The key of every heartbeat of a task. */
export function heartbeatKey(
  settings: Pick<EventSettings, 'topicPrefix' | 'keySchemasEnabled' | 'keyConverter'>,
  route: KeyRoute = NO_ROUTE,
): Buffer {
  const key = {field: 'serverName', value: settings.topicPrefix, schemaName: KEY_SCHEMA, owner: 'heartbeats'}
  return singleFieldKey(key, settings, route)
}

/** The value of one heartbeat. */
export function heartbeatValue(settings: Pick<EventSettings, 'valueSchemasEnabled'>, nowMs: number): Buffer {
  const payload = JSON.stringify({ts_ms: nowMs})
  if (!settings.valueSchemasEnabled) return Buffer.from(payload)
  return Buffer.from(`{"schema":${singleFieldSchemaText(VALUE_SCHEMA, 'int64', 'ts_ms')},"payload":${payload}}`)
}
