// The definitions of tables whose events do not name their columns (binlog_row_metadata=MINIMAL): what each captured
// table is like at the place that the stream has reached. A definition is known from an event with full metadata, from
// the stored state, or from the server, which tells it together with its own place in the binlog: it is used for what
// lies before that place only where no statement between the two may have changed the table. Where it cannot be known,
// the task stops: rows never come out under names that were guessed.

import type {StreamTable} from '../binlog/binlog-events.ts'
import {binlogPositionText, compareBinlogPositions} from '../core/binlog-position.ts'
import type {BinlogPosition} from '../core/binlog-position.ts'
import {restoredShape, storedShape} from '../core/stored-schemas.ts'
import type {StoredSchema, StoredShape} from '../core/stored-schemas.ts'
import {tableIdText} from '../core/table-id.ts'
import type {TableId} from '../core/table-id.ts'
import type {TableShape} from '../core/table-shape.ts'
import {TidemarkError} from '../core/tidemark-error.ts'
import {mayChangeColumns} from './ddl-columns.ts'
import {DdlHistory} from './ddl-history.ts'
import type {DdlReading} from './ddl.ts'
import {schemaDifference} from './schema-difference.ts'
import {differentDefinition, unknownDefinition} from './schema-error.ts'
import type {SchemaReading, SchemaSource} from './schema-source.ts'

/** A place in the stream by which an acknowledged offset is compared. */
export interface PassedPlace extends BinlogPosition {
  /** GTIDs finished before it. */
  readonly gtidCount: number
}

export interface SchemaBookOptions {
  readonly source: SchemaSource
  readonly stored: readonly StoredSchema[]
  /** Whether the places at the start are of the server that is asked, not of one that had the same GTIDs. */
  readonly startsHere: boolean
  /** Where the open transaction begins, and the end of the last event, on the server that the stream comes from. */
  readonly places: () => {readonly begin: BinlogPosition; readonly reached: BinlogPosition}
}

/** A statement in the stream that may touch tables. */
export interface SchemaChange {
  readonly reading: DdlReading
  readonly touches: (table: TableId) => boolean
  /** Names this occurrence of the statement for ever: its GTID, else its place. */
  readonly id: string
  readonly at: PassedPlace
}

interface Version {
  /** See StoredVersion. */
  readonly since: string | null
  shape: TableShape | null
  stored: StoredShape | null
  /** Of the statement that it begins with; null: before everything that this process has streamed. */
  at: PassedPlace | null
}

interface Entry {
  readonly id: TableId
  /** The one at the stored offset first. */
  versions: Version[]
  /** The version at the place that the stream has reached. */
  current: number
  /** What the server said since the current version began, or is about to say. */
  reading: Promise<SchemaReading> | null
  read: SchemaReading | null
}

/** Of the binlog that is searched before the stream begins. */
const NEAR_BYTES = 16 * 1024 * 1024

export class SchemaBook {
  readonly #options: SchemaBookOptions
  readonly #entries = new Map<string, Entry>()
  readonly #history: DdlHistory
  /** Events without names have come, or may come at any time: definitions are read ahead and stored. */
  #isNeeded: boolean
  /** What the stream has reached is a place of the server that is asked. */
  #hasBegun = false

  constructor(options: SchemaBookOptions) {
    this.#options = options
    this.#history = new DdlHistory(options.source)
    this.#isNeeded = options.stored.length > 0
    for (const {table, versions} of options.stored) {
      const restored = versions.map(({since, shape}) => ({
        ...{since, at: null, stored: shape},
        shape: shape === null ? null : restoredShape(table, shape),
      }))
      this.#entries.set(tableIdText(table), {...newEntry(table), versions: restored})
    }
  }

  /** Before the stream begins: definitions of tables that are not known yet are read where events have no names. */
  async begin(tables: readonly TableId[]): Promise<void> {
    this.#isNeeded ||= await this.#options.source.isMinimal()
    if (!this.#isNeeded) return
    const unknown = tables.map(table => this.#entry(table)).filter(entry => current(entry).shape === null)
    const readings = await this.#options.source.read(
      unknown.map(({id}) => id),
      {patient: false},
    )
    for (const [i, entry] of unknown.entries()) {
      entry.read = usable(readings[i]!)
      await this.#settleAtStart(entry)
    }
  }

  // So that the first state that is stored has the definition: a crash right behind it, and a statement during the
  // outage, would else leave the rows between without one. A start far behind the server is left to the stream.
  async #settleAtStart(entry: Entry): Promise<void> {
    const {read} = entry
    if (read === null || !this.#options.startsHere) return
    const {begin, reached} = this.#options.places()
    const isNear = begin.file === read.place.file && read.place.pos - begin.pos <= NEAR_BYTES
    if (!isNear || (await this.#changeBetween(entry, {begin, reached, readAt: read.place})) !== null) return
    current(entry).shape = usableShape(read)
    entry.read = null
  }

  /**
   * The table's definition for the rows that come next. Throws TIDEMARK_BINLOG_METADATA_MINIMAL where it cannot be
   * known, TIDEMARK_BINLOG_METADATA_MISMATCH where the event contradicts it.
   */
  shapeOf(table: StreamTable): TableShape | Promise<TableShape> {
    const entry = this.#entry(table.shape.id)
    const version = current(entry)
    if (table.unnamed !== true) {
      if (version.shape !== table.shape) version.stored = null
      version.shape = table.shape
      entry.read = null
      entry.reading = null
      return table.shape
    }
    this.#isNeeded = true
    if (version.shape !== null) return this.#fitting(version.shape, table)
    return this.#establish(entry).then(shape => this.#fitting(shape, table))
  }

  /** A statement that stands in the stream here. */
  changed({reading, touches, id, at}: SchemaChange): void {
    if (!mayChangeColumns(reading.verb)) return
    for (const entry of this.#entries.values()) {
      // A transaction that is streamed once more after a lost connection brings its statement again.
      if (current(entry).since === id || !touches(entry.id)) continue
      const next = entry.versions[entry.current + 1]
      if (next?.since === id) {
        next.at = at
      } else {
        entry.versions.splice(entry.current + 1)
        entry.versions.push({since: id, shape: null, stored: null, at})
      }
      entry.current++
      entry.read = null
      entry.reading = null
      if (this.#isNeeded && current(entry).shape === null) void this.#read(entry).catch(() => undefined)
    }
  }

  /** What the stream has reached is dispatched; the rest of what was read in advance may have become certain. */
  reached(): void {
    this.#hasBegun = true
  }

  /** The server that is asked from now on has other places in its binlog, and the same definitions at the same GTIDs. */
  serverChanged(): void {
    this.#hasBegun = false
    this.#history.forget()
    for (const entry of this.#entries.values()) {
      entry.read = null
      entry.reading = null
    }
  }

  /** For the stored state; null where it needs none. `isPassed`: the stored offset lies behind the place. */
  collect(isPassed: (at: PassedPlace) => boolean): StoredSchema[] | null {
    const schemas: StoredSchema[] = []
    for (const entry of this.#entries.values()) {
      this.#settle(entry)
      while (entry.current > 0 && entry.versions[1]!.at !== null && isPassed(entry.versions[1]!.at)) {
        entry.versions.shift()
        entry.current--
      }
      const versions = entry.versions.map(version => {
        if (version.shape !== null) version.stored ??= storedShape(version.shape)
        return {since: version.since, shape: version.stored}
      })
      if (versions.some(({shape}) => shape !== null)) schemas.push({table: entry.id, versions})
    }
    return this.#isNeeded && schemas.length > 0 ? schemas : null
  }

  #fitting(shape: TableShape, table: StreamTable): TableShape {
    const difference = schemaDifference(shape, table)
    if (difference === null) return shape
    throw differentDefinition(shape.id, binlogPositionText(this.#options.places().reached), difference)
  }

  // The stream stands still meanwhile: nothing but a reading of before can change the entry.
  async #establish(entry: Entry): Promise<TableShape> {
    const {begin, reached} = this.#options.places()
    const place = binlogPositionText(reached)
    const {shape, place: readAt} = entry.read ?? (await (entry.reading ?? this.#read(entry)))
    if (shape === null) throw unknownDefinition(entry.id, place, 'the server has no such table any more')
    if (shape instanceof TidemarkError) throw shape
    const change = await this.#changeBetween(entry, {begin, reached, readAt})
    if (change !== null) {
      const why = `the table was changed again at ${change}, before its definition could be read`
      throw unknownDefinition(entry.id, place, why)
    }
    current(entry).shape = shape
    current(entry).stored = null
    entry.read = null
    return shape
  }

  async #changeBetween(
    entry: Entry,
    {begin, reached, readAt}: {begin: BinlogPosition; reached: BinlogPosition; readAt: BinlogPosition},
  ): Promise<string | null> {
    if (compareBinlogPositions(readAt, reached) <= 0) return null
    try {
      const change = await this.#history.changeBetween(entry.id, {begin, after: reached, to: readAt})
      return change === null ? null : binlogPositionText(change)
    } catch (cause) {
      if (!(cause instanceof TidemarkError) || cause.kind === 'retryable') throw cause
      const why = `the binlog from there to ${binlogPositionText(readAt)} cannot be searched for changes of the table (${cause.message})`
      throw unknownDefinition(entry.id, binlogPositionText(reached), why, cause)
    }
  }

  /** Superseded by any statement that comes meanwhile. */
  #read(entry: Entry): Promise<SchemaReading> {
    const reading = this.#options.source.read([entry.id], {patient: true}).then(([answer]) => answer!)
    entry.reading = reading
    const isOurs = (): boolean => entry.reading === reading
    reading.then(
      answer => {
        if (!isOurs()) return
        entry.reading = null
        entry.read = usable(answer)
      },
      () => {
        if (isOurs()) entry.reading = null
      },
    )
    return reading
  }

  // No statement on the table came up to the place where its definition was read, or the reading would be gone.
  #settle(entry: Entry): void {
    const {read} = entry
    const version = current(entry)
    if (read === null || version.shape !== null || !this.#hasBegun) return
    if (compareBinlogPositions(read.place, this.#options.places().reached) > 0) return
    version.shape = usableShape(read)
    entry.read = null
  }

  #entry(id: TableId): Entry {
    const text = tableIdText(id)
    const known = this.#entries.get(text)
    if (known !== undefined) return known
    const entry = newEntry(id)
    this.#entries.set(text, entry)
    return entry
  }
}

function newEntry(id: TableId): Entry {
  return {id, versions: [{since: null, shape: null, stored: null, at: null}], current: 0, reading: null, read: null}
}

function current(entry: Entry): Version {
  return entry.versions[entry.current]!
}

/** A table that is not there is looked for again when its rows come. */
function usable(reading: SchemaReading): SchemaReading | null {
  return reading.shape === null || reading.shape instanceof TidemarkError ? null : reading
}

function usableShape({shape}: SchemaReading): TableShape | null {
  return shape instanceof TidemarkError ? null : shape
}
