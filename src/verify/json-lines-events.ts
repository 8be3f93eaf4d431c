// The events of a JSON lines file, of several tables in one pass.

import {open} from 'node:fs/promises'
import {describeError, TidemarkError} from '../core/tidemark-error.ts'
import {COPY_ID} from '../encode/headers.ts'
import type {BufferRange, EventIntake} from './event-intake.ts'
import {isNull, isText, scanMembers, skipValue} from './json-scan.ts'

const READ_BYTES = 1024 * 1024
const NEWLINE = 0x0a
const QUOTE = 0x22
/** No topic yet; a topic that was not asked for. */
const NO_TOPIC = -1
const OTHER_TOPIC = -2

export interface JsonLinesSource {
  readonly path: string
  /** What the intake calls them, by name. */
  readonly topics: ReadonlyMap<string, number>
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
  #line = 0
  #lastName = ''
  #lastTopic = OTHER_TOPIC
  /** Of the last topic. */
  #needsCopyId = false
  // Of the line being read.
  #bytes: Buffer = Buffer.alloc(0)
  #end = 0
  #topic = NO_TOPIC
  #isTaken = false
  #copyId: string | null = null
  readonly #key: BufferRange = {bytes: Buffer.alloc(0), start: 0, end: 0}
  readonly #value: BufferRange = {bytes: Buffer.alloc(0), start: 0, end: 0}

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
    this.#end = end
    this.#topic = NO_TOPIC
    this.#isTaken = false
    this.#copyId = null
    this.#key.start = this.#key.end = this.#value.start = this.#value.end = 0
    try {
      scanMembers(bytes, start, end, this.#onMember)
      if (this.#topic === NO_TOPIC) {
        throw new TidemarkError(
          'TIDEMARK_VERIFY_EVENT_MALFORMED',
          'it has no "topic": is this a file of the file sink?',
        )
      }
      if (this.#topic === OTHER_TOPIC || this.#isTaken) return
      const value = this.#value.end === 0 ? null : this.#value
      this.#intake.take(this.#topic, this.#plainKey(), value, {partition: 0, copyId: this.#copyId})
    } catch (error) {
      if (!(error instanceof TidemarkError) || error.code !== 'TIDEMARK_VERIFY_EVENT_MALFORMED') throw error
      throw new TidemarkError(error.code, `${this.#source.path}, line ${this.#line}: ${error.message}`, {cause: error})
    }
  }

  readonly #onMember = (nameStart: number, nameEnd: number, valueStart: number): number => {
    const bytes = this.#bytes
    // Topic and key come first in the lines that Tidemark writes: then the value is walked only once, by the intake.
    // Headers come last, so that it must wait for them where they count.
    if (
      this.#topic >= 0 &&
      !this.#needsCopyId &&
      this.#key.end > 0 &&
      isText(bytes, nameStart, nameEnd, 'value') &&
      !isNull(bytes, valueStart)
    ) {
      setRange(this.#value, bytes, valueStart, this.#end)
      this.#isTaken = true
      return this.#intake.take(this.#topic, this.#plainKey(), this.#value)
    }
    const valueEnd = skipValue(bytes, valueStart, this.#end)
    if (isText(bytes, nameStart, nameEnd, 'topic')) {
      this.#topic = this.#topicOf(valueStart + 1, valueEnd - 1)
      if (this.#topic === OTHER_TOPIC) return -1
    } else if (isText(bytes, nameStart, nameEnd, 'key')) {
      setRange(this.#key, bytes, valueStart, valueEnd)
    } else if (isText(bytes, nameStart, nameEnd, 'value') && !isNull(bytes, valueStart)) {
      setRange(this.#value, bytes, valueStart, valueEnd)
    } else if (isText(bytes, nameStart, nameEnd, 'headers') && !isNull(bytes, valueStart)) {
      scanMembers(bytes, valueStart, valueEnd, this.#onHeader)
    }
    return valueEnd
  }

  readonly #onHeader = (nameStart: number, nameEnd: number, valueStart: number): number => {
    const bytes = this.#bytes
    const valueEnd = skipValue(bytes, valueStart, this.#end)
    if (isText(bytes, nameStart, nameEnd, COPY_ID) && bytes[valueStart] === QUOTE) {
      this.#copyId = bytes.toString('utf8', valueStart + 1, valueEnd - 1)
    }
    return valueEnd
  }

  /** Lines of one topic mostly follow each other. */
  #topicOf(start: number, end: number): number {
    if (!isText(this.#bytes, start, end, this.#lastName)) {
      this.#lastName = this.#bytes.toString('latin1', start, end)
      this.#lastTopic = this.#source.topics.get(this.#lastName) ?? OTHER_TOPIC
      this.#needsCopyId = this.#lastTopic >= 0 && this.#intake.needsCopyId(this.#lastTopic)
    }
    return this.#lastTopic
  }

  /** The StringConverter's key stands as a JSON string in the file; in a topic it is the bare text. */
  #plainKey(): BufferRange | null {
    const {bytes, start, end} = this.#key
    if (end === 0 || isNull(bytes, start)) return null
    if (bytes[start] !== QUOTE) return this.#key
    const text = Buffer.from(JSON.parse(bytes.toString('utf8', start, end)) as string)
    return {bytes: text, start: 0, end: text.length}
  }
}

function setRange(range: BufferRange, bytes: Buffer, start: number, end: number): void {
  range.bytes = bytes
  range.start = start
  range.end = end
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
