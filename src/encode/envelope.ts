// Debezium's change event around the JSON of rows: prepared bytes, in which only what differs from event to event is
// written anew. `EventOrigin` is the part that all rows of one binlog event or one window share; `EnvelopeTemplate` is a
// table's. Lengths are known before anything is written, since a record batch stores them first.

import {ByteWriter} from '../core/byte-writer.ts'
import type {EventSettings} from '../config/settings.ts'
import type {TableId} from '../core/table-id.ts'
import type {TableShape} from '../core/table-shape.ts'
import {putFixedDigits} from '../core/fixed-digits.ts'
import {jsonStringBytes} from './json-bytes.ts'
import {digitCount, isWide, TS_NS, TS_US, writeMicrosAndNanos, writeMillis} from './origin-digits.ts'
import {envelopeSchemaText, type SchemaContext} from './schemas/schema-frame.ts'

/** `source.snapshot`. */
export type SnapshotMarker =
  'false' | 'incremental' | 'first' | 'first_in_data_collection' | 'true' | 'last_in_data_collection' | 'last'

/** Where and when rows come from; see the fields of Debezium's `source`. */
export interface OriginFields {
  /** Event time, microseconds since 1970. */
  readonly tsUs: number
  readonly snapshot: SnapshotMarker
  readonly serverId: number
  /** '' without GTIDs. */
  readonly sid: string
  readonly gno: number
  readonly file: string
  readonly pos: number
  /** null or negative: unknown. */
  readonly threadId: number | null
  /** The clock when the events are built, microseconds since 1970. */
  readonly nowUs: number
  /** The statement that changed the rows; '' or left out: unknown. */
  readonly query?: string
  /** Left out or null: events without a transaction block. */
  readonly order?: EventOrder | null
}

/** Where events stand in their transaction. Whoever writes them counts it on; a template reads it for each event. */
export interface EventOrder {
  /** The GTID, or file and position of the BEGIN. */
  readonly id: string
  /** Of the event, counted from 1, in the transaction and among those of its table. */
  readonly total: number
  readonly inTable: number
  /** The events that follow are of this table, `database.table`. */
  enter(table: string): void
  /** Another event follows. */
  next(): void
  /** So many events were emitted by an earlier run. */
  pass(events: number): void
}

/** What all rows of one binlog event or one window have in common. Reused: `set` costs a few stores. */
export class EventOrigin {
  /** Grows with each `set`, so that templates see a change. */
  version = 0
  tsUs = 0
  snapshot: SnapshotMarker = 'false'
  serverId = 0
  sid = ''
  gno = 0
  file = ''
  pos = 0
  threadId = -1
  nowUs = 0
  query = ''
  order: EventOrder | null = null

  set(fields: OriginFields): void {
    this.version++
    this.tsUs = fields.tsUs
    this.snapshot = fields.snapshot
    this.serverId = fields.serverId
    this.sid = fields.sid
    this.gno = fields.gno
    this.file = fields.file
    this.pos = fields.pos
    this.threadId = fields.threadId ?? -1
    this.nowUs = fields.nowUs
    this.query = fields.query ?? ''
    this.order = fields.order ?? null
  }
}

export interface EnvelopeTemplateSource {
  readonly id: TableId
  readonly topic: string
  readonly settings: Pick<EventSettings, 'topicPrefix' | 'valueSchemasEnabled'> & SchemaContext
  readonly shape: TableShape
  /** `source.version`. */
  readonly version: string
}

const BEFORE_NULL = '{"before":null,"after":'
const BEFORE = '{"before":'
const AFTER = Buffer.from(',"after":')
const AFTER_NULL = Buffer.from(',"after":null')
const IN_TABLE = Buffer.from(',"data_collection_order":')

/**
 * The envelope of one table's events. All lengths and bytes are exact: `valueLength` first, then one `write…` with the
 * same arguments. Positional arguments, since these run once for each row.
 */
export class EnvelopeTemplate {
  readonly #headSingle: Buffer
  readonly #headBefore: Buffer
  readonly #sourceStart: Buffer
  readonly #db: Buffer
  readonly #table: Buffer
  readonly #close: string

  // The bytes behind the rows, split where the row number goes, and the orders where there are any; made for `#origin`
  // at `#originVersion`.
  readonly #tail = new ByteWriter(1024)
  #first: Buffer = Buffer.alloc(0)
  #second: Buffer = Buffer.alloc(0)
  #third: Buffer = Buffer.alloc(0)
  #tailLength = 0
  #origin: EventOrigin | null = null
  #originVersion = -1
  readonly #made = new EventOrigin()
  #opAt = 0
  #tsMsAt = 0
  #tsUsAt = 0
  #gnoEnd = 0
  #posEnd = 0
  #threadAt = 0
  #nowMsAt = 0
  #orderId = ''
  #orderIdEnd = 0
  #patchable = false
  #gnoDigits = 0
  #posDigits = 0
  #threadDigits = 0

  constructor(source: EnvelopeTemplateSource) {
    const {id, topic, settings, shape} = source
    const frame = settings.valueSchemasEnabled
      ? `{"schema":${envelopeSchemaText(shape, topic, settings)},"payload":`
      : ''
    this.#headSingle = Buffer.from(frame + BEFORE_NULL)
    this.#headBefore = Buffer.from(frame + BEFORE)
    this.#close = settings.valueSchemasEnabled ? '}}' : '}'
    this.#sourceStart = Buffer.from(
      `,"source":{"version":${JSON.stringify(source.version)},"connector":"mysql",` +
        `"name":${JSON.stringify(settings.topicPrefix)},"ts_ms":`,
    )
    this.#db = jsonStringBytes(id.database)
    this.#table = jsonStringBytes(id.table)
  }

  /** Bytes of the value of one event. `rowLength` is the before row's for u and d; `afterLength` counts for u only. */
  valueLength(
    op: 'c' | 'r' | 'u' | 'd',
    rowLength: number,
    afterLength: number,
    origin: EventOrigin,
    row: number,
  ): number {
    if (origin !== this.#origin || origin.version !== this.#originVersion) this.#bind(origin)
    let tail = this.#tailLength + digitCount(row)
    if (origin.order !== null) tail += this.#orderLength(origin.order)
    switch (op) {
      case 'c':
      case 'r':
        return this.#headSingle.length + rowLength + tail
      case 'd':
        return this.#headBefore.length + rowLength + AFTER_NULL.length + tail
      case 'u':
        return this.#headBefore.length + rowLength + AFTER.length + afterLength + tail
    }
  }

  // One object of named options for each row would be garbage on the hottest path.
  /* eslint-disable max-params */

  /** Appends the value of a c, r or d event with the row `source[start, end)`. */
  writeSingle(
    op: 'c' | 'r' | 'd',
    source: Uint8Array,
    start: number,
    end: number,
    origin: EventOrigin,
    row: number,
    out: ByteWriter,
  ): void {
    if (op === 'd') {
      out.write(this.#headBefore)
      out.write(source, start, end)
      out.write(AFTER_NULL)
      this.#writeTail(0x64, origin, row, out)
    } else {
      out.write(this.#headSingle)
      out.write(source, start, end)
      this.#writeTail(op === 'c' ? 0x63 : 0x72, origin, row, out)
    }
  }

  /** Appends the value of a u event: before is `source[beforeStart, beforeEnd)`, after is `source[afterStart, afterEnd)`. */
  writeUpdate(
    source: Uint8Array,
    beforeStart: number,
    beforeEnd: number,
    afterStart: number,
    afterEnd: number,
    origin: EventOrigin,
    row: number,
    out: ByteWriter,
  ): void {
    out.write(this.#headBefore)
    out.write(source, beforeStart, beforeEnd)
    out.write(AFTER)
    out.write(source, afterStart, afterEnd)
    this.#writeTail(0x75, origin, row, out)
  }
  /* eslint-enable max-params */

  /** Appends an object of all that stands behind the rows: source, op and times, for who takes fields out of it. */
  writeMeta(op: string, origin: EventOrigin, row: number, out: ByteWriter): void {
    const start = out.length
    this.#writeTail(op.charCodeAt(0), origin, row, out)
    // The comma behind the rows.
    out.bytes[start] = 0x7b
  }

  /** Appends the value of a t event, which has no row: as long as that of a d event whose row is `null`. */
  writeTruncate(origin: EventOrigin, out: ByteWriter): void {
    out.write(this.#headBefore)
    out.writeAscii('null')
    out.write(AFTER_NULL)
    this.#writeTail(0x74, origin, 0, out)
  }

  #writeTail(op: number, origin: EventOrigin, row: number, out: ByteWriter): void {
    if (origin !== this.#origin || origin.version !== this.#originVersion) this.#bind(origin)
    this.#tail.bytes[this.#opAt] = op
    out.write(this.#first)
    out.writeInteger(row)
    out.write(this.#second)
    if (origin.order !== null) this.#writeOrder(origin.order, out)
  }

  #writeOrder({total, inTable}: EventOrder, out: ByteWriter): void {
    out.writeInteger(total)
    out.write(IN_TABLE)
    out.writeInteger(inTable)
    out.write(this.#third)
  }

  #orderLength({total, inTable}: EventOrder): number {
    return digitCount(total) + IN_TABLE.length + digitCount(inTable) + this.#third.length
  }

  /** Makes the tail for an origin: digits are patched where everything else is as it was, as it is from event to event. */
  #bind(origin: EventOrigin): void {
    const made = this.#made
    if (
      this.#patchable &&
      origin.file === made.file &&
      origin.sid === made.sid &&
      origin.snapshot === made.snapshot &&
      origin.serverId === made.serverId &&
      isWide(origin.tsUs) &&
      isWide(origin.nowUs) &&
      digitCount(origin.pos) === this.#posDigits &&
      gnoDigits(origin) === this.#gnoDigits &&
      threadDigits(origin) === this.#threadDigits &&
      origin.query === made.query &&
      this.#hasSameOrder(origin)
    ) {
      this.#patch(origin)
    } else {
      this.#make(origin)
    }
    made.set(origin)
    this.#origin = origin
    this.#originVersion = origin.version
  }

  /** The id of a transaction with a GTID differs in the number only, which is patched. */
  #hasSameOrder({order, sid}: EventOrigin): boolean {
    const id = order === null ? '' : order.id
    return id === this.#orderId || (sid !== '' && id !== '' && this.#orderId !== '')
  }

  #patch(origin: EventOrigin): void {
    const {bytes} = this.#tail
    const made = this.#made
    if (origin.tsUs !== made.tsUs) {
      putFixedDigits(bytes, this.#tsUsAt, origin.tsUs, 16)
      const usAt = this.#tsUsAt
      const msAt = this.#tsMsAt
      const nsAt = usAt + 16 + TS_NS.length
      for (let i = 0; i < 16; i++) {
        const digit = bytes[usAt + i]!
        bytes[nsAt + i] = digit
        if (i < 13) bytes[msAt + i] = digit
      }
    }
    if (origin.gno !== made.gno) {
      putFixedDigits(bytes, this.#gnoEnd - this.#gnoDigits, origin.gno, this.#gnoDigits)
      if (origin.order !== null) {
        putFixedDigits(bytes, this.#orderIdEnd - this.#gnoDigits, origin.gno, this.#gnoDigits)
      }
    }
    if (origin.pos !== made.pos) putFixedDigits(bytes, this.#posEnd - this.#posDigits, origin.pos, this.#posDigits)
    if (origin.threadId !== made.threadId) putFixedDigits(bytes, this.#threadAt, origin.threadId, this.#threadDigits)
    if (origin.nowUs !== made.nowUs) {
      const msAt = this.#nowMsAt
      const usAt = msAt + 13 + TS_US.length
      const nsAt = usAt + 16 + TS_NS.length
      putFixedDigits(bytes, usAt, origin.nowUs, 16)
      for (let i = 0; i < 16; i++) {
        const digit = bytes[usAt + i]!
        bytes[nsAt + i] = digit
        if (i < 13) bytes[msAt + i] = digit
      }
    }
  }

  #make(origin: EventOrigin): void {
    const tail = this.#tail
    tail.clear()
    tail.write(this.#sourceStart)
    this.#tsMsAt = tail.length
    writeMillis(origin.tsUs, tail)
    tail.writeAscii(`,"snapshot":"${origin.snapshot}","db":`)
    tail.write(this.#db)
    tail.writeAscii(',"sequence":null')
    tail.writeAscii(TS_US)
    this.#tsUsAt = tail.length
    writeMicrosAndNanos(origin.tsUs, tail)
    tail.writeAscii(',"table":')
    tail.write(this.#table)
    tail.writeAscii(`,"server_id":${origin.serverId},"gtid":`)
    if (origin.sid === '') tail.writeAscii('null')
    else tail.writeAscii(`"${origin.sid}:${origin.gno}`)
    this.#gnoEnd = tail.length
    if (origin.sid !== '') tail.writeByte(0x22)
    tail.writeAscii(',"file":')
    tail.write(jsonStringBytes(origin.file))
    tail.writeAscii(`,"pos":${origin.pos}`)
    this.#posEnd = tail.length
    tail.writeAscii(',"row":')
    const split = tail.length
    tail.writeAscii(',"thread":')
    this.#threadAt = tail.length
    tail.writeAscii(origin.threadId < 0 ? 'null' : String(origin.threadId))
    tail.writeAscii(',"query":')
    if (origin.query === '') tail.writeAscii('null')
    else tail.write(jsonStringBytes(origin.query))
    tail.writeAscii('},"transaction":')
    const orders = this.#makeOrder(origin, tail)
    tail.writeAscii(',"op":"')
    this.#opAt = tail.length
    tail.writeAscii('c","ts_ms":')
    this.#nowMsAt = tail.length
    writeMillis(origin.nowUs, tail)
    tail.writeAscii(TS_US)
    writeMicrosAndNanos(origin.nowUs, tail)
    tail.writeAscii(this.#close)
    this.#first = tail.bytes.subarray(0, split)
    this.#second = tail.bytes.subarray(split, orders < 0 ? tail.length : orders)
    this.#third = tail.bytes.subarray(orders < 0 ? tail.length : orders, tail.length)
    this.#tailLength = this.#first.length + this.#second.length
    this.#gnoDigits = gnoDigits(origin)
    this.#posDigits = digitCount(origin.pos)
    this.#threadDigits = threadDigits(origin)
    this.#patchable = isWide(origin.tsUs) && isWide(origin.nowUs)
  }

  /** Where the orders go, or -1 without a transaction block. */
  #makeOrder({order}: EventOrigin, tail: ByteWriter): number {
    this.#orderId = order === null ? '' : order.id
    if (order === null) {
      tail.writeAscii('null')
      return -1
    }
    tail.writeAscii('{"id":')
    tail.write(jsonStringBytes(order.id))
    this.#orderIdEnd = tail.length - 1
    tail.writeAscii(',"total_order":')
    const at = tail.length
    tail.writeByte(0x7d)
    return at
  }
}

/** 0 where there is no GTID. */
function gnoDigits({sid, gno}: EventOrigin): number {
  return sid === '' ? 0 : digitCount(gno)
}

/** 0 where the thread is unknown. */
function threadDigits({threadId}: EventOrigin): number {
  return threadId < 0 ? 0 : digitCount(threadId)
}
