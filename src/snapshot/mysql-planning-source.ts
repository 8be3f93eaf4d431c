// What a snapshot plan needs to know, from MySQL: shapes and keys, maximum keys, the places to cut a table for several lanes.

import type {EventSettings} from '../config/settings.ts'
import type {TableId} from '../core/table-id.ts'
import {tableIdText} from '../core/table-id.ts'
import type {TableShape} from '../core/table-shape.ts'
import {TidemarkError} from '../core/tidemark-error.ts'
import type {Log} from '../core/log.ts'
import type {MysqlConnection} from '../mysql/connections.ts'
import {quoteIdentifier} from '../mysql/identifiers.ts'
import {selectRows} from '../mysql/row-query.ts'
import {readTableShapes, readTableSizes} from '../mysql/schema-reader.ts'
import type {TableSize} from '../mysql/schema-reader.ts'
import {withDeclared, type DeclaredColumns} from '../core/declared-columns.ts'
import {readDeclaredColumns} from '../mysql/declared-columns.ts'
import {needsDeclared} from '../encode/output-columns.ts'
import type {KeyReader, TableKeys} from './table-keys.ts'
import {chunkKeyColumns, keysOf} from './table-keys.ts'
import {chunkKeyOf, keyLiteral} from './chunk-key.ts'
import type {ChunkKey, KeyValues} from './chunk-key.ts'
import {boundaryQuery, chunkQuery, maximumKeyQuery} from './chunk-query.ts'
import type {ChunkRange} from './chunk-query.ts'
import {fieldsBehind} from './chunk-lane.ts'
import type {PlanningSource, TableDescription} from './prepared-table.ts'

export interface MysqlPlanningOptions {
  readonly connection: () => Promise<MysqlConnection>
  readonly keys: KeyReader
  readonly events: EventSettings
  readonly log: Log
}

const USUAL_COLUMNS = 8

/** A table to be copied; null: by its own key. */
export interface DescribedTable {
  readonly table: TableId
  readonly surrogateKey: readonly string[] | null
}

export class MysqlPlanningSource implements Omit<PlanningSource, 'describe' | 'sizes'> {
  readonly #options: MysqlPlanningOptions
  readonly #explained = new Set<string>()

  constructor(options: MysqlPlanningOptions) {
    this.#options = options
  }

  /** Of many tables with a few queries; in the place of one that cannot be copied stands the reason. */
  async describeAll(tables: readonly DescribedTable[]): Promise<(TableDescription | TidemarkError)[]> {
    const connection = await this.#options.connection()
    const ids = tables.map(({table}) => table)
    const shapes = await readTableShapes(connection, ids)
    const sizes = await readTableSizes(connection, ids)
    const declared = needsDeclared(this.#options.events) ? await readDeclaredColumns(connection, ids) : []
    const descriptions: (TableDescription | TidemarkError)[] = []
    for (const [i, shape] of shapes.entries()) {
      try {
        descriptions.push(
          await this.#describe(connection, tables[i]!, {shape: declaredShape(shape, declared[i]), size: sizes[i]!}),
        )
      } catch (error) {
        if (!(error instanceof TidemarkError) || error.kind === 'retryable') throw error
        descriptions.push(error)
      }
    }
    return descriptions
  }

  /** Of a table that is copied as a whole and needs no key to read chunks by. */
  async describeWhole(table: TableId): Promise<TableDescription> {
    const connection = await this.#options.connection()
    const [shape] = await readTableShapes(connection, [table])
    const [size] = await readTableSizes(connection, [table])
    const [declared] = needsDeclared(this.#options.events) ? await readDeclaredColumns(connection, [table]) : []
    const found = existing(table, declaredShape(shape ?? null, declared))
    const keys = await keysOf(found, this.#options.events, this.#options.keys)
    return {...described(found, keys, size!), rowKey: [], chunkKey: []}
  }

  async #describe(
    connection: MysqlConnection,
    {table, surrogateKey}: DescribedTable,
    {shape, size}: {readonly shape: TableShape | TidemarkError | null; readonly size: TableSize},
  ): Promise<TableDescription> {
    const found = existing(table, shape)
    const keys = await keysOf(found, this.#options.events, this.#options.keys)
    const columns = await chunkKeyColumns(found, surrogateKey, keys, this.#options.keys)
    const chunkKey = chunkKeyOf(found, columns)
    const rowKey = keys.rowKey.length > 0 ? keys.rowKey : columns
    const description = {...described(found, keys, size), rowKey, chunkKey}
    await this.#explain(connection, description, table)
    return description
  }

  async maximumKey(table: TableId, key: ChunkKey, condition: string | null): Promise<KeyValues | null> {
    return await this.#oneKey(maximumKeyQuery(table, key, condition), key)
  }

  async boundaries(description: TableDescription, table: TableId, parts: number): Promise<KeyValues[]> {
    const {chunkKey, rowsEstimated} = description
    const step = Math.floor(rowsEstimated / parts)
    const cuts: KeyValues[] = []
    let after: KeyValues | null = null
    while (cuts.length < parts - 1) {
      const sql = boundaryQuery({table, key: chunkKey, after, upTo: null, condition: null}, step)
      after = await this.#oneKey(sql, chunkKey)
      if (after === null) break
      cuts.push(after)
    }
    return cuts
  }

  async #oneKey(sql: string, key: ChunkKey): Promise<KeyValues | null> {
    return await readKey(await this.#options.connection(), sql, key)
  }

  // A chunk whose plan is not a range on the key scans the table again and again. It is said once, not refused: the
  // table may be small, or the optimizer may know better.
  async #explain(connection: MysqlConnection, description: TableDescription, table: TableId): Promise<void> {
    const text = tableIdText(table)
    if (this.#explained.has(text) || description.rowsEstimated < 10_000) return
    this.#explained.add(text)
    const {chunkKey: key} = description
    const maximum = await this.maximumKey(table, key, null)
    if (maximum === null) return
    const plan = await explainChunk(connection, {table, key, after: maximum, upTo: maximum, condition: null}, 1)
    if (plan === null || plan.access === 'range' || plan.access === null || plan.index === 'PRIMARY') return
    this.#options.log.warn(
      {table: text, ...plan},
      'chunks of this table are not read as a range of its key, so that each may scan far; an index on the chunk key mends it',
    )
  }
}

/** How the server would read a chunk. */
export interface ChunkAccess {
  /** EXPLAIN's type; null: it knows without reading that no row matches. */
  readonly access: string | null
  readonly index: string | null
  readonly extra: string | null
}

/** Null where the server says nothing. Reads no row. */
export async function explainChunk(
  connection: MysqlConnection,
  range: ChunkRange,
  chunkRows: number,
): Promise<ChunkAccess | null> {
  const list = range.key.map(column => quoteIdentifier(column.name))
  const [rows] = await connection.query(`EXPLAIN FORMAT=TRADITIONAL ${chunkQuery(range, list, chunkRows)}`)
  const plan = (rows as {type?: string | null; key?: string | null; Extra?: string | null}[])[0]
  return plan === undefined ? null : {access: plan.type ?? null, index: plan.key ?? null, extra: plan.Extra ?? null}
}

/** The key in the last row of `sql`, whose columns are the key's; null where there is no row. */
export async function readKey(connection: MysqlConnection, sql: string, key: ChunkKey): Promise<KeyValues | null> {
  let values: KeyValues | null = null
  await selectRows(connection, sql, (packet, start, end) => {
    const fields = fieldsBehind(packet, start, end, 0)
    values = key.map((column, i) => keyLiteral(column.literal, packet, fields[i]![0], fields[i]![1]))
  })
  return values
}

function existing(table: TableId, shape: TableShape | TidemarkError | null): TableShape {
  if (shape instanceof TidemarkError) throw shape
  if (shape !== null) return shape
  throw new TidemarkError(
    'TIDEMARK_SNAPSHOT_UNKNOWN_TABLE',
    `cannot snapshot ${tableIdText(table)}: the server has no such table; it was dropped, renamed, or the user may not SELECT it`,
  )
}

function described(shape: TableShape, keys: TableKeys, size: TableSize): Omit<TableDescription, 'rowKey' | 'chunkKey'> {
  return {
    // Where there is no primary key, the binlog names the unique key that the server promotes: so must this, or each
    // definition in the stream would look like a change.
    shape: {...shape, primaryKey: keys.rowKey},
    messageKey: keys.messageKey,
    rowsEstimated: size.rows,
    rowBytes: encodedRowBytes(size, shape.columns.length),
  }
}

/** Of a row as JSON, with the names of its columns. */
export function encodedRowBytes({rowBytes}: TableSize, columns = USUAL_COLUMNS): number {
  return Math.max(64, Math.ceil(rowBytes * 1.5) + columns * 12)
}

function declaredShape(
  shape: TableShape | TidemarkError | null,
  declared: DeclaredColumns | undefined,
): TableShape | TidemarkError | null {
  if (shape === null || shape instanceof TidemarkError || declared === undefined) return shape
  return withDeclared(shape, declared)
}
