// Builds the bytes of a dump: packets with binlog events, as a server sends them. For tests and benches without a server.

import {crc32} from '@node-rs/crc32'
import {Collations} from '../../src/binlog/collations.ts'

export const TEST_COLLATIONS = new Collations([
  {id: 8, name: 'latin1', maxBytes: 1},
  {id: 28, name: 'gbk', maxBytes: 2},
  {id: 45, name: 'utf8mb4', maxBytes: 4},
  {id: 63, name: 'binary', maxBytes: 1},
  {id: 255, name: 'utf8mb4', maxBytes: 4},
])

export const TEST_SID = '01020304-0506-0708-090a-0b0c0d0e0f10'

export interface EventOptions {
  readonly timestamp?: number
  readonly flags?: number
  /** The header's end position; by default behind the last event of the builder. */
  readonly endPos?: number
}

/** Packets one after the other, with positions that follow one another. */
export class DumpBytes {
  readonly #packets: Buffer[] = []
  readonly #checksum: boolean
  #pos = 4
  #gno = 0

  constructor({checksum = true}: {readonly checksum?: boolean} = {}) {
    this.#checksum = checksum
  }

  get pos(): number {
    return this.#pos
  }

  /** Everything so far, as the socket brings it. */
  bytes(): Buffer {
    return Buffer.concat(this.#packets)
  }

  event(type: number, body: Buffer, {timestamp = 1_700_000_000, flags = 0, endPos}: EventOptions = {}): this {
    const length = 19 + body.length + (this.#checksum ? 4 : 0)
    const end = endPos ?? this.#pos + length
    const header = Buffer.alloc(19)
    header.writeUInt32LE(timestamp, 0)
    header[4] = type
    header.writeUInt32LE(1, 5)
    header.writeUInt32LE(length, 9)
    header.writeUInt32LE(end % 0x100000000, 13)
    header.writeUInt16LE(flags, 17)
    if (end !== 0) this.#pos = end
    const checksum = Buffer.alloc(this.#checksum ? 4 : 0)
    if (this.#checksum) checksum.writeUInt32LE(crc32(Buffer.concat([header, body])))
    return this.packet(Buffer.concat([Buffer.from([0]), header, body, checksum]))
  }

  /** The events without their packets, as they stand in a file or inside a TRANSACTION_PAYLOAD event. */
  eventBytes(): Buffer {
    return Buffer.concat(this.#packets.flatMap((part, i) => (i % 2 === 1 ? [part.subarray(1)] : [])))
  }

  /** A TRANSACTION_PAYLOAD event around `payload`; `fields` take the place of what its head would say. */
  payload(payload: Buffer, uncompressedBytes: number, fields: PayloadFields = {}): this {
    return this.event(40, Buffer.concat([payloadHead(payload.length, uncompressedBytes, fields), payload]))
  }

  packet(payload: Buffer): this {
    const header = Buffer.alloc(4)
    header.writeUIntLE(payload.length, 0, 3)
    this.#packets.push(header, payload)
    return this
  }

  rotate(file: string, pos = 4): this {
    this.event(4, Buffer.concat([uint64(pos), Buffer.from(file)]), {endPos: 0, timestamp: 0})
    this.#pos = pos
    return this
  }

  formatDescription(): this {
    const body = Buffer.alloc(2 + 50 + 4 + 1 + 42 + 1)
    body[body.length - 1] = this.#checksum ? 1 : 0
    // Its checksum is there whether the other events have one or not.
    return this.event(15, this.#checksum ? body : Buffer.concat([body, Buffer.alloc(4)]))
  }

  gtid(gno = ++this.#gno, commitUs = 1_700_000_000_123_456): this {
    const body = Buffer.alloc(42 + 7)
    body[0] = 1
    for (let i = 0; i < 16; i++) body[1 + i] = i + 1
    body.writeBigUInt64LE(BigInt(gno), 17)
    body[25] = 2
    body.writeUIntLE(commitUs % 2 ** 24, 42, 3)
    body.writeUIntLE(Math.floor(commitUs / 2 ** 24), 45, 4)
    return this.event(33, body)
  }

  query(sql: string | Buffer, {database = 'd', threadId = 7, status = Buffer.alloc(0)} = {}): this {
    const head = Buffer.alloc(13)
    head.writeUInt32LE(threadId, 0)
    head[8] = Buffer.byteLength(database)
    head.writeUInt16LE(status.length, 11)
    return this.event(2, Buffer.concat([head, status, Buffer.from(`${database}\0`), Buffer.from(sql)]))
  }

  tableMap(body: Buffer, tableId = 91): this {
    return this.event(19, Buffer.concat([uint48(tableId), Buffer.from([1, 0]), body]))
  }

  /** A version 2 event; `images` are the row images, `present` the bitmaps as they stand. */
  rows(type: number, {images, present, columns, tableId = 91}: RowsOptions): this {
    const head = Buffer.concat([uint48(tableId), Buffer.from([1, 0]), Buffer.from([2, 0]), Buffer.from([columns])])
    return this.event(type, Buffer.concat([head, Buffer.from(present), images]))
  }

  /** An XA_PREPARE event; the parts of the name are in hexadecimal. */
  xaPrepare(xa: {onePhase: boolean; format: number; global: string; branch: string}): this {
    const [global, branch] = [Buffer.from(xa.global, 'hex'), Buffer.from(xa.branch, 'hex')]
    const head = Buffer.alloc(13)
    head[0] = xa.onePhase ? 1 : 0
    head.writeUInt32LE(xa.format, 1)
    head.writeUInt32LE(global.length, 5)
    head.writeUInt32LE(branch.length, 9)
    return this.event(38, Buffer.concat([head, global, branch]))
  }

  xid(): this {
    return this.event(16, uint64(12345))
  }
}

/** null: the field is left out. */
export interface PayloadFields {
  readonly size?: number | null
  readonly compression?: number | null
  readonly uncompressed?: number | null
}

function payloadHead(size: number, uncompressed: number, fields: PayloadFields): Buffer {
  const values = [size, 0, uncompressed]
  const given = [fields.size, fields.compression, fields.uncompressed]
  const written = values.flatMap((value, i) => {
    const number = given[i] === undefined ? value : given[i]
    if (number === null) return []
    const encoded = lengthEncoded(number)
    return [Buffer.from([i + 1, encoded.length]), encoded]
  })
  return Buffer.concat([...written, Buffer.from([0])])
}

export interface RowsOptions {
  readonly images: Buffer
  readonly present: readonly number[]
  readonly columns: number
  readonly tableId?: number
}

/** The body behind table id and flags of `d.<table>` (id INT UNSIGNED PRIMARY KEY, v VARCHAR(20)) in utf8mb4. */
export function smallTableMap(table = 't', {names = ['id', 'v']}: {readonly names?: readonly string[]} = {}): Buffer {
  const name = Buffer.from(table)
  const field = (type: number, value: Buffer): Buffer => Buffer.concat([Buffer.from([type, value.length]), value])
  const nameList = Buffer.concat(names.map(each => Buffer.concat([Buffer.from([each.length]), Buffer.from(each)])))
  return Buffer.concat([
    Buffer.from([1, 0x64, 0, name.length]),
    name,
    Buffer.from([0, 2, 3, 15]), // two columns: LONG, VARCHAR
    Buffer.from([2, 80, 0]), // metadata: 80 bytes
    Buffer.from([0b10]), // v may be NULL
    field(1, Buffer.from([0x80])),
    field(2, Buffer.from([0xfc, 0xff, 0x00])),
    ...(names.length === 0 ? [] : [field(4, nameList), field(8, Buffer.from([0]))]),
  ])
}

/** The same of `d.j` (id INT PRIMARY KEY, j JSON). */
export function jsonTableMap(): Buffer {
  const columns = [2, 3, 245, 1, 4, 0b10]
  return Buffer.from([1, 0x64, 0, 1, 0x6a, 0, ...columns, 1, 1, 0, 4, 5, 2, 0x69, 0x64, 1, 0x6a, 8, 1, 0])
}

/** A full image of the first table. */
export function smallImage(id: number, v: string): Buffer {
  const image = Buffer.alloc(6)
  image.writeUInt32LE(id, 1)
  image[5] = v.length
  return Buffer.concat([image, Buffer.from(v)])
}

function uint48(value: number): Buffer {
  const bytes = Buffer.alloc(6)
  bytes.writeUIntLE(value, 0, 6)
  return bytes
}

function lengthEncoded(value: number): Buffer {
  return value < 251 ? Buffer.from([value]) : Buffer.concat([Buffer.from([0xfe]), uint64(value)])
}

function uint64(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt(value))
  return bytes
}
