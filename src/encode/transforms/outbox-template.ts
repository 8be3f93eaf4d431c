// What the EventRouter makes of a row of an outbox table: the event that it holds, with a key, headers and a value of its
// columns.

import type {EventRouter} from '../../config/transforms/transform.ts'
import {ByteWriter} from '../../core/byte-writer.ts'
import type {EventBatch, EventHeaders} from '../../sinks/sink.ts'
import {jsonStringBytes} from '../json-bytes.ts'
import type {ChangedRow} from './changed-row.ts'
import {AddedHeaders, headerValue, type EventFacts} from './event-meta.ts'
import {expandJson, type ExpandedJson} from './expand-json.ts'
import type {RecordKey, RecordTemplate, TemplateSource} from './record-template.ts'
import type {RowField} from './row-schemas.ts'
import {missingColumn, transformError} from './transform-error.ts'
import type {OutboxOrigin, TransformedRecord} from './transformed-record.ts'

/** A column with the name under which it comes out. */
interface PlacedField {
  readonly column: string
  readonly name: string
  readonly field: RowField
}

/** Types whose text as a header is the one of their JSON. */
const PLAIN_TYPES: readonly string[] = ['string', 'boolean', 'int8', 'int16', 'int32', 'int64', 'bytes']
/** Not those of Connect itself, which are objects there. */
const CONNECT_TYPE = 'org.apache.kafka.connect.data.'

export class OutboxTemplate implements RecordTemplate {
  readonly topic: string
  readonly #outbox: OutboxOrigin
  readonly #source: TemplateSource
  readonly #added: AddedHeaders
  readonly #isTombstone: boolean
  readonly #key: RowField
  readonly #payload: RowField
  readonly #headers: readonly PlacedField[]
  readonly #envelope: readonly PlacedField[]
  readonly #scratch = new ByteWriter(256)

  constructor(record: TransformedRecord, outbox: OutboxOrigin, source: TemplateSource) {
    const {router, schemaTopic} = outbox
    const {columns} = source.schemas(schemaTopic)
    this.topic = record.topic
    this.#outbox = outbox
    this.#source = source
    this.#added = new AddedHeaders(source.envelope(schemaTopic), record.headers)
    this.#isTombstone = record.value.type === 'tombstone'
    const found = (column: string): RowField => {
      const field = columns.get(column)
      if (field === undefined) throw missingColumn(router.name, source.id, column)
      return field
    }
    this.#key = found(router.key)
    this.#payload = found(router.payload)
    const placed = router.additional
      .filter(({column}) => columns.has(column) || !router.ignoresMissing)
      .map(each => ({...each, field: found(each.column)}))
    const id = {column: router.id, name: 'id', field: found(router.id)}
    this.#headers = [id, ...placed.filter(({placement}) => placement === 'header')]
    this.#envelope = placed.filter(({placement}) => placement === 'envelope')
    for (const {column, field} of this.#headers) this.#assertPlain(column, field, 'header')
    if (source.settings.keyConverter === 'string') this.#assertPlain(router.key, this.#key, 'key')
  }

  key(row: ChangedRow): RecordKey {
    const {settings} = this.#source
    const {router, partition} = this.#outbox
    const json = row.json('after', router.key) ?? 'null'
    const scratch = this.#scratch
    scratch.clear()
    if (settings.keyConverter === 'string') {
      const text = headerValue(json)
      if (text === null) return {bytes: null, start: 0, end: 0, partition}
      scratch.write(text)
    } else {
      scratch.writeUtf8(framed(settings.keySchemasEnabled ? this.#key.alone : null, json))
    }
    return {bytes: scratch.bytes, start: 0, end: scratch.length, partition}
  }

  append(batch: EventBatch, key: RecordKey, row: ChangedRow, facts: EventFacts): void {
    const headers = this.#headersOf(row, facts)
    const value = this.#isTombstone ? null : Buffer.from(this.#value(row))
    batch.begin(key.bytes, key.start, key.end, value?.length ?? -1, headers)
    if (value !== null) batch.writer.write(value)
    batch.end()
  }

  #headersOf(row: ChangedRow, facts: EventFacts): EventHeaders {
    const entries = this.#headers.map(({column, name}) => ({
      name,
      value: headerValue(row.json('after', column) ?? 'null'),
    }))
    return {entries: [...(this.#added.of(facts)?.entries ?? []), ...entries]}
  }

  #value(row: ChangedRow): string {
    const {router} = this.#outbox
    const payload = this.#payloadOf(row)
    const hasSchema = this.#source.settings.valueSchemasEnabled
    if (this.#envelope.length === 0) return framed(hasSchema ? payload.schema : null, payload.json)
    const members = this.#envelope.map(
      ({column, name}) => `,${jsonStringBytes(name).toString()}:${row.json('after', column) ?? 'null'}`,
    )
    const json = `{"payload":${payload.json}${members.join('')}}`
    if (!hasSchema) return framed(null, json)
    const fields = [
      withField(payload.schema, 'payload'),
      ...this.#envelope.map(({name, field}) => withField(field.alone, name)),
    ]
    const version = router.schemaVersion === null ? '' : `,"version":${this.#version(row, router.schemaVersion)}`
    const name = jsonStringBytes(`${this.#outbox.schemaTopic}.${this.#outbox.routedBy}.Value`).toString()
    return framed(`{"type":"struct","fields":[${fields.join(',')}],"optional":false,"name":${name}${version}}`, json)
  }

  #payloadOf(row: ChangedRow): ExpandedJson {
    const {router} = this.#outbox
    const json = row.json('after', router.payload) ?? 'null'
    const plain = {schema: this.#payload.alone, json}
    if (!router.expandsJson || json === 'null' || this.#payload.type !== 'string') return plain
    const expanded = expandJson(JSON.parse(json) as string, {name: router.payload, keepsNulls: router.keepsJsonNulls})
    return expanded ?? plain
  }

  #version(row: ChangedRow, column: string): string {
    const {columns} = this.#source.schemas(this.#outbox.schemaTopic)
    if (columns.get(column)?.type !== 'int32') {
      throw transformError(
        this.#outbox.router.name,
        this.#source.id,
        `${column} is no INT column, as a version must be`,
      )
    }
    return row.json('after', column) ?? 'null'
  }

  #assertPlain(column: string, {type, semantic}: RowField, as: 'header' | 'key'): void {
    if (PLAIN_TYPES.includes(type) && semantic?.startsWith(CONNECT_TYPE) !== true) return
    throw transformError(
      this.#outbox.router.name,
      this.#source.id,
      `${column} comes out as ${semantic ?? type}, which is not supported as a ${as}; use a column of text or whole numbers`,
    )
  }
}

/** As the JsonConverter writes a value with its schema; null: without. */
function framed(schema: string | null, json: string): string {
  return schema === null ? json : `{"schema":${schema},"payload":${json}}`
}

/** A schema as that of a field. */
function withField(schema: string, name: string): string {
  return `${schema.slice(0, -1)},"field":${jsonStringBytes(name).toString()}}`
}

/** For messages. */
export function unexpectedUpdate(router: EventRouter): string {
  return `transforms.${router.name}: a row of the outbox table was updated, and only what is inserted is an event`
}
