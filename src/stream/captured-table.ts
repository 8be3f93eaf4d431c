// A table of the stream as it is emitted: its encoder, its envelope and its topic; resolved once for each definition.

import type {RowsView, StreamTable} from '../binlog/binlog-events.ts'
import {countRows} from '../binlog/row-count.ts'
import {NO_COLUMN_RULES} from '../config/column-rules.ts'
import type {EventSettings} from '../config/settings.ts'
import {withDeclared, type DeclaredColumns} from '../core/declared-columns.ts'
import type {TableId} from '../core/table-id.ts'
import {tableIdText} from '../core/table-id.ts'
import type {TableShape} from '../core/table-shape.ts'
import {shapeFingerprint} from '../core/table-shape.ts'
import {TidemarkError} from '../core/tidemark-error.ts'
import {compileRowEncoder} from '../encode/compile-row-encoder.ts'
import type {EncoderOptions} from '../encode/encoder-options.ts'
import {EnvelopeTemplate} from '../encode/envelope.ts'
import {keyFieldBytes} from '../encode/key-fields.ts'
import type {RowEncoder} from '../encode/row-encoder.ts'
import {needsDeclared} from '../encode/output-columns.ts'
import {topicName} from '../encode/topic-name.ts'
import {tableRoute} from '../encode/topic-routing.ts'
import {tableRecords, type TableRecords} from '../encode/transforms/table-records.ts'
import {StreamTally, type RowsSeen} from './stream-tally.ts'
import type {TopicDirectory, TopicLanes} from './topic-lanes.ts'

/** Of a table whose truncates are dropped. */
const NOWHERE: TopicLanes = {topic: {name: '', partitions: 0, batchBytes: 0, newBatch: goesNowhere}, lanes: []}

function goesNowhere(): never {
  throw new TidemarkError('TIDEMARK_INTERNAL_INVARIANT', 'internal error: an event without a topic; please report it')
}

/** What read events and streamed events of a table have in common. */
export interface EventTarget {
  readonly shape: TableShape
  readonly template: EnvelopeTemplate
  /** Where the table's events go; where transforms change them, that is so for truncates alone. */
  readonly lanes: TopicLanes
  /** What transforms add to every message key, as bytes of the key. */
  readonly keyAddition: Buffer
  /** What transforms make of the table's events; null where they come out as they are. */
  readonly records: TableRecords | null
}

export interface CapturedTable {
  readonly id: TableId
  readonly text: string
  readonly fingerprint: string
  readonly encoder: RowEncoder
  /** Null where its rows are not emitted (the signal table with signal.table.events=false). */
  readonly target: EventTarget | null
  readonly isSignalTable: boolean
  /** Changes of its rows may change other tables without row events. */
  readonly changesOthers: boolean
  /** Columns by which its events are told apart: of the message key and of the row key. */
  readonly keyColumns: readonly number[]
  /** Rows seen in the stream; the same object for every definition of the table. */
  readonly rowsSeen: RowsSeen
}

export interface TableKeys {
  /** Columns of the message key and of the row key. Empty: none. */
  readonly messageKey: readonly number[]
  readonly rowKey: readonly number[]
}

export interface TableCatalogOptions {
  readonly settings: EventSettings
  readonly encoderOptions: EncoderOptions
  readonly version: string
  readonly topics: TopicDirectory
  readonly isCaptured: (id: TableId) => boolean
  readonly isSignalTable: (id: TableId) => boolean
  readonly signalTableEvents: boolean
  /** The definition of a captured table for the rows that come next, also where the event does not name its columns. */
  readonly shapeOf: (table: StreamTable) => TableShape | Promise<TableShape>
  /** What only definitions say of columns; asked where something depends on it. */
  readonly declaredColumns: (id: TableId) => Promise<DeclaredColumns>
  /** Whether its changes may change other tables without row events; absent: never. */
  readonly changesOthers?: (id: TableId) => boolean
  /** Events of the table have another key from now on than before. */
  readonly onKeyChange: (id: TableId) => void
  /** Absent: nobody asks. */
  readonly tally?: StreamTally
  /** Key columns of a shape; asks the server only where the shape has no primary key. */
  readonly keysOf: (shape: TableShape) => Promise<TableKeys> | TableKeys
}

export class TableCatalog {
  /** Tables seen in the stream since the start, by text; for the status. */
  readonly seen = new Set<string>()
  /** For the metrics. */
  readonly tally: StreamTally
  readonly #options: TableCatalogOptions
  #tables = new WeakMap<StreamTable, CapturedTable | null>()
  readonly #keys = new Map<string, string>()
  /** Tables by topic, as it is before transforms. */
  readonly #owners = new Map<string, string>()
  readonly #lastDeclared = new Map<string, DeclaredColumns>()
  readonly #targets = new Map<string, EventTarget>()

  constructor(options: TableCatalogOptions) {
    this.#options = options
    this.tally = options.tally ?? new StreamTally()
  }

  /** The captured table, null where it is filtered out, undefined where it must be resolved first. */
  get(table: StreamTable): CapturedTable | null | undefined {
    return this.#tables.get(table)
  }

  /** An event of rows is passed over: how many. Null is said of tables that the filter leaves out alone. */
  passed(view: RowsView): number {
    const rows = countRows(view)
    if (this.get(view.table) === null) this.tally.filteredRows += rows
    return rows
  }

  async resolve(table: StreamTable): Promise<CapturedTable | null> {
    const {id} = table.shape
    const isSignalTable = this.#options.isSignalTable(id)
    if (!isSignalTable && !this.#options.isCaptured(id)) {
      this.#tables.set(table, null)
      return null
    }
    const shape = await this.#declared(await this.#options.shapeOf(table))
    const keys = await this.#options.keysOf(shape)
    // A signal is read from its row, which must be there as a whole.
    const settings = this.#settingsOf(isSignalTable)
    const encoder = compileRowEncoder({shape, ...keys, options: {settings}})
    encoder.bindLayout(table.layout)
    const emitted = !isSignalTable || this.#options.signalTableEvents
    const text = tableIdText(id)
    const captured: CapturedTable = {
      id,
      text,
      fingerprint: shapeFingerprint(shape),
      encoder,
      target: emitted ? await this.target(shape) : null,
      isSignalTable,
      changesOthers: this.#options.changesOthers?.(id) === true,
      keyColumns: [...new Set([...keys.messageKey, ...keys.rowKey])],
      rowsSeen: this.tally.rowsOf(text),
    }
    if (captured.target !== null) this.#targets.set(text, captured.target)
    this.#tables.set(table, captured)
    const key = keyText(shape, keys.messageKey)
    if (this.#noteKey(id, key)) this.#options.onKeyChange(id)
    this.seen.add(captured.text)
    return captured
  }

  /** Where the last rows of the table in the stream went; undefined where none have come since its definition was forgotten. */
  lastTarget(id: TableId): EventTarget | undefined {
    return this.#targets.get(tableIdText(id))
  }

  /** Whether rows of the table are emitted. */
  isEmitted(id: TableId): boolean {
    const {isSignalTable, isCaptured, signalTableEvents} = this.#options
    return isSignalTable(id) ? signalTableEvents : isCaptured(id)
  }

  /** Whether the table is one of those that are copied, and told of where they diverge. */
  isCaptured(id: TableId): boolean {
    return !this.#options.isSignalTable(id) && this.#options.isCaptured(id)
  }

  /** Where events of a table go that the stream has not shown yet, as the server describes it. */
  async describedTarget(shape: TableShape): Promise<EventTarget> {
    return await this.target(await this.#declared(shape))
  }

  /** Where events of a table of this shape go. */
  async target(shape: TableShape): Promise<EventTarget> {
    const {version, topics, isSignalTable} = this.#options
    const settings = isSignalTable(shape.id)
      ? {...this.#options.settings, columns: NO_COLUMN_RULES}
      : this.#options.settings
    this.#claimTopic(shape.id)
    this.#noteDeclared(shape)
    const route = tableRoute(settings, shape.id)
    const template = new EnvelopeTemplate({id: shape.id, topic: route.schemaTopic, settings, shape, version})
    const keyAddition = keyFieldBytes(route.keyFields, settings.keyConverter)
    const records = tableRecords({id: shape.id, settings, shape, version}, route)
    records?.compile()
    await topics.openAll(records?.topics ?? [])
    const topic = records === null ? route.topic : records.truncateTopic
    const lanes = topic === null ? NOWHERE : await topics.open(topic)
    return {shape, template, lanes, keyAddition, records}
  }

  /** Two tables of one topic would overwrite each other's keys there. */
  #claimTopic(id: TableId): void {
    const topic = topicName(this.#options.settings, id)
    const text = tableIdText(id)
    const owner = this.#owners.get(topic) ?? text
    this.#owners.set(topic, owner)
    if (owner === text) return
    throw new TidemarkError(
      'TIDEMARK_STREAM_SHARED_TOPIC',
      `the tables ${owner} and ${text} would share the topic ${topic}, since what no topic can be named becomes an ` +
        'underscore there; leave one of them out with table.exclude.list, rename it, or set another topic.delimiter',
      {kind: 'configuration'},
    )
  }

  /** A column that the server does not have any more is as it was when it was last seen. */
  async #declared(shape: TableShape): Promise<TableShape> {
    const {settings, declaredColumns} = this.#options
    if (!needsDeclared(settings)) return shape
    const text = tableIdText(shape.id)
    const declared = new Map([...(this.#lastDeclared.get(text) ?? []), ...(await declaredColumns(shape.id))])
    this.#lastDeclared.set(text, declared)
    return withDeclared(shape, declared)
  }

  /** A table that was planned tells of columns that may be gone when the stream comes to their events. */
  #noteDeclared(shape: TableShape): void {
    const known = shape.columns.flatMap(({name, declared}) =>
      declared === undefined ? [] : [[name, declared] as const],
    )
    if (known.length === 0) return
    const text = tableIdText(shape.id)
    this.#lastDeclared.set(text, new Map([...(this.#lastDeclared.get(text) ?? []), ...known]))
  }

  #settingsOf(isSignalTable: boolean): EncoderOptions['settings'] {
    const {settings} = this.#options.encoderOptions
    return isSignalTable ? {...settings, columns: NO_COLUMN_RULES} : settings
  }

  /** The table is copied with this message key. True where its events had another one before. */
  noteKey(shape: TableShape, messageKey: readonly number[]): boolean {
    return this.#noteKey(shape.id, keyText(shape, messageKey))
  }

  /** Names of the table's message key, as it was seen last; undefined where it has not been seen. */
  lastKey(id: TableId): readonly string[] | undefined {
    const key = this.#keys.get(tableIdText(id))
    return key === undefined ? undefined : (JSON.parse(key) as string[])
  }

  #noteKey(id: TableId, key: string): boolean {
    const text = tableIdText(id)
    const before = this.#keys.get(text)
    this.#keys.set(text, key)
    return before !== undefined && before !== key
  }

  /** Has every table resolved anew, with keys asked for again. */
  forget(): void {
    this.#targets.clear()
    this.#tables = new WeakMap()
    this.#owners.clear()
  }
}

function keyText({columns}: TableShape, messageKey: readonly number[]): string {
  return JSON.stringify(messageKey.map(index => columns[index]!.name))
}
