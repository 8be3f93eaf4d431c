// A set of GTIDs: for each source the transactions' numbers as ordered, disjoint intervals. Made for a stream that adds
// one number after the other behind the last interval.

import {TidemarkError} from './tidemark-error.ts'

/** Inclusive bounds, flat: [from, to, from, to, …], ascending, with a gap of at least one number between two intervals. */
type Intervals = number[]

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const TAG = /^[a-z_][a-z0-9_]{0,31}$/
const NUMBER = /^[0-9]{1,19}$/

/** A source is named `uuid` or `uuid:tag`, in lower case, as `BinlogEvents.sid` has it. */
export class GtidSet {
  readonly #sources = new Map<string, Intervals>()
  #lastSid = ''
  #last: Intervals | null = null

  /** Reads MySQL's text form: `uuid:1-5:7,uuid:tag:1`, with or without blanks. Throws TIDEMARK_GTID_SET_MALFORMED. */
  static parse(text: string): GtidSet {
    const set = new GtidSet()
    for (const entry of text.split(',')) {
      const trimmed = entry.trim()
      if (trimmed !== '') set.#parseEntry(trimmed)
    }
    return set
  }

  get isEmpty(): boolean {
    return this.#sources.size === 0
  }

  /** Number of transactions. */
  get count(): number {
    let count = 0
    for (const intervals of this.#sources.values()) {
      for (let i = 0; i < intervals.length; i += 2) count += intervals[i + 1]! - intervals[i]! + 1
    }
    return count
  }

  /** Adds one transaction; constant time where it follows the last one of its source. */
  add(sid: string, gno: number): void {
    const intervals = this.#intervalsOf(sid)
    const last = intervals.length - 1
    if (last > 0 && intervals[last] === gno - 1) intervals[last] = gno
    else insert(intervals, gno, gno)
  }

  /** Adds all numbers from `from` to `to`, both included. */
  addRange(sid: string, from: number, to: number): void {
    if (from <= to) insert(this.#intervalsOf(sid), from, to)
  }

  has(sid: string, gno: number): boolean {
    const intervals = this.#find(sid)
    if (intervals === undefined) return false
    const at = firstEndingAtOrBehind(intervals, gno)
    return at < intervals.length && intervals[at]! <= gno
  }

  /** True where every transaction of `other` is in this set. */
  contains(other: GtidSet): boolean {
    for (const [sid, wanted] of other.#sources) {
      const intervals = this.#sources.get(sid)
      if (intervals === undefined) return false
      for (let i = 0; i < wanted.length; i += 2) {
        const at = firstEndingAtOrBehind(intervals, wanted[i]!)
        if (at >= intervals.length || intervals[at]! > wanted[i]! || intervals[at + 1]! < wanted[i + 1]!) return false
      }
    }
    return true
  }

  equals(other: GtidSet): boolean {
    return this.contains(other) && other.contains(this)
  }

  /** A new set of what is in either. */
  union(other: GtidSet): GtidSet {
    const result = this.clone()
    for (const [sid, intervals] of other.#sources) {
      const target = result.#intervalsOf(sid)
      for (let i = 0; i < intervals.length; i += 2) insert(target, intervals[i]!, intervals[i + 1]!)
    }
    return result
  }

  /** A new set of what is in this one and not in `other`. */
  subtract(other: GtidSet): GtidSet {
    const result = new GtidSet()
    for (const [sid, intervals] of this.#sources) {
      const left = subtractIntervals(intervals, other.#sources.get(sid) ?? [])
      if (left.length > 0) result.#sources.set(sid, left)
    }
    return result
  }

  clone(): GtidSet {
    const result = new GtidSet()
    for (const [sid, intervals] of this.#sources) result.#sources.set(sid, intervals.slice())
    return result
  }

  /** MySQL's text form in its order: uuids ascending, for each its untagged numbers, then the tags ascending. */
  toString(): string {
    let text = ''
    let lastUuid = ''
    for (const sid of [...this.#sources.keys()].sort()) {
      const uuid = sid.slice(0, 36)
      if (uuid !== lastUuid) text += (text === '' ? '' : ',') + sid
      else text += sid.slice(36)
      lastUuid = uuid
      const intervals = this.#sources.get(sid)!
      for (let i = 0; i < intervals.length; i += 2) {
        const from = intervals[i]!
        const to = intervals[i + 1]!
        text += from === to ? `:${from}` : `:${from}-${to}`
      }
    }
    return text
  }

  #find(sid: string): Intervals | undefined {
    if (sid === this.#lastSid && this.#last !== null) return this.#last
    return this.#sources.get(sid)
  }

  #intervalsOf(sid: string): Intervals {
    if (sid === this.#lastSid && this.#last !== null) return this.#last
    let intervals = this.#sources.get(sid)
    if (intervals === undefined) {
      intervals = []
      this.#sources.set(sid, intervals)
    }
    this.#lastSid = sid
    this.#last = intervals
    return intervals
  }

  #parseEntry(entry: string): void {
    const items = entry.split(':').map(item => item.trim())
    const uuid = items[0]!.toLowerCase()
    if (!UUID.test(uuid)) throw malformed(entry, `"${items[0]}" is not a UUID`)
    let sid = uuid
    let isOpen = true
    for (const item of items.slice(1)) {
      const tag = item.toLowerCase()
      if (TAG.test(tag)) {
        if (isOpen && sid !== uuid) throw malformed(entry, `tag "${sid.slice(37)}" has no interval`)
        sid = `${uuid}:${tag}`
        isOpen = true
      } else {
        const bounds = item.split('-').map(bound => bound.trim())
        const from = parseNumber(bounds[0]!, entry)
        const to = bounds.length === 1 ? from : parseNumber(bounds[1]!, entry)
        if (bounds.length > 2 || to < from) throw malformed(entry, `"${item}" is not an interval`)
        this.addRange(sid, from, to)
        isOpen = false
      }
    }
    if (isOpen) throw malformed(entry, 'it has no interval')
  }
}

/** Index of the first interval whose end is `gno` or more; the length where there is none. Looks at the last one first. */
function firstEndingAtOrBehind(intervals: Intervals, gno: number): number {
  const length = intervals.length
  if (length === 0 || intervals[length - 1]! < gno) return length
  let low = 0
  let high = length / 2 - 1
  while (low < high) {
    const middle = (low + high) >>> 1
    if (intervals[middle * 2 + 1]! < gno) low = middle + 1
    else high = middle
  }
  return low * 2
}

function insert(intervals: Intervals, from: number, to: number): void {
  // The first interval that [from, to] overlaps or touches, and the first behind it that it does not.
  const first = firstEndingAtOrBehind(intervals, from - 1)
  let next = first
  while (next < intervals.length && intervals[next]! <= to + 1) next += 2
  if (next === first) {
    if (first === intervals.length) intervals.push(from, to)
    else intervals.splice(first, 0, from, to)
    return
  }
  intervals[first] = Math.min(from, intervals[first]!)
  intervals[first + 1] = Math.max(to, intervals[next - 1]!)
  if (next - first > 2) intervals.splice(first + 2, next - first - 2)
}

function subtractIntervals(intervals: Intervals, removed: Intervals): Intervals {
  const left: Intervals = []
  let r = 0
  for (let i = 0; i < intervals.length; i += 2) {
    let from = intervals[i]!
    const to = intervals[i + 1]!
    while (r < removed.length && removed[r + 1]! < from) r += 2
    let s = r
    while (s < removed.length && removed[s]! <= to && from <= to) {
      if (removed[s]! > from) left.push(from, removed[s]! - 1)
      from = removed[s + 1]! + 1
      s += 2
    }
    if (from <= to) left.push(from, to)
  }
  return left
}

function parseNumber(text: string, entry: string): number {
  const value = NUMBER.test(text) ? Number(text) : NaN
  if (!(value >= 1)) throw malformed(entry, `"${text}" is not a transaction number`)
  if (!Number.isSafeInteger(value))
    throw malformed(entry, `"${text}" is above ${Number.MAX_SAFE_INTEGER}, which is not supported`)
  return value
}

function malformed(entry: string, why: string): TidemarkError {
  const shown = entry.length > 100 ? `${entry.slice(0, 100)}…` : entry
  return new TidemarkError(
    'TIDEMARK_GTID_SET_MALFORMED',
    `cannot read the GTID set entry "${shown}": ${why}; wanted uuid:1-5:7 or uuid:tag:1-5, separated by commas`,
  )
}
