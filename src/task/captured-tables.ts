// Which tables a task captures, and which of them are copied without anybody asking: those of snapshot.mode, and those that
// are new in the filter.

import type {Settings} from '../config/settings.ts'
import {createTableFilter, isSignalTable} from '../config/table-filter.ts'
import type {Log} from '../core/log.ts'
import {tableIdText} from '../core/table-id.ts'
import type {TableId} from '../core/table-id.ts'
import type {SnapshotCoordinator} from '../snapshot/snapshot-coordinator.ts'
import type {Checkpoint} from '../state/checkpoint.ts'
import type {Divergences} from './divergences.ts'
import type {SourceServer} from './source-server.ts'

export interface CapturedTablesOptions {
  readonly settings: Settings
  readonly server: SourceServer
  readonly log: Log
  readonly divergences: Divergences
  /** Null where nothing can be copied. */
  readonly coordinator: SnapshotCoordinator | null
  readonly checkpoint: Pick<Checkpoint, 'knownTables'> | null
  readonly initialSnapshotQueued: boolean
}

export class CapturedTables {
  /** The initial snapshot of snapshot.mode was queued; stored. */
  initialSnapshotQueued: boolean
  /** `database.table` of those that `welcome` was told of; stored. */
  known: readonly string[] = []
  readonly #options: CapturedTablesOptions

  constructor(options: CapturedTablesOptions) {
    this.#options = options
    this.initialSnapshotQueued = options.initialSnapshotQueued
  }

  /** As the server has them now, the signal table left out. */
  async list(): Promise<TableId[]> {
    const {settings, server, divergences} = this.#options
    const tables = await server.tables(createTableFilter(settings))
    const captured = tables.filter(table => !isSignalTable(settings, table))
    for (const table of captured) divergences.watch(table)
    return captured
  }

  /**
   * Takes note of the tables captured from now on. Those that the stored state does not know have rows that were never
   * streamed: they are copied without anybody asking (snapshot.new.tables).
   */
  welcome(captured: readonly TableId[]): void {
    const {checkpoint, settings, log, coordinator} = this.#options
    const copying = new Set(coordinator?.runs.map(run => run.text))
    const added = captured.filter(table => {
      const text = tableIdText(table)
      return checkpoint !== null && !checkpoint.knownTables.includes(text) && !copying.has(text)
    })
    this.#watchKnown()
    this.known = captured.map(tableIdText)
    if (added.length === 0 || settings.snapshot.newTables === 'off') return
    const tables = added.map(tableIdText)
    if (coordinator === null) {
      log.warn(
        {tables},
        'tables are new in the filter, but without a signal table or GTIDs they cannot be copied: only streamed',
      )
      return
    }
    const {newTables} = settings.snapshot
    log.info({tables, reader: newTables}, 'tables are new in the filter, copying them')
    const reader = newTables === 'parallel' ? {reader: newTables} : {}
    coordinator.accept({
      id: `new-tables-${Date.now()}`,
      kind: 'incremental',
      tables: added.map(table => ({table, condition: null, surrogateKey: null, ...reader})),
    })
  }

  // One that was dropped while the task was away is still to be dropped in the stream.
  #watchKnown(): void {
    const {checkpoint, settings, divergences} = this.#options
    const passes = createTableFilter(settings)
    for (const text of checkpoint?.knownTables ?? []) {
      const [database = '', ...name] = text.split('.')
      const table = {database, table: name.join('.')}
      if (passes(table) && !isSignalTable(settings, table)) divergences.watchKnown(table)
    }
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
}
