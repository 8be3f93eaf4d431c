// Keys of one text, those of heartbeats, notifications and transactions: the bytes, with what transforms make of them.

import type {EventSettings} from '../config/settings.ts'
import {jsonStringBytes} from './json-bytes.ts'
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

/** What stands around the text in every key, and the text's own bytes. */
export interface SingleFieldKeyFrame {
  readonly head: Buffer
  readonly tail: Buffer
  readonly text: (value: string) => Buffer
}

export function singleFieldKey(
  key: SingleFieldKey,
  settings: Pick<EventSettings, 'keySchemasEnabled' | 'keyConverter'>,
  route: KeyRoute,
): Buffer {
  const {head, tail, text} = singleFieldKeyFrame(key, settings, route)
  return Buffer.concat([head, text(key.value), tail])
}

export function singleFieldKeyFrame(
  {field, schemaName, owner}: Omit<SingleFieldKey, 'value'>,
  settings: Pick<EventSettings, 'keySchemasEnabled' | 'keyConverter'>,
  {schemaTopic, keyFields}: KeyRoute,
): SingleFieldKeyFrame {
  const {keyConverter, keySchemasEnabled} = settings
  assertNewKeyFields(owner, [field], keyFields)
  const added = keyFields.length === 0 ? '' : `,${keyFieldBytes(keyFields, keyConverter).toString()}`
  if (keyConverter === 'string') {
    return {head: Buffer.from(`Struct{${field}=`), tail: Buffer.from(`${added}}`), text: value => Buffer.from(value)}
  }
  const name = schemaTopic === null ? schemaName : `${schemaTopic}.Key`
  const schema = singleFieldSchemaText(name, 'string', field, keyFields)
  const [open, close] = keySchemasEnabled ? [`{"schema":${schema},"payload":`, '}'] : ['', '']
  return {
    head: Buffer.from(`${open}{${JSON.stringify(field)}:`),
    tail: Buffer.from(`${added}}${close}`),
    text: jsonStringBytes,
  }
}
