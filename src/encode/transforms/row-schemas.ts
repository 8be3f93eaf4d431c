// The schemas of what transforms make of a change event, out of the schema of the event itself: as text, so that what
// they have in common is the same to the last byte.

import type {FieldReference} from '../../config/transforms/transform.ts'
import type {TableId} from '../../core/table-id.ts'
import {jsonElements, jsonMembers} from '../json-slices.ts'
import {jsonText} from '../json-bytes.ts'
import {transformError} from './transform-error.ts'

interface FieldSchema {
  readonly type: string
  readonly name?: string
  readonly version?: number
  readonly parameters?: Readonly<Record<string, string>>
}

/** A field of a struct: as JSON text, and what of it decides. */
export interface RowField {
  /** With its `field`, as in a struct. */
  readonly text: string
  /** As the schema of a key or value by itself. */
  readonly alone: string
  readonly type: string
  /** Of the semantic type. */
  readonly semantic: string | null
}

export class RowSchemas {
  /** Columns by name, in table order. */
  readonly columns: ReadonlyMap<string, RowField>
  /** Schema of the row as in the envelope, without `field`. */
  readonly row: string
  readonly #rowName: string
  readonly #structs: ReadonlyMap<string, ReadonlyMap<string, RowField>>

  /** `envelope`: JSON text of the change event's schema. */
  constructor(envelope: string) {
    const fields = structFields(Buffer.from(envelope))
    const after = fields.get('after')!
    this.row = after.alone
    this.#rowName = (JSON.parse(after.alone) as {name: string}).name
    this.columns = structFields(Buffer.from(after.alone))
    const struct = (name: string): ReadonlyMap<string, RowField> => structFields(Buffer.from(fields.get(name)!.alone))
    this.#structs = new Map([
      ['', fields],
      ['source', struct('source')],
      ['transaction', struct('transaction')],
    ])
  }

  /** JSON text of the schema of a row with added fields. */
  unwrapped(added: readonly string[]): string {
    const fields = [...[...this.columns.values()].map(({text}) => text), ...added]
    return `{"type":"struct","fields":[${fields.join(',')}],"optional":false,"name":${quoted(this.#rowName)}}`
  }

  /** Of a field of the event that is added to a row: optional, and without its default. */
  added({struct, field, name}: FieldReference, transform: string, table: TableId): string {
    const found = this.#structs.get(struct ?? '')?.get(field)
    if (found === undefined) throw transformError(transform, table, `the events have no field ${field} that it can add`)
    const {type, name: semantic, version, parameters} = JSON.parse(found.alone) as FieldSchema
    const schema = {type, optional: true, name: semantic, version, parameters, field: name}
    return jsonText(JSON.stringify(schema))
  }
}

/** The fields of a struct's schema, by name. */
function structFields(schema: Buffer): Map<string, RowField> {
  const fields = jsonMembers(schema, 0).get('fields')!
  const found = new Map<string, RowField>()
  for (const {start, end} of jsonElements(schema, fields.start)) {
    const members = jsonMembers(schema, start)
    const text = schema.toString('utf8', start, end)
    const field = members.get('field')!
    const name = JSON.parse(schema.toString('utf8', field.start, field.end)) as string
    const member = (key: string): string | null => {
      const slice = members.get(key)
      return slice === undefined ? null : (JSON.parse(schema.toString('utf8', slice.start, slice.end)) as string)
    }
    // It stands last.
    const alone = `${schema.toString('utf8', start, field.start - ',"field":'.length)}}`
    found.set(name, {text, alone, type: member('type')!, semantic: member('name')})
  }
  return found
}

function quoted(text: string): string {
  return jsonText(JSON.stringify(text))
}
