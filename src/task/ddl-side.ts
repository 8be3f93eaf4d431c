// What statements in the stream come to: windows that are read again, tables that are said to have diverged, and the
// events that the statements themselves become.

import type {EventSettings} from '../config/settings.ts'
import type {TableId} from '../core/table-id.ts'
import type {TableShape} from '../core/table-shape.ts'
import type {EventHeaders} from '../sinks/sink.ts'
import type {SnapshotCoordinator} from '../snapshot/snapshot-coordinator.ts'
import type {EventTarget, TableCatalog} from '../stream/captured-table.ts'
import type {CascadeBook} from '../stream/cascade-book.ts'
import {readStatement, type DdlStatement} from '../stream/ddl-statement.ts'
import {tablesChanged} from '../stream/ddl-tables.ts'
import type {DdlChange, DdlEffect} from '../stream/ddl-change.ts'
import type {Dispatcher} from '../stream/dispatcher.ts'
import type {Emitter} from '../stream/emitter.ts'
import {emitTruncate} from '../stream/truncate-events.ts'
import type {CapturedTables} from './captured-tables.ts'
import type {Divergences} from './divergences.ts'
import type {SchemaChangeEvents} from './schema-change-events.ts'
import type {SchemaSide} from './schema-side.ts'
import type {SourceServer} from './source-server.ts'

export interface DdlSideOptions {
  readonly settings: EventSettings
  readonly server: Pick<SourceServer, 'forget' | 'foldsNames' | 'shape'>
  readonly headers: EventHeaders | null
}

/** What statements take effect on: the engine's own. */
export interface DdlParts {
  readonly catalog: TableCatalog
  readonly emitter: Emitter
  /** Null: no schema change events. */
  readonly schemaChanges: SchemaChangeEvents | null
  readonly divergences: Pick<Divergences, 'watched' | 'watch' | 'returned' | 'diverged' | 'gone' | 'emptied'>
  readonly tables: Pick<CapturedTables, 'changedBy'>
  readonly coordinator: SnapshotCoordinator | null
  readonly schemas: Pick<SchemaSide, 'changed'>
  /** Null where there are no cascades that the binlog does not show. */
  readonly cascades: Pick<CascadeBook, 'changed'> | null
  readonly dispatcher: Pick<Dispatcher, 'reached'>
  /** False for a table whose events, where the stream is, are those of another stream. */
  owns(table: TableId): boolean
}

/** A table that was emptied, and the event that says so. */
interface Truncated {
  readonly table: TableId
  readonly target: EventTarget
}

interface Effect {
  readonly change: DdlChange
  readonly statement: DdlStatement
  readonly truncated?: Truncated | null
  /** As rows name them; see TablesChanged. */
  readonly filled?: readonly TableId[]
  /** Columns of the message key of the table that is altered. */
  readonly key?: readonly string[]
}

export class DdlSide {
  readonly #parts: DdlParts
  readonly #options: DdlSideOptions
  readonly #emitsTruncate: boolean

  /** The parts may come into being later, before the first statement. */
  constructor(parts: DdlParts, options: DdlSideOptions) {
    this.#parts = parts
    this.#options = options
    this.#emitsTruncate = !options.settings.skippedOperations.has('t')
  }

  /** Rejects (retryable) where the server must be asked and is away. */
  effectOf(change: DdlChange): DdlEffect | Promise<DdlEffect> {
    const {schemaChanges, emitter} = this.#parts
    const {headers} = this.#options
    const statement = readStatement(change.sql, change.database)
    if (statement.type === 'truncate' && this.#emitsTruncate) {
      return this.#truncated(statement.table).then(truncated => origin => {
        if (truncated !== null && !change.isRepeated) emitTruncate(truncated.target, origin, {emitter, headers})
        // Now the windows are dropped, with no turn in between: no row of before the statement leaves behind its event.
        this.#takeEffect({change, statement, truncated})
      })
    }
    const prepared = change.isRepeated ? null : (schemaChanges?.prepare(statement, change.database) ?? null)
    const {filled} = tablesChanged(statement, change.reading, change.touches)
    const key = this.#keyOf(change, statement)
    if (prepared === null && filled.length === 0 && !(key instanceof Promise)) {
      return () => this.#takeEffect({change, statement, key})
    }
    return Promise.all([prepared, key, ...filled.map(async table => await this.#asStored(table))]).then(
      ([changes, names, ...stored]) =>
        origin => {
          if (changes !== null) schemaChanges?.emit(changes, origin)
          this.#takeEffect({change, statement, key: names, filled: stored})
        },
    )
  }

  /** The key that the statement may change: as it was seen last, else as the server has it by now. */
  #keyOf({reading, touches}: DdlChange, statement: DdlStatement): readonly string[] | Promise<readonly string[]> {
    if (statement.type !== 'alter-table' || !reading.changesColumns) return []
    const {catalog, divergences} = this.#parts
    const table = [...divergences.watched].find(each => touches(each) && isSame(folded(each), folded(statement.table)))
    if (table === undefined) return []
    return catalog.lastKey(table) ?? this.#storedKey(table)
  }

  async #storedKey(table: TableId): Promise<readonly string[]> {
    const shape = await this.#options.server.shape(table)
    return shape?.primaryKey.map(index => shape.columns[index]!.name) ?? []
  }

  #takeEffect({change, statement, truncated = null, filled = [], key = []}: Effect): void {
    const {reading, touches} = change
    const {catalog, divergences, coordinator, schemas, dispatcher} = this.#parts
    this.#options.server.forget()
    const {file, pos} = dispatcher.reached
    const since = `${file}:${pos}`
    const tables = tablesChanged(statement, reading, touches)
    if (statement.type === 'create-table') divergences.returned(statement.table)
    // Tables of these names are captured from here on, and have rows that were never streamed under them.
    for (const table of filled) if (catalog.isCaptured(table)) divergences.watch(table)
    for (const table of divergences.watched) {
      if (!touches(table) || !this.#parts.owns(table)) continue
      coordinator?.schemaChanged(table, null, reading.removes)
      if (tables.removes(table)) divergences.gone(table, since, reading.verb)
      // The statement is read exactly where it becomes an event, so that no other table can be meant.
      else if (tables.changes(table) && truncated === null) {
        const removesRows =
          reading.removesRows ||
          filled.includes(table) ||
          (reading.changesColumns && key.some(name => reading.words.has(name.toLowerCase())))
        divergences.diverged(table, since, reading.verb, {removesRows})
      }
    }
    this.#parts.tables.changedBy(statement, since)
    if (truncated !== null) divergences.emptied(truncated.table, since)
    // Keys other than the primary key are not in the binlog: they may have come or gone with this.
    catalog.forget()
    schemas.changed(reading, touches)
    this.#parts.cascades?.changed(reading, touches, {file, pos})
  }

  /** Null where rows of the table are not emitted, or transforms drop the event. */
  async #truncated(named: TableId): Promise<Truncated | null> {
    const {catalog} = this.#parts
    const table = await this.#asStored(named)
    if (!catalog.isEmitted(table) || !this.#parts.owns(table)) return null
    const target = catalog.lastTarget(table) ?? (await catalog.describedTarget(await this.#shapeOf(table)))
    return target.lanes.lanes.length === 0 ? null : {table, target}
  }

  /** Its definition stands in nothing but the schema of the event. */
  async #shapeOf(table: TableId): Promise<TableShape> {
    const shape = this.#options.settings.valueSchemasEnabled ? await this.#options.server.shape(table) : null
    return shape ?? {id: table, columns: [], primaryKey: []}
  }

  /** The table's name as rows have it: a statement may spell it otherwise where the server folds names. */
  async #asStored(named: TableId): Promise<TableId> {
    for (const table of this.#parts.divergences.watched) if (isSame(table, named)) return table
    if (!(await this.#options.server.foldsNames())) return named
    for (const table of this.#parts.divergences.watched) if (isSame(folded(table), folded(named))) return table
    return folded(named)
  }
}

function isSame(a: TableId, b: TableId): boolean {
  return a.table === b.table && a.database === b.database
}

function folded({database, table}: TableId): TableId {
  return {database: database.toLowerCase(), table: table.toLowerCase()}
}
