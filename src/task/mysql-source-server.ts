// MySQL as the engine asks it: tables, keys, sizes, whether a request can be carried out, marks, and lanes.

import type {Settings} from '../config/settings.ts'
import {NOTHING_DECLARED, type DeclaredColumns} from '../core/declared-columns.ts'
import {GtidSet} from '../core/gtid-set.ts'
import type {Log} from '../core/log.ts'
import {tableIdText} from '../core/table-id.ts'
import type {TableDefinition} from '../core/table-definition.ts'
import type {TableId} from '../core/table-id.ts'
import type {TableShape} from '../core/table-shape.ts'
import {describeError, TidemarkError} from '../core/tidemark-error.ts'
import {TurnBatch} from '../core/turn-batch.ts'
import {readDeclaredColumns} from '../mysql/declared-columns.ts'
import {quoteTable} from '../mysql/identifiers.ts'
import {assertMayLock} from '../mysql/lock-privilege.ts'
import {toMysqlError} from '../mysql/mysql-error.ts'
import type {MysqlConnection} from '../mysql/connections.ts'
import type {ReopeningConnection} from '../mysql/reopening-connection.ts'
import {
  isUnique,
  readFoldsNames,
  readKeys,
  readTables,
  readTableShapes,
  readTableSizes,
} from '../mysql/schema-reader.ts'
import {readCreateStatement, readDatabaseCharset, readServerCharset} from '../mysql/table-definitions.ts'
import {readTableDefinition} from '../mysql/table-definitions.ts'
import {readBinlogRetention, type BinlogRetention} from '../mysql/binlog-retention.ts'
import {readBinlogFiles, readExecutedGtidSet, readPurgedGtidSet} from '../mysql/server-reader.ts'
import {SnapshotReader} from '../readers/snapshot-reader.ts'
import type {TableCopy} from '../readers/table-copy.ts'
import {WorkerReadView} from '../readers/worker-read-view.ts'
import type {Lane, LaneEvents} from '../snapshot/chunk-lane.ts'
import {encodedRowBytes, MysqlPlanningSource} from '../snapshot/mysql-planning-source.ts'
import type {DescribedTable} from '../snapshot/mysql-planning-source.ts'
import type {PlanningSource, TableDescription} from '../snapshot/prepared-table.ts'
import type {ExecuteStatement} from '../snapshot/signal-table-marks.ts'
import type {TableRequest} from '../snapshot/snapshot-plan.ts'
import type {KeyReader} from '../snapshot/table-keys.ts'
import {WorkerLane} from '../snapshot/worker-lane.ts'
import type {CascadeSource} from '../stream/cascade-book.ts'
import type {SchemaSource} from '../stream/schema-source.ts'
import type {InitialSchema} from '../stream/schema-changes.ts'
import type {CopyParts, LaneParts, SourceServer} from './source-server.ts'
import {waitReason} from './throttle-answer.ts'

/** One connection for each kind of work, so that a slow query of one never holds up the others, least of all the stream. */
export interface SourceConnections {
  /** Shapes, maximum keys and cuts of snapshots; may take long. */
  readonly planning: ReopeningConnection
  /** Signals: which tables there are, whether a filter is one. */
  readonly signals: ReopeningConnection
  /** Keys of tables without a primary key, when the stream meets them; heartbeats. */
  readonly stream: ReopeningConnection
  readonly watermarks: ReopeningConnection
  /** snapshot.throttle.query. */
  readonly throttle: ReopeningConnection
}

export interface MysqlSourceServerOptions {
  readonly connections: SourceConnections
  readonly schemas: SchemaSource
  readonly cascades: CascadeSource
  readonly settings: Settings
  readonly log: Log
}

/** A mark is one small INSERT; longer than this only a connection that hangs takes. */
const MARK_TIMEOUT_MS = 30_000
/** A query that decides every second has long said nothing by then; its connection is given up. */
const THROTTLE_TIMEOUT_MS = 10_000
/** A table described for a signal's probe is described again for its plan within this time only once. */
const DESCRIPTION_AGE_MS = 3_000
/** Tables that one query describes, at most. */
const TABLES_A_QUERY = 200

export class MysqlSourceServer implements SourceServer {
  readonly planning: PlanningSource
  readonly streamKeys: KeyReader
  readonly schemas: SchemaSource
  readonly cascades: CascadeSource
  readonly #planner: MysqlPlanningSource
  readonly #plannedTables: TurnBatch<DescribedTable, TableDescription>
  readonly #probedTables: TurnBatch<DescribedTable, TableDescription>
  readonly #options: MysqlSourceServerOptions
  #foldsNames: boolean | null = null
  readonly #described = new Map<string, {at: number; description: TableDescription}>()

  constructor(options: MysqlSourceServerOptions) {
    const {planning, signals, stream} = options.connections
    this.#options = options
    this.schemas = options.schemas
    this.cascades = options.cascades
    this.#planner = planningSource(options, planning)
    this.#plannedTables = describing(this.#planner, planning)
    this.#probedTables = describing(planningSource(options, signals), signals)
    this.streamKeys = keyReader(stream)
    const use = <T>(table: TableId, work: () => Promise<T>): Promise<T> =>
      planning.use(`read ${tableIdText(table)}`, work)
    this.planning = {
      describe: (table, surrogateKey) => this.#describe(table, surrogateKey),
      maximumKey: (table, key, condition) => use(table, () => this.#planner.maximumKey(table, key, condition)),
      boundaries: (description, table, parts) => use(table, () => this.#planner.boundaries(description, table, parts)),
      // Not on the connection that tables are prepared by: many tables take a while.
      sizes: tables =>
        signals.use('read the sizes of tables', async open =>
          (await readTableSizes(open, tables)).map(size => ({
            rowsEstimated: size.rows,
            rowBytes: encodedRowBytes(size),
          })),
        ),
    }
  }

  declaredColumns(table: TableId): Promise<DeclaredColumns> {
    return this.#options.connections.stream.use(`read the definition of ${tableIdText(table)}`, async connection => {
      const [declared] = await readDeclaredColumns(connection, [table])
      return declared ?? NOTHING_DECLARED
    })
  }

  tables(filter: (id: TableId) => boolean): Promise<TableId[]> {
    return this.#options.connections.signals.use('list the tables', connection => readTables(connection, filter))
  }

  async probe(request: TableRequest, canSnapshot: boolean): Promise<void> {
    if (!canSnapshot) {
      throw new TidemarkError(
        'TIDEMARK_SNAPSHOT_NO_WATERMARKS',
        'snapshots need watermarks: set signal.data.collection (tidemark init prints its SQL), or gtid_mode=ON on the server',
      )
    }
    const {signals} = this.#options.connections
    const hasKey = await this.#hasKey(request)
    if (!hasKey && request.condition !== null) throw keylessCondition(request.table)
    if (!hasKey || request.reader === 'parallel')
      await signals.use('see whether the table may be locked', open => assertMayLock(open, request.table))
    if (request.condition === null) return
    await signals.use('try the filter', async connection => {
      try {
        await connection.query(`EXPLAIN SELECT 1 FROM ${quoteTable(request.table)} WHERE (${request.condition})`)
      } catch (error) {
        const told = toMysqlError(error, `filter ${tableIdText(request.table)}`)
        if (told.kind === 'retryable') throw told
        throw new TidemarkError(
          'TIDEMARK_SNAPSHOT_FILTER_REFUSED',
          `MySQL refuses the filter for ${tableIdText(request.table)}: ${(error as Error).message}`,
          {cause: error},
        )
      }
    })
  }

  async shape(table: TableId): Promise<TableShape | null> {
    const {stream} = this.#options.connections
    const [shape] = await stream.use(`read the columns of ${tableIdText(table)}`, open =>
      readTableShapes(open, [table]),
    )
    return shape === undefined || shape instanceof TidemarkError ? null : shape
  }

  async definition(table: TableId): Promise<TableDefinition | null> {
    const {stream} = this.#options.connections
    return await stream.use(`read the definition of ${tableIdText(table)}`, open => readTableDefinition(open, table))
  }

  async initialSchema(tables: readonly TableId[]): Promise<InitialSchema> {
    const {stream} = this.#options.connections
    return await stream.use('read the definitions of the captured tables', open => readInitialSchema(open, tables))
  }

  async foldsNames(): Promise<boolean> {
    const {stream} = this.#options.connections
    this.#foldsNames ??= await stream.use('read lower_case_table_names', readFoldsNames)
    return this.#foldsNames
  }

  forget(): void {
    this.#described.clear()
  }

  cancelPlanning(): void {
    this.#options.connections.planning.drop()
  }

  readonly writeMark: ExecuteStatement = (sql, values) =>
    this.#options.connections.watermarks.use('write a watermark to the signal table', async connection => {
      await connection.query({sql, timeout: MARK_TIMEOUT_MS}, [...values])
    })

  executedGtids(): Promise<GtidSet> {
    return this.#options.connections.watermarks.use('read the executed GTIDs', async connection =>
      GtidSet.parse(await readExecutedGtidSet(connection)),
    )
  }

  binlogRetention(): Promise<BinlogRetention> {
    return this.#options.connections.stream.use('read how long the binlog is kept', readBinlogRetention)
  }

  purgedGtids(): Promise<{purged: GtidSet; firstFile: string}> {
    return this.#options.connections.watermarks.use('read the purged GTIDs', async connection => {
      const purged = GtidSet.parse(await readPurgedGtidSet(connection))
      const files = await readBinlogFiles(connection)
      return {purged, firstFile: files[0]?.name ?? ''}
    })
  }

  openLane(events: LaneEvents, parts: LaneParts): Lane {
    return new WorkerLane(events, {database: this.#options.settings.database, ...parts})
  }

  openCopy(parts: CopyParts): TableCopy {
    const {database, events} = this.#options.settings
    const {encoderOptions, serverUuid, run} = parts
    const view = new WorkerReadView({database, serverUuid, encoderOptions, table: run.plan.table})
    return new SnapshotReader({...parts, database, events, view})
  }

  asksToWait(query: string): Promise<string | null> {
    return this.#options.connections.throttle.use('ask snapshot.throttle.query', async connection => {
      const [result] = await connection.query({sql: query, timeout: THROTTLE_TIMEOUT_MS, rowsAsArray: true})
      return waitReason(result)
    })
  }

  async run(what: string, sql: string): Promise<void> {
    await this.#options.connections.stream.use(what, connection => connection.query(sql))
  }

  /** False where the table has no key, and none was named: it is copied as a whole. */
  async #hasKey(request: TableRequest): Promise<boolean> {
    try {
      const description = await this.#probedTables.ask(request)
      this.#described.set(descriptionKey(request.table, request.surrogateKey), {at: performance.now(), description})
      return true
    } catch (error) {
      if (describeError(error).code === 'TIDEMARK_SNAPSHOT_NO_KEY') return false
      // Chunks cannot be read by this key; a read view needs none.
      if (describeError(error).code === 'TIDEMARK_SNAPSHOT_KEY_TYPE' && request.reader === 'parallel') return true
      throw error
    }
  }

  async #describe(table: TableId, surrogateKey: readonly string[] | null): Promise<TableDescription> {
    const key = descriptionKey(table, surrogateKey)
    const known = this.#described.get(key)
    this.#described.delete(key)
    if (known !== undefined && performance.now() - known.at < DESCRIPTION_AGE_MS) return known.description
    return await this.#plannedTables.ask({table, surrogateKey})
  }
}

async function readInitialSchema(connection: MysqlConnection, tables: readonly TableId[]): Promise<InitialSchema> {
  const databases: InitialSchema['databases'][number][] = []
  for (const name of new Set(tables.map(({database}) => database))) {
    const own: {id: TableId; createStatement: string}[] = []
    for (const id of tables.filter(({database}) => database === name)) {
      const createStatement = await readCreateStatement(connection, id)
      if (createStatement !== null) own.push({id, createStatement})
    }
    const defaults = await readDatabaseCharset(connection, name)
    if (defaults !== null) databases.push({name, ...defaults, tables: own})
  }
  return {server: await readServerCharset(connection), databases}
}

function planningSource(options: MysqlSourceServerOptions, connection: ReopeningConnection): MysqlPlanningSource {
  return new MysqlPlanningSource({
    connection: () => connection.get(),
    keys: keyReader(connection),
    events: options.settings.events,
    log: options.log,
  })
}

function describing(
  source: MysqlPlanningSource,
  connection: ReopeningConnection,
): TurnBatch<DescribedTable, TableDescription> {
  return new TurnBatch<DescribedTable, TableDescription>(
    tables => connection.use(`describe ${tableIdText(tables[0]!.table)}`, () => source.describeAll(tables)),
    TABLES_A_QUERY,
  )
}

function keyReader(connection: ReopeningConnection): KeyReader {
  const keysOf = (table: TableId): ReturnType<typeof readKeys> =>
    connection.use(`read the keys of ${tableIdText(table)}`, open => readKeys(open, table))
  return {
    uniqueKey: async table => (await keysOf(table))[0]?.columns ?? null,
    isUnique: async (table, columns) => isUnique(await keysOf(table), columns),
  }
}

function keylessCondition(table: TableId): TidemarkError {
  return new TidemarkError(
    'TIDEMARK_SNAPSHOT_KEYLESS_CONDITION',
    `cannot copy a part of ${tableIdText(table)}: without a key nothing says which rows of the topic the part stands for, so ` +
      `a copy begins with a truncate event and must be whole; leave the condition out, or add a key`,
  )
}

function descriptionKey(table: TableId, surrogateKey: readonly string[] | null): string {
  return JSON.stringify([table.database, table.table, surrogateKey])
}
