// Where in an event's value the parts lie that a fold needs: op, the row images, and the place in the binlog. With or
// without the schema frame of Connect's JsonConverter.

import {TidemarkError} from '../core/tidemark-error.ts'
import {isNull, isText, scanMembers, skipValue} from './json-scan.ts'

const FRAME_START = Buffer.from('{"schema":{')
const PAYLOAD = 'payload'

/** The result of the last `scan`, as ranges of the bytes that were given. Reused: copy what must stay. */
export class ChangeScanner {
  /** Character code of the one letter: c, u, d, r, t … */
  op = 0
  /** -1: there is none, or null. */
  afterStart = -1
  afterEnd = -1
  /** Likewise. */
  beforeStart = -1
  beforeEnd = -1
  /** `source.file` without quotes. -1: there is none. */
  fileStart = -1
  fileEnd = -1
  pos = 0
  /** `source.row` */
  row = 0
  /** `source.gtid` without quotes. -1: null or none. */
  gtidStart = -1
  gtidEnd = -1
  /** `source.db` and `source.table` without quotes. -1: null or none. */
  databaseStart = -1
  databaseEnd = -1
  tableStart = -1
  tableEnd = -1
  /** The offset behind the value. */
  valueEnd = 0
  readonly #frame = new FrameSkipper()
  #bytes: Buffer = Buffer.alloc(0)
  #end = 0

  /**
   * Reads the value that begins at `start` and ends at `end` at the latest. False: it is null or its payload is, as a tombstone's. Throws TIDEMARK_VERIFY_EVENT_MALFORMED for
   * what is no change event.
   */
  scan(bytes: Buffer, start: number, end: number): boolean {
    if (!this.scanAny(bytes, start, end)) return false
    if (this.op === 0) {
      throw new TidemarkError(
        'TIDEMARK_VERIFY_EVENT_MALFORMED',
        'an event has no "op": verify reads the change events that Tidemark writes, not values that were unwrapped',
      )
    }
    return true
  }

  /** As `scan`, for topics that hold other records, too: those are left with an `op` of 0. */
  scanAny(bytes: Buffer, start: number, end: number): boolean {
    const from = this.#frame.payloadStart(bytes, start, end)
    const brace = from === start ? 0 : 1
    if (isNull(bytes, from)) {
      this.valueEnd = from + 4 + brace
      return false
    }
    this.op = 0
    this.afterStart = this.afterEnd = this.fileStart = this.fileEnd = this.gtidStart = this.gtidEnd = -1
    this.beforeStart = this.beforeEnd = -1
    this.databaseStart = this.databaseEnd = this.tableStart = this.tableEnd = -1
    this.pos = this.row = 0
    this.#bytes = bytes
    this.#end = end
    this.valueEnd = scanMembers(bytes, from, end, this.#onMember) + brace
    return true
  }

  readonly #onMember = (nameStart: number, nameEnd: number, valueStart: number): number => {
    const bytes = this.#bytes
    if (isText(bytes, nameStart, nameEnd, 'source') && !isNull(bytes, valueStart)) {
      return scanMembers(bytes, valueStart, this.#end, this.#onSourceMember)
    }
    const valueEnd = skipValue(bytes, valueStart, this.#end)
    if (isText(bytes, nameStart, nameEnd, 'after')) {
      if (isNull(bytes, valueStart)) return valueEnd
      this.afterStart = valueStart
      this.afterEnd = valueEnd
    } else if (isText(bytes, nameStart, nameEnd, 'before')) {
      if (isNull(bytes, valueStart)) return valueEnd
      this.beforeStart = valueStart
      this.beforeEnd = valueEnd
    } else if (isText(bytes, nameStart, nameEnd, 'op')) {
      this.op = valueEnd - valueStart === 3 ? bytes[valueStart + 1]! : 0
    }
    return valueEnd
  }

  readonly #onSourceMember = (nameStart: number, nameEnd: number, valueStart: number): number => {
    const bytes = this.#bytes
    const valueEnd = skipValue(bytes, valueStart, this.#end)
    if (isNull(bytes, valueStart)) return valueEnd
    if (isText(bytes, nameStart, nameEnd, 'file')) {
      this.fileStart = valueStart + 1
      this.fileEnd = valueEnd - 1
    } else if (isText(bytes, nameStart, nameEnd, 'pos')) {
      this.pos = numberAt(bytes, valueStart, valueEnd)
    } else if (isText(bytes, nameStart, nameEnd, 'row')) {
      this.row = numberAt(bytes, valueStart, valueEnd)
    } else if (isText(bytes, nameStart, nameEnd, 'gtid')) {
      this.gtidStart = valueStart + 1
      this.gtidEnd = valueEnd - 1
    } else if (isText(bytes, nameStart, nameEnd, 'db')) {
      this.databaseStart = valueStart + 1
      this.databaseEnd = valueEnd - 1
    } else if (isText(bytes, nameStart, nameEnd, 'table')) {
      this.tableStart = valueStart + 1
      this.tableEnd = valueEnd - 1
    }
    return valueEnd
  }
}

/** A binlog offset is far below 2^53. */
function numberAt(bytes: Buffer, start: number, end: number): number {
  let number = 0
  for (let at = start; at < end; at++) number = number * 10 + (bytes[at]! - 48)
  return number
}

/** Passes over `{"schema":{…},"payload":`. The frame is the same from event to event, so it is mostly only compared. */
export class FrameSkipper {
  #known: Buffer = Buffer.alloc(0)

  /**
   * Where the payload begins; it ends one byte before `end`. `start` itself where there is no frame: neither an
   * envelope nor a key has an object as its first value.
   */
  payloadStart(bytes: Buffer, start: number, end: number): number {
    const known = this.#known
    if (known.length > 0 && end - start > known.length) {
      if (bytes.compare(known, 0, known.length, start, start + known.length) === 0) return start + known.length
    }
    if (end - start <= FRAME_START.length) return start
    if (bytes.compare(FRAME_START, 0, FRAME_START.length, start, start + FRAME_START.length) !== 0) return start
    const schemaEnd = skipValue(bytes, start + FRAME_START.length - 1, end)
    const nameStart = schemaEnd + 2
    const nameEnd = nameStart + PAYLOAD.length
    // Not `{"schema":{…},"payload":…}`: a value of somebody else's, which the caller's scan will refuse.
    if (nameEnd + 2 > end || !isText(bytes, nameStart, nameEnd, PAYLOAD)) return start
    this.#known = Buffer.from(bytes.subarray(start, nameEnd + 2))
    return nameEnd + 2
  }
}
