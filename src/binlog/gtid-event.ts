// GTID events: the source's name as one string object while it does not change, so that nothing is built for each
// transaction of a steady source.

import type {ByteCursor} from './byte-cursor.ts'
import {uint32} from './little-endian.ts'

/** Sources whose names are kept; more than that take turns. */
const MOST_SOURCES = 16
const TIMESTAMP_BYTES = 7

interface Source {
  readonly uuid: Buffer
  readonly tag: string
  readonly sid: string
}

export class SourceNames {
  readonly #sources: Source[] = []
  #next = 0

  /** `uuid` of the 16 bytes at `at`, or `uuid:tag`. */
  nameOf(bytes: Buffer, at: number, tag: string): string {
    for (const source of this.#sources) {
      if (source.tag === tag && sameUuid(source.uuid, bytes, at)) return source.sid
    }
    const uuid = Buffer.from(bytes.subarray(at, at + 16))
    const source = {uuid, tag, sid: tag === '' ? uuidText(uuid) : `${uuidText(uuid)}:${tag}`}
    this.#sources[this.#next] = source
    this.#next = (this.#next + 1) % MOST_SOURCES
    return source.sid
  }
}

function sameUuid(uuid: Buffer, bytes: Buffer, at: number): boolean {
  for (let i = 0; i < 16; i++) if (uuid[i] !== bytes[at + i]) return false
  return true
}

function uuidText(uuid: Buffer): string {
  const hex = uuid.toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

export interface TaggedGtid {
  readonly uuid: Buffer
  readonly tag: string
  readonly gno: number
  /** Of the original commit, in microseconds since 1970. */
  readonly commitTimestampUs: number
}

const FIELD_FLAGS = 0
const FIELD_UUID = 1
const FIELD_GNO = 2
const FIELD_TAG = 3
const FIELD_LAST_COMMITTED = 4
const FIELD_SEQUENCE_NUMBER = 5
const FIELD_IMMEDIATE_COMMIT_TIMESTAMP = 6
const FIELD_ORIGINAL_COMMIT_TIMESTAMP = 7

/**
 * GTID_TAGGED_LOG_EVENT (MySQL 8.3 and later): a message of mysql::serialization. Fields come in ascending order, each
 * behind its number; those that are not needed stand at the end and are left.
 */
export function readTaggedGtid(cursor: ByteCursor): TaggedGtid {
  const version = cursor.varint()
  if (version !== 1) throw cursor.malformed(`version ${version} of a tagged GTID is not supported`)
  cursor.varint() // the message's size
  cursor.varint() // the last field that must be understood
  const uuid = Buffer.alloc(16)
  let tag = ''
  let gno = 0
  let immediate = 0
  let original = 0
  while (cursor.remaining > 0) {
    const field = cursor.varint()
    if (field === FIELD_UUID) for (let i = 0; i < 16; i++) uuid[i] = cursor.varint()
    else if (field === FIELD_GNO) gno = signed(cursor.varint())
    else if (field === FIELD_TAG) tag = cursor.utf8(cursor.varint())
    else if (field === FIELD_IMMEDIATE_COMMIT_TIMESTAMP) immediate = cursor.varint()
    else if (field === FIELD_ORIGINAL_COMMIT_TIMESTAMP) original = cursor.varint()
    else if (field === FIELD_FLAGS || field === FIELD_LAST_COMMITTED || field === FIELD_SEQUENCE_NUMBER) cursor.varint()
    else break
  }
  if (!(gno >= 1)) throw cursor.malformed(`${gno} is no GTID's number`)
  return {uuid, tag, gno, commitTimestampUs: original === 0 ? immediate : original}
}

/** Numbers of either sign stand doubled; the lowest bit says that it is negative. */
function signed(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2
}

/** In microseconds since 1970, 0 where there is none. Seven bytes of the commit here; where their highest bit is set, seven of the original commit follow. */
export function commitTimestamp(bytes: Buffer, at: number, end: number): number {
  if (end - at < TIMESTAMP_BYTES) return 0
  const high = bytes[at + 6]!
  if ((high & 0x80) === 0) return microseconds(bytes, at)
  const original = at + TIMESTAMP_BYTES
  if (end - original < TIMESTAMP_BYTES) return microseconds(bytes, at)
  return microseconds(bytes, original)
}

function microseconds(bytes: Buffer, at: number): number {
  const high = bytes[at + 4]! | (bytes[at + 5]! << 8) | ((bytes[at + 6]! & 0x7f) << 16)
  return uint32(bytes, at) + high * 0x100000000
}
