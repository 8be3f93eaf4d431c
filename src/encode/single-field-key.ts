// Keys of one text, those of heartbeats and notifications: the bytes, with what transforms make of them.

import type {EventSettings} from '../config/settings.ts'
import {assertNewKeyFields, keyFieldBytes} from './key-fields.ts'
import {singleFieldSchemaText} from './schemas/schema-frame.ts'
import type {KeyRoute} from './topic-routing.ts'

export interface SingleFieldKey {
  readonly field: string
  readonly value: string
  readonly schemaName: string
  /** Whose key it is, for people. */
  readonly owner: string
}

export function singleFieldKey(
  {field, value, schemaName, owner}: SingleFieldKey,
  settings: Pick<EventSettings, 'keySchemasEnabled' | 'keyConverter'>,
  {schemaTopic, keyFields}: KeyRoute,
): Buffer {
  const {keyConverter, keySchemasEnabled} = settings
  assertNewKeyFields(owner, [field], keyFields)
  const added = keyFields.length === 0 ? '' : `,${keyFieldBytes(keyFields, keyConverter).toString()}`
  if (keyConverter === 'string') return Buffer.from(`Struct{${field}=${value}${added}}`)
  const payload = `{${JSON.stringify(field)}:${JSON.stringify(value)}${added}}`
  if (!keySchemasEnabled) return Buffer.from(payload)
  const name = schemaTopic === null ? schemaName : `${schemaTopic}.Key`
  return Buffer.from(`{"schema":${singleFieldSchemaText(name, 'string', field, keyFields)},"payload":${payload}}`)
}
