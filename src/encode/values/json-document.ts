// MySQL's binary JSON as the text that the server itself prints for it: members in the binary form's order, ", " and
// ": " between them, doubles, decimals, dates and opaque values as in a SELECT.

import type {ByteWriter} from '../../core/byte-writer.ts'
import {malformedImage, needBytes, readUintLe} from './image-bytes.ts'
import {writeInt64, writeUint64} from './integer-transcoder.ts'
import {writeServerJsonString} from '../json-bytes.ts'
import {writeOpaque, writeServerDouble} from './json-scalars.ts'

const SMALL_OBJECT = 0
const LARGE_OBJECT = 1
const SMALL_ARRAY = 2
const LARGE_ARRAY = 3
const LITERAL = 4
const INT16 = 5
const UINT16 = 6
const INT32 = 7
const UINT32 = 8
const INT64 = 9
const UINT64 = 10
const DOUBLE = 11
const STRING = 12
const OPAQUE = 15

/** The server refuses documents that are nested deeper. */
const MAX_DEPTH = 100
const LITERALS = ['null', 'true', 'false']

/** A document being read: its bounds, and what it may still cost. */
interface Walk {
  readonly source: Buffer
  readonly end: number
  /**
   * Bytes of the document not yet accounted for. In a sound document no two values share bytes; a malformed one could
   * point to the same values again and again and take for ever.
   */
  budget: number
}

/** Appends the text of the document `source[start, end)`. Throws TIDEMARK_BINLOG_ROW_MALFORMED. */
export function writeJsonDocument(source: Buffer, start: number, end: number, out: ByteWriter): void {
  if (start === end) {
    // The server reads an empty document as the literal null.
    out.writeAscii('null')
    return
  }
  writeValue({source, end, budget: end - start + 16}, source[start]!, start + 1, 0, out)
}

function spend(walk: Walk, bytes: number): void {
  walk.budget -= bytes
  if (walk.budget < 0) throw malformedImage('a JSON document whose values overlap')
}

function writeValue(walk: Walk, type: number, at: number, depth: number, out: ByteWriter): void {
  const {source, end} = walk
  switch (type) {
    case SMALL_OBJECT:
    case LARGE_OBJECT:
      writeContainer(walk, at, type === LARGE_OBJECT ? 4 : 2, true, depth, out)
      return
    case SMALL_ARRAY:
    case LARGE_ARRAY:
      writeContainer(walk, at, type === LARGE_ARRAY ? 4 : 2, false, depth, out)
      return
    case LITERAL: {
      needBytes(at, 1, end)
      const literal = LITERALS[source[at]!]
      if (literal === undefined) throw malformedImage('a JSON literal that is neither null, true nor false')
      out.writeAscii(literal)
      return
    }
    case INT16:
      needBytes(at, 2, end)
      out.writeInteger(source.readInt16LE(at))
      return
    case UINT16:
      needBytes(at, 2, end)
      out.writeInteger(source.readUInt16LE(at))
      return
    case INT32:
      needBytes(at, 4, end)
      out.writeInteger(source.readInt32LE(at))
      return
    case UINT32:
      needBytes(at, 4, end)
      out.writeInteger(source.readUInt32LE(at))
      return
    case INT64:
      needBytes(at, 8, end)
      writeInt64(source.readInt32LE(at + 4), source.readUInt32LE(at), out)
      return
    case UINT64:
      needBytes(at, 8, end)
      writeUint64(source.readUInt32LE(at + 4), source.readUInt32LE(at), out)
      return
    case DOUBLE:
      needBytes(at, 8, end)
      writeServerDouble(source.readDoubleLE(at), out)
      return
    case STRING:
      writeString(walk, at, out)
      return
    case OPAQUE:
      needBytes(at, 1, end)
      readLength(walk, at + 1)
      writeOpaque(source, source[at]!, contentStart, contentEnd, out)
      return
    default:
      throw malformedImage(`a JSON value of type ${type}`)
  }
}

function writeString(walk: Walk, at: number, out: ByteWriter): void {
  readLength(walk, at)
  writeServerJsonString(walk.source, contentStart, contentEnd, out)
}

let contentStart = 0
let contentEnd = 0

/** A length in groups of seven bits, low group first, and the content behind it, into `contentStart` and `contentEnd`. */
function readLength(walk: Walk, at: number): void {
  const {source, end} = walk
  let length = 0
  let next = at
  for (let i = 0; ; i++) {
    needBytes(next, 1, end)
    if (i === 5) throw malformedImage('a JSON value with a length of more than 5 bytes')
    const byte = source[next++]!
    length += (byte & 0x7f) * 2 ** (7 * i)
    if (byte < 0x80) break
  }
  needBytes(next, length, end)
  spend(walk, length)
  contentStart = next
  contentEnd = next + length
}

/** An object or array: count, size, key entries (offset, length), value entries (type, offset or the value itself). Offsets count from `base`. */
function writeContainer(
  walk: Walk,
  base: number,
  word: 2 | 4,
  isObject: boolean,
  depth: number,
  out: ByteWriter,
): void {
  const {source, end} = walk
  if (depth >= MAX_DEPTH) throw malformedImage(`a JSON document nested deeper than ${MAX_DEPTH}`)
  needBytes(base, 2 * word, end)
  const count = readUintLe(source, base, word)
  const keyEntry = isObject ? word + 2 : 0
  const keys = base + 2 * word
  const values = keys + count * keyEntry
  needBytes(keys, count * (keyEntry + 1 + word), end)
  spend(walk, count * (keyEntry + 1 + word))
  out.writeAscii(isObject ? '{' : '[')
  for (let i = 0; i < count; i++) {
    if (i > 0) out.writeAscii(', ')
    if (isObject) {
      const key = base + readUintLe(source, keys + i * keyEntry, word)
      const length = readUintLe(source, keys + i * keyEntry + word, 2)
      needBytes(key, length, end)
      spend(walk, length)
      writeServerJsonString(source, key, key + length, out)
      out.writeAscii(': ')
    }
    const entry = values + i * (1 + word)
    const type = source[entry]!
    const inlined =
      type === LITERAL || type === INT16 || type === UINT16 || (word === 4 && (type === INT32 || type === UINT32))
    const at = inlined ? entry + 1 : base + readUintLe(source, entry + 1, word)
    writeValue(walk, type, at, depth + 1, out)
  }
  out.writeAscii(isObject ? '}' : ']')
}
