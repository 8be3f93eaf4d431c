// Raw bytes of a dump to BinlogEvents: one cursor whose fields are overwritten, so that a stream of small transactions
// allocates nothing for each event.

import {crc32} from '@node-rs/crc32'
import {PacketSplitter} from '../mysql/packet-splitter.ts'
import * as stop from './binlog-error.ts'
import type {BinlogEventKind, BinlogEvents} from './binlog-events.ts'
import {ByteCursor} from './byte-cursor.ts'
import type {Collations} from './collations.ts'
import * as Event from './event-types.ts'
import {commitTimestamp, readTaggedGtid, SourceNames} from './gtid-event.ts'
import {uint16, uint32} from './little-endian.ts'
import {decodeSql, isBegin, keywordOf, meaningOf, type QueryMeaning} from './query-event.ts'
import {EventRows} from './row-event.ts'
import {TableCache, tableId} from './table-cache.ts'
import {readPayloadHead, TransactionPayload} from './transaction-payload.ts'
import {readXaPrepare, xidOf} from './xa-event.ts'

export interface EventDecoderOptions {
  readonly collations: Collations
  /** Whether events end with a checksum, until the first FORMAT_DESCRIPTION event says it. */
  readonly checksum: boolean
  /** The next chunk of the socket, or null where none has come. A chunk that was given before is not needed any more. */
  readonly nextChunk: () => Buffer | null
}

/** How the server ended the dump: its error packet's payload, or an empty one for an EOF packet. */
export type DumpEnd = Buffer

const OK_MARKER = 0x00
/** As many bytes of a compressed transaction are one turn: others get theirs before the rest is decompressed. */
const TURN_BYTES = 1024 * 1024
/** Positions in headers count modulo this. */
const POSITION_MODULUS = 0x100000000

export class EventDecoder implements BinlogEvents {
  kind: BinlogEventKind = 'other'
  file = ''
  startPos = 0
  endPos = 0
  timestampSeconds = 0
  serverId = 0
  sid = ''
  gno = 0
  commitTimestampUs = 0
  threadId = 0
  database = ''
  sql = ''
  xid = ''
  readonly rows: EventRows = new EventRows()
  /** Set where the server ended the dump; `next` is false from then on. */
  dumpEnd: DumpEnd | null = null
  /** Most bytes of a compressed transaction that were held decompressed at once. */
  mostPayloadBytes = 0

  readonly #splitter = new PacketSplitter()
  readonly #sources = new SourceNames()
  readonly #tables: TableCache
  readonly #collations: Collations
  readonly #nextChunk: () => Buffer | null
  #checksumBytes: number
  /** End of the last event that had a place in the file. */
  #position = 0
  #inTransaction = false
  #type = 0
  /** The compressed transaction that is being walked. */
  #payload: TransactionPayload | null = null
  #turnBytes = 0

  constructor({collations, checksum, nextChunk}: EventDecoderOptions) {
    this.#collations = collations
    this.#tables = new TableCache(collations)
    this.#checksumBytes = checksum ? Event.CHECKSUM_BYTES : 0
    this.#nextChunk = nextChunk
  }

  /** Whether `next` has more events without another chunk: it was false only because its turn is over. */
  get hasMore(): boolean {
    return this.#payload !== null
  }

  next(): boolean {
    for (;;) {
      const payload = this.#payload
      if (payload !== null) {
        if (this.#turnBytes >= TURN_BYTES) break
        if (this.#nextInside(payload)) return true
        this.#payload = null
      }
      if (!this.#nextPacket()) break
      // An event that carries a compressed transaction is none to the reader: the first one inside comes instead.
      if (!this.hasMore) return true
    }
    this.#turnBytes = 0
    return false
  }

  #nextPacket(): boolean {
    const splitter = this.#splitter
    while (this.dumpEnd === null) {
      if (splitter.next()) {
        const {buffer, start, end} = splitter
        if (buffer[start] === OK_MARKER) {
          this.#event(buffer, start + 1, end)
          return true
        }
        this.dumpEnd = Buffer.from(buffer[start] === 0xff ? buffer.subarray(start, end) : buffer.subarray(0, 0))
      } else {
        const chunk = this.#nextChunk()
        if (chunk === null) return false
        splitter.feed(chunk)
      }
    }
    return false
  }

  /** Takes one event of the dump, header at `start`. */
  #event(bytes: Buffer, start: number, packetEnd: number): void {
    if (packetEnd - start < Event.HEADER_BYTES) throw stop.malformedEvent('its header is cut off', this.#place())
    this.#header(bytes, start)
    const length = uint32(bytes, start + 9)
    this.#setPositions(uint32(bytes, start + 13), length)
    const end = packetEnd - this.#checksumBytes
    if (length !== packetEnd - start || end < start + Event.HEADER_BYTES) {
      throw stop.malformedEvent(`it says ${length} bytes and has ${packetEnd - start}`, this.#place())
    }
    this.#body(bytes, start, end)
  }

  /** Takes the next event of a compressed transaction as if it had come by itself. */
  #nextInside(payload: TransactionPayload): boolean {
    if (!payload.next()) return false
    const {bytes, start, end} = payload
    this.#turnBytes += end - start
    if (payload.mostHeldBytes > this.mostPayloadBytes) this.mostPayloadBytes = payload.mostHeldBytes
    this.#header(bytes, start)
    this.startPos = payload.startPos
    this.endPos = payload.endPos
    this.#body(bytes, start, end)
    return true
  }

  #header(bytes: Buffer, start: number): void {
    this.timestampSeconds = uint32(bytes, start)
    this.#type = bytes[start + 4]!
    this.serverId = uint32(bytes, start + 5)
  }

  /** `end` is where its checksum begins. */
  #body(bytes: Buffer, start: number, end: number): void {
    const body = start + Event.HEADER_BYTES
    switch (this.#type) {
      case Event.EVENT_GTID:
      case Event.EVENT_ANONYMOUS_GTID:
        this.#gtid(bytes, body, end)
        break
      case Event.EVENT_QUERY:
        this.#query(bytes, body, end)
        break
      case Event.EVENT_TABLE_MAP:
        if (end - body < 16) throw stop.malformedEvent('its body is cut off', this.#place())
        this.#tables.add(bytes, body, end, this.#place)
        this.kind = 'other'
        break
      case Event.EVENT_WRITE_ROWS_V2:
      case Event.EVENT_UPDATE_ROWS_V2:
      case Event.EVENT_DELETE_ROWS_V2:
      case Event.EVENT_WRITE_ROWS_V1:
      case Event.EVENT_UPDATE_ROWS_V1:
      case Event.EVENT_DELETE_ROWS_V1:
        this.#rowsEvent(bytes, body, end, this.#type)
        break
      case Event.EVENT_XID:
        this.#inTransaction = false
        this.kind = 'commit'
        break
      default:
        this.#rareEvent(bytes, {body, end, ignorable: (uint16(bytes, start + 17) & Event.FLAG_IGNORABLE) !== 0})
    }
  }

  /** Sets startPos and endPos from the header's end position, which is 0 for events that are in no file and has 32 bits. */
  #setPositions(position: number, length: number): void {
    if (position === 0) {
      this.startPos = this.#position
      this.endPos = 0
      return
    }
    const wraps = Math.floor(this.#position / POSITION_MODULUS)
    let end = position + wraps * POSITION_MODULUS
    // A file grows beyond 4 GB in a transaction of that size only; a position far below the last one has wrapped.
    if (end < this.#position - POSITION_MODULUS / 2) end += POSITION_MODULUS
    this.startPos = end - length
    this.endPos = end
    this.#position = end
  }

  #gtid(bytes: Buffer, body: number, end: number): void {
    if (end - body < 25) throw stop.malformedEvent('its GTID is cut off', this.#place())
    this.kind = 'gtid'
    this.#inTransaction = false
    const gno = uint32(bytes, body + 17) + uint32(bytes, body + 21) * POSITION_MODULUS
    if (this.#type === Event.EVENT_ANONYMOUS_GTID) {
      this.sid = ''
      this.gno = 0
    } else {
      if (!Number.isSafeInteger(gno))
        throw stop.malformedEvent(`the GTID number ${gno} is not supported`, this.#place())
      this.sid = this.#sources.nameOf(bytes, body + 1, '')
      this.gno = gno
    }
    // A byte that says that two 8-byte numbers of the logical clock follow, then the commit timestamps.
    this.commitTimestampUs = commitTimestamp(bytes, body + 25 + 17, end)
  }

  #query(bytes: Buffer, body: number, end: number): void {
    const databaseLength = bytes[body + 8]!
    const statusLength = uint16(bytes, body + 11)
    const database = body + 13 + statusLength
    const sql = database + databaseLength + 1
    if (end - body < 13 || sql > end) throw stop.malformedEvent('its statement is cut off', this.#place())
    this.threadId = uint32(bytes, body)
    if (end - sql === 5 && isBegin(bytes, sql)) {
      this.#inTransaction = true
      this.kind = 'begin'
      return
    }
    this.database = bytes.toString('utf8', database, database + databaseLength)
    const status = bytes.subarray(body + 13, database)
    this.sql = decodeSql(bytes.subarray(sql, end), status, this.#collations)
    this.#statement(meaningOf(this.sql, {inTransaction: this.#inTransaction}))
  }

  #statement(meaning: QueryMeaning): void {
    switch (meaning) {
      case 'begin':
        this.#inTransaction = true
        this.kind = 'begin'
        break
      case 'commit':
      case 'rollback':
        this.#inTransaction = false
        this.kind = meaning
        break
      case 'xa-begin':
      case 'xa-commit':
      case 'xa-rollback':
        this.#inTransaction = meaning === 'xa-begin'
        this.kind = meaning
        this.xid = xidOf(this.sql) ?? this.sql
        break
      case 'savepoint':
      case 'xa-end':
      case 'ignored':
        this.kind = 'other'
        break
      case 'query':
        this.kind = 'query'
        break
      case 'rollback-to':
        throw stop.rollbackToSavepoint(this.#place())
      case 'change':
        throw stop.statementFormat(this.#place(), keywordOf(this.sql))
    }
  }

  #rowsEvent(bytes: Buffer, body: number, end: number, type: number): void {
    if (end - body < 10) throw stop.malformedEvent('its rows are cut off', this.#place())
    const id = tableId(bytes, body)
    const table = this.#tables.find(id)
    if (table === null) {
      throw stop.malformedEvent(
        `no TABLE_MAP event names its table ${id}; the stream was begun inside a transaction`,
        this.#place(),
      )
    }
    if (!this.rows.read({bytes, body, end, type, table})) {
      throw stop.malformedEvent('its rows do not fit its table', this.#place())
    }
    this.kind = 'rows'
  }

  #rareEvent(bytes: Buffer, {body, end, ignorable}: {body: number; end: number; ignorable: boolean}): void {
    this.kind = 'other'
    const cursor = new ByteCursor(bytes, body, end, this.#place())
    switch (this.#type) {
      case Event.EVENT_ROTATE:
        this.#rotate(cursor)
        break
      case Event.EVENT_FORMAT_DESCRIPTION:
        this.#formatDescription(bytes, end + this.#checksumBytes)
        break
      case Event.EVENT_GTID_TAGGED:
        this.#taggedGtid(cursor)
        break
      case Event.EVENT_TRANSACTION_PAYLOAD:
        this.#openPayload(cursor)
        break
      case Event.EVENT_PARTIAL_UPDATE_ROWS:
        this.#rowsEvent(bytes, body, end, Event.EVENT_UPDATE_ROWS_V2)
        this.rows.makeWhole(what => stop.malformedEvent(what, this.#place()))
        break
      case Event.EVENT_XA_PREPARE: {
        const {onePhase, xid} = readXaPrepare(cursor)
        this.#inTransaction = false
        this.kind = onePhase ? 'commit' : 'xa-prepare'
        this.xid = xid
        break
      }
      case Event.EVENT_HEARTBEAT:
        this.kind = 'heartbeat'
        this.file = cursor.utf8(cursor.remaining)
        this.startPos = this.endPos
        break
      case Event.EVENT_HEARTBEAT_V2:
        this.#heartbeat(cursor)
        break
      case Event.EVENT_ROWS_QUERY:
        this.kind = 'rows-query'
        cursor.skip(1) // the text's length, modulo 256
        this.sql = cursor.utf8(cursor.remaining)
        break
      case Event.EVENT_STOP:
      case Event.EVENT_INTVAR:
      case Event.EVENT_RAND:
      case Event.EVENT_USER_VAR:
      case Event.EVENT_IGNORABLE:
      case Event.EVENT_PREVIOUS_GTIDS:
      case Event.EVENT_TRANSACTION_CONTEXT:
      case Event.EVENT_VIEW_CHANGE:
        break
      default: {
        const refusal = stop.refusalOf(this.#type, {ignorable, place: this.#place()})
        if (refusal !== null) throw refusal
      }
    }
  }

  #rotate(cursor: ByteCursor): void {
    const position = cursor.uint64()
    this.kind = 'rotate'
    this.file = cursor.utf8(cursor.remaining)
    this.startPos = position
    this.endPos = position
    this.#position = position
    this.#tables.forgetIds()
  }

  /** Its last byte before its checksum names the algorithm of the file; both are always there. */
  #formatDescription(bytes: Buffer, packetEnd: number): void {
    this.#checksumBytes = bytes[packetEnd - Event.CHECKSUM_BYTES - 1] === 1 ? Event.CHECKSUM_BYTES : 0
  }

  /** The server writes no checksum into the zstd stream; the event's own is checked, since damaged bytes may well decompress. */
  #openPayload(cursor: ByteCursor): void {
    const {bytes, end} = cursor
    if (this.#checksumBytes > 0 && crc32(bytes.subarray(cursor.at - Event.HEADER_BYTES, end)) !== uint32(bytes, end)) {
      throw cursor.malformed('its checksum is not that of its bytes')
    }
    const place = {startPos: this.startPos, endPos: this.endPos, text: this.#place()}
    this.#payload = new TransactionPayload(readPayloadHead(cursor), place)
  }

  #taggedGtid(cursor: ByteCursor): void {
    const gtid = readTaggedGtid(cursor)
    this.kind = 'gtid'
    this.#inTransaction = false
    this.sid = this.#sources.nameOf(gtid.uuid, 0, gtid.tag)
    this.gno = gtid.gno
    this.commitTimestampUs = gtid.commitTimestampUs
  }

  /** Version 2: fields of type, length, value, up to a type 0. */
  #heartbeat(cursor: ByteCursor): void {
    this.kind = 'heartbeat'
    while (cursor.remaining > 0) {
      const field = cursor.uint(1)
      if (field === 0) break
      const length = cursor.lengthEncoded()
      const end = cursor.at + length
      if (field === 1) {
        this.file = cursor.utf8(length)
      } else if (field === 2) {
        this.endPos = cursor.lengthEncoded()
        this.startPos = this.endPos
        this.#position = this.endPos
      } else {
        cursor.skip(length)
      }
      if (cursor.at !== end) throw cursor.malformed('a field of the heartbeat is longer than it says')
    }
  }

  readonly #place = (): string => {
    const inside = this.#payload === null ? '' : ' in a compressed transaction'
    return `${this.file}:${this.startPos} (type ${this.#type}${inside})`
  }
}
