// Takes the events of the topics as they come, in their order, and puts what a fold needs into the store.

import {TidemarkError} from '../core/tidemark-error.ts'
import {ChangeScanner, FrameSkipper} from './change-scanner.ts'
import {isText} from './json-scan.ts'
import {KeylessOrder} from './keyless-order.ts'
import {
  ADD_OPEN,
  ADD_SHOWN,
  DELETE_OPEN,
  DELETE_SHOWN,
  REMOVE_OPEN,
  REMOVE_SHOWN,
  TOMBSTONE,
  TRUNCATE_OPEN,
  TRUNCATE_SHOWN,
  UPSERT_OPEN,
  UPSERT_SHOWN,
} from './record-kinds.ts'
import type {ByteRange, RecordHead, SpillStore} from './spill-store.ts'
import {sourceName, type TopicContent} from './topic-tables.ts'
import {standingOf, type EventPlace, type Standing, type VerifyPlace} from './verify-place.ts'

const OP_CREATE = 0x63
const OP_DELETE = 0x64
const OP_MESSAGE = 0x6d
const OP_READ = 0x72
const OP_TRUNCATE = 0x74
const COLON = 0x3a

/** What came in for one table. */
export class EventCounts {
  events = 0
  /** Read events among them. */
  reads = 0
  /** Behind the place that is compared. */
  behind = 0
  /** Events without a key, which no fold by key can take. */
  withoutKey = 0
  /** Of a table without a key: what a crash repeated, and read events of copies that were begun anew. */
  repeated = 0
  superseded = 0
  /** Of a table without a key: partitions with rows whose events have none either, which belong into one. */
  readonly partitions = new Set<number>()
}

/** `bytes[start, end)` of a buffer. */
export interface BufferRange {
  bytes: Buffer
  start: number
  end: number
}

/** Where else than in key and value something stands. */
export interface EventBeside {
  readonly partition: number
  /** The header `__tidemark.copy.id`, which counts where `needsCopyId` says so. */
  readonly copyId: string | null
}

const IN_A_FILE: EventBeside = {partition: 0, copyId: null}

/** What there is to take in. */
export interface IntakeScope {
  /** How many tables. */
  readonly tables: number
  readonly topics: readonly TopicContent[]
  /** Indexes of the tables that are folded as a multiset of full rows. Default: none. */
  readonly keyless?: ReadonlySet<number>
}

/** A delete, which its tombstone repeats; `table` undefined: of one that is not asked for. */
interface Deleted {
  readonly table: number | undefined
  readonly key: Buffer
}

export class EventIntake {
  /** By table index. */
  readonly counts: readonly EventCounts[]
  /** Names of binlog files and the partition of their events, by the index in records. */
  readonly files: string[] = []
  readonly partitions: number[] = []
  readonly #store: SpillStore
  readonly #place: VerifyPlace
  readonly #topics: readonly TopicContent[]
  readonly #scanner = new ChangeScanner()
  readonly #keyFrame = new FrameSkipper()
  readonly #fileIndexes = new Map<string, number>()
  readonly #keyless: ReadonlySet<number>
  /** By table without a key: the order in the partition at hand. */
  readonly #orders = new Map<number, {readonly partition: number; readonly order: KeylessOrder}>()
  #partition = 0
  #copyId: string | null = null
  #lastFile = ''
  #lastPartition = 0
  #lastIndex = 0
  // Reused for every event.
  readonly #head: RecordHead = {kind: 0, table: 0, file: 0, pos: 0}
  readonly #key: ByteRange = {bytes: Buffer.alloc(0), start: 0, end: 0}
  readonly #after: ByteRange = {bytes: Buffer.alloc(0), start: 0, end: 0}
  readonly #row: ByteRange = {bytes: Buffer.alloc(0), start: 0, end: 0}
  readonly #at: {-readonly [K in keyof EventPlace]: EventPlace[K]} = {file: '', pos: 0, sid: '', gno: 0, isRead: false}
  #sid = ''
  /** By topic: its last event where that was a delete. */
  readonly #deleted: (Deleted | null)[]

  constructor(store: SpillStore, place: VerifyPlace, {tables, topics, keyless}: IntakeScope) {
    this.#store = store
    this.#place = place
    this.#topics = topics
    this.#keyless = keyless ?? new Set()
    this.counts = Array.from({length: tables}, () => new EventCounts())
    this.#deleted = new Array<Deleted | null>(topics.length).fill(null)
  }

  /**
   * One event of a topic. `key` null: it has none; `value` null: a tombstone. The bytes are copied. Returns the
   * offset behind the value, which may lie before `value.end`; 0 without one. A partition is taken in its order, and
   * one after the other.
   */
  take(topic: number, key: BufferRange | null, value: BufferRange | null, beside: EventBeside = IN_A_FILE): number {
    this.#partition = beside.partition
    this.#copyId = beside.copyId
    this.#take(topic, key, value)
    return value === null ? 0 : this.#scanner.valueEnd
  }

  /** Whether the topic has events of a table without a key. */
  needsCopyId(topic: number): boolean {
    const content = this.#topics[topic]!
    const tables = content.type === 'own' ? [content.table] : [...content.tables.values()]
    return tables.some(table => this.#keyless.has(table))
  }

  #take(topic: number, key: BufferRange | null, value: BufferRange | null): void {
    const content = this.#topics[topic]!
    const isOwn = content.type === 'own'
    const deleted = this.#deleted[topic]!
    this.#deleted[topic] = null
    if (value === null || !this.#isChange(value, isOwn)) {
      this.#tombstone(content, key, deleted)
      return
    }
    const {op} = this.#scanner
    const table = isOwn ? content.table : this.#sourceTable(value.bytes, content.tables)
    if (op === OP_DELETE && key !== null) {
      this.#deleted[topic] = {table, key: Buffer.from(key.bytes.subarray(key.start, key.end))}
    }
    // A heartbeat, say, or an event of a table that is not asked for.
    if (table === undefined || op === 0) return
    const counts = this.counts[table]!
    counts.events++
    this.#head.table = table
    if (op === OP_MESSAGE) return
    if (op === OP_READ) counts.reads++
    const standing = this.#locate(value.bytes)
    if (standing === 'behind') counts.behind++
    else if (this.#keyless.has(table)) this.#keylessEvent(table, standing, {key, bytes: value.bytes})
    else if (op === OP_TRUNCATE) this.#truncate(standing)
    else if (op === OP_DELETE) this.#delete(standing, key, counts)
    else this.#upsert(standing, {key, value, counts})
  }

  #isChange({bytes, start, end}: BufferRange, isOwn: boolean): boolean {
    return isOwn ? this.#scanner.scan(bytes, start, end) : this.#scanner.scanAny(bytes, start, end)
  }

  /** The table of the event just scanned, among those that share its topic. */
  #sourceTable(bytes: Buffer, tables: ReadonlyMap<string, number>): number | undefined {
    const {databaseStart, databaseEnd, tableStart, tableEnd} = this.#scanner
    if (databaseStart < 0 || tableStart < 0) return undefined
    const database = bytes.toString('latin1', databaseStart, databaseEnd)
    return tables.get(sourceName(database, bytes.toString('latin1', tableStart, tableEnd)))
  }

  /** It names no place of its own. Mostly it repeats the delete just before it, which does. */
  #tombstone(content: TopicContent, key: BufferRange | null, deleted: Deleted | null): void {
    if (key !== null && deleted !== null && isSame(deleted.key, key)) {
      if (deleted.table !== undefined) this.counts[deleted.table]!.events++
      return
    }
    this.#head.kind = TOMBSTONE
    this.#head.file = this.#head.pos = 0
    if (content.type === 'own') {
      const counts = this.counts[content.table]!
      counts.events++
      if (this.#keyless.has(content.table)) return
      this.#head.table = content.table
      this.#append(key, null, counts)
      return
    }
    if (key === null) return
    // Nothing tells whose it is, and for the key of another table it changes nothing.
    for (const table of content.tables.values()) {
      if (this.#keyless.has(table)) continue
      this.#head.table = table
      this.#append(key, null, this.counts[table]!)
    }
  }

  #truncate(standing: Standing): void {
    this.#head.kind = standing === 'shown' ? TRUNCATE_SHOWN : TRUNCATE_OPEN
    this.#store.appendToAll(this.#head)
  }

  #delete(standing: Standing, key: BufferRange | null, counts: EventCounts): void {
    this.#head.kind = standing === 'shown' ? DELETE_SHOWN : DELETE_OPEN
    this.#append(key, null, counts)
  }

  #upsert(standing: Standing, event: {key: BufferRange | null; value: BufferRange; counts: EventCounts}): void {
    const {afterStart, afterEnd} = this.#scanner
    if (afterStart < 0) throw malformed('has no "after", though it is no delete')
    this.#head.kind = standing === 'shown' ? UPSERT_SHOWN : UPSERT_OPEN
    this.#after.bytes = event.value.bytes
    this.#after.start = afterStart
    this.#after.end = afterEnd
    this.#append(event.key, this.#after, event.counts)
  }

  #keylessEvent(
    table: number,
    standing: Standing,
    {key, bytes}: {readonly key: BufferRange | null; readonly bytes: Buffer},
  ): void {
    const {op, pos, row, beforeStart, beforeEnd, afterStart, afterEnd} = this.#scanner
    const counts = this.counts[table]!
    const order = this.#orderOf(table)
    const {file, sid, gno} = this.#at
    const place = {file, pos, row, sid, gno}
    if (op === OP_TRUNCATE && this.#copyId !== null) {
      order.beginCopy(this.#copyId)
      this.#truncate(standing)
      return
    }
    if (op === OP_READ && !order.takesRead(this.#copyId)) {
      counts.superseded++
      return
    }
    if (op !== OP_READ && !order.takesStreamed(place, {isCreate: op === OP_CREATE})) {
      counts.repeated++
      return
    }
    if (op === OP_TRUNCATE) {
      this.#truncate(standing)
      return
    }
    if (key === null) counts.partitions.add(this.#partition)
    const isShown = standing === 'shown'
    if (op !== OP_READ && op !== OP_CREATE) {
      if (beforeStart < 0) throw malformed('has no "before", though it is an update or a delete')
      this.#rowRecord(isShown ? REMOVE_SHOWN : REMOVE_OPEN, bytes, [beforeStart, beforeEnd])
    }
    if (op === OP_DELETE) return
    if (afterStart < 0) throw malformed('has no "after", though it is no delete')
    this.#rowRecord(isShown ? ADD_SHOWN : ADD_OPEN, bytes, [afterStart, afterEnd])
  }

  #rowRecord(kind: number, bytes: Buffer, [start, end]: readonly [number, number]): void {
    this.#head.kind = kind
    this.#row.bytes = bytes
    this.#row.start = start
    this.#row.end = end
    this.#store.append(this.#head, this.#row, null)
  }

  #orderOf(table: number): KeylessOrder {
    const known = this.#orders.get(table)
    if (known?.partition === this.#partition) return known.order
    const order = new KeylessOrder()
    this.#orders.set(table, {partition: this.#partition, order})
    return order
  }

  #append(key: BufferRange | null, after: ByteRange | null, counts: EventCounts): void {
    if (key === null) {
      counts.withoutKey++
      return
    }
    // Without its frame: the schema of a key changes with the type of its columns, the key itself does not.
    const from = this.#keyFrame.payloadStart(key.bytes, key.start, key.end)
    this.#key.bytes = key.bytes
    this.#key.start = from
    this.#key.end = from === key.start ? key.end : key.end - 1
    this.#store.append(this.#head, this.#key, after)
  }

  /** Reads the place of the event just scanned. */
  #locate(bytes: Buffer): Standing {
    const {fileStart, fileEnd, gtidStart, gtidEnd, pos, op} = this.#scanner
    const at = this.#at
    if (fileStart < 0) throw malformed('has no source.file')
    if (!isText(bytes, fileStart, fileEnd, at.file)) {
      at.file = bytes.toString('latin1', fileStart, fileEnd)
      this.#head.file = this.#fileIndex(at.file)
    } else {
      this.#head.file = this.#fileIndex(at.file)
    }
    this.#head.pos = at.pos = pos
    at.isRead = op === OP_READ
    at.sid = ''
    at.gno = 0
    if (gtidStart >= 0) this.#locateGtid(bytes, gtidStart, gtidEnd)
    return standingOf(this.#place, at)
  }

  #locateGtid(bytes: Buffer, start: number, end: number): void {
    let colon = end - 1
    while (colon > start && bytes[colon] !== COLON) colon--
    if (colon === start) throw malformed('has a source.gtid that is no GTID')
    if (!isText(bytes, start, colon, this.#sid)) this.#sid = bytes.toString('latin1', start, colon).toLowerCase()
    let gno = 0
    for (let i = colon + 1; i < end; i++) gno = gno * 10 + (bytes[i]! - 48)
    this.#at.sid = this.#sid
    this.#at.gno = gno
  }

  #fileIndex(file: string): number {
    if (file === this.#lastFile && this.#partition === this.#lastPartition) return this.#lastIndex
    const name = `${this.#partition}:${file}`
    let index = this.#fileIndexes.get(name)
    if (index === undefined) {
      index = this.files.push(file) - 1
      this.partitions.push(this.#partition)
      this.#fileIndexes.set(name, index)
    }
    this.#lastFile = file
    this.#lastPartition = this.#partition
    this.#lastIndex = index
    return index
  }
}

function isSame(bytes: Buffer, range: BufferRange): boolean {
  return range.bytes.compare(bytes, 0, bytes.length, range.start, range.end) === 0
}

function malformed(what: string): TidemarkError {
  return new TidemarkError(
    'TIDEMARK_VERIFY_EVENT_MALFORMED',
    `an event ${what}: verify reads the change events that Tidemark writes`,
  )
}
