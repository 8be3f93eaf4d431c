// The differences of a JSON document that binlog_row_value_options=PARTIAL_JSON logs in its place (sql-common/json_diff.cc):
// operation, path and value one after the other, applied in turn.

import type {ByteWriter} from '../core/byte-writer.ts'
import {expanded, findMember, readJson, writeJson, type JsonTree, type Malformed} from './json-tree.ts'

const REPLACE = 0
const INSERT = 1
const REMOVE = 2

/** The server refuses documents that are nested deeper. */
const MAX_LEGS = 100

/** `bytes[start, end)`. */
export interface ByteRange {
  readonly bytes: Buffer
  readonly start: number
  readonly end: number
}

/** One step of a path: a member, or a cell counted from the front or from the end of an array. */
type PathLeg =
  | {readonly type: 'member'; readonly name: Buffer}
  | {readonly type: 'cell'; readonly index: number; readonly fromEnd: boolean}

/** Appends the document `before` as it is after the differences. Throws what `malformed` makes where they do not fit it. */
export function applyJsonDiffs(before: ByteRange, diffs: ByteRange, out: ByteWriter, malformed: Malformed): void {
  const reader = new DiffReader(diffs, malformed)
  if (reader.isDone) {
    out.write(before.bytes, before.start, before.end)
    return
  }
  const document = expanded(readJson(before.bytes, before.start, before.end, malformed), malformed)
  while (!reader.isDone) reader.applyNext(document)
  writeJson(document, out)
}

class DiffReader {
  readonly #bytes: Buffer
  readonly #end: number
  readonly #malformed: Malformed
  #at: number

  constructor({bytes, start, end}: ByteRange, malformed: Malformed) {
    this.#bytes = bytes
    this.#at = start
    this.#end = end
    this.#malformed = malformed
  }

  get isDone(): boolean {
    return this.#at === this.#end
  }

  applyNext(document: JsonTree): void {
    const operation = this.#bytes[this.#at++]!
    if (operation > REMOVE) throw this.#malformed(`the JSON difference ${operation} is not known`)
    const legs = readPath(this.#taken(), this.#malformed)
    const last = legs.pop()
    if (last === undefined) throw this.#malformed('a JSON difference of the whole document')
    const parent = legs.reduce((node, leg) => this.#step(node, leg), document)
    let value: JsonTree | null = null
    if (operation !== REMOVE) {
      const bytes = this.#taken()
      if (bytes.length === 0) throw this.#malformed('a JSON difference without a value')
      value = readJson(bytes, 0, bytes.length, this.#malformed)
    }
    const isDone =
      last.type === 'member'
        ? changeMember(parent, last.name, operation, value)
        : changeCell(parent, last, operation, value)
    if (!isDone) throw this.#malformed('a JSON difference does not fit the document that it changes')
  }

  #step(parent: JsonTree, leg: PathLeg): JsonTree {
    let at = -1
    if (parent.kind === 'object' && leg.type === 'member') {
      const {found, at: place} = findMember(parent, leg.name)
      if (found) at = place
    } else if (parent.kind === 'array' && leg.type === 'cell') {
      at = cellOf(leg, parent.values.length)
    }
    if (parent.kind === 'raw' || at < 0) throw this.#malformed('the path of a JSON difference leads nowhere')
    return (parent.values[at] = expanded(parent.values[at]!, this.#malformed))
  }

  /** Bytes behind their length, as the protocol writes it. */
  #taken(): Buffer {
    const first = this.#at < this.#end ? this.#bytes[this.#at]! : 0xff
    const width = first < 0xfb ? 0 : first === 0xfc ? 2 : first === 0xfd ? 3 : first === 0xfe ? 8 : -1
    const start = this.#at + 1 + width
    if (width < 0 || start > this.#end) throw this.#malformed('the length of a part of a JSON difference is cut off')
    const low = width === 0 ? first : this.#bytes.readUIntLE(this.#at + 1, Math.min(width, 4))
    const length = low + (width === 8 ? this.#bytes.readUInt32LE(this.#at + 5) * 0x100000000 : 0)
    if (length > this.#end - start) throw this.#malformed('a JSON difference is cut off')
    this.#at = start + length
    return this.#bytes.subarray(start, this.#at)
  }
}

/** False where it is not possible. */
function changeMember(parent: JsonTree, name: Buffer, operation: number, value: JsonTree | null): boolean {
  if (parent.kind !== 'object') return false
  const {found, at} = findMember(parent, name)
  if (found === (operation === INSERT)) return false
  if (value === null) {
    parent.names.splice(at, 1)
    parent.values.splice(at, 1)
  } else if (operation === REPLACE) {
    parent.values[at] = value
  } else {
    // The name outlives the event's bytes only as far as the document does.
    parent.names.splice(at, 0, name)
    parent.values.splice(at, 0, value)
  }
  return true
}

function changeCell(
  parent: JsonTree,
  cell: PathLeg & {type: 'cell'},
  operation: number,
  value: JsonTree | null,
): boolean {
  if (parent.kind !== 'array') return false
  const {values} = parent
  if (operation === INSERT) {
    // Behind the end it is appended, before the beginning it is put in front.
    const at = cell.fromEnd ? values.length - 1 - cell.index : cell.index
    values.splice(Math.min(Math.max(at, 0), values.length), 0, value!)
    return true
  }
  const at = cellOf(cell, values.length)
  if (at < 0) return false
  if (value === null) values.splice(at, 1)
  else values[at] = value
  return true
}

/** -1 where the array has no such cell. */
function cellOf({index, fromEnd}: PathLeg & {type: 'cell'}, length: number): number {
  if (index >= length) return -1
  return fromEnd ? length - 1 - index : index
}

const DOLLAR = 0x24
const DOT = 0x2e
const BRACKET = 0x5b
const QUOTE = 0x22
const BACKSLASH = 0x5c
const CELL = /^\[\s*(?:(\d{1,10})|last(?:\s*-\s*(\d{1,10}))?)\s*\]/
/** No cell's text is longer, white space aside, of which the server writes none. */
const CELL_BYTES = 32

/** A path as the server writes it: `$`, then `[3]`, `[last-1]`, `.name` or `."any name"`. */
function readPath(path: Buffer, malformed: Malformed): PathLeg[] {
  const wrong = (): Error => malformed('the path of a JSON difference cannot be read')
  if (path[0] !== DOLLAR) throw wrong()
  const legs: PathLeg[] = []
  let at = 1
  while (at < path.length) {
    if (legs.length === MAX_LEGS) throw wrong()
    if (path[at] === BRACKET) {
      const match = CELL.exec(path.toString('latin1', at, at + CELL_BYTES))
      if (match === null) throw wrong()
      const [text, front, back] = match
      legs.push({type: 'cell', index: Number(front ?? back ?? 0), fromEnd: front === undefined})
      at += text.length
    } else if (path[at] === DOT) {
      const end = memberEnd(path, at + 1)
      const name = path[at + 1] === QUOTE ? unquoted(path.subarray(at + 1, end), wrong) : path.subarray(at + 1, end)
      if (end === at + 1) throw wrong()
      legs.push({type: 'member', name})
      at = end
    } else {
      throw wrong()
    }
  }
  return legs
}

function memberEnd(path: Buffer, start: number): number {
  let at = start
  if (path[at] === QUOTE) {
    for (at++; at < path.length && path[at] !== QUOTE; at++) if (path[at] === BACKSLASH) at++
    return Math.min(at + 1, path.length)
  }
  while (at < path.length && path[at] !== DOT && path[at] !== BRACKET) at++
  return at
}

function unquoted(text: Buffer, wrong: () => Error): Buffer {
  try {
    return Buffer.from(String(JSON.parse(text.toString('utf8'))))
  } catch {
    throw wrong()
  }
}
