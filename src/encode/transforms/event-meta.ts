// Fields of a change event that records gain: taken from the bytes that the event itself would have, so that both agree.

import type {AddedHeader} from './transformed-record.ts'
import type {FieldReference} from '../../config/transforms/transform.ts'
import {ByteWriter} from '../../core/byte-writer.ts'
import type {EventHeaders} from '../../sinks/sink.ts'
import type {EnvelopeTemplate, EventOrigin} from '../envelope.ts'
import {jsonMembers, type JsonSlice} from '../json-slices.ts'

/** What an event has beside its rows. */
export interface EventFacts {
  readonly op: string
  readonly origin: EventOrigin
  readonly row: number
  /** Before transforms. */
  readonly headers: EventHeaders | null
}

/** JSON texts of some fields, asked again only where they may have changed. */
export class MetaFields {
  readonly #template: EnvelopeTemplate
  readonly #references: readonly FieldReference[]
  /** A field that differs from row to row. */
  readonly #isOfRow: boolean
  readonly #scratch = new ByteWriter(1024)
  #origin: EventOrigin | null = null
  #version = -1
  #op = ''
  #texts: readonly string[] = []

  constructor(template: EnvelopeTemplate, references: readonly FieldReference[]) {
    this.#template = template
    this.#references = references
    this.#isOfRow = references.some(({struct, field}) => struct === 'transaction' || field === 'row')
  }

  /** In the order of the references; the same array as long as nothing has changed. */
  texts({op, origin, row}: EventFacts): readonly string[] {
    if (this.#references.length === 0) return this.#texts
    const isKnown = origin === this.#origin && origin.version === this.#version && op === this.#op
    if (isKnown && !this.#isOfRow) return this.#texts
    this.#origin = origin
    this.#version = origin.version
    this.#op = op
    const scratch = this.#scratch
    scratch.clear()
    this.#template.writeMeta(op, origin, row, scratch)
    const {bytes} = scratch
    const event = jsonMembers(bytes, 0)
    const structs = new Map<string, ReadonlyMap<string, JsonSlice>>()
    const inside = (name: string): ReadonlyMap<string, JsonSlice> => {
      const slice = event.get(name)
      const isStruct = slice !== undefined && bytes[slice.start] === 0x7b
      const members = structs.get(name) ?? (isStruct ? jsonMembers(bytes, slice.start) : new Map<string, JsonSlice>())
      structs.set(name, members)
      return members
    }
    this.#texts = this.#references.map(({struct, field}) => {
      const slice = (struct === null ? event : inside(struct)).get(field)
      const text = slice === undefined ? 'null' : bytes.toString('utf8', slice.start, slice.end)
      // A streamed event has none: its false is the schema's default, which is not taken over.
      return field === 'snapshot' && text === '"false"' ? 'null' : text
    })
    return this.#texts
  }
}

/** Headers behind those that an event has anyway. */
export class AddedHeaders {
  readonly #added: readonly AddedHeader[]
  readonly #meta: MetaFields
  #constant: EventHeaders | null = null
  #texts: readonly string[] | null = null
  #made: EventHeaders = {entries: []}

  constructor(template: EnvelopeTemplate, added: readonly AddedHeader[]) {
    this.#added = added
    this.#meta = new MetaFields(
      template,
      added.flatMap(header => ('reference' in header ? [header.reference] : [])),
    )
  }

  of(facts: EventFacts): EventHeaders | null {
    if (this.#added.length === 0) return facts.headers
    const texts = this.#meta.texts(facts)
    if (texts === this.#texts && facts.headers === this.#constant) return this.#made
    this.#texts = texts
    this.#constant = facts.headers
    let next = 0
    const entries = this.#added.map(header => ({
      name: header.name,
      value: 'text' in header ? Buffer.from(header.text) : headerValue(texts[next++]!),
    }))
    this.#made = {entries: [...(facts.headers?.entries ?? []), ...entries]}
    return this.#made
  }
}

/** As Connect's SimpleHeaderConverter: texts bare, numbers as their digits, null as no value at all. */
export function headerValue(json: string): Buffer | null {
  if (json === 'null') return null
  return Buffer.from(json.startsWith('"') ? (JSON.parse(json) as string) : json)
}
