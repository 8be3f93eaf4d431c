// Keys and values of heartbeat events, as Debezium's.

import type {EventSettings} from '../config/settings.ts'
import {singleFieldSchemaText} from './schema-frame.ts'

const KEY_SCHEMA = 'io.debezium.connector.common.ServerNameKey'
const VALUE_SCHEMA = 'io.debezium.connector.common.Heartbeat'

/** The key of every heartbeat of a task. */
export function heartbeatKey(
  settings: Pick<EventSettings, 'topicPrefix' | 'keySchemasEnabled' | 'keyConverter'>,
): Buffer {
  const {topicPrefix} = settings
  if (settings.keyConverter === 'string') return Buffer.from(`Struct{serverName=${topicPrefix}}`)
  const payload = JSON.stringify({serverName: topicPrefix})
  return framed(payload, settings.keySchemasEnabled, () => singleFieldSchemaText(KEY_SCHEMA, 'string', 'serverName'))
}

/** The value of one heartbeat. */
export function heartbeatValue(settings: Pick<EventSettings, 'valueSchemasEnabled'>, nowMs: number): Buffer {
  const payload = JSON.stringify({ts_ms: nowMs})
  return framed(payload, settings.valueSchemasEnabled, () => singleFieldSchemaText(VALUE_SCHEMA, 'int64', 'ts_ms'))
}

function framed(payload: string, schemasEnabled: boolean, schema: () => string): Buffer {
  return Buffer.from(schemasEnabled ? `{"schema":${schema()},"payload":${payload}}` : payload)
}
