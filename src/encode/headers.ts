// Headers of events: Debezium's extended headers, constant for a run, and those that tie the two events of a changed
// key together. Text as Connect's SimpleHeaderConverter writes it: strings bare, a struct as JSON without its schema.

import type {EventSettings} from '../config/settings.ts'
import type {EventHeaders} from '../sinks/sink.ts'
import {withoutKeyFields} from './key-fields.ts'

const CONTEXT = '__debezium.context.'
const FRAME_START = Buffer.from('{"schema":{"type":"struct"')
const PAYLOAD = Buffer.from(',"payload":')

/** The extended headers of every data event of this run, or null where they are switched off. */
export function extendedHeaders(
  settings: Pick<EventSettings, 'extendedHeaders' | 'topicPrefix' | 'connectorName'>,
  runId: string,
): EventHeaders | null {
  if (!settings.extendedHeaders) return null
  const header = (name: string, text: string): {name: string; value: Buffer} => ({
    name: `${CONTEXT}${name}`,
    value: Buffer.from(text, 'utf8'),
  })
  return {
    entries: [
      header('connectorLogicalName', settings.topicPrefix),
      header('taskId', '0'),
      header('connectorName', settings.connectorName),
      header('runId', runId),
    ],
  }
}

/** Names the copy by a read view that an event belongs to. A fold drops what an earlier copy brought at the truncate event. */
export const COPY_ID = '__tidemark.copy.id'

/** The constant headers and the copy's id, which is there whatever the options say. */
export function copyHeaders(constant: EventHeaders | null, copyId: string): EventHeaders {
  return {entries: [...(constant?.entries ?? []), {name: COPY_ID, value: Buffer.from(copyId)}]}
}

/** Of the two events that an update of the key becomes: which header one has, and the other event's message key. */
export interface KeyChange {
  readonly name: 'oldkey' | 'newkey'
  readonly key: Buffer
  /** What transforms have added to the key; they leave headers as they are. */
  readonly added: Buffer
}

/** The constant headers and `__debezium.newkey` or `__debezium.oldkey`. */
export function keyChangeHeaders(constant: EventHeaders | null, {name, key, added}: KeyChange): EventHeaders {
  const value = withoutKeyFields(keyPayload(key), added)
  return {entries: [...(constant?.entries ?? []), {name: `__debezium.${name}`, value}]}
}

/** The key without its schema frame. A payload's first value is never an object, so the frame's beginning is unmistakable. */
function keyPayload(key: Buffer): Buffer {
  if (!key.subarray(0, FRAME_START.length).equals(FRAME_START)) return key
  return key.subarray(key.indexOf(PAYLOAD) + PAYLOAD.length, -1)
}
