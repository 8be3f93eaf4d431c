// Folds the events of one bucket by key, those of tables without a key as a multiset, and compares what they add up to
// with the table's rows.

import {scanMembers, skipValue} from './json-scan.ts'
import {MultisetFold} from './multiset-fold.ts'
import {DELETE_SHOWN, ROW, TOMBSTONE, TRUNCATE_OPEN, TRUNCATE_SHOWN, UPSERT_OPEN, UPSERT_SHOWN} from './record-kinds.ts'
import type {Bucket, ByteRange, RecordHead} from './spill-store.ts'
import {SpillStore} from './spill-store.ts'

export type DifferenceKind = 'missing' | 'ghost' | 'different'

export interface Difference {
  readonly kind: DifferenceKind
  /** The message key's JSON, cut where it is very long; of a table without a key the row's fingerprint. */
  readonly key: string
  /** Columns that differ, for `different`. */
  readonly columns: readonly string[]
  /** Of a table without a key: how often the row is in the table, and from the events. */
  readonly counts: {readonly table: number; readonly events: number} | null
  /** Place of the last event for the key, or for the row, that counted; null where there was none. */
  readonly lastEvent: {readonly file: string; readonly pos: number} | null
}

/** What the comparison of one table has found so far. */
export class TableFindings {
  /** Of a table without a key: rows. */
  keys = 0
  missing = 0
  ghosts = 0
  different = 0
  /** Two rows with one key: then nothing can be said by key. */
  duplicateRows = 0
  readonly shown: Difference[] = []
}

export interface FoldOptions {
  /** By table index. */
  readonly findings: readonly TableFindings[]
  /** Only keys with a row are compared: the rows are those that match a condition, and others may rightly be in the topic. */
  readonly rowsOnly: boolean
  /** Indexes of the tables without a key. Default: none. */
  readonly keyless?: ReadonlySet<number>
  /** Differences kept for each table. */
  readonly most: number
  /** By the index in records. */
  readonly files: readonly string[]
  /** Likewise: a truncate event empties its own partition, whose order it stands in. */
  readonly partitions: readonly number[]
  /** Larger buckets are split before they are folded. */
  readonly splitBytes: number
}

interface KeyState {
  readonly table: number
  /** The table's row; null: none. */
  row: string | null
  /** What the events that are certainly shown add up to; null: no row. */
  topic: string | null
  /** An event of an open transaction led to what the table shows. */
  openMatch: boolean
  file: number
  pos: number
}

const SPLIT_BUCKETS = 16
/** 64 buckets, split three times, are 262,144: what is still too large then is the history of few keys. */
const DEEPEST = 3
const SHOWN_KEY_LENGTH = 200

/** Compares one bucket. Splits it where it is too large to be folded in memory, unless one key's events alone make it so. */
export function compareBucket(bucket: Bucket, hashDivisor: number, options: FoldOptions, depth = 0): void {
  if (bucket.byteLength <= options.splitBytes || depth === DEEPEST) {
    new BucketFold(options).run(bucket)
    bucket.close()
    return
  }
  const store = new SpillStore({buckets: SPLIT_BUCKETS, memoryBytes: options.splitBytes, hashDivisor})
  try {
    split(bucket, store)
    bucket.close()
    for (const part of store.buckets) compareBucket(part, hashDivisor * SPLIT_BUCKETS, options, depth + 1)
  } finally {
    store.close()
  }
}

function split(bucket: Bucket, store: SpillStore): void {
  const key: ByteRange = {bytes: Buffer.alloc(0), start: 0, end: 0}
  const row: ByteRange = {bytes: Buffer.alloc(0), start: 0, end: 0}
  bucket.read(record => {
    if (isTruncate(record)) {
      store.appendToAll(record)
      return
    }
    key.bytes = row.bytes = record.bytes
    key.start = record.keyStart
    key.end = row.start = record.keyEnd
    row.end = record.rowEnd
    store.append(record, key, row)
  })
}

function isTruncate({kind}: RecordHead): boolean {
  return kind === TRUNCATE_SHOWN || kind === TRUNCATE_OPEN
}

class BucketFold {
  readonly #keys = new Map<string, KeyState>()
  readonly #multiset: MultisetFold
  readonly #options: FoldOptions

  constructor(options: FoldOptions) {
    this.#options = options
    this.#multiset = new MultisetFold(options)
  }

  run(bucket: Bucket): void {
    bucket.read(record => {
      if (this.#options.keyless?.has(record.table) === true) {
        if (isTruncate(record)) this.#multiset.truncate(record)
        else this.#multiset.take(record.bytes.toString('latin1', record.keyStart, record.keyEnd), record)
        return
      }
      if (isTruncate(record)) {
        this.#truncate(record)
        return
      }
      const {bytes, kind, table, keyStart, keyEnd, rowEnd} = record
      const name = `${table}:${bytes.toString('latin1', keyStart, keyEnd)}`
      if (kind === ROW) this.#row(name, record, bytes.toString('latin1', keyEnd, rowEnd))
      else this.#event(name, record, kind <= UPSERT_OPEN ? bytes.toString('latin1', keyEnd, rowEnd) : null)
    })
    for (const [name, state] of this.#keys) this.#compare(name, state)
    this.#multiset.compare()
  }

  // All rows of a bucket come before its events.
  #row(name: string, {table}: RecordHead, row: string): void {
    const findings = this.#options.findings[table]!
    if (this.#keys.has(name)) findings.duplicateRows++
    this.#keys.set(name, {table, row, topic: null, openMatch: false, file: 0, pos: -1})
  }

  #event(name: string, head: RecordHead, after: string | null): void {
    let state = this.#keys.get(name)
    if (state === undefined) {
      if (this.#options.rowsOnly) return
      state = {table: head.table, row: null, topic: null, openMatch: false, file: 0, pos: -1}
      this.#keys.set(name, state)
    }
    const {kind} = head
    if (kind === UPSERT_SHOWN || kind === DELETE_SHOWN) state.topic = after
    else if (after === state.row) state.openMatch = true
    if (kind === TOMBSTONE) return
    state.file = head.file
    state.pos = head.pos
  }

  #truncate(head: RecordHead): void {
    const {partitions} = this.#options
    for (const state of this.#keys.values()) {
      if (state.table !== head.table || state.pos < 0) continue
      if (partitions[state.file] !== partitions[head.file]) continue
      if (head.kind === TRUNCATE_SHOWN) state.topic = null
      else if (state.row === null) state.openMatch = true
    }
  }

  #compare(name: string, state: KeyState): void {
    const {row, topic, table} = state
    const findings = this.#options.findings[table]!
    if (topic !== null) findings.keys++
    if (row === topic || state.openMatch) return
    const kind = row === null ? 'ghost' : topic === null ? 'missing' : 'different'
    if (kind === 'ghost') findings.ghosts++
    else if (kind === 'missing') findings.missing++
    else findings.different++
    if (findings.shown.length >= this.#options.most) return
    const key = Buffer.from(name.slice(name.indexOf(':') + 1), 'latin1').toString('utf8')
    findings.shown.push({
      kind,
      key: key.length > SHOWN_KEY_LENGTH ? `${key.slice(0, SHOWN_KEY_LENGTH)}…` : key,
      columns: row === null || topic === null ? [] : differingColumns(row, topic),
      counts: null,
      lastEvent: state.pos < 0 ? null : {file: this.#options.files[state.file] ?? '', pos: state.pos},
    })
  }
}

/** Names of the members that two rows do not share with the same text. */
function differingColumns(row: string, topic: string): string[] {
  const [ours, theirs] = [membersOf(row), membersOf(topic)]
  const names = new Set([...ours.keys(), ...theirs.keys()])
  return [...names].filter(name => ours.get(name) !== theirs.get(name))
}

function membersOf(latin1: string): Map<string, string> {
  const bytes = Buffer.from(latin1, 'latin1')
  const members = new Map<string, string>()
  scanMembers(bytes, 0, bytes.length, (nameStart, nameEnd, valueStart) => {
    const valueEnd = skipValue(bytes, valueStart, bytes.length)
    members.set(bytes.toString('utf8', nameStart, nameEnd), bytes.toString('latin1', valueStart, valueEnd))
    return valueEnd
  })
  return members
}
