// Events as JSON lines: {"topic":"…","key":K,"value":V,"headers":{…}} and a newline each. Keys and values are JSON bytes
// already and are taken as they are; a StringConverter's key is text and gets its quotes here.

import type {ByteWriter} from '../core/byte-writer.ts'
import {invariant} from '../core/tidemark-error.ts'
import type {EventBatch, EventHeaders, SinkTopic} from './sink.ts'
import {WriterPool} from './writer-pool.ts'

export type KeyConverter = 'json' | 'string'

const BATCH_BYTES = 256 * 1024
const KEY_NULL = Buffer.from('null,"value":')
const VALUE = Buffer.from(',"value":')
const NULL = Buffer.from('null')
const NO_HEADERS = Buffer.alloc(0)
const END = Buffer.from('}\n')

/** A topic of a sink that writes lines: it has one partition. */
export class JsonLinesTopic implements SinkTopic {
  readonly name: string
  readonly partitions = 1
  readonly batchBytes = BATCH_BYTES
  readonly keyConverter: KeyConverter
  /** `{"topic":"…","key":` */
  readonly lineStart: Buffer
  readonly #pool: WriterPool

  constructor(name: string, keyConverter: KeyConverter, pool: WriterPool) {
    this.name = name
    this.keyConverter = keyConverter
    this.lineStart = Buffer.from(`{"topic":${JSON.stringify(name)},"key":`)
    this.#pool = pool
  }

  newBatch(partition: number): JsonLinesBatch {
    invariant(partition === 0, `topic ${this.name} of a line sink has one partition`)
    return new JsonLinesBatch(this, this.#pool)
  }
}

export function jsonLinesPool(): WriterPool {
  return new WriterPool(BATCH_BYTES + 64 * 1024)
}

export class JsonLinesBatch implements EventBatch {
  readonly topic: JsonLinesTopic
  readonly partition = 0
  readonly writer: ByteWriter
  count = 0
  #valueEnd = 0
  #headers: Buffer = NO_HEADERS
  readonly #pool: WriterPool

  constructor(topic: JsonLinesTopic, pool: WriterPool) {
    this.topic = topic
    this.#pool = pool
    this.writer = pool.take()
  }

  get byteLength(): number {
    return this.writer.length
  }

  begin(
    source: Uint8Array | null,
    start: number,
    end: number,
    valueLength: number,
    headers: EventHeaders | null,
  ): void {
    const writer = this.writer
    writer.write(this.topic.lineStart)
    if (source === null) {
      writer.write(KEY_NULL)
    } else {
      this.#writeKey(source, start, end)
      writer.write(VALUE)
    }
    this.#headers = headers === null ? NO_HEADERS : headersText(headers)
    if (valueLength < 0) {
      writer.write(NULL)
      this.#valueEnd = writer.length
    } else {
      writer.reserve(valueLength + this.#headers.length + END.length)
      this.#valueEnd = writer.length + valueLength
    }
  }

  end(): void {
    invariant(this.writer.length === this.#valueEnd, 'an event value does not have the length that was announced')
    this.writer.write(this.#headers)
    this.writer.write(END)
    this.count++
  }

  /** Whole lines, valid until `release`. */
  view(): Buffer {
    return this.writer.view()
  }

  /** Gives the buffer back once the lines are written. */
  release(): void {
    this.#pool.give(this.writer)
  }

  #writeKey(source: Uint8Array, start: number, end: number): void {
    if (this.topic.keyConverter === 'json') {
      this.writer.write(source, start, end)
    } else {
      const text = Buffer.from(source.buffer, source.byteOffset + start, end - start).toString('utf8')
      this.writer.writeUtf8(JSON.stringify(text))
    }
  }
}

const headersCache = new WeakMap<EventHeaders, Buffer>()

/** `,"headers":{…}`. A value that is JSON stays what it is; any other text becomes a JSON string. */
function headersText(headers: EventHeaders): Buffer {
  const cached = headersCache.get(headers)
  if (cached !== undefined) return cached
  const fields = headers.entries.map(
    ({name, value}) => `${JSON.stringify(name)}:${value === null ? 'null' : jsonOrText(value.toString('utf8'))}`,
  )
  const text = Buffer.from(fields.length === 0 ? '' : `,"headers":{${fields.join(',')}}`)
  headersCache.set(headers, text)
  return text
}

function jsonOrText(text: string): string {
  try {
    // Written again, so that no line break of a pretty-printed value can cut the line.
    return JSON.stringify(JSON.parse(text))
  } catch {
    return JSON.stringify(text)
  }
}
