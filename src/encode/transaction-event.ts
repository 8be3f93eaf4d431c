// Keys and values of the events that tell where transactions begin and end, as Debezium's.

import type {ByteWriter} from '../core/byte-writer.ts'
import type {EventSettings} from '../config/settings.ts'
import {jsonStringBytes} from './json-bytes.ts'
import {transactionValueSchemaText} from './schemas/schema-frame.ts'
import {singleFieldKeyFrame, type SingleFieldKeyFrame} from './single-field-key.ts'
import {NO_ROUTE, type KeyRoute} from './topic-routing.ts'

const KEY_SCHEMA = 'io.debezium.connector.common.TransactionMetadataKey'
const BEGIN = '{"status":"BEGIN","id":'
const END = '{"status":"END","id":'

/** Constant parts are prepared: there may be as many transactions as rows. */
export class TransactionEventTemplate {
  readonly #key: SingleFieldKeyFrame
  readonly #frame: string
  readonly #close: string
  readonly #tables = new Map<string, Buffer>()

  /** Throws TIDEMARK_TRANSFORM_KEY_FIELD where transforms add a field that the key has. */
  constructor(
    settings: Pick<EventSettings, 'keySchemasEnabled' | 'valueSchemasEnabled' | 'keyConverter'>,
    route: KeyRoute = NO_ROUTE,
  ) {
    const key = {field: 'id', schemaName: KEY_SCHEMA, owner: 'transaction events'}
    this.#key = singleFieldKeyFrame(key, settings, route)
    this.#frame = settings.valueSchemasEnabled ? `{"schema":${transactionValueSchemaText()},"payload":` : ''
    this.#close = settings.valueSchemasEnabled ? '}}' : '}'
  }

  writeKey(id: string, out: ByteWriter): void {
    out.write(this.#key.head)
    out.write(this.#key.text(id))
    out.write(this.#key.tail)
  }

  writeBegin(id: string, tsMs: number, out: ByteWriter): void {
    out.writeAscii(this.#frame)
    out.writeAscii(BEGIN)
    out.write(jsonStringBytes(id))
    out.writeAscii(',"event_count":null,"data_collections":null,"ts_ms":')
    this.#writeEnd(tsMs, out)
  }

  /** `counts`: events by `database.table`. */
  writeEnd(id: string, counts: ReadonlyMap<string, number>, tsMs: number, out: ByteWriter): void {
    let total = 0
    for (const count of counts.values()) total += count
    out.writeAscii(this.#frame)
    out.writeAscii(END)
    out.write(jsonStringBytes(id))
    out.writeAscii(',"event_count":')
    out.writeInteger(total)
    out.writeAscii(',"data_collections":[')
    let separator = ''
    for (const [table, count] of counts) {
      out.writeAscii(separator)
      out.write(this.#tableBytes(table))
      out.writeInteger(count)
      separator = '},'
    }
    out.writeAscii(separator === '' ? '],"ts_ms":' : '}],"ts_ms":')
    this.#writeEnd(tsMs, out)
  }

  #writeEnd(tsMs: number, out: ByteWriter): void {
    out.writeInteger(Math.floor(tsMs))
    out.writeAscii(this.#close)
  }

  #tableBytes(table: string): Buffer {
    let bytes = this.#tables.get(table)
    if (bytes === undefined) {
      const name = jsonStringBytes(table)
      bytes = Buffer.concat([Buffer.from('{"data_collection":'), name, Buffer.from(',"event_count":')])
      this.#tables.set(table, bytes)
    }
    return bytes
  }
}
