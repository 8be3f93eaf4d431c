// MySQL's binary JSON as a tree that can be changed. Values that nobody looks into stay bytes, whatever they hold:
// offsets inside a container count from its own start, so that it can be moved as it is.

import type {ByteWriter} from '../core/byte-writer.ts'

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

/** Bytes of an offset, count or size in the large form, which is what is written: it holds documents of any size. */
const LARGE_WORD = 4

/** A value as its bytes stand where it is not inlined; a container before it is looked into. */
export interface RawValue {
  readonly kind: 'raw'
  readonly type: number
  readonly source: Buffer
  readonly start: number
  readonly end: number
}

/** Members in the server's order: by the length of their names, then by their bytes. */
export interface JsonObject {
  readonly kind: 'object'
  readonly names: Buffer[]
  readonly values: JsonTree[]
}

export interface JsonArray {
  readonly kind: 'array'
  readonly values: JsonTree[]
}

export type JsonTree = RawValue | JsonObject | JsonArray

/** Makes the error for bytes that are no JSON document. */
export type Malformed = (what: string) => Error

/** The document `source[start, end)`. */
export function readJson(source: Buffer, start: number, end: number, malformed: Malformed): RawValue {
  // The server reads an empty document as the literal null.
  if (start === end) return {kind: 'raw', type: LITERAL, source: Buffer.of(0), start: 0, end: 1}
  return rawValue({source, at: start + 1, end, malformed}, source[start]!)
}

/** Looks into a container. A scalar stays what it is. */
export function expanded(value: JsonTree, malformed: Malformed): JsonTree {
  if (value.kind !== 'raw') return value
  switch (value.type) {
    case SMALL_OBJECT:
    case LARGE_OBJECT:
      return readObject(value, value.type === LARGE_OBJECT ? 4 : 2, malformed)
    case SMALL_ARRAY:
    case LARGE_ARRAY:
      return {kind: 'array', values: readValues(value, value.type === LARGE_ARRAY ? 4 : 2, 0, malformed)}
    default:
      return value
  }
}

/** Where a member is (`at`), or where it would have to be put. */
export function findMember(object: JsonObject, name: Buffer): {readonly found: boolean; readonly at: number} {
  let low = 0
  let high = object.names.length
  while (low < high) {
    const middle = (low + high) >> 1
    const other = object.names[middle]!
    const order = other.length - name.length || other.compare(name)
    if (order === 0) return {found: true, at: middle}
    if (order < 0) low = middle + 1
    else high = middle
  }
  return {found: false, at: low}
}

/** Appends the document. */
export function writeJson(tree: JsonTree, out: ByteWriter): void {
  out.writeByte(typeOf(tree))
  writeContent(tree, out)
}

interface Place {
  readonly source: Buffer
  readonly at: number
  /** Of what the value may reach to: its container, or the document. */
  readonly end: number
  readonly malformed: Malformed
}

function rawValue(place: Place, type: number): RawValue {
  const {source, at, end, malformed} = place
  const length = contentLength(place, type)
  if (!(at + length <= end)) throw malformed(`a JSON value of ${length} bytes, but ${end - at} left`)
  return {kind: 'raw', type, source, start: at, end: at + length}
}

function contentLength(place: Place, type: number): number {
  switch (type) {
    case SMALL_OBJECT:
    case SMALL_ARRAY:
      return word(place, place.at + 2, 2)
    case LARGE_OBJECT:
    case LARGE_ARRAY:
      return word(place, place.at + 4, 4)
    case LITERAL:
      return 1
    case INT16:
    case UINT16:
      return 2
    case INT32:
    case UINT32:
      return 4
    case INT64:
    case UINT64:
    case DOUBLE:
      return 8
    case STRING:
      return withLength(place, 0)
    case OPAQUE:
      return withLength(place, 1)
    default:
      throw place.malformed(`a JSON value of type ${type}`)
  }
}

/** A length in groups of seven bits, low group first, `head` bytes in, and as many bytes. */
function withLength({source, at, end, malformed}: Place, head: number): number {
  let length = 0
  let next = at + head
  for (let i = 0; ; i++) {
    if (next >= end || i === 5) throw malformed('the length of a JSON value is cut off or too long')
    const byte = source[next++]!
    length += (byte & 0x7f) * 2 ** (7 * i)
    if (byte < 0x80) return next - at + length
  }
}

function word({source, end, malformed}: Omit<Place, 'at'>, at: number, bytes: 2 | 4): number {
  if (at + bytes > end) throw malformed('a JSON document is cut off')
  return source.readUIntLE(at, bytes)
}

function readObject(raw: RawValue, size: 2 | 4, malformed: Malformed): JsonObject {
  const {source, start, end} = raw
  const place = {source, end, malformed}
  const count = word(place, start, size)
  const entry = size + 2
  const values = readValues(raw, size, count * entry, malformed)
  const names: Buffer[] = []
  for (let i = 0; i < count; i++) {
    const at = start + 2 * size + i * entry
    const from = start + word(place, at, size)
    const to = from + word(place, at + size, 2)
    if (to > end) throw malformed('the name of a JSON member is cut off')
    names.push(source.subarray(from, to))
  }
  return {kind: 'object', names, values}
}

/** The values of a container; `keyBytes` of key entries stand before theirs. */
function readValues(raw: RawValue, size: 2 | 4, keyBytes: number, malformed: Malformed): JsonTree[] {
  const {source, start, end} = raw
  const place = {source, end, malformed}
  const count = word(place, start, size)
  const entries = start + 2 * size + keyBytes
  if (entries + count * (1 + size) > end) throw malformed(`a JSON container of ${count} values is cut off`)
  const values: JsonTree[] = []
  // In a sound document no two values share bytes. A damaged one could point to the same ones again and again, and
  // become ever larger with each look into it.
  let left = end - entries
  for (let i = 0; i < count; i++) {
    const entry = entries + i * (1 + size)
    const type = source[entry]!
    const at = isInlined(type, size) ? entry + 1 : start + word(place, entry + 1, size)
    const value = rawValue({...place, at}, type)
    left -= value.end - value.start
    if (left < 0) throw malformed('a JSON container whose values overlap')
    values.push(value)
  }
  return values
}

function isInlined(type: number, size: 2 | 4): boolean {
  return type === LITERAL || type === INT16 || type === UINT16 || (size === 4 && (type === INT32 || type === UINT32))
}

function typeOf(tree: JsonTree): number {
  return tree.kind === 'raw' ? tree.type : tree.kind === 'object' ? LARGE_OBJECT : LARGE_ARRAY
}

function writeContent(tree: JsonTree, out: ByteWriter): void {
  if (tree.kind === 'raw') {
    out.write(tree.source, tree.start, tree.end)
    return
  }
  const base = out.length
  const names = tree.kind === 'object' ? tree.names : []
  const {values} = tree
  const entries = base + 2 * LARGE_WORD + names.length * (LARGE_WORD + 2)
  const contents = entries + values.length * (1 + LARGE_WORD)
  out.reserve(contents - base)
  out.length = contents
  for (let i = 0; i < names.length; i++) {
    const at = base + 2 * LARGE_WORD + i * (LARGE_WORD + 2)
    out.bytes.writeUInt32LE(out.length - base, at)
    out.bytes.writeUInt16LE(names[i]!.length, at + LARGE_WORD)
    out.write(names[i]!)
  }
  for (let i = 0; i < values.length; i++) writeEntry(values[i]!, {base, at: entries + i * (1 + LARGE_WORD)}, out)
  out.bytes.writeUInt32LE(values.length, base)
  out.bytes.writeUInt32LE(out.length - base, base + LARGE_WORD)
}

function writeEntry(value: JsonTree, {base, at}: {readonly base: number; readonly at: number}, out: ByteWriter): void {
  const type = typeOf(value)
  out.bytes[at] = type
  if (value.kind === 'raw' && isInlined(type, LARGE_WORD)) {
    out.bytes.fill(0, at + 1, at + 1 + LARGE_WORD)
    value.source.copy(out.bytes, at + 1, value.start, value.end)
    return
  }
  out.bytes.writeUInt32LE(out.length - base, at + 1)
  writeContent(value, out)
}
