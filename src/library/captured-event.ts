// An event as the program gets it: the bytes that any other sink would have written, what they say, and the way to say that
// it is done with them. Nothing is parsed before it is asked for.

import {describeError, TidemarkError} from '../core/tidemark-error.ts'
import type {HandedEvent} from '../sinks/iterator-batch.ts'
import type {EventHeaders} from '../sinks/sink.ts'
import {parseExactJson} from './exact-json.ts'
import type {JsonObject, JsonValue} from './exact-json.ts'

/** Debezium's `source`: where the event comes from. */
export interface EventSource {
  readonly version: string
  readonly connector: string
  readonly name: string
  readonly ts_ms: number
  /** `false` for a streamed event; `incremental`, or `first` … `last` of an initial one, for a row that was copied. */
  readonly snapshot: string
  readonly db: string
  readonly table: string | null
  readonly server_id: number
  readonly gtid: string | null
  readonly file: string
  readonly pos: number | bigint
  readonly row: number
  readonly [more: string]: JsonValue
}

/**
 * Debezium's envelope of a change. `Row` is what the caller knows of the table's columns: each is what its JSON says, and a
 * `bigint` where a number would not hold all digits.
 */
export interface Envelope<Row = JsonObject> {
  /** Created, updated, deleted, read (copied), truncated. */
  readonly op: 'c' | 'u' | 'd' | 'r' | 't'
  /** Absent for a truncation. */
  readonly before?: Row | null
  readonly after?: Row | null
  readonly source: EventSource
  readonly ts_ms: number
  /** With provide.transaction.metadata. */
  readonly transaction?: {
    readonly id: string
    readonly total_order: number
    readonly data_collection_order: number
  } | null
}

export interface CapturedEvent {
  readonly topic: string
  readonly partition: number
  /** The bytes of the message key; null where the table has none. */
  readonly key: Buffer | null
  /** The bytes of the value; null for a tombstone. */
  readonly value: Buffer | null
  readonly headers: Readonly<Record<string, Buffer | null>>
  /** What `key` says: the key columns; the text itself with the StringConverter. Without the frame of its schema. */
  readonly keyFields: JsonValue
  /** What `value` says, without the frame of its schema. */
  readonly payload: JsonValue
  /** `payload` where it is the envelope of a change; null for tombstones, heartbeats, notifications and unwrapped rows. */
  envelope<Row = JsonObject>(): Envelope<Row> | null
  /**
   * The program is done with the event: it need not come again. The state is stored only behind events that are
   * acknowledged, without a gap. Calling it twice, or behind the end, does nothing.
   */
  ack(): void
}

/** What decides how bytes are read. */
export interface EventForm {
  readonly keyConverter: 'json' | 'string'
  readonly keySchemasEnabled: boolean
  readonly valueSchemasEnabled: boolean
}

const UNREAD = Symbol('not parsed yet')

/** `HandedEvent` with what its bytes say. */
export class EventOfSink implements CapturedEvent {
  readonly #event: HandedEvent
  readonly #form: EventForm
  #keyFields: JsonValue | typeof UNREAD = UNREAD
  #payload: JsonValue | typeof UNREAD = UNREAD

  constructor(event: HandedEvent, form: EventForm) {
    this.#event = event
    this.#form = form
  }

  get topic(): string {
    return this.#event.topic
  }

  get partition(): number {
    return this.#event.partition
  }

  get key(): Buffer | null {
    return this.#event.key
  }

  get value(): Buffer | null {
    return this.#event.value
  }

  get headers(): Readonly<Record<string, Buffer | null>> {
    const {headers} = this.#event
    return headers === null ? NO_HEADERS : headerRecord(headers)
  }

  get keyFields(): JsonValue {
    if (this.#keyFields === UNREAD) {
      const {key} = this.#event
      const {keyConverter, keySchemasEnabled} = this.#form
      this.#keyFields = keyConverter === 'string' ? (key?.toString('utf8') ?? null) : read(key, keySchemasEnabled)
    }
    return this.#keyFields
  }

  get payload(): JsonValue {
    if (this.#payload === UNREAD) this.#payload = read(this.#event.value, this.#form.valueSchemasEnabled)
    return this.#payload
  }

  envelope<Row = JsonObject>(): Envelope<Row> | null {
    const {payload} = this
    if (!isObject(payload) || typeof payload['op'] !== 'string' || !isObject(payload['source'])) return null
    return payload as unknown as Envelope<Row>
  }

  ack(): void {
    this.#event.acknowledge()
  }
}

const NO_HEADERS: Readonly<Record<string, Buffer | null>> = Object.freeze({})
const headerRecords = new WeakMap<EventHeaders, Readonly<Record<string, Buffer | null>>>()

function headerRecord(headers: EventHeaders): Readonly<Record<string, Buffer | null>> {
  let record = headerRecords.get(headers)
  if (record === undefined) {
    record = Object.freeze(Object.fromEntries(headers.entries.map(({name, value}) => [name, value])))
    headerRecords.set(headers, record)
  }
  return record
}

function read(bytes: Buffer | null, isFramed: boolean): JsonValue {
  if (bytes === null) return null
  let parsed: JsonValue
  try {
    parsed = parseExactJson(bytes.toString('utf8'))
  } catch (error) {
    // The cause is left out: its message quotes the text, which is row data.
    const {code} = describeError(error)
    throw new TidemarkError(
      'TIDEMARK_LIBRARY_NOT_JSON',
      `an event of ${bytes.length} bytes is no JSON (${code}); take its bytes as they are: event.key, event.value`,
    )
  }
  return isFramed && isObject(parsed) && 'payload' in parsed ? parsed['payload']! : parsed
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
