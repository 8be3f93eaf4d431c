// What writes the records that transforms have made: one template for each table, kind of event and outcome.

import type {EventSettings} from '../../config/settings.ts'
import type {TableId} from '../../core/table-id.ts'
import type {EventBatch} from '../../sinks/sink.ts'
import type {EnvelopeTemplate} from '../envelope.ts'
import {jsonStringBytes} from '../json-bytes.ts'
import type {ChangedRow} from './changed-row.ts'
import {AddedHeaders, MetaFields, type EventFacts} from './event-meta.ts'
import type {RowSchemas} from './row-schemas.ts'
import {transformError} from './transform-error.ts'
import type {RecordValue, TransformedRecord} from './transformed-record.ts'

/** The key of the record that is written next: `bytes[start, end)`, or none. */
export interface RecordKey {
  readonly bytes: Buffer | null
  readonly start: number
  readonly end: number
  /** Null: as the key has it. */
  readonly partition: number | null
}

/** Use: `key`, which says where the record belongs; then `append` to a batch from there. */
export interface RecordTemplate {
  readonly topic: string
  key(row: ChangedRow): RecordKey
  append(batch: EventBatch, key: RecordKey, row: ChangedRow, facts: EventFacts): void
}

/** What templates of a table share. */
export interface TemplateSource {
  readonly id: TableId
  readonly settings: Pick<EventSettings, 'keySchemasEnabled' | 'valueSchemasEnabled' | 'keyConverter'>
  readonly envelope: (schemaTopic: string) => EnvelopeTemplate
  readonly schemas: (schemaTopic: string) => RowSchemas
}

const NULL_VALUE = Buffer.from('null')
const BRACES = 2

/** Of everything but outbox events. */
export function recordTemplate(record: TransformedRecord, source: TemplateSource): RecordTemplate {
  const {topic, value} = record
  const schemaTopic = 'schemaTopic' in value ? value.schemaTopic : record.topic
  const meta = source.envelope(schemaTopic)
  const headers = new AddedHeaders(meta, record.headers)
  switch (value.type) {
    case 'row':
      return new UnwrappedTemplate({topic, headers, value, meta, source, transform: record.routedBy})
    case 'envelope':
      return new EnvelopeRecord(topic, headers, meta)
    case 'null':
      return new ConstantRecord(topic, headers, nullValue(source, schemaTopic))
    case 'tombstone':
    case 'other':
    case 'payload':
      return new ConstantRecord(topic, headers, null)
  }
}

function nullValue({settings, schemas}: TemplateSource, schemaTopic: string): Buffer {
  return settings.valueSchemasEnabled
    ? Buffer.from(`{"schema":${schemas(schemaTopic).row},"payload":null}`)
    : NULL_VALUE
}

/** The table's message key. */
function messageKey({bytes, keyStart, keyEnd}: ChangedRow): RecordKey {
  return {bytes: keyStart === keyEnd ? null : bytes, start: keyStart, end: keyEnd, partition: null}
}

/** A value that is the same for all rows; null: a tombstone. */
class ConstantRecord implements RecordTemplate {
  readonly topic: string
  readonly #headers: AddedHeaders
  readonly #value: Buffer | null

  constructor(topic: string, headers: AddedHeaders, value: Buffer | null) {
    this.topic = topic
    this.#headers = headers
    this.#value = value
  }

  key(row: ChangedRow): RecordKey {
    return messageKey(row)
  }

  append(batch: EventBatch, key: RecordKey, _row: ChangedRow, facts: EventFacts): void {
    const value = this.#value
    batch.begin(key.bytes, key.start, key.end, value?.length ?? -1, this.#headers.of(facts))
    if (value !== null) batch.writer.write(value)
    batch.end()
  }
}

/** The change event itself, with another topic or headers. */
class EnvelopeRecord implements RecordTemplate {
  readonly topic: string
  readonly #headers: AddedHeaders
  readonly #template: EnvelopeTemplate

  constructor(topic: string, headers: AddedHeaders, template: EnvelopeTemplate) {
    this.topic = topic
    this.#headers = headers
    this.#template = template
  }

  key(row: ChangedRow): RecordKey {
    return messageKey(row)
  }

  append(batch: EventBatch, key: RecordKey, row: ChangedRow, facts: EventFacts): void {
    const {bytes, beforeStart, beforeEnd, afterStart, afterEnd} = row
    const {origin, row: number} = facts
    const op = facts.op as 'c' | 'r' | 'u' | 'd'
    const template = this.#template
    const start = op === 'u' || op === 'd' ? beforeStart : afterStart
    const end = op === 'u' || op === 'd' ? beforeEnd : afterEnd
    const length = template.valueLength(op, end - start, op === 'u' ? afterEnd - afterStart : 0, origin, number)
    batch.begin(key.bytes, key.start, key.end, length, this.#headers.of(facts))
    if (op === 'u') {
      template.writeUpdate(bytes, beforeStart, beforeEnd, afterStart, afterEnd, origin, number, batch.writer)
    } else {
      template.writeSingle(op, bytes, start, end, origin, number, batch.writer)
    }
    batch.end()
  }
}

interface UnwrappedOptions {
  readonly topic: string
  readonly headers: AddedHeaders
  readonly value: RecordValue & {readonly type: 'row'}
  readonly meta: EnvelopeTemplate
  readonly source: TemplateSource
  /** For people. */
  readonly transform: string
}

/** The row alone, with what it gains behind its columns. */
class UnwrappedTemplate implements RecordTemplate {
  readonly topic: string
  readonly #headers: AddedHeaders
  readonly #isBefore: boolean
  readonly #head: Buffer
  readonly #fields: MetaFields
  readonly #names: readonly string[]
  readonly #start: string
  readonly #close: string
  #texts: readonly string[] | null = null
  #tail: Buffer = Buffer.alloc(0)

  constructor({topic, headers, value, meta, source, transform}: UnwrappedOptions) {
    const {settings, schemas, id} = source
    const {deleted, fields, schemaTopic, side} = value
    this.topic = topic
    this.#headers = headers
    this.#isBefore = side === 'before'
    this.#fields = new MetaFields(meta, fields)
    this.#names = fields.map(({name}) => jsonStringBytes(name).toString())
    this.#start = deleted === null ? '' : `,"__deleted":"${deleted}"`
    this.#close = settings.valueSchemasEnabled ? '}}' : '}'
    const rows = schemas(schemaTopic)
    const names = [...rows.columns.keys(), ...(deleted === null ? [] : ['__deleted']), ...fields.map(({name}) => name)]
    const twice = names.find((name, at) => names.indexOf(name) < at)
    if (twice !== undefined) {
      throw transformError(
        transform,
        id,
        `its add.fields give a row two fields ${twice}; give one another name behind a colon`,
      )
    }
    const added = fields.map(field => rows.added(field, transform, id))
    const all = deleted === null ? added : ['{"type":"string","optional":true,"field":"__deleted"}', ...added]
    this.#head = Buffer.from(settings.valueSchemasEnabled ? `{"schema":${rows.unwrapped(all)},"payload":` : '')
  }

  key(row: ChangedRow): RecordKey {
    return messageKey(row)
  }

  append(batch: EventBatch, key: RecordKey, row: ChangedRow, facts: EventFacts): void {
    const texts = this.#fields.texts(facts)
    if (texts !== this.#texts) this.#makeTail(texts)
    const start = this.#isBefore ? row.beforeStart : row.afterStart
    const end = this.#isBefore ? row.beforeEnd : row.afterEnd
    const head = this.#head
    const tail = this.#tail
    // A row of no columns brings no comma.
    const from = end - start === BRACES && tail[0] === 0x2c ? 1 : 0
    const length = head.length + (end - 1 - start) + tail.length - from
    batch.begin(key.bytes, key.start, key.end, length, this.#headers.of(facts))
    batch.writer.write(head)
    batch.writer.write(row.bytes, start, end - 1)
    batch.writer.write(tail, from)
    batch.end()
  }

  #makeTail(texts: readonly string[]): void {
    this.#texts = texts
    const fields = this.#names.map((name, at) => `,${name}:${texts[at]!}`)
    this.#tail = Buffer.from(`${this.#start}${fields.join('')}${this.#close}`)
  }
}
