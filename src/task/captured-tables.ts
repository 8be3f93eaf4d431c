// Which tables a task captures, what it knows of them, and which of them are copied without anybody asking: those of
// snapshot.mode, and those that are new in the filter or come back to it.

import type {Settings} from '../config/settings.ts'
import {createTableFilter, isSignalTable} from '../config/table-filter.ts'
import type {Log} from '../core/log.ts'
import {tableIdText} from '../core/table-id.ts'
import type {TableId} from '../core/table-id.ts'
import type {SnapshotCoordinator} from '../snapshot/snapshot-coordinator.ts'
import type {TablePlan} from '../snapshot/snapshot-plan.ts'
import type {KnownTable, StoredOffset} from '../state/checkpoint.ts'
import type {DdlStatement} from '../stream/ddl-statement.ts'
import type {Divergences} from './divergences.ts'
import {KnownTables, type DepartureReason} from './known-tables.ts'
import {endCopies} from './ended-copies.ts'
import type {SourceServer} from './source-server.ts'
import {tableMoves} from './table-moves.ts'

const NOT_CAPTURED = 'absence from the filter'

export interface CapturedTablesOptions {
  readonly settings: Settings
  readonly server: SourceServer
  readonly log: Log
  readonly divergences: Divergences
  /** Null where nothing can be copied. */
  readonly coordinator: SnapshotCoordinator | null
  /** Of the stored state, also where nothing else of it is kept. */
  readonly storedTables: readonly KnownTable[]
  /** The task has a state: tables that it does not know have rows that were never streamed. */
  readonly goesOn: boolean
  readonly initialSnapshotQueued: boolean
}

/** What a start made of the set of tables. */
export interface TableChanges {
  /** Captured for the first time. */
  readonly added: readonly string[]
  /** Captured once more. */
  readonly returned: readonly string[]
  /** No longer captured. */
  readonly left: readonly string[]
  /** Of those that were added or came back: copied now. */
  readonly copied: readonly string[]
}

export class CapturedTables {
  /** The initial snapshot of snapshot.mode was queued; stored. */
  initialSnapshotQueued: boolean
  readonly known: KnownTables
  readonly #options: CapturedTablesOptions
  readonly #isCaptured: (table: TableId) => boolean
  #foldsNames = false

  constructor(options: CapturedTablesOptions) {
    const {settings} = options
    this.#options = options
    this.initialSnapshotQueued = options.initialSnapshotQueued
    this.known = new KnownTables(options.storedTables)
    const passes = createTableFilter(settings)
    this.#isCaptured = table => passes(table) && !isSignalTable(settings, table)
  }

  /** As the server has them now, the signal table left out. */
  async list(): Promise<TableId[]> {
    const {server, divergences} = this.#options
    this.#foldsNames = await server.foldsNames()
    const tables = await server.tables(table => this.#isCaptured(table))
    for (const table of tables) divergences.watch(table)
    return tables
  }

  /**
   * Takes note of the tables captured from `offset` on. Those that the stored state does not know have rows that were never
   * streamed, and those that come back have changed unseen: they are copied without anybody asking (snapshot.new.tables).
   */
  begin(captured: readonly TableId[], {file, pos}: Pick<StoredOffset, 'file' | 'pos'>): TableChanges {
    const {goesOn, coordinator} = this.#options
    const left = this.#departures(`${file}:${pos}`)
    if (coordinator !== null) endCopies(coordinator, table => this.#isCaptured(table))
    const added = captured.filter(table => this.known.get(tableIdText(table)) === null)
    const returned = captured.filter(table => this.known.get(tableIdText(table))?.left !== undefined)
    for (const table of returned) this.#returned(table)
    for (const table of [...added, ...returned]) this.known.enter(tableIdText(table), null)
    // Their drop is behind the stream, and does not come again.
    for (const run of coordinator?.runs ?? []) if (this.known.get(run.text)?.left?.why === 'dropped') run.removed = true
    const copied = goesOn ? this.#copy([...added, ...returned]) : []
    return {added: added.map(tableIdText), returned: returned.map(tableIdText), left, copied}
  }

  /** What a statement makes of the set of tables; told exactly where it takes effect. */
  changedBy(statement: DdlStatement, place: string): void {
    const {arrived, gone, areNew} = tableMoves(statement, this.#moveScope)
    for (const table of gone) {
      this.#leave(tableIdText(table), place, 'dropped')
      this.#options.log.info({table: tableIdText(table), since: place}, 'table is gone, no longer captured')
    }
    for (const table of arrived) this.#arrived(table, place, areNew)
  }

  /** Rows of the table are in the stream. */
  seen(table: TableId): void {
    const text = tableIdText(table)
    const known = this.known.get(text)
    if (known !== null) {
      // A statement that has taken it away is read once more, or one that brought it back was not understood: then the
      // status says since the first that it has diverged.
      if (known.left !== undefined) this.known.enter(text, null)
      return
    }
    this.known.enter(text, null)
    this.#copyUnasked(table)
  }

  /** A whole copy has ended; told before the divergences are. */
  copied({table, condition}: TablePlan, place: string): void {
    if (condition === null) this.known.complete(tableIdText(table), place)
  }

  /** Queues the initial snapshot of snapshot.mode. */
  queueInitialSnapshot(id: string, captured: readonly TableId[]): void {
    const {includeCollections} = this.#options.settings.snapshot
    const tables = captured.filter(
      table => includeCollections === null || includeCollections.some(pattern => pattern.test(tableIdText(table))),
    )
    this.#options.coordinator?.accept({
      id,
      kind: 'initial',
      tables: tables.map(table => ({table, condition: null, surrogateKey: null})),
    })
    this.initialSnapshotQueued = true
  }

  get #moveScope(): Parameters<typeof tableMoves>[1] {
    return {
      isCaptured: this.#isCaptured,
      foldsNames: this.#foldsNames,
      known: () => this.known.list,
    }
  }

  /** Tables that the filter no longer has. */
  #departures(place: string): string[] {
    const {settings, log, divergences} = this.#options
    const left: string[] = []
    for (const {table: text, left: gone} of this.known.list) {
      const table = tableIdOf(text)
      // A state of before may have it among the tables, from its rows in the stream.
      if (isSignalTable(settings, table)) this.known.forget(text)
      // One that was dropped while the task was away is still to be dropped in the stream.
      else if (gone === undefined && this.#isCaptured(table)) divergences.watchKnown(table)
      else if (gone === undefined) {
        this.#leave(text, place, 'filter')
        log.warn({table: text, since: place}, 'table left the filter, no longer captured')
        left.push(text)
      }
    }
    return left
  }

  #leave(text: string, place: string, why: DepartureReason): void {
    for (const table of this.known.leave(text, place, why)) {
      this.#options.divergences.forget(table)
      this.#options.log.info({table}, 'a table that is long gone is forgotten, its rows stay in its topic')
    }
  }

  /** Rows deleted meanwhile stand in its topic: a copy of it begins with a truncate event, or they are named. */
  #returned(table: TableId): void {
    const text = tableIdText(table)
    const {since, why} = this.known.get(text)!.left!
    this.#options.log.info({table: text, since}, 'table was not captured for a while and is captured again')
    // One that was dropped under our eyes has its divergence already.
    if (why === 'filter') this.#options.divergences.diverged(table, since, NOT_CAPTURED, {removesRows: true})
  }

  #arrived(table: TableId, place: string, isNew: boolean): void {
    const {divergences, log} = this.#options
    const text = tableIdText(table)
    const known = this.known.get(text)
    if (known !== null && known.left === undefined) return
    divergences.watch(table)
    if (known === null) divergences.neverCaptured(table)
    else this.#returned(table)
    // What comes back has a topic with rows of before.
    this.known.enter(text, isNew && known === null ? place : null)
    if (isNew) log.info({table: text, since: place}, 'table created, captured from its first row on')
    else this.#copyUnasked(table)
  }

  /** What a start from the beginning of the binlog meets was there before. */
  #copyUnasked(table: TableId): void {
    const {goesOn, settings} = this.#options
    if (goesOn || settings.snapshot.mode !== 'never') this.#copy([table])
  }

  /** Copies what was not streamed, unless it is being copied already; returns what is. */
  #copy(tables: readonly TableId[]): string[] {
    const {settings, log, coordinator} = this.#options
    const copying = new Set(coordinator?.runs.map(run => run.text))
    const wanted = tables.filter(table => !copying.has(tableIdText(table)))
    if (wanted.length === 0 || settings.snapshot.newTables === 'off') return []
    const texts = wanted.map(tableIdText)
    if (coordinator === null) {
      log.warn(
        {tables: texts},
        'tables are new in the filter, but without a signal table or GTIDs they cannot be copied: only streamed',
      )
      return []
    }
    const {newTables} = settings.snapshot
    log.info({tables: texts, reader: newTables}, 'tables are new in the filter, copying them')
    const reader = newTables === 'parallel' ? {reader: newTables} : {}
    coordinator.accept({
      id: `new-tables-${Date.now()}`,
      kind: 'incremental',
      tables: wanted.map(table => ({table, condition: null, surrogateKey: null, ...reader})),
    })
    return texts
  }
}

/** A database's name has no dot in it where one is captured by `database.table`. */
function tableIdOf(text: string): TableId {
  const dot = text.indexOf('.')
  return {database: text.slice(0, dot), table: text.slice(dot + 1)}
}
