// The events of a JSON lines file, of several tables in one pass.

import {open} from 'node:fs/promises'
import {describeError, TidemarkError} from '../core/tidemark-error.ts'
import type {BufferRange, EventIntake} from './event-intake.ts'
import {isNullValue, isText, scanMembers} from './json-scan.ts'

const READ_BYTES = 1024 * 1024
const NEWLINE = 0x0a
const QUOTE = 0x22

export interface JsonLinesSource {
  readonly path: string
  /** Index of a table by its topic. */
  readonly tables: ReadonlyMap<string, number>
}

/** Reads what the file holds now, whole lines only: what is written meanwhile lies behind the place that is compared. */
export async function readJsonLines(source: JsonLinesSource, intake: EventIntake, signal: AbortSignal): Promise<void> {
  const lines = new EventLines(source, intake)
  const file = await open(source.path, 'r').catch((cause: unknown) => {
    throw fileError(source.path, cause)
  })
  try {
    const {size} = await file.stat()
    let block: Buffer = Buffer.allocUnsafe(READ_BYTES)
    let held = 0
    for (let at = 0; at < size;) {
      signal.throwIfAborted()
      const {bytesRead} = await file.read(block, held, Math.min(block.length - held, size - at), at)
      if (bytesRead === 0) break
      at += bytesRead
      held += bytesRead
      const taken = lines.take(block, held)
      block.copyWithin(0, taken, held)
      held -= taken
      if (taken === 0 && held === block.length) block = Buffer.concat([block], block.length * 2)
    }
  } finally {
    await file.close()
  }
}

class EventLines {
  readonly #source: JsonLinesSource
  readonly #intake: EventIntake
  readonly #key: BufferRange = {bytes: Buffer.alloc(0), start: 0, end: 0}
  readonly #value: BufferRange = {bytes: Buffer.alloc(0), start: 0, end: 0}
  #line = 0
  // Of the line being read.
  #bytes: Buffer = Buffer.alloc(0)
  #topicStart = -1
  #topicEnd = -1
  #lastTopic = ''
  #lastTable = -1

  constructor(source: JsonLinesSource, intake: EventIntake) {
    this.#source = source
    this.#intake = intake
  }

  /** Takes the whole lines of `bytes[0, end)` and returns the offset behind them. */
  take(bytes: Buffer, end: number): number {
    let start = 0
    for (;;) {
      const newline = bytes.indexOf(NEWLINE, start)
      if (newline < 0 || newline >= end) return start
      this.#line++
      if (newline > start) this.#take(bytes, start, newline)
      start = newline + 1
    }
  }

  #take(bytes: Buffer, start: number, end: number): void {
    this.#bytes = bytes
    this.#topicStart = -1
    this.#key.start = this.#key.end = this.#value.start = this.#value.end = 0
    try {
      scanMembers(bytes, start, end, this.#onMember)
      const table = this.#table()
      if (table < 0) return
      const {key, value} = {key: this.#range(this.#key), value: this.#range(this.#value)}
      this.#intake.take(table, key === null ? null : plainKey(key), value)
    } catch (error) {
      if (!(error instanceof TidemarkError) || error.code !== 'TIDEMARK_VERIFY_EVENT_MALFORMED') throw error
      throw new TidemarkError(error.code, `${this.#source.path}, line ${this.#line}: ${error.message}`, {cause: error})
    }
  }

  readonly #onMember = (nameStart: number, nameEnd: number, valueStart: number, valueEnd: number): void => {
    const bytes = this.#bytes
    if (isText(bytes, nameStart, nameEnd, 'topic')) {
      this.#topicStart = valueStart + 1
      this.#topicEnd = valueEnd - 1
    } else if (isText(bytes, nameStart, nameEnd, 'key')) {
      this.#key.start = valueStart
      this.#key.end = valueEnd
    } else if (isText(bytes, nameStart, nameEnd, 'value')) {
      this.#value.start = valueStart
      this.#value.end = valueEnd
    }
  }

  /** Index of the line's table, -1 where it is none of those asked for. Lines of one topic mostly follow each other. */
  #table(): number {
    if (this.#topicStart < 0) {
      throw new TidemarkError('TIDEMARK_VERIFY_EVENT_MALFORMED', 'it has no "topic": is this a file of the file sink?')
    }
    if (!isText(this.#bytes, this.#topicStart, this.#topicEnd, this.#lastTopic)) {
      this.#lastTopic = this.#bytes.toString('latin1', this.#topicStart, this.#topicEnd)
      this.#lastTable = this.#source.tables.get(this.#lastTopic) ?? -1
    }
    return this.#lastTable
  }

  #range(range: BufferRange): BufferRange | null {
    if (range.end === 0 || isNullValue(this.#bytes, range.start, range.end)) return null
    range.bytes = this.#bytes
    return range
  }
}

/** The StringConverter's key stands as a JSON string in the file; in a topic it is the bare text. */
function plainKey(key: BufferRange): BufferRange {
  if (key.bytes[key.start] !== QUOTE) return key
  const text = JSON.parse(key.bytes.toString('utf8', key.start, key.end)) as string
  const bytes = Buffer.from(text)
  return {bytes, start: 0, end: bytes.length}
}

function fileError(path: string, cause: unknown): TidemarkError {
  const {code, message} = describeError(cause)
  const advice =
    code === 'ENOENT' ? 'run `tidemark run` first, or name the file with --file' : 'name a readable file with --file'
  return new TidemarkError('TIDEMARK_VERIFY_FILE', `cannot read the events in ${path}: ${message}; ${advice}`, {
    cause,
    kind: 'configuration',
  })
}
