// The stream side put together for unit tests: the real emitter, tracker, catalog, writer and dispatcher on a sink in
// memory, and a cursor of events that a test writes down one by one.

import {once} from 'node:events'
import type {
  BinlogEvents,
  BinlogSource,
  RowOperation,
  RowsView,
  StreamStart,
  StreamTable,
} from '../../src/binlog/binlog-events.ts'
import {NO_COLUMN_RULES} from '../../src/config/column-rules.ts'
import type {EventSettings, FailureMode} from '../../src/config/settings.ts'
import {DEFAULT_VALUE_MODES} from '../../src/config/value-modes.ts'
import {GtidSet} from '../../src/core/gtid-set.ts'
import type {PreparedTransaction} from '../../src/core/prepared-transaction.ts'
import type {ColumnShape, TableShape} from '../../src/core/table-shape.ts'
import {EventOrigin} from '../../src/encode/envelope.ts'
import {keyChangeHeaders} from '../../src/encode/headers.ts'
import {TableCatalog} from '../../src/stream/captured-table.ts'
import type {TableKeys} from '../../src/stream/captured-table.ts'
import {CascadeBook, type CascadeSource} from '../../src/stream/cascade-book.ts'
import {CascadeWatch, type Cascade} from '../../src/stream/cascade-watch.ts'
import type {DdlReading} from '../../src/stream/ddl.ts'
import {Dispatcher} from '../../src/stream/dispatcher.ts'
import type {ResumedTransaction, StreamShare} from '../../src/stream/dispatcher-options.ts'
import {Emitter} from '../../src/stream/emitter.ts'
import {FailingRows} from '../../src/stream/failing-rows.ts'
import {GtidLog} from '../../src/stream/gtid-log.ts'
import {OffsetTracker} from '../../src/stream/offset-tracker.ts'
import {PreparedTransactions} from '../../src/stream/prepared-transactions.ts'
import {RowEventWriter} from '../../src/stream/row-event-writer.ts'
import type {StreamGate} from '../../src/stream/stream-gate.ts'
import {NoteLog} from '../../src/stream/table-notes.ts'
import {TopicDirectory} from '../../src/stream/topic-lanes.ts'
import {TransactionMetadata} from '../../src/stream/transaction-metadata.ts'
import {TransformedEvents} from '../../src/stream/transformed-events.ts'
import {MemorySink} from './memory-sink.ts'
import type {MemoryEvent} from './memory-sink.ts'
import {AS_THEY_ARE} from '../../src/encode/output-columns.ts'
import {quietLog, rememberingLog} from './quiet-log.ts'

export const SID = '01020304-0506-0708-090a-0b0c0d0e0f10'

export const EVENT_SETTINGS: EventSettings = {
  topicPrefix: 'p',
  topicDelimiter: '.',
  tombstonesOnDelete: true,
  skippedOperations: new Set(['t']),
  keySchemasEnabled: false,
  valueSchemasEnabled: false,
  keyConverter: 'json',
  extendedHeaders: false,
  connectorName: 'tidemark',
  messageKeyColumns: [],
  transforms: [],
  skipsUnchanged: false,
  valueModes: DEFAULT_VALUE_MODES,
  columns: NO_COLUMN_RULES,
  ...AS_THEY_ARE,
  keyDecimalFormat: 'base64',
}

export function column(name: string, type: ColumnShape['type'], more: Partial<ColumnShape> = {}): ColumnShape {
  const charset = type === 'varchar' || type === 'char' || type.endsWith('text') ? 'utf8mb4' : null
  return {
    name,
    type,
    unsigned: false,
    nullable: false,
    length: type === 'varchar' ? 20 : null,
    precision: null,
    scale: null,
    fraction: 0,
    charset,
    labels: null,
    ...more,
  }
}

/** `d.<table>` (id INT UNSIGNED, v VARCHAR(20) in utf8mb4), as the binlog brings it; see `smallImage`. */
export function streamTable(table: string, {primaryKey = [0]}: {primaryKey?: readonly number[]} = {}): StreamTable {
  const columns = [column('id', 'int', {unsigned: true}), column('v', 'varchar', {nullable: true})]
  const shape: TableShape = {id: {database: 'd', table}, columns, primaryKey}
  return {shape, layout: {types: Uint8Array.of(3, 15), metadata: Uint16Array.of(0, 80)}}
}

/** Three columns as in the signal table: id, type, data, each VARCHAR(40). */
export function signalTable(): StreamTable {
  const columns = ['id', 'type', 'data'].map(name => column(name, 'varchar', {length: 40}))
  const shape: TableShape = {id: {database: 'd', table: 'signal'}, columns, primaryKey: [0]}
  return {shape, layout: {types: Uint8Array.of(15, 15, 15), metadata: Uint16Array.of(160, 160, 160)}}
}

/** A full image of VARCHARs of up to 255 bytes. */
export function textImage(...values: readonly string[]): Buffer {
  return Buffer.concat([
    Buffer.from([0]),
    ...values.map(value => Buffer.concat([Buffer.from([Buffer.byteLength(value)]), Buffer.from(value)])),
  ])
}

/** All row images of one event in one view. */
export function rowsView(operation: RowOperation, table: StreamTable, images: readonly Buffer[]): RowsView {
  const buffer = Buffer.concat(images)
  const present = Uint8Array.of(0xff)
  return {
    operation,
    table,
    buffer,
    start: 0,
    end: buffer.length,
    presentBefore: present,
    presentAfter: present,
    full: true,
  }
}

type ScriptedEvent = Partial<BinlogEvents> & Pick<BinlogEvents, 'kind'>

/** Every event takes ten bytes of its file. `read` gives what was added since the last call, as one read of the socket. */
export class BinlogScript {
  file: string
  pos: number
  #events: ScriptedEvent[] = []

  constructor(file = 'b.000001', pos = 100) {
    this.file = file
    this.pos = pos
  }

  add(event: ScriptedEvent): this {
    const startPos = this.pos
    if (event.endPos !== 0) this.pos = event.endPos ?? startPos + 10
    this.#events.push({file: this.file, startPos, endPos: this.pos, timestampSeconds: 1_700_000_000, ...event})
    return this
  }

  gtid(gno: number, sid = SID): this {
    return this.add({kind: 'gtid', sid, gno, commitTimestampUs: 1_700_000_000_123_456})
  }

  begin(gno?: number, sid?: string): this {
    if (gno !== undefined) this.gtid(gno, sid)
    return this.add({kind: 'begin', threadId: 7})
  }

  rows(operation: RowOperation, table: StreamTable, ...images: readonly Buffer[]): this {
    return this.add({kind: 'rows', rows: rowsView(operation, table, images)})
  }

  commit(): this {
    return this.add({kind: 'commit'})
  }

  query(sql: string, database = 'd'): this {
    return this.add({kind: 'query', sql, database})
  }

  read(): BinlogEvents {
    const events = this.#events
    this.#events = []
    return scripted(events)
  }
}

function scripted(events: readonly ScriptedEvent[]): BinlogEvents {
  const cursor: Record<string, unknown> = {sid: '', gno: 0, commitTimestampUs: 0, serverId: 1, threadId: -1, endPos: 0}
  let next = 0
  cursor['next'] = () => {
    if (next === events.length) return false
    Object.assign(cursor, events[next++])
    return true
  }
  return cursor as unknown as BinlogEvents
}

export interface StreamPartsOptions {
  readonly sink?: MemorySink
  readonly settings?: Partial<EventSettings>
  readonly streamBytes?: number
  readonly place?: {readonly file: string; readonly pos: number}
  readonly resume?: ResumedTransaction | null
  readonly executed?: string
  readonly isCaptured?: (table: string) => boolean
  readonly signalTableEvents?: boolean
  /** With transaction metadata, in the topic `p.transaction`. */
  readonly transactions?: boolean
  readonly includesQuery?: boolean
  /** What becomes of what cannot be shown; it stops the task where nothing is said. */
  readonly failures?: {readonly rows: FailureMode; readonly definitions: FailureMode}
  readonly shapeOf?: (table: StreamTable) => TableShape | Promise<TableShape>
  readonly keysOf?: (shape: TableShape) => TableKeys | Promise<TableKeys>
  /** XA transactions of the stored state. */
  readonly preparedBefore?: readonly PreparedTransaction[]
  /** Where prepared transactions are read again. */
  readonly replay?: BinlogSource
  readonly share?: StreamShare
  /** Foreign keys of a server that logs no cascades. */
  readonly cascades?: CascadeSource
  readonly gate?: StreamGate
}

/** A server that sends what a test gives it, wherever a stream begins; then it is silent until the stream's end. */
export class ScriptedSource implements BinlogSource {
  readonly starts: StreamStart[] = []
  open = 0
  readonly #reads: readonly (() => BinlogEvents)[]

  constructor(reads: readonly (() => BinlogEvents)[]) {
    this.#reads = reads
  }

  async *events(start: StreamStart, signal: AbortSignal): AsyncGenerator<BinlogEvents> {
    this.starts.push(start)
    this.open++
    try {
      for (const read of this.#reads) yield read()
      if (!signal.aborted) await once(signal, 'abort')
    } finally {
      this.open--
    }
  }
}

/** Begins at b.000001:100 where nothing else is said. */
export class StreamParts {
  readonly sink: MemorySink
  readonly tracker = new OffsetTracker()
  readonly emitter: Emitter
  readonly notes = new NoteLog(1 << 20)
  readonly gtids: GtidLog
  readonly catalog: TableCatalog
  readonly writer: RowEventWriter
  readonly dispatcher: Dispatcher
  readonly topics: TopicDirectory
  readonly transactions: TransactionMetadata | null
  readonly failures: unknown[] = []
  readonly keyChanges: string[] = []
  readonly failing: FailingRows | null
  readonly log = rememberingLog()
  /** With what had been sent before. */
  readonly leftOut: {table: string; since: string; code: string; removesRows: boolean; before: string[]}[] = []
  readonly signalRows: {operation: string; json: string; row: number; at: string}[] = []
  /** With what had been sent before. */
  readonly ddl: {reading: DdlReading; touches: (table: string) => boolean; at: string; before: string[]}[] = []
  readonly definitions: string[] = []
  readonly lost: string[] = []
  readonly cascaded: Cascade[] = []
  readonly cascades: CascadeBook | null
  readonly prepared: PreparedTransactions
  readonly stopping = new AbortController()
  batches = 0
  onAcknowledged: () => void = () => undefined

  constructor(options: StreamPartsOptions = {}) {
    const settings = {...EVENT_SETTINGS, ...options.settings}
    this.sink = options.sink ?? new MemorySink()
    this.emitter = new Emitter({
      sink: this.sink,
      tracker: this.tracker,
      streamBytes: options.streamBytes ?? 1 << 20,
      onFailure: error => this.failures.push(error),
      onAcknowledged: () => this.onAcknowledged(),
    })
    this.gtids = new GtidLog(GtidSet.parse(options.executed ?? ''))
    this.topics = new TopicDirectory(this.sink, this.emitter)
    this.cascades = options.cascades === undefined ? null : new CascadeBook(options.cascades)
    this.catalog = new TableCatalog({
      settings,
      encoderOptions: {settings},
      version: '0',
      topics: this.topics,
      isCaptured: ({table}) => (options.isCaptured ?? (() => true))(table),
      isSignalTable: ({table}) => table === 'signal',
      signalTableEvents: options.signalTableEvents ?? true,
      shapeOf: options.shapeOf ?? (table => table.shape),
      changesOthers: table => this.cascades?.isParent(table) === true,
      onKeyChange: table => this.keyChanges.push(table.table),
      declaredColumns: () => Promise.resolve(new Map()),
      keysOf: options.keysOf ?? (shape => ({messageKey: shape.primaryKey, rowKey: shape.primaryKey})),
    })
    this.writer = new RowEventWriter({
      emitter: this.emitter,
      notes: this.notes,
      transformed: new TransformedEvents({emitter: this.emitter, topics: this.topics, log: quietLog}),
      headers: null,
      keyChangeHeaders: change => keyChangeHeaders(null, change),
      tombstones: settings.tombstonesOnDelete,
      skipped: settings.skippedOperations,
      skipsUnchanged: settings.skipsUnchanged,
      onSignalRow: (operation, json, row) => this.signalRows.push({operation, json, row, at: this.#at()}),
    })
    this.transactions =
      options.transactions === true
        ? new TransactionMetadata({topic: 'transaction', settings, topics: this.topics, emitter: this.emitter})
        : null
    const stored = {prepared: options.preparedBefore ?? []}
    this.prepared = new PreparedTransactions(
      {checkpoint: stored, replay: options.replay ?? new ScriptedSource([]), signal: this.stopping.signal},
      options.executed === undefined ? null : this.gtids,
    )
    this.failing =
      options.failures === undefined
        ? null
        : new FailingRows({
            modes: options.failures,
            writer: this.writer,
            catalog: this.catalog,
            notes: this.notes,
            log: this.log,
            isSignalTable: ({table}) => table === 'signal',
            onLeftOut: ({table}, since, {code, removesRows}) =>
              this.leftOut.push({table, since, code, removesRows, before: this.sentOps()}),
          })
    this.dispatcher = new Dispatcher({
      failing: this.failing,
      transactions: this.transactions,
      includesQuery: options.includesQuery ?? false,
      emitter: this.emitter,
      catalog: this.catalog,
      writer: this.writer,
      origin: new EventOrigin(),
      notes: this.notes,
      gtids: this.gtids,
      prepared: this.prepared,
      watch: null,
      ...(options.share === undefined ? {} : {share: options.share}),
      ...(options.gate === undefined ? {} : {gate: options.gate}),
      ...this.#watchCascades(),
      events: {
        ddl: change => () =>
          this.ddl.push({
            reading: change.reading,
            touches: table => change.touches({database: 'd', table}),
            at: this.#at(),
            before: this.sentOps(),
          }),
        definition: table => this.definitions.push(table.fingerprint),
        rowsLost: reason => this.lost.push(reason),
        batchDone: () => this.batches++,
      },
      start: {
        place: {file: 'b.000001', pos: 100, ...options.place, gtidCount: 0, rows: 0, sid: '', gno: 0, transactions: 0},
        resume: options.resume ?? null,
      },
    })
  }

  async open(): Promise<this> {
    await this.sink.open(new AbortController().signal)
    await this.transactions?.open()
    return this
  }

  /** What was sent, and what is about to be, as `op key` in order; a tombstone is `- key`. */
  sentOps(): string[] {
    this.emitter.flush()
    return this.sink.sent.map(opOf)
  }

  #watchCascades(): {cascades?: CascadeWatch} {
    const book = this.cascades
    if (book === null) return {}
    const cascades = new CascadeWatch({
      book,
      reached: () => this.dispatcher.reached,
      owns: () => true,
      lastKey: child => this.catalog.lastKey(child),
      onCascade: cascade => this.cascaded.push(cascade),
    })
    return {cascades}
  }

  #at(): string {
    const {file, pos} = this.dispatcher.reached
    return `${file}:${pos}`
  }
}

export function opOf({key, value}: MemoryEvent): string {
  const id = key === null ? 'null' : String(Object.values(JSON.parse(key) as object)[0])
  return value === null ? `- ${id}` : `${(JSON.parse(value) as {op: string}).op} ${id}`
}

/** Lets every promise that can settle do so. */
export function settled(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}
