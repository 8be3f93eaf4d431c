// The simulated server as a task asks it: the session at the start, planning, keys, marks and lanes. Every statement
// has two turns, one when it is carried out and one when its answer arrives, and hangs on a connection that can break.

import {TidemarkError} from '../../src/core/tidemark-error.ts'
import {GtidSet} from '../../src/core/gtid-set.ts'
import {tableIdText} from '../../src/core/table-id.ts'
import type {TableId} from '../../src/core/table-id.ts'
import type {TableShape} from '../../src/core/table-shape.ts'
import {chunkKeyOf} from '../../src/snapshot/chunk-key.ts'
import type {KeyValues} from '../../src/snapshot/chunk-key.ts'
import type {Lane, LaneEvents} from '../../src/snapshot/chunk-lane.ts'
import {boundaryQuery, maximumKeyQuery} from '../../src/snapshot/chunk-query.ts'
import type {PlanningSource, TableDescription} from '../../src/snapshot/prepared-table.ts'
import type {KeyReader} from '../../src/snapshot/table-keys.ts'
import type {TableCopy} from '../../src/readers/table-copy.ts'
import type {TableRequest} from '../../src/snapshot/snapshot-plan.ts'
import type {Checkpoint} from '../../src/state/checkpoint.ts'
import type {CopyParts, LaneParts, SourceServer} from '../../src/task/source-server.ts'
import type {PreparedServer} from '../../src/task/server-session.ts'
import type {TaskSession} from '../../src/task/task-parts.ts'
import type {Scheduler} from './scheduler.ts'
import {connectionLost, interrupted, unreachable} from './sim-errors.ts'
import {SimCopy} from './sim-copy.ts'
import {SimLane} from './sim-lane.ts'
import {SERVER_UUID} from './sim-mysql.ts'
import type {SimMysql, Transaction} from './sim-mysql.ts'
import {condition, readMark, select} from './sim-sql.ts'
import {DATABASE, isKeyless, keyOf, shapeOf, SIGNALS} from './sim-tables.ts'
import type {SimDefinition} from './sim-tables.ts'

export interface SimServerOptions {
  readonly mysql: SimMysql
  readonly scheduler: Scheduler
  /** How likely a statement is to be interrupted. */
  readonly interruptions: number
  /** Told what a SELECT has read. */
  readonly onRead: (sql: string) => void
}

export class SimSession implements TaskSession {
  readonly #options: SimServerOptions
  readonly #stopping: AbortSignal

  constructor(options: SimServerOptions, stopping: AbortSignal) {
    this.#options = options
    this.#stopping = stopping
  }

  async prepare(checkpoint: Checkpoint | null): Promise<PreparedServer | null> {
    const {mysql, scheduler} = this.#options
    const wanted = GtidSet.parse(checkpoint?.offset.gtidSet ?? '')
    await scheduler.turn('session prepares', {
      signal: this.#stopping,
      ready: () => mysql.up && GtidSet.parse(mysql.executed).contains(wanted),
    })
    if (this.#stopping.aborted) return null
    const {end, executed, gtidOn} = mysql
    const start = {file: 'binlog.000001', pos: 157}
    const stored = checkpoint === null ? null : ({ok: true} as const)
    return {state: {serverUuid: SERVER_UUID, gtidOn, executed: gtidOn ? executed : '', end, start, purged: '', stored}}
  }

  server(): SourceServer {
    return new SimSourceServer(this.#options)
  }

  follow(): void {
    throw new Error('the simulation has one server')
  }

  close(): void {
    this.#options.scheduler.breakConnections(() => true, connectionLost)
  }
}

export class SimSourceServer implements SourceServer {
  readonly planning: PlanningSource
  readonly streamKeys: KeyReader
  /** Every event names its columns. */
  readonly schemas = null
  /** It has no foreign keys. */
  readonly cascades = null
  readonly #options: SimServerOptions
  #lanes = 0
  #copies = 0

  constructor(options: SimServerOptions) {
    const {mysql} = options
    this.#options = options
    this.planning = {
      describe: table => this.#query('planning', `describe ${table.table}`, () => describe(mysql, table)),
      maximumKey: (table, key, filter) =>
        this.#query(
          'planning',
          `maximum key of ${table.table}`,
          () => this.#keys(maximumKeyQuery(table, key, filter)),
          {
            table: table.table,
          },
        ),
      boundaries: (description, table, parts) =>
        this.#query('planning', `cut ${table.table}`, () => this.#boundaries(description, table, parts), {
          table: table.table,
        }),
      // Outside of the simulated time: nothing but what is shown hangs on it.
      sizes: tables => Promise.resolve(tables.map(() => ({rowsEstimated: 0, rowBytes: 64}))),
    }
    // A table without a primary key has no other.
    this.streamKeys = {uniqueKey: () => Promise.resolve(null), isUnique: () => Promise.resolve(false)}
  }

  declaredColumns(): Promise<never> {
    throw new Error('the simulated task writes no schemas')
  }

  tables(filter: (id: TableId) => boolean): Promise<TableId[]> {
    return this.#query('signals', 'list tables', () =>
      [...this.#options.mysql.tables, SIGNALS].map(({table}) => ({database: DATABASE, table})).filter(filter),
    )
  }

  async probe({table, condition: filter}: TableRequest, canSnapshot: boolean): Promise<void> {
    if (!canSnapshot) throw new TidemarkError('TIDEMARK_SNAPSHOT_NO_WATERMARKS', 'snapshots need a signal table')
    const hasKey = await this.#query('signals', `probe ${table.table}`, () => {
      return !isKeyless(existing(this.#options.mysql, table))
    })
    if (!hasKey && filter !== null) {
      throw new TidemarkError('TIDEMARK_SNAPSHOT_KEYLESS_CONDITION', 'a table without a key is copied as a whole')
    }
    if (filter === null) return
    try {
      condition(filter)
    } catch (cause) {
      throw new TidemarkError('TIDEMARK_SNAPSHOT_FILTER_REFUSED', 'MySQL refuses the filter', {cause})
    }
  }

  shape(table: TableId): Promise<TableShape | null> {
    return this.#query('stream', `shape of ${table.table}`, () => shapeOf(existing(this.#options.mysql, table)))
  }

  definition(): Promise<null> {
    return Promise.reject(new Error('the simulation has no schema change events'))
  }

  initialSchema(): Promise<never> {
    return Promise.reject(new Error('the simulation has no schema change events'))
  }

  foldsNames(): Promise<boolean> {
    return Promise.resolve(false)
  }

  forget(): void {
    // Nothing is remembered here.
  }

  cancelPlanning(): void {
    this.#options.scheduler.breakConnections(connection => connection === 'planning', connectionLost)
  }

  readonly writeMark = async (sql: string, values: readonly string[]): Promise<void> => {
    const {mysql, scheduler} = this.#options
    const {random} = scheduler
    const write = (): Transaction => {
      const mark = readMark(sql, values)
      const ordinal = ++mysql.ordinal
      const definition = SIGNALS
      if ('insert' in mark) return mysql.commit([{definition, op: 'c', before: null, after: mark.insert, ordinal}])
      const before = mysql.head.rows(SIGNALS.table).get(mark.deleteId)
      return mysql.commit(before === undefined ? [] : [{definition, op: 'd', before, after: null, ordinal}])
    }
    try {
      await scheduler.turn('mark is written', {connection: 'watermarks'})
    } catch (error) {
      // The connection broke before the answer came: the statement may have been carried out all the same.
      if (mysql.up && random.chance(0.5)) write()
      throw error
    }
    if (!mysql.up) throw unreachable()
    if (random.chance(this.#options.interruptions)) throw interrupted()
    const transaction = write()
    await scheduler.turn('mark is committed', {connection: 'watermarks', ready: () => mysql.isVisible(transaction)})
  }

  executedGtids(): Promise<GtidSet> {
    return this.#query('watermarks', 'executed GTIDs', () => GtidSet.parse(this.#options.mysql.executed))
  }

  binlogRetention(): Promise<{file: string; seconds: number | null}> {
    return Promise.resolve({file: 'binlog.000001', seconds: null})
  }

  purgedGtids(): Promise<{purged: GtidSet; firstFile: string}> {
    return this.#query('watermarks', 'purged GTIDs', () => ({purged: new GtidSet(), firstFile: 'binlog.000001'}))
  }

  asksToWait(query: string): Promise<string | null> {
    return this.#query('throttle', 'asks to wait', () => {
      const [, chance] = /^SELECT RAND\(\) < ([0-9.]+)$/.exec(query) ?? []
      if (chance === undefined) throw new TidemarkError('TIDEMARK_MYSQL_QUERY', `MySQL refuses ${query}`)
      return this.#options.scheduler.random.chance(Number(chance)) ? 'returned 1' : null
    })
  }

  openCopy(parts: CopyParts): TableCopy {
    return new SimCopy({...this.#options, ...parts, number: this.#copies++})
  }

  openLane(events: LaneEvents, parts: LaneParts): Lane {
    return new SimLane({...this.#options, ...parts, events, number: this.#lanes++})
  }

  run(what: string): Promise<void> {
    return this.#query('stream', what, () => undefined)
  }

  async #query<T>(connection: string, what: string, work: () => T, {table = ''}: {table?: string} = {}): Promise<T> {
    const {mysql, scheduler, interruptions} = this.#options
    await scheduler.turn(`query: ${what}`, {connection, queue: connection, ready: () => !mysql.isLocked(table)})
    if (!mysql.up) throw unreachable()
    if (scheduler.random.chance(interruptions)) throw interrupted()
    const result = work()
    await scheduler.turn(`answer: ${what}`, {connection, queue: connection})
    return result
  }

  #keys(sql: string): KeyValues | null {
    const row = select(this.#options.mysql.visible, sql)[0]
    return row === undefined ? null : row.map(String)
  }

  #boundaries({chunkKey: key, rowsEstimated}: TableDescription, table: TableId, parts: number): KeyValues[] {
    const cuts: KeyValues[] = []
    let after: KeyValues | null = null
    while (cuts.length < parts - 1) {
      const range = {table, key, after, upTo: null, condition: null}
      after = this.#keys(boundaryQuery(range, Math.floor(rowsEstimated / parts)))
      if (after === null) break
      cuts.push(after)
    }
    return cuts
  }
}

function existing({visible}: SimMysql, table: TableId): SimDefinition {
  if (visible.has(table.table)) return visible.definition(table.table)
  throw new TidemarkError('TIDEMARK_SNAPSHOT_UNKNOWN_TABLE', `the server has no table ${tableIdText(table)}`)
}

function describe(mysql: SimMysql, table: TableId): TableDescription {
  const {visible} = mysql
  const definition = existing(mysql, table)
  if (isKeyless(definition)) throw new TidemarkError('TIDEMARK_SNAPSHOT_NO_KEY', `${tableIdText(table)} has no key`)
  const shape = shapeOf(definition)
  const rows = visible.rows(table.table)
  return {
    shape,
    messageKey: shape.primaryKey,
    rowKey: shape.primaryKey,
    chunkKey: chunkKeyOf(shape, shape.primaryKey),
    rowsEstimated: new Set([...rows.values()].map(row => keyOf(definition, row))).size,
    rowBytes: 64,
  }
}
