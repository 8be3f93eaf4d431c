// Fields that a transform adds to message keys, behind the key's own. They are the same for all records of a table, so
// they are constant bytes.

import type {EventSettings} from '../config/settings.ts'
import {TidemarkError} from '../core/tidemark-error.ts'
import type {Schema} from './schemas/connect-schema.ts'
import {jsonStringBytes} from './json-bytes.ts'

export interface KeyField {
  readonly name: string
  readonly value: string
}

const COMMA = 0x2c
const BRACE_CLOSE = Buffer.from('}')

/** The members of the fields as they stand in a key's payload, without a comma before them; empty without fields. */
export function keyFieldBytes(fields: readonly KeyField[], converter: EventSettings['keyConverter']): Buffer {
  if (converter === 'string') return Buffer.from(fields.map(({name, value}) => `${name}=${value}`).join(','))
  const members = fields.map(({name, value}, at) =>
    Buffer.concat([Buffer.from(at === 0 ? '' : ','), jsonStringBytes(name), Buffer.from(':'), jsonStringBytes(value)]),
  )
  return Buffer.concat(members)
}

export function keyFieldSchemas(fields: readonly KeyField[]): Schema[] {
  return fields.map(({name}) => ({type: 'string', optional: false, field: name}))
}

/** A key's payload, which ends in `added` and a brace, as it is without them. */
export function withoutKeyFields(payload: Buffer, added: Buffer): Buffer {
  if (added.length === 0) return payload
  const end = payload.length - 1 - added.length
  return Buffer.concat([payload.subarray(0, payload[end - 1] === COMMA ? end - 1 : end), BRACE_CLOSE])
}

/** Throws TIDEMARK_TRANSFORM_KEY_FIELD where a field would stand in the key of `owner` twice. */
export function assertNewKeyFields(owner: string, own: readonly string[], fields: readonly KeyField[]): void {
  const names = new Set(own)
  for (const {name} of fields) {
    if (names.has(name)) {
      throw new TidemarkError(
        'TIDEMARK_TRANSFORM_KEY_FIELD',
        `the key of ${owner} has a field ${name} already, which a ByLogicalTableRouter is to add; ` +
          'give it another key.field.name',
        {kind: 'configuration'},
      )
    }
    names.add(name)
  }
}
