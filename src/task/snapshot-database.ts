// MySQL as snapshots and signals ask it: tables, keys, sizes, and whether a request can be carried out.

import type {Settings} from '../config/settings.ts'
import type {Log} from '../core/log.ts'
import {tableIdText} from '../core/table-id.ts'
import type {TableId} from '../core/table-id.ts'
import {TidemarkError} from '../core/tidemark-error.ts'
import type {MysqlConnection} from '../mysql/connections.ts'
import {quoteTable} from '../mysql/identifiers.ts'
import {toMysqlError} from '../mysql/mysql-error.ts'
import type {ReopeningConnection} from '../mysql/reopening-connection.ts'
import {isUnique, readKeys, readTables, readTableShape, unsupportedColumns} from '../mysql/schema-reader.ts'
import {MysqlPlanningSource} from '../snapshot/mysql-planning-source.ts'
import type {PlanningSource, TableDescription} from '../snapshot/prepared-table.ts'
import type {TableRequest} from '../snapshot/snapshot-plan.ts'
import type {KeyReader} from '../snapshot/table-keys.ts'

export interface SnapshotDatabaseOptions {
  readonly connection: ReopeningConnection
  readonly settings: Settings
  readonly log: Log
}

/** A table described for a signal's probe is described again for its plan within this time only once. */
const DESCRIPTION_AGE_MS = 3_000

export class SnapshotDatabase implements KeyReader {
  readonly planning: PlanningSource
  readonly #source: MysqlPlanningSource
  readonly #options: SnapshotDatabaseOptions
  readonly #described = new Map<string, {at: number; description: TableDescription}>()

  constructor(options: SnapshotDatabaseOptions) {
    this.#options = options
    this.#source = new MysqlPlanningSource({
      connection: () => options.connection.get(),
      readShape: readSupportedShape,
      readSize,
      keys: this,
      events: options.settings.events,
      log: options.log,
    })
    const use = <T>(table: TableId, work: () => Promise<T>): Promise<T> =>
      options.connection.use(`read ${tableIdText(table)}`, work)
    this.planning = {
      describe: (table, surrogateKey) => this.#describe(table, surrogateKey),
      maximumKey: (table, key, condition) => use(table, () => this.#source.maximumKey(table, key, condition)),
      boundaries: (description, table, parts) => use(table, () => this.#source.boundaries(description, table, parts)),
    }
  }

  /** Base tables that pass the filter. */
  tables(filter: (id: TableId) => boolean): Promise<TableId[]> {
    return this.#options.connection.use('list the tables', connection => readTables(connection, filter))
  }

  async uniqueKey(table: TableId): Promise<readonly string[] | null> {
    const keys = await this.#keys(table)
    return keys[0]?.columns ?? null
  }

  async isUnique(table: TableId, columns: readonly string[]): Promise<boolean> {
    return isUnique(await this.#keys(table), columns)
  }

  /** Rejects with the reason where the table cannot be copied as asked. */
  async probe(request: TableRequest, canSnapshot: boolean): Promise<void> {
    if (!canSnapshot) {
      throw new TidemarkError(
        'TIDEMARK_SNAPSHOT_NO_WATERMARKS',
        'snapshots need a signal table for their watermarks; set signal.data.collection (tidemark init prints its SQL)',
      )
    }
    const description = await this.#describe(request.table, request.surrogateKey)
    this.#described.set(descriptionKey(request.table, request.surrogateKey), {at: performance.now(), description})
    if (request.condition === null) return
    await this.#options.connection.use('try the filter', async connection => {
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

  /** Definitions may have changed: nothing that was described counts any more. */
  forget(): void {
    this.#described.clear()
  }

  async #describe(table: TableId, surrogateKey: readonly string[] | null): Promise<TableDescription> {
    const key = descriptionKey(table, surrogateKey)
    const known = this.#described.get(key)
    this.#described.delete(key)
    if (known !== undefined && performance.now() - known.at < DESCRIPTION_AGE_MS) return known.description
    return await this.#options.connection.use(`describe ${tableIdText(table)}`, () =>
      this.#source.describe(table, surrogateKey),
    )
  }

  #keys(table: TableId): ReturnType<typeof readKeys> {
    return this.#options.connection.use(`read the keys of ${tableIdText(table)}`, connection =>
      readKeys(connection, table),
    )
  }
}

function descriptionKey(table: TableId, surrogateKey: readonly string[] | null): string {
  return JSON.stringify([table.database, table.table, surrogateKey])
}

async function readSupportedShape(connection: MysqlConnection, table: TableId): ReturnType<typeof readTableShape> {
  const shape = await readTableShape(connection, table)
  const unsupported = shape === null ? [] : unsupportedColumns(shape)
  if (unsupported.length === 0) return shape
  throw new TidemarkError(
    'TIDEMARK_VALUE_UNSUPPORTED_TYPE',
    `cannot snapshot ${tableIdText(table)}: not supported yet: ${unsupported.map(column => `${column.column} ${column.type}`).join(', ')}; ` +
      `leave the table out with table.exclude.list`,
  )
}

async function readSize(connection: MysqlConnection, table: TableId): Promise<{rows: number; rowBytes: number}> {
  // The statistics are cached for a day unless asked otherwise, and a table filled a minute ago would count as empty.
  await connection.query('SET SESSION information_schema_stats_expiry = 0')
  const [rows] = await connection.query(
    'SELECT TABLE_ROWS AS n, AVG_ROW_LENGTH AS bytes FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?',
    [table.database, table.table],
  )
  const row = (rows as {n: string | number | null; bytes: string | number | null}[])[0]
  return {rows: Number(row?.n ?? 0), rowBytes: Number(row?.bytes ?? 0)}
}
