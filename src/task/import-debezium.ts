// The state in which Tidemark goes on where a Debezium connector stopped: its offset, also inside of a transaction, and
// its running incremental snapshot.

import type {BinlogEvents, BinlogSource, StreamStart} from '../binlog/binlog-events.ts'
import {countRows} from '../binlog/row-count.ts'
import type {Settings} from '../config/settings.ts'
import {createTableFilter, isSignalTable} from '../config/table-filter.ts'
import {tableIdText} from '../core/table-id.ts'
import {describeError, TidemarkError} from '../core/tidemark-error.ts'
import {keyLiteral, type ChunkKeyColumn, type KeyValues} from '../snapshot/chunk-key.ts'
import {newSnapshotPlan, type SnapshotPlan, type TablePlan} from '../snapshot/snapshot-plan.ts'
import type {Checkpoint, StoredOffset} from '../state/checkpoint.ts'
import type {DebeziumOffset, DebeziumSnapshot} from '../state/debezium-offset.ts'
import type {JavaValue} from '../state/java-serialized.ts'
import type {SourceServer} from './source-server.ts'

export interface ImportParts {
  readonly settings: Settings
  readonly serverUuid: string
  readonly gtidOn: boolean
  readonly server: Pick<SourceServer, 'tables' | 'planning'>
  readonly binlog: BinlogSource
  readonly signal: AbortSignal
}

export interface ImportedState {
  readonly checkpoint: Checkpoint
  /** What the operator should know. */
  readonly notes: readonly string[]
}

/** Throws TIDEMARK_STATE_DEBEZIUM_… where going on from there would lose or repeat something. */
export async function importDebeziumOffset(offset: DebeziumOffset, parts: ImportParts): Promise<ImportedState> {
  const {settings, server} = parts
  if (offset.gtids !== null && !parts.gtidOn) {
    throw refused('it has GTIDs, and this server runs without (gtid_mode); connect to the server that it belongs to')
  }
  const notes: string[] = []
  if (offset.gtids === null && parts.gtidOn)
    notes.push('the offset has no GTIDs: the stream goes on by file and position')
  const filter = createTableFilter(settings)
  const captured = (await server.tables(filter)).filter(table => !isSignalTable(settings, table))
  const snapshots = offset.snapshot === null ? [] : [await planOf(offset.snapshot, parts, notes)]
  const checkpoint: Checkpoint = {
    connector: settings.name,
    serverUuid: parts.serverUuid,
    offset: await storedOffset(offset, parts),
    snapshots,
    initialSnapshotQueued: true,
    signals: {pending: [], occurrences: []},
    diverged: [],
    knownTables: captured.map(tableIdText),
  }
  return {checkpoint, notes}
}

/** Debezium counts events and rows of the last one; the state counts rows of the transaction, as the binlog has them. */
async function storedOffset(offset: DebeziumOffset, {binlog, signal}: ImportParts): Promise<StoredOffset> {
  const {file, pos, gtids: gtidSet, event, row} = offset
  const start: StoredOffset = {file, pos, gtidSet, rows: 0, sid: '', gno: 0}
  if (event === 0 && row === 0) return start
  const stop = new AbortController()
  const patience = AbortSignal.any([signal, stop.signal, AbortSignal.timeout(PATIENCE_MS)])
  const from: StreamStart = gtidSet === null ? {type: 'position', file, pos} : {type: 'gtid', executed: gtidSet}
  const count = new TransactionRows(event)
  try {
    for await (const events of binlog.events(from, patience)) {
      while (events.next()) {
        if (!count.take(events)) continue
        const {place} = count
        return {...start, ...(gtidSet === null ? {} : place), rows: count.rows + row}
      }
    }
  } finally {
    stop.abort()
  }
  throw refused(`its transaction at ${file}:${pos} did not come within ${PATIENCE_MS / 1000} s (is it purged?)`)
}

const PATIENCE_MS = 60_000

/** The rows of the first `wanted` events of a transaction, as Debezium counts them: all, from BEGIN on. */
class TransactionRows {
  rows = 0
  place = {file: '', pos: 0, sid: '', gno: 0}
  readonly #wanted: number
  #counted = 0

  constructor(wanted: number) {
    this.#wanted = wanted
  }

  /** True when all are counted. */
  take(events: BinlogEvents): boolean {
    if (events.kind === 'gtid') {
      const {file, startPos, sid, gno} = events
      this.place = {file, pos: startPos, sid, gno}
      return false
    }
    if (this.#counted === 0 && events.kind !== 'begin') return false
    if (this.#counted > 0 && (events.kind === 'commit' || events.kind === 'rollback')) {
      throw refused(`its transaction ends after ${this.#counted} events, and ${this.#wanted} were done of it`)
    }
    this.#counted++
    if (events.kind === 'rows') this.rows += countRows(events.rows)
    return this.#counted >= this.#wanted
  }
}

async function planOf(snapshot: DebeziumSnapshot, parts: ImportParts, notes: string[]): Promise<SnapshotPlan> {
  const plan = newSnapshotPlan({
    id: snapshot.id ?? `debezium-${Date.now()}`,
    kind: 'incremental',
    tables: snapshot.tables.map(({database, table, condition, surrogateKey}) => ({
      table: {database, table},
      condition,
      surrogateKey: surrogateKey === null ? null : [surrogateKey],
    })),
  })
  plan.state = 'running'
  const [first] = plan.tables
  if (first !== undefined) await resume(first, {snapshot, parts, notes})
  return plan
}

/** The first table goes on behind the last key, as far as that can be told to MySQL. */
async function resume(
  table: TablePlan,
  {snapshot, parts, notes}: {snapshot: DebeziumSnapshot; parts: ImportParts; notes: string[]},
): Promise<void> {
  if (snapshot.maximumKey === null) return
  const {chunkKey, shape, rowsEstimated} = await parts.server.planning.describe(table.table, table.surrogateKey)
  const again = (why: string): void => {
    notes.push(`${tableIdText(table.table)} is copied from its first row again: ${why}`)
  }
  try {
    const isNumbered = chunkKey.some(({expression, literal}) => expression !== null && literal === 'plain')
    if (isNumbered) return again('its key is an ENUM, SET or BIT, which Debezium keeps in another form')
    const upTo = keyValues(snapshot.maximumKey, chunkKey)
    const after = snapshot.lastKey === null ? null : keyValues(snapshot.lastKey, chunkKey)
    table.ranges = [{after, upTo, done: false}]
    table.keyColumns = chunkKey.map(({column}) => shape.columns[column]!.name)
    table.rowsEstimated = rowsEstimated
    table.state = 'running'
  } catch (error) {
    again(describeError(error).message)
  }
}

function keyValues(values: readonly JavaValue[], key: readonly ChunkKeyColumn[]): KeyValues {
  if (values.length !== key.length) {
    throw refused(`a key of ${values.length} values, and the table's has ${key.length} columns`)
  }
  return values.map((value, at) => literal(value, key[at]!))
}

function literal(value: JavaValue, {literal: kind, name}: ChunkKeyColumn): string {
  const bytes = bytesOf(value, kind)
  if (bytes !== null) return keyLiteral(kind, bytes, 0, bytes.length)
  const what = value.type === 'other' ? value.className : value.type
  throw refused(`column ${name} has a key value of the kind ${what}, which is not understood here`)
}

function bytesOf(value: JavaValue, kind: ChunkKeyColumn['literal']): Buffer | null {
  switch (value.type) {
    case 'digits':
      return kind === 'plain' || kind === 'double' ? Buffer.from(value.digits) : null
    case 'double':
      return kind === 'double' && Number.isFinite(value.value) ? Buffer.from(String(value.value)) : null
    case 'text':
      return kind === 'text' ? Buffer.from(value.text) : null
    case 'bytes':
      return kind === 'bytes' ? value.bytes : null
    case 'null':
    case 'other':
      return null
  }
}

function refused(what: string): TidemarkError {
  return new TidemarkError('TIDEMARK_STATE_DEBEZIUM_OFFSET', `cannot go on from Debezium's offset: ${what}`)
}
